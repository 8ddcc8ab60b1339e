// Approximations of exp: the one header that the rooms above include.
// Sources: Aggarwal, Alman 2022 (arXiv 2205.06249) for the degree; Remez exchange and de la Vallee Poussin
// for the minimax polynomial and its lower bound.
#pragma once

#include <optional>

#include "polynomial/polynomial.hpp"

namespace attnbounds {

/// The minimax polynomial of degree g for the relative error on [-X, X] with every coefficient rounded to a
/// double, and the certified relative error of the rounded polynomial. X >= 0. This is what kernels use.
/// Errors: std::domain_error if the certified error is not below 1.
CertifiedPolynomial exp_polynomial_in_doubles(Degree g, const Rational& half_width);

/// c T_g, T_g the Taylor section, with double coefficients and a certified relative error; attention does not
/// see the factor c, which is chosen so that the error is least (T_g e^{-x} has the derivative -x^g/g!
/// e^{-x}: it runs from 1 at 0 to its extremes at -X and X). The error is larger than the minimax
/// polynomial's at the ends of the interval and smaller near 0, where most scores are: the slope of 1 + x is
/// the best one for Gaussian scores. Errors: std::domain_error if the certified error is not below 1.
CertifiedPolynomial taylor_polynomial_in_doubles(Degree g, const Rational& half_width);

/// The least degree whose exp_polynomial_in_doubles has certified relative error <= delta, with it; nullopt
/// if none up to `limit` has (rounding of the coefficients puts a floor under the error, about e^{2X} 2^-53).
std::optional<CertifiedPolynomial> least_exp_polynomial_in_doubles(const Rational& half_width,
                                                                   const Rational& delta, Degree limit);

}  // namespace attnbounds
