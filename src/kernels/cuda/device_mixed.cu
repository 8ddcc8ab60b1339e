// mixed_attention of kernels.hpp on a GPU.
#include "device_backend.cuh"
#include "mixed.hpp"

namespace attnbounds::cuda::device {

Attended<float> mixed_attention(const AttentionJob<float>& job, const std::vector<double>& coefficients) {
  return run_mixed<Device>(job, coefficients);
}

}  // namespace attnbounds::cuda::device
