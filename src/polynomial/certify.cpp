#include "polynomial/certify.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

/// Horner's rule in fixed point: coefficients and values are multiples of 2^-bits. Each step rounds down
/// once, an error below one unit that |t| <= 1 does not enlarge, and each coefficient is off by less than one
/// unit.
class FixedPointPolynomial {
 public:
  FixedPointPolynomial(const std::vector<Rational>& coefficients, long bits) : bits_(bits) {
    for (const Rational& c : coefficients) coefficients_.push_back(scaled_floor(c, bits));
  }

  Interval at(const Integer& t, long t_bits) const {
    Integer value = 0;
    for (auto c = coefficients_.rbegin(); c != coefficients_.rend(); ++c) {
      value *= t;
      value >>= static_cast<unsigned long>(t_bits);
      value += *c;
    }
    const Integer units = 2 * static_cast<long>(coefficients_.size());
    return enclose_scaled(value - units, value + units, -bits_);
  }

 private:
  std::vector<Integer> coefficients_;
  long bits_;
};

std::vector<Rational> derivative(const std::vector<Rational>& coefficients) {
  std::vector<Rational> result;
  for (size_t k = 1; k < coefficients.size(); ++k) result.push_back(coefficients[k] * static_cast<long>(k));
  return result;
}

long common_bits(const std::vector<Rational>& dyadics) {
  long bits = 0;
  for (const Rational& x : dyadics) bits = std::max(bits, static_cast<long>(msb(denominator(x))));
  return bits;
}

/// The weights w_i of a reference, as a function of the scalar.
template <class Scalar>
std::vector<Scalar> divided_difference_weights(const std::vector<Scalar>& t) {
  std::vector<Scalar> product(t.size(), Scalar(1));
  for (size_t i = 0; i < t.size(); ++i)
    for (size_t j = i + 1; j < t.size(); ++j) {
      const Scalar d = t[i] - t[j];
      product[i] *= d;
      product[j] *= -d;
    }
  for (Scalar& w : product) w = 1 / w;
  return product;
}

std::vector<Rational> rounded(const std::vector<Real>& points, long bits) {
  std::vector<Rational> result;
  for (const Real& t : points) result.push_back(dyadic(scaled_integer(t, bits), -bits));
  return result;
}

}  // namespace

UpperCertificate upper_certificate(const Exchange& exchange, const Rational& half_width, ErrorKind kind,
                                   Bits guard) {
  const AccuracyPlan plan = accuracy_plan(exchange.degree, nearest(half_width), kind, guard);
  const std::vector<Real>& t = exchange.reference;
  const size_t size = t.size();
  // The levelled polynomial is sum_i F_i prod_{j != i}(t - t_j), F_i = w_i y_i. Its monomial coefficients
  // cancel from about max |F_i| prod (1 + |t_j|) down, so that many bits more are carried.
  double growth = 0;
  for (const Real& node : t) growth += std::log2(1 + std::fabs(nearest(node)));
  const auto values = [&](Bits bits) {
    const WorkingPrecision precision(bits);
    std::vector<Real> nodes;
    for (const Real& node : t) nodes.push_back(approximate(node));
    const std::vector<Real> w = divided_difference_weights(nodes);
    const Real X = approximate(half_width);
    Real numerator = 0, denominator = 0;
    std::vector<Real> e(size);
    for (size_t i = 0; i < size; ++i) {
      e[i] = exp(X * nodes[i]);
      const Real term = kind == ErrorKind::relative ? Real(w[i] * e[i]) : w[i];
      numerator += w[i] * e[i];
      (i % 2 ? denominator -= term : denominator += term);
    }
    const Real h = -numerator / denominator;
    std::vector<Real> F(size);
    for (size_t i = 0; i < size; ++i) {
      const Real deviation = kind == ErrorKind::relative ? Real(h * e[i]) : h;
      F[i] = w[i] * (i % 2 ? Real(e[i] - deviation) : Real(e[i] + deviation));
    }
    return F;
  };
  Real largest = 1;
  for (const Real& F : values({64}))
    if (abs(F) > largest) largest = abs(F);
  const Bits bits{plan.coefficients + static_cast<long>(growth + nearest(Real(log2(largest)))) + 40};
  const WorkingPrecision precision(bits);
  const std::vector<Real> F = values(bits);
  std::vector<Real> product{Real(1)},
      sum{Real(0)};  // prod (t - t_j), and the polynomial, over the nodes so far
  for (size_t i = 0; i < size; ++i) {
    const Real node = approximate(t[i]);
    sum.push_back(Real(0));
    product.push_back(Real(0));
    for (size_t k = sum.size() - 1; k > 0; --k) sum[k] = sum[k - 1] - node * sum[k] + F[i] * product[k];
    sum[0] = F[i] * product[0] - node * sum[0];
    for (size_t k = product.size() - 1; k > 0; --k) product[k] = product[k - 1] - node * product[k];
    product[0] = -node * product[0];
  }
  UpperCertificate certificate;
  for (long k = 0; k <= exchange.degree.value; ++k)
    certificate.polynomial.coefficients.push_back(
        dyadic(scaled_integer(sum[static_cast<size_t>(k)], plan.coefficients), -plan.coefficients));
  certificate.critical_points =
      rounded({exchange.extrema.begin() + 1, exchange.extrema.end() - 1}, plan.radius + 2);
  certificate.radius = dyadic(1, -plan.radius);
  return certificate;
}

