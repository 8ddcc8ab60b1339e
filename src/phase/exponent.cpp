#include "phase/exponent.hpp"

#include <cmath>
#include <stdexcept>

#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

// Exchanges up to this degree take some milliseconds; beyond, the sandwich's window is within a per cent.
constexpr double kLargestExchange = 64;
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
};

DegreeWindow degrees(const Rational& low_X, const Rational& high_X, const Rational& low_epsilon,
                     const Rational& high_epsilon) {
  if (high_X == 0) return {{0}, {0}};
  const double X = nearest(high_X);
  const bool exact = X <= kLargestExchange &&
                     static_cast<double>(estimated_degree(high_X, low_epsilon, ErrorKind::relative).value) <=
                         kLargestExchange;
  const auto least = [&](const Rational& x, const Rational& epsilon) {
    return exact ? least_degree(x, epsilon, ErrorKind::relative)
                 : least_degree_window(x, epsilon, ErrorKind::relative);
  };
  const Degree enough = least(high_X, low_epsilon).degree;
  if (low_X == 0) return {{0}, enough};
  return {least(low_X, high_epsilon).proved_needed, enough};
}

}  // namespace

const char* name(AttentionKind kind) { return kind == AttentionKind::matrix ? "matrix" : "tensor"; }
const char* name(Problem problem) { return problem == Problem::forward ? "forward" : "gradient"; }

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
  const long p = order(point.kind);
  const WorkingPrecision precision(Bits{128});
  const Interval log_n = point.n.log();
  const Interval X = enclose(power(point.kappa, p)) * log_n;
  if (!(upper(X) <= 1000000)) throw std::domain_error("the score interval kappa^p log n is beyond 10^6");
  const Interval epsilon = exp(-enclose(point.C) * log_n);
  const auto down = [](const Real& x, long bits) {
    return dyadic(scaled_floor(to_rational(x), bits), -bits);
  };
  const long epsilon_bits =
      kFractionBits + static_cast<long>(std::ceil(-nearest(Real(log2(lower(epsilon))))));

  PhaseValue value;
  value.dimension =
      std::max(1L, static_cast<long>(std::floor(nearest(midpoint(enclose(point.c) * log_n)) + 0.5)));
  const Rational low_X = down(lower(X), kFractionBits), low_epsilon = down(lower(epsilon), epsilon_bits);
  value.half_width =
      point.kappa == 0 ? Rational(0) : Rational(down(upper(X), kFractionBits) + dyadic(1, -kFractionBits));
  const DegreeWindow window =
      degrees(low_X, value.half_width, low_epsilon, low_epsilon + dyadic(1, -epsilon_bits));
  value.degree = window.enough;
  value.degree_needed = window.needed;
  value.rank = binomial(value.dimension + value.degree.value, value.degree.value);

  const long more = point.problem == Problem::forward ? 0 : p - 1;
  const auto exponent = [&](const Integer& rank) {
    return Interval(1 + (log(enclose(Rational(rank))) + more * log(Interval(value.dimension))) / log_n);
  };
  value.exponent =
      hull(exponent(binomial(value.dimension + value.degree_needed.value, value.degree_needed.value)),
           exponent(value.rank));
  value.pays = upper(value.exponent) < p    ? Verdict::verified
               : lower(value.exponent) >= p ? Verdict::refuted
                                            : Verdict::undecided;
  return value;
}

KappaStar kappa_star(PhasePoint point, const Rational& tolerance) {
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

Estimate limit_degree_ratio(AttentionKind kind, double kappa, double C) {
  const double x = std::pow(kappa, static_cast<double>(order(kind)));
  const auto rate = [&](double gamma) {
    return gamma * std::acosh(gamma / x) - std::sqrt((gamma - x) * (gamma + x));
  };
  if (x == 0) return Estimate(0);
  double low = x, high = 2 * x + C;
  while (rate(high) < C) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (rate(middle) < C ? low : high) = middle;
  }
  return Estimate(high);
}

Estimate limit_exponent(AttentionKind kind, double kappa, double c, double C) {
  const double gamma = limit_degree_ratio(kind, kappa, C).value;
  if (gamma == 0) return Estimate(1);
  return Estimate(1 + (c + gamma) * std::log(c + gamma) - c * std::log(c) - gamma * std::log(gamma));
}

Estimate limit_kappa_star(AttentionKind kind, double c, double C) {
  const double p = static_cast<double>(order(kind));
  double low = 0, high = 1;
  while (limit_exponent(kind, high, c, C).value < p) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (limit_exponent(kind, middle, c, C).value < p ? low : high) = middle;
  }
  return Estimate(high);
}

}  // namespace attnbounds
