// The methods of kernels.hpp with products on tensor cores, on a GPU.
#include "device_backend.cuh"
#include "methods.hpp"

namespace attnbounds::cuda::device {

Attended<float> mixed_attention(const AttentionJob<float>& job, const std::vector<double>& coefficients) {
  return run_polynomial<Device, OnTensorCores>(job, coefficients, {});
}
Attended<float> mixed_tensor_attention(const TensorJob<float>& job, const std::vector<double>& coefficients) {
  return run_tensor<Device, OnTensorCores>(job, coefficients, {});
}
Gradient mixed_gradient(const GradientJob<float>& job, const std::vector<double>& coefficients) {
  return run_gradient<Device, OnTensorCores>(job, coefficients, {});
}

}  // namespace attnbounds::cuda::device
