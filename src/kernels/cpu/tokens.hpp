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

/// Added to sums of squares for what underflows in them.
template <class T>
constexpr T square_guard = sizeof(T) == 8 ? T(0x1p-1000) : T(0x1p-120F);

/// One look at keys: least and largest entry of each column, exactly, and max_t sum_l (x_l - centre_l)^2,
/// computed (relative error at most gamma_{d+2}, the guard added; infinite on overflow). No centre: 0.
template <class T>
struct KeyScan {
  std::vector<T> least, most;
  T square = 0;
  void include(const KeyScan& other);
};
template <class T>
KeyScan<T> key_scan(View<T> k, long first, long last, const T* centre = nullptr);

/// Largest absolute entry of rows [first, last).
template <class T>
T largest_entry(View<T> m, long first, long last);

/// What one look at the queries q' = scale q gives; computed, all sums of positive numbers (roundings: d +
/// 3). A lane holds the largest of its tokens.
template <class T>
struct QueryScan {
  static constexpr long lanes = 64 / static_cast<long>(sizeof(T));
  T half_widths[lanes] =
      {};                 // min(sum_l |q'_il| box_l, sqrt(sum_l q_il^2 + 2^-1000) longest), not divided by d
  T sums[lanes] = {};     // sum_l |q'_il|
  T entries[lanes] = {};  // |q'_il|
  void include(const QueryScan& other);
  static T largest(const T (&lane)[lanes]);
};
/// What the queries are measured by: longest is max_j |k_j - c|.
template <class T>
struct QueryMeasures {
  const T *scale, *box;
  T longest;
};
/// As `load_tokens` (coordinates: scale), looking at the tokens on their way. `padded`: whole lanes.
template <class T>
void load_and_scan(View<T> q, long first, long last, long padded, long stride, QueryMeasures<T> by,
                   T* transposed, QueryScan<T>& scan);
template <class T>
QueryScan<T> query_scan(View<T> q, long first, long last, QueryMeasures<T> by);

}  // namespace attnbounds::cpu
