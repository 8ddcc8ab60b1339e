// Attention by the kernels of kernels/cuda/, on a GPU or emulated, with the guarantee of the CPU's: the same
// free shift, the same decomposition into approximation and rounding (docs/cuda.md).
#pragma once

#include "attention/input.hpp"
#include "kernels/cuda/monomials.hpp"
#include "kernels/device.hpp"
#include "kernels/result.hpp"
#include "kernels/tensor_moments.hpp"
#include "kernels/tensor_scores.hpp"

namespace attnbounds {

template <class T>
struct ScoreRange;

/// `device` is not the CPU. The bound is infinite where rounding or overflow leaves nothing proved.
template <class T>
BoundedOutput<T> exact_attention_on(Device device, const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                                    const ScoreRange<T>& range, Mask mask);
template <class T>
BoundedOutput<T> polynomial_attention_on(Device device, const Matrix<T>& q, const Matrix<T>& k,
                                         const Matrix<T>& v, const ScoreRange<T>& range,
                                         const CertifiedPolynomial& polynomial, Mask mask);

/// On the current device, in the current arithmetic (device.hpp), from doubles to doubles.
BoundedOutput<double> exact_attention_on_device(const AttentionInput& input, const ScoreRange<double>& range,
                                                Mask mask);
BoundedOutput<double> polynomial_attention_on_device(const AttentionInput& input,
                                                     const ScoreRange<double>& range,
                                                     const CertifiedPolynomial& polynomial, Mask mask);
/// No mask.
AttentionResult polynomial_tensor_attention_on_device(const TensorAttentionInput& input,
                                                      const TensorScores& scores,
                                                      const CertifiedPolynomial& polynomial);
/// Errors: std::length_error beyond cuda::most_exact_tensor_features features.
AttentionResult exact_tensor_attention_on_device(const TensorAttentionInput& input,
                                                 const TensorScores& scores, Mask mask);
struct GradientPlan;
/// The whole pipeline on the device: input goes up once, and N_i, D_i and the gradient come down
/// (device_gradient.cpp).
AttentionResult polynomial_gradient_on_device(const GradientPlan& plan,
                                              const CertifiedPolynomial& polynomial);

/// The two products with features of tensor_moments.hpp. Their terms pass through at most `moment_roundings`
/// and `evaluation_roundings` roundings, as there. Errors: std::length_error where the device needs more.
std::vector<double> moments_on(Device device, const Monomials& monomials, const Tokens& tokens);
class RowsOn {
 public:
  RowsOn(Device device, const Monomials& monomials, const std::vector<double>& table, Eigen::Index columns);
  std::vector<double> operator()(const std::vector<double>& variables) const;

 private:
  Device device_;
  Eigen::Index columns_;
  cuda::SplitMonomials split_;
  long degree_;
  std::vector<double> table_;
};

}  // namespace attnbounds
