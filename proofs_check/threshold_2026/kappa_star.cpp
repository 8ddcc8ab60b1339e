// kappa*(n, c, C), enclosed from certified degrees, lies in the window of the closed forms of Theorem 3, and
// the window closes on the proved limit: at kappa_low the form from above is below p - 1, so the method pays;
// at kappa_high the form from below is at least p - 1, so it does not (docs/threshold.md, Theorem 4).
#include "proofs_check/threshold_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  PhasePoint point;
  KappaStar star;
  Rational low, high;  // of the closed forms
};
Json describe(const Case& c) {
  return {{"kind", name(c.point.kind)},       {"n", c.point.n.text},
          {"c", json_number(c.point.c)},      {"C", json_number(c.point.C)},
          {"pays", json_number(c.star.pays)}, {"does_not_pay", json_number(c.star.does_not_pay)},
          {"low", json_number(c.low)},        {"high", json_number(c.high)}};
}

constexpr long kSteps = 4096;  // of kappa in 1

enum class Form { above, below };

/// psi's closed form at kappa = k/4096, against p - 1.
bool reaches(const PhasePoint& p, long k, Form form) {
  const WorkingPrecision precision(Bits{128});
  PhasePoint at = p;
  at.kappa = Rational(k, kSteps);
  const Interval L = p.n.log(), X = enclose(half_width_ratio(at)) * L, c = Interval(dimension(p.n, p.c)) / L;
  const Rational half_width = form == Form::above ? to_rational(upper(X)) : to_rational(lower(X));
  const ClosedDegrees g = closed_degrees(half_width, enclose(p.C) * L);
  const long degree = form == Form::above ? g.at_most.value : g.at_least.value;
  const Interval H = entropy_rate(c, Interval(degree) / L);
  const long target = order(p.kind) - 1;
  return form == Form::above
             ? !(upper(H) < target)
             : lower(Interval(H - log(Interval(dimension(p.n, p.c) + degree + 1)) / L)) >= target;
}

Rational first_reached(const PhasePoint& p, Form form) {
  long low = 0, high = kSteps / 16;
  while (!reaches(p, high, form)) high *= 2;
  while (high - low > 1) {
    const long middle = (low + high) / 2;
    (reaches(p, middle, form) ? high : low) = middle;
  }
  return Rational(form == Form::above ? low : high, kSteps);
}

std::vector<PhasePoint> grid(Level level) {
  std::vector<const char*> sizes{"2^20", "2^100", "2^400", "e^2000"};
  if (level != Level::quick) sizes.insert(sizes.end(), {"2^40", "2^200", "e^1000", "e^8000"});
  std::vector<PhasePoint> points;
  for (const AttentionKind kind : {AttentionKind::matrix, AttentionKind::tensor})
    for (const auto& [c, C] : pairs_of(level))
      for (const char* n : sizes) points.push_back({kind, Problem::forward, {n}, 0, c, C});
  return points;
}

Case at(const PhasePoint& p) {
  return {p, kappa_star(p, Rational(1, 500)), first_reached(p, Form::above), first_reached(p, Form::below)};
}

Interval limit(const Case& c) { return limit_kappa_star(c.point.kind, c.point.c, c.point.C).interval(); }

const Registration window =
    claim("threshold-2026/kappa-star", "Theorem 4", Standing::checked)
        .says(
            "kappa*(n, c, C), where the polynomial method stops paying, lies between the kappa at which the "
            "closed "
            "forms of Theorem 3 reach p - 1; both tend to the root of H(c, gamma(kappa, C)) = p - 1",
            R"($\kappa_{\rm low}(n)\le\kappa^*(n,c,C)\le\kappa_{\rm high}(n)$, both $\to\kappa^*(c,C)$)")
        .over(grid, at)
        .at_most(
            "the closed forms pay no later", [](const Case& c) { return c.low; },
            [](const Case& c) { return c.star.does_not_pay; })
        .at_most(
            "and stop no earlier", [](const Case& c) { return c.star.pays; },
            [](const Case& c) { return c.high; })
        .finds("distance", "|kappa* - limit| log n/log log n", Extreme::largest,
               [](const Case& c) {
                 const Interval L = c.point.n.log();
                 return Interval(absolute_value(enclose(c.star.pays) - limit(c)) * L / log(L));
               })
        .finds("window", "(kappa_high - kappa_low) log n/log log n", Extreme::largest,
               [](const Case& c) {
                 const Interval L = c.point.n.log();
                 return Interval(enclose(Rational(c.high - c.low)) * L / log(L));
               })
        .twin(
            "kappa*(n) is at most its limit", [](const Case& c) { return enclose(c.star.pays); }, limit);

}  // namespace
}  // namespace attnbounds
