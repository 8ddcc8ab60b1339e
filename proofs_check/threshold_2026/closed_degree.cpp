// Theorems L and U of docs/threshold.md: the least degree g* for relative error e^{-l} on [-X, X] from both
// sides in closed form, F(n, X) = n arcosh(n/X) - sqrt(n^2 - X^2):
//   (L) l > -log j(X)  =>  F(g* + s + 2, X) >= l + log j(X), j(X) = 0.11 ceil(X)^{-1/3} (0.44 X for X <= 1),
//       s the least integer >= 1 with 8 s^3 >= X;
//   (U) no n with X < n <= g* has F(n, X) >= max(l + log(8/3) + t - log(1 - e^{-arcosh(n/X)}), t + log 2),
//       t = arcosh(1 + 1/X).
// Both are l up to O(X^{1/3} log X): g*/log n has the limit of F(gamma, kappa^p) = C.
#include "polynomial/least_degree.hpp"
#include "proofs_check/threshold_case.hpp"

namespace attnbounds {
namespace {

struct Point {
  Rational half_width;
  long exponent;  // error 10^-exponent
};
struct Case {
  Rational half_width;
  long exponent = 0;
  Degree needed, enough;  // needed <= g* <= enough, proved
};
Rational epsilon_of(long exponent) {
  return 1 / Rational(boost::multiprecision::pow(Integer(10), static_cast<unsigned>(exponent)));
}
Json describe(const Case& c) {
  return {{"half_width", json_number(c.half_width)},
          {"epsilon", json_number(epsilon_of(c.exponent))},
          {"degree", c.enough.value},
          {"degree_needed", c.needed.value}};
}

std::vector<Point> grid(Level level) {
  std::vector<Rational> half_widths{
      Rational(1, 64), Rational(1, 4), 1, Rational(5, 2), 8, 20, 100, 1000, 20000};
  std::vector<long> exponents{2, 5, 20, 100};
  if (level != Level::quick) {
    half_widths.insert(half_widths.end(), {Rational(1, 1000), Rational(3, 4), 3, 5, 40, 300, 5000, 100000});
    exponents.insert(exponents.end(), {1, 3, 10, 50, 300});
  }
  std::vector<Point> points;
  for (const Rational& X : half_widths)
    for (const long e : exponents) points.push_back({X, e});
  return points;
}

Case at(const Point& point) {
  const Rational epsilon = epsilon_of(point.exponent);
  const bool exact = point.half_width <= 40 && point.exponent <= 20;
  const LeastDegree least = exact ? least_degree(point.half_width, epsilon, ErrorKind::relative)
                                  : least_degree_window(point.half_width, epsilon, ErrorKind::relative);
  return {point.half_width, point.exponent, least.proved_needed, least.degree};
}

Interval log_inverse_error(const Case& c) { return c.exponent * log(Interval(10)); }
Interval rate(long n, const Case& c) { return debye_rate(Interval(n), enclose(c.half_width)); }
long shifted(const Case& c) { return c.enough.value + turning_shift(c.half_width) + 2; }
bool beyond(long n, const Case& c) { return Rational(n) > c.half_width; }

const Registration below =
    claim("threshold-2026/degree-from-below", "Theorem L", Standing::checked)
        .says(
            "the least degree g* for relative error e^-l on [-X, X] has F(g* + s + 2, X) >= l + log j(X), "
            "j(X) = "
            "0.11 ceil(X)^(-1/3) (0.44 X for X <= 1), 8 s^3 >= X, if that is positive",
            R"($F(g^*+s+2,X)\ge\ell+\log j(X)$, $F(n,X)=n\,\mathrm{arcosh}(n/X)-\sqrt{n^2-X^2}$)")
        .over(grid, at)
        .at_most(
            "l + log j(X) <= F(g* + s + 2, X)",
            [](const Case& c) {
              const Interval left = log_inverse_error(c) + log(turning_value(c.half_width));
              return shifted(c) >= c.half_width ? left : maximum(left, Interval(0));
            },
            [](const Case& c) { return shifted(c) >= c.half_width ? rate(shifted(c), c) : Interval(0); })
        .twin("F(g*, X) for F(g* + s + 2, X) and no j(X)", log_inverse_error, [](const Case& c) {
          return beyond(c.enough.value, c) ? rate(c.enough.value, c) : log_inverse_error(c);
        });

const Registration above =
    claim("threshold-2026/degree-from-above", "Theorem U", Standing::checked)
        .says(
            "no n with X < n <= g* has F(n, X) at least max(l + log(8/3) + t - log(1 - e^-arcosh(n/X)), t + "
            "log 2), "
            "t = arcosh(1 + 1/X)",
            R"($F(n,X)<\max\{\ell+\log\tfrac83+t-\log(1-e^{-\mathrm{arcosh}(n/X)}),\,t+\log2\}$ for $X<n\le g^*$)")
        .over(grid, at)
        .at_most(
            "F(g*, X) <= what suffices",
            [](const Case& c) { return beyond(c.needed.value, c) ? rate(c.needed.value, c) : Interval(0); },
            [](const Case& c) {
              return beyond(c.needed.value, c)
                         ? rate_that_suffices(Interval(c.needed.value), c.half_width, log_inverse_error(c))
                         : Interval(0);
            })
        .twin(
            "half of l suffices",
            [](const Case& c) { return beyond(c.needed.value, c) ? rate(c.needed.value, c) : Interval(0); },
            [](const Case& c) {
              return beyond(c.needed.value, c) ? Interval(log_inverse_error(c) / 2) : Interval(0);
            });

}  // namespace
}  // namespace attnbounds
