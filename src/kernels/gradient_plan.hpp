// What the gradient kernels know before any exponential: keys and values shifted and scaled by powers of two,
// the variables of the scores, the interval of the scores. For gradient_kernels.cpp and
// gradient_attention.cpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "kernels/gradient_kernels.hpp"
#include "kernels/gradient_rows.hpp"
#include "kernels/tensor_moments.hpp"

namespace attnbounds {

inline double power_of_two(int exponent) { return std::ldexp(1.0, exponent); }
/// For sums of nonnegative doubles with up to 2^30 roundings.
constexpr double slack = 1 + 0x1p-20;

/// Keys, shifted and scaled, and values, scaled: both at most 1.
struct KeySide {
  GradientSide matrices;
  Eigen::Index count = 0;
  std::vector<double> shift;  // of the keys' columns; free for one side, 0 for two
  std::vector<int> exponent;  // keys = shift + scaled 2^exponent
  std::vector<double> least, most;
  int value_exponent = 0;                  // values = scaled 2^exponent
  std::vector<double> value_perturbation;  // what rounding makes of the scaled values
  std::vector<Eigen::Index> column_of;     // variable l is this column of the keys
  std::vector<Eigen::Index> variable_of;   // and back, -1 where a column is no variable of its own

  /// Of tokens [first, last), each `step`-th of them.
  std::vector<double> scaled_keys(Eigen::Index first, Eigen::Index last, Eigen::Index step = 1) const {
    const Matrix<double>& a = *matrices.keys;
    std::vector<double> rows((last - first + step - 1) / step * a.cols()), factor(a.cols());
    for (Eigen::Index l = 0; l < a.cols(); ++l) factor[l] = power_of_two(-exponent[l]);
    double* row = rows.data();
    for (Eigen::Index j = first; j < last; j += step, row += a.cols())
      for (Eigen::Index l = 0; l < a.cols(); ++l) row[l] = (a(j, l) - shift[l]) * factor[l];
    return rows;
  }
  std::vector<double> variables_of(const std::vector<double>& scaled) const {
    const Eigen::Index d = matrices.keys->cols(), count_of = static_cast<Eigen::Index>(scaled.size()) / d,
                       width = static_cast<Eigen::Index>(column_of.size());
    bool same = width == d;
    for (Eigen::Index l = 0; same && l < d; ++l) same = column_of[l] == l;
    if (same) return scaled;
    std::vector<double> rows(count_of * width);
    for (Eigen::Index j = 0; j < count_of; ++j)
      for (Eigen::Index l = 0; l < width; ++l) rows[j * width + l] = scaled[j * d + column_of[l]];
    return rows;
  }
  std::vector<double> scaled_values(Eigen::Index first, Eigen::Index last, Eigen::Index step = 1) const {
    const Matrix<double>&v = *matrices.values, &y = *matrices.factor;
    const Eigen::Index columns = y.cols();
    std::vector<double> rows((last - first + step - 1) / step * columns, 0.0);
    const double factor = power_of_two(-value_exponent);
    double* row = rows.data();
    for (Eigen::Index j = first; j < last; j += step, row += columns) {
      for (Eigen::Index k = 0; k < v.cols(); ++k)
        for (Eigen::Index l = 0; l < columns; ++l) row[l] += v(j, k) * y(k, l);
      for (Eigen::Index l = 0; l < columns; ++l) row[l] *= factor;
    }
    return rows;
  }
};

/// Sums over the keys of one side, evenly weighted.
struct ValueSums {
  double count = 0;
  std::vector<double> h, hh, least, most, y, yy;
  explicit ValueSums(Eigen::Index columns = 0, Eigen::Index d = 0)
      : h(columns, 0.0),
        hh(columns * columns, 0.0),
        least(columns, INFINITY),
        most(columns, -INFINITY),
        y(d, 0.0),
        yy(d, 0.0) {}
  void add(const std::vector<double>& values, const std::vector<double>& keys) {
    const Eigen::Index columns = static_cast<Eigen::Index>(h.size()), d = static_cast<Eigen::Index>(y.size()),
                       tokens = static_cast<Eigen::Index>(keys.size()) / d;
    this->count += static_cast<double>(tokens);
    for (Eigen::Index j = 0; j < tokens; ++j) {
      const double *v = values.data() + j * columns, *k = keys.data() + j * d;
      for (Eigen::Index l = 0; l < columns; ++l) {
        h[l] += v[l];
        least[l] = v[l] < least[l] ? v[l] : least[l];
        most[l] = v[l] > most[l] ? v[l] : most[l];
        for (Eigen::Index m = 0; m <= l; ++m) hh[l * columns + m] += v[l] * v[m];
      }
      for (Eigen::Index l = 0; l < d; ++l) {
        y[l] += k[l];
        yy[l] += k[l] * k[l];
      }
    }
  }
  void add(const ValueSums& other) {
    const auto plus = [](std::vector<double>& a, const std::vector<double>& b) {
      for (size_t e = 0; e < a.size(); ++e) a[e] += b[e];
    };
    count += other.count;
    plus(h, other.h);
    plus(hh, other.hh);
    plus(y, other.y);
    plus(yy, other.yy);
    for (size_t l = 0; l < h.size(); ++l) {
      least[l] = std::fmin(least[l], other.least[l]);
      most[l] = std::fmax(most[l], other.most[l]);
    }
  }
};

struct Ends {
  double low, high;
};
inline Ends product_ends(Ends a, Ends b) {  // of scaled numbers; 2^-52 covers the roundings
  const double corners[] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
  return {*std::min_element(corners, corners + 4) - 0x1p-52,
          *std::max_element(corners, corners + 4) + 0x1p-52};
}

struct GradientPlan {
  GradientInput input;
  Eigen::Index n = 0, d = 0, columns = 0, keys = 0;  // keys: columns of dL/dX
  std::vector<Eigen::Index> active;                  // columns of X that are variables
  std::vector<double> factor, second;                // of the variables: powers of two
  std::vector<KeySide> sides;
  double target_factor = 1, target_second = 1;  // E is multiplied by these powers of two
  int query_exponent = 0;                       // A1 = scaled 2^exponent
  double pairs = 0;
  std::vector<double> centre;
  UpperBound half_width, size, perturbation;  // of the scores; perturbation counts all roundings of A1 X, A2
  std::vector<double> weight;                 // row i's scores are within sum_l |x_il| weight_l / d, too
  UpperBound query_norm;                      // the largest |x_i|_2
  double estimate = 0;

