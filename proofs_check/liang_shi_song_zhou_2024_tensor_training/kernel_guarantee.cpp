// The gradient kernels of the tensor loss keep what they promise: the floating-point dL/dX of the factorised
// polynomial method and of the fused exact kernel lies within its own proved bound (approximation and
// rounding, docs/kernels_tensor_gradient.md) of an enclosure of the closed form.
#include "kernels/gradient_kernels.hpp"
#include "kernels/tensor_moments.hpp"
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  TensorLossInput in;
  AttentionResult fast, exact;
};
Json describe(const Case& c) {
  return {{"A1", json_matrix(c.in.a1)},   {"A2", json_matrix(c.in.a2)}, {"A3", json_matrix(c.in.a3)},
          {"A4", json_matrix(c.in.a4)},   {"A5", json_matrix(c.in.a5)}, {"X", json_matrix(c.in.x)},
          {"Y1", json_matrix(c.in.y1)},   {"Y2", json_matrix(c.in.y2)}, {"E", json_matrix(c.in.e)},
          {"degree", c.fast.degree.value}};
}

bool has_bounds(const Case& c) { return c.fast.bound.is_finite() && c.exact.bound.is_finite(); }

Case draw(Draw& d) {
  for (;;) {
    const long n = d.integer(1, 4), m = d.integer(1, 4), width = d.integer(1, 2), columns = d.integer(1, 2);
    Case c;
    const long m3 = d.integer(1, 4);
    c.in = {d.matrix(n, width, 1),       d.matrix(m, width, 1),       d.matrix(m3, width, 1),
            d.matrix(m, width, 2),       d.matrix(m3, width, 2),      d.matrix(width, width * width, 1),
            d.matrix(width, columns, 1), d.matrix(width, columns, 1), d.matrix(n, columns, 4)};
    if (d.integer(0, 1) == 0)  // X of the lower bounds: the embedding of the identity
      for (long a = 0; a < width; ++a)
        for (long b = 0; b < width * width; ++b)
          if (b != a * width + a) c.in.x(a, b) = 0;
    if (d.integer(0, 3) == 0)
      c.in.a2 = c.in.a2.cwiseAbs(), c.in.a3 = c.in.a3.cwiseAbs();  // the shift of pairs
    if (d.integer(0, 2) == 0) c.in.e.setZero();
    const auto plan = gradient_plan(gradient_input(c.in), {1});
    const auto polynomial =
        kept_exp_polynomial(half_width(*plan).exact(), Rational(1, 1L << d.integer(2, 26)), {24});
    if (!polynomial) continue;
    c.fast = polynomial_gradient(*plan, *polynomial, {1});
    c.exact = exact_gradient(*plan, {1});
    if (has_bounds(c)) return c;
  }
}

Interval error(const Case& c, const AttentionResult& result) {
  const Matrix<Interval> exact = loss_gradient(loss_over<Interval>(c.in)).x;
  return max_abs(Matrix<Interval>(matrix_from<Interval>(result.output) - exact));
}
Interval bound(UpperBound b) { return enclose(b.exact()); }

const Registration kernel_guarantee =
    claim("liang-shi-song-zhou-2024-tensor-training/kernel-guarantee",
          "Theorem 5.2's algorithm, in floating point", Standing::checked)
        .says(
            "the polynomial and the fused exact kernel's dL/dX lie within their own proved bounds of the "
            "closed form",
            R"($\|\mathrm{fl}(\tilde g) - g\|_\infty \le \text{bound}_{\text{approximation}} + \text{bound}_{\text{rounding}}$)")
        .given(draw)
        .where("the bounds are finite", has_bounds)
        .at_most(
            "polynomial", [](const Case& c) { return error(c, c.fast); },
            [](const Case& c) { return bound(c.fast.bound); })
        .at_most(
            "fused exact", [](const Case& c) { return error(c, c.exact); },
            [](const Case& c) { return bound(c.exact.bound); })
        .twin(
            "the rounding part alone", [](const Case& c) { return error(c, c.fast); },
            [](const Case& c) { return bound(c.fast.bound_rounding); })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
