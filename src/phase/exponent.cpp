#include "phase/exponent.hpp"

#include <cmath>
#include <stdexcept>

#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

constexpr long kFractionBits = 64;

Rational power(const Rational& x, long exponent) {
  Rational result = 1;
  for (long i = 0; i < exponent; ++i) result *= x;
  return result;
}

Integer binomial(long n, long k) {
  Integer result = 1;
  for (long i = 1; i <= k; ++i) result = result * (n - k + i) / i;
  return result;
}

/// A degree that suffices on [-X, X] and one that is needed on [-X', X'], X' slightly below X.
struct DegreeWindow {
  Degree needed, enough;
  std::optional<BestError> at = {}, below = {};
};

DegreeWindow degrees(const Rational& low_X, const Rational& high_X, const Rational& low_epsilon,
                     const Rational& high_epsilon, long largest_exchange) {
  if (high_X == 0) return {{0}, {0}};
  const bool exact = high_X <= largest_exchange &&
                     estimated_degree(high_X, low_epsilon, ErrorKind::relative).value <= largest_exchange;
  const auto least = [&](const Rational& x, const Rational& epsilon) {
    return exact ? least_degree(x, epsilon, ErrorKind::relative)
                 : least_degree_window(x, epsilon, ErrorKind::relative);
  };
  LeastDegree enough = least(high_X, low_epsilon);
  if (low_X == 0) return {{0}, enough.degree, std::move(enough.at)};
  LeastDegree needed = least(low_X, high_epsilon);
  return {needed.proved_needed, enough.degree, std::move(enough.at), std::move(needed.below)};
}

}  // namespace

long dimension(const TokenCount& n, const Rational& c) {
  const WorkingPrecision precision(Bits{128});
  return std::max(1L, static_cast<long>(std::floor(nearest(midpoint(enclose(c) * n.log())) + 0.5)));
}

const char* name(AttentionKind kind) { return kind == AttentionKind::matrix ? "matrix" : "tensor"; }
const char* name(Problem problem) { return problem == Problem::forward ? "forward" : "gradient"; }

Rational half_width_ratio(const PhasePoint& point) { return power(point.kappa, order(point.kind)); }

TokenCount token_count(const std::string& text, const std::string& place) {
  const size_t caret = text.find('^');
  const std::string base = text.substr(0, caret);
  const Rational b = base == "e" ? Rational(3) : rational_from_text(base, place);
  const Rational exponent =
      caret == std::string::npos ? Rational(1) : rational_from_text(text.substr(caret + 1), place);
  if (b < 2 || exponent <= 0 || (base == "e" && caret == std::string::npos))
    throw InputError(place, "a number of tokens such as 4096, 2^400 or e^1000", "'" + text + "'");
  return {text};
}

Interval TokenCount::log() const {
  const size_t caret = text.find('^');
  const std::string base = text.substr(0, caret);
  const Interval exponent =
      enclose(caret == std::string::npos ? Rational(1) : rational_from_text(text.substr(caret + 1), "n"));
  return base == "e" ? exponent : Interval(exponent * log_interval(rational_from_text(base, "n")));
}

