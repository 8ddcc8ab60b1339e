// What is proved of an output of the CUDA kernels, and the free shift that comes before them, with nothing
// but the standard library, so that a bare GPU node can say both. The decomposition is the CPU's
// (docs/kernels.md, sections 2 and 3; proofs in docs/rounding.md): approximation phi(delta) |V|, and
// rounding,
//   polynomial   2 (gamma P_abs(X) + U) |V| / mean + zeta |V| + the quotient's roundings,
//   exact        (gamma_{d+1} X + zeta + 4 u + (2 + 2^-9) gamma + n_k tiny) |V| + the quotient's roundings,
// where gamma = (1 + gamma^T_narrow)(1 + gamma^double_wide) - 1 has the roundings that the kernels counted.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "exponential.hpp"
#include "kernels.hpp"

namespace attnbounds::cuda {

/// An upper bound of a number >= 0: every operation rounds up (numeric/proved.hpp has the same with more
/// care).
class Up {
 public:
  constexpr Up(double x = 0) : x_(x) {}
  double value() const { return x_; }
  friend Up operator+(Up a, Up b) { return a.x_ == 0 ? b : b.x_ == 0 ? a : above(a.x_ + b.x_); }
  friend Up operator*(Up a, Up b) { return a.x_ == 0 || b.x_ == 0 ? Up() : above(a.x_ * b.x_); }
  /// By a positive number that is at most the true denominator.
  friend Up operator/(Up a, double lower) {
    if (!(lower > 0)) return Up(std::numeric_limits<double>::infinity());
    return a.x_ == 0 ? a : above(a.x_ / lower);
  }

 private:
  static Up above(double x) {
    return Up(std::isnan(x) ? std::numeric_limits<double>::infinity()
                            : std::nextafter(x, std::numeric_limits<double>::infinity()));
  }
  double x_;
};

template <class T>
constexpr double unit_roundoff = sizeof(T) == 8 ? 0x1p-53 : 0x1p-24;

/// gamma_m = m u/(1 - m u)
inline Up gamma(double m, double u) {
  const double mu = m * u;  // exact: u is a power of two
  return mu < 1 ? Up(mu) / std::nextafter(1 - mu, 0.0) : Up(std::numeric_limits<double>::infinity());
}
template <class T>
Up gamma(TermRoundings roundings) {
  const Up narrow = gamma(static_cast<double>(roundings.narrow), unit_roundoff<T>),
           wide = gamma(static_cast<double>(roundings.wide), unit_roundoff<double>);
  return narrow + wide + narrow * wide;
}
inline Up absolute_polynomial(const std::vector<double>& coefficients, Up y) {
  Up value;
  for (auto c = coefficients.rbegin(); c != coefficients.rend(); ++c) value = value * y + Up(std::fabs(*c));
  return value;
}
inline Up power(Up base, long exponent) {
  Up result = 1;
  for (long i = 0; i < exponent; ++i) result = result * base;
  return result;
}
/// phi(delta) = 2 delta/(1 + sqrt(1 - delta^2))
inline Up perturbation(double delta) {
  if (!(delta < 1)) return 2;
  const double difference = std::nextafter(1 - (Up(delta) * Up(delta)).value(), 0.0),
               root = difference > 0 ? std::nextafter(std::sqrt(difference), 0.0) : 0.0;
  return Up(2) * Up(delta) / std::nextafter(1 + root, 0.0);
}

/// Of the scores after the free shift: all upper bounds.
struct ScoreFacts {
  double half_width = 0, perturbation = 0, largest_query = 1;  // X, zeta, max(1, max |q'|)
};
/// Of the values: exact, but `scaled` an upper bound.
struct ValueFacts {
  double largest = 0, scaled = 0, up = 1;
};
/// |P - exp| <= delta exp on [-X, X], certified elsewhere.
struct CertifiedCoefficients {
  std::vector<double> coefficients;
  double half_width = 0, error = 1;
};
struct Bound {
  double approximation = std::numeric_limits<double>::infinity(), rounding = approximation;
  double total() const { return (Up(approximation) + Up(rounding)).value(); }
};

/// The least D_i over the number of keys that row i sees; NaN or not positive: nothing is proved.
template <class T>
double least_mean(const Attended<T>& result, long keys, Masking mask) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < result.denominators.size(); ++i) {
    const double seen = mask == Masking::causal ? static_cast<double>(i + 1) : static_cast<double>(keys);
    const double mean = result.denominators[i] / seen;
    if (!(mean > 0) || !std::isfinite(mean)) return 0;
    least = std::min(least, mean);
  }
  for (const T x : result.output)
    if (!std::isfinite(x)) return 0;
  return least;
}

