// Rows of attention from their scores, fused: for tiles of queries (the lanes) against blocks of 64 keys,
// scores, weights and weighted sums, without ever storing more than a tile's block. The weight is
//   e^s   (exact attention; online softmax, rescaled by powers of two, so exactly), or
//   P(s)  (the polynomial's in a causal block, Horner's rule).
// Cost a score: d + d_v + 1 fused multiply-adds, and 17 (double) or 11 (float) for the exponential.
//
// exp: s = j ln 2 + r, ln 2 = hi + lo + e, hi the nearest number, |e| < 2^-107 (2^-50 in float). r = s - j hi
// - j lo in two fused multiply-adds: |r| < 0.35, so each rounding is at most u/4, and j e at most 2^-67
// (float: 2^-29.6, 0.02 u, |s| <= 2^14); the sum, 0.53 u, is a factor 1 + 0.54 u. The Taylor section of
// degree 13 (7) is off by 0.35^14/14!/0.7 < 0.1 u (0.35^8/8!/0.7 < 0.14 u). Horner's rule with fused
// multiply-adds: the step that makes p_t rounds once and reaches the end multiplied by r^t, so the sum of all
// is u sum_t |r|^t |p_t|, p_t = sum_k r^k t!/(t+k)!/t! <= 1/t! e^{|r|/(t+1)}, and the coefficients from 1/6
// on have one rounding each; relative to e^r it is largest at r = -0.35: u (1 + 0.42 + 0.08 + 0.03) = 1.53 u.
// All together below 2.3 u, second order terms included; exp_error = 3 u. 2^j is exact. Weights below 2^-1000
// (2^-100) of the largest are replaced by that: an error of 2^-999 (2^-99).
//
// Roundings of a weighted value in a sum: at most 64 fused multiply-adds, then compensated in double (2; 1 of
// float).
#pragma once

#include <vector>

#include "kernels/cpu/tokens.hpp"

namespace attnbounds::cpu {

constexpr long keys_of_a_block = 64;
template <class T>
constexpr long roundings_of_a_weight = keys_of_a_block + (sizeof(T) == 8 ? 2 : 1);
constexpr double exp_error_in_roundoffs = 3;
/// Larger scores are not exact attention's business.
template <class T>
constexpr double most_score = sizeof(T) == 8 ? 0x1p40 : 0x1p14;

/// Scores of queries q' = scale_l q_l / d (divided once, rounded once) and keys k' = (k - centre) / scale.
template <class T>
struct Scores {
  View<T> queries, keys, values;
  const T* query_scale = nullptr;  // times the query's entries, exact
  Coordinates<T> key_coordinates;
  T value_scale = 1;
};

/// Rows of [sum_j w_ij v_jc, sum_j w_ij], column c of row i at [c * tile_rows + (i - first)], i in a tile.
template <class T>
class ScoreRows {
 public:
  /// `coefficients` empty: exp. `half_width` bounds the scores.
  ScoreRows(const Scores<T>& scores, std::vector<T> coefficients, double half_width);
  long tile() const;     // rows of a tile
  long columns() const;  // d_v + 1

  /// One row group: `rows_of_a_group` queries at most, against any blocks of keys in turn.
  class Group {
   public:
    explicit Group(const ScoreRows& rows);
    void start(long first_row, long last_row) { start(first_row, last_row, first_row); }
    /// `position`: the first row's place among the keys, for the mask.
    void start(long first_row, long last_row, long position);
    /// Keys [first, last); if causal, the row at place i sees keys j <= i only.
    void add(long first_key, long last_key, bool causal);
    /// Sums of row i at [c * stride() + i - first_row].
    const double* sums();
    long stride() const;

   private:
    template <long C>
    void accumulate(long tile, long tile_columns, long column, long keys, const T* weights);
    void block(long first_key, long last_key, bool causal);
    const ScoreRows& rows_;
    long first_ = 0, last_ = 0, position_ = 0;
    std::vector<T> queries_, keys_, values_, weights_, row_index_;
    std::vector<double> hi_, lo_;
    std::vector<T> exponent_;  // per row: weights are 2^-exponent e^s
    bool fresh_ = true;
  };
  static constexpr long rows_of_a_group = 128;

 private:
  friend class Group;
  Scores<T> scores_;
  std::vector<T> coefficients_;
  bool online_;  // the running maximum is needed; else all weights are far from under- and overflow
};

/// e^x as above, for tests.
template <class T>
void exp_of(T* x, long count);

}  // namespace attnbounds::cpu
