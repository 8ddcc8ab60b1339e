// The best absolute error E_g of degree g for e^x on [-X, X]. The Chebyshev coefficients are a_k = 2 I_k(X),
// so
//     max( sqrt(2 sum_{k>g} I_k^2), (pi/2) I_{g+1} )  <=  E_g  <=  2 sum_{k>g} I_k.
// Lower: sum_{k>g} a_k^2/2 is the weighted mean square of the best approximation's remainder or less, and
// a_{g+1} = (2/pi) int (f - P) T_{g+1} w with int |T_{g+1}| w = 2. Upper: truncate.
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
  Interval
      best_error;  // proved from both sides by alternation and a certified sup norm, not by Bessel functions
};
Json describe(const Case& c) {
  return {{"half_width", json_number(c.half_width)}, {"degree", c.degree.value}};
}

std::vector<GridPoint> grid(Level level) {
  std::vector<GridPoint> points;
  const long top = level == Level::quick ? 24 : level == Level::standard ? 60 : 120;
  for (const Rational& X :
       {Rational(1, 10), Rational(1, 2), Rational(1), Rational(2), Rational(4), Rational(9), Rational(20)})
    for (long g = 0; g <= top; g += g < 8 ? 1 : 4) points.push_back({X, g});
  return points;
}
Case at(const GridPoint& p) {
  return {p.half_width, {p.degree}, best_error({p.degree}, p.half_width, ErrorKind::absolute).error};
}

BesselTail tail(const Case& c) {
  return modified_bessel_tails(c.half_width, c.degree.value + 1, c.degree.value + 1).front();
}
Interval best(const Case& c) { return c.best_error; }

const Registration chebyshev_sandwich =
    claim("aggarwal-alman-2022/chebyshev-sandwich", "classical, behind the least degree", Standing::checked)
        .says(
            "max(sqrt(2 sum_{k>g} I_k(X)^2), (pi/2) I_{g+1}(X)) <= E_g(X) <= 2 sum_{k>g} I_k(X), absolute "
            "error",
            R"($\max\{(2\sum_{k>g} I_k^2)^{1/2}, \tfrac{\pi}{2} I_{g+1}\} \le E_g \le 2\sum_{k>g} I_k$, $I_k = I_k(X)$)")
        .over(grid, at)
        .where("X > 0", [](const Case& c) { return c.half_width > 0; })
        .precision(Bits{128}, Bits{512})
        .at_most(
            "mean square <= E_g", [](const Case& c) { return sqrt(2 * tail(c).squares); }, best)
        .at_most(
            "(pi/2) I_{g+1} <= E_g", [](const Case& c) { return pi_interval() / 2 * tail(c).value; }, best)
        .at_most("E_g <= 2 sum I_k", best, [](const Case& c) { return 2 * tail(c).sum; })
        .twin("the next term alone, E_g <= 2 I_{g+1}", best, [](const Case& c) { return 2 * tail(c).value; });

}  // namespace
}  // namespace attnbounds