template <class T>
Up with_quotient(Up before, const ValueFacts& values) {  // 1/D, N/D, the rounding to T, the scale
  const Up relative = sizeof(T) == 8 ? Up(0x1.8p-52) : Up(0x1.8p-52) + Up(0x1.01p-24);
  return (before + relative * (Up(values.scaled) + before) + Up(least_positive<T>)) * Up(values.up) +
         Up(least_positive<T>);
}

template <class T>
Bound polynomial_bound(const Attended<T>& result, const CertifiedCoefficients& p, const ScoreFacts& scores,
                       const ValueFacts& values, long dimension, long keys, Masking mask) {
  if (values.largest == 0) return {0, 0};
  const double least = least_mean(result, keys, mask);
  if (!(least > 0) || !(scores.half_width <= p.half_width) || !(p.error < 1)) return {};
  const long g = static_cast<long>(p.coefficients.size()) - 1;
  const Up per_mean = Up(1 + 0x1p-50) / least, scaled(values.scaled);
  const Up terms = gamma<T>(result.roundings) * absolute_polynomial(p.coefficients, scores.half_width);
  const Up lost = Up(result.lost) * Up(32) * Up(static_cast<double>((g + 1) * (dimension + 2))) *
                  power(scores.largest_query, g) *
                  (Up(2 * monomial_count(static_cast<int>(dimension), static_cast<int>(g)) + 16) +
                   absolute_polynomial(p.coefficients, 1));
  const Up before =
      (Up(2) * terms * scaled + lost * (Up(1) + scaled)) * per_mean + Up(scores.perturbation) * scaled;
  return {(perturbation(p.error) * Up(values.largest)).value(), with_quotient<T>(before, values).value()};
}

template <class T>
Bound exact_bound(const Attended<T>& result, const ScoreFacts& scores, const ValueFacts& values,
                  long dimension, long keys, Masking mask) {
  if (values.largest == 0) return {0, 0};
  if (!(least_mean(result, keys, mask) > 0) || !(scores.half_width <= most_score<T>)) return {};
  const double u = unit_roundoff<T>, d = static_cast<double>(dimension);
  const Up score_error = gamma(d + 1, u) * Up(scores.half_width) + Up(scores.perturbation) +
                         Up(least_positive<T>) * Up(2 * d + 2);
  const Up before =
      (score_error + Up(u * (exp_error_in_roundoffs + 1)) + gamma<T>(result.roundings) * Up(2 + 0x1p-9) +
       Up(static_cast<double>(keys)) * Up(sizeof(T) == 8 ? 0x1p-300 : 0x1p-80)) *
      Up(values.scaled);
  return {0, with_quotient<T>(before, values).value()};
}