  std::vector<double> queries(Eigen::Index first, Eigen::Index last) const {
    const Matrix<double>&a1 = *input.a1, &x = *input.x;
    const Eigen::Index width = static_cast<Eigen::Index>(active.size());
    std::vector<double> rows((last - first) * width, 0.0), chosen(d * width);
    for (Eigen::Index a = 0; a < d; ++a)
      for (Eigen::Index l = 0; l < width; ++l) chosen[a * width + l] = x(a, active[l]);
    for (Eigen::Index i = first; i < last; ++i) {
      double* row = rows.data() + (i - first) * width;
      for (Eigen::Index a = 0; a < d; ++a) {
        const double entry = a1(i, a);
        for (Eigen::Index l = 0; l < width; ++l) row[l] += entry * chosen[a * width + l];
      }
      for (Eigen::Index l = 0; l < width; ++l) row[l] = row[l] * factor[l] * second[l];
    }
    return rows;
  }
  int value_exponent() const {
    int sum = 0;
    for (const KeySide& side : sides) sum += side.value_exponent;
    return sum;
  }
  RowVector target(Eigen::Index i) const {
    RowVector row(columns);
    for (Eigen::Index l = 0; l < columns; ++l) row[l] = (*input.e)(i, l) * target_factor * target_second;
    return row;
  }
  /// Column b of dL/dX is this column of each side's keys.
  std::vector<Eigen::Index> key_columns(Eigen::Index b) const {
    if (sides.size() == 1) return {b};
    return {b / d, b % d};
  }
  /// Result's exponent in column b.
  int exponent_of(Eigen::Index b) const {
    int exponent = query_exponent + 2 * value_exponent();
    const std::vector<Eigen::Index> column = key_columns(b);
    for (size_t s = 0; s < sides.size(); ++s) exponent += sides[s].exponent[column[s]];
    return exponent;
  }
};

/// A key's columns beside its variables, and what of the moments is sum k^m [h, 1]_l [y, 1]_b.
struct KeyMoments {
  std::shared_ptr<const Monomials> tree;  // of degree g + 1, where keys are variables, or g
  bool of_higher_degree = false;
  Eigen::Index columns = 0, d = 0, stride = 0;
  std::vector<double> sums;
  const KeySide* side = nullptr;
  double operator()(Eigen::Index monomial, Eigen::Index l,
                    Eigen::Index b) const {  // l = columns: 1; b = -1: 1
    if (of_higher_degree) {
      const Eigen::Index m =
          b < 0 ? monomial : tree->up[monomial * tree->tree.dimension + side->variable_of[b]];
      return sums[m * stride + l];
    }
    const Eigen::Index at = b < 0          ? (l == columns ? stride - 1 : l)
                            : l == columns ? columns + b
                                           : columns + d + l * d + b;
    return sums[monomial * stride + at];
  }
};

ValueSizes value_sizes(const GradientPlan& plan, const std::vector<ValueSums>& sums);

struct KeyColumnSizes {
  double size, range, deviation;  // of y_b: max, max - min, standard deviation over the keys
};
KeyColumnSizes key_column_sizes(const GradientPlan& plan, const std::vector<ValueSums>& sums, Eigen::Index b);

/// The scaled bound, in the units of the gradient.
inline UpperBound in_units(double bound, int exponent) {
  if (!(bound >= 0) || !std::isfinite(bound)) return UpperBound::infinite();
  if (bound == 0) return UpperBound();
  return UpperBound::exactly(std::ldexp(bound * slack, exponent)) + underflow_error();
}

}  // namespace attnbounds
