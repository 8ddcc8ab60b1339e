// Exact attention with a guarantee. Two ways:
//   in double: softmax shifted by the row's maximum, threaded, bound proved a posteriori (docs/rounding.md):
//     (gamma_{d+1} X_i + zeta_i + u max_j |s_ij - max s_i| + 9 u + 2 gamma_{2p} + u) |V| and underflow,
//     p = 65 + ceil(m/64) roundings of a sum, exp with relative error 8 u (kernels/cpu/softmax_rows.hpp);
//   in intervals: the midpoints of enclosures of width 2^-bits |V|, bound their radius and one rounding.
// Cost O(n m (d + d_v)); tensor attention O(n m1 m2 (d + d_v)), in intervals only.
#pragma once

#include "attention/input.hpp"
#include "kernels/result.hpp"
#include "kernels/score_interval.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

/// `scores` are shift_scores(input.q, input.k). Same bytes for any number of threads.
AttentionResult exact_attention(const AttentionInput& input, const ShiftedScores& scores,
                                Mask mask = Mask::none, ThreadCount threads = all_cores());

/// The doubles nearest to the midpoints, and the largest distance to the far end of an enclosure.
AttentionResult attention_from_enclosures(const Matrix<Interval>& exact);

}  // namespace attnbounds
