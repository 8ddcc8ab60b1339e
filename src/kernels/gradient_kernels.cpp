#include "kernels/gradient_kernels.hpp"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cmath>

#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/cpu/tensor_softmax.hpp"
#include "kernels/gradient_rows.hpp"
#include "kernels/tensor_moments.hpp"
#include "kernels/tensor_pair_rows.hpp"
#include "kernels/tensor_scores.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr double u = 0x1p-53;
constexpr double slack = 1 + 0x1p-20;  // for sums of nonnegative doubles with up to 2^30 roundings

double power_of_two(int exponent) { return std::ldexp(1.0, exponent); }

/// Keys, shifted and scaled, and values, scaled: both at most 1.
struct Side {
  GradientSide matrices;
  Index count = 0;
  std::vector<double> shift;      // of the keys' columns; free for one side, 0 for two
  std::vector<int> exponent;      // keys = shift + scaled 2^exponent
  std::vector<double> least, most;
  int value_exponent = 0;         // values = scaled 2^exponent
  std::vector<double> value_perturbation;  // what rounding makes of the scaled values
  std::vector<Index> column_of;   // variable l is this column of the keys
  std::vector<Index> variable_of;  // and back, -1 where a column is no variable of its own

  std::vector<double> scaled_keys(Index first, Index last) const {
    const Matrix<double>& a = *matrices.keys;
    std::vector<double> rows((last - first) * a.cols()), factor(a.cols());
    for (Index l = 0; l < a.cols(); ++l) factor[l] = power_of_two(-exponent[l]);
    for (Index j = first; j < last; ++j)
      for (Index l = 0; l < a.cols(); ++l)
        rows[(j - first) * a.cols() + l] = (a(j, l) - shift[l]) * factor[l];
    return rows;
  }
  std::vector<double> variables_of(const std::vector<double>& scaled) const {
    const Index d = matrices.keys->cols(), count_of = static_cast<Index>(scaled.size()) / d,
                width = static_cast<Index>(column_of.size());
    bool same = width == d;
    for (Index l = 0; same && l < d; ++l) same = column_of[l] == l;
    if (same) return scaled;
    std::vector<double> rows(count_of * width);
    for (Index j = 0; j < count_of; ++j)
      for (Index l = 0; l < width; ++l) rows[j * width + l] = scaled[j * d + column_of[l]];
    return rows;
  }
  std::vector<double> scaled_values(Index first, Index last) const {
    const Matrix<double>&v = *matrices.values, &y = *matrices.factor;
    const Index columns = y.cols();
    std::vector<double> rows((last - first) * columns, 0.0);
    const double factor = power_of_two(-value_exponent);
    for (Index j = first; j < last; ++j) {
      double* row = rows.data() + (j - first) * columns;
      for (Index k = 0; k < v.cols(); ++k)
        for (Index l = 0; l < columns; ++l) row[l] += v(j, k) * y(k, l);
      for (Index l = 0; l < columns; ++l) row[l] *= factor;
    }
    return rows;
  }
};

/// Sums over the keys of one side, evenly weighted.
struct ValueSums {
  std::vector<double> h, hh, least, most, y, yy;
  explicit ValueSums(Index columns = 0, Index d = 0)
      : h(columns, 0.0), hh(columns * columns, 0.0), least(columns, INFINITY), most(columns, -INFINITY),
        y(d, 0.0), yy(d, 0.0) {}
  void add(const std::vector<double>& values, const std::vector<double>& keys) {
    const Index columns = static_cast<Index>(h.size()), d = static_cast<Index>(y.size()),
                count = static_cast<Index>(keys.size()) / d;
    for (Index j = 0; j < count; ++j) {
      const double *v = values.data() + j * columns, *k = keys.data() + j * d;
      for (Index l = 0; l < columns; ++l) {
        h[l] += v[l];
        least[l] = v[l] < least[l] ? v[l] : least[l];
        most[l] = v[l] > most[l] ? v[l] : most[l];
        for (Index m = 0; m <= l; ++m) hh[l * columns + m] += v[l] * v[m];
      }
      for (Index l = 0; l < d; ++l) {
        y[l] += k[l];
        yy[l] += k[l] * k[l];
      }
    }
  }
  void add(const ValueSums& other) {
    const auto plus = [](std::vector<double>& a, const std::vector<double>& b) {
      for (size_t e = 0; e < a.size(); ++e) a[e] += b[e];
    };
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
Ends product_ends(Ends a, Ends b) {  // of scaled numbers; 2^-52 covers the roundings
  const double corners[] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
  return {*std::min_element(corners, corners + 4) - 0x1p-52, *std::max_element(corners, corners + 4) + 0x1p-52};
}

}  // namespace

struct GradientPlan {
  GradientInput input;
  Index n = 0, d = 0, columns = 0, keys = 0;  // keys: columns of dL/dX
  std::vector<Index> active;                  // columns of X that are variables
  std::vector<double> factor, second;         // of the variables: powers of two
  std::vector<Side> sides;
  double target_factor = 1, target_second = 1;  // E is multiplied by these powers of two
  int query_exponent = 0;                     // A1 = scaled 2^exponent
  double pairs = 0;
  std::vector<double> centre;
  UpperBound half_width, size, perturbation;  // of the scores; perturbation counts all roundings of A1 X, A2
  std::vector<double> weight;                 // row i's scores are within sum_l |x_il| weight_l / d, too
  UpperBound query_norm;      // the largest |x_i|_2
  double estimate = 0;

