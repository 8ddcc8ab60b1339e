// The polynomial method's exponent at n tokens and its limit (docs/threshold.md): kinds threshold-point and
// threshold-limit, and the lemmas about them.
#pragma once

#include "../claims/lemmas.hpp"

namespace checker {

inline constexpr long kLargestOfAPoint = 100000;  // degree, dimension, half-width

/// Entries of size kappa (log n)^{1/p}, d = c log n, relative error n^-C.
struct ThresholdParameters {
  long p = 2;
  Fraction half_width_ratio, c, C;  // kappa^p
};
/// Fields kind, c, C. Errors of all: Malformed, Rejected, Undecided.
ThresholdParameters threshold_parameters_from(const Field& in, const Field& kappa);

struct ThresholdPoint : ThresholdParameters {
  long factors_of_d = 0, d = 1;  // the features are C(d+g, g) d^factors_of_d, d = max(1, round(c log n))
  long degree = 0, degree_needed = 0;
  Ball log_n, X;                // X = kappa^p log n
  Ball exponent(long g) const;  // 1 + log(features)/log n
  Ball log_inverse_error() const { return Ball(C) * log_n; }
};
/// Fields kind, problem (forward where there is none), n, c, C; and d, degree, degree_needed with the proofs
/// `upper` and `lower` of the two degrees.
ThresholdPoint threshold_point_from(const Field& in, const Field& kappa, const Field& degrees);

/// At least the best relative error at the degree on [-X, X], and at most: by a polynomial on a wider
/// interval, points of a narrower one, or "bessel".
Ball error_of(const Field& upper, long degree, const Ball& X);
Ball least_error_of(const Field& lower, long degree, const Ball& X);

/// F(n, X) = n arcosh(n/X) - (n^2 - X^2)^{1/2}, n >= X > 0, and
/// H(c, gamma) = gamma log(1 + c/gamma) + c log(1 + gamma/c), c, gamma > 0.
Ball debye_rate(const Ball& n, const Ball& X);
Ball entropy_rate(const Ball& c, const Ball& gamma);

/// 1 + H(c, gamma), gamma between `lower` and `upper` of `ratio`: proved of F(gamma, kappa^p) = C.
Ball limit_exponent(const Field& ratio, const ThresholdParameters& t);

}  // namespace checker
