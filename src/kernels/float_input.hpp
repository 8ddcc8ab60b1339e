// Attention from doubles to doubles with the kernels in float: entries are shifted and scaled in double, as
// the double kernels do it, and rounded to float once. So values and scores of any size are kept, and each
// entry's rounding is one more of a term's (ScoreRange::rounded_before).
#pragma once

#include "kernels/result.hpp"
#include "kernels/score_range.hpp"

namespace attnbounds {

struct FloatInput {
  /// `range` is score_range(input.q, input.k).
  FloatInput(const AttentionInput& input, const ScoreRange<double>& range, ThreadCount threads);
  Matrix<float> q, k, v;
  ScoreRange<float> range;    // nothing is left to shift or scale
  ValueScale<double> values;  // v is rounded of those scaled down
  /// The kernel's output in the units of the input's values, and its bounds.
  BoundedOutput<double> in_units(const BoundedOutput<float>& scaled, UpperBound perturbation) const;
};

}  // namespace attnbounds
