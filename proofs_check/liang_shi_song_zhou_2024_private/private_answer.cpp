// Private cross-attention (arXiv 2407.14717), the error end to end, finite form ours. The moments M are
// published with Laplace noise of scale Delta/epsilon; the answer to q is N^/D^, the noisy numerator and
// denominator. With T_N, T_D the bounds of the noise of each at failure probability p/2 (laplace_sum.cpp),
//     |N^/D^ - Att| <= phi(delta) R_w + (T_N + R_w T_D)/(D~ - T_D)      with probability >= 1 - p,
// where D~ = sum_j P(score) > T_D and delta is the relative error of P on the scores. (The paper's additive
// error has 1/((1 - eps_s) n) for 1/D~: that takes scores >= 0; in general D~ >= (1 - delta) n e^{-R^2}.)
// Sampled, a statistical claim; the thresholds are floating-point values, far from where rounding matters.
#include "attention/attention.hpp"
#include "proofs_check/sampled.hpp"
#include "sampling/private_attention.hpp"

namespace attnbounds {
namespace {

constexpr long kTrials = 600;
const Rational kFailure(1, 20);

struct Case {
  long n = 0, width = 0, degree = 0;
  double epsilon = 0, error = 0, bound = 0;  // error: the median
  Experiment whole, twentieth;               // failures of the bound, and of a twentieth of it
};
Json describe(const Case& c) {
  Json j = describe(c.whole);
  j.update({{"n", c.n},
            {"d", c.width},
            {"degree", c.degree},
            {"epsilon", c.epsilon},
            {"median_error", c.error},
            {"bound", c.bound}});
  return j;
}

Polynomial taylor(long degree) {
  Polynomial p{{1}};
  for (long t = 1; t <= degree; ++t) p.coefficients.push_back(p.coefficients.back() / t);
  return p;
}

Case draw(Draw& d) {
  Case c;
  c.n = 1000 * d.integer(2, 8);
  c.width = d.integer(1, 2);
  c.degree = 2 * d.integer(1, 2);
  c.epsilon = std::exp2(d.integer(0, 3));
  const Matrix<double> q = d.stream.uniform_matrix(1, c.width, 1),
                       k = d.stream.uniform_matrix(c.n, c.width, 1), v = d.stream.uniform_matrix(c.n, 1, 1);
  const MonomialTree tree = monomial_tree(c.width, Degree{c.degree});
  const Polynomial p = taylor(c.degree);
  const std::vector<double> a =
      query_features(tree, p, std::vector<double>(q.row(0).begin(), q.row(0).end()));
  const Matrix<double> m = attention_moments(tree, k, v);
  const double scale = nearest(moment_sensitivity(tree, 1, 1, 1)) / c.epsilon;
  std::vector<double> scales;
  double numerator = 0, denominator = 0, delta = 0;
  for (Eigen::Index i = 0; i < tree.rank; ++i) {
    scales.push_back(std::fabs(a[i]) * scale);
    denominator += a[i] * m(i, 0);
    numerator += a[i] * m(i, 1);
  }
  for (long j = 0; j < c.n; ++j) {
    const double s = score(q, 0, k, j);
    delta = std::fmax(delta, std::fabs(p(s) * std::exp(-s) - 1));
  }
  const double exact = attention(q, k, v)(0, 0);
  const double T = laplace_sum_bound(scales, nearest(kFailure) / 2);
  c.bound = denominator > T ? 2 * delta / (1 + std::sqrt(1 - delta * delta)) + 2 * T / (denominator - T)
                            : std::numeric_limits<double>::infinity();
  std::vector<double> errors;
  for (long trial = 0; trial < kTrials; ++trial) {
    double noisy_numerator = numerator, noisy_denominator = denominator;
    for (const double b : scales) {
      noisy_denominator += b * laplace(d.stream);
      noisy_numerator += b * laplace(d.stream);
    }
    errors.push_back(std::fabs(noisy_numerator / noisy_denominator - exact));
  }
  std::sort(errors.begin(), errors.end());
  const auto above = [&](double x) {
    return errors.end() - std::upper_bound(errors.begin(), errors.end(), x);
  };
  c.error = errors[kTrials / 2];
  c.whole = {kTrials, above(c.bound)};
  c.twentieth = {kTrials, above(c.bound / 20)};
  return c;
}

const Registration private_answer =
    claim("liang-shi-song-zhou-2024-private/answer",
          "error of the private answer (Theorem of the abstract), finite form ours", Standing::statistical)
        .says(
            "the private answer is within phi(delta) R_w + (T_N + R_w T_D)/(D~ - T_D) of attention with "
            "probability at least 1 - p",
            R"($\Pr[\,|\hat N/\hat D - \mathrm{Att}| > \varphi(\delta) R_w + \frac{T_N + R_w T_D}{\widetilde D - T_D}\,] \le p$)")
        .given(draw)
        .sizes(20, 60, 200)
        .at_most(
            "failure probability <= 1/20",
            [](const Case& c) { return c.whole.failure_probability().limits(); },
            [](const Case&) { return enclose(kFailure); })
        .finds("median", "median error/bound: an estimate", Extreme::largest,
               [](const Case& c) { return enclose(std::isfinite(c.bound) ? c.error / c.bound : 0.0); })
        .twin(
            "a twentieth of the bound",
            [](const Case& c) { return c.twentieth.failure_probability().limits(); },
            [](const Case&) { return enclose(kFailure); });

}  // namespace
}  // namespace attnbounds
