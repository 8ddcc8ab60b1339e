// Aggarwal, Alman 2022, the least degree for exp, in the relative form that Alman, Song 2023 use: on [-X, X]
// with |P - e^x| <= eps e^x it is Theta(F), F(X, eps) = max{X, L/log(max(L/X, e))}, L = log(1/eps).
// Without eps < tanh X, such as eps < X/(1+X), a constant suffices and the lower half is false (degree 0).
// The Theta hides constants; on the grid they are proved to be 1/2 and 2, and the sharpest ones are found.
#include "polynomial/least_degree.hpp"

#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

struct GridPoint {
  Rational half_width, epsilon;
};
struct Case {
  Rational half_width, epsilon;
  Degree degree;  // proved least
};
Json describe(const Case& c) {
  return {{"half_width", json_number(c.half_width)},
          {"epsilon", json_number(c.epsilon)},
          {"degree", c.degree.value}};
}

std::vector<GridPoint> grid(Level level) {
  std::vector<Rational> half_widths{Rational(1, 8), Rational(1, 2), 1, 2, 4, 8, 16, 32};
  std::vector<int> exponents{1, 2, 3, 6, 12, 24};
  if (level != Level::quick) {
    half_widths.insert(half_widths.end(), {Rational(1, 64), Rational(1, 4), 3, 6, 12, 24, 48, 64});
    exponents.insert(exponents.end(), {4, 9, 18, 36, 60});
  }
  if (level == Level::exhaustive) half_widths.insert(half_widths.end(), {Rational(1, 1000), 100, 200, 400});
  std::vector<GridPoint> points;
  for (const Rational& X : half_widths)
    for (int e : exponents)
      if (const Rational epsilon = 1 / Rational(boost::multiprecision::pow(Integer(10), e));
          epsilon < X / (1 + X))
        points.push_back({X, epsilon});
  return points;
}
Case at(const GridPoint& p) {
  return {p.half_width, p.epsilon, least_degree(p.half_width, p.epsilon, ErrorKind::relative).degree};
}

Interval formula(const Case& c) {
  const Interval L = log_interval(1 / c.epsilon), X = enclose(c.half_width);
  return maximum(X, L / maximum(log(L / X), Interval(1)));  // log(max(L/X, e)) = max(log(L/X), 1)
}
Interval degree(const Case& c) { return enclose(Rational(c.degree.value)); }

const Registration least_degree_within_constants =
    claim("aggarwal-alman-2022/least-degree", "least degree of exp, relative form", Standing::proved)
        .says(
            "on the grid, 1/2 F <= least degree <= 2 F, F = max{X, L/log(max(L/X, e))}, L = log(1/eps)",
            R"($\tfrac12 F \le \deg_{X,\varepsilon}(e^x) \le 2F$, $F = \max\{X, L/\log\max(L/X, e)\}$, $L = \log(1/\varepsilon)$)")
        .over(grid, at)
        .where("X > 0", [](const Case& c) { return c.half_width > 0; })
        .where("eps < X/(1+X)", [](const Case& c) { return c.epsilon < c.half_width / (1 + c.half_width); })
        .finds("upper", "largest degree/F", Extreme::largest,
               [](const Case& c) { return degree(c) / formula(c); })
        .finds("lower", "smallest degree/F", Extreme::smallest,
               [](const Case& c) { return degree(c) / formula(c); })
        .at_most("degree <= 2 F", degree, [](const Case& c) { return enclose(Rational(2)) * formula(c); })
        .at_most(
            "1/2 F <= degree", [](const Case& c) { return enclose(Rational(1, 2)) * formula(c); }, degree)
        .twin("the upper constant pushed 10^-9 below the found one", degree,
              [](const Case& c, const Found& found) {
                return enclose(1 - Rational(1, 1000000000)) * found.at("upper").value * formula(c);
              });

}  // namespace
}  // namespace attnbounds
