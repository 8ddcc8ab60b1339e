// The limit of the threshold as n grows, and closed forms that hold at every n (docs/threshold.md has the
// proofs). F(n, X) = n arcosh(n/X) - sqrt(n^2 - X^2) = integral of arcosh(t/X) from X to n, for n >= X > 0.
//   degree    g/log n -> gamma,   F(gamma, kappa^p) = C
//   exponent  psi -> H(c, gamma) = (c + gamma) log(c + gamma) - c log c - gamma log gamma
//   kappa*    the kappa at which H(c, gamma) = p - 1
// Theorems L and U: from both sides of the least degree, with explicit remainders. The former is
//   epsilon < j(X) and degree g suffices  =>  F(g + s + 2, X) >= log(1/epsilon) + log j(X),
//   j(X) = 0.11 m^{-1/3} (m = ceil(X) >= 2), 0.44 X (m = 1), s the least integer >= 1 with 8 s^3 >= X; the
//   latter F(n, X) >= max(log(1/epsilon) + log(8/3) + t - log(1 - X/n'), t + log 2), t = arcosh(1 + 1/X), n >
//   X
//   => degree n - 1 suffices,   where X/n' = e^{-arcosh(n/X)}.
#pragma once

#include "phase/exponent.hpp"

namespace attnbounds {

/// F(n, X), for members 0 < X <= n. Errors: std::domain_error if n >= X is not certain.
Interval debye_rate(const Interval& n, const Interval& X);

/// H(c, gamma), c > 0, gamma >= 0.
Interval entropy_rate(const Interval& c, const Interval& gamma);

/// s: how far the ratios J_k/J_{k-1} are from their asymptotic form at the turning point.
long turning_shift(const Rational& half_width);

/// j(X): a proved lower bound of J_m(X), m = ceil(X).
Interval turning_value(const Rational& half_width);

/// The right-hand side of Theorem U at n > X.
Interval rate_that_suffices(const Interval& n, const Rational& half_width, const Interval& log_inverse_error);

/// Closed bounds of the least degree for relative error e^{-l} on [-X, X]: Theorem L (0 where epsilon >=
/// j(X)) and Theorem U. `l` encloses log(1/epsilon), positive.
struct ClosedDegrees {
  Degree at_least, at_most;
};
ClosedDegrees closed_degrees(const Rational& half_width, const Interval& log_inverse_error);

// The limits, enclosed to about 2^-60. kappa >= 0, c > 0, C > 0; half_width_ratio is kappa^p = X/log n.
Enclosure limit_degree_ratio(const Rational& half_width_ratio, const Rational& C);
Enclosure limit_exponent(AttentionKind kind, const Rational& kappa, const Rational& c, const Rational& C);
Enclosure limit_kappa_star(AttentionKind kind, const Rational& c, const Rational& C);

}  // namespace attnbounds
