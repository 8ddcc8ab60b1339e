// The gradient kernels on one instance of a loss: what both return, how far that is from an enclosure of the
// closed form, and the claim that each result lies within its own proved bound.
#pragma once

#include "kernels/gradient_kernels.hpp"
#include "kernels/kept.hpp"
#include "proofs_check/certificate/kernel_output.hpp"
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {

template <class Input>
struct GradientKernelCase {
  Input in;
  AttentionResult fast, exact;
};

inline Json json_loss(const MatrixLossInput& in) {
  return {{"A1", json_matrix(in.a1)}, {"A2", json_matrix(in.a2)}, {"A3", json_matrix(in.a3)},
          {"X", json_matrix(in.x)},   {"Y", json_matrix(in.y)},   {"E", json_matrix(in.e)}};
}
inline Json json_loss(const TensorLossInput& in) {
  return {{"A1", json_matrix(in.a1)}, {"A2", json_matrix(in.a2)}, {"A3", json_matrix(in.a3)},
          {"A4", json_matrix(in.a4)}, {"A5", json_matrix(in.a5)}, {"X", json_matrix(in.x)},
          {"Y1", json_matrix(in.y1)}, {"Y2", json_matrix(in.y2)}, {"E", json_matrix(in.e)}};
}
template <class Input>
Json describe(const GradientKernelCase<Input>& c) {
  Json json = json_loss(c.in);
  json["degree"] = c.fast.degree.value;
  return json;
}

template <class Input>
bool has_bounds(const GradientKernelCase<Input>& c) {
  return c.fast.bound.is_finite() && c.exact.bound.is_finite();
}

/// Losses from `draw_loss` until both kernels prove something of one, at a random delta.
template <class Input>
GradientKernelCase<Input> draw_kernel_case(Draw& d, Input (*draw_loss)(Draw&)) {
  for (;;) {
    GradientKernelCase<Input> c;
    c.in = draw_loss(d);
    const auto plan = gradient_plan(gradient_input(c.in), {1});
    const auto polynomial =
        kept_exp_polynomial(half_width(*plan).exact(), Rational(1, 1L << d.integer(2, 26)), {24});
    if (!polynomial) continue;
    c.fast = polynomial_gradient(*plan, *polynomial, {1});
    c.exact = exact_gradient(*plan, {1});
    if (has_bounds(c)) return c;
  }
}

template <class Input>
Interval error_of(const Input& in, const AttentionResult& result) {
  const Matrix<Interval> exact = loss_gradient(loss_over<Interval>(in)).x;
  return max_abs(Matrix<Interval>(matrix_from<Interval>(result.output) - exact));
}

template <class Input>
ClaimOf<GradientKernelCase<Input>> gradient_kernel_claim(ClaimBuilder builder, Input (*draw_loss)(Draw&)) {
  using Case = GradientKernelCase<Input>;
  const auto bound = [](UpperBound b) { return enclose(b.exact()); };
  const auto fast = [](const Case& c) { return KernelOutput{c.in, c.fast}; };
  return std::move(builder)
      .says(
          "the polynomial and the fused exact kernel's dL/dX lie within their own proved bounds of the "
          "closed form",
          R"($\|\mathrm{fl}(\tilde g) - g\|_\infty \le \text{bound}_{\text{approximation}} + \text{bound}_{\text{rounding}}$)")
      .given([draw_loss](Draw& d) { return draw_kernel_case(d, draw_loss); })
      .where("the bounds are finite", has_bounds<Input>)
      .at_most(
          "polynomial", [](const Case& c) { return error_of(c.in, c.fast); },
          [bound](const Case& c) { return bound(c.fast.bound); })
      .of_output(fast)
      .at_most(
          "fused exact", [](const Case& c) { return error_of(c.in, c.exact); },
          [bound](const Case& c) { return bound(c.exact.bound); })
      .of_output([](const Case& c) {
        return KernelOutput{c.in, c.exact};
      })
      .twin(
          "the rounding part alone", [](const Case& c) { return error_of(c.in, c.fast); },
          [bound](const Case& c) { return bound(c.fast.bound_rounding); })
      .of_output(fast)
      .sizes(60, 600, 6000);
}

}  // namespace attnbounds
