#include "kernels/guarantee.hpp"

namespace attnbounds {

UpperBound unit_roundoff() { return unit_roundoff<double>(); }
UpperBound underflow_error() { return underflow_error<double>(); }
UpperBound gamma(long roundings) { return gamma<double>(roundings); }

UpperBound perturbation_bound(UpperBound delta) {
  if (!(delta.value() < 1)) return UpperBound::exactly(2);
  const double square = (delta * delta).value();
  const double difference = std::nextafter(1 - square, 0);  // <= 1 - delta^2, or negative
  const double root = difference > 0 ? std::nextafter(std::sqrt(difference), 0) : 0.0;
  return divide_by_at_least(delta * UpperBound::exactly(2), std::nextafter(1 + root, 0));
}

Rational largest_perturbation(const Rational& epsilon) {
  return epsilon >= 2 ? Rational(1) : Rational(4 * epsilon / (4 + epsilon * epsilon));
}

UpperBound absolute_polynomial(const Polynomial& polynomial, UpperBound y) {
  UpperBound value;
  for (auto c = polynomial.coefficients.rbegin(); c != polynomial.coefficients.rend(); ++c)
    value = value * y + UpperBound::of(Rational(abs(*c)));
  return value;
}

UpperBound power(UpperBound base, long exponent) {
  UpperBound result = UpperBound::exactly(1);
  for (long i = 0; i < exponent; ++i) result = result * base;
  return result;
}

}  // namespace attnbounds
