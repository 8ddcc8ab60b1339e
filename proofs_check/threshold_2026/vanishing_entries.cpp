// "B = o((log n)^{1/p}) gives exponent -> 1" (Alman, Song 2023, 2024), as an inequality that holds at every
// n: for d <= c log n, B = kappa (log n)^{1/p}, error n^{-C} and M = log(C/kappa^p) >= 2,
//     exponent <= 1 + (9 C/M)(1 + log(1 + c M/(9 C))),
// which tends to 1 as kappa -> 0, whatever n is (docs/threshold.md, Theorem 1). Along four sequences,
// B^p = 1, (log n)^{1/2}, log n/log log n, and log n e^{-(log n)^{1/2}}: only the last shows an exponent near
// 1 at sizes that can be computed.
#include "proofs_check/threshold_case.hpp"

namespace attnbounds {
namespace {

/// kappa of the sequence, in its 20 leading bits (so that no library's pow is in the result).
Rational kappa_of(int sequence, AttentionKind kind, const TokenCount& n) {
  const double L = nearest(midpoint(n.log()));
  const double ratio = sequence == 0   ? 1 / L
                       : sequence == 1 ? 1 / std::sqrt(L)
                       : sequence == 2 ? 1 / std::log(L)
                                       : std::exp(-std::sqrt(L));
  int exponent = 0;
  const double leading = std::frexp(std::pow(ratio, 1.0 / static_cast<double>(order(kind))), &exponent);
  return dyadic(Integer(static_cast<long>(leading * 0x1p20)), exponent - 20);
}

Interval rate_M(const PhasePoint& p) { return log_interval(p.C / half_width_ratio(p)); }

std::vector<PhasePoint> grid(Level level) {
  std::vector<const char*> sizes{"2^20", "2^40", "2^100", "2^400", "e^1000"};
  if (level != Level::quick) sizes.insert(sizes.end(), {"2^10", "2^64", "e^3000", "e^10000"});
  std::vector<PhasePoint> points;
  for (const AttentionKind kind : {AttentionKind::matrix, AttentionKind::tensor})
    for (const auto& [c, C] : pairs_of(level))
      for (int sequence = 0; sequence < 4; ++sequence)
        for (const char* n : sizes) {
          const PhasePoint p{kind, Problem::forward, {n}, kappa_of(sequence, kind, {n}), c, C};
          if (lower(rate_M(p)) >= 2) points.push_back(p);
        }
  return points;
}

Interval bound(const ThresholdCase& c, long constant) {
  const Interval share = constant * enclose(c.point.C) / rate_M(c.point);
  return 1 + share * (1 + log(1 + ratio_of_dimension(c) / share));
}
Interval exponent(const ThresholdCase& c) { return enclose(upper(c.value.exponent)); }
Interval exponent_needed(const ThresholdCase& c) { return enclose(lower(c.value.exponent)); }

const Registration tends_to_one =
    claim("threshold-2026/exponent-tends-to-one", "Theorem 1", Standing::checked)
        .says(
            "exponent <= 1 + (9 C/M)(1 + log(1 + c M/(9 C))), M = log(C/kappa^p) >= 2, at every n: B = "
            "o((log "
            "n)^(1/p)) gives exponent -> 1",
            R"($1+\psi\le1+\frac{9C}{M}\bigl(1+\log(1+\frac{cM}{9C})\bigr)$, $M=\log(C/\kappa^p)\ge2$)")
        .over(grid, evaluated)
        .where("M >= 2", [](const ThresholdCase& c) { return lower(rate_M(c.point)) >= 2; })
        .at_most("exponent <= the closed form", exponent, [](const ThresholdCase& c) { return bound(c, 9); })
        .finds("least closed form", "1 + (9 C/M)(1 + log(1 + c M/(9 C))) along the sequences",
               Extreme::smallest, [](const ThresholdCase& c) { return bound(c, 9); })
        .twin("1 for 9", exponent_needed, [](const ThresholdCase& c) { return bound(c, 1); });

}  // namespace
}  // namespace attnbounds
