// Each method of kernels.hpp on one backend: upload, run, download.
#pragma once

#include "exact_tensor.hpp"
#include "gradient.hpp"
#include "mixed.hpp"

namespace attnbounds::cuda {

template <class Backend, class T>
Attended<T> run_exact(const AttentionJob<T>& job) {
  return result_of<Backend, ExactAttention<Backend, T>>(job);
}
template <class Backend, class T>
Attended<T> run_exact_tensor(const TensorJob<T>& job, Masking mask) {
  return result_of<Backend, ExactTensorAttention<Backend, T>>(job, mask);
}
template <class Backend, class Products>
Attended<typename Products::Number> run_polynomial(const AttentionJob<typename Products::Number>& job,
                                                   const std::vector<double>& coefficients,
                                                   const Tuning& tuning) {
  return result_of<Backend, PolynomialAttention<Backend, Products>>(job, coefficients, tuning);
}
template <class Backend, class Products>
Attended<typename Products::Number> run_tensor(const TensorJob<typename Products::Number>& job,
                                               const std::vector<double>& coefficients,
                                               const Tuning& tuning) {
  return result_of<Backend, TensorAttention<Backend, Products>>(job, coefficients, tuning);
}
template <class Backend, class Products>
Gradient run_gradient(const GradientJob<typename Products::Number>& job,
                      const std::vector<double>& coefficients, const Tuning& tuning) {
  return result_of<Backend, GradientOfLoss<Backend, Products>>(job, coefficients, tuning);
}
template <class Backend>
Sums run_moments(const SplitMonomials& monomials, Rowwise<double> x, Rowwise<double> y,
                 const Tuning& tuning) {
  Backend backend;
  const PlanOnDevice<Backend> plan(backend, monomials);
  const RowsOnDevice<Backend, double> rows(backend, "tokens", x, {}, {});
  const auto columns = backend.upload("columns", std::vector<double>(y.data, y.data + y.rows * y.columns));
  const ColumnPairs<typename Backend::Memory, double> pairs{Backend::in(columns), {}, y.columns, 1, 0, 1, 1};
  MomentSums<Backend, Plain<double>> sums(backend, monomials, rows.rows, pairs, tuning, Masking::none);
  sums.run(backend, plan.plan, rows.rows, pairs);
  sums.run_raw(backend);
  return {backend.download(sums.sums), sums.roundings(monomials)};
}
template <class Backend>
Sums run_evaluate(const SplitMonomials& monomials, Rowwise<double> x, const std::vector<double>& table,
                  long columns, const Tuning& tuning) {
  Backend backend;
  const PlanOnDevice<Backend> plan(backend, monomials);
  const RowsOnDevice<Backend, double> rows(backend, "tokens", x, {}, {});
  const auto weighted = backend.upload("table", table);
  const auto sums = backend.template make<double>("row sums", x.rows * columns);
  RowsTask<typename Backend::Memory, double> task;
  task.queries = rows.rows;
  task.table = Backend::in(weighted);
  task.columns = columns;
  task.sums = sums;
  launch_rows(backend, plan.plan, task, tuning);
  return {backend.download(sums), Plain<double>::of_rows(monomials)};
}

/// kernels.hpp on the GPU: device.cu and device_mixed.cu, or without_device.cpp in a build without CUDA.
namespace device {
template <class T>
Attended<T> exact_attention(const AttentionJob<T>& job);
template <class T>
Attended<T> exact_tensor_attention(const TensorJob<T>& job, Masking mask);
template <class T>
Attended<T> polynomial_attention(const AttentionJob<T>& job, const std::vector<double>& coefficients,
                                 const Tuning& tuning);
template <class T>
Attended<T> tensor_attention(const TensorJob<T>& job, const std::vector<double>& coefficients,
                             const Tuning& tuning);
template <class T>
Gradient gradient(const GradientJob<T>& job, const std::vector<double>& coefficients, const Tuning& tuning);
Attended<float> mixed_attention(const AttentionJob<float>& job, const std::vector<double>& coefficients);
Attended<float> mixed_tensor_attention(const TensorJob<float>& job, const std::vector<double>& coefficients);
Gradient mixed_gradient(const GradientJob<float>& job, const std::vector<double>& coefficients);
Sums moments(const SplitMonomials& monomials, Rowwise<double> x, Rowwise<double> y, const Tuning& tuning);
Sums evaluate(const SplitMonomials& monomials, Rowwise<double> x, const std::vector<double>& table,
              long columns, const Tuning& tuning);
}  // namespace device

}  // namespace attnbounds::cuda

/// The templates above, defined for T where this stands.
#define ATTNBOUNDS_DEVICE_METHODS(T)                                                                     \
  template Attended<T> exact_attention(const AttentionJob<T>&);                                          \
  template Attended<T> exact_tensor_attention(const TensorJob<T>&, Masking);                             \
  template Attended<T> polynomial_attention(const AttentionJob<T>&, const std::vector<double>&,          \
                                            const Tuning&);                                              \
  template Attended<T> tensor_attention(const TensorJob<T>&, const std::vector<double>&, const Tuning&); \
  template Gradient gradient(const GradientJob<T>&, const std::vector<double>&, const Tuning&);
