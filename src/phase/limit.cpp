#include "phase/limit.hpp"

#include <cmath>
#include <stdexcept>

namespace attnbounds {
namespace {

constexpr int kHalvings = 70;

Interval arcosh(const Interval& x) { return log(x + sqrt((x - 1) * (x + 1))); }

long ceiling(const Rational& x) { return static_cast<long>(-scaled_floor(-x, 0)); }

/// Where an increasing function crosses zero, between `low` (below) and `high` (above): halved until its sign
/// is unknown or the bracket is 2^-70 of what it was.
template <class Function>
Interval zero_of_increasing(Rational low, Rational high, const Function& f) {
  for (int i = 0; i < kHalvings; ++i) {
    const Rational middle = (low + high) / 2;
    switch (sign(f(enclose(middle)))) {
      case Sign::negative:
        low = middle;
        break;
      case Sign::positive:
        high = middle;
        break;
      default:
        return hull(enclose(low), enclose(high));
    }
  }
  return hull(enclose(low), enclose(high));
}

/// F(gamma, X) on all of gamma >= 0: 0 up to X.
Interval rate_or_zero(const Interval& gamma, const Interval& X) {
  return upper(gamma) <= lower(X) ? Interval(0) : debye_rate(maximum(gamma, X), X);
}

}  // namespace

Interval debye_rate(const Interval& n, const Interval& X) {
  if (!(lower(X) > 0)) throw std::domain_error("F(n, X) needs X > 0");
  const Interval ratio = maximum(n / X, Interval(1));  // n >= X, whatever the rounding of n/X says
  if (upper(n) < lower(X)) throw std::domain_error("F(n, X) needs n >= X");
  return n * arcosh(ratio) - X * sqrt((ratio - 1) * (ratio + 1));
}

Interval entropy_rate(const Interval& c, const Interval& gamma) {
  if (upper(gamma) == 0) return 0;
  // gamma log(1 + c/gamma) + c log(1 + gamma/c): no cancellation, and increasing in gamma.
  const auto at = [&](const Real& end) {
    if (end <= 0) return Interval(0);
    const Interval g = enclose(end);
    return Interval(g * log(1 + c / g) + c * log(1 + g / c));
  };
  return hull(at(lower(gamma)), at(upper(gamma)));
}

long turning_shift(const Rational& X) {
  long s = 1;
  while (Rational(8 * s * s * s) < X) ++s;
  return s;
}

Interval turning_value(const Rational& X) {
  const long m = ceiling(X);
  if (m <= 1) return enclose(Rational(X * 11 / 25));
  return enclose(Rational(11, 100)) / exp(log(Interval(m)) / 3);
}

Interval rate_that_suffices(const Interval& n, const Rational& half_width, const Interval& l) {
  const Interval X = enclose(half_width), t = arcosh(1 + 1 / X), decay = exp(-arcosh(n / X));
  return maximum(l + log(enclose(Rational(8, 3))) + t - log(1 - decay), t + log(Interval(2)));
}

ClosedDegrees closed_degrees(const Rational& half_width, const Interval& l) {
  const WorkingPrecision precision(Bits{128});
  const Interval X = enclose(half_width), target = l + log(turning_value(half_width));
  const long m = ceiling(half_width);
  ClosedDegrees bounds{{0}, {0}};
  // Both conditions are monotone in the degree: gallop, then halve.
  const auto least = [&](long from, const auto& holds) {
    long step = 1;
    while (!holds(from + step)) step *= 2;
    long low = from, high = from + step;  // holds(low) is not known to be false only if low = from
    while (high - low > 1) {
      const long middle = low + (high - low) / 2;
      (holds(middle) ? high : low) = middle;
    }
    return high;
  };
  if (lower(target) > 0) {
    const long after = least(m - 1, [&](long n) {  // the least n with F(n, X) >= target not excluded
      return upper(debye_rate(Interval(n), X)) >= lower(target);
    });
    bounds.at_least = {std::max(m - 1, after - turning_shift(half_width) - 2)};
  }
  bounds.at_most = {least(m,
                          [&](long n) {
                            return lower(debye_rate(Interval(n), X)) >=
                                   upper(rate_that_suffices(Interval(n), half_width, l));
                          }) -
                    1};
  return bounds;
}

Enclosure limit_degree_ratio(const Rational& X, const Rational& C) {
  const WorkingPrecision precision(Bits{160});
  if (X < 0 || C <= 0) throw std::domain_error("kappa >= 0 and C > 0");
  if (X == 0) return Enclosure(Rational(0));
  const Interval x = enclose(X), target = enclose(C);
  Rational high = 2 * X + C;
  while (!(lower(debye_rate(enclose(high), x)) > upper(target))) high *= 2;
  return Enclosure(zero_of_increasing(
      X, high, [&](const Interval& gamma) { return Interval(rate_or_zero(gamma, x) - target); }));
}

Enclosure limit_exponent(AttentionKind kind, const Rational& kappa, const Rational& c, const Rational& C) {
  const WorkingPrecision precision(Bits{160});
  Rational X = 1;
  for (long i = 0; i < order(kind); ++i) X *= kappa;
  return Enclosure(Interval(1 + entropy_rate(enclose(c), limit_degree_ratio(X, C).interval())));
}

Enclosure limit_kappa_star(AttentionKind kind, const Rational& c, const Rational& C) {
  const WorkingPrecision precision(Bits{160});
  if (c <= 0 || C <= 0) throw std::domain_error("c > 0 and C > 0");
  const long p = order(kind);
  // gamma* with H(c, gamma*) = p - 1, then X with F(gamma*, X) = C, which falls from infinity (X -> 0) to 0.
  Rational high = 1;
  while (!(lower(entropy_rate(enclose(c), enclose(high))) > p - 1)) high *= 2;
  const Interval gamma = zero_of_increasing(
      Rational(0), high, [&](const Interval& g) { return Interval(entropy_rate(enclose(c), g) - (p - 1)); });
  const Interval X = zero_of_increasing(Rational(0), to_rational(upper(gamma)), [&](const Interval& x) {
    return lower(x) >= lower(gamma) ? enclose(C) : Interval(enclose(C) - debye_rate(gamma, x));
  });
  return Enclosure(Interval(exp(log(X) / p)));
}

}  // namespace attnbounds
