// Forward-mode derivatives of any definition, by Boost.Math's autodiff over Boost's own 200-bit floats: it
// shares neither formulas nor arithmetic (no MPFR) with the closed forms it checks.
#pragma once

#include <boost/math/differentiation/autodiff.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>

#include "numeric/matrix.hpp"

namespace attnbounds {

using Wide = boost::multiprecision::number<
    boost::multiprecision::cpp_bin_float<200, boost::multiprecision::digit_base_2>,
    boost::multiprecision::et_off>;
using Forward = boost::math::differentiation::autodiff_fvar<Wide, 1>;

template <>
inline Wide scalar_from<Wide>(const Rational& x) {
  return Wide(numerator(x).str()) / Wide(denominator(x).str());
}
template <>
inline Forward scalar_from<Forward>(const Rational& x) {
  return Forward(scalar_from<Wide>(x));
}

template <>
inline Wide error_function<Wide>(const Wide& x) {
  return boost::math::erf(x);
}

/// x as the variable that derivative(1) is taken by.
inline Forward variable(const Wide& x) { return boost::math::differentiation::make_fvar<Wide, 1>(x); }

}  // namespace attnbounds
