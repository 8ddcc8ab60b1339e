// The tensor kernels keep what they promise: the floating-point output of the factorised polynomial method,
// in double, in double-double and in float, and of the fused exact kernel, in double and in float, lies
// within its own proved bound (approximation and rounding, docs/kernels_tensor_gradient.md) of an enclosure
// of tensor attention. What is proved of doubles is not true of floats: the second claim's twin.
#include "attention/enclosure.hpp"
#include "kernels/device.hpp"
#include "kernels/kept.hpp"
#include "kernels/tensor_attention.hpp"
#include "proofs_check/attention_case.hpp"
#include "proofs_check/certificate/kernel_output.hpp"

namespace attnbounds {
namespace {

struct Case {
  TensorAttentionInput in;
  AttentionResult once, twice, exact;
  TensorAttentionInput square;  // as many keys as queries, for the mask
  AttentionResult causal, exact_causal;
  AttentionResult in_float, exact_in_float, causal_in_float, exact_causal_in_float;
};
Json describe(const Case& c) {
  return {{"q", json_matrix(c.in.q)},   {"k1", json_matrix(c.in.k1)}, {"k2", json_matrix(c.in.k2)},
          {"v1", json_matrix(c.in.v1)}, {"v2", json_matrix(c.in.v2)}, {"degree", c.once.degree.value}};
}

bool has_bounds(const Case& c) {
  return c.once.bound.is_finite() && c.twice.bound.is_finite() && c.exact.bound.is_finite() &&
         c.causal.bound.is_finite() && c.exact_causal.bound.is_finite() && c.in_float.bound.is_finite() &&
         c.exact_in_float.bound.is_finite() && c.causal_in_float.bound.is_finite() &&
         c.exact_causal_in_float.bound.is_finite();
}

Case draw(Draw& d) {
  const long n = d.integer(1, 3), m1 = d.integer(1, 6), m2 = d.integer(1, 6), width = d.integer(1, 3);
  const long outputs = d.integer(1, 2);
  for (;;) {
    Case c;
    c.in = {d.matrix(n, width, 1), d.matrix(m1, width, 2), d.matrix(m2, width, 2), d.matrix(m1, outputs, 3),
            d.matrix(m2, outputs, 3)};
    if (max_abs(c.in.v1) == 0 || max_abs(c.in.v2) == 0) continue;
    if (d.integer(0, 3) == 0)
      c.in.k1 = c.in.k1.cwiseAbs(), c.in.k2 = c.in.k2.cwiseAbs();  // the shift of pairs
    const TensorScores scores = tensor_scores(c.in);
    const auto polynomial =
        kept_exp_polynomial(scores.interval.half_width.exact(), Rational(1, 1L << d.integer(1, 30)), {40});
    if (!polynomial) continue;
    c.once = polynomial_tensor_attention(c.in, scores, *polynomial, {1});
    c.twice = polynomial_tensor_attention_twofold(c.in, scores, *polynomial, {1});
    c.exact = exact_tensor_attention(c.in, scores, Mask::none, {1});
    const long rows = std::min({n, m1, m2});
    c.square = c.in;
    for (Matrix<double>* m : {&c.square.q, &c.square.k1, &c.square.k2, &c.square.v1, &c.square.v2})
      *m = m->topRows(rows).eval();
    const TensorScores unshifted = tensor_scores(c.square, PairShift::none);
    const auto wider = kept_exp_polynomial(unshifted.interval.half_width.exact(), Rational(1, 1000), {60});
    if (!wider) continue;
    c.causal = polynomial_tensor_attention(c.square, unshifted, *wider, {1}, Mask::causal);
    c.exact_causal = exact_tensor_attention(c.square, unshifted, Mask::causal, {1});
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    c.in_float = polynomial_tensor_attention(c.in, scores, *polynomial, {1});
    c.exact_in_float = exact_tensor_attention(c.in, scores, Mask::none, {1});
    c.causal_in_float = polynomial_tensor_attention(c.square, unshifted, *wider, {1}, Mask::causal);
    c.exact_causal_in_float = exact_tensor_attention(c.square, unshifted, Mask::causal, {1});
    if (has_bounds(c)) return c;
  }
}

Interval error(const TensorAttentionInput& in, const AttentionResult& result, Mask mask) {
  const auto over = [](const Matrix<double>& m) { return matrix_from<Interval>(m); };
  const Matrix<Interval> exact =
      tensor_attention(over(in.q), over(in.k1), over(in.k2), over(in.v1), over(in.v2), mask);
  return max_abs(Matrix<Interval>(over(result.output) - exact));
}
/// Of the result that the member pointer names.
template <auto result>
constexpr auto error_in = [](const Case& c) { return error(c.in, c.*result, Mask::none); };
template <auto result>
constexpr auto causal_error_in = [](const Case& c) { return error(c.square, c.*result, Mask::causal); };
template <auto result>
constexpr auto causal_output_of = [](const Case& c) {
  return KernelOutput{c.square, c.*result, Mask::causal};
};

const Registration kernel_guarantee =
    claim("alman-song-2024-tensor/kernel-guarantee", "Theorem 1.5's algorithm, in floating point",
          Standing::checked)
        .says(
            "the double, causal, double-double, float and fused exact kernels' outputs lie within their own "
            "proved bounds of Att",
            R"($\|\mathrm{fl}(\widetilde{\mathrm{Att}}) - \mathrm{Att}\|_\infty \le \text{bound}_{\text{approximation}} + \text{bound}_{\text{rounding}}$)")
        .given(draw)
        .where("the bounds are finite", has_bounds)
        .at_most("polynomial, double", error_in<&Case::once>, bound_of<&Case::once>)
        .of_output(output_of<&Case::once>)
        .at_most("polynomial, double-double", error_in<&Case::twice>, bound_of<&Case::twice>)
        .of_output(output_of<&Case::twice>)
        .at_most("polynomial, causal", causal_error_in<&Case::causal>, bound_of<&Case::causal>)
        .of_output(causal_output_of<&Case::causal>)
        .at_most("fused exact", error_in<&Case::exact>, bound_of<&Case::exact>)
        .of_output(output_of<&Case::exact>)
        .at_most("fused exact, causal", causal_error_in<&Case::exact_causal>, bound_of<&Case::exact_causal>)
        .of_output(causal_output_of<&Case::exact_causal>)
        .at_most("polynomial, float", error_in<&Case::in_float>, bound_of<&Case::in_float>)
        .of_output(output_of<&Case::in_float>)
        .twin("the rounding part alone", error_in<&Case::once>,
              [](const Case& c) { return enclose(c.once.bound_rounding.exact()); })
        .of_output(output_of<&Case::once>)
        .sizes(60, 600, 6000);

const Registration float_kernel_guarantee =
    claim("alman-song-2024-tensor/float-kernel-guarantee", "Theorem 1.5's algorithm, in float",
          Standing::checked)
        .says(
            "with products with features, scores and weights in float and all other sums in double, the "
            "polynomial and the fused exact kernel's outputs lie within bounds that count the roundings of "
            "both types",
            R"($\gamma = (1+\gamma^{\mathrm{float}}_m)(1+\gamma^{\mathrm{double}}_M) - 1$)")
        .given(draw)
        .where("the bounds are finite", has_bounds)
        .at_most("polynomial", error_in<&Case::in_float>, bound_of<&Case::in_float>)
        .of_output(output_of<&Case::in_float>)
        .at_most("fused exact", error_in<&Case::exact_in_float>, bound_of<&Case::exact_in_float>)
        .of_output(output_of<&Case::exact_in_float>)
        .at_most("polynomial, causal", causal_error_in<&Case::causal_in_float>,
                 bound_of<&Case::causal_in_float>)
        .of_output(causal_output_of<&Case::causal_in_float>)
        .at_most("fused exact, causal", causal_error_in<&Case::exact_causal_in_float>,
                 bound_of<&Case::exact_causal_in_float>)
        .of_output(causal_output_of<&Case::exact_causal_in_float>)
        .twin("polynomial: the bound with the roundoff of double for that of float",
              error_in<&Case::in_float>, bound_of<&Case::once>)
        .of_output(output_of<&Case::in_float>)
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
