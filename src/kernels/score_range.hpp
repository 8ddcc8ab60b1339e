// The free shift of score_interval.hpp without a copy of Q or K: what the loops apply to each token as they
// load it, and the half-width X >= max_i sum_l |q'_il| |k'_jl| / d of the scores. One pass over K for the box
// and the longest key (two where the shift is not small), one over Q; O((n + m) d), O(d) memory.
//   k' = (k - c) 2^-e (rounded once), q' = q 2^e;  scores <q', k'>/d are the true ones less a shift of the
//   row, up to zeta = u X + 2 eta (max_i sum_l |q'_il| / d + 1)      (docs/rounding.md, section 1)
// Rows share one X here (the bounds of the kernels use the largest).
#pragma once

#include <stdexcept>
#include <vector>

#include "attention/input.hpp"
#include "kernels/cpu/tokens.hpp"
#include "kernels/guarantee.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

template <class T>
cpu::View<T> view(const Matrix<T>& m) {
  return {m.data(), m.rows(), m.cols()};
}

/// What K alone says.
template <class T>
struct KeyRange {
  std::vector<T> centre, key_scale, query_scale, box;
  T longest = 0;  // max_j |k_j - c|, computed

  cpu::Coordinates<T> keys() const { return {centre.data(), key_scale.data()}; }
  cpu::QueryMeasures<T> queries() const { return {query_scale.data(), box.data(), longest}; }
};
template <class T>
struct ScoreRange : KeyRange<T> {
  UpperBound half_width;     // X
  UpperBound perturbation;   // zeta
  UpperBound largest_query;  // max(1, max |q'_il|)
  long rounded_before = 0;   // roundings that entries of q', k' and v have had before (float_input.hpp)
};

/// Errors (of all three): std::overflow_error if scores exceed the range of T.
template <class T>
KeyRange<T> key_range(const Matrix<T>& k, ThreadCount threads = all_cores());
/// With what was seen of the queries, measured by range.queries().
template <class T>
ScoreRange<T> score_range(const KeyRange<T>& range, const cpu::QueryScan<T>& scan);
template <class T>
ScoreRange<T> score_range(const Matrix<T>& q, const Matrix<T>& k, ThreadCount threads = all_cores());

/// Values scaled by a power of two so that the largest is in [1, 2) or so, applied as they are loaded: then
/// neither tiny nor huge values meet under- or overflow in the sums. Scaling down may lose 2^-1075 (2^-150)
/// of a small entry, in units of the scaled values, which the kernels count; scaling back, see `unscaled`.
template <class T>
struct ValueScale {
  UpperBound largest;  // max |v|, exact
  UpperBound scaled;   // the same after scaling, below 4
  T down = 1, up = 1;  // powers of two
};
template <class T>
ValueScale<T> value_scale(const Matrix<T>& v, ThreadCount threads = all_cores());

/// An error of outputs in the units of V: scaling back may lose 2^-1075 more.
template <class T>
UpperBound unscaled(const ValueScale<T>& values, UpperBound bound) {
  return bound * UpperBound::exactly(static_cast<double>(values.up)) + underflow_error<T>();
}
/// What kernels/cpu/quotients.hpp adds to a quotient of at most `size`: 2 u + u^2 in double, and u of T.
template <class T>
UpperBound quotient_rounding(UpperBound size) {
  const UpperBound in_double = UpperBound::exactly(0x1.8p-52);  // 3 u
  return (sizeof(T) == 8 ? in_double : in_double + UpperBound::exactly(0x1.01p-24)) * size +
         underflow_error<T>();
}

/// Tokens are looked at in pieces of this size, on all threads; small problems stay on one.
constexpr long tokens_of_a_piece = 2048;
ThreadCount threads_for(double operations, ThreadCount threads);

}  // namespace attnbounds
