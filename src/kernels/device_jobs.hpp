// What the device's kernels are given for tensor attention and for gradients: the matrices of the CPU's
// plans, with the same shifts and scales.
#pragma once

#include "attention/input.hpp"
#include "kernels/cuda/kernels.hpp"
#include "kernels/score_range.hpp"
#include "kernels/tensor_scores.hpp"

namespace attnbounds {

struct GradientPlan;

/// It points into the input, which must outlive it.
struct DeviceTensorAttention {
  DeviceTensorAttention(const TensorAttentionInput& input, const TensorScores& scores);
  ValueScale<double> first, second;
  cuda::TensorJob<double> job;
  bool scales_in_range() const;  // the products of powers of two are normal numbers
};

/// dL/dX = entries times 2^exponent_of(column).
class DeviceGradient {
 public:
  explicit DeviceGradient(const GradientPlan& plan);
  cuda::GradientJob job;

 private:
  cuda::Rowwise<double> keep(std::vector<double> rows, long columns);
  std::vector<std::vector<double>> kept_;
};

}  // namespace attnbounds
