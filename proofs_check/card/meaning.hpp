// How a definition of the catalogue is written: once, over the rationals, over the intervals, or over both.
#pragma once

#include "proofs_check/card/evaluate.hpp"

namespace attnbounds {

inline bool all_exact(const std::vector<Value>& values) {
  for (const Value& v : values)
    if (std::holds_alternative<Interval>(v) || std::holds_alternative<Matrix<Interval>>(v)) return false;
  return true;
}

/// Over the rationals where every argument is exact, else over the intervals.
template <class F>
Meaning if_exact(F f) {
  return [f](const std::vector<Value>& values, Bits bits) -> Value {
    if (all_exact(values)) return f(Arguments<Rational>(values, bits));
    return f(Arguments<Interval>(values, bits));
  };
}
template <class F>
Meaning exactly(F f) {
  return [f](const std::vector<Value>& values, Bits bits) -> Value {
    return f(Arguments<Rational>(values, bits));
  };
}
template <class F>
Meaning enclosed(F f) {
  return [f](const std::vector<Value>& values, Bits bits) -> Value {
    return f(Arguments<Interval>(values, bits));
  };
}

inline Rational size_of_number(const Rational& x) { return abs(x); }
inline Interval size_of_number(const Interval& x) { return absolute_value(x); }
inline Rational larger_of(const Rational& a, const Rational& b) { return a < b ? b : a; }
inline Interval larger_of(const Interval& a, const Interval& b) { return maximum(a, b); }
inline Rational smaller_than(const Rational& a, const Rational& b) { return b < a ? b : a; }
inline Interval smaller_than(const Interval& a, const Interval& b) { return minimum(a, b); }

}  // namespace attnbounds
