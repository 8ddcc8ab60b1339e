// The scalars every definition of this project is written over.
//   Rational  GMP fraction, exact             Real      MPFR, precision chosen at run time
//   Interval  MPFI, encloses its exact value  double, DoubleDouble (double_double.hpp)
// Inclusion contract: an operation on Intervals returns an Interval that contains every result of the
// exact operation on members of its arguments, at whatever precision. Real is for searching: nothing
// computed in Real is proved. This folder is the only one that names the libraries behind these types.
#pragma once

#include <boost/multiprecision/gmp.hpp>
#include <boost/multiprecision/mpfi.hpp>
#include <boost/multiprecision/mpfr.hpp>
#include <cmath>
#include <compare>
#include <string>
#include <utility>
#include <vector>

namespace attnbounds {

using Integer = boost::multiprecision::number<boost::multiprecision::gmp_int, boost::multiprecision::et_off>;
using Rational =
    boost::multiprecision::number<boost::multiprecision::gmp_rational, boost::multiprecision::et_off>;
using Real = boost::multiprecision::number<boost::multiprecision::mpfr_float_backend<0>,
                                           boost::multiprecision::et_off>;
using Interval = boost::multiprecision::number<boost::multiprecision::mpfi_float_backend<0>,
                                               boost::multiprecision::et_off>;

/// A working precision, in binary digits.
struct Bits {
  long count = 0;
  auto operator<=>(const Bits&) const = default;
};

/// While it lives, new Reals and Intervals of this thread carry at least `bits` binary digits.
class WorkingPrecision {
 public:
  explicit WorkingPrecision(Bits bits);
  ~WorkingPrecision();
  WorkingPrecision(const WorkingPrecision&) = delete;
  WorkingPrecision& operator=(const WorkingPrecision&) = delete;

 private:
  unsigned real_digits_, interval_digits_;
};

// Exact conversions to the rationals. Errors: std::domain_error for NaN and infinities.
Rational to_rational(double x);
Rational to_rational(const Real& x);

// Enclosures, rounded outwards at the working precision.
Interval enclose(const Rational& x);
Interval enclose(const Real& x);
Interval enclose(double x);
Interval enclose(const Real& lower, const Real& upper);
inline Interval enclose(const Interval& x) { return x; }
/// [lower, upper] * 2^exponent
Interval enclose_scaled(const Integer& lower, const Integer& upper, long exponent);
/// The integer nearest to x * 2^bits, for any precision of x.
Integer scaled_integer(const Real& x, long bits);
/// floor(x * 2^bits)
Integer scaled_floor(const Rational& x, long bits);
/// m * 2^exponent, exactly.
Rational dyadic(const Integer& m, long exponent);

/// Rounded to nearest at the working precision (for searching). Needed to lift a Real of lower precision:
/// Boost's operators may return a result in the storage, hence the precision, of a temporary operand.
Real approximate(const Rational& x);
Real approximate(const Real& x);

/// The exact rational x in any scalar: exact over the rationals, enclosing over the intervals, rounded
/// elsewhere.
template <class Scalar>
Scalar scalar_from(const Rational& x);
template <>
inline Rational scalar_from<Rational>(const Rational& x) {
  return x;
}
template <>
inline Interval scalar_from<Interval>(const Rational& x) {
  return enclose(x);
}
template <>
inline Real scalar_from<Real>(const Rational& x) {
  return approximate(x);
}
template <>
double scalar_from<double>(const Rational& x);  // to nearest, ties to even

// Ends and size of an interval. The ends are exact; width and magnitude are rounded up.
Real lower(const Interval& x);
Real upper(const Interval& x);
Real midpoint(const Interval& x);
Real width(const Interval& x);
Real magnitude(const Interval& x);  // max |x|
Real mignitude(const Interval& x);  // min |x|
bool contains(const Interval& x, const Rational& point);
bool contains_zero(const Interval& x);
bool overlap(const Interval& x, const Interval& y);
bool is_finite(const Interval& x);
Interval hull(const Interval& x, const Interval& y);
Interval intersection(const Interval& x, const Interval& y);  // std::domain_error if they are disjoint
Interval absolute_value(const Interval& x);
Interval maximum(const Interval& x, const Interval& y);  // encloses max(a, b) for a in x, b in y
Interval minimum(const Interval& x, const Interval& y);

/// Sign of an interval whose members all have it; unknown otherwise (zero only for the point [0, 0]).
enum class Sign { negative, zero, positive, unknown };
Sign sign(const Interval& x);

// Directed rounding to double.
double round_down(const Real& x);
double round_up(const Real& x);
double round_down(const Rational& x);
double round_up(const Rational& x);
inline double round_down(const Interval& x) { return round_down(lower(x)); }
inline double round_up(const Interval& x) { return round_up(upper(x)); }
double nearest(const Real& x);
double nearest(const Rational& x);

// Constants and special functions as enclosures.
Interval pi_interval();
Interval log_interval(const Rational& x);  // natural log; std::domain_error unless x > 0

/// J_order(x), for members x of an interval inside [0, order], where J_order increases. std::domain_error
/// otherwise.
Interval bessel_j_increasing(long order, const Interval& x);

/// erf(x): enclosed over Intervals, rounded to nearest over Reals.
template <class Scalar>
Scalar error_function(const Scalar& x) {
  using std::erf;
  return erf(x);
}
template <>
Interval error_function<Interval>(const Interval& x);
template <>
Real error_function<Real>(const Real& x);

/// Names and versions of the libraries behind these types, for reports.
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace attnbounds
