// The gradients of <G, Att(Q, K, V)> by Q, K and V in n^{1+o(1)}: what training needs of a head. With f the
// rows of softmax, q_ij = <G_i, V_j>, p_ij = f_ij (q_ij - mean_i q):
//   dL/dQ_ib = (1/d) Cov_{f_i}(q_i, K_b),   dL/dV_jl = sum_i f_ij G_il,   dL/dK_jb = (1/d) sum_i p_ij Q_ib.
// All three are linear in monomials once gamma_i = (G_i, -<G_i, Att_i>)/D_i is known:
//   D_i, N_i, dQ_i  from the moments M_m[l] = sum_j k_j^m [v_j, 1]_l of degree g + 1, at q_i;
//   dV_j, dK_j      from the moments sum_i q_i^m gamma_i of degree g + 1, at k_j.
// Cost O((n + m) r (1 + d_v)(2 + d)), memory O(r (1 + d_v)(1 + d)) a thread beyond the output.
// Same bytes for any number of threads. Bounds: docs/kernels_tensor_gradient.md, section 3.
#pragma once

#include "attention/gradient.hpp"
#include "kernels/result.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

struct BoundedGradient {
  Matrix<double> gradient;
  UpperBound bound_approximation, bound_rounding = UpperBound::infinite();
  UpperBound bound() const { return bound_approximation + bound_rounding; }
};
struct AttentionGradientResult {
  BoundedGradient q, k, v;
  Degree degree;
  long rank = 0;
  UpperBound half_width;
};

/// `input` finite, shapes that fit (InputError); weights of relative error at most `delta` < 1/2.
/// Errors: BudgetMissed if no polynomial of rank <= 2^20 has it; std::overflow_error.
AttentionGradientResult polynomial_attention_gradient(const AttentionInput& input,
                                                      const Matrix<double>& upstream, const Rational& delta,
                                                      ThreadCount threads = all_cores());

}  // namespace attnbounds
