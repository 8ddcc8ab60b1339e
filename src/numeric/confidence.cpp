#include "numeric/confidence.hpp"

#include <stdexcept>

namespace attnbounds {
namespace {

constexpr long kSteps = 24;

/// P[Bin(m, p) <= k] for 0 < p < 1.
Interval lower_tail(long k, long m, const Rational& p) {
  const Interval success = enclose(p), failure = enclose(Rational(1 - p));
  const Interval odds = success / failure;
  Interval term = pow(failure, static_cast<int>(m)), sum = term;
  for (long i = 0; i < k; ++i) {
    term = term * odds * enclose(Rational(m - i, i + 1));
    sum += term;
  }
  return sum;
}

/// The least multiple of 2^-24 that is certainly above inf {p : P[Bin(m, p) <= k] <= tail}; the tail falls as
/// p grows.
Rational upper_limit(long k, long m, const Rational& tail) {
  if (k == m) return 1;
  const WorkingPrecision guard(Bits{160});
  const Interval limit = enclose(tail);
  long low = 0, high = 1L << kSteps;  // not enough, enough
  while (high - low > 1) {
    const long middle = (low + high) / 2;
    if (upper(lower_tail(k, m, Rational(middle, 1L << kSteps))) <= lower(limit)) high = middle;
    else low = middle;
  }
  return Rational(high, 1L << kSteps);
}

}  // namespace

ConfidenceInterval clopper_pearson(long successes, long trials, const Rational& confidence) {
  if (trials <= 0 || successes < 0 || successes > trials || confidence <= 0 || confidence >= 1)
    throw std::invalid_argument("Clopper-Pearson: 0 <= successes <= trials, trials > 0, 0 < confidence < 1");
  const Rational tail = (1 - confidence) / 2;
  return {1 - upper_limit(trials - successes, trials, tail), upper_limit(successes, trials, tail),
          confidence};
}

}  // namespace attnbounds
