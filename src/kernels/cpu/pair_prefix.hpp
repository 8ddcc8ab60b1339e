// Causal tensor attention, a row at a time. Row i sees the pairs of keys j1, j2 <= i; with S_c = sum_{j <= i}
// k_j^a v_jc the sums of either side so far,
//   sum_{j1,j2 <= i} P(s) v1_c v2_c = sum_a w_a q_i^a S1_ac S2_ac:
// no block of pairs is left over, as the product of two prefix sums is the sum over the square of prefixes.
// 7 loads and stores and 4 operations for every monomial and column of a row. The lanes are monomials;
// columns one after the other. Same bytes on every processor.
//
// Roundings of a term, in T and in double. A side: in a block g - 1 for the monomial and one for each row;
// all sums before the block are compensated in double (2, and 1 for hi + lo) and rounded to T; 1 for adding
// the two. The product of the sides 1; the query's monomial g - 1, the weight's rounding to T and its
// product 2; the sum over monomials 64, then 4 folds and plain sums in double.
#pragma once

#include <vector>

#include "kernels/cpu/feature_sums.hpp"

namespace attnbounds::cpu {

/// A block's sums are in T.
template <class T>
constexpr long rows_of_a_prefix_block = sizeof(T) == 8 ? 128 : 32;
constexpr long monomials_of_a_lane = 64;  // before the lanes are folded and go to the sum in double

template <class T>
class PairPrefix {
 public:
  /// `weights`: w_a. `first`, `second`: sums at [a * columns + c], the last column that of the ones.
  PairPrefix(const Features& features, const std::vector<double>& weights, long columns,
             const std::vector<double>& first, const std::vector<double>& second);
  /// Adds one token on each side (values without the one) and gives the row sums of query q.
  void row(const T* q, const T* k1, const T* v1, const T* k2, const T* v2, double* sums);

 private:
  struct Side {
    std::vector<double> high, low;           // over all blocks before
    std::vector<T> before, block, features;  // their sum, the sums of this block, the token's monomials
  };
  void features_of(const T* x, std::vector<T>& features) const;
  void end_block(Side& side) const;
  Features features_;
  long columns_, stride_, rows_ = 0;
  std::vector<T> weights_, query_;
  Side first_, second_;
};

/// A token's way into the sums of its block.
template <class T>
constexpr long prefix_block_roundings(long degree) {
  return (degree > 1 ? degree - 1 : 0) + rows_of_a_prefix_block<T>;
}
/// From both sides' sums, each of its block or of those before, to a row's: in T and in double.
constexpr long pair_prefix_roundings(long degree) {
  return 2 * 2 + 1 + (degree > 1 ? degree - 1 : 0) + 2 + monomials_of_a_lane;
}
template <class T>
constexpr long pair_prefix_wide_roundings(long rank) {
  return 2 * 3 + 4 + rank / (monomials_of_a_lane * (64 / static_cast<long>(sizeof(T))));
}

}  // namespace attnbounds::cpu
