// The least degree of a polynomial that approximates exp on [-X, X] to a given error (Aggarwal, Alman 2022),
// proved from both sides: a polynomial of degree g achieves epsilon, and none of degree g-1 does (minimax);
// or, for the Taylor and Chebyshev sections, the first section that does. At large X, a window from the
// Bessel sandwich.
#pragma once

#include <optional>

#include "polynomial/certify.hpp"

namespace attnbounds {

/// Neither side could be proved within the precision allowed: exit status 3.
class Undecided : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct LeastDegree {
  Degree degree;                        // proved to suffice
  Degree proved_needed;                 // proved to be needed; equal to `degree` except in a sandwich
  std::optional<Interval> error;        // the (best) error at `degree`
  std::optional<Interval> error_below;  // at degree - 1; none at degree 0
  std::optional<BestError> at, below;   // the minimax certificates
};

/// X >= 0, epsilon > 0. Errors: std::domain_error for other X or epsilon; Undecided when epsilon is within
/// 2^-150 (relatively) of a best error, or so near 1 that the exchange does not settle.
LeastDegree least_degree(const Rational& half_width, const Rational& epsilon, ErrorKind kind);

/// The first Taylor section sum_{k<=g} x^k/k! within epsilon. Its error is known in closed form: it is
/// attained at x = X (absolute), at x = -X or X (relative: the error's derivative vanishes at x = 0 only).
LeastDegree least_taylor_degree(const Rational& half_width, const Rational& epsilon, ErrorKind kind);

/// The first Chebyshev section I_0 + 2 sum_{k<=g} I_k T_k within epsilon. Absolute: the error 2 sum_{k>g} I_k
/// is attained at x = X. Relative: it is at least the error at x = -X, and its sup norm is proved as a
/// minimax polynomial's is.
LeastDegree least_chebyshev_degree(const Rational& half_width, const Rational& epsilon, ErrorKind kind);

/// The window that the Bessel sandwich gives, for any X up to 10^8. In the relative case degrees below X - 1
/// are not examined (the window then starts at LB1 of docs/degree.md).
LeastDegree least_degree_window(const Rational& half_width, const Rational& epsilon, ErrorKind kind);

/// The degree at which the model 2 J_{g+1}(X), 2 I_{g+1}(X) of the best error meets epsilon (relative: not
/// below X - 1, where the model ends). An estimate.
Degree estimated_degree(const Rational& half_width, const Rational& epsilon, ErrorKind kind);

/// What the theorem promises: max{X, L/log(max(L/X, e))}, L = log(1/epsilon), in its relative form on [-X,
/// X]. For the absolute error L = X + log(1/epsilon): epsilon is compared with the largest value e^X.
Estimate degree_formula(const Rational& half_width, const Rational& epsilon, ErrorKind kind);

/// Theorem U (docs/degree.md): a degree at which the Taylor section has relative error <= epsilon < 1,
/// explicit.
Degree explicit_taylor_degree(const Rational& half_width, const Rational& epsilon);

}  // namespace attnbounds
