// Exact attention with a guarantee. Two ways:
//   fused, in double or float: scores, exp and weighted sums tile by tile (kernels/cpu/score_rows.hpp),
//   online
//     softmax, threaded; the honest rival of the fast kernels. Its proved bound (docs/kernels.md, section 3):
//     (gamma_{d+1} X + zeta + 4 u + 2 gamma_{66}) |V| and the roundings of the quotient and of the output,
//     about (d X + 140) u |V|, whatever n is;
//   in intervals: the midpoints of enclosures of width 2^-bits |V|, bound their radius and one rounding.
// Cost O(n m (d + d_v)), memory O(d + d_v) a thread; tensor attention O(n m1 m2 (d + d_v)), in intervals
// only.
#pragma once

#include "attention/input.hpp"
#include "kernels/result.hpp"
#include "kernels/score_range.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

/// Same bytes for any number of threads, on every processor. The bound is infinite if scores exceed 2^40
/// (2^14).
template <class T>
BoundedOutput<T> exact_attention(const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                                 Mask mask = Mask::none, ThreadCount threads = all_cores());

/// From doubles to doubles, where and in which arithmetic kernels/device.hpp says. `range` is
/// score_range(input.q, input.k).
AttentionResult exact_attention(const AttentionInput& input, const ScoreRange<double>& range,
                                Mask mask = Mask::none, ThreadCount threads = all_cores());

/// Rows [first, last) alone (a benchmark's sample).
template <class T>
BoundedOutput<T> exact_attention_rows(const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                                      const ScoreRange<T>& range, Mask mask, long first, long last,
                                      ThreadCount threads);

/// The doubles nearest to the midpoints, and the largest distance to the far end of an enclosure.
AttentionResult attention_from_enclosures(const Matrix<Interval>& exact);

}  // namespace attnbounds
