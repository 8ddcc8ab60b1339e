// Upper bound: every critical point of the error lies in one of g brackets. Lower bound: a divided
// difference annihilates polynomials of lower degree. Proofs in docs/certificates.md, in this notation:
//   r(t) = P(t) e^{-Xt} - 1 (relative) or P(t) - e^{Xt} (absolute) on [-1, 1],   M = sup |r|.
// Cost: O(g^2) operations on balls at each precision, which is doubled from 128 + 4X bits until decided.
#include "least_degree.hpp"

#include <mpfr.h>

#include <cmath>

namespace checker {
namespace {

constexpr slong kMostBits = 1 << 16;
constexpr double kMostWork = 5e9;  // about a minute

std::string item(const std::string& array, std::size_t i) { return array + "[" + std::to_string(i) + "]"; }

// --- Shape: counts and order, exactly ---

void expect_count(const std::string& place, std::size_t found, long expected) {
  if (found != static_cast<std::size_t>(expected))
    throw Rejected(place + ": expected " + std::to_string(expected) + " numbers, found " +
                   std::to_string(found));
}

void expect_degree(const std::string& place, long found, long expected) {
  if (found != expected)
    throw Rejected(place + ".degree: expected " + std::to_string(expected) + ", found " +
                   std::to_string(found));
}

void check_shape(const Upper& upper, long degree) {
  expect_degree(upper.place, upper.degree, degree);
  const std::string points = upper.place + ".critical_points";
  expect_count(upper.place + ".coefficients", upper.coefficients.size(), degree + 1);
  expect_count(points, upper.critical_points.size(), degree);
  Dyadic end(-1);  // of the bracket before
  for (std::size_t i = 0; i < upper.critical_points.size(); ++i) {
    const Dyadic begin = upper.critical_points[i] - upper.radius;
    if (i == 0 ? begin < end : !(end < begin))
      throw Rejected(item(points, i) + ": its bracket " +
                     (i == 0 ? "leaves [-1, 1]" : "meets or precedes the one before"));
    end = upper.critical_points[i] + upper.radius;
    if (Dyadic(1) < end) throw Rejected(item(points, i) + ": its bracket leaves [-1, 1]");
  }
}

void check_shape(const Lower& lower, long degree) {
  expect_degree(lower.place, lower.degree, degree);
  const std::string points = lower.place + ".points";
  expect_count(points, lower.points.size(), degree + 2);
  for (std::size_t i = 0; i < lower.points.size(); ++i) {
    if (i > 0 && !(lower.points[i - 1] < lower.points[i]))
      throw Rejected(item(points, i) + ": not above the point before");
    if (lower.points[i] < Dyadic(-1) || Dyadic(1) < lower.points[i])
      throw Rejected(item(points, i) + ": outside [-1, 1]");
  }
}

void check_shape(const Certificate& c) {
  check_shape(c.upper, c.degree);
  if (c.degree == 0 && (c.lower || c.upper_below))
    throw Rejected("lower, upper_below: expected null at degree 0, found an object");
  if (c.degree > 0 && !c.lower) throw Rejected("lower: expected an object at degree > 0, found null");
  if (c.lower) check_shape(*c.lower, c.degree - 1);
  if (c.upper_below) check_shape(*c.upper_below, c.degree - 1);
  if (c.lower_at) check_shape(*c.lower_at, c.degree);
}

}  // namespace

// --- Proof, in balls ---

Ball upper_bound(const Upper& u, ErrorKind kind, const Ball& X) {
  const bool relative = kind == ErrorKind::relative;
  const long g = u.degree;
  std::vector<Ball> P, Q;  // Q = P' - X P (relative), or P' alone (absolute)
  for (const Dyadic& c : u.coefficients) P.emplace_back(c);
  for (long k = 0; k <= g; ++k) {
    const Ball derivative = k < g ? Ball(k + 1) * P[k + 1] : Ball(0);
    Q.push_back(relative ? derivative - X * P[k] : derivative);
  }
  const auto error = [&](const Ball& t) {
    const Ball e = exp(X * t), p = dot(P, powers(t, g));
    return absolute_value(relative ? p / e - 1 : p - e);
  };
  const auto slope_sign = [&](const Ball& t) {  // the sign of r'(t)
    const Ball q = dot(Q, powers(t, g));
    return sure_sign(relative ? q : q - X * exp(X * t));
  };

  // Q has at most g zeros (relative: a polynomial of degree <= g, not zero; absolute: its g-th derivative
  // -X^{g+1} e^{Xt} has none), so a change of sign in each of g disjoint brackets accounts for all.
  Ball m = maximum(error(-1), error(1));
  for (std::size_t i = 0; i < u.critical_points.size(); ++i) {
    const Dyadic& t = u.critical_points[i];
    const std::string place = item(u.place + ".critical_points", i);
    const int before = slope_sign(Ball(t - u.radius)), after = slope_sign(Ball(t + u.radius));
    if (before == 0 || after == 0)
      throw Undecided(place + ": the sign of the derivative of the error at an end of its bracket");
    if (before == after)
      throw Rejected(place + ": the derivative of the error does not change sign over its bracket");
    m = maximum(m, error(Ball(t)));
  }
  if (g == 0) return m;  // r is monotone

  // Between t_i and the critical point, |r| grows by at most (rho^2/2) sup |r''|; Markov's inequalities.
  const Ball rho(u.radius), half_square = rho * rho / 2, gg = Ball(g) * Ball(g), second = gg * (gg - 1) / 3;
  Ball slack, growth;  // sup |r''| (rho^2/2) <= slack + growth M
  if (relative) {
    const Ball s = maximum(1, 2 * X);  // 2/length of an interval on which e^{Xt} varies by at most e
    growth = half_square * exp(1) * (s * s * second + 2 * X * s * gg + X * X);
    slack = growth;
  } else {
    growth = half_square * second;
    slack = half_square * (second + X * X) * exp(X);
  }
  if (surely_at_most(1, growth))
    throw Rejected(u.place + ".radius: too large to bound the error between the critical points");
  if (!surely_greater(1, growth)) throw Undecided(u.place + ".radius: whether it is small enough");
  return (m + slack) / (1 - growth);
}

Ball lower_bound(const Lower& l, ErrorKind kind, const Ball& X) {
  std::vector<Ball> t;
  for (const Dyadic& point : l.points) t.emplace_back(point);
  Ball difference, weight;
  for (std::size_t i = 0; i < t.size(); ++i) {
    Ball product(1);
    for (std::size_t j = 0; j < t.size(); ++j)
      if (j != i) product = product * (t[i] - t[j]);
    if (sure_sign(product) == 0) throw Undecided(item(l.place + ".points", i) + ": the sign of its weight");
    const Ball w = 1 / product, e = exp(X * t[i]);
    difference = difference + w * e;
    weight = weight + absolute_value(w) * (kind == ErrorKind::relative ? e : Ball(1));
  }
  return absolute_value(difference) / weight;
}

namespace {

enum class Rounding { down, up };

std::string decimal(const Ball& x, Rounding rounding) {
  const mpfr_rnd_t direction = rounding == Rounding::down ? MPFR_RNDD : MPFR_RNDU;
  arf_t end;
  arf_init(end);
  if (rounding == Rounding::down) arb_get_lbound_arf(end, x.get(), working_bits);
  else arb_get_ubound_arf(end, x.get(), working_bits);
  mpfr_t value;
  mpfr_init2(value, 128);
  arf_get_mpfr(value, end, direction);
  char* text = nullptr;
  mpfr_asprintf(&text, rounding == Rounding::down ? "%.10RDg" : "%.10RUg", value);
  const std::string result = text;
  mpfr_free_str(text);
  mpfr_clear(value);
  arf_clear(end);
  return result;
}

Proved prove_at_working_bits(const Certificate& c) {
  const Ball X(c.half_width), epsilon(c.epsilon);
  Proved proved;
  proved.bits = working_bits;

  const Ball upper = upper_bound(c.upper, c.kind, X);
  proved.error_upper = decimal(upper, Rounding::up);
  if (surely_greater(upper, epsilon))
    throw Rejected("upper: the error of its polynomial is bounded by " + proved.error_upper +
                   " only, which exceeds epsilon");
  if (!surely_at_most(upper, epsilon)) throw Undecided("upper: whether the error is at most epsilon");

  if (c.lower) {
    const Ball lower = lower_bound(*c.lower, c.kind, X);
    proved.error_below_lower = decimal(lower, Rounding::down);
    if (surely_at_most(lower, epsilon))
      throw Rejected("lower: its points prove an error of " + proved.error_below_lower +
                     " only, which epsilon allows");
    if (!surely_greater(lower, epsilon)) throw Undecided("lower: whether the error exceeds epsilon");
  }
  if (c.upper_below) proved.error_below_upper = decimal(upper_bound(*c.upper_below, c.kind, X), Rounding::up);
  if (c.lower_at) proved.error_lower = decimal(lower_bound(*c.lower_at, c.kind, X), Rounding::down);
  return proved;
}

}  // namespace

Proved prove(const Certificate& certificate) {
  check_shape(certificate);
  const double points = static_cast<double>(certificate.degree) + 2;
  std::string reason = "nothing was tried";
  working_bits = 128 + static_cast<slong>(4 * std::ceil(fmpq_get_d(certificate.half_width.get())));
  for (; working_bits <= kMostBits; working_bits *= 2) {
    if (4 * points * points * std::pow(static_cast<double>(working_bits) / 64, 1.5) > kMostWork) break;
    try {
      return prove_at_working_bits(certificate);
    } catch (const Undecided& undecided) {
      reason = std::string(undecided.what()) + " is open at " + std::to_string(working_bits) + " bits";
    }
  }
  throw Rejected("undecided: " + reason + ", and the next precision is beyond the limits");
}

}  // namespace checker
