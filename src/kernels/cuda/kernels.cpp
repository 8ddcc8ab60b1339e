// kernels.hpp: the emulator here, the GPU in device.cu.
#include "kernels.hpp"

#include "emulator.hpp"
#include "methods.hpp"

namespace attnbounds::cuda {

template <class T>
Attended<T> exact_attention(Where where, const AttentionJob<T>& job) {
  return where == Where::device ? device::exact_attention(job) : run_exact<Emulator>(job);
}
template <class T>
Attended<T> exact_tensor_attention(Where where, const TensorJob<T>& job, Masking mask) {
  return where == Where::device ? device::exact_tensor_attention(job, mask)
                                : run_exact_tensor<Emulator>(job, mask);
}
template <class T>
Attended<T> polynomial_attention(Where where, const AttentionJob<T>& job,
                                 const std::vector<double>& coefficients, const Tuning& tuning) {
  return where == Where::device ? device::polynomial_attention(job, coefficients, tuning)
                                : run_polynomial<Emulator, Plain<T>>(job, coefficients, tuning);
}
template <class T>
Attended<T> tensor_attention(Where where, const TensorJob<T>& job, const std::vector<double>& coefficients,
                             const Tuning& tuning) {
  return where == Where::device ? device::tensor_attention(job, coefficients, tuning)
                                : run_tensor<Emulator, Plain<T>>(job, coefficients, tuning);
}
template <class T>
Gradient gradient(Where where, const GradientJob<T>& job, const std::vector<double>& coefficients,
                  const Tuning& tuning) {
  return where == Where::device ? device::gradient(job, coefficients, tuning)
                                : run_gradient<Emulator, Plain<T>>(job, coefficients, tuning);
}
Attended<float> mixed_attention(Where where, const AttentionJob<float>& job,
                                const std::vector<double>& coefficients) {
  return where == Where::device ? device::mixed_attention(job, coefficients)
                                : run_polynomial<Emulator, OnTensorCores>(job, coefficients, {});
}
Attended<float> mixed_tensor_attention(Where where, const TensorJob<float>& job,
                                       const std::vector<double>& coefficients) {
  return where == Where::device ? device::mixed_tensor_attention(job, coefficients)
                                : run_tensor<Emulator, OnTensorCores>(job, coefficients, {});
}
Gradient mixed_gradient(Where where, const GradientJob<float>& job, const std::vector<double>& coefficients) {
  return where == Where::device ? device::mixed_gradient(job, coefficients)
                                : run_gradient<Emulator, OnTensorCores>(job, coefficients, {});
}
Sums moments(Where where, const SplitMonomials& monomials, Rowwise<double> x, Rowwise<double> y,
             const Tuning& tuning) {
  return where == Where::device ? device::moments(monomials, x, y, tuning)
                                : run_moments<Emulator>(monomials, x, y, tuning);
}
Sums evaluate(Where where, const SplitMonomials& monomials, Rowwise<double> x,
              const std::vector<double>& table, long columns, const Tuning& tuning) {
  return where == Where::device ? device::evaluate(monomials, x, table, columns, tuning)
                                : run_evaluate<Emulator>(monomials, x, table, columns, tuning);
}

#define ATTNBOUNDS_METHODS(T)                                                                          \
  template Attended<T> exact_attention(Where, const AttentionJob<T>&);                                 \
  template Attended<T> exact_tensor_attention(Where, const TensorJob<T>&, Masking);                    \
  template Attended<T> polynomial_attention(Where, const AttentionJob<T>&, const std::vector<double>&, \
                                            const Tuning&);                                            \
  template Attended<T> tensor_attention(Where, const TensorJob<T>&, const std::vector<double>&,        \
                                        const Tuning&);                                                \
  template Gradient gradient(Where, const GradientJob<T>&, const std::vector<double>&, const Tuning&);
ATTNBOUNDS_METHODS(double)
ATTNBOUNDS_METHODS(float)

}  // namespace attnbounds::cuda
