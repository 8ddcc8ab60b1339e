// The gradients of <G, Att(Q, K, V)> by Q, K and V: what training needs of a head. With f the rows of
// softmax, q_ij = <G_i, V_j>, p_ij = f_ij (q_ij - mean_i q):
//   dL/dQ_ib = (1/d) Cov_{f_i}(q_i, K_b),   dL/dV_jl = sum_i f_ij G_il,   dL/dK_jb = (1/d) sum_i p_ij Q_ib.
// All are sums of weights w_ij (e^s, or P(s)) once gamma_i = (G_i, -<G_i, Att_i>)/D_i is known:
//   queries  R_i[l,b] = sum_j w_ij [v_j, 1]_l [k_j, 1]_b:   D_i, N_i, dQ_i
//   keys     sum_i w_ij gamma_il [q_i, 1]_b:                dV_j, dK_j
// By polynomial, no mask: moments of degree g + 1 of the columns [v_j, 1], of gamma_i, hold all of it.
// Causal mask: prefix sums by blocks (kernels/prefix_sums.hpp) for the queries; key j is seen by the rows i
// >= j, so the keys' pass is the same on the reversed tokens with queries and keys exchanged. Exact: fused
// rows (kernels/cpu/score_rows.hpp), twice. Cost O((n + m) r (1 + d_v)(2 + d)), exactly O(n m (1 + d_v)(1 +
// d)); memory O(r (1 + d_v)(1 + d)) a thread beyond the output, and gamma under a mask; the exact kernel
// keeps its columns. In double or float, as kernels/device.hpp says. Same bytes for any number of threads.
// Bounds: docs/kernels_tensor_gradient.md, section 3.
#pragma once

#include <string>

#include "attention/gradient.hpp"
#include "kernels/cost_model.hpp"
#include "kernels/guaranteed_attention.hpp"
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
  AttentionMethod method = AttentionMethod::polynomial;
  Degree degree;
  long rank = 0;
  UpperBound half_width;
  double seconds = 0;
  std::string reason;
  UpperBound bound() const { return maximum(q.bound(), maximum(k.bound(), v.bound())); }
};

/// `input` finite, shapes that fit (InputError); weights of relative error at most `delta` < 1/2.
/// Errors: BudgetMissed if no polynomial of rank <= 2^20 has it; std::overflow_error.
AttentionGradientResult polynomial_attention_gradient(const AttentionInput& input,
                                                      const Matrix<double>& upstream, const Rational& delta,
                                                      Mask mask = Mask::none,
                                                      ThreadCount threads = all_cores());
/// The bound is infinite where scores exceed 500; in float only for scores up to 40. Errors: InputError,
/// std::overflow_error.
AttentionGradientResult exact_attention_gradient(const AttentionInput& input, const Matrix<double>& upstream,
                                                 Mask mask = Mask::none, ThreadCount threads = all_cores());

/// Enclosures of all three at `precision`.
AttentionGradient<Interval> attention_gradient_enclosure(const AttentionInput& input,
                                                         const Matrix<double>& upstream, Mask mask,
                                                         Bits precision);

struct AttentionGradientRequest {
  Rational epsilon;  // absolute, in the largest entry of all three
  MethodChoice method = MethodChoice::automatic;
  Mask mask = Mask::none;
  ThreadCount threads = all_cores();
  CostModel model = reference_cost_model();
};
/// The cheapest way that is proved to reach epsilon. Errors: InputError; BudgetMissed (method polynomial).
AttentionGradientResult guaranteed_attention_gradient(const AttentionInput& input,
                                                      const Matrix<double>& upstream,
                                                      const AttentionGradientRequest& request);

}  // namespace attnbounds
