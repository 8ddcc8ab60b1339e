#include "polynomial/exchange.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace attnbounds {
namespace {

double debye_exponent(double n, double X, ErrorKind kind) {
  // log of J_n(X) (n > X) or I_n(X) without its algebraic factor.
  if (kind == ErrorKind::absolute) return std::hypot(n, X) - n * std::asinh(n / X);
  if (n <= X) return 0;
  return std::sqrt((n - X) * (n + X)) - n * std::acosh(n / X);
}

/// Ratio of the next leading coefficient to the leading one: q = J_{n+1}/J_n or I_{n+1}/I_n, roughly.
double coefficient_ratio(double n, double X, ErrorKind kind) {
  const double z = n / X;
  if (kind == ErrorKind::absolute) return 1 / (z + std::hypot(z, 1));
  return z <= 1 ? 1.0 : 1 / (z + std::sqrt((z - 1) * (z + 1)));
}

/// Extrema t_i = cos(theta_i) of the model error: phase(theta) = n theta - s X sin theta + 2 atan(...) = i
/// pi.
std::vector<Real> starting_reference(long n, double X, ErrorKind kind) {
  const double pull = kind == ErrorKind::relative ? std::min(X, 0.98 * static_cast<double>(n)) : 0.0;
  const double q = std::min(0.9, coefficient_ratio(static_cast<double>(n), X, kind));
  const auto phase = [&](double theta) {
    return static_cast<double>(n) * theta - pull * std::sin(theta) +
           2 * std::atan2(q * std::sin(theta), 1 - q * std::cos(theta));
  };
  std::vector<Real> reference(static_cast<size_t>(n) + 1);
  double low = 0;
  for (long i = 0; i <= n; ++i) {
    double left = low, right = std::numbers::pi;
    const double target = static_cast<double>(i) * std::numbers::pi;
    if (i == 0) right = 0;
    if (i == n) left = std::numbers::pi;
    for (int halving = 0; halving < 60 && left < right; ++halving) {
      const double middle = (left + right) / 2;
      (phase(middle) < target ? left : right) = middle;
    }
    low = left;
    reference[static_cast<size_t>(n - i)] = i == 0   ? Real(1)
                                            : i == n ? Real(-1)
                                                     : Real(cos((Real(left) + Real(right)) / 2));
  }
  return reference;
}

class Step {
 public:
  // Everything the step needs at the nodes: levelled error, and first and second derivative of the error.
  Step(const std::vector<Real>& t, const Real& X, ErrorKind kind)
      : size_(t.size()), slope_(size_), curvature_(size_) {
    std::vector<Real> inverse(size_ * size_);  // 1/(t_i - t_j)
    std::vector<Real> w(size_, Real(1)), S1(size_, Real(0)), S2(size_, Real(0));
    for (size_t i = 0; i < size_; ++i)
      for (size_t j = i + 1; j < size_; ++j) {
        Real d = 1 / (t[i] - t[j]);
        const Real square = d * d;
        w[i] *= d;
        w[j] *= -d;
        S1[i] += d;
        S1[j] -= d;
        S2[i] += square;
        S2[j] += square;
        inverse[j * size_ + i] = -d;
        inverse[i * size_ + j] = std::move(d);
      }
    std::vector<Real> e(size_), weight(size_, Real(1)), wy(size_), y(size_);
    Real numerator = 0, denominator = 0;
    for (size_t i = 0; i < size_; ++i) {
      e[i] = exp(X * t[i]);
      if (kind == ErrorKind::relative) weight[i] = e[i];
      numerator += w[i] * e[i];
      (i % 2 ? denominator -= w[i] * weight[i] : denominator += w[i] * weight[i]);
    }
    level_ = -numerator / denominator;
    for (size_t i = 0; i < size_; ++i) {
      const Real deviation = level_ * weight[i];
      y[i] = i % 2 ? Real(e[i] - deviation) : Real(e[i] + deviation);
      wy[i] = w[i] * y[i];
    }
    for (size_t i = 0; i < size_; ++i) {
      Real first = 0, second = 0;
      for (size_t j = 0; j < size_; ++j) {
        if (j == i) continue;
        const Real& d = inverse[i * size_ + j];
        const Real term = wy[j] * d;
        first += term;
        second += term * (S1[i] - d);
      }
      const Real p1 = first / w[i] + y[i] * S1[i];
      const Real p2 = 2 * second / w[i] + y[i] * (S1[i] * S1[i] - S2[i]);
      if (kind == ErrorKind::relative) {
        slope_[i] = (p1 - X * y[i]) / e[i];
        curvature_[i] = (p2 - 2 * X * p1 + X * X * y[i]) / e[i];
      } else {
        slope_[i] = p1 - X * e[i];
        curvature_[i] = p2 - X * X * e[i];
      }
    }
  }

