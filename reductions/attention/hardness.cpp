#include "reductions/attention/hardness.hpp"

#include <stdexcept>

#include "reductions/gap_inner_product/finite_field.hpp"

namespace attnbounds {
namespace {

/// log T + 2 log R.
Interval separation(long arity, const Interval& log_n) { return (arity - 1) * log_n + 2 * log(Interval(3)); }

/// log n of an instance with n genuine keys and an anchor: log(n + 1) in log n + (0, 1/n).
Interval log_tokens(const Interval& log_n) { return log_n + hull(Interval(0), exp(-log_n)); }

}  // namespace

Interval direct_kappa(long arity, const Interval& log_n, long d) {
  if (d < 2) throw std::domain_error("an instance has a coordinate and a bias column");
  return exp(log(separation(arity, log_n) * d / log_tokens(log_n)) / arity);
}

std::optional<GapHardness> gap_kappa(long arity, const Interval& log_n, long dimension,
                                     const Rational& advice_exponent) {
  std::optional<GapHardness> best;
  for (long columns = 1; columns <= dimension; ++columns) {
    const long nodes = (dimension + columns - 1) / columns, degree = arity * (nodes - 1);
    if (columns > 1 && (dimension + columns - 2) / (columns - 1) == nodes) continue;  // fewer columns do
    const long least_field = std::max(columns, degree) + 1;
    long tried = 0;  // a larger field has a better gap and a larger dimension: a few primes are enough
    for (long q = least_field; tried < 3; ++q) {
      if (!is_prime(q)) continue;
      ++tried;
      const Interval log_q = log(Interval(q));
      if (!(upper(Interval((arity - 1) * (nodes - 1) * log_q)) <=
            lower(Interval(enclose(advice_exponent) * log_n))))
        continue;
      // d = q^{1 + (p-1) T'} + q: the bias needs at most q columns.
      const Interval log_d =
          (1 + (arity - 1) * columns) * log_q + log(1 + exp(-(arity - 1) * columns * log_q));
      const Interval log_kappa =
          (log(separation(arity, log_n) / log_tokens(log_n)) + log_d - log(Interval(q - degree))) / arity;
      if (!best || upper(log_kappa) < upper(best->log_kappa))
        best = GapHardness{nodes, columns, q, log_kappa, log_d};
    }
  }
  return best;
}

}  // namespace attnbounds
