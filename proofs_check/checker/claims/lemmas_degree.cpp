// Polynomials as approximations of exp.
#include "lemmas.hpp"

namespace checker {

// |sum w_i e^{x_i}| / sum |w_i| e^{x_i} <= max |P(x_i) e^{-x_i} - 1|, deg P <= #points - 2.
Quantities alternation(const Field& in) {
  const Fractions x = numbers(in["points"]), c = numbers(in["coefficients"]);
  require(c.size() + 1 <= x.size(), "instance.coefficients: the degree is too high for the points");
  for (std::size_t i = 1; i < x.size(); ++i)
    require(x[i - 1] < x[i], item("instance.points", i) + ": not increasing");
  const auto quotient = [&](std::size_t count) {
    Row terms;
    for (std::size_t i = 0; i < count; ++i) {
      Fraction product(1);
      for (std::size_t j = 0; j < count; ++j)
        if (j != i) product = product * (x[i] - x[j]);
      terms.push_back(exp(Ball(x[i])) / Ball(product));
    }
    return absolute_value(sum(terms)) / sum(sizes(terms));
  };
  Ball error;
  for (const Fraction& point : x)
    error = maximum(error, absolute_value(Ball(value_at(c, point)) / exp(Ball(point)) - 1));
  return {{"alternation", quotient(x.size())},
          {"without the last point", quotient(x.size() - 1)},
          {"error", error}};
}

namespace {
Fraction taylor(long degree, const Fraction& x) {
  require(static_cast<unsigned long>(degree) *
                  (fmpz_bits(fmpq_numref(x.get())) + fmpz_bits(fmpq_denref(x.get()))) <
              1UL << 18,
          "instance: the section is too long to be summed exactly");
  Fraction value, term(1);
  for (long k = 0; k <= degree; term = term * x / Fraction(++k)) value = value + term;
  return value;
}
}  // namespace

Quantities taylor_section(const Field& in) {
  return {{"section", taylor(in["degree"].integer(0, 10000), number(in["x"]))}};
}
Quantities even_taylor_section(const Field& in) {
  require(in["degree"].integer(0, 10000) % 2 == 0, "instance.degree: not even");
  return taylor_section(in);
}

// The tail at X against delta e^{-X}; the order m = degree + 1 is the least with m >= e X and
// m log(m/(e X)) >= X + log(1/delta).
Quantities taylor_tail(const Field& in) {
  const Fraction X = positive(in["half_width"]), delta = proper(in["delta"]);
  const long order = in["degree"].integer(0, 10000) + 1;
  const Ball needed = Ball(X) - log(Ball(delta)), from = exp(Ball(1)) * Ball(X);
  const auto gained = [&](long m) { return Ball(m) * log(Ball(m) / from); };
  require_at_most(from, Ball(order), "instance.degree: e X against degree + 1");
  require_at_most(needed, gained(order), "instance.degree: too small for Theorem U");
  if (order > 1 && !surely_greater(from, Ball(order - 1)))
    require_at_most(gained(order - 1), needed, "instance.degree: one less would do for Theorem U");
  return {{"tail", exp(Ball(X)) - Ball(taylor(order - 1, X))},
          {"delta e^-X", Ball(delta) / exp(Ball(X))},
          {"delta e^-3X", Ball(delta) / exp(Ball(X) * 3)}};
}

// The least degree, proved by `upper` and `lower`, against F = max{X, L/log(max(L/X, e))}, L = log(1/eps).
Quantities degree_formula(const Field& in) {
  const Fraction X = positive(in["half_width"]), epsilon = positive(in["epsilon"]);
  require(epsilon < X / (Fraction(1) + X), "instance.epsilon: not below X/(1+X)");
  const LeastDegree claimed = least_degree_from(in, ErrorKind::relative);
  require_least(claimed);
  const Ball L = log(Ball(1) / Ball(epsilon));
  return {{"degree", Fraction(claimed.degree)},
          {"formula", maximum(Ball(X), L / maximum(log(L / Ball(X)), 1))}};
}

namespace {
/// The best error E_g, enclosed by `upper` and `lower`, both of degree g.
struct Best {
  Ball X, error;
  long degree;
};
Best best_error(const Field& in, ErrorKind kind) {
  const long degree = in["degree"].integer(0, 200);
  const Fraction half_width = positive(in["half_width"]);
  require(half_width <= Fraction(64), "instance.half_width: above 64");
  const Upper upper = upper_from(in["upper"]);
  const Lower lower = lower_from(in["lower"]);
  check_shape(upper, degree);
  check_shape(lower, degree);
  const Ball X(half_width);
  return {X, hull(lower_bound(lower, kind, X), upper_bound(upper, kind, X)), degree};
}
}  // namespace

// max((2 sum_{k>g} I_k^2)^(1/2), (pi/2) I_{g+1}) <= E_g <= 2 sum_{k>g} I_k: with e^X = I_0 + 2 sum I_k and
// I_0(2X) = I_0^2 + 2 sum I_k^2.
Quantities best_absolute_error(const Field& in) {
  const Best best = best_error(in, ErrorKind::absolute);
  const Ball next = bessel_i(best.degree + 1, best.X), zeroth = bessel_i(0, best.X);
  Ball tail = exp(best.X) - zeroth, squares = bessel_i(0, best.X * 2) - zeroth * zeroth;
  for (long k = 1; k <= best.degree; ++k) {
    const Ball I = bessel_i(k, best.X);
    tail = tail - I * 2;
    squares = squares - I * I * 2;
  }
  return {{"E_g", best.error},
          {"mean square", square_root(squares)},
          {"(pi/2) I_{g+1}", Ball::pi() / 2 * next},
          {"2 sum I_k", tail},
          {"2 I_{g+1}", next * 2}};
}

// X - log((1 + E_g)/(1 - E_g)) <= g log(3 + 2 sqrt 2), (pi/2) e^-X I_{g+1} <= E_g, and for g + 1 >= X
// J_{g+1}(X) sqrt(2/(1 + |J_{2g+2}(2X)|)) <= E_g.
Quantities best_relative_error(const Field& in) {
  const Best best = best_error(in, ErrorKind::relative);
  const long n = best.degree + 1;
  Quantities q{{"E_g", best.error},
               {"X - log((1+E)/(1-E))", best.X - log((Ball(1) + best.error) / (Ball(1) - best.error))},
               {"g log(3 + 2 sqrt 2)", Ball(best.degree) * log(Ball(3) + Ball(2) * square_root(Ball(2)))},
               {"(pi/2) e^-X I_{g+1}", Ball::pi() / 2 * exp(Ball(0) - best.X) * bessel_i(n, best.X)}};
  if (surely_at_most(best.X, n))
    q.emplace("J bound", bessel_j(n, best.X) *
                             square_root(Ball(2) / (Ball(1) + absolute_value(bessel_j(2 * n, best.X * 2)))));
  return q;
}

}  // namespace checker
