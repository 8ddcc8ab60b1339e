// The free shift. Softmax ignores a common shift of a row's scores, so K may be replaced by K - 1 c^T for any
// c. With c_l the midpoint of the keys' box and w_l its half-width after the shift, every score of row i is
// within
//   X_i = min( sum_l |q_il| w_l / d   (Hoelder),   |q_i|_2 max_j |k_j - c|_2 / d   (Cauchy-Schwarz) );
// both bound sum_l |q_il| |k_jl - c_l| / d too, which is what rounding errors grow with. Cost O((n + m) d).
//
// The centre of row i's own scores is free too: a polynomial that is good on the row's interval after
// subtracting that centre would do. But low rank needs one polynomial for all rows, and the best shift of a
// row, linear in q_i, is what c already gives; a centre that is not linear in q_i would have to enter the
// features as one more variable, rank C(d+1+g, g) instead of C(d+g, g), for a half-width that is smaller by
// at most the skewness of the rows. Not used.
//
// After the shift, coordinate l of the keys is scaled by a power of two to at most 1 and that of the queries
// by its inverse. This is exact but for underflow, and keeps all features of keys at most 1.
// What is lost: |k'_jl - (k_jl - c_l) 2^-s| <= u |k'_jl| + 2^-1075, and 2^-1075 for an entry of Q'; so the
// scores of Q', K' differ from the (shifted) true ones by at most zeta_i = u X_i + 2^-1074 (sum_l |q'_il|/d +
// 1).
#pragma once

#include <vector>

#include "attention/input.hpp"
#include "numeric/parallel.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

struct ShiftedScores {
  Matrix<double> queries, keys;              // Q', K': the scores are <q'_i, k'_j>/d, in exact arithmetic
  std::vector<UpperBound> row_half_width;    // X_i >= sum_l |q'_il| |k'_jl| / d for all j
  std::vector<UpperBound> row_perturbation;  // zeta_i: how far these scores are from true ones less a shift
  UpperBound half_width;                     // X = max_i X_i
};

ShiftedScores shift_scores(const Matrix<double>& q, const Matrix<double>& k);

/// Encloses max_i (max_j s_ij - min_j s_ij)/2, s = Q K^T/d: the least half-width that shifts of rows can
/// give. Cost O(n m d). Errors: std::overflow_error if a score exceeds the range of a double.
Enclosure actual_half_width(const Matrix<double>& q, const Matrix<double>& k, Mask mask = Mask::none,
                            ThreadCount threads = all_cores());

}  // namespace attnbounds
