// Polynomials for the kernels: minimax, coefficients rounded to doubles, error certified after the rounding.
#include "polynomial/exponential.hpp"

#include <cmath>
#include <stdexcept>

#include "polynomial/certify.hpp"

namespace attnbounds {

const char* name(ErrorKind kind) { return kind == ErrorKind::relative ? "relative" : "absolute"; }

const char* name(ApproximationMethod method) {
  switch (method) {
    case ApproximationMethod::minimax:
      return "minimax";
    case ApproximationMethod::chebyshev:
      return "chebyshev";
    case ApproximationMethod::taylor:
      return "taylor";
  }
  return "minimax";
}

CertifiedPolynomial exp_polynomial_in_doubles(Degree g, const Rational& half_width) {
  if (half_width < 0 || g.value < 0)
    throw std::domain_error("exp_polynomial_in_doubles: X >= 0 and degree >= 0");
  if (half_width == 0) {
    std::vector<Rational> one(static_cast<size_t>(g.value) + 1, Rational(0));
    one[0] = 1;
    return {{one}, half_width, ErrorKind::relative, UpperBound()};
  }
  const BestError best = best_error(g, half_width, ErrorKind::relative);
  CertifiedPolynomial result{{}, half_width, ErrorKind::relative, UpperBound()};
  // |P^ - P| e^{-x} <= e^X sum |c^_k - c_k| X^k on [-X, X].
  Rational power = 1, moved = 0;
  for (const Rational& scaled : best.upper.polynomial.coefficients) {
    const Rational exact = scaled / power, coefficient = to_rational(nearest(exact));
    moved += abs(coefficient - exact) * power;
    power *= half_width;
    result.polynomial.coefficients.push_back(coefficient);
  }
  const WorkingPrecision precision(Bits{128});
  result.error = UpperBound::of(Interval(best.error + exp(enclose(half_width)) * enclose(moved)));
  if (!(result.error.value() < 1))
    throw std::domain_error("no polynomial of degree " + std::to_string(g.value) +
                            " with double coefficients has a relative error below 1 on this interval");
  return result;
}

CertifiedPolynomial taylor_polynomial_in_doubles(Degree g, const Rational& half_width) {
  if (half_width < 0 || g.value < 0)
    throw std::domain_error("taylor_polynomial_in_doubles: X >= 0 and degree >= 0");
  const WorkingPrecision precision(Bits{128});
  Polynomial taylor;
  Rational factorial = 1;
  for (long t = 0; t <= g.value; ++t) {
    if (t > 0) factorial *= t;
    taylor.coefficients.push_back(1 / factorial);
  }
  const auto at = [&](const Rational& x) {  // T_g e^{-x}
    return Interval(enclose(taylor(x)) * exp(enclose(Rational(-x))));
  };
  const Interval left = at(-half_width), right = at(half_width);
  const double least = std::fmin(1, std::fmin(round_down(left), round_down(right))),
               most = std::fmax(1, std::fmax(round_up(left), round_up(right)));
  const Rational factor = to_rational(2 / (least + most));
  CertifiedPolynomial result{{}, half_width, ErrorKind::relative, UpperBound()};
  Rational power = 1, moved = 0;
  for (const Rational& c : taylor.coefficients) {
    const Rational exact = factor * c, coefficient = to_rational(nearest(exact));
    moved += abs(coefficient - exact) * power;
    power *= half_width;
    result.polynomial.coefficients.push_back(coefficient);
  }
  const Rational above = factor * to_rational(most) - 1, below = 1 - factor * to_rational(least);
  result.error =
      UpperBound::of(Interval(enclose(std::max(above, below)) + exp(enclose(half_width)) * enclose(moved)));
  if (!(result.error.value() < 1))
    throw std::domain_error("the Taylor section of degree " + std::to_string(g.value) +
                            " has no relative error below 1 on this interval");
  return result;
}

std::optional<CertifiedPolynomial> least_exp_polynomial_in_doubles(const Rational& half_width,
                                                                   const Rational& delta, Degree limit) {
  if (delta <= 0) return std::nullopt;
  const auto attempt = [&](long g) -> std::optional<CertifiedPolynomial> {
    try {
      CertifiedPolynomial p = exp_polynomial_in_doubles({g}, half_width);
      if (p.error <= delta) return p;
    } catch (const std::domain_error&) {  // error not below 1: this degree does not do
    }
    return std::nullopt;
  };
  const double X = nearest(half_width), log_delta = std::log(nearest(delta));
  long g = 0;
  while (g < limit.value && X > 0 && log_best_error({g}, X, ErrorKind::relative).value > log_delta) ++g;
  std::optional<CertifiedPolynomial> found = attempt(g);
  if (!found) {
    // The model is right to a degree or two; beyond that the floor of the rounding has been met.
    constexpr long kPatience = 12;
    for (long tries = 0; !found && g < limit.value && tries < kPatience; ++tries) found = attempt(++g);
    return found;
  }
  while (g > 0) {
    std::optional<CertifiedPolynomial> lower = attempt(g - 1);
    if (!lower) break;
    found = std::move(lower);
    --g;
  }
  return found;
}

}  // namespace attnbounds
