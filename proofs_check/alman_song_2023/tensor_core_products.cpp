// Ours: what polynomial attention promises when both products with features run on tensor cores
// (src/kernels/cuda/tensor_cores.hpp, mixed.hpp). Operands are TF32 halves of floats, the accumulator is
// float, and its sums are cut, not rounded, in groups of unknown sizes: (TC) counts at most 24 cuts of 2^-23
// a call. The claims run the measured model of these sums; the last one is the float kernels' own. Twins:
// that a call rounds its eight additions to nearest, and that the output's error is the approximation's
// alone.
#include "attention/enclosure.hpp"
#include "kernels/cuda/tensor_cores.hpp"
#include "kernels/device.hpp"
#include "kernels/polynomial_attention.hpp"
#include "kernels/score_range.hpp"
#include "kernels/tensor_attention.hpp"
#include "polynomial/exponential.hpp"
#include "proofs_check/attention_case.hpp"
#include "proofs_check/kernel_case.hpp"

namespace attnbounds {
namespace {

// ---- one call

struct Call {
  float c = 0, a[8] = {}, b[8] = {};
};
Json describe(const Call& call) {
  Json pairs = Json::array();
  for (int k = 0; k < 8; ++k) pairs.push_back({exact_text(double(call.a[k])), exact_text(double(call.b[k]))});
  return {{"c", exact_text(double(call.c))},
          {"products", pairs},
          {"sum", exact_text(double(cuda::cut_sum(call.c, call.a, call.b)))}};
}
Call draw_call(Draw& d) {
  Call call;
  const long spread = d.integer(1, 30);
  const auto number = [&] {
    return static_cast<float>(
        std::ldexp(d.stream.uniform_matrix(1, 1, 1)(0, 0), -static_cast<int>(d.integer(0, spread))));
  };
  call.c = number();
  for (int k = 0; k < 8; ++k) call.a[k] = cuda::tf32(number()), call.b[k] = cuda::tf32(number());
  if (d.index % 4 == 0) {  // products just below the last place that C keeps
    call.c = 1;
    for (int k = 0; k < 8; ++k)
      call.a[k] = cuda::tf32(1 - 0x1p-11F), call.b[k] = cuda::tf32(0x1p-23F * (1 - 0x1p-11F));
  }
  return call;
}
Rational exactly(float x) { return to_rational(static_cast<double>(x)); }
Rational call_error(const Call& call) {
  Rational exact = exactly(call.c);
  for (int k = 0; k < 8; ++k) exact += exactly(call.a[k]) * exactly(call.b[k]);
  return abs(Rational(exactly(cuda::cut_sum(call.c, call.a, call.b)) - exact));
}
Rational absolute_sum(const Call& call) {
  Rational sum = abs(exactly(call.c));
  for (int k = 0; k < 8; ++k) sum += abs(Rational(exactly(call.a[k]) * exactly(call.b[k])));
  return sum;
}

const Registration product =
    claim("alman-song-2023/tensor-core-product", "ours, the accumulator of the mixed kernels",
          Standing::checked)
        .says(
            "a tensor-core call with TF32 operands and a float accumulator that aligns and cuts its addends "
            "is within "
            "24 cuts of 2^-23 of the absolute sum",
            R"($|D - (C + AB)| \le 24\cdot 2^{-23}(|C| + |A||B|)$)")
        .given(draw_call)
        .sizes(400, 4000, 40000)
        .at_most("error <= 24 cuts", call_error,
                 [](const Call& call) { return Rational(24 * absolute_sum(call) * to_rational(cuda::cut)); })
        .twin("eight roundings to nearest", call_error,
              [](const Call& call) { return Rational(8 * absolute_sum(call) * to_rational(0x1p-24)); });

// ---- attention and gradients: one draw, in one of four kinds

enum class Kind { matrix, causal, tensor, gradient };

struct Case {
  Kind kind = Kind::matrix;
  AttentionInput attention;
  TensorAttentionInput tensor;
  MatrixLossInput loss;
  AttentionResult result;
};
Json describe(const Case& c) {
  Json json = c.kind == Kind::gradient ? json_loss(c.loss)
              : c.kind == Kind::tensor ? Json{{"q", json_matrix(c.tensor.q)},
                                              {"k1", json_matrix(c.tensor.k1)},
                                              {"k2", json_matrix(c.tensor.k2)},
                                              {"v1", json_matrix(c.tensor.v1)},
                                              {"v2", json_matrix(c.tensor.v2)}}
                                       : Json{{"q", json_matrix(c.attention.q)},
                                              {"k", json_matrix(c.attention.k)},
                                              {"v", json_matrix(c.attention.v)}};
  json["kind"] = c.kind == Kind::gradient ? "gradient"
                 : c.kind == Kind::tensor ? "tensor"
                 : c.kind == Kind::causal ? "causal"
                                          : "matrix";
  json["degree"] = c.result.degree.value;
  return json;
}

Matrix<double> values(Draw& d, long rows, long columns) {
  if (d.index % 3 == 0) return Matrix<double>::Constant(rows, columns, 1 - 0x1p-24);  // nothing cancels
  return d.stream.uniform_matrix(rows, columns, 1);
}
CertifiedPolynomial polynomial_on(UpperBound half_width, long degree) {
  return exp_polynomial_in_doubles({degree}, std::max(half_width.exact(), Rational(1, 1L << 20)));
}
/// Where some degree is no approximation at all, the next draw.
AttentionResult run(Draw& d, Case& c) {
  const long n = d.integer(1, 20), keys = c.kind == Kind::causal ? n : d.integer(1, 70),
             width = d.integer(1, 3), columns = d.integer(1, 10), degree = d.integer(1, 8);
  const double bound = std::ldexp(1.0, static_cast<int>(d.integer(-2, 0)));
  const auto matrix = [&](long rows, long count) { return d.stream.uniform_matrix(rows, count, bound); };
  if (c.kind == Kind::gradient) {
    const long of_values = std::min(columns, 4L);
    c.loss = {matrix(n, width),     matrix(keys, width),      values(d, keys, width),
              matrix(width, width), matrix(width, of_values), matrix(n, of_values)};
    const auto plan = gradient_plan(gradient_input(c.loss), {1});
    return polynomial_gradient(*plan, polynomial_on(half_width(*plan), degree), {1});
  }
  if (c.kind == Kind::tensor) {
    const long seconds = d.integer(1, 40);
    c.tensor = {matrix(n, width), matrix(keys, width), matrix(seconds, width), values(d, keys, columns),
                values(d, seconds, columns)};
    const TensorScores scores = tensor_scores(c.tensor);
    return polynomial_tensor_attention(c.tensor, scores, polynomial_on(scores.interval.half_width, degree),
                                       {1});
  }
  c.attention = {matrix(n, width), matrix(keys, width), values(d, keys, columns)};
  const ScoreRange<double> range = score_range(c.attention.q, c.attention.k, ThreadCount{1});
  return polynomial_attention(c.attention, range, polynomial_on(range.half_width, degree),
                              c.kind == Kind::causal ? Mask::causal : Mask::none, {1});
}
bool has_bound(const Case& c) { return c.result.bound.is_finite(); }
template <Arithmetic arithmetic>
Case draw(Draw& d) {
  const OnDevice emulated(Device::emulated, arithmetic);
  for (;;) {
    Case c;
    c.kind = static_cast<Kind>(d.integer(0, 3));
    try {
      c.result = run(d, c);
    } catch (const std::runtime_error&) {
      continue;
    }
    if (has_bound(c)) return c;
  }
}
Interval error(const Case& c) {
  const Rational narrow = dyadic(1, -60);
  const Matrix<Interval> exact =
      c.kind == Kind::gradient ? loss_gradient(loss_over<Interval>(c.loss)).x
      : c.kind == Kind::tensor
          ? tensor_attention_enclosure(c.tensor, Mask::none, narrow, ThreadCount{1})
          : attention_enclosure(c.attention, c.kind == Kind::causal ? Mask::causal : Mask::none, narrow,
                                ThreadCount{1});
  return largest_error(c.result.output, exact).interval();
}

KernelOutput output(const Case& c) {
  if (c.kind == Kind::gradient) return {c.loss, c.result};
  if (c.kind == Kind::tensor) return {c.tensor, c.result};
  return {c.attention, c.result, c.kind == Kind::causal ? Mask::causal : Mask::none};
}

Registration guarantee(ClaimBuilder builder, Case (*draw_case)(Draw&)) {
  return std::move(builder)
      .given(draw_case)
      .sizes(40, 300, 3000)
      .where("the bound is finite", has_bound)
      .at_most("error <= approximation + rounding", error,
               [](const Case& c) { return enclose(c.result.bound.exact()); })
      .of_output(output)
      .twin("error <= approximation alone", error,
            [](const Case& c) { return enclose(c.result.bound_approximation.exact()); })
      .of_output(output);
}

const Registration mixed_kernels = guarantee(
    claim("alman-song-2023/mixed-kernel-guarantee", "ours, the mixed kernels' own output", Standing::checked)
        .says(
            "the outputs of polynomial attention, causal or not, of tensor attention and of the matrix loss' "
            "dL/dX with both products with features on tensor cores, by the model of their sums, are within "
            "approximation + rounding of the exact ones",
            R"($\|\widehat{\mathrm{Att}} - \mathrm{Att}\|_\infty \le \varphi(\delta)\|V\|_\infty + \rho$)"),
    draw<Arithmetic::mixed>);
const Registration float_kernels = guarantee(
    claim("alman-song-2023/float-kernel-guarantee", "ours, the device's kernels in float", Standing::checked)
        .says(
            "the same with products with features in float and sums of tiles in double: the bound counts the "
            "roundings of both types that a term passes through",
            R"($\gamma = (1+\gamma^{\mathrm{float}}_m)(1+\gamma^{\mathrm{double}}_M) - 1$)"),
    draw<Arithmetic::in_float>);

}  // namespace
}  // namespace attnbounds
