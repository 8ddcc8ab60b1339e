#include "reductions/gradient/gauss_legendre.hpp"

#include <cmath>
#include <stdexcept>

namespace attnbounds {
namespace {

/// P_K and P_{K-1}, by (k + 1) P_{k+1} = (2k + 1) x P_k - k P_{k-1}.
template <class Scalar>
struct LegendrePair {
  Scalar value, previous;
};
template <class Scalar>
LegendrePair<Scalar> legendre(long degree, const Scalar& x) {
  Scalar previous = scalar_from<Scalar>(1), value = x;
  for (long k = 1; k < degree; ++k) {
    Scalar next = (x * value * (2 * k + 1) - previous * k) / (k + 1);
    previous = value;
    value = next;
  }
  return {value, previous};
}
/// P_K' = K (x P_K - P_{K-1})/(x^2 - 1)
template <class Scalar>
Scalar derivative(long degree, const Scalar& x, const LegendrePair<Scalar>& p) {
  return (x * p.value - p.previous) * degree / (x * x - 1);
}

double newton_start(long degree, long k) {  // the k-th zero from the right, in double
  double x = std::cos(3.14159265358979323846 * (static_cast<double>(k) + 0.75) /
                      (static_cast<double>(degree) + 0.5));
  for (int i = 0; i < 20; ++i) {
    double previous = 1, value = x;
    for (long j = 1; j < degree; ++j) {
      const double n = static_cast<double>(j), next = ((2 * n + 1) * x * value - n * previous) / (n + 1);
      previous = value;
      value = next;
    }
    const double step = value / (static_cast<double>(degree) * (x * value - previous) / (x * x - 1));
    x -= step;
    if (std::fabs(step) < 1e-15) break;
  }
  return x;
}

}  // namespace

QuadratureRule gauss_legendre(long count) {
  if (count < 1 || count > 4000) throw std::length_error("a quadrature has 1 to 4000 nodes");
  const auto size = static_cast<std::size_t>(count);
  QuadratureRule rule{std::vector<double>(size), std::vector<Interval>(size), {}};
  Real last_lower = 2;  // brackets come from the right
  for (long k = 0; 2 * k < count; ++k) {
    Real start = 0;  // the middle zero of an odd P_K
    const bool middle = 2 * k + 1 == count;
    if (!middle) {
      const WorkingPrecision precision(Bits{256});
      Real x = approximate(Real(newton_start(count, k)));
      for (Real step = 1; abs(step) > ldexp(Real(1), -140);) {
        const LegendrePair<Real> p = legendre(count, x);
        step = approximate(Real(p.value / derivative(count, x, p)));
        x = approximate(Real(x - step));
      }
      start = x;
    }
    const WorkingPrecision precision(Bits{13 * count / 10 + 256});
    const Real x = approximate(start), radius = ldexp(Real(1), -128);
    const Real low = x - radius, high = x + radius;
    const Sign left = sign(legendre(count, enclose(low)).value),
               right = sign(legendre(count, enclose(high)).value);
    const bool changes = (left == Sign::negative && right == Sign::positive) ||
                         (left == Sign::positive && right == Sign::negative);
    if (!changes || high >= last_lower || (!middle && low <= radius))
      throw std::runtime_error("a Legendre zero was not proved");
    last_lower = low;
    const Interval bracket = enclose(low, high), node = (bracket + 1) / 2;
    const Real slack = radius * count * count * count * count;
    const Interval slope =
        derivative(count, enclose(x), legendre(count, enclose(x))) + enclose(Real(-slack), slack);
    const Interval weight = 1 / ((1 - bracket * bracket) * slope * slope);  // half of the weight on [-1, 1]
    const auto at = static_cast<std::size_t>(k);
    for (const auto& [index, mirrored] :
         {std::pair(at, node), std::pair(size - 1 - at, Interval(1 - node))}) {
      rule.nodes[index] = nearest(midpoint(mirrored));
      rule.weights[index] = weight;
      rule.node_error =
          maximum(rule.node_error, UpperBound::of(absolute_value(mirrored - enclose(rule.nodes[index]))));
    }
  }
  return rule;
}

}  // namespace attnbounds
