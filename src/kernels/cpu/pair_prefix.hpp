// Causal tensor attention, a row at a time. Row i sees the pairs of keys j1, j2 <= i; with S_c = sum_{j <= i}
// k_j^a v_jc the sums of either side so far,
//   sum_{j1,j2 <= i} P(s) v1_c v2_c = sum_a w_a q_i^a S1_ac S2_ac:
// no block of pairs is left over, as the product of two prefix sums is the sum over the square of prefixes.
// 9 loads and stores and 4 fused operations for every monomial and column of a row. The lanes are monomials;
// columns one after the other. Same bytes on every processor.
//
// Roundings of a term: a side's g - 1 for its monomial, at most 128 fused multiply-adds in a block of rows, 2
// for the compensated sum of blocks, 1 for adding the two; 1 for the product of the sides, 1 and g for the
// query's weighted monomial (its weight aside), rank/8 + 4 for the sum over monomials.
#pragma once

#include <vector>

#include "kernels/cpu/feature_sums.hpp"

namespace attnbounds::cpu {

constexpr long rows_of_a_prefix_block = 128;
constexpr long pair_prefix_roundings(long degree, long rank) {
  const long features = degree > 1 ? degree - 1 : 0, side = features + rows_of_a_prefix_block + 4;
  return 2 * side + 1 + features + 2 + (rank + 7) / 8 + 4;
}

class PairPrefix {
 public:
  /// `weights`: w_a. `first`, `second`: sums at [a * columns + c], the last column that of the ones.
  PairPrefix(const Features& features, const std::vector<double>& weights, long columns,
             const std::vector<double>& first, const std::vector<double>& second);
  /// Adds one token on each side (values without the one) and gives the row sums of query q.
  void row(const double* q, const double* k1, const double* v1, const double* k2, const double* v2,
           double* sums);

 private:
  struct Side {
    std::vector<double> high, low, block, features;
  };
  void features_of(const double* x, std::vector<double>& features) const;
  void end_block(Side& side) const;
  Features features_;
  long columns_, stride_, rows_ = 0;
  std::vector<double> weights_, query_;
  Side first_, second_;
};

}  // namespace attnbounds::cpu
