// Values scaled by a power of two so that the largest is in [1, 2): then neither tiny nor huge values meet
// under- or overflow in the sums. Scaling down may lose 2^-1075 of a small entry; scaling the output back may
// lose 2^-1075 in the output's own units.
#pragma once

#include <cmath>

#include "kernels/guarantee.hpp"
#include "numeric/matrix.hpp"

namespace attnbounds {

struct ScaledValues {
  Matrix<double> values;  // V 2^-exponent
  int exponent = 0;
  UpperBound largest;  // max |values|, below 2

  /// A bound in the units of `values`, in those of V.
  UpperBound unscaled(UpperBound bound) const {
    return bound * UpperBound::exactly(std::ldexp(1.0, exponent));
  }
  /// The same for an error of outputs, which are rounded when they are scaled back.
  UpperBound unscaled_output(UpperBound bound) const {
    return largest.value() == 0 ? unscaled(bound) : unscaled(bound) + underflow_error();
  }
};

inline ScaledValues scale_values(const Matrix<double>& v) {
  const double largest = max_abs(v);
  if (largest == 0) return {v, 0, UpperBound()};
  const int exponent = std::ilogb(largest);
  return {v.unaryExpr([&](double x) { return std::ldexp(x, -exponent); }), exponent,
          UpperBound::exactly(std::ldexp(largest, -exponent))};
}

}  // namespace attnbounds
