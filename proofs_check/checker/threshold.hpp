// The polynomial method's exponent at n tokens (docs/threshold.md), from a degree that suffices and one that
// is needed: kind threshold-point, and the lemmas about such points.
#pragma once

#include "lemmas.hpp"

namespace checker {

inline constexpr long kLargestOfAPoint = 100000;  // degree, dimension, half-width

/// Entries of size kappa (log n)^{1/p}, d = max(1, round(c log n)), relative error n^-C.
struct ThresholdPoint {
  long p = 2, factors_of_d = 0, d = 1;  // the features are C(d+g, g) d^factors_of_d
  long degree = 0, degree_needed = 0;
  Fraction half_width_ratio, c, C;  // kappa^p
  Ball log_n, X;                    // X = kappa^p log n
  Ball exponent(long g) const;      // 1 + log(features)/log n
};

/// Fields kind, problem (forward where there is none), n, kappa, c, C, d, degree, degree_needed, and the
/// proofs `upper` and `lower` of the two degrees. Errors: Malformed, Rejected, Undecided.
ThresholdPoint threshold_point_from(const Field& in);

}  // namespace checker
