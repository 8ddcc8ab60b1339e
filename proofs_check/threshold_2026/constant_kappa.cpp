// "At B = Theta((log n)^{1/p}) the exponent is bounded away from 1", and from both sides at every n, with the
// closed degrees g- <= g* <= g+ of Theorems L and U, L = log n (docs/threshold.md, Theorems 2 and 3):
//     H(d/L, g-/L) - log(d + g- + 1)/L  <=  psi  <=  H(d/L, g+/L),
//     psi >= gamma log(1 + d/(L gamma)),  gamma = (kappa^p - log((1+eps)/(1-eps))/L)/log(3 + 2 sqrt 2).
// The first pair has one limit, H(c, gamma(kappa, C)); the second is elementary and away from 0.
#include "proofs_check/threshold_case.hpp"

namespace attnbounds {
namespace {

std::vector<PhasePoint> grid(Level level) {
  std::vector<const char*> sizes{"2^10", "2^20", "2^40", "2^100", "2^400", "e^1000"};
  if (level != Level::quick) sizes.insert(sizes.end(), {"2^14", "2^64", "e^3000", "e^10000"});
  std::vector<PhasePoint> points;
  for (const AttentionKind kind : {AttentionKind::matrix, AttentionKind::tensor})
    for (const auto& [c, C] : pairs_of(level))
      for (const Rational& kappa : {Rational(1, 8), Rational(1, 4), Rational(1, 2), Rational(1), Rational(2)})
        for (const char* n : sizes) points.push_back({kind, Problem::forward, {n}, kappa, c, C});
  return points;
}

Interval log_inverse_error(const ThresholdCase& c) { return enclose(c.point.C) * log_n(c); }
ClosedDegrees closed(const ThresholdCase& c) {
  return closed_degrees(c.value.half_width, log_inverse_error(c));
}
/// 1 + H(d/L, g/L)
Interval entropy_exponent(const ThresholdCase& c, Degree g) {
  return 1 + entropy_rate(ratio_of_dimension(c), Interval(g.value) / log_n(c));
}
Interval from_below(const ThresholdCase& c) {
  const Degree g = closed(c).at_least;
  return entropy_exponent(c, g) - log(Interval(c.value.dimension + g.value + 1)) / log_n(c);
}
Interval elementary(const ThresholdCase& c) {
  const Interval e = exp(-log_inverse_error(c));
  const Interval gamma = (enclose(half_width_ratio(c.point)) - log((1 + e) / (1 - e)) / log_n(c)) /
                         log(3 + 2 * sqrt(Interval(2)));
  return lower(gamma) > 0 ? Interval(1 + gamma * log(1 + ratio_of_dimension(c) / gamma)) : Interval(1);
}
Interval least_exponent(const ThresholdCase& c) { return enclose(lower(c.value.exponent)); }
Interval largest_exponent(const ThresholdCase& c) { return enclose(upper(c.value.exponent)); }

const Registration bounded_away =
    claim("threshold-2026/exponent-bounded-away", "Theorems 2 and 3", Standing::checked)
        .says(
            "psi >= gamma log(1 + c/gamma), gamma = (kappa^p - o(1))/log(3 + 2 sqrt 2), and H(c, g-/log n) - "
            "log(d + g- + 1)/log n <= psi <= H(c, g+/log n), at every n: B = Theta((log n)^(1/p)) keeps the "
            "exponent "
            "away from 1",
            R"($H(c,\tfrac{g_-}{\log n})-\tfrac{\log(d+g_-+1)}{\log n}\le\psi\le H(c,\tfrac{g_+}{\log n})$)")
        .over(grid, evaluated)
        .at_most("elementary lower bound", elementary, largest_exponent)
        .at_most("closed form from below", from_below, largest_exponent)
        .at_most("closed form from above", least_exponent,
                 [](const ThresholdCase& c) { return entropy_exponent(c, closed(c).at_most); })
        .finds("smallest lower bound", "elementary, along the sequences", Extreme::smallest, elementary)
        .twin(
            "the exponent is at least its limit already at finite n",
            [](const ThresholdCase& c) {
              return limit_exponent(c.point.kind, c.point.kappa, c.point.c, c.point.C).interval();
            },
            largest_exponent);

}  // namespace
}  // namespace attnbounds
