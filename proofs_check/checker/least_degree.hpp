// Errors of polynomials as approximations of exp on [-X, X]: the kinds polynomial-error, best-error and
// least-degree (docs/certificates.md).
#pragma once

#include <optional>

#include "proof.hpp"

namespace checker {

inline constexpr long kLargestDegree = 20000;
inline constexpr long kLargestHalfWidth = 16000;

enum class ErrorKind { relative, absolute };

/// A polynomial in t = x/X and brackets [t_i - radius, t_i + radius] for the critical points of its error.
struct Upper {
  std::string place;
  long degree = 0;
  std::vector<Dyadic> coefficients, critical_points;
  Dyadic radius;
};

/// degree + 2 points whose alternation bounds from below the error of every polynomial of that degree.
struct Lower {
  std::string place;
  long degree = 0;
  std::vector<Dyadic> points;
};

// Errors: Malformed.
Upper upper_from(const Field& field);
Lower lower_from(const Field& field);
ErrorKind error_kind_from(const Field& field);
Fraction half_width_from(const Field& field);
Fraction positive_from(const Field& field);

/// Counts, order and place of the points, exactly. Errors: Rejected.
void check_shape(const Upper& upper, long degree);
void check_shape(const Lower& lower, long degree);

/// At the current working_bits, for degrees and counts that fit: a ball whose every member is at least the
/// polynomial's error, and one whose every member is at most the best error. Errors: Rejected, Undecided.
Ball upper_bound(const Upper& upper, ErrorKind kind, const Ball& X);
Ball lower_bound(const Lower& lower, ErrorKind kind, const Ball& X);

/// A degree, a polynomial of that degree with error at most epsilon, points that deny it to one less.
struct LeastDegree {
  ErrorKind kind = ErrorKind::relative;
  Fraction half_width, epsilon;
  long degree = 0;
  Upper upper;
  std::optional<Lower> lower;  // none at degree 0
};
/// Fields half_width, epsilon, degree, upper, lower; the shapes are checked. Errors: Malformed, Rejected.
LeastDegree least_degree_from(const Field& field, ErrorKind kind);
/// The proof at the current working_bits: the polynomial's error, and what the points prove of one degree
/// less. Errors: Rejected, Undecided.
std::pair<Ball, Ball> require_least(const LeastDegree& claimed);

/// Where to start, and about how many operations a bound takes.
slong bits_for(const Fraction& half_width);
double operations_of_degree(long degree);

}  // namespace checker
