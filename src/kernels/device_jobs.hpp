// What the device's kernels are given: the matrices of the CPU's plans, with the same shifts and scales. In
// float, entries are shifted and scaled in double as on the CPU and then rounded to float, once; that
// rounding is one of a term's as any other is, and is counted by `roundings_of_entries`.
#pragma once

#include <deque>

#include "attention/input.hpp"
#include "kernels/cuda/kernels.hpp"
#include "kernels/float_input.hpp"
#include "kernels/score_range.hpp"
#include "kernels/tensor_moments.hpp"
#include "kernels/tensor_scores.hpp"

namespace attnbounds {

struct GradientPlan;

/// Rows kept in T, as jobs point to them.
template <class T>
class KeptRows {
 public:
  cuda::Rowwise<T> keep(const std::vector<double>& rows, long columns) {
    kept_.emplace_back(rows.begin(), rows.end());  // what is kept stays where it is
    return {kept_.back().data(), static_cast<long>(kept_.back().size()) / columns, columns};
  }

 private:
  std::deque<std::vector<T>> kept_;
};

/// Matrix attention in float. The job's values are scaled and its outputs are not scaled back.
struct FloatAttention {
  FloatAttention(const AttentionInput& input, const ScoreRange<double>& range, Mask mask);
  FloatInput rounded;
  cuda::AttentionJob<float> job;
};

/// In double: it points into the input, which must outlive it.
struct DeviceTensorAttention {
  DeviceTensorAttention(const TensorAttentionInput& input, const TensorScores& scores);
  ValueScale<double> first, second;
  cuda::TensorJob<double> job;
  bool scales_in_range() const;  // the products of powers of two are normal numbers
};
/// In float, outputs not scaled back.
class FloatTensorAttention : KeptRows<float> {
 public:
  FloatTensorAttention(const TensorAttentionInput& input, const TensorScores& scores,
                       const ValueScale<double>& first, const ValueScale<double>& second);
  cuda::TensorJob<float> job;
};

/// dL/dX = entries times 2^exponent_of(column).
template <class T>
class DeviceGradient : KeptRows<T> {
 public:
  explicit DeviceGradient(const GradientPlan& plan);
  cuda::GradientJob<T> job;

 private:
  KeptRows<double> targets_;
};

}  // namespace attnbounds
