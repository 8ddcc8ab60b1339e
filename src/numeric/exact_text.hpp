// Numbers as text, exactly. Decimal text is a rational (`1e-3` is 1/1000); numbers that carry a proof are
// written as hexadecimal floats (dyadic rationals) or p/q; decimals for reading are rounded outwards.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "numeric/scalars.hpp"

namespace attnbounds {

/// Bad input: where, what was expected, what was found. The message is one line.
class InputError : public std::runtime_error {
 public:
  InputError(const std::string& place, const std::string& expected, const std::string& found);
};

/// `12`, `-1.5`, `1e-400`, `3/7`, `0x1.8p-3`: the exact rational. `place` names the number in the error.
/// Errors: InputError, also for NaN, infinities and exponents beyond +-100000 (a denial of service
/// otherwise).
Rational rational_from_text(std::string_view text, const std::string& place);

std::string exact_text(double x);           // hexadecimal float, such as 0x1.8p-3
std::string exact_text(const Real& x);      // hexadecimal float of any length
std::string exact_text(const Rational& x);  // hexadecimal float if dyadic, else p/q

/// Decimal with `digits` significant digits, rounded down or up (towards minus or plus infinity).
std::string decimal_down(const Real& x, int digits);
std::string decimal_up(const Real& x, int digits);

}  // namespace attnbounds
