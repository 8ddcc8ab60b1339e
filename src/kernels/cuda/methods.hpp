// Each method of kernels.hpp on one backend: upload, run, download.
#pragma once

#include "gradient.hpp"

namespace attnbounds::cuda {

template <class Backend, class T>
Attended<T> run_exact(const AttentionJob<T>& job) {
  return result_of<Backend, ExactAttention<Backend, T>>(job);
}
template <class Backend, class T>
Attended<T> run_polynomial(const AttentionJob<T>& job, const std::vector<double>& coefficients,
                           const Tuning& tuning) {
  return result_of<Backend, PolynomialAttention<Backend, T>>(job, coefficients, tuning);
}
template <class Backend, class T>
Attended<T> run_tensor(const TensorJob<T>& job, const std::vector<double>& coefficients,
                       const Tuning& tuning) {
  return result_of<Backend, TensorAttention<Backend, T>>(job, coefficients, tuning);
}
template <class Backend>
Gradient run_gradient(const GradientJob& job, const std::vector<double>& coefficients, const Tuning& tuning) {
  return result_of<Backend, GradientOfLoss<Backend>>(job, coefficients, tuning);
}
template <class Backend>
Sums run_moments(const SplitMonomials& monomials, Rowwise<double> x, Rowwise<double> y,
                 const Tuning& tuning) {
  Backend backend;
  const PlanOnDevice<Backend> plan(backend, monomials);
  const RowsOnDevice<Backend, double> rows(backend, "tokens", x, {}, {});
  const auto columns = backend.upload("columns", std::vector<double>(y.data, y.data + y.rows * y.columns));
  const ColumnPairs<typename Backend::Memory, double> pairs{Backend::in(columns), {}, y.columns, 1, 0, 1, 1};
  MomentSums<Backend, double> sums(backend, monomials, rows.rows, pairs, tuning, Masking::none);
  sums.run(backend, plan.plan, rows.rows, pairs);
  sums.run_raw(backend);
  return {backend.download(sums.sums), moment_roundings(monomials, sums.shape)};
}
template <class Backend>
Sums run_evaluate(const SplitMonomials& monomials, Rowwise<double> x, const std::vector<double>& table,
                  long columns, const Tuning& tuning) {
  Backend backend;
  const PlanOnDevice<Backend> plan(backend, monomials);
  const RowsOnDevice<Backend, double> rows(backend, "tokens", x, {}, {});
  const auto weighted = backend.upload("table", table);
  const auto sums = backend.template make<double>("row sums", x.rows * columns);
  launch_rows<Backend, double>(backend, plan, columns, x.rows, x.columns, tuning, Masking::none,
                               [&](auto& program) {
                                 program.queries = rows.rows;
                                 program.table = Backend::in(weighted);
                                 program.sums = sums;
                               });
  return {backend.download(sums), row_roundings(monomials)};
}

/// On the GPU: device.cu, or without_device.cpp in a build without CUDA.
namespace device {
template <class T>
Attended<T> exact_attention(const AttentionJob<T>& job);
template <class T>
Attended<T> polynomial_attention(const AttentionJob<T>& job, const std::vector<double>& coefficients,
                                 const Tuning& tuning);
template <class T>
Attended<T> tensor_attention(const TensorJob<T>& job, const std::vector<double>& coefficients,
                             const Tuning& tuning);
Gradient gradient(const GradientJob& job, const std::vector<double>& coefficients, const Tuning& tuning);
Sums moments(const SplitMonomials& monomials, Rowwise<double> x, Rowwise<double> y, const Tuning& tuning);
Sums evaluate(const SplitMonomials& monomials, Rowwise<double> x, const std::vector<double>& table,
              long columns, const Tuning& tuning);
}  // namespace device

}  // namespace attnbounds::cuda

/// The templates above, defined for T where this stands.
#define ATTNBOUNDS_DEVICE_METHODS(T)                                                            \
  template Attended<T> exact_attention(const AttentionJob<T>&);                                 \
  template Attended<T> polynomial_attention(const AttentionJob<T>&, const std::vector<double>&, \
                                            const Tuning&);                                     \
  template Attended<T> tensor_attention(const TensorJob<T>&, const std::vector<double>&, const Tuning&);
