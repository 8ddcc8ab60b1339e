// The hot loop of deciding: scores of four queries against all keys, keys packed in panels of 16 so that a
// panel's sums stay in registers. Each score is a sum of d products in the order of the columns, divided by
// d: d + 1 roundings a term, no fused multiply-add. Cost: 2 d operations a score, near the machine's peak.
#pragma once

#include <vector>

#include "numeric/matrix.hpp"

namespace attnbounds {

class PackedKeys {
 public:
  static constexpr long kLanes = 16, kQueries = 4;
  explicit PackedKeys(const Matrix<double>& keys);
  long count() const { return count_; }
  /// Columns of a result: count() rounded up to panels; scores of padding are 0.
  long padded() const { return (count_ + kLanes - 1) / kLanes * kLanes; }
  /// fl(<query_r, key_j>/d) at result[r * padded() + j], for kQueries queries of d entries, one after
  /// another.
  void scores(const double* queries, double* result) const;

 private:
  long count_, dimension_;
  std::vector<double> panels_;  // [panel][column][lane]
};

}  // namespace attnbounds
