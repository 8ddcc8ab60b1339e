// Liang, Shi, Song, Zhou 2024, error of the tensor gradient when the weights have relative error delta
// (Theorem G' of docs/gradients.md over the n^2 pairs): with h = (A4 Y1) (/) (A5 Y2),
//     |g~ - g|_max <= phi(delta) n (d_v/d) |A1| |A2| |A3| |h| (|c| + |h|)        a factor n, not n^2 or n^3
// and entry by entry with ranges of products of columns. Replaces |h| (4|h| + 3|E|).
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  TensorLossInput in;
  Matrix<double> sigma;
  Rational delta;
};
Json describe(const Case& c) {
  return {{"A1", json_matrix(c.in.a1)},    {"A2", json_matrix(c.in.a2)},   {"A3", json_matrix(c.in.a3)},
          {"A4", json_matrix(c.in.a4)},    {"A5", json_matrix(c.in.a5)},   {"X", json_matrix(c.in.x)},
          {"Y1", json_matrix(c.in.y1)},    {"Y2", json_matrix(c.in.y2)},   {"E", json_matrix(c.in.e)},
          {"sigma", json_matrix(c.sigma)}, {"delta", json_number(c.delta)}};
}
Case draw(Draw& d) {
  Case c;
  c.delta = Rational(1, 1L << d.integer(1, 12));
  if (d.index ==
      0) {  // pairs (j1, j2) of signs: y = first sign, h = second, sigma = their product; |c| large
    const Matrix<double> one = Matrix<double>::Ones(1, 1), ones = Matrix<double>::Ones(2, 1);
    Matrix<double> signs(2, 1);
    signs << 1, -1;
    c.in = {one, signs, ones, ones, signs, Matrix<double>::Zero(1, 1), one, one, 1024 * one};
    c.sigma.resize(1, 4);
    c.sigma << 1, -1, -1, 1;
    c.delta = Rational(1, 64);
    return c;
  }
  const long n = d.integer(1, 3), m2 = d.integer(1, 3), m3 = d.integer(2, 3), width = d.integer(1, 2);
  const long columns = d.integer(1, 2);
  for (;;) {
    c.in = {d.matrix(n, width, 2),       d.matrix(m2, width, 2),      d.matrix(m3, width, 2),
            d.matrix(m2, width, 2),      d.matrix(m3, width, 2),      d.matrix(width, width * width, 1),
            d.matrix(width, columns, 1), d.matrix(width, columns, 1), d.matrix(n, columns, 4)};
    const PairAttention<double> pairs = pair_attention(c.in);
    if (max_abs(pairs.v) > 0 && max_abs(pairs.k) > 0 && max_abs(c.in.a1) > 0) {
      if (d.integer(0, 2) == 0) c.in.e.setZero();
      c.sigma = d.matrix(n, m2 * m3, 1);
      if (d.integer(0, 3) != 0)
        c.sigma = worst_signs({c.in.a1, pairs.k, pairs.v, c.in.e, c.in.a1 * c.in.x, width},
                              d.integer(0, width - 1), d.integer(0, width * width - 1));
      return c;
    }
  }
}

Matrix<Interval> changes(const Case& c) {
  const TensorLoss<Interval> in = loss_over<Interval>(c.in);
  const PairAttention<Interval> pairs = pair_attention(in);
  Matrix<Interval> s(pairs.q.rows(), pairs.k.rows());
  for (Eigen::Index i = 0; i < s.rows(); ++i)
    for (Eigen::Index j = 0; j < s.cols(); ++j) s(i, j) = score(pairs.q, i, pairs.k, j);
  const auto gradient = [&](const Matrix<Interval>& f) {
    const Matrix<Interval> residual = product(f, pairs.v) - in.e;
    const Matrix<Interval> p =
        softmax_pullback<Interval>(f, product<Interval>(residual, pairs.v.transpose()));
    const Matrix<Interval> x =
        product<Interval>(in.a1.transpose(), product(p, pairs.k)) / Interval(static_cast<long>(in.a1.cols()));
    return x;
  };
  return gradient(softmax_rows(s, Mask::none, PerturbedWeight{&c.sigma, c.delta})) -
         gradient(softmax_rows(s));
}
Interval error(const Case& c) { return max_abs(changes(c)); }
Interval worst_entry(const Case& c) {
  const Matrix<Interval> moved = changes(c),
                         bounds = gradient_entry_bounds(loss_over<Interval>(c.in), phi_of(c.delta));
  Interval largest = 0;
  for (Eigen::Index i = 0; i < moved.size(); ++i)
    if (lower(bounds.data()[i]) > 0)
      largest = maximum(largest, absolute_value(moved.data()[i]) / bounds.data()[i]);
  return largest;
}
GradientSizes sizes(const Case& c) {
  const TensorLoss<Interval> in = loss_over<Interval>(c.in);
  const PairAttention<Interval> pairs = pair_attention(in);
  const Matrix<Interval> residual = attention(pairs.q, pairs.k, pairs.v) - in.e;
  return {Rational(static_cast<long>(c.in.a1.rows())),
          Rational(static_cast<long>(c.in.a1.cols())),
          Rational(static_cast<long>(c.in.e.cols())),
          max_abs(in.a1),
          max_abs(in.a2) * max_abs(in.a3),
          max_abs(pairs.v),
          max_abs(residual),
          max_abs(in.e)};
}
Interval sharp(const Case& c) { return gradient_bound(sizes(c), phi_of(c.delta)); }

const Registration gradient_error =
    claim("liang-shi-song-zhou-2024-tensor-training/gradient-error",
          "error step of Theorem 5.2, constants ours", Standing::checked)
        .says(
            "weights of relative error delta change dL/dX by at most phi(delta) n (d_v/d)|A1||A2||A3||h|(|c| "
            "+ |h|)",
            R"($\|\tilde g - g\|_\infty \le \varphi(\delta)\, n\tfrac{d_v}{d}\|A_1\|\|A_2\|\|A_3\|\|h\|(\|c\|+\|h\|)$)")
        .given(draw)
        .at_most("error <= Theorem G' over the pairs", error, sharp)
        .at_most("entry by entry", worst_entry, [](const Case&) { return Interval(1); })
        .finds("ratio to Theorem G'", "largest error over the bound", Extreme::largest,
               [](const Case& c) { return error(c) / sharp(c); })
        .finds("ratio entry by entry", "largest entry of the error over its bound", Extreme::largest,
               worst_entry)
        .finds("ratio to the earlier bound", "largest error over 4|h| + 3|E| form", Extreme::largest,
               [](const Case& c) { return error(c) / gradient_bound_theorem_g(sizes(c), phi_of(c.delta)); })
        .twin("99 hundredths of the bound", error, [](const Case& c) { return sharp(c) * 99 / 100; })
        .sizes(100, 1000, 10000);

}  // namespace
}  // namespace attnbounds
