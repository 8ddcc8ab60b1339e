// The hot loops of polynomial attention, on plain arrays: S = sum_j psi(k_j) [v_j, 1] over blocks of keys,
// and [N, D]_i = <phi(q_i), T> for blocks of queries, with features that live in the cache (never n x r).
// Tokens are the lanes: a block is 32 tokens, element (a, t) of its features at [a * 32 + t]. All sums have a
// fixed order, which no vector width or thread count changes, and no fused multiply-adds: same bytes
// everywhere.
//
// Roundings of one term w_a q^a k_j^a v_jc on its way, all counted in `roundings_of_a_term`:
//   key features g-1, product with v 1, sum over the 32 tokens of a block 3 + 3, over 8 blocks 8, and beyond
//   that compensated sums (Ogita, Rump, Oishi 2005, Sum2: error u |s| + gamma_N^2 sum |s_i|, at most 2 u
//   sum |s_i| for N <= 2^26 summands), which count 2, twice: over the blocks of a group, and over groups;
//   weight w_a and its product 2; query features g-1, product 1, sum over 32 monomials 32, compensated 2.
// Files in this folder are compiled for this processor and share no inline code with the rest (no Eigen).
#pragma once

#include <vector>

#include "kernels/cpu/monomial_run.hpp"

namespace attnbounds::cpu {

constexpr long block_tokens = 32;
constexpr long blocks_of_a_flush = 8;
constexpr long monomials_of_a_flush = 32;
constexpr long most_summands = 1L << 26;

constexpr long roundings_of_a_term(long degree) {
  const long features = degree > 1 ? degree - 1 : 0;
  return (features + 1 + 3 + 3 + blocks_of_a_flush + 2 + 2) + 2 + (features + 1 + monomials_of_a_flush + 2);
}

struct Features {
  const MonomialRun* runs;
  long run_count, rank, dimension;
};

/// Row-major matrix of doubles.
struct View {
  const double* data;
  long rows, columns;
};

/// sum over tokens j in [first, last) of psi_a(k_j) [v_j, 1]_c at [a * (columns of v + 1) + c].
std::vector<double> key_sums(const Features& features, View keys, View values, long first, long last);

/// Compensated sum of equally long vectors, entry by entry, in their order.
std::vector<double> compensated_sum(const std::vector<std::vector<double>>& parts);

/// The row sums <phi(q_i), T_c> for tokens i in [first, last), at [(i - first) * columns + c].
std::vector<double> query_sums(const Features& features, View queries, View weighted_sums, long first,
                               long last);

}  // namespace attnbounds::cpu
