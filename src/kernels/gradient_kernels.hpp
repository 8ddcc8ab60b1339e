// dL/dX of the matrix and the tensor loss, fast, with proved bounds (docs/kernels_tensor_gradient.md).
//   row i: f_i = softmax weights of keys (pairs of keys) j, h_j the values, c_i = f_i h - E_i,
//   dL/dX_{a,b} = (1/d) sum_i A1_ia sum_l c_il Cov_{f_i}(h_l, y_b),     y = A2, or A2 (x) A3.
// By monomial features (Alman, Song 2024, arXiv 2402.04497; Liang, Shi, Song, Zhou 2024, arXiv 2405.16411):
// with x_i = A1_i X and D_i = sum_j P(s_ij), the covariances are linear in the query's monomials once
//   gamma_i = (c_i, -<c_i, f_i h>)/D_i   is known, so
//   dL/dX_{a,b} = (1/d) sum_m w_m sum_l G_m[a,l] M_m[l,b],   G_m[a,l] = sum_i x_i^m A1_ia gamma_il,
//   M_m[l,b] = sum_j k_j^m [h_j, 1]_l y_jb,
// and M_m[l,b] = M_{m+e_b}[l] where keys are their own variables: moments of degree g+1 of 1 + d_v columns
// hold all of it. Three products with features, O((n + m) r (1 + d_v)(1 + d)) operations; for pairs M
// factors. Memory O(r (1 + d_v)(1 + d) + r (1 + d_v) d^2) a thread, independent of n.
// The variables of x are the columns of X that are not zero: d for the matrix loss, up to d^2 for pairs.
// Exactly: fused rows of softmax (kernels/cpu/tensor_softmax.hpp), O(n m (1 + d_v)(1 + d)) or with m2 m3.
// Same bytes for any number of threads.
#pragma once

#include <memory>

#include "kernels/device.hpp"
#include "kernels/gradient.hpp"

namespace attnbounds {

/// What both losses are to the kernels: pointers into the input, which must outlive it.
struct GradientSide {
  const Matrix<double>*keys, *values, *factor;  // A2 (A3), A3 (A4, A5), Y (Y1, Y2): h = values factor
};
struct GradientInput {
  const Matrix<double>*a1, *x, *e;
  std::vector<GradientSide> sides;
};
GradientInput gradient_input(const MatrixLossInput& input);
GradientInput gradient_input(const TensorLossInput& input);

/// Scales, shifts and sizes that are found in O((n + m) d (d + d_v)) before any exponential.
struct GradientPlan;
/// Errors: std::overflow_error if scores or values exceed the range of a double.
std::shared_ptr<const GradientPlan> gradient_plan(const GradientInput& input,
                                                  ThreadCount threads = all_cores());
UpperBound half_width(const GradientPlan& plan);
Eigen::Index variables(const GradientPlan& plan);  // of x
/// What |dL/dX~ - dL/dX| is about, per unit of delta: for choosing a polynomial, no bound.
Estimate bound_per_delta(const GradientPlan& plan);

/// `polynomial` is a relative approximation of exp on at least [-X, X], X the plan's half-width.
AttentionResult polynomial_gradient(const GradientPlan& plan, const CertifiedPolynomial& polynomial,
                                    ThreadCount threads = all_cores());
/// Fused; always on the CPU.
AttentionResult exact_gradient(const GradientPlan& plan, ThreadCount threads = all_cores());
/// What it computes in: in float only for scores up to 40 (pairs of keys) or 2^14.
Arithmetic exact_gradient_arithmetic(const GradientPlan& plan);

}  // namespace attnbounds
