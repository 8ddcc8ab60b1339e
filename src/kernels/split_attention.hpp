// Polynomial attention beyond the half-width that one polynomial reaches: queries and keys are split into
// groups a, b with centres, and only what is left of the score is approximated. Exactly, for every choice of
// centres,
//   <q, k> = <q, k_b> + <q_a, k - k_b> + <q - q_a, k - k_b>,
// so e^{s_ij} = e^{<q_i,k_b>/d} e^{<q_a,k_j-k_b>/d} e^{x}: a factor of the query, a factor of the key, and x,
// in both of which distances to centres enter. Halving both radii quarters the half-width of x. x's matrix
// has rank <= d, and on real heads nearly all of it is in a few directions: in a basis that balances and
// orders them (dual bases T_q, T_k, T_q^T T_k = I), the first p coordinates go into the polynomial, of rank
// C(p + g, g) instead of C(d + g, g), and the rest moves scores by at most Y, which is proved (two-tree
// bound). Guarantee (docs/splitting.md): every weight has the relative error theta_ab = (1 + delta_ab)
// e^{Z_ab} - 1 at most,
//   |Att~ - Att| <= min( max_ab (phi(delta) + Z),  2 sum_b theta_ab D_ib / D_i ) |V|,
// the second with the shares D_ib/D_i that come out, so that light groups may be coarse, or left out (theta =
// 1). Cost O((G_q m + G_k n) r d_v), r the ranks' mean.
#pragma once

#include <optional>

#include "attention/input.hpp"
#include "kernels/result.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

struct SplitRequest {
  Rational epsilon;  // of max|V|
  long query_groups = 8, key_groups = 8;
  long most_rank = 1L << 16;  // of a pair of groups
  double room = 1;  // how much of the budget weights may err, over what is safe to assume: a bound that
                    // comes out within budget with more room was cheaper
  ThreadCount threads = all_cores();
};

struct SplitAttention {
  AttentionResult result;  // degree and rank: the largest of a pair
  long query_groups = 0, key_groups = 0;
  long pairs = 0, left_out = 0;
  double mean_rank = 0;        // sum of pairs (n_a + m_b) r_ab / (n G_k + m G_q)
  double mean_half_width = 0;  // of x, over pairs that count
  double dense_scores = 0;     // share of the n m scores in pairs for which no polynomial was found
  double operations = 0;       // sum of pairs (n_a + m_b) r_ab (2 d_v + 3)
};

/// Nothing if some pair's polynomial would exceed the rank, or entries of Q or K exceed 1e60. The bound may
/// exceed the budget: look at it. Same bytes for any number of threads. Errors: InputError.
std::optional<SplitAttention> split_attention(const AttentionInput& input, const SplitRequest& request);

/// What the plan alone says: the same without evaluating (result.output is empty, the bound infinite). Pairs
/// without a polynomial are counted in dense_scores and left out of the ranks.
std::optional<SplitAttention> plan_split_attention(const AttentionInput& input, const SplitRequest& request);

}  // namespace attnbounds