LowerCertificate lower_certificate(const Exchange& exchange, const Rational& half_width, ErrorKind kind,
                                   Bits guard) {
  // The levelled error is stationary in the reference, so half the digits of the nodes are enough.
  const AccuracyPlan plan = accuracy_plan(exchange.degree, nearest(half_width), kind, guard);
  const long bits =
      guard.count / 2 + 2 * static_cast<long>(std::log2(static_cast<double>(exchange.degree.value + 2))) + 8;
  return {exchange.degree, rounded(exchange.extrema, std::min(bits, plan.radius))};
}

std::optional<Interval> prove_upper(const UpperCertificate& certificate, const Rational& half_width,
                                    ErrorKind kind, const AccuracyPlan& plan) {
  const std::vector<Rational>& c = certificate.polynomial.coefficients;
  const std::vector<Rational>& points = certificate.critical_points;
  const Rational& rho = certificate.radius;
  const long g = certificate.polynomial.degree().value;
  if (static_cast<long>(points.size()) != g || rho <= 0) return std::nullopt;
  for (size_t i = 0; i < points.size(); ++i)
    if (points[i] - rho < -1 || points[i] + rho > 1 || (i > 0 && points[i] - rho <= points[i - 1] + rho))
      return std::nullopt;

  const long bits = plan.coefficients + 2 * static_cast<long>(std::log2(static_cast<double>(g + 2))) + 16;
  const WorkingPrecision precision{
      Bits{bits + 2 * static_cast<long>(nearest(half_width) * std::numbers::log2e) + 32}};
  const FixedPointPolynomial P(c, bits), slope(derivative(c), bits);
  const Interval X = enclose(half_width);
  long t_bits = common_bits(points);
  t_bits = std::max(t_bits, common_bits({rho}));
  const auto integer = [&](const Rational& t) { return scaled_floor(t, t_bits); };  // exact: t is dyadic
  const auto residual = [&](const Rational& t) {
    const Interval value = P.at(integer(t), t_bits), e = exp(X * enclose(t));
    return absolute_value(kind == ErrorKind::relative ? Interval(value / e - 1) : Interval(value - e));
  };
  const auto slope_sign = [&](const Rational& t) {
    const Integer at = integer(t);
    const Interval subtracted =
        kind == ErrorKind::relative ? P.at(at, t_bits) : Interval(exp(X * enclose(t)));
    return sign(Interval(slope.at(at, t_bits) - X * subtracted));
  };

  Interval m = bug(Bug::right_end_forgotten) ? residual(-1) : maximum(residual(-1), residual(1));
  for (const Rational& t : points) {
    const Sign left = slope_sign(t - rho), right = slope_sign(t + rho);
    const bool changes = (left == Sign::negative && right == Sign::positive) ||
                         (left == Sign::positive && right == Sign::negative);
    if (!changes && !bug(Bug::bracket_unchecked)) return std::nullopt;
    m = maximum(m, residual(t));
  }
  if (g == 0 && kind == ErrorKind::relative) return m;  // P e^{-Xt} - 1 is monotone

  const Interval degree = g, markov = degree * degree * (degree * degree - 1) / 3;
  const Interval half_square = enclose(Rational(rho * rho / 2));
  if (kind == ErrorKind::relative) {
    const Interval stretch = maximum(Interval(1), 2 * X);  // 2/l, l = min(2, 1/X)
    const Interval K =
        exp(Interval(1)) * (stretch * stretch * markov + 2 * X * stretch * degree * degree + X * X);
    const Interval kappa = half_square * K;
    if (!(upper(kappa) < 1)) return std::nullopt;
    return (m + kappa) / (1 - kappa);
  }
  const Interval share = half_square * markov;
  if (!(upper(share) < 1)) return std::nullopt;
  return (m + half_square * (markov + X * X) * exp(X)) / (1 - share);
}

