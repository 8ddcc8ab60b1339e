// Fused exact sums over pairs of keys, for tiles of queries: with x_i = q_i k1_{j1} (a matrix times the key
// of the first side), sum_{j2} e^{<x_i, k2_{j2}>/d} y2_{j2} is a row of attention
// (kernels/cpu/score_rows.hpp: queries in the lanes, nothing stored); those are added up over j1, times
// y1_{j1}. One key k1 = 1 of one variable: attention's own rows. No row maximum is subtracted, so scores must
// be small (fits); the other case is kernels/cpu/tensor_softmax.hpp. In T = float x_i is rounded to float,
// and the inner sums are of floats but for those of blocks of keys; the sums over j1 are in double always.
#pragma once

#include <optional>

#include "kernels/cpu/score_rows.hpp"
#include "kernels/cpu/tensor_softmax.hpp"
#include "kernels/tensor_moments.hpp"

namespace attnbounds {

template <class T = double>
struct PairRows {
  cpu::FirstSide first;        // as in pair_sums
  cpu::View<T> keys, columns;  // of the second side, row by row; a column of ones is appended
  std::vector<cpu::ColumnPair> pairs;
  double score_bound = 0;

  static constexpr long rows_of_a_group = cpu::ScoreRows<T>::rows_of_a_group;
  /// One key in the first side always does; several, while no weight can leave the doubles (floats).
  static constexpr double most_score = sizeof(T) == 8 ? 300 : 40;
  bool fits() const { return first.visible == 1 || score_bound <= most_score; }
  /// `queries`: matrices (dimension of the first side by that of the second), at most rows_of_a_group of
  /// them. Element (p, i) at [p * rows_of_a_group + i]. With one key in the first side and larger scores,
  /// a row's sums have a common factor of their own, a power of two. Under a causal mask row i sees the pairs
  /// j1, j2 <= i, and these rows are those from `first_row` on.
  std::vector<double> sums(const std::vector<double>& queries, std::optional<long> first_row = {}) const;
  /// Of a term on its way into a sum.
  TermRoundings roundings() const {
    const long of_first = 1 + cpu::keys_of_a_block + first.visible / cpu::keys_of_a_block + 1;
    if (sizeof(T) == 8) return {cpu::roundings_of_a_weight<T>, of_first};
    return {cpu::keys_of_a_block, keys.rows / cpu::keys_of_a_block + 1 + of_first};
  }
};

}  // namespace attnbounds
