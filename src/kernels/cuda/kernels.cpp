// kernels.hpp: the emulator here, the GPU in device.cu.
#include "kernels.hpp"

#include "emulator.hpp"
#include "methods.hpp"
#include "mixed.hpp"

namespace attnbounds::cuda {

template <class T>
Attended<T> exact_attention(Where where, const AttentionJob<T>& job) {
  return where == Where::device ? device::exact_attention(job) : run_exact<Emulator>(job);
}
template <class T>
Attended<T> polynomial_attention(Where where, const AttentionJob<T>& job,
                                 const std::vector<double>& coefficients, const Tuning& tuning) {
  return where == Where::device ? device::polynomial_attention(job, coefficients, tuning)
                                : run_polynomial<Emulator>(job, coefficients, tuning);
}
Attended<float> mixed_attention(Where where, const AttentionJob<float>& job,
                                const std::vector<double>& coefficients) {
  return where == Where::device ? device::mixed_attention(job, coefficients)
                                : run_mixed<Emulator>(job, coefficients);
}
template <class T>
Attended<T> tensor_attention(Where where, const TensorJob<T>& job, const std::vector<double>& coefficients,
                             const Tuning& tuning) {
  return where == Where::device ? device::tensor_attention(job, coefficients, tuning)
                                : run_tensor<Emulator>(job, coefficients, tuning);
}
Gradient gradient(Where where, const GradientJob& job, const std::vector<double>& coefficients,
                  const Tuning& tuning) {
  return where == Where::device ? device::gradient(job, coefficients, tuning)
                                : run_gradient<Emulator>(job, coefficients, tuning);
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

template Attended<double> exact_attention(Where, const AttentionJob<double>&);
template Attended<float> exact_attention(Where, const AttentionJob<float>&);
template Attended<double> polynomial_attention(Where, const AttentionJob<double>&, const std::vector<double>&,
                                               const Tuning&);
template Attended<float> polynomial_attention(Where, const AttentionJob<float>&, const std::vector<double>&,
                                              const Tuning&);
template Attended<double> tensor_attention(Where, const TensorJob<double>&, const std::vector<double>&,
                                           const Tuning&);
template Attended<float> tensor_attention(Where, const TensorJob<float>&, const std::vector<double>&,
                                          const Tuning&);

}  // namespace attnbounds::cuda
