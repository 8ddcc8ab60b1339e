// Upper bound: every critical point of the error lies in one of g brackets. Lower bound: a divided
// difference annihilates polynomials of lower degree. Proofs in docs/certificates.md, in this notation:
//   r(t) = P(t) e^{-Xt} - 1 (relative) or P(t) - e^{Xt} (absolute) on [-1, 1],   M = sup |r|.
// Cost: O(g^2) operations on balls at each precision, which is doubled from 128 + 4X bits until decided.
#include "least_degree.hpp"

#include <cmath>

#include "kinds.hpp"

namespace checker {
namespace {

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

}  // namespace

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

// --- Reading ---

Upper upper_from(const Field& field) {
  Upper result{field.place, field["degree"].integer(0, kLargestDegree),
               field["coefficients"].dyadics(kLargestDegree + 1),
               field["critical_points"].dyadics(kLargestDegree + 1), field["radius"].dyadic()};
  if (!(Dyadic(0) < result.radius)) field["radius"].expected("a number > 0");
  return result;
}

Lower lower_from(const Field& field) {
  return {field.place, field["degree"].integer(0, kLargestDegree),
          field["points"].dyadics(kLargestDegree + 2)};
}

ErrorKind error_kind_from(const Field& field) {
  return field.one_of({"relative", "absolute"}) == "relative" ? ErrorKind::relative : ErrorKind::absolute;
}

Fraction half_width_from(const Field& field) {
  const Fraction x = field.fraction();
  if (fmpq_sgn(x.get()) < 0) field.expected("a number >= 0");
  if (Fraction(kLargestHalfWidth) < x) field.expected("at most 16000");
  return x;
}

Fraction positive_from(const Field& field) {
  const Fraction x = field.fraction();
  if (fmpq_sgn(x.get()) <= 0) field.expected("a number > 0");
  return x;
}

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
    const Ball e = exp(X * t), p = horner(P, t);
    return absolute_value(relative ? p / e - 1 : p - e);
  };
  const auto slope_sign = [&](const Ball& t) {  // the sign of r'(t)
    const Ball q = horner(Q, t);
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
    growth = half_square * exp(Ball(1)) * (s * s * second + 2 * X * s * gg + X * X);
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

slong bits_for(const Fraction& half_width) {
  return 128 + static_cast<slong>(4 * std::ceil(fmpq_get_d(half_width.get())));
}
double operations_of_degree(long degree) {
  const double points = static_cast<double>(degree) + 2;
  return 4 * points * points;
}

LeastDegree least_degree_from(const Field& field, ErrorKind kind) {
  LeastDegree claimed{kind,
                      half_width_from(field["half_width"]),
                      positive_from(field["epsilon"]),
                      field["degree"].integer(0, kLargestDegree),
                      upper_from(field["upper"]),
                      {}};
  if (field.has("lower")) claimed.lower = lower_from(field["lower"]);
  check_shape(claimed.upper, claimed.degree);
  if (claimed.degree == 0 && claimed.lower)
    throw Rejected("lower: expected null at degree 0, found an object");
  if (claimed.degree > 0 && !claimed.lower)
    throw Rejected("lower: expected an object at degree > 0, found null");
  if (claimed.lower) check_shape(*claimed.lower, claimed.degree - 1);
  return claimed;
}

std::pair<Ball, Ball> require_least(const LeastDegree& claimed) {
  const Ball X(claimed.half_width), epsilon(claimed.epsilon);
  const Ball error = upper_bound(claimed.upper, claimed.kind, X);
  if (surely_greater(error, epsilon))
    throw Rejected("upper: the error of its polynomial is bounded by " + decimal(error, Rounding::up) +
                   " only, which exceeds epsilon");
  if (!surely_at_most(error, epsilon)) throw Undecided("upper: whether the error is at most epsilon");
  if (!claimed.lower) return {error, Ball()};
  const Ball needed = lower_bound(*claimed.lower, claimed.kind, X);
  if (surely_at_most(needed, epsilon))
    throw Rejected("lower: its points prove an error of " + decimal(needed, Rounding::down) +
                   " only, which epsilon allows");
  if (!surely_greater(needed, epsilon)) throw Undecided("lower: whether the error exceeds epsilon");
  return {error, needed};
}

// --- The three kinds ---

namespace {

std::string named(const Fraction& x, const std::string& text) {  // whole numbers in full
  if (fmpz_is_one(fmpq_denref(x.get()))) return std::to_string(fmpz_get_si(fmpq_numref(x.get())));
  return text.size() <= 40 ? text : text.substr(0, 40) + "…";
}
std::string interval_of(const Field& top) {
  const std::string X = named(half_width_from(top["half_width"]), top["half_width"].text());
  return "exp on [-" + X + "," + X + "]";
}
std::string short_text(const Field& number) {
  return number.text().size() <= 40 ? number.text() : number.text().substr(0, 40) + "…";
}
std::string between(const std::string& lower, const std::string& upper) {
  return "in [" + (lower.empty() ? "0" : lower) + ", " + (upper.empty() ? "inf" : upper) + "]";
}
nlohmann::ordered_json ends(const std::string& lower, const std::string& upper) {
  const auto end = [](const std::string& text) {
    return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
  };
  return {{"lower", end(lower)}, {"upper", end(upper)}};
}
std::string at_bits() { return " (" + std::to_string(working_bits) + " bits)"; }

}  // namespace

Proved prove_polynomial_error(const Field& top, const Folder&) {
  top["function"].one_of({"exp"});
  const ErrorKind kind = error_kind_from(top["error_kind"]);
  const Fraction half_width = half_width_from(top["half_width"]), bound = positive_from(top["bound"]);
  const Upper upper = upper_from(top["upper"]);
  check_shape(upper, upper.degree);
  return at_rising_precision(bits_for(half_width), operations_of_degree(upper.degree), [&] {
    const Ball error = upper_bound(upper, kind, Ball(half_width));
    require_at_most(error, Ball(bound), "upper: the proved error against the bound");
    return Proved{interval_of(top) + ", a polynomial of degree " + std::to_string(upper.degree) + ": " +
                      top["error_kind"].text() + " error at most " + decimal(error, Rounding::up) + at_bits(),
                  {{"degree", upper.degree}, {"error_upper", decimal(error, Rounding::up)}}};
  });
}

Proved prove_best_error(const Field& top, const Folder&) {
  top["function"].one_of({"exp"});
  const ErrorKind kind = error_kind_from(top["error_kind"]);
  const Fraction half_width = half_width_from(top["half_width"]), bound = positive_from(top["bound"]);
  const Lower lower = lower_from(top["lower"]);
  check_shape(lower, lower.degree);
  return at_rising_precision(bits_for(half_width), operations_of_degree(lower.degree), [&] {
    const Ball error = lower_bound(lower, kind, Ball(half_width));
    require_at_most(Ball(bound), error, "lower: the bound against what the points prove");
    return Proved{interval_of(top) + ", every polynomial of degree " + std::to_string(lower.degree) + ": " +
                      top["error_kind"].text() + " error at least " + decimal(error, Rounding::down) +
                      at_bits(),
                  {{"degree", lower.degree}, {"error_lower", decimal(error, Rounding::down)}}};
  });
}

Proved prove_least_degree(const Field& top, const Folder&) {
  top["function"].one_of({"exp"});
  const ErrorKind kind = error_kind_from(top["error_kind"]);
  const LeastDegree claimed = least_degree_from(top, kind);
  const long degree = claimed.degree;
  std::optional<Upper> upper_below;
  std::optional<Lower> lower_at;
  if (top.has("upper_below")) upper_below = upper_from(top["upper_below"]);
  if (top.has("lower_at")) lower_at = lower_from(top["lower_at"]);
  if (degree == 0 && upper_below) throw Rejected("upper_below: expected null at degree 0, found an object");
  if (upper_below) check_shape(*upper_below, degree - 1);
  if (lower_at) check_shape(*lower_at, degree);

  return at_rising_precision(bits_for(claimed.half_width), operations_of_degree(degree), [&] {
    const Ball X(claimed.half_width);
    const auto [error, needed] = require_least(claimed);
    const std::string error_upper = decimal(error, Rounding::up);
    std::string error_lower, below_lower = degree > 0 ? decimal(needed, Rounding::down) : "", below_upper;
    if (upper_below) below_upper = decimal(upper_bound(*upper_below, kind, X), Rounding::up);
    if (lower_at) error_lower = decimal(lower_bound(*lower_at, kind, X), Rounding::down);

    std::string sentence = interval_of(top) + " needs degree " + std::to_string(degree) + " for " +
                           top["error_kind"].text() + " error " + short_text(top["epsilon"]) +
                           ": best error " + between(error_lower, error_upper);
    if (degree > 0)
      sentence += ", at degree " + std::to_string(degree - 1) + " " + between(below_lower, below_upper);
    return Proved{sentence + at_bits(),
                  {{"half_width", top["half_width"].value},
                   {"epsilon", top["epsilon"].value},
                   {"error_kind", top["error_kind"].value},
                   {"degree", degree},
                   {"error", ends(error_lower, error_upper)},
                   {"error_below", degree > 0 ? ends(below_lower, below_upper) : nlohmann::ordered_json()}}};
  });
}

}  // namespace checker
