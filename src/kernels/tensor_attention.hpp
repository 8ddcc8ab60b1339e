// Tensor attention by monomial features (Alman, Song 2024, arXiv 2310.04064). The score of (q, k1, k2) is
// <q, k1 o k2>/d, and (k1 o k2)^a = k1^a k2^a, so every sum over the n^2 pairs is a product of two sums over
// n keys, monomial by monomial and column by column:
//   sum_{j1,j2} P(s_{i,j1,j2}) v1_{j1,c} v2_{j2,c} = sum_a w_a q_i^a (sum_j1 k1_j1^a v1_{j1,c}) (sum_j2
//   k2_j2^a v2_{j2,c}),
// with w_a = c_|a| (|a|!/a!) d^-|a|, r = C(d+g, g) monomials. A shift of the scores by q_i c/d is free:
// sum_{j1,j2} (k1 o k2 - c)^a is a binomial sum of the same products (shifted_moments).
// Under a causal mask row i sees the pairs j1, j2 <= i, and the same holds with prefix sums: a row adds one
// key to each side and multiplies them (kernels/cpu/pair_prefix.hpp); scores are not shifted then. Cost O((n
// + m1 + m2) r (d_v + 1)) operations, memory O(r d_v) a thread: nothing of size n but the output. Guarantee:
// (phi(delta) + zeta) |V1||V2| and rounding, docs/kernels_tensor_gradient.md. Same bytes for any number of
// threads.
#pragma once

#include "kernels/device.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "kernels/tensor_scores.hpp"

namespace attnbounds {

/// `polynomial` is a relative approximation of exp on at least [-X, X], X = scores.interval.half_width, with
/// double coefficients; a mask asks for tensor_scores(input, PairShift::none). The bound is infinite if
/// rounding or overflow leaves nothing proved. Errors: std::domain_error if the polynomial's interval or kind
/// does not fit; std::length_error (rank).
AttentionResult polynomial_tensor_attention(const TensorAttentionInput& input, const TensorScores& scores,
                                            const CertifiedPolynomial& polynomial,
                                            ThreadCount threads = all_cores(), Mask mask = Mask::none);

/// The same, without a mask, in double-double: about 40 times slower, for budgets that doubles cannot prove.
AttentionResult polynomial_tensor_attention_twofold(const TensorAttentionInput& input,
                                                    const TensorScores& scores,
                                                    const CertifiedPolynomial& polynomial,
                                                    ThreadCount threads = all_cores());

/// Fused exact tensor attention, O(n m1 m2 (d + d_v)), with its proved bound
/// (kernels/cpu/tensor_softmax.hpp). Same bytes for any number of threads.
AttentionResult exact_tensor_attention(const TensorAttentionInput& input, const TensorScores& scores,
                                       Mask mask = Mask::none, ThreadCount threads = all_cores());

/// What it computes in: on the CPU in float only for scores up to 40.
Arithmetic exact_tensor_arithmetic(const TensorScores& scores);

}  // namespace attnbounds
