#include "arb_exchange.hpp"

#include <cmath>
#include <utility>

namespace attnbounds::bench {
namespace {

using checker::ErrorKind;
using checker::working_bits;

/// Rounded floating point at working_bits.
class Float : public checker::Owned<checker::ArfOperations> {
 public:
  Float() = default;
  Float(double x) { arf_set_d(get(), x); }
  friend Float operator+(const Float& a, const Float& b) { return apply(arf_add, a, b); }
  friend Float operator-(const Float& a, const Float& b) { return apply(arf_sub, a, b); }
  friend Float operator*(const Float& a, const Float& b) {
    Float result;
    arf_mul(result.get(), a.get(), b.get(), working_bits, ARF_RND_DOWN);
    return result;
  }
  friend Float operator/(const Float& a, const Float& b) { return apply(arf_div, a, b); }
  friend bool operator<(const Float& a, const Float& b) { return arf_cmp(a.get(), b.get()) < 0; }
  int sign() const { return arf_sgn(get()); }
  double nearest() const { return arf_get_d(get(), ARF_RND_NEAR); }

 private:
  template <class Function>
  static Float apply(Function function, const Float& a, const Float& b) {
    Float result;
    function(result.get(), a.get(), b.get(), working_bits, ARF_RND_DOWN);
    return result;
  }
};

Float absolute(const Float& x) { return x.sign() < 0 ? Float(0) - x : x; }

Float exponential(const Float& x) {
  checker::Ball ball;
  arb_set_arf(ball.get(), x.get());
  arb_exp(ball.get(), ball.get(), working_bits);
  Float result;
  arf_set(result.get(), arb_midref(ball.get()));
  return result;
}

using Floats = std::vector<Float>;

// The hot loop: value and derivative of sum c_k t^k, in place.
std::pair<Float, Float> horner(const Floats& c, const Float& t) {
  std::pair<Float, Float> result;
  auto& [value, derivative] = result;
  for (std::size_t k = c.size(); k-- > 0;) {
    arf_mul(derivative.get(), derivative.get(), t.get(), working_bits, ARF_RND_DOWN);
    arf_add(derivative.get(), derivative.get(), value.get(), working_bits, ARF_RND_DOWN);
    arf_mul(value.get(), value.get(), t.get(), working_bits, ARF_RND_DOWN);
    arf_add(value.get(), value.get(), c[k].get(), working_bits, ARF_RND_DOWN);
  }
  return result;
}

struct Problem {
  Float X;
  ErrorKind kind;
};

/// The polynomial whose error alternates with equal size on the reference; |h| is that size.
struct Levelled {
  Floats coefficients;
  Float h;
};

Levelled level(const Floats& t, const Problem& p) {
  const std::size_t n = t.size();
  Floats e(n);
  Float sum, weights;
  for (std::size_t i = 0; i < n; ++i) {
    Float product = 1;
    for (std::size_t j = 0; j < n; ++j)
      if (j != i) product = product * (t[i] - t[j]);
    e[i] = exponential(p.X * t[i]);
    const Float W = p.kind == ErrorKind::relative ? e[i] : Float(1);
    sum = sum + e[i] / product;
    weights = weights + (i % 2 == 0 ? W : Float(0) - W) / product;
  }
  const Float h = sum / weights;
  Floats d(n - 1);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const Float miss = p.kind == ErrorKind::relative ? h * e[i] : h;
    d[i] = i % 2 == 0 ? e[i] - miss : e[i] + miss;
  }
  for (std::size_t k = 1; k < d.size(); ++k)
    for (std::size_t i = d.size() - 1; i >= k; --i) d[i] = (d[i] - d[i - 1]) / (t[i] - t[i - k]);
  Floats c{d.back()};
  for (std::size_t k = d.size() - 1; k-- > 0;) {
    c.insert(c.begin(), Float(0));
    for (std::size_t i = 0; i + 1 < c.size(); ++i) c[i] = c[i] - t[k] * c[i + 1];
    c[0] = c[0] + d[k];
  }
  return {c, absolute(h)};
}

/// A function with its derivative.
template <class Function>
Float bracketed_newton(const Function& f, Float a, Float b, const Float& tolerance) {
  const int sign_a = f(a).first.sign();
  Float t = (a + b) * Float(0.5);
  for (int step = 0; step < 400; ++step) {
    const auto [value, derivative] = f(t);
    (value.sign() == sign_a ? a : b) = t;
    Float next = derivative.sign() == 0 ? a : t - value / derivative;
    if (!(a < next) || !(next < b)) next = (a + b) * Float(0.5);
    const Float moved = absolute(next - t);
    t = next;
    if (moved < tolerance) return t;
  }
  throw std::runtime_error("Arb rival: root finding does not converge");
}

/// The zeros of r': Q = P' - X P, or P' - X e^{Xt}. Between neighbouring zeros of r there is exactly one.
class Slope {
 public:
  Slope(const Floats& c, const Problem& p) : problem_(p) {
    for (std::size_t k = 0; k < c.size(); ++k) {
      const Float derivative = k + 1 < c.size() ? Float(static_cast<double>(k + 1)) * c[k + 1] : Float(0);
      q_.push_back(p.kind == ErrorKind::relative ? derivative - p.X * c[k] : derivative);
    }
  }
  std::pair<Float, Float> operator()(const Float& t) const {
    auto [value, derivative] = horner(q_, t);
    if (problem_.kind == ErrorKind::absolute) {
      const Float e = problem_.X * exponential(problem_.X * t);
      value = value - e;
      derivative = derivative - problem_.X * e;
    }
    return {value, derivative};
  }

