// Error of the closed-form gradient when softmax's weights have relative error delta (Theorem G' of
// docs/gradients.md), phi = 2 (1 - sqrt(1 - delta^2))/delta:
//     |g~ - g|_ab <= (phi/4d) sum_i |A1_ia| range(A2_b) (sum_l |c_il| range(h_l) + 1/2 sum_l range(h_l)^2)
//     |g~ - g|_max <= phi n (d_v/d) |A1| |A2| |h| (|c| + |h|)
// against the forms it replaces, (n/d)|A1||A2| phi d_v |h| (3|c| + (2 + 3 phi)|h|) and Theorem G. Instances:
// random ones with signs of the perturbation that move one entry most, and the two extremal ones.
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  MatrixLossInput in;
  Matrix<double> sigma;
  Rational delta;
};
Json describe(const Case& c) {
  return {{"A1", json_matrix(c.in.a1)},    {"A2", json_matrix(c.in.a2)},   {"A3", json_matrix(c.in.a3)},
          {"X", json_matrix(c.in.x)},      {"Y", json_matrix(c.in.y)},     {"E", json_matrix(c.in.e)},
          {"sigma", json_matrix(c.sigma)}, {"delta", json_number(c.delta)}};
}

Case draw(Draw& d) {
  Case c;
  c.delta = Rational(1, 1L << d.integer(1, 12));
  const Matrix<double> one = Matrix<double>::Ones(1, 1), zero = Matrix<double>::Zero(1, 1);
  if (d.index == 0 || d.index == 1) {  // |c| far above |h|: signs y, h, sigma with product 1
    const double far = d.index == 0 ? 1024 : 8;
    c.in = {one, column({1, 1, -1, -1}), column({1, -1, 1, -1}), zero, one, far * one};
    c.sigma = column({1, -1, -1, 1}).transpose();
    c.delta = Rational(1, 64);
    return c;
  }
  if (d.index == 2 || d.index == 3) {  // c = 0: y = h = sigma, balanced
    c.in = {one, column({1, -1}), column({1, -1}), zero, one, zero};
    c.sigma = column({1, -1}).transpose();
    c.delta = d.index == 2 ? Rational(1, 1024) : Rational(1, 4);
    return c;
  }
  const long n = d.integer(1, 4), m = d.integer(2, 6), width = d.integer(1, 3), columns = d.integer(1, 2);
  for (;;) {
    c.in = {d.matrix(n, width, 2),     d.matrix(m, width, 2),       d.matrix(m, width, 2),
            d.matrix(width, width, 1), d.matrix(width, columns, 1), d.matrix(n, columns, 4)};
    const Matrix<double> h = c.in.a3 * c.in.y;
    if (max_abs(h) > 0 && max_abs(c.in.a1) > 0 && max_abs(c.in.a2) > 0) break;
  }
  if (d.integer(0, 2) == 0) c.in.e.setZero();
  c.sigma = d.matrix(n, m, 1);
  if (d.integer(0, 3) != 0)
    c.sigma = worst_signs({c.in.a1, c.in.a2, c.in.a3 * c.in.y, c.in.e, c.in.a1 * c.in.x, width},
                          d.integer(0, width - 1), d.integer(0, width - 1));
  return c;
}

