// Explicit lower bounds for the relative error on [-X, X] (ours). LB1: if degree g >= 1 reaches delta, then
//     g log(3 + 2 sqrt 2) >= X - log((1+delta)/(1-delta)):
// P <= (1+delta) on [-X, 0], where e^x <= 1, and a polynomial grows outside by at most |T_g|, T_g(3) <=
// (3 + 2 sqrt 2)^g at x = X. LB2: (pi/2) e^{-X} I_{g+1}(X) <= delta.
#include "polynomial/bessel.hpp"
#include "polynomial/certify.hpp"
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

struct GridPoint {
  Rational half_width;
  long degree;
};
struct Case {
  Rational half_width;
  Degree degree;
  Interval best_error;  // relative, proved from both sides
};
Json describe(const Case& c) {
  return {{"half_width", json_number(c.half_width)}, {"degree", c.degree.value}};
}

std::vector<GridPoint> grid(Level level) {
  std::vector<GridPoint> points;
  const long top = level == Level::quick ? 20 : level == Level::standard ? 40 : 80;
  for (const Rational& X :
       {Rational(1, 2), Rational(1), Rational(3), Rational(6), Rational(12), Rational(20)})
    for (long g = 1; g <= top; ++g)
      if (X <= 2 * g + 2) points.push_back({X, g});  // beyond, the best error is 1 to all digits
  return points;
}
Case at(const GridPoint& p) {
  return {p.half_width, {p.degree}, best_error({p.degree}, p.half_width, ErrorKind::relative).error};
}
Interval growth(const Case& c) {
  return enclose(c.half_width) - log((1 + c.best_error) / (1 - c.best_error));
}
Interval allowed(const Case& c) { return c.degree.value * log(3 + 2 * sqrt(Interval(2))); }

const Registration relative_lower_bounds =
    claim("aggarwal-alman-2022/relative-lower-bounds", "ours (LB1, LB2), the lower half made explicit",
          Standing::checked)
        .says(
            "relative error delta at degree g needs X - log((1+delta)/(1-delta)) <= g log(3+2 sqrt 2) and "
            "(pi/2) e^{-X} I_{g+1}(X) <= delta",
            R"($X - \log\frac{1+\delta}{1-\delta} \le g \log(3 + 2\sqrt2)$ and $\tfrac{\pi}{2} e^{-X} I_{g+1}(X) \le \delta$)")
        .over(grid, at)
        .where("best error < 1", [](const Case& c) { return upper(c.best_error) < 1; })
        .precision(Bits{128}, Bits{512})
        .at_most("growth", growth, allowed)
        .at_most(
            "Bessel",
            [](const Case& c) {
              return pi_interval() / 2 * exp(enclose(Rational(-c.half_width))) *
                     modified_bessel_tails(c.half_width, c.degree.value + 1, c.degree.value + 1)
                         .front()
                         .value;
            },
            [](const Case& c) { return c.best_error; })
        .twin("half the growth", growth, [](const Case& c) { return allowed(c) / 2; });

}  // namespace
}  // namespace attnbounds