 private:
  Problem problem_;
  Floats q_;
};

Floats extrema(const Floats& t, const Levelled& levelled, const Problem& p, bool near,
               const Float& tolerance) {
  const Slope slope(levelled.coefficients, p);
  Floats result{Float(-1)};
  if (near) {
    for (std::size_t i = 1; i + 1 < t.size(); ++i) {
      Float x = t[i];
      for (int step = 0; step < 20; ++step) {
        const auto [value, derivative] = slope(x);
        const Float move = value / derivative;
        x = x - move;
        if (absolute(move) < tolerance) break;
      }
      result.push_back(x);
    }
  } else {
    const auto difference = [&](const Float& x) {  // P - e^{Xt} vanishes where r does
      auto [value, derivative] = horner(levelled.coefficients, x);
      const Float e = exponential(p.X * x);
      return std::pair<Float, Float>(value - e, derivative - p.X * e);
    };
    Floats zeros;
    for (std::size_t i = 0; i + 1 < t.size(); ++i)
      zeros.push_back(bracketed_newton(difference, t[i], t[i + 1], (t[i + 1] - t[i]) * Float(1e-3)));
    for (std::size_t i = 0; i + 1 < zeros.size(); ++i)
      result.push_back(
          bracketed_newton(slope, zeros[i], zeros[i + 1], (zeros[i + 1] - zeros[i]) * Float(1e-3)));
  }
  result.push_back(Float(1));
  return result;
}

/// log2 of |J_{g+1}(X)| or I_{g+1}(X) for g above X, roughly.
double log2_error(double g, double X, ErrorKind kind) {
  const double n = g + 1, sign = kind == ErrorKind::relative ? -1 : 1;
  return std::min(
      0.0, (n * std::log(X / 2) - std::lgamma(n + 1) + sign * X * X / (4 * (n + 1))) / std::log(2.0) + 1);
}

checker::Dyadic dyadic(const Float& x, slong absolute_bits) {
  checker::Dyadic result;
  fmpz_t m;
  fmpz_init(m);
  arf_get_fmpz_fixed_si(m, x.get(), -absolute_bits);
  arf_set_fmpz(result.get(), m);
  arf_mul_2exp_si(result.get(), result.get(), -absolute_bits);
  fmpz_clear(m);
  return result;
}

std::vector<checker::Dyadic> dyadics(const Floats& x, slong absolute_bits) {
  std::vector<checker::Dyadic> result;
  for (const Float& a : x) result.push_back(dyadic(a, absolute_bits));
  return result;
}

}  // namespace

ArbBestError arb_best_error(long g, long half_width, ErrorKind kind) {
  const double X = static_cast<double>(half_width), n = static_cast<double>(g);
  const double error_bits = -log2_error(n, X, kind), spread = X / std::log(2.0);
  const Problem problem{Float(X), kind};
  // rho^2/2 sup |r''| = 2^-42 E
  const double s = std::max(1.0, 2 * X), K = 3 * (s * s * n * n * n * n / 3 + 2 * X * s * n * n + X * X);
  const slong radius_bits =
      static_cast<slong>((42 + error_bits + std::log2(kind == ErrorKind::relative ? K : n * n * n * n / 3) +
                          (kind == ErrorKind::relative ? 0 : spread)) /
                             2 +
                         1);
  // the sign of Q at rho from its zero: Q is about E e^{-X} K rho there
  const slong coefficient_bits = static_cast<slong>(error_bits + spread) + radius_bits + 20;
  working_bits = coefficient_bits + static_cast<slong>(spread + n) + 20;
  Float rho = 1;
  arf_mul_2exp_si(rho.get(), rho.get(), -radius_bits);

  Floats reference;
  for (long i = 0; i <= g + 1; ++i)
    reference.push_back(Float(-std::cos(M_PI * static_cast<double>(i) / (n + 1))));
  ArbBestError best;
  Levelled levelled;
  Floats critical;
  for (bool near = false;;) {
    if (++best.exchanges > 100) throw std::runtime_error("Arb rival: the exchange does not converge");
    levelled = level(reference, problem);
    critical = extrema(reference, levelled, problem, near, rho * Float(0.25));
    double moved = 0, moved_in_gaps = 0;
    for (std::size_t i = 1; i + 1 < reference.size(); ++i) {
      const double move = std::fabs((critical[i] - reference[i]).nearest());
      moved = std::max(moved, move);
      moved_in_gaps = std::max(moved_in_gaps, move / (reference[i + 1] - reference[i - 1]).nearest());
    }
    if (near && moved < std::ldexp(1.0, static_cast<int>(-radius_bits))) break;
    near = moved_in_gaps < 0.02;
    reference = critical;
  }

  const std::vector<checker::Dyadic> inner =
      dyadics({critical.begin() + 1, critical.end() - 1}, radius_bits + 4);
  best.upper = {"upper", g, dyadics(levelled.coefficients, coefficient_bits), inner,
                dyadic(rho, radius_bits)};
  best.lower = {"lower", g, dyadics(critical, radius_bits + 4)};
  const checker::Ball width(half_width);
  const checker::Ball upper = checker::upper_bound(best.upper, kind, width);
  const checker::Ball lower = checker::lower_bound(best.lower, kind, width);
  arf_t end;
  arf_init(end);
  arb_get_ubound_arf(end, upper.get(), working_bits);
  best.error_upper = arf_get_d(end, ARF_RND_CEIL);
  arb_get_lbound_arf(end, lower.get(), working_bits);
  best.error_lower = arf_get_d(end, ARF_RND_FLOOR);
  arf_clear(end);
  return best;
}

}  // namespace attnbounds::bench
