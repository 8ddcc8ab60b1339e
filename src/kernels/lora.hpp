// All six LoRA gradients in n^{1+o(1)}, with proved bounds (Hu, Su, Kuo, Song, Liu 2024, arXiv 2406.03136,
// Theorems 3.1 and A.1, whose chain of low-rank factors f~, c~, q~, p1~, p2~ is the one of the matrix loss's
// gradient, kernels/gradient_kernels.hpp). With W = W_Q W_K^T, G = dL/dW = X_Q^T p X_K/d and U = f X_V,
//   dL/dW_Q = G W_K,   dL/dW_K = G^T W_Q,   dL/dW_V = U^T (U W_V - Y),
// so one gradient and one attention by monomial features are all that depends on n; the rest are d x d
// products in intervals. Effective weights and products of them are rounded to doubles; docs/neighbours.md
// has what that moves. Cost O((n + m) r_g d^2), r_g = C(d+g, g): the adapters' rank r adds nothing.
#pragma once

#include "attention/lora.hpp"
#include "kernels/result.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

struct BoundedMatrix {
  Matrix<double> value;
  UpperBound bound = UpperBound::infinite();  // of every entry
};
struct BoundedAdapterGradient {
  BoundedMatrix b, a;
};
struct LoraGradientResult {
  BoundedAdapterGradient q, k, v;
  Degree degree;
  long rank = 0;
  UpperBound half_width;  // of the scores
};

/// Weights of relative error at most `delta`, 0 < delta < 1.
/// Errors: InputError; BudgetMissed if no polynomial of rank <= 2^20 has it; std::overflow_error.
LoraGradientResult polynomial_lora_gradient(const LoraLossInput& input, const Rational& delta,
                                            ThreadCount threads = all_cores());

}  // namespace attnbounds
