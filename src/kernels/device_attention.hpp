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
AttentionResult polynomial_tensor_attention_on(Device device, const TensorAttentionInput& input,
                                               const TensorScores& scores,
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
