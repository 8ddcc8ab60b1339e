// Private cross-attention (arXiv 2407.14717): the noise of an answer is a weighted sum of independent Laplace
// variables. Chan, Shi, Song 2011, with L = log(2/p):
//     P[ |sum X_i| > sqrt(8 L) max(|b|_2, sqrt(L) max b_i) ] <= p.
// (E e^{t X} = 1/(1 - t^2 b^2) <= e^{2 t^2 b^2} for |t| b <= 1/sqrt 2, then Chernoff.) Sampled: the failures
// are counted, and p is compared with their Clopper-Pearson interval. A statistical claim.
#include "proofs_check/sampled.hpp"
#include "sampling/private_attention.hpp"

namespace attnbounds {
namespace {

constexpr long kTrials = 1000;

struct Case {
  std::vector<double> scales;
  Rational p;
  Experiment whole, quarter;  // failures of the bound, and of a quarter of it
  double median = 0;          // of |sum|/bound
};
Json describe(const Case& c) {
  Json j = describe(c.whole);
  j["scales"] = Json::array();
  for (const double b : c.scales) j["scales"].push_back(json_number(b));
  j["p"] = json_number(c.p);
  return j;
}

Case draw(Draw& d) {
  Case c;
  c.p = Rational(1, 20 * d.integer(1, 2));
  const long terms = d.integer(1, 20);
  const bool equal = d.index % 2 == 0;  // the nearest to normal; else anything, down to one scale
  for (long i = 0; i < terms; ++i) c.scales.push_back(equal ? 1.0 : std::exp2(-d.integer(0, 6)));
  const double bound = laplace_sum_bound(c.scales, nearest(c.p));
  std::vector<double> sums;
  for (long trial = 0; trial < kTrials; ++trial) {
    double sum = 0;
    for (const double b : c.scales) sum += b * laplace(d.stream);
    sums.push_back(std::fabs(sum) / bound);
  }
  std::sort(sums.begin(), sums.end());
  c.median = sums[kTrials / 2];
  const auto above = [&](double x) { return sums.end() - std::upper_bound(sums.begin(), sums.end(), x); };
  c.whole = {kTrials, above(1.0)};
  c.quarter = {kTrials, above(0.25)};
  return c;
}

const Registration laplace_sum =
    claim("liang-shi-song-zhou-2024-private/noise-of-a-sum",
          "tail of the additive noise (Chan, Shi, Song 2011)", Standing::statistical)
        .says(
            "a sum of independent Laplace variables of scales b exceeds sqrt(8 L) max(|b|, sqrt(L) max b), "
            "L = log(2/p), with probability at most p",
            R"($\Pr[|\sum X_i| > \sqrt{8L}\max(\|b\|_2, \sqrt{L}\,\|b\|_\infty)] \le p$, $L = \log(2/p)$)")
        .given(draw)
        .sizes(20, 100, 400)
        .at_most(
            "failure probability <= p", [](const Case& c) { return c.whole.failure_probability().limits(); },
            [](const Case& c) { return enclose(c.p); })
        .finds("median", "median of |sum|/bound: an estimate", Extreme::largest,
               [](const Case& c) { return enclose(c.median); })
        .twin(
            "a quarter of the bound", [](const Case& c) { return c.quarter.failure_probability().limits(); },
            [](const Case& c) { return enclose(c.p); });

}  // namespace
}  // namespace attnbounds
