// The relative counterpart of the Chebyshev sandwich (ours, docs/degree.md), for g + 1 >= X:
//     J_{g+1}(X) sqrt(2/(1 + |J_{2g+2}(2X)|))  <=  E_g.
// The functional f -> (1/2pi) int f(X cos t) Re(w^n e^{-Xw}) dt, w = e^{it}, n = g+1, annihilates degree <= g
// and maps e^x to J_n(X); against the weight e^x its norm is found by Cauchy and Schwarz.
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
  Interval best_error;
};
Json describe(const Case& c) {
  return {{"half_width", json_number(c.half_width)}, {"degree", c.degree.value}};
}

std::vector<GridPoint> grid(Level level) {
  std::vector<GridPoint> points;
  const long beyond = level == Level::quick ? 12 : level == Level::standard ? 30 : 80;
  for (const Rational& X : {Rational(1, 10), Rational(1), Rational(3), Rational(8), Rational(20)}) {
    const long first = static_cast<long>(Integer(numerator(X) / denominator(X)));
    for (long g = first; g <= first + beyond; ++g) points.push_back({X, g});
  }
  return points;
}
Case at(const GridPoint& p) {
  return {p.half_width, {p.degree}, best_error({p.degree}, p.half_width, ErrorKind::relative).error};
}

Interval bound(const Case& c) {
  const long n = c.degree.value + 1;
  const Interval J = bessel_decay(c.half_width, n, n).front().value;
  const Interval twice = bessel_decay(2 * c.half_width, 2 * n, 2 * n).front().value;
  return J * sqrt(2 / (1 + absolute_value(twice)));
}
Interval best(const Case& c) { return c.best_error; }

const Registration relative_sandwich =
    claim("aggarwal-alman-2022/relative-sandwich", "ours, the relative error's own lower bound",
          Standing::checked)
        .says("J_{g+1}(X) sqrt(2/(1+|J_{2g+2}(2X)|)) <= E_g(X), relative error, g+1 >= X",
              R"($J_{g+1}(X)\sqrt{2/(1+|J_{2g+2}(2X)|)} \le E_g^{\mathrm{rel}}(X)$)")
        .over(grid, at)
        .where("g + 1 >= X", [](const Case& c) { return c.half_width <= c.degree.value + 1; })
        .precision(Bits{128}, Bits{512})
        .at_most("J lower bound", bound, best)
        .twin(
            "twice the bound", [](const Case& c) { return Interval(2 * bound(c)); }, best);

}  // namespace
}  // namespace attnbounds
