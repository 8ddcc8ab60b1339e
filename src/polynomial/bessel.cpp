#include "polynomial/bessel.hpp"

#include <cmath>
#include <stdexcept>

#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

long binary_digits() { return static_cast<long>(Interval::thread_default_precision() * 3.33) + 16; }
long ceiling(const Rational& x) {
  return static_cast<long>(nearest(x) < 9e15 ? scaled_floor(-x, 0) * -1 : Integer(0));
}

constexpr long kLargestDirect = 4096;  // J_m(X) itself is evaluated up to here

void require_positive(const Rational& X) {
  if (X <= 0 || X > 100000000) throw std::domain_error("Bessel tails need 0 < X <= 10^8");
}

/// J_m(X), m = ceil(X): increasing in its argument up to m.
Interval at_turning_point(const Rational& X, long m) {
  if (m <= kLargestDirect) return bessel_j_increasing(m, enclose(X));
  const Interval order = m, root = exp(log(order) / 3);
  return hull(exp(order * log(enclose(X) / order)) * enclose(Rational(44, 100)) / root,
              enclose(Rational(4474, 10000)) / root);
}

}  // namespace

std::vector<BesselTail> modified_bessel_tails(const Rational& half_width, long first, long last) {
  require_positive(half_width);
  const Interval X = enclose(half_width), reciprocal = 2 / X;
  const long start = std::max(last, ceiling(half_width)) + binary_digits();
  // r = I_{k+1}/I_k lies in (0, X/(2k+2)); at the start at most 1/2, and each step back contracts.
  Interval r = hull(Interval(0), X / (2 * (start + 1)));
  Interval s = 1 / (1 - r), q = 1 / (1 - r * r);  // sum_{j>=k} I_j/I_k and of the squares: in [1, these]
  s = hull(Interval(1), s);
  q = hull(Interval(1), q);
  std::vector<BesselTail> tails(static_cast<size_t>(last - first + 1));
  std::vector<Interval> ratios(tails.size());
  Interval below_first = 1;  // I_first / I_0
  for (long k = start - 1; k >= 0; --k) {
    r = 1 / (reciprocal * (k + 1) + r);
    const Interval s_next = s;
    s = 1 + r * s;
    q = 1 + r * r * q;
    if (k >= first && k <= last) {
      tails[static_cast<size_t>(k - first)] = {1, s, q};
      ratios[static_cast<size_t>(k - first)] = r;
    }
    if (k < first) below_first *= r;
    if (k == 0) {
      // e^X = I_0 + 2 sum_{k>=1} I_k = I_0 (1 + 2 r s_1)
      Interval value = exp(X) / (1 + 2 * r * s_next) * below_first;
      for (size_t i = 0; i < tails.size(); ++i) {
        tails[i] = {value, value * tails[i].sum, value * value * tails[i].squares};
        value *= ratios[i];
      }
    }
  }
  return tails;
}

std::vector<BesselDecay> bessel_decay(const Rational& half_width, long first, long last) {
  require_positive(half_width);
  const long m = ceiling(half_width);
  if (first < m) throw std::domain_error("the decay of J_k(X) starts at order k >= X");
  const Interval X = enclose(half_width), reciprocal = 2 / X;
  // Past the turning point the ratios fall below 1 slowly: start where J has lost all the digits again.
  const double x = nearest(half_width), digits = static_cast<double>(binary_digits());
  const long beyond = static_cast<long>(std::cbrt(x) * std::pow(digits, 2.0 / 3.0)) + binary_digits();
  const long start = std::max(last, m) + beyond;
  Interval r = hull(Interval(0), 1 / (reciprocal * (start + 1) - 1));  // J_{k+1}/J_k <= 1/(2(k+1)/X - 1)
  Interval s = hull(Interval(1), 1 / (1 - r));
  std::vector<BesselDecay> decay(static_cast<size_t>(last - first + 1));
  std::vector<Interval> ratios(decay.size());
  Interval to_first = 1;
  for (long k = start - 1; k >= m; --k) {
    r = 1 / (reciprocal * (k + 1) - r);
    s = 1 + r * s;
    if (k >= first && k <= last) {
      decay[static_cast<size_t>(k - first)].sum = s;
      ratios[static_cast<size_t>(k - first)] = r;
    }
    if (k < first) to_first *= r;
  }
  const Interval turning = at_turning_point(half_width, m);
  Interval ratio = to_first;
  for (size_t i = 0; i < decay.size(); ++i) {
    const Interval s_k = decay[i].sum;
    decay[i] = {turning * ratio, turning * ratio * s_k, ratio, ratio * s_k};
    ratio *= ratios[i];
  }
  return decay;
}

std::vector<Interval> sandwich(const Rational& X, ErrorKind kind, Degree first, Degree last) {
  std::vector<Interval> errors;
  if (kind == ErrorKind::absolute) {
    const Interval quarter = pi_interval() / 2;
    for (const BesselTail& tail : modified_bessel_tails(X, first.value + (bug(Bug::tail_starts_late) ? 2 : 1),
                                                        last.value + (bug(Bug::tail_starts_late) ? 2 : 1)))
      errors.push_back(
          enclose(lower(maximum(sqrt(2 * tail.squares), quarter * tail.value)), upper(2 * tail.sum)));
    return errors;
  }
  // a_1 = I_1/I_0 is known; a_m <= 1 otherwise.
  const long m = ceiling(X);
  Interval at_m = 1;
  if (m == 1) {
    const std::vector<BesselTail> tails = modified_bessel_tails(X, 0, 1);
    at_m = tails[1].value / tails[0].value;
  }
  const std::vector<BesselDecay> decay = bessel_decay(X, first.value + 1, last.value + 1);
  Interval n = first.value + 1;
  for (const BesselDecay& k : decay) {
    // J_{2n} increases up to 2n >= 2X, and J_{2n}(2n) <= 0.4474 (2n)^{-1/3} (Watson, 8.54).
    const Interval doubled = enclose(Rational(4474, 10000)) / exp(log(2 * n) / 3);
    const Interval below = k.value * sqrt(2 / (1 + doubled));
    n += 1;
    // sum artanh a_j <= (sum a_j)/(1 - a_n^2), the a_j decreasing from a_n.
    const Interval a = at_m * k.from_turning_point, sum = at_m * k.sum_from_turning_point;
    const Interval above = upper(a) < 1 ? Interval(tanh(2 * sum / (1 - a * a))) : Interval(1);
    errors.push_back(enclose(lower(below), upper(minimum(above, Interval(1)))));
  }
  return errors;
}

}  // namespace attnbounds
