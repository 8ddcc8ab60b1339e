// A build without CUDA: there is no GPU to be had.
#if !defined(ATTNBOUNDS_CUDA)
#include "methods.hpp"

namespace attnbounds::cuda {
namespace {
[[noreturn]] void refuse() { throw std::runtime_error("this build has no CUDA"); }
}  // namespace

bool device_present() { return false; }
std::string device_description() { return "this build has no CUDA"; }

namespace device {
template <class T>
Attended<T> exact_attention(const AttentionJob<T>&) {
  refuse();
}
template <class T>
Attended<T> polynomial_attention(const AttentionJob<T>&, const std::vector<double>&, const Tuning&) {
  refuse();
}
template <class T>
Attended<T> tensor_attention(const TensorJob<T>&, const std::vector<double>&, const Tuning&) {
  refuse();
}
template <class T>
Attended<T> exact_tensor_attention(const TensorJob<T>&, Masking) {
  refuse();
}
template <class T>
Gradient gradient(const GradientJob<T>&, const std::vector<double>&, const Tuning&) {
  refuse();
}
Attended<float> mixed_attention(const AttentionJob<float>&, const std::vector<double>&) { refuse(); }
Attended<float> mixed_tensor_attention(const TensorJob<float>&, const std::vector<double>&) { refuse(); }
Gradient mixed_gradient(const GradientJob<float>&, const std::vector<double>&) { refuse(); }
Sums moments(const SplitMonomials&, Rowwise<double>, Rowwise<double>, const Tuning&) { refuse(); }
Sums evaluate(const SplitMonomials&, Rowwise<double>, const std::vector<double>&, long, const Tuning&) {
  refuse();
}

ATTNBOUNDS_DEVICE_METHODS(double)
ATTNBOUNDS_DEVICE_METHODS(float)
}  // namespace device

}  // namespace attnbounds::cuda
#endif
