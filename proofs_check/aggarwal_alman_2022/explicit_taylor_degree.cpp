// Theorem U (ours): with L = X + log(1/delta) and g+1 the least integer m >= e X with m log(m/(e X)) >= L,
// the Taylor section satisfies |T_g(x) - e^x| <= delta e^{-X} <= delta e^x on [-X, X]. The difference is
// largest at x = X, where it is the tail sum_{k>g} X^k/k!.
#include "polynomial/least_degree.hpp"
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

struct Case {
  Rational half_width, delta;
  Degree degree;
};
Json describe(const Case& c) {
  return {
      {"half_width", json_number(c.half_width)}, {"delta", json_number(c.delta)}, {"degree", c.degree.value}};
}

Case draw(Draw& d) {
  const Rational X = Rational(d.integer(1, 64), 1 << d.integer(0, 6));
  const Rational delta(1,
                       boost::multiprecision::pow(Integer(10), static_cast<unsigned>(d.integer(0, 30))) + 1);
  return {X, delta, explicit_taylor_degree(X, delta)};
}

Interval tail(const Case& c) {
  Rational section = 0, term = 1;
  for (long k = 0; k <= c.degree.value; term = term * c.half_width / ++k) section += term;
  return exp(enclose(c.half_width)) - enclose(section);
}

const Registration explicit_degree =
    claim("aggarwal-alman-2022/explicit-taylor-degree", "ours (Theorem U), the upper half made explicit",
          Standing::checked)
        .says(
            "the Taylor section of degree g(X, delta) has |T_g - e^x| <= delta e^{-X} on [-X, X]",
            R"($|T_g(x) - e^x| \le \delta e^{-X}$ on $[-X,X]$, $g+1 = \lceil L/W_0(L/(eX)) \rceil$, $L = X + \log(1/\delta)$)")
        .given(draw)
        .where("0 < delta < 1", [](const Case& c) { return c.delta > 0 && c.delta < 1; })
        .at_most("tail <= delta e^{-X}", tail,
                 [](const Case& c) { return enclose(c.delta) * exp(enclose(Rational(-c.half_width))); })
        .twin("with relative error delta e^{-3X}", tail,
              [](const Case& c) { return enclose(c.delta) * exp(enclose(Rational(-3 * c.half_width))); });

}  // namespace
}  // namespace attnbounds
