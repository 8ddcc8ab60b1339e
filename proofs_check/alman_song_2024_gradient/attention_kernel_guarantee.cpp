// The kernels of the gradients of <G, Att(Q, K, V)> by Q, K and V keep what they promise, masked or not: each
// of the three floating-point outputs of the polynomial method and of the fused exact kernel, in double and
// in float, lies within its own proved bound (docs/kernels_tensor_gradient.md, section 3) of an enclosure of
// the closed form. What is proved of doubles is not true of floats: the second claim's twin.
#include "kernels/device.hpp"
#include "kernels/gradient_attention.hpp"
#include "proofs_check/certificate/kernel_output.hpp"
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  AttentionInput in;
  Matrix<double> upstream;
  Mask mask = Mask::none;
  AttentionGradientResult fast, exact, in_float, exact_in_float;
};
Json describe(const Case& c) {
  return {{"q", json_matrix(c.in.q)},
          {"k", json_matrix(c.in.k)},
          {"v", json_matrix(c.in.v)},
          {"G", json_matrix(c.upstream)},
          {"mask", c.mask == Mask::causal ? "causal" : "none"},
          {"degree", c.fast.degree.value}};
}

bool has_bounds(const Case& c) { return c.fast.bound().is_finite() && c.exact.bound().is_finite(); }
bool has_float_bounds(const Case& c) {
  return has_bounds(c) && c.in_float.bound().is_finite() && c.exact_in_float.bound().is_finite();
}

/// At a random delta, 2^-bits at least.
Case draw_case(Draw& d, long bits, Arithmetic also) {
  for (;;) {
    Case c;
    c.mask = d.index % 2 == 0 ? Mask::none : Mask::causal;
    const long n = d.integer(1, 7), m = c.mask == Mask::causal ? n : d.integer(1, 7);
    const long width = d.integer(1, 2), columns = d.integer(1, 2);
    c.in = {d.matrix(n, width, 1), d.matrix(m, width, 2), d.matrix(m, columns, 2)};
    c.upstream = d.matrix(n, columns, 4);
    const Rational delta(1, 1L << d.integer(2, bits));
    try {
      c.fast = polynomial_attention_gradient(c.in, c.upstream, delta, c.mask, {1});
    } catch (const BudgetMissed&) {
      continue;
    }
    c.exact = exact_attention_gradient(c.in, c.upstream, c.mask, {1});
    if (also == Arithmetic::in_float) {
      const OnDevice in_float(Device::cpu, also);
      c.in_float = polynomial_attention_gradient(c.in, c.upstream, delta, c.mask, {1});
      c.exact_in_float = exact_attention_gradient(c.in, c.upstream, c.mask, {1});
    }
    if (also == Arithmetic::in_float ? has_float_bounds(c) : has_bounds(c)) return c;
  }
}

// One of the two results, one of its three outputs.
using Result = AttentionGradientResult Case::*;
using Output = BoundedGradient AttentionGradientResult::*;

Interval error(const Case& c, Result result, Output output) {
  const auto over = [](const Matrix<double>& m) { return matrix_from<Interval>(m); };
  const AttentionGradient<Interval> exact =
      attention_gradient(over(c.in.q), over(c.in.k), over(c.in.v), over(c.upstream), c.mask);
  const Matrix<Interval>& truth = output == &AttentionGradientResult::q   ? exact.q
                                  : output == &AttentionGradientResult::k ? exact.k
                                                                          : exact.v;
  return max_abs(Matrix<Interval>(over((c.*result.*output).gradient) - truth));
}

KernelOutput output_of_case(const Case& c, Result result, Output output) {
  const char* by = output == &AttentionGradientResult::q   ? "q"
                   : output == &AttentionGradientResult::k ? "k"
                                                           : "v";
  return output_by({c.in, c.upstream, by}, c.mask, c.*result.*output);
}

ClaimOf<Case> each_output(ClaimOf<Case> claim, Result polynomial, Result exact) {
  const std::pair<const char*, Result> results[] = {{"polynomial", polynomial}, {"fused exact", exact}};
  const std::pair<const char*, Output> outputs[] = {{", dQ", &AttentionGradientResult::q},
                                                    {", dK", &AttentionGradientResult::k},
                                                    {", dV", &AttentionGradientResult::v}};
  for (const auto& [method, result] : results)
    for (const auto& [output, of] : outputs)
      claim =
          std::move(claim)
              .at_most(
                  std::string(method) + output,
                  [result = result, of = of](const Case& c) { return error(c, result, of); },
                  [result = result, of = of](const Case& c) {
                    return enclose((c.*result.*of).bound().exact());
                  })
              .of_output([result = result, of = of](const Case& c) { return output_of_case(c, result, of); });
  return claim;
}

const Registration kernel_guarantee =
    each_output(
        claim("alman-song-2024-gradient/attention-kernel-guarantee", "ours, the kernels' own output",
              Standing::checked)
            .says(
                "the gradients by Q, K and V of the polynomial and of the fused exact kernel, with and "
                "without a "
                "causal mask, lie each within its own proved bound of the closed form",
                R"($\|\mathrm{fl}(\tilde\partial_M) - \partial_M\|_\infty \le \text{bound}_M,\ M \in \{Q, K, V\}$)")
            .given([](Draw& d) { return draw_case(d, 26, Arithmetic::in_double); })
            .where("the bounds are finite", has_bounds),
        &Case::fast, &Case::exact)
        .twin(
            "polynomial, dV: the rounding part alone",
            [](const Case& c) { return error(c, &Case::fast, &AttentionGradientResult::v); },
            [](const Case& c) { return enclose(c.fast.v.bound_rounding.exact()); })
        .of_output([](const Case& c) { return output_of_case(c, &Case::fast, &AttentionGradientResult::v); })
        .sizes(60, 600, 6000);

// With degrees at which rounding is all there is.
const Registration float_kernel_guarantee =
    each_output(
        claim("alman-song-2024-gradient/attention-float-kernel-guarantee", "ours, the kernels in float",
              Standing::checked)
            .says(
                "with products with features, scores and weights in float and all other sums in double, the "
                "gradients by Q, K and V of the polynomial and of the fused exact kernel lie each within a "
                "bound "
                "that counts the roundings of both types, with and without a causal mask",
                R"($\gamma = (1+\gamma^{\mathrm{float}}_m)(1+\gamma^{\mathrm{double}}_M) - 1$)")
            .given([](Draw& d) { return draw_case(d, 40, Arithmetic::in_float); })
            .where("the bounds are finite", has_float_bounds),
        &Case::in_float, &Case::exact_in_float)
        .twin(
            "polynomial, dV: the bound with the roundoff of double for that of float",
            [](const Case& c) { return error(c, &Case::in_float, &AttentionGradientResult::v); },
            [](const Case& c) { return enclose(c.fast.v.bound().exact()); })
        .of_output(
            [](const Case& c) { return output_of_case(c, &Case::in_float, &AttentionGradientResult::v); })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
