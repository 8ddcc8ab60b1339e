// Taylor sections T_g(x) = sum_{k<=g} x^k/k!. For even g, T_g > 0 on the whole line: at a minimum
// T_g' = T_{g-1} = 0, so T_g = x^g/g! there, and x = 0 is none. For odd g, T_g(-g-1) < 0: a denominator of
// attention made from an odd section can vanish.
#include "numeric/zoo.hpp"
#include "polynomial/polynomial.hpp"
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

struct Case {
  long degree;
  Rational x;
};
Json describe(const Case& c) { return {{"degree", c.degree}, {"x", json_number(c.x)}}; }
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  if (c.degree >= 2) cases.push_back({c.degree - 2, c.x});
  const Rational whole(Integer(numerator(c.x) / denominator(c.x)));  // towards 0
  if (whole != c.x) cases.push_back({c.degree, whole});
  if (c.x < -1) cases.push_back({c.degree, c.x + 1});
  return cases;
}

Case draw(Draw& d) { return {2 * d.integer(0, 20), d.dyadic(60, 5)}; }
Case draw_odd(Draw& d) { return {2 * d.integer(0, 20) + 1, d.dyadic(60, 5)}; }

Rational section(const Case& c) {
  Rational value = 0, term = 1;
  for (long k = 0; k <= c.degree - (bug(Bug::odd_taylor_degree) ? 1 : 0); term = term * c.x / ++k)
    value += term;
  return value;
}

const Registration taylor_parity =
    claim("aggarwal-alman-2022/even-taylor-sections-are-positive", "used for denominators", Standing::checked)
        .says("sum_{k<=g} x^k/k! >= 0 for all real x, when g is even",
              R"($\sum_{k\le g} x^k/k! \ge 0$ for all real $x$, $g$ even)")
        .given(draw)
        .where("g is even", [](const Case& c) { return c.degree % 2 == 0; })
        .at_most(
            "0 <= T_g(x)", [](const Case&) { return Rational(0); }, section)
        .twin_without("g is even", draw_odd);

}  // namespace
}  // namespace attnbounds
