// The hot loops of exact tensor attention and of exact gradients: rows of softmax over all pairs (j1, j2), or
// over one set of keys, fused, never stored.
//   x_v = sum_u q_uv k1_{j1,u}/d;  s_{j2} = sum_v x_v k2_{j2,v};  w = e^(s - M);
//   inner sums over j2 of w y2_{j2,c} for the columns c of the second side, one exp a pair;
//   outer sums over j1 of y1_{j1,e} times inner sum c, for the pairs (e, c) that are asked for.
// The second side is transposed and taken in stretches that stay in the first cache. If 2 Y <= 600, Y the
// bound of all scores, M slightly above Y does (no weight underflows); otherwise M is the row's largest
// score, found by a pass of its own. A vector is 8 doubles; sums have a fixed order: same bytes for any
// number of threads.
#pragma once

#include <vector>

#include "kernels/cpu/score_rows.hpp"

namespace attnbounds::cpu {

constexpr long stretch = 512;  // keys of the second side at a time
constexpr long vector_of_keys = 8;

/// First side, row by row: keys visible x dimension, columns visible x width.
struct FirstSide {
  const double* keys;
  const double* columns;
  long visible, dimension, width;
};
/// Second side, transposed: dimension x stride and width x stride; stride a multiple of 8, zeros beyond
/// `visible`.
struct SecondSide {
  const double* keys;
  const double* columns;
  long visible, dimension, width, stride;
};
/// The sum over all pairs of w y1_first y2_second.
struct ColumnPair {
  long first, second;
};

/// `query` is a matrix, dimensions of the first by of the second side; scores are divided by `divisor`;
/// |s| <= score_bound for all pairs. Element p is the sum of column pair p. A score passes through at most
/// the sum of both dimensions and 2 roundings.
std::vector<double> pair_sums(const double* query, double divisor, const FirstSide& first,
                              const SecondSide& second, const std::vector<ColumnPair>& pairs,
                              double score_bound);

/// Roundings of a term w y1 y2: the chain of a vector's lane over a stretch, 3 to one number, stretches; its
/// product with y1, keys of a block, blocks.
constexpr long pair_roundings(long first, long second) {
  return stretch / vector_of_keys + 3 + (second + stretch - 1) / stretch + 1 + keys_of_a_block +
         (first + keys_of_a_block - 1) / keys_of_a_block;
}

}  // namespace attnbounds::cpu
