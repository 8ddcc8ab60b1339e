// What sampling can say. A ConfidenceInterval contains the probability it is about with probability at least
// `confidence` over the samples: its limits are proved numbers, but that the probability lies between them is
// not. So it converts to no Interval and no Enclosure; who compares its limits has to ask for them by name,
// and a claim that does is of standing `statistical` and never verified.
#pragma once

#include "numeric/scalars.hpp"

namespace attnbounds {

class ConfidenceInterval {
 public:
  ConfidenceInterval(Rational lower, Rational upper, Rational confidence)
      : lower_(std::move(lower)), upper_(std::move(upper)), confidence_(std::move(confidence)) {}
  const Rational& lower_limit() const { return lower_; }
  const Rational& upper_limit() const { return upper_; }
  const Rational& confidence() const { return confidence_; }
  /// For a comparison `sampled <= bound`: supported if both limits are below it, refuted if both are above.
  Interval limits() const { return hull(enclose(lower_), enclose(upper_)); }

 private:
  Rational lower_, upper_, confidence_;
};

/// Clopper, Pearson 1934 (Biometrika 26): the two-sided interval for the success probability p of `trials`
/// independent trials, `successes` of which succeeded. Valid for every p and every number of trials:
///   upper = inf {p : P[Bin(m, p) <= k] <= alpha/2},  lower = sup {p : P[Bin(m, p) >= k] <= alpha/2},
/// alpha = 1 - confidence, both moved outwards to a multiple of 2^-24, proved by interval sums of the tails.
/// Cost O(24 m). Errors: std::invalid_argument unless 0 <= successes <= trials, trials > 0, 0 < confidence <
/// 1.
ConfidenceInterval clopper_pearson(long successes, long trials, const Rational& confidence);

}  // namespace attnbounds
