// Bessel functions as enclosures, and the two sandwiches of the best error that they give, at any X and in
// O(max(g, X)) operations.
//   absolute:  max(sqrt(2 sum_{k>g} I_k^2), (pi/2) I_{g+1}) <= E_g <= 2 sum_{k>g} I_k          (I_k = I_k(X))
//   relative:  sqrt(2/(1 + |J_{2g+2}(2X)|)) J_{g+1}(X) <= E_g <= tanh(2 sum_{k>g} artanh a_k),  g+1 >= X,
// a_k the Verblunsky coefficients of the weight e^{-X cos theta}: a_k <= a_m J_k/J_m for k >= m >= X. Both
// halves of the second line are proved in docs/degree.md; the first is classical (Chebyshev coefficients
// 2 I_k of e^{Xt}). Ratios of consecutive Bessel functions come from their continued fractions, run backwards
// in intervals, where every operation contracts.
#pragma once

#include "polynomial/polynomial.hpp"

namespace attnbounds {

/// I_k(X), sum_{j>=k} I_j(X), sum_{j>=k} I_j(X)^2.
struct BesselTail {
  Interval value, sum, squares;
};
/// For k = first, ..., last. X > 0. Cost O(max(last, X)). Relative width about 2^-(working precision - 20).
std::vector<BesselTail> modified_bessel_tails(const Rational& X, long first, long last);

/// J_k(X) and sum_{j>=k} J_j(X) for orders k >= X > 0, where J_k is positive and decreasing in k.
/// Exact to the working precision while X <= 4096; beyond, the value at order m = ceil(X) is only enclosed
/// between 0.44 m^{-1/3} (X/m)^m and 0.4474 m^{-1/3} (Watson, 8.54: m^{1/3} J_m(m) increases to 0.44731),
/// and the ratios to it are exact.
struct BesselDecay {
  Interval value, sum;
  Interval from_turning_point;      // J_k / J_m, m = ceil(X)
  Interval sum_from_turning_point;  // sum_{j>=k} J_j / J_m
};
std::vector<BesselDecay> bessel_decay(const Rational& X, long first, long last);

/// Enclosure of the best error at degree g = first, ..., last from the sandwich. Relative error: needs
/// first + 1 >= X (std::domain_error otherwise).
std::vector<Interval> sandwich(const Rational& X, ErrorKind kind, Degree first, Degree last);

}  // namespace attnbounds
