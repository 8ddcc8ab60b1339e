// Ours: what the fast kernels promise of their own floating-point output,
//     max |output - Att| <= bound = bound_approximation + bound_rounding,
// for polynomial attention (no mask, causal) and for the fused exact kernel, in double and in float
// (docs/kernels.md). Scores may be shifted by much, keys may repeat, n and d may be 1. Two false twins: the
// promise without its rounding (refuted by a degree at which the polynomial is better than the arithmetic),
// and that of the exact kernel divided by 1000.
#include "attention/enclosure.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/polynomial_attention.hpp"
#include "polynomial/exponential.hpp"
#include "proofs_check/attention_case.hpp"
#include "proofs_check/certificate/kernel_output.hpp"

namespace attnbounds {
namespace {

enum class Arithmetic { in_double, in_float };

struct Case {
  Matrix<double> q, k, v;  // entries are floats in Arithmetic::in_float
  Mask mask = Mask::none;
  Arithmetic arithmetic = Arithmetic::in_double;
  long degree = 0;
};
Json describe(const Case& c) {
  return {{"q", json_matrix(c.q)},
          {"k", json_matrix(c.k)},
          {"v", json_matrix(c.v)},
          {"mask", c.mask == Mask::causal ? "causal" : "none"},
          {"type", c.arithmetic == Arithmetic::in_float ? "float32" : "float64"},
          {"degree", c.degree}};
}

Matrix<double> rounded(const Matrix<double>& m, Arithmetic arithmetic) {
  return arithmetic == Arithmetic::in_double ? m : Matrix<double>(m.cast<float>().cast<double>());
}

// Degrees from hopeless to far beyond the arithmetic's precision.
Case candidate(Draw& d) {
  Case c;
  c.mask = d.index % 2 == 0 ? Mask::none : Mask::causal;
  c.arithmetic = d.index % 4 < 2 ? Arithmetic::in_double : Arithmetic::in_float;
  const long n = d.index % 8 < 4 ? d.integer(1, 5) : d.integer(129, 160), width = d.integer(1, 3);
  const long keys = c.mask == Mask::causal ? n : d.integer(1, 40);
  const double bound = std::ldexp(1.0, static_cast<int>(d.integer(-2, 1)));
  c.q = d.stream.uniform_matrix(n, width, bound);
  c.k = d.stream.uniform_matrix(keys, width, bound);
  c.v = d.stream.uniform_matrix(keys, d.integer(1, 3), 1);
  switch (d.integer(0, 4)) {
    case 0:  // a large mean, which the shift removes
      c.k.array() += std::ldexp(1.0, static_cast<int>(d.integer(1, 12)));
      break;
    case 1:  // the same key everywhere
      c.k = c.k.row(0).replicate(keys, 1).eval();
      break;
    case 2:  // scores at the ends of the interval, values that cancel
      for (Eigen::Index j = 0; j < keys; ++j) {
        c.k.row(j).setConstant(j % 2 == 0 ? bound : -bound);
        c.v.row(j).setConstant(j % 2 == 0 ? 1 : -1);
      }
      break;
    default:
      break;
  }
  c.q = rounded(c.q, c.arithmetic);
  c.k = rounded(c.k, c.arithmetic);
  c.v = rounded(c.v, c.arithmetic);
  c.degree = d.integer(1, c.arithmetic == Arithmetic::in_float ? 8 : 14);
  return c;
}

/// A result in either type, exactly in double.
struct Output {
  Matrix<double> output;
  UpperBound approximation, rounding;
};
template <class T>
Output output_of(const BoundedOutput<T>& result) {
  return {Matrix<double>(result.output.template cast<double>()), result.bound_approximation,
          result.bound_rounding};
}

UpperBound not_too_small(UpperBound half_width) { return maximum(half_width, UpperBound::exactly(0x1p-20)); }
template <class T>
Output polynomial_output(const Case& c) {
  const Matrix<T> q = c.q.cast<T>(), k = c.k.cast<T>(), v = c.v.cast<T>();
  const ScoreRange<T> range = score_range(q, k, ThreadCount{1});
  const Rational x = not_too_small(range.half_width).exact();
  // The minimax polynomial where it exists below error 1, else nothing is promised.
  const PolynomialPlan plan(q.cols(), exp_polynomial_in_doubles({c.degree}, x));
  return output_of(polynomial_attention(q, k, v, range, plan, c.mask, ThreadCount{1}));
}
template <class T>
UpperBound half_width_of(const Case& c) {
  return not_too_small(score_range<T>(c.q.cast<T>(), c.k.cast<T>(), ThreadCount{1}).half_width);
}
template <class T>
Output exact_output(const Case& c) {
  return output_of(exact_attention<T>(c.q.cast<T>(), c.k.cast<T>(), c.v.cast<T>(), c.mask, ThreadCount{1}));
}
Output polynomial_of(const Case& c) {
  return c.arithmetic == Arithmetic::in_double ? polynomial_output<double>(c) : polynomial_output<float>(c);
}
Output exact_of(const Case& c) {
  return c.arithmetic == Arithmetic::in_double ? exact_output<double>(c) : exact_output<float>(c);
}

bool has_polynomial(const Case& c) {
  try {
    return polynomial_of(c).rounding.is_finite();
  } catch (const std::exception&) {
    return false;
  }
}

Interval error(const Case& c, const Output& result) {
  return largest_error(result.output,
                       attention_enclosure({c.q, c.k, c.v}, c.mask, dyadic(1, -90), ThreadCount{1}))
      .interval();
}
Interval polynomial_error(const Case& c) { return error(c, polynomial_of(c)); }
Interval exact_error(const Case& c) { return error(c, exact_of(c)); }
Interval polynomial_bound(const Case& c) {
  const Output result = polynomial_of(c);
  return enclose((result.approximation + result.rounding).exact());
}
Interval exact_bound(const Case& c) { return enclose(exact_of(c).rounding.exact()); }

// The same results as certificates name them.
KernelOutput certified(const Case& c, const Output& output, AttentionMethod method) {
  KernelOutput named{AttentionInput{c.q, c.k, c.v}, {}, c.mask};
  named.result.output = output.output;
  named.result.method = method;
  named.result.bound = output.approximation + output.rounding;
  return named;
}
KernelOutput certified_exact(const Case& c) { return certified(c, exact_of(c), AttentionMethod::exact); }
KernelOutput certified_polynomial(const Case& c) {
  KernelOutput named = certified(c, polynomial_of(c), AttentionMethod::polynomial);
  named.result.degree = {c.degree};
  named.result.half_width =
      c.arithmetic == Arithmetic::in_double ? half_width_of<double>(c) : half_width_of<float>(c);
  return named;
}

Case draw(Draw& d) {
  for (;;)
    if (Case c = candidate(d); has_polynomial(c)) return c;
}

const Registration kernel_guarantee =
    claim("alman-song-2023/kernel-guarantee", "ours, the kernels' own output", Standing::checked)
        .says(
            "the output of the polynomial kernels, masked or not, in double and in float, is within "
            "bound_approximation + bound_rounding of exact attention; that of the fused exact kernel within "
            "its "
            "bound_rounding",
            R"($\|\widehat{\mathrm{Att}} - \mathrm{Att}\|_\infty \le \varphi(\delta)\|V\|_\infty + \rho$)")
        .given(draw)
        .sizes(64, 400, 4000)
        .where("the polynomial has relative error below 1", has_polynomial)
        .at_most("polynomial: error <= approximation + rounding", polynomial_error, polynomial_bound)
        .of_output(certified_polynomial)
        .at_most("fused exact: error <= rounding", exact_error, exact_bound)
        .of_output(certified_exact)
        .twin("polynomial: error <= approximation alone", polynomial_error,
              [](const Case& c) { return enclose(polynomial_of(c).approximation.exact()); })
        .of_output(certified_polynomial);

const Registration exact_kernel =
    claim("alman-song-2023/fused-exact-kernel", "ours, the honest rival", Standing::checked)
        .says(
            "the bound of the fused exact kernel, (gamma_{d+1} X + zeta + 4 u + 2 gamma_66) max|V| and the "
            "quotient's "
            "roundings, holds",
            R"($\|\widehat{\mathrm{Att}} - \mathrm{Att}\|_\infty \le (\gamma_{d+1}X + \zeta + 4u + 2\gamma_{66})\|V\|_\infty + \ldots$)")
        .given(draw)
        .sizes(64, 400, 4000)
        .at_most("error <= bound", exact_error, exact_bound)
        .of_output(certified_exact)
        .twin("a 1000th of the bound", exact_error, [](const Case& c) { return exact_bound(c) / 1000; })
        .of_output(certified_exact);

}  // namespace
}  // namespace attnbounds
