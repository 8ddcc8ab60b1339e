// kernels.hpp on a GPU.
#include "device_backend.cuh"
#include "methods.hpp"

namespace attnbounds::cuda {

bool device_present() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}
std::string device_description() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0)
    return std::string("no CUDA device is visible: ") +
           (status != cudaSuccess ? cudaGetErrorString(status) : "none is installed");
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  return properties.name;
}

namespace device {
template <class T>
Attended<T> exact_attention(const AttentionJob<T>& job) {
  return run_exact<Device>(job);
}
template <class T>
Attended<T> polynomial_attention(const AttentionJob<T>& job, const std::vector<double>& coefficients,
                                 const Tuning& tuning) {
  return run_polynomial<Device, Plain<T>>(job, coefficients, tuning);
}
template <class T>
Attended<T> tensor_attention(const TensorJob<T>& job, const std::vector<double>& coefficients,
                             const Tuning& tuning) {
  return run_tensor<Device, Plain<T>>(job, coefficients, tuning);
}
template <class T>
Attended<T> exact_tensor_attention(const TensorJob<T>& job, Masking mask) {
  return run_exact_tensor<Device>(job, mask);
}
template <class T>
Gradient gradient(const GradientJob<T>& job, const std::vector<double>& coefficients, const Tuning& tuning) {
  return run_gradient<Device, Plain<T>>(job, coefficients, tuning);
}
Sums moments(const SplitMonomials& monomials, Rowwise<double> x, Rowwise<double> y, const Tuning& tuning) {
  return run_moments<Device>(monomials, x, y, tuning);
}
Sums evaluate(const SplitMonomials& monomials, Rowwise<double> x, const std::vector<double>& table,
              long columns, const Tuning& tuning) {
  return run_evaluate<Device>(monomials, x, table, columns, tuning);
}

ATTNBOUNDS_DEVICE_METHODS(double)
ATTNBOUNDS_DEVICE_METHODS(float)
}  // namespace device

}  // namespace attnbounds::cuda