/// The free shift of kernels/score_range.hpp, one token after the other.
template <class T>
struct Shifted {
  Scaling<T> scaling;
  ScoreFacts facts;
};
template <class T>
Shifted<T> free_shift(Rowwise<T> q, Rowwise<T> k) {
  using Limits = std::numeric_limits<T>;
  const long d = q.columns;
  Shifted<T> result;
  std::vector<double> box;
  for (long l = 0; l < d; ++l) {
    T least = k.data[l], most = k.data[l];
    for (long j = 0; j < k.rows; ++j) {
      least = std::min(least, k.data[j * d + l]);
      most = std::max(most, k.data[j * d + l]);
    }
    const T centre = least / 2 + most / 2,
            largest = std::max(std::fabs(least - centre), std::fabs(most - centre));
    int exponent = largest > 0 ? std::ilogb(largest) + 1 : 0;
    if (exponent >= Limits::max_exponent) throw std::overflow_error("scores exceed the range of a number");
    exponent = std::max(exponent, Limits::min_exponent);
    result.scaling.centre.push_back(centre);
    result.scaling.key_scale.push_back(std::ldexp(T(1), -exponent));
    result.scaling.query_scale.push_back(largest > 0 ? std::ldexp(T(1), exponent) : T(0));
    box.push_back(static_cast<double>(std::ldexp(largest, -exponent)));
  }
  // Hoelder, or Cauchy and Schwarz on the unscaled rows, whichever is less for a row; sums of positive
  // doubles with at most 2 d + 8 roundings, inflated.
  double longest = 0, widest = 0, sum = 0, largest_query = 0;
  for (long j = 0; j < k.rows; ++j) {
    double square = 0x1p-1000;
    for (long l = 0; l < d; ++l) {
      const double x =
          static_cast<double>(k.data[j * d + l] - result.scaling.centre[static_cast<std::size_t>(l)]);
      square += x * x;
    }
    longest = std::max(longest, square);
  }
  longest = std::sqrt(longest);
  for (long i = 0; i < q.rows; ++i) {
    double hoelder = 0, square = 0x1p-1000, total = 0;
    for (long l = 0; l < d; ++l) {
      const double x = static_cast<double>(q.data[i * d + l]),
                   scaled = std::fabs(
                       x * static_cast<double>(result.scaling.query_scale[static_cast<std::size_t>(l)]));
      hoelder += scaled * box[static_cast<std::size_t>(l)];
      square += x * x;
      total += scaled;
      largest_query = std::max(largest_query, scaled);
    }
    widest = std::max(widest, std::min(hoelder, std::sqrt(square) * longest));
    sum = std::max(sum, total);
  }
  if (!std::isfinite(widest) || !std::isfinite(sum) || largest_query > static_cast<double>(Limits::max()))
    throw std::overflow_error("scores exceed the range of a number");
  const double dimension = static_cast<double>(d);
  const Up inflation = Up(1) + gamma(2 * dimension + 8, 0x1p-53);
  const Up lost = sum > 0 ? Up(least_positive<T>) * (Up(sum) * inflation / dimension + Up(2)) : Up();
  const Up x = Up(widest) * inflation / dimension + lost + lost;
  result.facts = {x.value(), (Up(unit_roundoff<T>) * x + lost + lost).value(), std::max(1.0, largest_query)};
  return result;
}

/// Powers of two that bring values to about [1, 2), and what is known of them.
template <class T>
struct ScaledBy {
  T down = 1, up = 1;
  ValueFacts facts;
};
template <class T>
ScaledBy<T> value_scale(Rowwise<T> v) {
  using Limits = std::numeric_limits<T>;
  T largest = 0;
  for (long e = 0; e < v.rows * v.columns; ++e) largest = std::max(largest, std::fabs(v.data[e]));
  ScaledBy<T> scale;
  scale.facts.largest = static_cast<double>(largest);
  if (largest == 0) return scale;
  const int exponent = std::clamp(std::ilogb(largest), Limits::min_exponent, Limits::max_exponent - 2);
  scale.down = std::ldexp(T(1), -exponent);
  scale.up = std::ldexp(T(1), exponent);
  scale.facts.scaled = static_cast<double>(largest * scale.down);
  scale.facts.up = static_cast<double>(scale.up);
  return scale;
}

}  // namespace attnbounds::cuda