PhaseValue phase_value(const PhasePoint& point) {
  if (point.kappa < 0 || point.c <= 0 || point.C <= 0) throw std::domain_error("kappa >= 0, c > 0 and C > 0");
  if (point.B && *point.B <= 0) throw std::domain_error("B > 0");
  const long p = order(point.kind);
  const WorkingPrecision precision(Bits{128});
  const Interval log_n = point.n.log();
  const Interval X =
      point.B ? enclose(power(*point.B, p)) : Interval(enclose(half_width_ratio(point)) * log_n);
  if (!(upper(X) <= 1000000)) throw std::domain_error("the score interval B^p is beyond 10^6");
  const Interval epsilon = exp(-enclose(point.C) * log_n);
  const auto down = [](const Real& x, long bits) {
    return dyadic(scaled_floor(to_rational(x), bits), -bits);
  };
  const auto bits_of = [](const Interval& x) {  // 64 of them leading, however small x is
    return kFractionBits + std::max(0L, static_cast<long>(std::ceil(-nearest(Real(log2(lower(x)))))));
  };
  const long epsilon_bits = bits_of(epsilon), X_bits = upper(X) == 0 ? 0 : bits_of(X);

  PhaseValue value;
  value.dimension = dimension(point.n, point.c);
  value.low_epsilon = down(lower(epsilon), epsilon_bits);
  value.high_epsilon = value.low_epsilon + dyadic(1, -epsilon_bits);
  value.half_width = upper(X) == 0 ? Rational(0)
                     : point.B     ? power(*point.B, p)
                                   : Rational(down(upper(X), X_bits) + dyadic(1, -X_bits));
  value.low_half_width = point.B ? value.half_width : down(lower(X), X_bits);
  DegreeWindow window = degrees(value.low_half_width, value.half_width, value.low_epsilon, value.high_epsilon,
                                point.largest_exchange);
  value.degree = window.enough;
  value.degree_needed = window.needed;
  value.at = std::move(window.at);
  value.below = std::move(window.below);
  value.rank = binomial(value.dimension + value.degree.value, value.degree.value);

  // From logarithms of the features to everything that is compared.
  const long more = point.problem == Problem::forward ? 0 : p - 1;
  const Interval d = value.dimension, log_more = more * log(d);
  const auto features = [&](Degree g) {
    return Interval(log(enclose(Rational(binomial(value.dimension + g.value, g.value)))) + log_more);
  };
  const auto operations = [&](const Interval& log_f) {
    return Interval(log(Interval(p * (2 * value.dimension + 3))) + log_n + log_f);
  };
  const Interval least = features(value.degree_needed);
  value.log_features = features(value.degree);
  value.log_operations = operations(value.log_features);
  value.log_exact_operations = p * log_n + log(4 * d + 30) + log_more;
  value.exponent = 1 + hull(least, value.log_features) / log_n;
  value.pays = upper(value.exponent) < p    ? Verdict::verified
               : lower(value.exponent) >= p ? Verdict::refuted
                                            : Verdict::undecided;
  value.fewer_operations = upper(value.log_operations) < lower(value.log_exact_operations) ? Verdict::verified
                           : lower(operations(least)) >= upper(value.log_exact_operations)
                               ? Verdict::refuted
                               : Verdict::undecided;
  return value;
}

Crossover crossover(PhasePoint point, long last) {
  Crossover result;
  for (long k = 1; k <= last; k = k == last ? last + 1 : std::min(last, k < 64 ? k + 1 : k + k / 8)) {
    point.n = {"2^" + std::to_string(k)};
    const PhaseValue value = phase_value(point);
    result.scanned_to = k;
    if (value.pays == Verdict::verified) {
      if (result.first_pays == 0) result.first_pays = k;
      result.last_pays = k;
    } else if (value.pays == Verdict::refuted) {
      if (result.first_does_not_pay == 0) result.first_does_not_pay = k;
      result.last_does_not_pay = k;
    }
    if (value.fewer_operations == Verdict::verified) {
      if (result.first_fewer_operations == 0) result.first_fewer_operations = k;
      result.last_fewer_operations = k;
    }
    if (value.fewer_operations == Verdict::refuted) result.last_not_fewer_operations = k;
  }
  return result;
}

KappaStar kappa_star(PhasePoint point, const Rational& tolerance) {
  point.B.reset();
  if (tolerance <= 0) throw std::domain_error("the tolerance must be positive");
  const auto pays = [&](const Rational& kappa) {
    point.kappa = kappa;
    return phase_value(point).pays;
  };
  KappaStar star{0, Rational(1, 16)};
  if (pays(0) != Verdict::verified)
    throw std::domain_error("not even the constant polynomial pays at this n");
  while (pays(star.does_not_pay) != Verdict::refuted) star.does_not_pay *= 2;
  Rational undecided_from = star.does_not_pay, undecided_to = 0;
  // Two searches that share evaluations until they meet the window's blur.
  while (star.does_not_pay - star.pays > tolerance * star.does_not_pay) {
    const Rational middle = (star.pays + star.does_not_pay) / 2;
    const Verdict verdict = pays(middle);
    if (verdict == Verdict::verified) star.pays = middle;
    else if (verdict == Verdict::refuted) star.does_not_pay = middle;
    else {
      undecided_from = undecided_to = middle;
      break;
    }
  }
  if (undecided_to == 0) return star;
  while (undecided_from - star.pays > tolerance * undecided_from) {
    const Rational middle = (star.pays + undecided_from) / 2;
    (pays(middle) == Verdict::verified ? star.pays : undecided_from) = middle;
  }
  while (star.does_not_pay - undecided_to > tolerance * star.does_not_pay) {
    const Rational middle = (undecided_to + star.does_not_pay) / 2;
    (pays(middle) == Verdict::refuted ? star.does_not_pay : undecided_to) = middle;
  }
  return star;
}

}  // namespace attnbounds
