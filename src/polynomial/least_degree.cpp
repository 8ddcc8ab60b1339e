#include "polynomial/least_degree.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "numeric/zoo.hpp"
#include "polynomial/bessel.hpp"

namespace attnbounds {
namespace {

void require_sense(const Rational& half_width, const Rational& epsilon) {
  if (half_width < 0) throw std::domain_error("X must be >= 0");
  if (epsilon <= 0) throw std::domain_error("epsilon must be > 0");
}

double log_of(const Rational& x) {
  const WorkingPrecision precision(Bits{64});
  return nearest(midpoint(log_interval(x)));
}

LeastDegree exact_constant() {
  // X = 0: the constant 1 has error 0.
  return {{0}, {0}, Interval(0), std::nullopt, std::nullopt, std::nullopt};
}

enum class Side { within, beyond, unknown };
Side side(const Interval& error, const Rational& epsilon) {
  if (to_rational(upper(error)) <= epsilon) return Side::within;
  if (to_rational(lower(error)) > epsilon) return Side::beyond;
  return Side::unknown;
}

/// Proves on which side of epsilon the best error at degree g lies, with more digits when they are near.
BestError decided(Degree g, const Rational& half_width, const Rational& epsilon, ErrorKind kind) {
  for (long guard : {40L, 80L, 160L}) {
    BestError best = best_error(g, half_width, kind, {guard});
    if (side(best.error, epsilon) != Side::unknown) return best;
  }
  throw Undecided("the best error at degree " + std::to_string(g.value) +
                  " agrees with epsilon to 150 binary digits");
}

}  // namespace

Degree estimated_degree(const Rational& half_width, const Rational& epsilon, ErrorKind kind) {
  const double X = nearest(half_width), target = log_of(epsilon);
  const auto meets = [&](long g) { return log_best_error({g}, X, kind).value <= target; };
  // Below g + 1 = X the relative error is near 1 and the model says nothing: the search starts there.
  long low = kind == ErrorKind::relative ? static_cast<long>(X) - 2 : -1;
  long high = std::max(1L, 2 * low);
  while (!meets(high)) high *= 2;
  while (high - low > 1) {
    const long middle = low + (high - low) / 2;
    (meets(middle) ? high : low) = middle;
  }
  return {high};
}

LeastDegree least_degree(const Rational& half_width, const Rational& epsilon, ErrorKind kind) {
  require_sense(half_width, epsilon);
  if (half_width == 0) return exact_constant();
  // Search with exchanges alone, which prove nothing; then prove at the degree found and at the one below.
  std::map<long, bool> seen;
  const auto seems_within = [&](long g) {
    if (const auto known = seen.find(g); known != seen.end()) return known->second;
    const WorkingPrecision precision(Bits{128});
    try {
      return seen[g] = to_rational(remez_exchange({g}, half_width, kind, {12}).levelled_error) <= epsilon;
    } catch (const std::runtime_error& error) {
      throw Undecided(error.what());
    }
  };
  long g = estimated_degree(half_width, epsilon, kind).value;
  if (g > 0) {
    // The relative model is exact to a degree or two above X - 1; below, it is only a start: gallop.
    long stride = 1;
    if (seems_within(g)) {
      long beyond = g;
      while (beyond > 0 && seems_within(beyond)) {
        g = beyond;
        beyond = std::max(0L, beyond - stride);
        stride *= 2;
      }
      if (!seems_within(beyond))
        while (g - beyond > 1) (seems_within((g + beyond) / 2) ? g : beyond) = (g + beyond) / 2;
      else g = 0;
    } else {
      long beyond = g;
      while (!seems_within(g = beyond + stride)) {
        beyond = g;
        stride *= 2;
      }
      while (g - beyond > 1) (seems_within((g + beyond) / 2) ? g : beyond) = (g + beyond) / 2;
    }
  }
  for (;;) {
    BestError at = decided({g}, half_width, epsilon, kind);
    if (side(at.error, epsilon) == Side::beyond) {
      ++g;
      continue;
    }
    if (g == 0) return {{0}, {0}, at.error, std::nullopt, std::move(at), std::nullopt};
    BestError below = decided({g - 1}, half_width, epsilon, kind);
    if (side(below.error, epsilon) == Side::within) {
      --g;
      continue;
    }
    return {{g}, {g}, at.error, below.error, std::move(at), std::move(below)};
  }
}

LeastDegree least_taylor_degree(const Rational& half_width, const Rational& epsilon, ErrorKind kind) {
  require_sense(half_width, epsilon);
  if (half_width == 0) return exact_constant();
  const double X = nearest(half_width);
  for (long bits = static_cast<long>(3 * X * 1.4427 + std::max(0.0, -log_of(epsilon)) * 1.4427) + 128;;
       bits *= 2) {
    if (bits > 4000000) throw Undecided("a Taylor section's error could not be told from epsilon");
    const WorkingPrecision precision{Bits{bits}};
    const Interval x = enclose(half_width), growth = exp(x), decay = exp(-x);
    Interval term = 1, at_right = growth, at_left = decay;  // the sections' errors at X and -X
    std::optional<Interval> previous;
    for (long g = 0;; ++g) {
      at_right -= term;
      at_left -= g % 2 ? Interval(-term) : term;
      const Interval error = kind == ErrorKind::absolute ? at_right
                                                         : maximum(absolute_value(at_right) * decay,
                                                                   absolute_value(at_left) * growth);
      const Side now = side(error, epsilon);
      if (now == Side::unknown) break;
      if (now == Side::within) return {{g}, {g}, error, previous, std::nullopt, std::nullopt};
      previous = error;
      term = term * x / (bug(Bug::wrong_factorial) ? g + 2 : g + 1);
    }
  }
}

namespace {

/// The certificate of the Chebyshev section of degree g, its critical points found by halving; nullopt if the
/// section has fewer than g of them in (-1, 1).
std::optional<UpperCertificate> section_certificate(Degree g, const Rational& half_width,
                                                    const std::vector<BesselTail>& I,
                                                    const AccuracyPlan& plan) {
  const long bits = plan.coefficients + 2 * g.value + 32;
  const WorkingPrecision precision{Bits{bits}};
  const size_t size = static_cast<size_t>(g.value) + 1;
  // Monomial coefficients of I_0 + 2 sum I_k T_k by T_{k+1} = 2 t T_k - T_{k-1}.
  std::vector<Integer> previous{1}, current{0, 1};
  std::vector<Real> sum(size, Real(0));
  for (size_t k = 0; k < size; ++k) {
    const std::vector<Integer>& T = k == 0 ? previous : current;
    const Real c = midpoint(I[k].value) * (k == 0 ? 1 : 2);
    for (size_t j = 0; j < T.size(); ++j) sum[j] += c * Real(T[j]);
    if (k == 0) continue;
    std::vector<Integer> next(current.size() + 1, Integer(0));
    for (size_t j = 0; j < current.size(); ++j) next[j + 1] = 2 * current[j];
    for (size_t j = 0; j < previous.size(); ++j) next[j] -= previous[j];
    previous = std::move(current);
    current = std::move(next);
  }
  UpperCertificate certificate;
  for (const Real& c : sum)
    certificate.polynomial.coefficients.push_back(
        dyadic(scaled_integer(c, plan.coefficients), -plan.coefficients));
  certificate.radius = dyadic(1, -plan.radius);
  const Real X = approximate(half_width);
  std::vector<Real> c;
  for (const Rational& exact : certificate.polynomial.coefficients) c.push_back(approximate(exact));
  const auto slope = [&](const Real& t) {  // of the relative error, up to a positive factor
    Real value = 0, derivative = 0;
    for (size_t k = size; k-- > 0;) {
      derivative = derivative * t + value;
      value = value * t + c[k];
    }
    return Real(derivative - X * value);
  };
  const long grid = 8 * (g.value + 2);
  const Real step = acos(Real(-1)) / grid;
  Real left = -1, at_left = slope(left);
  for (long i = 1; i <= grid; ++i) {
    const Real right = i == grid ? Real(1) : Real(-cos(step * i)), at_right = slope(right);
    if ((at_left > 0) != (at_right > 0)) {
      Real a = left, b = right;
      while (b - a > ldexp(Real(1), static_cast<int>(-plan.radius - 2))) {
        const Real middle = (a + b) / 2;
        ((slope(middle) > 0) == (at_left > 0) ? a : b) = middle;
      }
      certificate.critical_points.push_back(dyadic(scaled_integer(a, plan.radius + 2), -plan.radius - 2));
    }
    left = right;
    at_left = at_right;
  }
  if (certificate.critical_points.size() + 1 != size) return std::nullopt;
  return certificate;
}

}  // namespace

LeastDegree least_chebyshev_degree(const Rational& half_width, const Rational& epsilon, ErrorKind kind) {
  require_sense(half_width, epsilon);
  if (half_width == 0) return exact_constant();
  const double X = nearest(half_width), L = std::max(0.0, -log_of(epsilon));
  const long last =
      estimated_degree(
          half_width, epsilon * dyadic(1, -static_cast<long>(kind == ErrorKind::relative ? 1.5 * X : 0) - 20),
          ErrorKind::absolute)
          .value +
      4;
  for (long bits = static_cast<long>(6 * X + 3 * L) + 256;; bits *= 2) {
    if (bits > 4000000) throw Undecided("a Chebyshev section's error could not be told from epsilon");
    const WorkingPrecision precision{Bits{bits}};
    const std::vector<BesselTail> I = modified_bessel_tails(half_width, 0, last + 1);
    if (kind == ErrorKind::absolute) {
      std::optional<Interval> previous;
      for (long g = 0; g <= last; ++g) {
        const Interval error = 2 * I[static_cast<size_t>(g) + 1].sum;
        const Side now = side(error, epsilon);
        if (now == Side::unknown) break;
        if (now == Side::within) return {{g}, {g}, error, previous, std::nullopt, std::nullopt};
        previous = error;
      }
      continue;
    }
    // Relative: the error at x = -X excludes degrees; the sup norm accepts one.
    const Interval growth = exp(enclose(half_width));
    Interval at_left = 1 / growth;
    std::optional<Interval> previous;
    for (long g = 0; g <= last; ++g) {
      const Interval term = I[static_cast<size_t>(g)].value * (g == 0 ? 1 : 2);
      at_left -= g % 2 ? Interval(-term) : term;
      Interval error = absolute_value(at_left) * growth;  // so far: at x = -X only
      if (side(error, epsilon) != Side::beyond) {
        const AccuracyPlan plan = accuracy_plan({g}, X, kind, {64});
        const std::optional<UpperCertificate> certificate = section_certificate({g}, half_width, I, plan);
        std::optional<Interval> norm =
            certificate ? prove_upper(*certificate, half_width, kind, plan) : std::nullopt;
        if (!norm)
          throw Undecided("the sup norm of the Chebyshev section of degree " + std::to_string(g) +
                          " could not be proved");
        // The certificate's coefficients are rounded: 2^-coefficients each, times at most e^X.
        const Interval rounding = growth * enclose(dyadic(g + 1, -plan.coefficients));
        error = enclose(lower(*norm) - upper(rounding), upper(*norm) + upper(rounding));
        const Side now = side(error, epsilon);
        if (now == Side::unknown)
          throw Undecided("a Chebyshev section's error agrees with epsilon to 60 digits");
        if (now == Side::within) return {{g}, {g}, error, previous, std::nullopt, std::nullopt};
      }
      previous = error;
    }
  }
}

LeastDegree least_degree_window(const Rational& half_width, const Rational& epsilon, ErrorKind kind) {
  require_sense(half_width, epsilon);
  if (half_width == 0) return exact_constant();
  const WorkingPrecision precision(Bits{192});
  const long turning = static_cast<long>(nearest(half_width)) + 1;  // degrees g with g + 1 >= X + 1
  const long least = kind == ErrorKind::relative ? turning : 0;
  const long guess = std::max(least, estimated_degree(half_width, epsilon, kind).value);
  for (long reach = 64;; reach *= 4) {
    const long first = std::max(least, guess - reach), last = guess + reach;
    const std::vector<Interval> errors = sandwich(half_width, kind, {first}, {last});
    LeastDegree window;
    long needed = -1, enough = -1;
    for (long g = first; g <= last; ++g) {
      const Interval& error = errors[static_cast<size_t>(g - first)];
      if (side(error, epsilon) == Side::beyond) needed = g + 1;
      if (enough < 0 && side(error, epsilon) == Side::within) enough = g;
    }
    if (enough < 0 || (enough == first && first > least) || (needed < 0 && first > least)) continue;
    if (needed < 0) {
      if (kind == ErrorKind::relative) {
        // LB1 with u = 1/2: a polynomial that is within epsilon of e^x on [-X, 0] grows at most like T_g to x
        // = X.
        needed = 0;
        if (epsilon < 1) {
          const Interval e = enclose(epsilon), X = enclose(half_width);
          const Interval bound = (X - log((1 + e) / (1 - e))) / log(3 + 2 * sqrt(Interval(2)));
          needed = std::max(0L, static_cast<long>(std::ceil(round_down(bound))));
        }
      } else {
        needed = 0;
      }
    }
    window.degree = {enough};
    window.proved_needed = {needed};
    window.error = errors[static_cast<size_t>(enough - first)];
    if (enough > first) window.error_below = errors[static_cast<size_t>(enough - 1 - first)];
    return window;
  }
}

Estimate degree_formula(const Rational& half_width, const Rational& epsilon, ErrorKind kind) {
  const double X = nearest(half_width);
  const double L = std::max(0.0, -log_of(epsilon) + (kind == ErrorKind::absolute ? X : 0.0));
  if (X == 0) return Estimate(0);
  return Estimate(std::max(X, L / std::log(std::max(L / X, std::exp(1.0)))));
}

Degree explicit_taylor_degree(const Rational& half_width, const Rational& epsilon) {
  if (half_width <= 0 || epsilon <= 0 || epsilon >= 1)
    throw std::domain_error("Theorem U needs X > 0 and 0 < epsilon < 1");
  // The least integer n = g+1 with n log(n/(eX)) >= X + log(1/epsilon), n >= eX; decided in enclosures.
  const double X = nearest(half_width), L = X - log_of(epsilon);
  double n = std::exp(1.0) * X + 1;
  for (int i = 0; i < 200; ++i)
    n = std::max(std::exp(1.0) * X + 1e-9,
                 n - (n * std::log(n / (std::exp(1.0) * X)) - L) / (std::log(n / X)));
  for (long g = std::max(0L, static_cast<long>(n) - 3);; ++g) {
    const WorkingPrecision precision(Bits{256});
    const Interval order = g + 1, x = enclose(half_width);
    const Interval left = order * (log(order / x) - 1), right = x - log_interval(epsilon);
    if (at_most(right, left) == Verdict::verified &&
        at_most(exp(Interval(1)) * x, order) == Verdict::verified)
      return {g};
  }
}

}  // namespace attnbounds
