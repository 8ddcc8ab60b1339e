// Ours: what polynomial attention promises when both products with features run on tensor cores
// (src/kernels/cuda/tensor_cores.hpp, mixed.hpp). Operands are TF32 halves of floats, the accumulator is
// float, and its sums are cut, not rounded, in groups of unknown sizes: (TC) counts at most 24 cuts of 2^-23
// a call. The claims run the measured model of these sums. Twins: that a call rounds its eight additions to
// nearest, and that the output's error is the approximation's alone.
#include "attention/enclosure.hpp"
#include "kernels/cuda/bounds.hpp"
#include "kernels/cuda/tensor_cores.hpp"
#include "kernels/score_range.hpp"
#include "kernels/tensor_moments.hpp"
#include "polynomial/exponential.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

// ---- one call

struct Call {
  float c = 0, a[8] = {}, b[8] = {};
};
Json describe(const Call& call) {
  Json pairs = Json::array();
  for (int k = 0; k < 8; ++k) pairs.push_back({exact_text(double(call.a[k])), exact_text(double(call.b[k]))});
  return {{"c", exact_text(double(call.c))}, {"products", pairs}};
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

// ---- attention

struct Case {
  Matrix<float> q, k, v;
  long degree = 1;
};
Json describe(const Case& c) {
  return {{"q", json_matrix(Matrix<double>(c.q.cast<double>()))},
          {"k", json_matrix(Matrix<double>(c.k.cast<double>()))},
          {"v", json_matrix(Matrix<double>(c.v.cast<double>()))},
          {"degree", c.degree}};
}
struct Output {
  Matrix<double> output;
  cuda::Bound bound;
};
Output output_of(const Case& c) {
  const ScoreRange<float> range = score_range(c.q, c.k, ThreadCount{1});
  const ValueScale<float> values = value_scale(c.v, ThreadCount{1});
  const Rational x = std::max(range.half_width.exact(), Rational(1) / (1L << 20));
  const CertifiedPolynomial polynomial = exp_polynomial_in_doubles({c.degree}, x);
  const cuda::CertifiedCoefficients certified{coefficients_in_doubles(polynomial.polynomial),
                                              round_down(polynomial.half_width), polynomial.error.value()};
  const cuda::AttentionJob<float> job{{c.q.data(), c.q.rows(), c.q.cols()},
                                      {c.k.data(), c.k.rows(), c.k.cols()},
                                      {c.v.data(), c.v.rows(), c.v.cols()},
                                      {range.centre, range.key_scale, range.query_scale},
                                      values.down,
                                      values.up,
                                      cuda::Masking::none};
  const auto result = cuda::mixed_attention(cuda::Where::emulated, job, certified.coefficients);
  return {Eigen::Map<const Matrix<float>>(result.output.data(), c.q.rows(), c.v.cols()).cast<double>(),
          cuda::polynomial_bound(
              result, certified,
              {range.half_width.value(), range.perturbation.value(), range.largest_query.value()},
              {values.largest.value(), values.scaled.value(), static_cast<double>(values.up)}, c.q.cols(),
              c.k.rows(), cuda::Masking::none)};
}
bool has_bound(const Case& c) {
  try {
    return std::isfinite(output_of(c).bound.total());
  } catch (const std::exception&) {
    return false;
  }
}
Case draw(Draw& d) {
  for (;;) {
    Case c;
    const long n = d.integer(1, 20), keys = d.integer(1, 70), width = d.integer(1, 3);
    const double bound = std::ldexp(1.0, static_cast<int>(d.integer(-2, 0)));
    c.q = d.stream.uniform_matrix(n, width, bound).cast<float>();
    c.k = d.stream.uniform_matrix(keys, width, bound).cast<float>();
    c.v = d.stream.uniform_matrix(keys, d.integer(1, 10), 1).cast<float>();
    if (d.index % 3 == 0) c.v.setConstant(1 - 0x1p-24F);  // nothing cancels: every cut counts
    c.degree = d.integer(1, 8);
    if (has_bound(c)) return c;
  }
}
Interval error(const Case& c) {
  return largest_error(output_of(c).output,
                       attention_enclosure({c.q.cast<double>(), c.k.cast<double>(), c.v.cast<double>()},
                                           Mask::none, dyadic(1, -60), ThreadCount{1}))
      .interval();
}

const Registration kernel =
    claim("alman-song-2023/mixed-kernel-guarantee", "ours, the mixed kernels' own output", Standing::checked)
        .says(
            "the output of polynomial attention with both products with features on tensor cores, by the "
            "model of "
            "their sums, is within approximation + rounding of exact attention",
            R"($\|\widehat{\mathrm{Att}} - \mathrm{Att}\|_\infty \le \varphi(\delta)\|V\|_\infty + \rho$)")
        .given(draw)
        .sizes(24, 150, 1500)
        .where("the polynomial has relative error below 1", has_bound)
        .at_most("error <= approximation + rounding", error,
                 [](const Case& c) { return enclose(output_of(c).bound.total()); })
        .twin("error <= approximation alone", error,
              [](const Case& c) { return enclose(output_of(c).bound.approximation); });

}  // namespace
}  // namespace attnbounds
