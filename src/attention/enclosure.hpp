// Enclosures of every entry of attention (exp weights) with a guaranteed width: the reference that everything
// else is measured against. Matrix attention in fixed point with a proved error (numeric/fixed_point.hpp),
// and in Interval arithmetic where that does not fit (scores of 2^58 and more, beyond 2048 bits) or as a
// second, independent way. Row by row; a row whose entries are too wide is evaluated again with more bits.
// Each row's scores are shifted by a number near their maximum, which leaves the exact value unchanged. Cost:
// n m (d + d_v + about 30) operations; n = m = 512, d = d_v = 8, 128 bits: 0.1 s on one core in fixed point,
// a second or two in intervals.
#pragma once

#include "attention/input.hpp"
#include "numeric/parallel.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

/// No entry is wider than `target_width` >= 0.
/// Errors: InputError (validate); std::domain_error for a negative width; std::runtime_error if 2^15 bits do
/// not reach it (a width of 0, when the values are not all 0).
Matrix<Interval> attention_enclosure(const AttentionInput& input, Mask mask, const Rational& target_width,
                                     ThreadCount threads = all_cores());
/// The same by Interval arithmetic alone.
Matrix<Interval> attention_enclosure_in_intervals(const AttentionInput& input, Mask mask,
                                                  const Rational& target_width,
                                                  ThreadCount threads = all_cores());
Matrix<Interval> tensor_attention_enclosure(const TensorAttentionInput& input, Mask mask,
                                            const Rational& target_width, ThreadCount threads = all_cores());

/// Encloses max_ij |approximation_ij - exact_ij|.
Enclosure largest_error(const Matrix<double>& approximation, const Matrix<Interval>& exact);

}  // namespace attnbounds
