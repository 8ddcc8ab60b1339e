// Rows of tokens on their way into lanes and back, and what one look at all of them tells: ranges of columns
// and the half-width of the scores. All in one pass over row-major matrices, nothing of their size is kept.
#pragma once

#include <vector>

namespace attnbounds::cpu {

/// Row-major matrix.
template <class T>
struct View {
  const T* data = nullptr;
  long rows = 0, columns = 0;
};

/// x_l -> (x_l - centre_l) scale_l, rounded once: scales are powers of two. Null: no centre, no scale.
template <class T>
struct Coordinates {
  const T* centre = nullptr;
  const T* scale = nullptr;
};

/// Tokens [first, last) of m, transposed: element (l, t) at [l * stride + t]; zero from `last` up to
/// `padded`.
template <class T>
void load_tokens(View<T> m, long first, long last, long padded, long stride, Coordinates<T> coordinates,
                 T* transposed);

/// The way back: columns x tokens with that stride into rows of `columns` entries.
template <class T>
void store_tokens(const T* transposed, long stride, long columns, long tokens, T* rows);

/// Least and largest entry of each column over rows [first, last), exactly.
template <class T>
struct ColumnRange {
  std::vector<T> least, most;
  void include(const ColumnRange& other);
};
template <class T>
ColumnRange<T> column_range(View<T> m, long first, long last);

/// Largest absolute entry of rows [first, last).
template <class T>
T largest_entry(View<T> m, long first, long last);

/// max_t sum_l x_l^2 after the change of coordinates, computed (relative error at most gamma_{d+2}, and
/// 2^-1000, 2^-120 in float, is added for what underflows; infinite on overflow).
template <class T>
T largest_square(View<T> m, long first, long last, Coordinates<T> coordinates);

/// What one look at the queries q' = scale q gives; computed, all sums of positive numbers (roundings: d +
/// 3).
template <class T>
struct QueryScan {
  T half_width =
      0;      // max_i min(sum_l |q'_il| box_l, sqrt(sum_l q_il^2 + 2^-1000) longest_key), not divided by d
  T sum = 0;  // max_i sum_l |q'_il|
  T largest = 0;  // max_il |q'_il|
};
template <class T>
QueryScan<T> query_scan(View<T> q, long first, long last, const T* scale, const T* box, T longest_key);

}  // namespace attnbounds::cpu