  std::vector<double> queries(Index first, Index last) const {
    const Matrix<double>&a1 = *input.a1, &x = *input.x;
    const Index width = static_cast<Index>(active.size());
    std::vector<double> rows((last - first) * width, 0.0), chosen(d * width);
    for (Index a = 0; a < d; ++a)
      for (Index l = 0; l < width; ++l) chosen[a * width + l] = x(a, active[l]);
    for (Index i = first; i < last; ++i) {
      double* row = rows.data() + (i - first) * width;
      for (Index a = 0; a < d; ++a) {
        const double entry = a1(i, a);
        for (Index l = 0; l < width; ++l) row[l] += entry * chosen[a * width + l];
      }
      for (Index l = 0; l < width; ++l) row[l] = row[l] * factor[l] * second[l];
    }
    return rows;
  }
  int value_exponent() const {
    int sum = 0;
    for (const Side& side : sides) sum += side.value_exponent;
    return sum;
  }
  RowVector target(Index i) const {
    RowVector row(columns);
    for (Index l = 0; l < columns; ++l) row[l] = (*input.e)(i, l) * target_factor * target_second;
    return row;
  }
  /// Column b of dL/dX is this column of each side's keys.
  std::vector<Index> key_columns(Index b) const {
    if (sides.size() == 1) return {b};
    return {b / d, b % d};
  }
  /// Result's exponent in column b.
  int exponent_of(Index b) const {
    int exponent = query_exponent + 2 * value_exponent();
    const std::vector<Index> column = key_columns(b);
    for (size_t s = 0; s < sides.size(); ++s) exponent += sides[s].exponent[column[s]];
    return exponent;
  }
};

GradientInput gradient_input(const MatrixLossInput& in) {
  return {&in.a1, &in.x, &in.e, {{&in.a2, &in.a3, &in.y}}};
}
GradientInput gradient_input(const TensorLossInput& in) {
  return {&in.a1, &in.x, &in.e, {{&in.a2, &in.a4, &in.y1}, {&in.a3, &in.a5, &in.y2}}};
}
UpperBound half_width(const GradientPlan& plan) { return plan.half_width; }
Index variables(const GradientPlan& plan) { return static_cast<Index>(plan.active.size()); }
Estimate bound_per_delta(const GradientPlan& plan) { return Estimate(plan.estimate); }

namespace {

void require_range(double x) {
  if (!(std::fabs(x) < 0x1p300)) throw std::overflow_error("scores or values exceed the range of a double");
}

Side side_of(const GradientSide& matrices, bool shift_is_free) {
  Side side;
  side.matrices = matrices;
  const Matrix<double>&a = *matrices.keys, &v = *matrices.values, &y = *matrices.factor;
  side.count = a.rows();
  std::vector<double> low(a.cols(), INFINITY), high(a.cols(), -INFINITY), largest(v.cols(), 0.0);
  for (Index j = 0; j < a.rows(); ++j)
    for (Index l = 0; l < a.cols(); ++l) {
      low[l] = a(j, l) < low[l] ? a(j, l) : low[l];
      high[l] = a(j, l) > high[l] ? a(j, l) : high[l];
    }
  for (Index j = 0; j < v.rows(); ++j)
    for (Index k = 0; k < v.cols(); ++k) largest[k] = std::fabs(v(j, k)) > largest[k] ? std::fabs(v(j, k)) : largest[k];
  for (Index l = 0; l < a.cols(); ++l) {
    require_range(low[l]);
    require_range(high[l]);
    const double middle = shift_is_free ? low[l] / 2 + high[l] / 2 : 0;
    // fl(x - m) is monotone in x: the ends are those of the extremal entries
    const double least = low[l] - middle, most = high[l] - middle, size = std::fmax(std::fabs(least), std::fabs(most));
    side.shift.push_back(middle);
    side.exponent.push_back(size == 0 ? 0 : std::max(std::ilogb(size) + 1, -300));
    side.least.push_back(std::ldexp(least, -side.exponent.back()));
    side.most.push_back(std::ldexp(most, -side.exponent.back()));
  }
  std::vector<UpperBound> bound(y.cols());
  UpperBound all;
  for (Index l = 0; l < y.cols(); ++l) {
    for (Index k = 0; k < y.rows(); ++k)
      bound[l] = bound[l] + UpperBound::exactly(largest[k]) * UpperBound::exactly(std::fabs(y(k, l)));
    all = maximum(all, bound[l]);
  }
  require_range(all.value());
  side.value_exponent = all.value() == 0 ? 0 : std::max(std::ilogb(all.value()) + 1, -300);
  for (Index l = 0; l < y.cols(); ++l)
    side.value_perturbation.push_back((gamma(y.rows()) * bound[l] *
                                           UpperBound::exactly(power_of_two(-side.value_exponent)) +
                                       UpperBound::exactly(0x1p-700))
                                          .value());
  return side;
}

}  // namespace

std::shared_ptr<const GradientPlan> gradient_plan(const GradientInput& input, ThreadCount) {
  auto result = std::make_shared<GradientPlan>();
  GradientPlan& plan = *result;
  plan.input = input;
  plan.n = input.a1->rows();
  plan.d = input.a1->cols();
  plan.columns = input.e->cols();
  plan.keys = input.x->cols();
  const bool one_side = input.sides.size() == 1;
  const Index d = plan.d;
  for (const GradientSide& side : input.sides) plan.sides.push_back(side_of(side, one_side));
  plan.target_factor = power_of_two(-plan.sides[0].value_exponent);
  if (!one_side) plan.target_second = power_of_two(-plan.sides[1].value_exponent);
  plan.pairs = 1;
  for (const Side& side : plan.sides) plan.pairs *= static_cast<double>(side.count);
  double largest = 0;
  for (Index i = 0; i < plan.n; ++i)
    for (Index a = 0; a < d; ++a) {
      const double size = std::fabs((*input.a1)(i, a));
      largest = size > largest ? size : largest;
    }
  require_range(largest);
  plan.query_exponent = largest == 0 ? 0 : std::max(std::ilogb(largest) + 1, -300);
  for (Index e = 0; e < input.e->size(); ++e) require_range(input.e->data()[e]);

  for (Index b = 0; b < plan.keys; ++b)
    if (one_side || (input.x->col(b).array() != 0).any()) plan.active.push_back(b);
  if (plan.active.empty()) plan.active.push_back(0);
  for (Side& side : plan.sides) side.variable_of.assign(d, -1);
  for (const Index b : plan.active) {
    const std::vector<Index> column = plan.key_columns(b);
    for (size_t s = 0; s < plan.sides.size(); ++s) {
      plan.sides[s].variable_of[column[s]] = static_cast<Index>(plan.sides[s].column_of.size());
      plan.sides[s].column_of.push_back(column[s]);
    }
    plan.factor.push_back(power_of_two(plan.sides[0].exponent[column[0]]));
    plan.second.push_back(one_side ? 1 : power_of_two(plan.sides[1].exponent[column[1]]));
  }

  // The interval of the scores.
  const Index width = static_cast<Index>(plan.active.size());
  const double dimension = static_cast<double>(d);
  const auto queries = [&](Index first, Index last) { return plan.queries(first, last); };
  const RowSizes sizes = row_sizes(plan.n, width, queries);
  plan.query_norm = square_root(sizes.power_sum[2]);
  const auto largest_weighted = [&](const std::vector<UpperBound>& weight) {
    double most = 0;
    for (Index first = 0; first < plan.n; first += block_of_tokens) {
      const std::vector<double> rows = queries(first, std::min(plan.n, first + block_of_tokens));
      for (size_t i = 0; i < rows.size(); i += static_cast<size_t>(width)) {
        double sum = 0;
        for (Index l = 0; l < width; ++l) sum += std::fabs(rows[i + l]) * weight[l].value();
        if (!(sum <= most)) most = sum;
      }
    }
    return std::isfinite(most) ? above(most) : UpperBound::infinite();
  };
  const auto of_side = [&](const Side& side) {
    if (!one_side)
      return row_sizes(side.count, width,
                       [&](Index first, Index last) { return side.variables_of(side.scaled_keys(first, last)); });
    return row_sizes(side.count, width, [&](Index first, Index last) { return side.scaled_keys(first, last); });
  };
  std::vector<UpperBound> box(width);
  if (one_side) {
    const RowSizes keys = of_side(plan.sides[0]);
    for (Index l = 0; l < width; ++l)
      box[l] = UpperBound::exactly(std::fmax(std::fabs(plan.sides[0].least[l]), std::fabs(plan.sides[0].most[l])));
    const UpperBound norms = square_root(sizes.power_sum[2]) * square_root(keys.power_sum[2]);
    plan.half_width = plan.size = divide_by_at_least(minimum(largest_weighted(box), norms), dimension);
  } else {
    const TensorScoreInterval interval =
        tensor_score_interval(sizes, of_side(plan.sides[0]), of_side(plan.sides[1]), dimension, largest_weighted);
    plan.half_width = interval.half_width;
    plan.size = interval.size;
    plan.centre = interval.centre;
    for (Index l = 0; l < width; ++l) {
      const Side &s = plan.sides[0], &t = plan.sides[1];
      const Index b = plan.active[l];
      const Ends ends = product_ends({s.least[b / d], s.most[b / d]}, {t.least[b % d], t.most[b % d]});
      const double c = plan.centre.empty() ? 0 : plan.centre[l];
      box[l] = UpperBound::exactly(std::fmax(std::fabs(ends.low - c), std::fabs(ends.high - c)) + 0x1p-50);
    }
  }
  if (!plan.half_width.is_finite() || !plan.size.is_finite())
    throw std::overflow_error("scores exceed the range of a double");
  for (const UpperBound& b : box) plan.weight.push_back(b.value() * (1 + 0x1p-30) / dimension);

  // Scores move by the rounding of A1 X, of A2 - shift, and by underflow.
  std::vector<double> row_weight(d, 0.0);
  for (Index a = 0; a < d; ++a)
    for (Index l = 0; l < width; ++l)
      row_weight[a] += std::fabs((*input.x)(a, plan.active[l])) * plan.factor[l] * plan.second[l];
  double moved = 0;
  for (Index i = 0; i < plan.n; ++i) {
    double sum = 0;
    for (Index a = 0; a < d; ++a) sum += std::fabs((*input.a1)(i, a)) * row_weight[a];
    if (!(sum <= moved)) moved = sum;
  }
  if (!std::isfinite(moved)) throw std::overflow_error("scores exceed the range of a double");
  plan.perturbation = divide_by_at_least(gamma(d) * above(moved), dimension) + unit_roundoff() * plan.size +
                      UpperBound::exactly(0x1p-600) * (UpperBound::exactly(1) + sizes.power_sum[1]);

  // What the bound will be per delta, about: even weights, some rows.
  double total = 0, ranges = 0;
  const Index step = std::max<Index>(1, plan.n / 64);
  Index sampled = 0;
  for (Index i = 0; i < plan.n; i += step, ++sampled) {
    double size = 0, c = 0;
    for (Index a = 0; a < d; ++a) size = std::fmax(size, std::fabs(std::ldexp((*input.a1)(i, a), -plan.query_exponent)));
    for (const double e : plan.target(i)) c += e * e;
    total += size * (std::sqrt(c) + 0.5);
  }
  ranges = total / static_cast<double>(sampled) * static_cast<double>(plan.n) / dimension;
  int exponent = INT_MIN;
  for (Index b = 0; b < plan.keys; ++b) exponent = std::max(exponent, plan.exponent_of(b));
  plan.estimate = std::ldexp(ranges, exponent);
  return result;
}

namespace {

/// A key's columns beside its variables, and what of the moments is sum k^m [h, 1]_l [y, 1]_b.
struct KeyMoments {
  std::shared_ptr<const Monomials> tree;  // of degree g + 1, where keys are variables, or g
  bool of_higher_degree = false;
  Index columns = 0, d = 0, stride = 0;
  std::vector<double> sums;
  const Side* side = nullptr;
  double operator()(Index monomial, Index l, Index b) const {  // l = columns: 1; b = -1: 1
    if (of_higher_degree) {
      const Index m = b < 0 ? monomial : tree->up[monomial * tree->tree.dimension + side->variable_of[b]];
      return sums[m * stride + l];
    }
    const Index at = b < 0 ? (l == columns ? stride - 1 : l) : l == columns ? columns + b : columns + d + l * d + b;
    return sums[monomial * stride + at];
  }
};

/// What rounding makes of a mean of numbers at most 1, or of a product of four such means.
double room_of_sums(const GradientPlan& plan) {
  double room = 0x1p-40;
  for (const Side& side : plan.sides) room += 0x1p-49 * static_cast<double>(side.count);
  return room;
}

ValueSizes value_sizes(const GradientPlan& plan, const std::vector<ValueSums>& sums) {
  const Index columns = plan.columns;
  ValueSizes values;
  values.sigma.assign(columns * columns, 0.0);
  const double room = room_of_sums(plan) * static_cast<double>(columns);
  for (Index l = 0; l < columns; ++l) {
    Ends ends{sums[0].least[l], sums[0].most[l]};
    double perturbation = plan.sides[0].value_perturbation[l];
    if (sums.size() == 2) {
      ends = product_ends(ends, {sums[1].least[l], sums[1].most[l]});
      perturbation += plan.sides[1].value_perturbation[l] + perturbation * plan.sides[1].value_perturbation[l];
    }
    values.size.push_back((std::fmax(std::fabs(ends.low), std::fabs(ends.high)) + 0x1p-700) * (1 + 0x1p-50));
    values.range.push_back((ends.high - ends.low) * (1 + 0x1p-50) + 2 * perturbation);
    values.perturbation.push_back(perturbation * (1 + 0x1p-50));
    values.squared_ranges += values.range[l] * values.range[l] * slack;
  }
  for (Index l = 0; l < columns; ++l)
    for (Index m = 0; m <= l; ++m) {
      double square = 1, mean = 1;
      for (size_t s = 0; s < sums.size(); ++s) {
        const double count = static_cast<double>(plan.sides[s].count);
        square *= sums[s].hh[l * columns + m] / count;
        mean *= sums[s].h[l] / count * (sums[s].h[m] / count);
      }
      values.sigma[l * columns + m] = values.sigma[m * columns + l] = square - mean;
    }
  for (Index l = 0; l < columns; ++l) {
    double sum = room;
    for (Index m = 0; m < columns; ++m) sum += std::fabs(values.sigma[l * columns + m]);
    values.largest_eigenvalue = std::fmax(values.largest_eigenvalue, sum * slack);  // Gershgorin
    values.sigma[l * columns + l] = values.sigma[l * columns + l] * slack + room;
  }
  return values;
}

struct KeyColumnSizes {
  double size, range, deviation;  // of y_b: max, max - min, standard deviation over the keys
};
KeyColumnSizes key_column_sizes(const GradientPlan& plan, const std::vector<ValueSums>& sums, Index b) {
  const std::vector<Index> column = plan.key_columns(b);
  Ends ends{plan.sides[0].least[column[0]], plan.sides[0].most[column[0]]};
  double square = 1, mean = 1;
  for (size_t s = 0; s < sums.size(); ++s) {
    if (s == 1) ends = product_ends(ends, {plan.sides[1].least[column[1]], plan.sides[1].most[column[1]]});
    const double count = static_cast<double>(plan.sides[s].count);
    square *= sums[s].yy[column[s]] / count;
    mean *= sums[s].y[column[s]] / count;
  }
  const double room = room_of_sums(plan);
  return {std::fmax(std::fabs(ends.low), std::fabs(ends.high)) * (1 + 0x1p-50) + 0x1p-700,
          (ends.high - ends.low) * (1 + 0x1p-50) + 0x1p-700,
          std::sqrt(std::fmax(0, square * slack - mean * mean) + room) * slack};
}

/// Sums of row errors, weighted by |A1_ia|.
struct ErrorSums {
  std::vector<double> rounding, by_range, by_variance, size;
  double largest_gamma = 0;
  bool finite = true;
  explicit ErrorSums(Index d = 0) : rounding(d, 0.0), by_range(d, 0.0), by_variance(d, 0.0), size(d, 0.0) {}
  void add(const RowStep& row, const double* weights, const ValueSizes& values) {
    double c = 0;
    for (size_t l = 0; l < row.c.size(); ++l) c += std::fabs(row.c[l]) * values.size[l];
    finite = finite && row.finite;
    for (const double gamma : row.gamma) largest_gamma = std::fmax(largest_gamma, std::fabs(gamma));
    for (size_t a = 0; a < rounding.size(); ++a) {
      const double weight = std::fabs(weights[a]);
      rounding[a] += weight * row.errors.rounding;
      by_range[a] += weight * row.errors.by_range;
      by_variance[a] += weight * row.errors.by_variance;
      size[a] += weight * c;
    }
  }
  void add(const ErrorSums& other) {
    finite = finite && other.finite;
    largest_gamma = std::fmax(largest_gamma, other.largest_gamma);
    for (size_t a = 0; a < rounding.size(); ++a) {
      rounding[a] += other.rounding[a];
      by_range[a] += other.by_range[a];
      by_variance[a] += other.by_variance[a];
      size[a] += other.size[a];
    }
  }
};

// The scaled entry and its bounds, in the units of the gradient.
UpperBound in_units(double bound, int exponent) {
  if (!(bound >= 0) || !std::isfinite(bound)) return UpperBound::infinite();
  if (bound == 0) return UpperBound();
  return UpperBound::exactly(std::ldexp(bound * slack, exponent)) + underflow_error();
}

bool is_small(double operations) { return operations < 4e6; }  // one thread is done before others have begun

void finish(AttentionResult& result) {
  if (!result.output.allFinite()) result.bound_rounding = UpperBound::infinite();
  result.bound = result.bound_approximation + result.bound_rounding;
}

}  // namespace

AttentionResult polynomial_gradient(const GradientPlan& plan, const CertifiedPolynomial& polynomial,
                                    ThreadCount threads) {
  if (polynomial.kind != ErrorKind::relative || !(plan.half_width <= polynomial.half_width))
    throw std::domain_error("polynomial gradient: a relative approximation on the whole score interval");
  const auto start = std::chrono::steady_clock::now();
  const Index n = plan.n, d = plan.d, columns = plan.columns, D = static_cast<Index>(plan.active.size());
  const long g = polynomial.polynomial.degree().value;
  const auto tree = monomials_of(D, {g});
  const Index rank = tree->tree.rank, width = columns + 1, entries = plan.keys + 1;

  // Moments of the keys, and sizes of the values on the way.
  const bool higher = std::all_of(plan.sides.begin(), plan.sides.end(), [&](const Side& side) {
    return D == d && std::all_of(side.variable_of.begin(), side.variable_of.end(), [](Index l) { return l >= 0; });
  });
  const auto key_tree = higher ? monomials_of(D, {g + 1}) : tree;
  const Index key_columns = higher ? columns : columns + d + columns * d;
  double work = static_cast<double>(n) * static_cast<double>(rank * (width * (d + 1) + 2));
  for (const Side& side : plan.sides)
    work += static_cast<double>(side.count) * static_cast<double>(key_tree->tree.rank * (key_columns + 2));
  if (is_small(work)) threads = {1};
  std::vector<std::vector<ValueSums>> group_sums(plan.sides.size(),
                                                 std::vector<ValueSums>(most_groups, ValueSums(columns, d)));
  std::vector<Tokens> sets;
  for (size_t s = 0; s < plan.sides.size(); ++s)
    sets.push_back({plan.sides[s].count, key_columns, [&, s](Index first, Index last, Index group) {
                      const Side& side = plan.sides[s];
                      const std::vector<double> keys = side.scaled_keys(first, last),
                                                values = side.scaled_values(first, last);
                      group_sums[s][group].add(values, keys);
                      if (higher) return TokenBlock{side.variables_of(keys), values};
                      std::vector<double> all((last - first) * key_columns);
                      for (Index j = 0; j < last - first; ++j) {
                        double* row = all.data() + j * key_columns;
                        for (Index l = 0; l < columns; ++l) row[l] = values[j * columns + l];
                        for (Index b = 0; b < d; ++b) row[columns + b] = keys[j * d + b];
                        for (Index l = 0; l < columns; ++l)
                          for (Index b = 0; b < d; ++b)
                            row[columns + d + l * d + b] = values[j * columns + l] * keys[j * d + b];
                      }
                      return TokenBlock{side.variables_of(keys), std::move(all)};
                    }});
  std::vector<std::vector<double>> sums = moments(*key_tree, sets, threads);
  std::vector<KeyMoments> side_moments;
  std::vector<ValueSums> side_sums;
  for (size_t s = 0; s < plan.sides.size(); ++s) {
    side_moments.push_back({key_tree, higher, columns, d, key_columns + 1, std::move(sums[s]), &plan.sides[s]});
    ValueSums total(columns, d);
    for (const ValueSums& part : group_sums[s]) total.add(part);
    side_sums.push_back(std::move(total));
  }
  const ValueSizes values = value_sizes(plan, side_sums);

  // M_m[l, b] over all keys, b = -1 (for 1) first; then w_m M_m.
  std::vector<double> table(rank * width * entries);
  for (Index m = 0; m < rank; ++m)
    for (Index l = 0; l < width; ++l) {
      double* row = table.data() + (m * width + l) * entries;
      if (plan.sides.size() == 1) {
        for (Index b = -1; b < plan.keys; ++b) row[b + 1] = side_moments[0](m, l, b);
        continue;
      }
      row[0] = side_moments[0](m, l, -1) * side_moments[1](m, l, -1);
      for (Index s = 0; s < d; ++s) {
        const double first = side_moments[0](m, l, s);
        for (Index t = 0; t < d; ++t) row[1 + s * d + t] = first * side_moments[1](m, l, t);
      }
    }
  const bool shifted = !plan.centre.empty();
  if (shifted) table = shifted_moments(*tree, std::move(table), width * entries, plan.centre);
  const std::vector<double> weights =
      rounded_weights(*tree, polynomial.polynomial, static_cast<double>(d));
  std::vector<double> forward(rank * width);
  for (Index m = 0; m < rank; ++m)
    for (Index l = 0; l < width; ++l) {
      double* row = table.data() + (m * width + l) * entries;
      for (Index b = 0; b < entries; ++b) row[b] *= weights[m];
      forward[m * width + l] = row[0];
    }

  // Bounds that hold for every row. docs/kernels_tensor_gradient.md, section 2.
  const long side_count = static_cast<long>(plan.sides.size());
  const long key_roundings = side_count * (moment_roundings(g + 1) + 1) + side_count - 1 + (shifted ? 2 * g : 0) +
                             weight_roundings + 1;
  const UpperBound pairs = UpperBound::exactly(plan.pairs) * UpperBound::exactly(1 + 0x1p-40);
  const UpperBound of_size = pairs * absolute_polynomial(polynomial.polynomial, plan.size);
  const UpperBound underflow =
      UpperBound::exactly(0x1p-600) * pairs *
      power(UpperBound::exactly(4) * maximum(UpperBound::exactly(1), plan.query_norm), g) *
      UpperBound::exactly(64 * static_cast<double>(g + 1)) *
      (UpperBound::exactly(static_cast<double>(rank)) +
       absolute_polynomial(polynomial.polynomial, UpperBound::exactly(1)));
  const double theta_scale =
      (gamma(key_roundings + evaluation_roundings(g)) * of_size + underflow).value();
  const double functional_scale =
      (gamma(key_roundings + moment_roundings(g) + 1 + 2 + 2 + 2) * of_size + underflow).value();
  const double delta = polynomial.error.value(), zeta = plan.perturbation.value();
  const double moved = (delta + zeta) * (1 + 0x1p-40), order = 2 + moved / (1 - moved) * (1 + 0x1p-40);
  const double weight_scale = plan.pairs * (1 + delta) * (1 + 4 * zeta) * (1 + 0x1p-30);
  const bool proved = zeta < 0x1p-12 && moved < 0.5 && n <= most_tokens &&
                      std::all_of(plan.sides.begin(), plan.sides.end(),
                                  [](const Side& side) { return side.count <= most_tokens; }) &&
                      plan.half_width.value() < 300;

  // Queries: sums, c, gamma, and the moments of A1 gamma.
  const Evaluation evaluation(*tree, forward, width);
  std::vector<ErrorSums> group_errors(most_groups, ErrorSums(d));
  const double query_factor = power_of_two(-plan.query_exponent), half_width_of_all = plan.half_width.value();
  const Tokens queries{n, width * d, [&](Index first, Index last, Index group) {
    TokenBlock block{plan.queries(first, last), std::vector<double>((last - first) * width * d)};
    const std::vector<double> rows = evaluation.rows(block.variables);
    std::vector<double> largest(last - first), a1(d);
    for (Index i = 0; i < last - first; ++i) {
      double bound = 0;
      for (Index l = 0; l < D; ++l) bound += std::fabs(block.variables[i * D + l]) * plan.weight[l];
      largest[i] = -std::fmin(std::fmin(bound * (1 + 0x1p-30), half_width_of_all), 700.0);
    }
    cpu::exp_of_nonpositive(largest.data(), last - first);
    for (Index i = 0; i < last - first; ++i) {
      const RowVector target = plan.target(first + i);
      const RowStep row = row_step(rows.data() + i * width, target.data(), values, theta_scale, functional_scale,
                                   weight_scale / largest[i], order);
      for (Index a = 0; a < d; ++a) a1[a] = (*plan.input.a1)(first + i, a) * query_factor;
      group_errors[group].add(row, a1.data(), values);
      double* out = block.columns.data() + i * width * d;
      for (Index l = 0; l < width; ++l)
        for (Index a = 0; a < d; ++a) out[l * d + a] = a1[a] * row.gamma[l];
    }
    return block;
  }};
  const std::vector<double> of_queries = moments(*tree, {queries}, threads).front();
  ErrorSums errors(d);
  for (const ErrorSums& part : group_errors) errors.add(part);

  // dL/dX and its bound, entry by entry.
  AttentionResult result;
  result.method = AttentionMethod::polynomial;
  result.degree = {g};
  result.rank = rank;
  result.half_width = plan.half_width;
  result.output.resize(d, plan.keys);
  result.bound_rounding = UpperBound();
  const double phi = (perturbation_bound(polynomial.error) + plan.perturbation).value();
  const double row_underflow = static_cast<double>(n) * underflow.value() * (1 + errors.largest_gamma) *
                               static_cast<double>(4 * width);
  for (Index b = 0; b < plan.keys; ++b) {
    const KeyColumnSizes key = key_column_sizes(plan, side_sums, b);
    const int exponent = plan.exponent_of(b);
    for (Index a = 0; a < d; ++a) {
      double high = 0, low = 0;
      for (Index m = 0; m < rank; ++m) {
        double sum = 0;  // not more roundings than the 2 that are counted: each term is added by itself
        for (Index l = 0; l < width; ++l) {
          sum = of_queries[m * (width * d + 1) + l * d + a] * table[(m * width + l) * entries + 1 + b];
          cpu::compensated_add(high, low, sum);
        }
      }
      const double entry = (high + low) / static_cast<double>(d);
      result.output(a, b) = std::ldexp(entry, exponent);
      const double dimension = static_cast<double>(d);
      const double approximation = std::fmin(phi / 4 * key.range * errors.by_range[a],
                                             moved / (1 - moved) * key.deviation * errors.by_variance[a]) /
                                   dimension;
      const double rounding = (errors.rounding[a] * key.size + row_underflow) / dimension +
                              2 * u * std::fabs(entry) + 0x1p-900;
      result.bound_approximation = maximum(
          result.bound_approximation, errors.finite && proved ? in_units(approximation, exponent) : UpperBound::infinite());
      result.bound_rounding =
          maximum(result.bound_rounding, errors.finite && proved ? in_units(rounding, exponent) : UpperBound::infinite());
    }
  }
  finish(result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

AttentionResult exact_gradient(const GradientPlan& plan, ThreadCount threads) {
  const auto start = std::chrono::steady_clock::now();
  const Index n = plan.n, d = plan.d, columns = plan.columns, width = columns + 1, D = static_cast<Index>(plan.active.size());
  const bool one_side = plan.sides.size() == 1;
  // The last side is the second of the pairs; for one side, the first is a single key of one variable.
  const Side& inner = plan.sides.back();
  const Index per_side = width * (d + 1);  // [h, 1] (x) [y, 1], the column of ones last
  const auto column_of = [&](Index l, Index b) { return l * (d + 1) + (b < 0 ? d : b); };  // b = -1: 1
  std::vector<ValueSums> side_sums;
  std::vector<double> second_keys, second_columns, first_keys, first_columns;
  for (const Side& side : plan.sides) {
    const std::vector<double> keys = side.scaled_keys(0, side.count), h = side.scaled_values(0, side.count);
    side_sums.emplace_back(columns, d).add(h, keys);
    const bool is_inner = &side == &inner;
    const Index kept = is_inner ? per_side - 1 : per_side;  // ones are appended to the inner side
    std::vector<double> all(side.count * kept);
    for (Index j = 0; j < side.count; ++j)
      for (Index l = 0; l < width; ++l)
        for (Index b = -1; b < d; ++b)
          if (column_of(l, b) < kept)
            all[j * kept + column_of(l, b)] = (l < columns ? h[j * columns + l] : 1) * (b < 0 ? 1 : keys[j * d + b]);
    (is_inner ? second_keys : first_keys) = keys;
    (is_inner ? second_columns : first_columns) = std::move(all);
  }
  if (one_side) first_keys = first_columns = {1};
  const ValueSizes values = value_sizes(plan, side_sums);
  std::vector<cpu::ColumnPair> column_pairs;
  for (Index l = 0; l < width; ++l) {
    if (one_side)
      for (Index b = -1; b < d; ++b) column_pairs.push_back({0, column_of(l, b)});
    else {
      column_pairs.push_back({column_of(l, -1), column_of(l, -1)});
      for (Index s = 0; s < d; ++s)
        for (Index t = 0; t < d; ++t) column_pairs.push_back({column_of(l, s), column_of(l, t)});
    }
  }
  const Index entries = plan.keys + 1;
  const PairRows rows{{first_keys.data(), first_columns.data(), one_side ? 1 : plan.sides[0].count,
                       one_side ? 1 : d, one_side ? 1 : per_side},
                      {second_keys.data(), inner.count, d},
                      {second_columns.data(), inner.count, per_side - 1},
                      column_pairs,
                      plan.size.value()};
  // Large scores of pairs: a row at a time, below its largest score.
  const bool tiles = rows.fits();
  const Index stride = (inner.count + cpu::vector_of_keys - 1) / cpu::vector_of_keys * cpu::vector_of_keys;
  std::vector<double> keys_across, columns_across;
  if (!tiles) {
    keys_across.assign(d * stride, 0.0);
    columns_across.assign(per_side * stride, 0.0);
    for (Index j = 0; j < inner.count; ++j) {
      for (Index b = 0; b < d; ++b) keys_across[b * stride + j] = second_keys[j * d + b];
      for (Index c = 0; c < per_side; ++c)
        columns_across[c * stride + j] = c < per_side - 1 ? second_columns[j * (per_side - 1) + c] : 1;
    }
  }

  const UpperBound score_error = gamma(2 * d + 3) * plan.size + plan.perturbation +
                                 unit_roundoff() * plan.size * UpperBound::exactly(2.1) +
                                 UpperBound::exactly(9 * u) + UpperBound::exactly(0x1p-1000);
  // A weight is off by a factor within e^(+-score_error), a sum of weights by gamma_p besides, p roundings a term and
  // one more of the column's product.
  const long roundings = tiles ? rows.roundings() : cpu::pair_roundings(rows.first.visible, inner.count);
  const double relative =
      (score_error * UpperBound::exactly(1.01) + gamma(2 * roundings + 4)).value();
  const bool proved = score_error.value() < 0x1p-8;
  constexpr Index rows_of_a_task = PairRows::rows_of_a_group;
  const Index tasks = (n + rows_of_a_task - 1) / rows_of_a_task;
  struct Part {
    std::vector<double> gradient;
    ErrorSums errors;
  };
  std::vector<Part> parts(tasks);
  const double query_factor = power_of_two(-plan.query_exponent);
  parallel_for(tasks, threads, [&](long task) {
    Part& part = parts[task];
    part.gradient.assign(d * plan.keys, 0.0);
    part.errors = ErrorSums(d);
    const Index from = task * rows_of_a_task, to = std::min(n, from + rows_of_a_task), size = rows.first.dimension * d;
    const std::vector<double> x = plan.queries(from, to);
    std::vector<double> queries((to - from) * size, 0.0), of_row(column_pairs.size()), sums(width), a1(d);
    for (Index i = 0; i < to - from; ++i)
      for (Index l = 0; l < D; ++l) queries[i * size + plan.active[l]] = x[i * D + l];
    const std::vector<double> of_rows = tiles ? rows.sums(queries) : std::vector<double>();
    for (Index i = from; i < to; ++i) {
      if (tiles)
        for (size_t p = 0; p < of_row.size(); ++p)
          of_row[p] = of_rows[static_cast<Index>(p) * PairRows::rows_of_a_group + i - from];
      else
        of_row = cpu::pair_sums(queries.data() + (i - from) * size, static_cast<double>(d), rows.first,
                                {keys_across.data(), columns_across.data(), inner.count, d, per_side, stride},
                                column_pairs, plan.size.value());
      for (Index l = 0; l < width; ++l) sums[l] = of_row[l * entries];
      const RowVector target = plan.target(i);
      const double scale = relative * sums[columns] * (1 + 0x1p-20) + plan.pairs * 0x1p-700;
      const RowStep row = row_step(sums.data(), target.data(), values, scale, scale, plan.pairs, 2);
      for (Index a = 0; a < d; ++a) a1[a] = (*plan.input.a1)(i, a) * query_factor;
      part.errors.add(row, a1.data(), values);
      for (Index b = 0; b < plan.keys; ++b) {
        double entry = 0;
        for (Index l = 0; l < width; ++l) entry += row.gamma[l] * of_row[l * entries + 1 + b];
        for (Index a = 0; a < d; ++a) part.gradient[a * plan.keys + b] += a1[a] * entry;
      }
    }
  });

  AttentionResult result;
  result.half_width = plan.half_width;
  result.output.resize(d, plan.keys);
  result.bound_rounding = UpperBound();
  ErrorSums errors(d);
  for (const Part& part : parts) errors.add(part.errors);
  const double of_sums = (gamma(rows_of_a_task + width + 8) * UpperBound::exactly(2.1)).value();
  for (Index b = 0; b < plan.keys; ++b) {
    const KeyColumnSizes key = key_column_sizes(plan, side_sums, b);
    const int exponent = plan.exponent_of(b);
    for (Index a = 0; a < d; ++a) {
      double high = 0, low = 0;
      for (const Part& part : parts) cpu::compensated_add(high, low, part.gradient[a * plan.keys + b]);
      const double entry = (high + low) / static_cast<double>(d);
      result.output(a, b) = std::ldexp(entry, exponent);
      const double rounding = (errors.rounding[a] + of_sums * errors.size[a]) * key.size / static_cast<double>(d) +
                              2 * u * std::fabs(entry) + 0x1p-900;
      result.bound_rounding =
          maximum(result.bound_rounding, errors.finite && proved ? in_units(rounding, exponent) : UpperBound::infinite());
    }
  }
  finish(result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace attnbounds
