// The rival in Arb: a Remez exchange in arf floating point, then both bounds proved in balls by the code of
// attnbounds-check. Written as one would who knows Arb and Remez: O(g^2) an exchange, monomial coefficients
// by divided differences, Horner, bracketed root finding once and Newton's method when near; Chebyshev
// extrema to start from. Monomials cost about 2.9 X + g bits beyond those of the error.
#pragma once

#include "proofs_check/checker/least_degree.hpp"

namespace attnbounds::bench {

struct ArbBestError {
  checker::Upper upper;
  checker::Lower lower;
  double error_lower = 0, error_upper = 0;  // proved, rounded outwards
  int exchanges = 0;
};

/// The best error of degree g >= 1 for exp on [-X, X], enclosed to relative width about 2^-40.
/// Errors: std::runtime_error if the exchange or the proof fails.
ArbBestError arb_best_error(long g, long half_width, checker::ErrorKind kind);

}  // namespace attnbounds::bench