Matrix<Interval> changes(const Case& c) {
  // The closed form with f~ in the place of f; everything else is exact.
  const MatrixLoss<Interval> in = loss_over<Interval>(c.in);
  const Matrix<Interval> q = product(in.a1, in.x), h = product(in.a3, in.y);
  Matrix<Interval> s(q.rows(), in.a2.rows());
  for (Eigen::Index i = 0; i < s.rows(); ++i)
    for (Eigen::Index j = 0; j < s.cols(); ++j) s(i, j) = score(q, i, in.a2, j);
  const auto gradient = [&](const Matrix<Interval>& f) {
    const Matrix<Interval> residual = product(f, h) - in.e;
    const Matrix<Interval> p = softmax_pullback<Interval>(f, product<Interval>(residual, h.transpose()));
    const Matrix<Interval> x =
        product<Interval>(in.a1.transpose(), product(p, in.a2)) / Interval(static_cast<long>(in.a1.cols()));
    return x;
  };
  return gradient(softmax_rows(s, Mask::none, PerturbedWeight{&c.sigma, c.delta})) -
         gradient(softmax_rows(s));
}
Interval error(const Case& c) { return max_abs(changes(c)); }
Interval worst_entry(const Case& c) {  // error over its own bound, the largest
  const Matrix<Interval> moved = changes(c),
                         bounds = gradient_entry_bounds(loss_over<Interval>(c.in), phi_of(c.delta));
  Interval largest = 0;
  for (Eigen::Index i = 0; i < moved.size(); ++i)
    if (lower(bounds.data()[i]) > 0)
      largest = maximum(largest, absolute_value(moved.data()[i]) / bounds.data()[i]);
  return largest;
}
GradientSizes sizes(const Case& c) {
  const MatrixLoss<Interval> in = loss_over<Interval>(c.in);
  const Matrix<Interval> h = product(in.a3, in.y), q = product(in.a1, in.x);
  const Matrix<Interval> residual = attention(q, in.a2, h) - in.e;
  return {Rational(static_cast<long>(c.in.a1.rows())),
          Rational(static_cast<long>(c.in.a1.cols())),
          Rational(static_cast<long>(c.in.e.cols())),
          max_abs(in.a1),
          max_abs(in.a2),
          max_abs(h),
          max_abs(residual),
          max_abs(in.e)};
}
Interval sharp(const Case& c) { return gradient_bound(sizes(c), phi_of(c.delta)); }

const Registration gradient_error =
    claim("alman-song-2024-gradient/gradient-error",
          "error step of Theorem 1.6 (Lemmas D.4 to D.6), constants ours (Theorem G')", Standing::checked)
        .says(
            "weights of relative error delta change dL/dX by at most phi(delta) n (d_v/d)|A1||A2||h|(|c| + "
            "|h|), and "
            "entry by entry by (phi/4d) sum_i |A1_ia| range(A2_b)(sum_l |c_il| range(h_l) + range(h_l)^2/2)",
            R"($\|\tilde g - g\|_\infty \le \varphi(\delta)\, n\tfrac{d_v}{d}\|A_1\|\|A_2\|\|h\|(\|c\|+\|h\|)$)")
        .given(draw)
        .at_most("error <= Theorem G'", error, sharp)
        .at_most("entry by entry", worst_entry, [](const Case&) { return Interval(1); })
        .at_most("Theorem G' <= Theorem G", sharp,
                 [](const Case& c) { return gradient_bound_theorem_g(sizes(c), phi_of(c.delta)); })
        .at_most("Theorem G' <= the plain bound", sharp,
                 [](const Case& c) { return gradient_bound_plain(sizes(c), phi_of(c.delta)); })
        .finds("ratio to Theorem G'", "largest error over the bound", Extreme::largest,
               [](const Case& c) { return error(c) / sharp(c); })
        .finds("ratio entry by entry", "largest entry of the error over its bound", Extreme::largest,
               worst_entry)
        .finds("ratio to Theorem G", "largest error over 4|h| + 3|E| form", Extreme::largest,
               [](const Case& c) { return error(c) / gradient_bound_theorem_g(sizes(c), phi_of(c.delta)); })
        .finds("ratio to the plain bound", "largest error over 3|c| + (2 + 3 phi)|h| form", Extreme::largest,
               [](const Case& c) { return error(c) / gradient_bound_plain(sizes(c), phi_of(c.delta)); })
        .twin("99 hundredths of Theorem G'", error, [](const Case& c) { return sharp(c) * 99 / 100; });

}  // namespace
}  // namespace attnbounds
