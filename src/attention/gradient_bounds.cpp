#include "attention/gradient_bounds.hpp"

#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

struct Ends {
  Interval low, high;
};
Ends column_ends(const Matrix<Interval>& m, Index column) {
  Ends ends{m(0, column), m(0, column)};
  for (Index i = 1; i < m.rows(); ++i) {
    ends.low = minimum(ends.low, m(i, column));
    ends.high = maximum(ends.high, m(i, column));
  }
  return ends;
}
/// The ends of a_i b_j over all pairs: attained at ends of both.
Ends product_ends(const Ends& a, const Ends& b) {
  const Interval corners[] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
  Ends ends{corners[0], corners[0]};
  for (const Interval& corner : corners) {
    ends.low = minimum(ends.low, corner);
    ends.high = maximum(ends.high, corner);
  }
  return ends;
}

/// sum_i |A1_ia| (sum_l |c_il| r_l + 1/2 sum_l r_l^2), for every a.
std::vector<Interval> row_sums(const Matrix<Interval>& a1, const std::vector<Ends>& h,
                               const Matrix<Interval>& e) {
  Interval squares = 0;
  for (const Ends& l : h) squares += (l.high - l.low) * (l.high - l.low);
  std::vector<Interval> sums(a1.cols(), Interval(0));
  for (Index i = 0; i < a1.rows(); ++i) {
    Interval row = squares / 2;
    for (size_t l = 0; l < h.size(); ++l) {  // c_il lies between the ends of h_l less E_il
      const Interval& target = e(i, static_cast<Index>(l));
      const Interval largest = maximum(absolute_value(h[l].low - target), absolute_value(h[l].high - target));
      row += largest * (h[l].high - h[l].low);
    }
    for (Index a = 0; a < a1.cols(); ++a) sums[a] += absolute_value(a1(i, a)) * row;
  }
  return sums;
}

}  // namespace

Interval log_weight_ratio(const Interval& delta, const Interval& score_change) {
  return log(Interval((1 + delta) / (1 - delta))) + 2 * score_change;
}

Interval softmax_change(const Interval& log_ratio) {
  if (bug(Bug::gradient_bound_halved)) return tanh(Interval(log_ratio / 4));
  return 2 * tanh(Interval(log_ratio / 4));
}

Interval gradient_bound_plain(const GradientSizes& s, const Interval& phi) {
  return enclose(Rational(s.n * s.columns / s.d)) * s.a1 * s.a2 * phi * s.h * (3 * s.c + (2 + 3 * phi) * s.h);
}

Interval gradient_bound_theorem_g(const GradientSizes& s, const Interval& phi) {
  return enclose(Rational(s.n * s.columns / s.d)) * phi * s.a1 * s.a2 * s.h * (4 * s.h + 3 * s.e);
}

Interval gradient_bound(const GradientSizes& s, const Interval& phi) {
  return enclose(Rational(s.n * s.columns / s.d)) * phi * s.a1 * s.a2 * s.h * (s.c + s.h);
}

Interval column_range(const Matrix<Interval>& m, Index column) {
  const Ends ends = column_ends(m, column);
  return ends.high - ends.low;
}

Matrix<Interval> gradient_entry_bounds(const MatrixLoss<Interval>& in, const Interval& phi) {
  const Matrix<Interval> h = product(in.a3, in.y);
  std::vector<Ends> columns;
  for (Index l = 0; l < h.cols(); ++l) columns.push_back(column_ends(h, l));
  const std::vector<Interval> rows = row_sums(in.a1, columns, in.e);
  Matrix<Interval> bounds(in.a1.cols(), in.a2.cols());
  for (Index b = 0; b < bounds.cols(); ++b) {
    const Interval range = column_range(in.a2, b);
    for (Index a = 0; a < bounds.rows(); ++a)
      bounds(a, b) = phi / enclose(Rational(4 * in.a1.cols())) * rows[a] * range;
  }
  return bounds;
}

Matrix<Interval> gradient_entry_bounds(const TensorLoss<Interval>& in, const Interval& phi) {
  const Matrix<Interval> v1 = product(in.a4, in.y1), v2 = product(in.a5, in.y2);
  std::vector<Ends> columns;
  for (Index l = 0; l < v1.cols(); ++l)
    columns.push_back(product_ends(column_ends(v1, l), column_ends(v2, l)));
  const std::vector<Interval> rows = row_sums(in.a1, columns, in.e);
  const Index d = in.a1.cols();
  Matrix<Interval> bounds(d, d * d);
  for (Index u = 0; u < d; ++u)
    for (Index v = 0; v < d; ++v) {
      const Ends pair = product_ends(column_ends(in.a2, u), column_ends(in.a3, v));
      for (Index a = 0; a < d; ++a)
        bounds(a, u * d + v) = phi / enclose(Rational(4 * d)) * rows[a] * (pair.high - pair.low);
    }
  return bounds;
}

}  // namespace attnbounds
