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
// Where P is too large, some of its rows (a probe) still bound it from below: both senses speak of each row
// alone, so that the same rows of an R within eps of P are within eps of these rows of P, and
//   rank R >= rank of these rows of R >= the epsilon-rank of these rows of P.
// Which rows they are changes how good the bound is, never its truth. At most r with r rows.
// From above then only C(d+g, g), with the half-width of all scores, and min(n, m). Cost O(r m K), K <= r.
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

/// The same of the input's attention matrix, from below by `rows` of its rows, drawn by `stream` (all of them
/// if there are fewer). Errors: std::domain_error as attention_matrix.
EpsilonRank probed_epsilon_rank(const AttentionInput& input, const Rational& epsilon, long rows,
                                Stream stream);
EpsilonRank probed_epsilon_rank(const TensorAttentionInput& input, const Rational& epsilon, long rows,
                                Stream stream);

}  // namespace attnbounds
