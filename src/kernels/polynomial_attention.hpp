// Matrix attention by monomial features (Alman, Song 2023, in the sharp form of docs/rounding.md):
//   Att~ = D~^-1 U1 (U2^T V), D~ = diag(U1 (U2^T 1)), U1 U2^T = P(Q K^T/d), rank r = C(d+g, g),
// |P(x) - e^x| <= delta e^x on the scores after the free shift  =>  |Att~ - Att| <= phi(delta) |V|.
// Cost: O((n + m) r (d_v + 1)) operations, O(r (d_v + 32)) memory a thread; features are streamed.
// Same bytes for any number of threads.
#pragma once

#include "attention/input.hpp"
#include "kernels/result.hpp"
#include "kernels/score_interval.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

/// `scores` are shift_scores(input.q, input.k); `polynomial` is a relative approximation of exp on at least
/// [-scores.half_width, scores.half_width], coefficients doubles. The bound is infinite if rounding or
/// overflow leaves nothing proved. Errors: std::domain_error if the polynomial's interval or kind does not
/// fit; std::length_error (rank).
AttentionResult polynomial_attention(const AttentionInput& input, const ShiftedScores& scores,
                                     const CertifiedPolynomial& polynomial,
                                     ThreadCount threads = all_cores());

}  // namespace attnbounds
