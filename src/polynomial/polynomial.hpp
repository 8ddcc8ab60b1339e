// Polynomials with exact coefficients, and what is known of them as approximations of exp on [-X, X].
//   relative error: sup |P(x) e^{-x} - 1|        absolute error: sup |P(x) - e^x|
#pragma once

#include <vector>

#include "numeric/proved.hpp"

namespace attnbounds {

struct Degree {
  long value = 0;
  auto operator<=>(const Degree&) const = default;
};

enum class ErrorKind { relative, absolute };
enum class ApproximationMethod { minimax, chebyshev, taylor };
const char* name(ErrorKind kind);
const char* name(ApproximationMethod method);

/// sum_t coefficients[t] x^t. The coefficients are exact.
struct Polynomial {
  std::vector<Rational> coefficients;

  Degree degree() const { return {static_cast<long>(coefficients.size()) - 1}; }

  /// Horner's rule in the scalar's arithmetic (an enclosure over intervals, exact over the rationals).
  template <class Scalar>
  Scalar operator()(const Scalar& x) const {
    Scalar value = scalar_from<Scalar>(0);
    for (auto c = coefficients.rbegin(); c != coefficients.rend(); ++c)
      value = value * x + scalar_from<Scalar>(*c);
    return value;
  }
};

/// A polynomial with a proved bound on its error as an approximation of exp on [-half_width, half_width].
struct CertifiedPolynomial {
  Polynomial polynomial;
  Rational half_width;
  ErrorKind kind = ErrorKind::relative;
  UpperBound error;  // relative and below 1: then P > 0 on the interval
};

}  // namespace attnbounds
