// The epsilon-rank of an attention matrix P = D^{-1} A (n x m, rows sum to 1), in two senses:
//   every V    least rank of R with sum_j |R_ij - P_ij| <= eps for every row i: exactly what makes
//              |R V - P V| <= eps |V| for every V (largest entries), so no method R V does it with less;
//   relative   least rank of R with |R_ij - P_ij| <= eps P_ij: what polynomials of the scores give.
// Proved from the matrix itself, whatever found the factors U, S, V (a randomised range, floating point):
//   P^ is P in double, |P - P^| <= rho P^ entrywise;  e >= |P^ - U S V^T|_F, computed with its rounding
//   error; sigma_i(U S V^T) >= sqrt((1 - |U^T U - I|_F)(1 - |V^T V - I|_F)) S_i (Ostrowski), and Mirsky's
//   inequality gives, for the Frobenius distance to rank k (Eckart, Young),
//       tail_k(P) >= sqrt(...) (sum_{k < i <= K} S_i^2)^{1/2} - e - rho |P^|_F.
//   at least:  an R of rank k in the first sense has |P - R|_F <= eps sqrt(n), in the second <= eps |P|_F;
//   at most:   the errors of R = U_k S_k V_k^T, row by row or entry by entry, rounding included; or C(d+g,
//   g).
// Cost O(n m K), K the size of the factors, doubled until the rest is below eps/8 or K = min(n, m).
#pragma once

#include "attention/input.hpp"
#include "numeric/proved.hpp"
#include "numeric/random.hpp"

namespace attnbounds {

/// P^, and rho.
struct AttentionMatrix {
  Matrix<double> entries;
  UpperBound relative_error;
  UpperBound half_width;  // X of the scores after the free shift
};
/// Of matrix attention, and of tensor attention (n x m1 m2, column j1 m2 + j2).
AttentionMatrix attention_matrix(const AttentionInput& input);
AttentionMatrix attention_matrix(const TensorAttentionInput& input);

struct RankBounds {
  long at_least = 0, at_most = 0;
};
struct EpsilonRank {
  RankBounds every_v, relative;
  long factors = 0;  // K
};

/// `polynomial_dimension` is d: features of C(d+g, g) also bound the rank. eps in (0, 1).
EpsilonRank epsilon_rank(const AttentionMatrix& matrix, long polynomial_dimension, const Rational& epsilon,
                         Stream stream);

}  // namespace attnbounds