Interval prove_lower(const LowerCertificate& certificate, const Rational& half_width, ErrorKind kind,
                     const AccuracyPlan& plan) {
  const std::vector<Rational>& points = certificate.points;
  if (static_cast<long>(points.size()) != certificate.degree.value + 2)
    throw std::invalid_argument("an alternation has degree + 2 points");
  for (size_t i = 0; i < points.size(); ++i)
    if (points[i] < -1 || points[i] > 1 || (i > 0 && points[i] <= points[i - 1]))
      throw std::invalid_argument("an alternation's points increase within [-1, 1]");
  const WorkingPrecision precision{Bits{plan.nodes + 32}};
  std::vector<Interval> t;
  for (const Rational& point : points) t.push_back(enclose(point));
  if (bug(Bug::alternation_point_dropped)) t.pop_back();
  const std::vector<Interval> w = divided_difference_weights(t);
  const Interval X = enclose(half_width);
  Interval difference = 0, norm = 0;
  for (size_t i = 0; i < t.size(); ++i) {
    const Interval term = w[i] * exp(X * t[i]);
    difference += term;
    norm += absolute_value(kind == ErrorKind::relative && !bug(Bug::weight_of_absolute_error) ? term : w[i]);
  }
  return absolute_value(difference) / norm;
}

BestError best_error(Degree g, const Rational& half_width, ErrorKind kind, Bits guard) {
  for (Bits bits = guard; bits.count <= 8 * guard.count; bits.count *= 2) {
    const AccuracyPlan plan = accuracy_plan(g, nearest(half_width), kind, bits);
    const Exchange exchange = remez_exchange(g, half_width, kind, bits);
    BestError result{g,
                     kind,
                     half_width,
                     {},
                     upper_certificate(exchange, half_width, kind, bits),
                     lower_certificate(exchange, half_width, kind, bits)};
    const std::optional<Interval> above = prove_upper(result.upper, half_width, kind, plan);
    if (!above) continue;
    const Interval below = prove_lower(result.lower, half_width, kind, plan);
    const WorkingPrecision precision{Bits{std::max(64L, 2 * bits.count)}};
    result.error = enclose(lower(below), upper(*above));
    return result;
  }
  throw std::runtime_error("the best error at degree " + std::to_string(g.value) + " could not be enclosed");
}

}  // namespace attnbounds
