// What was proved and what was estimated, kept apart by the compiler.
//   Enclosure   [lower, upper] contains the true value: it comes out of interval arithmetic.
//   UpperBound  a double that is at least the true value: every operation rounds up, none rounds down.
//   Estimate    a floating-point measurement. It converts to neither of the two (tests show that such
//               code does not compile).
// Verdict: a claim "left <= right" is verified when upper(left) <= lower(right), refuted when
// lower(left) > upper(right); otherwise the precision is raised, and undecided is an answer.
#pragma once

#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "numeric/scalars.hpp"

namespace attnbounds {

/// A floating-point measurement: reported, never proved.
struct Estimate {
  double value = 0;
  explicit Estimate(double v) : value(v) {}
};

/// A proved enclosure of a real number.
class Enclosure {
 public:
  explicit Enclosure(Interval x) : interval_(std::move(x)) {}
  explicit Enclosure(const Rational& exact) : interval_(enclose(exact)) {}
  explicit Enclosure(double) = delete;  // say enclose(x) when x is exact, Estimate when it is not
  const Interval& interval() const { return interval_; }
  Real lower() const { return attnbounds::lower(interval_); }
  Real upper() const { return attnbounds::upper(interval_); }

 private:
  Interval interval_;
};

/// A proved upper bound on a number that is not negative. Arithmetic rounds up; there is no way back to a
/// lower bound and no subtraction.
class UpperBound {
 public:
  UpperBound() = default;  // zero
  /// `x` is exact: the bound is x itself. Errors: std::domain_error if x is negative or NaN.
  static UpperBound exactly(double x) {
    if (!(x >= 0)) throw std::domain_error("an upper bound must be a number >= 0");
    return UpperBound(x);
  }
  static UpperBound of(const Interval& x) { return exactly(std::fmax(0.0, round_up(x))); }
  static UpperBound of(const Rational& x) { return exactly(std::fmax(0.0, round_up(x))); }
  static UpperBound infinite() { return UpperBound(std::numeric_limits<double>::infinity()); }

  double value() const { return value_; }
  Rational exact() const { return to_rational(value_); }  // std::domain_error when infinite
  bool is_finite() const { return std::isfinite(value_); }

  // A correctly rounded result is within half a unit of the last place, so the next double is above it.
  friend UpperBound operator+(UpperBound a, UpperBound b) {
    if (a.value_ == 0) return b;
    if (b.value_ == 0) return a;
    return up(a.value_ + b.value_);
  }
  friend UpperBound operator*(UpperBound a, UpperBound b) {
    if (a.value_ == 0 || b.value_ == 0) return UpperBound();  // 0 * infinity: the true value is 0
    return up(a.value_ * b.value_);
  }
  /// Quotient by a proved positive lower bound of the denominator; infinite if that is not positive.
  friend UpperBound divide_by_at_least(UpperBound a, double denominator_lower) {
    if (!(denominator_lower > 0)) return infinite();
    if (a.value_ == 0) return a;
    return up(a.value_ / denominator_lower);
  }
  friend UpperBound square_root(UpperBound a) { return a.value_ == 0 ? a : up(std::sqrt(a.value_)); }
  friend UpperBound maximum(UpperBound a, UpperBound b) { return a.value_ < b.value_ ? b : a; }
  friend UpperBound minimum(UpperBound a, UpperBound b) { return a.value_ < b.value_ ? a : b; }
  friend bool operator<=(UpperBound a, const Rational& limit) {
    return a.is_finite() && to_rational(a.value_) <= limit;
  }

 private:
  explicit UpperBound(double x) : value_(x) {}
  static UpperBound up(double x) {
    return UpperBound(std::nextafter(x, std::numeric_limits<double>::infinity()));
  }
  double value_ = 0;
};

enum class Verdict { verified, refuted, undecided };
const char* name(Verdict verdict);

/// left <= right, from two enclosures.
Verdict at_most(const Interval& left, const Interval& right);
/// left == right, exactly, over the rationals.
inline Verdict equal(const Rational& left, const Rational& right) {
  return left == right ? Verdict::verified : Verdict::refuted;
}

/// How far the precision may be raised before the answer is `undecided`.
struct PrecisionLadder {
  Bits first{64};
  Bits last{4096};
};

struct Decision {
  Verdict verdict = Verdict::undecided;
  Interval left, right;
  Bits precision;
};

/// Evaluates `sides()` (a pair of Intervals, left and right) at 64, 128, 256, … bits until at_most decides.
template <class Sides>
Decision decide_at_most(const Sides& sides, PrecisionLadder ladder = {}) {
  Decision decision;
  for (Bits bits = ladder.first;; bits.count *= 2) {
    const WorkingPrecision guard(bits);
    auto [left, right] = sides();
    decision = {at_most(left, right), left, right, bits};
    if (decision.verdict != Verdict::undecided || bits.count * 2 > ladder.last.count) return decision;
  }
}

}  // namespace attnbounds
