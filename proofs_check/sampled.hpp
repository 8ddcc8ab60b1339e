// Claims that hold with a probability (Standing::statistical). An instance is a random experiment, repeated;
// its failures are counted, and the failure probability is compared by its Clopper-Pearson interval. The
// confidence of one interval is 1 - 10^-6, so a run of up to 100 instances is right on all of them at once
// with probability 1 - 10^-4 (union bound). The verdict of such a claim reads "statistical", never
// "verified".
#pragma once

#include "numeric/confidence.hpp"
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {

inline const Rational kSamplingConfidence = 1 - Rational(1, 1000000);

struct Experiment {
  long trials = 0, failures = 0;
  ConfidenceInterval failure_probability() const {
    return clopper_pearson(failures, trials, kSamplingConfidence);
  }
};

inline Json describe(const Experiment& e) {
  return {{"trials", e.trials}, {"failures", e.failures}, {"confidence", json_number(kSamplingConfidence)}};
}

/// Repeats `fails()`.
template <class Fails>
Experiment repeated(long trials, Fails fails) {
  Experiment e{trials, 0};
  for (long i = 0; i < trials; ++i) e.failures += fails() ? 1 : 0;
  return e;
}

}  // namespace attnbounds
