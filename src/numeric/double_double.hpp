// Double-double: an unevaluated sum high + low of two doubles with high = RN(high + low); u = 2^-53.
// The algorithms and proved relative error bounds of Joldes, Muller, Popescu 2017 ("Tight and rigorous error
// bounds for basic building blocks of double-word arithmetic"; the product's proof as corrected by Muller,
// Rideau 2022), square root of Lefevre, Louvet, Muller, Picot, Rideau 2023:
//   x + y  AccurateDWPlusDW  3u^2/(1 - 4u)      20 flops     x * y    DWTimesDW3  5u^2       9
//   x / y  DWDivDW2          15u^2 + 56u^3      18           sqrt(x)  SQRTDWtoDW  (25/8)u^2  8
// They need IEEE doubles rounded to nearest, no contraction of a * b + c (the build passes
// -ffp-contract=off), and that nothing over- or underflows: operands and result 0 or of size in
// [2^-450, 2^450] suffice.
#pragma once

#include <Eigen/Core>
#include <cfloat>
#include <cmath>
#include <compare>

#include "numeric/scalars.hpp"

#ifdef __FAST_MATH__
#error "-ffast-math removes the error terms that double-double arithmetic is made of"
#endif
static_assert(FLT_EVAL_METHOD == 0, "doubles must be computed as doubles");

namespace attnbounds {

/// a + b = high + low, exactly.
struct ExactPair {
  double high, low;
};

/// Knuth. Any order of sizes.
inline ExactPair two_sum(double a, double b) {
  const double s = a + b, b_part = s - a, a_part = s - b_part;
  return {s, (a - a_part) + (b - b_part)};
}
/// Dekker. The exponent of a is at least that of b, or a = 0.
inline ExactPair fast_two_sum(double a, double b) {
  const double s = a + b;
  return {s, b - (s - a)};
}
/// a * b = high + low, unless the low part underflows.
inline ExactPair two_product(double a, double b) {
  const double p = a * b;
  return {p, std::fma(a, b, -p)};
}

class DoubleDouble {
 public:
  DoubleDouble() = default;                     // zero
  DoubleDouble(double exact) : high_(exact) {}  // NOLINT(google-explicit-constructor): exact
  /// The pair itself, normalised: high = RN(high + low).
  static DoubleDouble of_sum(double a, double b) { return DoubleDouble(two_sum(a, b)); }

  double high() const { return high_; }
  double low() const { return low_; }

  friend DoubleDouble operator+(DoubleDouble x, DoubleDouble y) {  // AccurateDWPlusDW
    const auto [sh, sl] = two_sum(x.high_, y.high_);
    const auto [th, tl] = two_sum(x.low_, y.low_);
    const auto [vh, vl] = fast_two_sum(sh, sl + th);
    return DoubleDouble(fast_two_sum(vh, tl + vl));
  }
  friend DoubleDouble operator*(DoubleDouble x, DoubleDouble y) {  // DWTimesDW3
    const auto [ch, cl] = two_product(x.high_, y.high_);
    const double t = std::fma(x.high_, y.low_, x.low_ * y.low_);
    return DoubleDouble(fast_two_sum(ch, cl + std::fma(x.low_, y.high_, t)));
  }
  friend DoubleDouble operator/(DoubleDouble x, DoubleDouble y) {  // DWDivDW2
    const double t = x.high_ / y.high_;
    const DoubleDouble r = times_double(y, t);
    const double remainder = (x.high_ - r.high_) + (x.low_ - r.low_);
    return DoubleDouble(fast_two_sum(t, remainder / y.high_));
  }
  friend DoubleDouble operator-(DoubleDouble x) { return DoubleDouble(ExactPair{-x.high_, -x.low_}); }
  friend DoubleDouble operator-(DoubleDouble x, DoubleDouble y) { return x + -y; }
  DoubleDouble& operator+=(DoubleDouble y) { return *this = *this + y; }
  DoubleDouble& operator-=(DoubleDouble y) { return *this = *this - y; }
  DoubleDouble& operator*=(DoubleDouble y) { return *this = *this * y; }
  DoubleDouble& operator/=(DoubleDouble y) { return *this = *this / y; }

  friend DoubleDouble sqrt(DoubleDouble x) {  // SQRTDWtoDW
    if (x.high_ == 0) return x;
    const double s = std::sqrt(x.high_);
    const double remainder = x.low_ + std::fma(-s, s, x.high_);
    return DoubleDouble(fast_two_sum(s, remainder / (2 * s)));
  }
  friend DoubleDouble abs(DoubleDouble x) { return x.high_ < 0 ? -x : x; }
  friend bool isfinite(DoubleDouble x) { return std::isfinite(x.high_); }

  // Normalised pairs are ordered as their parts are.
  friend bool operator==(DoubleDouble x, DoubleDouble y) = default;
  friend std::partial_ordering operator<=>(DoubleDouble x, DoubleDouble y) {
    const std::partial_ordering order = x.high_ <=> y.high_;
    return order == 0 ? x.low_ <=> y.low_ : order;
  }

 private:
  explicit DoubleDouble(ExactPair pair) : high_(pair.high), low_(pair.low) {}
  static DoubleDouble times_double(DoubleDouble x, double y) {  // DWTimesFP1
    const auto [ch, cl] = two_product(x.high_, y);
    const auto [th, tl] = fast_two_sum(ch, x.low_ * y);
    return DoubleDouble(fast_two_sum(th, tl + cl));
  }

  double high_ = 0, low_ = 0;
};

inline Rational to_rational(DoubleDouble x) { return to_rational(x.high()) + to_rational(x.low()); }

/// Rounded twice to nearest: within u^2 |x|. Errors: std::domain_error if x is beyond the doubles.
template <>
inline DoubleDouble scalar_from<DoubleDouble>(const Rational& x) {
  const double high = nearest(x);
  return DoubleDouble::of_sum(high, nearest(x - to_rational(high)));
}

// The bounds above, for those who prove with them.
namespace double_double {
inline Rational unit() { return dyadic(1, -53); }
inline Rational sum_bound() { return 3 * unit() * unit() / (1 - 4 * unit()); }
inline Rational product_bound() { return 5 * unit() * unit(); }
inline Rational quotient_bound() { return (15 + 56 * unit()) * unit() * unit(); }
inline Rational square_root_bound() { return Rational(25, 8) * unit() * unit(); }
inline Rational conversion_bound() { return unit() * unit(); }
}  // namespace double_double

}  // namespace attnbounds

template <>
struct Eigen::NumTraits<attnbounds::DoubleDouble> : Eigen::GenericNumTraits<attnbounds::DoubleDouble> {
  using Real = attnbounds::DoubleDouble;
  using NonInteger = attnbounds::DoubleDouble;
  using Nested = attnbounds::DoubleDouble;
  using Literal = double;
  enum {
    IsInteger = 0,
    IsSigned = 1,
    IsComplex = 0,
    RequireInitialization = 1,
    ReadCost = 2,
    AddCost = 20,
    MulCost = 9
  };
  static Real epsilon() { return 0x1p-104; }
  static Real dummy_precision() { return 0x1p-96; }
  static int digits10() { return 31; }
};
