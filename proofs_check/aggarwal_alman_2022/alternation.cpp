// De la Vallee Poussin, relative form. With w_i = 1/prod_{j != i}(x_i - x_j) on points x_0 < ... < x_{g+1},
//     |sum w_i e^{x_i}| / sum |w_i| e^{x_i}  <=  max_i |P(x_i) e^{-x_i} - 1|   for every P of degree <= g,
// because sum w_i P(x_i) = 0. It is what proves that a degree is needed. Equality: P levels the errors.
#include "polynomial/polynomial.hpp"
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

struct Case {
  std::vector<Rational> points;  // increasing
  Polynomial polynomial;
};
Json describe(const Case& c) {
  return {{"points", json_numbers(c.points)}, {"coefficients", json_numbers(c.polynomial.coefficients)}};
}

Rational weight(const std::vector<Rational>& x, std::size_t i) {
  Rational product = 1;
  for (std::size_t j = 0; j < x.size(); ++j)
    if (j != i) product *= x[i] - x[j];
  return 1 / product;
}

// The polynomial of degree g = #points - 2 whose relative errors on the points are +-h in turn, h the left
// side, from values rounded to 60 bits on the first g+1 points (Lagrange): nearly the case of equality.
Polynomial levelled(const std::vector<Rational>& x) {
  const WorkingPrecision guard(Bits{128});
  Real numerator = 0, denominator = 0;
  std::vector<Real> exponentials;
  for (std::size_t i = 0; i < x.size(); ++i) {
    exponentials.push_back(exp(approximate(x[i])));
    numerator += approximate(weight(x, i)) * exponentials[i];
    denominator += approximate(abs(weight(x, i))) * exponentials[i];
  }
  const std::size_t count = x.size() - 1;
  Polynomial result{std::vector<Rational>(count, Rational(0))};
  for (std::size_t i = 0; i < count; ++i) {
    const Real sign = weight(x, i) > 0 ? 1 : -1;
    std::vector<Rational> basis{to_rational(Real(exponentials[i] * (1 - sign * numerator / denominator)))};
    for (std::size_t j = 0; j < count; ++j) {
      if (j == i) continue;
      basis.push_back(0);
      for (std::size_t k = basis.size(); k-- > 0;)
        basis[k] = ((k ? basis[k - 1] : Rational(0)) - x[j] * basis[k]) / (x[i] - x[j]);
    }
    for (std::size_t k = 0; k < count; ++k) result.coefficients[k] += basis[k];
  }
  return result;
}

Case draw(Draw& d) {
  const long g = d.integer(0, 6);
  std::vector<Rational> x{d.dyadic(4, 4)};
  for (long i = 0; i <= g; ++i) x.push_back(x.back() + Rational(d.integer(1, 32), 16));
  Polynomial p = levelled(x);
  if (d.index % 2 == 1)  // every other one: some way off the levelled one
    for (Rational& c : p.coefficients) c += d.dyadic(1, 6) / (1 << d.integer(0, 20));
  return {x, p};
}

Interval lower_bound(const Case& c, std::size_t points) {
  const std::vector<Rational> x(c.points.begin(), c.points.begin() + static_cast<std::ptrdiff_t>(points));
  Interval numerator = 0, denominator = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Interval e = exp(enclose(x[i]));
    numerator += enclose(weight(x, i)) * e;
    denominator += enclose(abs(weight(x, i))) * e;
  }
  return absolute_value(numerator) / denominator;
}
Interval error(const Case& c) {
  Interval largest = 0;
  for (const Rational& x : c.points)
    largest = maximum(largest, absolute_value(enclose(c.polynomial(x)) * exp(enclose(Rational(-x))) - 1));
  return largest;
}

const Registration alternation =
    claim("aggarwal-alman-2022/alternation", "de la Vallee Poussin, behind every lower bound",
          Standing::checked)
        .says(
            "|sum w_i e^{x_i}| / sum |w_i| e^{x_i} <= max_i |P(x_i) e^{-x_i} - 1| on any g+2 points, deg P "
            "<= g",
            R"($|\sum_i w_i e^{x_i}| \big/ \sum_i |w_i| e^{x_i} \le \max_i |P(x_i)e^{-x_i} - 1|$, $\deg P \le g$, on any $g+2$ points)")
        .given(draw)
        .where("deg P <= #points - 2",
               [](const Case& c) {
                 return c.polynomial.degree().value <= static_cast<long>(c.points.size()) - 2;
               })
        .where("points increase",
               [](const Case& c) {
                 return std::is_sorted(c.points.begin(), c.points.end(), std::less_equal<>());
               })
        .at_most(
            "alternation", [](const Case& c) { return lower_bound(c, c.points.size()); }, error)
        .twin(
            "one point dropped from the sums",
            [](const Case& c) { return lower_bound(c, c.points.size() - 1); }, error);

}  // namespace
}  // namespace attnbounds