  Real level() const { return abs(level_); }

  struct Moved {
    std::vector<Real> reference;
    Real gain = 0;   // how much an extremum exceeds the level, relative to it, as Newton's model sees it
    Real shift = 0;  // the largest move, in units of the gap to the neighbour
    long safeguarded = 0;
  };

  Moved move(const std::vector<Real>& t) const {
    Moved result{t};
    for (size_t i = 1; i + 1 < size_; ++i) {
      const bool positive = (level_ > 0) == (i % 2 == 0);
      // Uphill for |error|; Newton where the curvature says maximum, else and at most a third of the gap.
      const Real uphill = positive ? slope_[i] : Real(-slope_[i]);
      const Real bend = positive ? curvature_[i] : Real(-curvature_[i]);
      const Real room = uphill > 0 ? Real((t[i + 1] - t[i]) / 3) : Real((t[i] - t[i - 1]) / 3);
      Real distance = bend < 0 ? Real(abs(uphill / bend)) : room;
      if (distance >= room) {
        distance = room;
        ++result.safeguarded;
      }
      const Real gain = abs(uphill) * distance / abs(level_);
      if (gain > result.gain) result.gain = gain;
      if (const Real shift = distance / (3 * room); shift > result.shift) result.shift = shift;
      result.reference[i] += uphill > 0 ? distance : Real(-distance);
    }
    return result;
  }

 private:
  size_t size_;
  Real level_;
  std::vector<Real> slope_, curvature_;
};

}  // namespace

Estimate log_best_error(Degree g, double X, ErrorKind kind) {
  const double n = static_cast<double>(g.value) + 1;
  const double root = kind == ErrorKind::absolute
                          ? std::hypot(n, X)
                          : std::sqrt(std::max(n * n - X * X, std::pow(n, 4.0 / 3.0)));
  return Estimate(debye_exponent(n, X, kind) + std::log(2.0) - 0.5 * std::log(2 * std::numbers::pi * root));
}

AccuracyPlan accuracy_plan(Degree g, double X, ErrorKind kind, Bits guard) {
  const double n = static_cast<double>(g.value) + 1;
  // The error relative to the largest value that meets it in one sum: nothing (relative), or e^X (absolute).
  const double scale = kind == ErrorKind::absolute ? X : 0.0;
  const double error_bits = std::max(0.0, (scale - log_best_error(g, X, kind).value) / std::numbers::ln2);
  // A shift of a critical point by rho changes the extremum by at most rho^2 K / 2 (certify.hpp).
  const double stretch = std::max(1.0, 2 * X);
  const double log2_K = 4 + 2 * std::log2(stretch) + 4 * std::log2(n + 1);
  AccuracyPlan plan;
  plan.radius =
      static_cast<long>(std::ceil((error_bits + log2_K + static_cast<double>(guard.count)) / 2)) + 1;
  plan.nodes = plan.radius + static_cast<long>(std::ceil(error_bits + 2 * std::log2(n + 1))) + 30;
  const double smallest_weight = kind == ErrorKind::relative ? X / std::numbers::ln2 : 0.0;
  plan.coefficients = plan.nodes + static_cast<long>(std::ceil(smallest_weight)) + 10;
  return plan;
}

Exchange remez_exchange(Degree g, const Rational& half_width, ErrorKind kind, Bits guard) {
  if (g.value < 0 || half_width <= 0) throw std::invalid_argument("remez_exchange: degree >= 0 and X > 0");
  const double X = nearest(half_width);
  const AccuracyPlan plan = accuracy_plan(g, X, kind, guard);
  const WorkingPrecision precision{Bits{plan.nodes}};
  const Real x = approximate(half_width);
  const Real small_gain = ldexp(Real(1), static_cast<int>(-guard.count));
  const Real small_shift = ldexp(Real(1), static_cast<int>(-plan.radius - 3));
  std::vector<Real> reference = starting_reference(g.value + 1, X, kind);
  constexpr int kMostSteps = 100;
  for (int steps = 1; steps <= kMostSteps; ++steps) {
    const Step step(reference, x, kind);
    Step::Moved moved = step.move(reference);
    // Newton's step squares the distance (in units of the gap), so this is when the extrema are known.
    const bool known =
        moved.safeguarded == 0 && moved.gain <= small_gain && moved.shift * moved.shift <= small_shift;
    if (known) return {g, std::move(reference), std::move(moved.reference), step.level(), steps};
    reference = std::move(moved.reference);
  }
  throw std::runtime_error("the exchange did not converge at degree " + std::to_string(g.value));
}

}  // namespace attnbounds
