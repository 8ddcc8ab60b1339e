// Theorems L and U of docs/threshold.md, which bound the least degree in closed form at every n, and what
// follows from them for the exponent and for kappa*. l = log(1/epsilon).
#include "../kinds/threshold.hpp"

namespace checker {
namespace {

/// What F(n, X) must be for degree n - 1 to suffice, n > X: Theorem U.
Ball rate_that_suffices(const Ball& n, const Ball& X, const Ball& l) {
  const auto arcosh = [](const Ball& y) { return log(y + square_root(y * y - 1)); };
  const Ball t = arcosh(1 + 1 / X);
  return maximum(l + log(Ball(8) / 3) + t - log(1 - exp(Ball(0) - arcosh(n / X))), t + log(Ball(2)));
}

/// Theorem L: l + log j(X) <= F(g* + s + 2, X) if the left side is positive.
struct TurningPoint {
  long shift = 1;  // s, the least integer >= 1 with 8 s^3 >= X
  Ball value;      // j(X) = 0.11 ceil(X)^(-1/3), or 0.44 X for X <= 1
};
TurningPoint turning_point(const Ball& X) {
  TurningPoint at;
  while (!surely_at_most(X, 8 * at.shift * at.shift * at.shift)) ++at.shift;
  const Ball m = Ball(0) - whole_part(Ball(0) - X, "the whole number after X"), hundredth = Ball(1) / 100;
  at.value = surely_at_most(m, 1) ? 44 * hundredth * X : 11 * hundredth / exp(log(m) / 3);
  return at;
}

/// 1 + H(d/log n, g/log n), of a degree g that Theorem U proves enough for t's error on [-X, X].
Ball closed_form_from_above(const Field& degree, const ThresholdPoint& t, const Ball& X) {
  const long g = degree.integer(1, kLargestOfAPoint);
  const Ball n(g + 1);
  require_above(n, X, degree.place + ": X against one more");
  require_at_most(rate_that_suffices(n, X, t.log_inverse_error()), debye_rate(n, X),
                  degree.place + ": what suffices by Theorem U against F");
  return 1 + entropy_rate(t.d / t.log_n, g / t.log_n);
}
/// 1 + H(d/log n, g/log n) - log(d + g + 1)/log n, of a degree g that Theorem L proves needed; 1 for g = 0.
Ball closed_form_from_below(const Field& degree, const ThresholdPoint& t, const Ball& X) {
  const long g = degree.integer(0, kLargestOfAPoint);
  if (g == 0) return 1 - log(Ball(t.d + 1)) / t.log_n;
  const TurningPoint at = turning_point(X);
  const Ball left = t.log_inverse_error() + log(at.value);
  require_above(left, 0, degree.place + ": l + log j(X) against 0");
  if (!surely_greater(X, g))  // else g* + 1 >= ceil(X) says it all
    require_above(left, debye_rate(g + 1 + at.shift, X),
                  degree.place + ": l + log j(X) against F, were one degree less enough");
  return 1 + entropy_rate(t.d / t.log_n, g / t.log_n) - log(Ball(t.d + g + 1)) / t.log_n;
}

}  // namespace

// No n, X < n <= g*, has F(n, X) of what suffices. n <= g* is proved by `lower`.
Quantities degree_from_above(const Field& in) {
  const Fraction half_width = positive(in["half_width"]), epsilon = proper(in["epsilon"]);
  const long needed = in["degree_needed"].integer(1, kLargestOfAPoint);
  in["degree"].integer(needed, kLargestOfAPoint);  // enough: for degree_from_below
  require(half_width < Fraction(needed), "instance.degree_needed: not above X");
  const Ball n(needed), X(half_width), l = Ball(0) - log(Ball(epsilon));
  require_above(least_error_of(in["lower"], needed - 1, X), Ball(epsilon),
                "instance.lower: the proved error against epsilon");
  return {{"F(n, X)", debye_rate(n, X)}, {"what suffices", rate_that_suffices(n, X, l)}, {"l", l}};
}

// `degree` is enough, proved by `upper`.
Quantities degree_from_below(const Field& in) {
  const Fraction half_width = positive(in["half_width"]), epsilon = proper(in["epsilon"]);
  const long g = in["degree"].integer(0, kLargestOfAPoint);
  in["degree_needed"].integer(0, g);  // for degree_from_above
  const Ball X(half_width), l = Ball(0) - log(Ball(epsilon));
  require_at_most(error_of(in["upper"], g, X), Ball(epsilon),
                  "instance.upper: the proved error against epsilon");
  const TurningPoint at = turning_point(X);
  require(half_width < Fraction(g), "instance.degree: not above X");
  return {{"F(g, X)", debye_rate(g, X)},
          {"F(g + s + 2, X)", debye_rate(g + at.shift + 2, X)},
          {"l", l},
          {"l + log j(X)", l + log(at.value)}};
}

// Theorem 1, M = log(C/kappa^p) >= 2.
Quantities small_entries(const Field& in) {
  const ThresholdPoint t = threshold_point_from(in, in["kappa"], in);
  const Ball M = log(Ball(t.C) / Ball(t.half_width_ratio));
  require_at_most(2, M, "instance.kappa: 2 against log(C/kappa^p)");
  const auto bound = [&](long constant) {
    const Ball share = constant * Ball(t.C) / M;
    return 1 + share * (1 + log(1 + t.d / t.log_n / share));
  };
  return {{"exponent", t.exponent(t.degree)},
          {"exponent needed", t.exponent(t.degree_needed)},
          {"bound", bound(9)},
          {"bound with 1 for 9", bound(1)}};
}

// Theorems 2 and 3; `closed_degrees` and `degree_ratio` bring the degrees and the limit of gamma.
Quantities constant_kappa(const Field& in) {
  const ThresholdPoint t = threshold_point_from(in, in["kappa"], in);
  const Ball epsilon = exp(Ball(0) - t.log_inverse_error()),
             gamma = (t.X - log((1 + epsilon) / (1 - epsilon))) / t.log_n /
                     log(Ball(3) + 2 * square_root(Ball(2)));
  const bool positive = sure_sign(gamma) > 0;
  if (!positive && sure_sign(gamma) == 0) throw Undecided("instance: the sign of gamma");
  const Field closed = in["closed_degrees"];
  return {{"exponent needed", t.exponent(t.degree_needed)},
          {"exponent", t.exponent(t.degree)},
          {"elementary bound", positive ? 1 + gamma * log(1 + t.d / t.log_n / gamma) : Ball(1)},
          {"bound from below", closed_form_from_below(closed["at_least"], t, t.X)},
          {"bound from above", closed_form_from_above(closed["at_most"], t, t.X)},
          {"limit", limit_exponent(in["degree_ratio"], t)}};
}

// Theorem 4: the method pays at `pays` and does not at `does_not_pay`, by their points; nor can the closed
// forms tell otherwise at `low` and `high`. `limit` holds that of kappa*.
Quantities kappa_star(const Field& in) {
  const ThresholdPoint pays = threshold_point_from(in, in["pays"], in["at_pays"]),
                       not_so = threshold_point_from(in, in["does_not_pay"], in["at_does_not_pay"]);
  const Ball p(pays.p);
  require_above(p, pays.exponent(pays.degree), "instance.pays: p against the exponent");
  require_at_most(p, not_so.exponent(not_so.degree_needed), "instance.does_not_pay: p against the exponent");
  const auto parameters = [&](const Field& kappa) { return threshold_parameters_from(in, kappa); };
  const auto X = [&](const char* kappa) { return Ball(parameters(in[kappa]).half_width_ratio) * pays.log_n; };
  require_above(p, closed_form_from_above(in["closed_degrees"]["at_most"], pays, X("low")),
                "instance.low: p against the closed form");
  require_at_most(p, closed_form_from_below(in["closed_degrees"]["at_least"], pays, X("high")),
                  "instance.high: p against the closed form");
  const Field limit = in["limit"];
  require_at_most(limit_exponent(limit["ratio_at_lower"], parameters(limit["lower"])), p,
                  "instance.limit.lower: the limit of the exponent against p");
  require_at_most(p, limit_exponent(limit["ratio_at_upper"], parameters(limit["upper"])),
                  "instance.limit.upper: p against the limit of the exponent");
  return {{"low", positive(in["low"])},
          {"high", positive(in["high"])},
          {"pays", positive(in["pays"])},
          {"does not pay", positive(in["does_not_pay"])},
          {"limit", hull(Ball(positive(limit["lower"])), Ball(positive(limit["upper"])))}};
}

}  // namespace checker
