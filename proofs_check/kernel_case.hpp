// The gradient kernels on one instance of a loss: what both return, how far that is from an enclosure of the
// closed form, and the claim that each result lies within its own proved bound.
#pragma once

#include "kernels/device.hpp"
#include "kernels/gradient_kernels.hpp"
#include "kernels/kept.hpp"
#include "proofs_check/certificate/kernel_output.hpp"
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {

template <class Input>
struct GradientKernelCase {
  Input in;
  AttentionResult fast, exact, in_float, exact_in_float;
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
  return c.fast.bound.is_finite() && c.exact.bound.is_finite() && c.in_float.bound.is_finite() &&
         c.exact_in_float.bound.is_finite();
}

/// Losses from `draw_loss` until all kernels prove something of one, at a random delta, 2^-bits at least.
template <class Input>
GradientKernelCase<Input> draw_kernel_case(Draw& d, Input (*draw_loss)(Draw&), long bits = 26) {
  for (;;) {
    GradientKernelCase<Input> c;
    c.in = draw_loss(d);
    const auto plan = gradient_plan(gradient_input(c.in), {1});
    const auto polynomial =
        kept_exp_polynomial(half_width(*plan).exact(), Rational(1, 1L << d.integer(2, bits)), {24});
    if (!polynomial) continue;
    c.fast = polynomial_gradient(*plan, *polynomial, {1});
    c.exact = exact_gradient(*plan, {1});
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    c.in_float = polynomial_gradient(*plan, *polynomial, {1});
    c.exact_in_float = exact_gradient(*plan, {1});
    if (has_bounds(c)) return c;
  }
}

template <class Input>
Interval error_of(const Input& in, const AttentionResult& result) {
  const Matrix<Interval> exact = loss_gradient(loss_over<Interval>(in)).x;
  return max_abs(Matrix<Interval>(matrix_from<Interval>(result.output) - exact));
}

/// Of the result that the member pointer names.
template <auto result>
constexpr auto error_in = [](const auto& c) { return error_of(c.in, c.*result); };

template <class Input>
ClaimOf<GradientKernelCase<Input>> gradient_kernel_claim(ClaimBuilder builder, Input (*draw_loss)(Draw&)) {
  using Case = GradientKernelCase<Input>;
  return std::move(builder)
      .says(
          "the polynomial kernel's dL/dX, in double and in float, and the fused exact kernel's lie within "
          "their "
          "own proved bounds of the closed form",
          R"($\|\mathrm{fl}(\tilde g) - g\|_\infty \le \text{bound}_{\text{approximation}} + \text{bound}_{\text{rounding}}$)")
      .given([draw_loss](Draw& d) { return draw_kernel_case(d, draw_loss); })
      .where("the bounds are finite", has_bounds<Input>)
      .at_most("polynomial", error_in<&Case::fast>, bound_of<&Case::fast>)
      .of_output(output_of<&Case::fast>)
      .at_most("fused exact", error_in<&Case::exact>, bound_of<&Case::exact>)
      .of_output(output_of<&Case::exact>)
      .at_most("polynomial, float", error_in<&Case::in_float>, bound_of<&Case::in_float>)
      .of_output(output_of<&Case::in_float>)
      .twin("the rounding part alone", error_in<&Case::fast>,
            [](const Case& c) { return enclose(c.fast.bound_rounding.exact()); })
      .of_output(output_of<&Case::fast>)
      .sizes(60, 600, 6000);
}

/// In float, with degrees at which rounding is all there is.
template <class Input>
ClaimOf<GradientKernelCase<Input>> float_gradient_claim(ClaimBuilder builder, Input (*draw_loss)(Draw&)) {
  using Case = GradientKernelCase<Input>;
  return std::move(builder)
      .says(
          "with products with features, scores and weights in float and all other sums in double, the "
          "polynomial and the fused exact kernel's dL/dX lie within bounds that count the roundings of both "
          "types",
          R"($\gamma = (1+\gamma^{\mathrm{float}}_m)(1+\gamma^{\mathrm{double}}_M) - 1$)")
      .given([draw_loss](Draw& d) { return draw_kernel_case(d, draw_loss, 40); })
      .where("the bounds are finite", has_bounds<Input>)
      .at_most("polynomial, float", error_in<&Case::in_float>, bound_of<&Case::in_float>)
      .of_output(output_of<&Case::in_float>)
      .at_most("fused exact, float", error_in<&Case::exact_in_float>, bound_of<&Case::exact_in_float>)
      .of_output(output_of<&Case::exact_in_float>)
      .twin("polynomial: the bound with the roundoff of double for that of float", error_in<&Case::in_float>,
            bound_of<&Case::fast>)
      .of_output(output_of<&Case::in_float>)
      .sizes(60, 600, 6000);
}

}  // namespace attnbounds
