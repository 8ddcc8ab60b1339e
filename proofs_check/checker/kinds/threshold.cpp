// Both degrees of a point are proved for X = kappa^p log n and n^-C themselves: by a polynomial on a wider
// interval and an alternation on a narrower one, or by the two sides of Theorem J (docs/degree.md), in
// O(degree - X) operations and one Bessel function.
#include "threshold.hpp"

#include <cmath>

#include "../kinds.hpp"

namespace checker {
namespace {

/// log n of "B^E", "e^E" or "B", numbers B >= 2 and E > 0.
Ball log_of_tokens(const Field& n) {
  const std::string text = n.text();
  const std::size_t caret = text.find('^');
  const nlohmann::json base = text.substr(0, caret),
                       power = caret == std::string::npos ? "1" : text.substr(caret + 1);
  const Fraction exponent = positive(Field{n.place, power, n.asked});
  if (base == "e" && caret != std::string::npos) return Ball(exponent);
  const Fraction b = number(Field{n.place, base, n.asked});
  if (b < Fraction(2)) n.expected("at least 2 tokens");
  return Ball(exponent) * log(Ball(b));
}

/// E_g <= tanh(2 sum_{k >= n} artanh a_k), n = g + 1, where a_k <= J_k/J_m for k >= m >= X and these
/// decrease: artanh a_k <= a_k/(1 - a^2), a = J_n/J_m.
Ball error_by_bessel(long g, const Ball& X) {
  const long n = g + 1;
  Dyadic end;
  arb_get_ubound_arf(end.get(), X.get(), working_bits);
  const long m = arf_get_si(end.get(), ARF_RND_CEIL);
  require(m < n, "upper: degree is not above X = kappa^p log n");
  const double bits = working_bits < 512 ? static_cast<double>(working_bits) : 512;  // are enough
  const long far = n + static_cast<long>(bits + std::cbrt(static_cast<double>(m) * bits * bits));
  // r = J_{k+1}/J_k = 1/(2 (k+1)/X - J_{k+2}/J_{k+1}) from far on down to m; below 1, decreasing in k.
  const Ball step = 2 / X;
  Ball r = hull(0, 1 / (Ball(far + 1) * step - 1)), sum = hull(1, 1 / (1 - r)), a(1);
  for (long k = far - 1; k >= m; --k) {
    r = 1 / (Ball(k + 1) * step - r);
    if (k >= n) sum = 1 + r * sum;  // of J_j/J_k over j >= k
    else a = a * r;
  }
  return tanh(2 * a * sum / (1 - a * a));
}

/// J_n(X) (2/(1 + J_{2n}(2X)))^{1/2} <= E_g, n = g + 1 >= X; J_{2n}(2X) <= J_{2n}(2n) <= 0.4474 (2n)^{-1/3}.
Ball least_error_by_bessel(long g, const Ball& X) {
  const long n = g + 1;
  require_at_most(X, n, "lower: X against degree_needed");
  const Ball doubled = Ball(Fraction(2237) / Fraction(5000)) / exp(log(Ball(2 * n)) / 3);
  return bessel_j(n, X) * square_root(2 / (1 + doubled));
}

}  // namespace

Ball error_of(const Field& upper, long degree, const Ball& X) {
  if (upper.value == "bessel") return error_by_bessel(degree, X);
  const Ball half_width(half_width_from(upper["half_width"]));
  const Upper polynomial = upper_from(upper);
  check_shape(polynomial, degree);
  require_at_most(X, half_width, "upper.half_width: X against it");
  return upper_bound(polynomial, ErrorKind::relative, half_width);
}
Ball least_error_of(const Field& lower, long degree, const Ball& X) {
  if (lower.value == "bessel") return least_error_by_bessel(degree, X);
  const Ball half_width(half_width_from(lower["half_width"]));
  const Lower points = lower_from(lower);
  check_shape(points, degree);
  require_at_most(half_width, X, "lower.half_width: it against X");
  return lower_bound(points, ErrorKind::relative, half_width);
}

Ball debye_rate(const Ball& n, const Ball& X) {
  const Ball y = n / X;
  return n * log(y + square_root(y * y - 1)) - square_root(n * n - X * X);
}
Ball entropy_rate(const Ball& c, const Ball& gamma) {
  return gamma * log(1 + c / gamma) + c * log(1 + gamma / c);
}

Ball limit_exponent(const Field& ratio, const ThresholdParameters& t) {
  const Fraction lower = positive(ratio["lower"]), upper = positive(ratio["upper"]);
  const Ball X(t.half_width_ratio), C(t.C), c(t.c);
  if (t.half_width_ratio < lower)  // F is 0 at kappa^p and increases with gamma from there on
    require_at_most(debye_rate(Ball(lower), X), C, ratio.place_of("lower") + ": F(gamma, kappa^p) against C");
  require(t.half_width_ratio < upper, ratio.place_of("upper") + ": not above kappa^p");
  require_at_most(C, debye_rate(Ball(upper), X), ratio.place_of("upper") + ": C against F(gamma, kappa^p)");
  return 1 + hull(entropy_rate(c, Ball(lower)), entropy_rate(c, Ball(upper)));
}

Ball ThresholdPoint::exponent(long g) const {
  Fraction rank;
  fmpz_bin_uiui(fmpq_numref(rank.get()), static_cast<ulong>(d + g), static_cast<ulong>(g));
  return 1 + (log(Ball(rank)) + Ball(factors_of_d) * log(Ball(d))) / log_n;
}

ThresholdParameters threshold_parameters_from(const Field& in, const Field& kappa) {
  ThresholdParameters t;
  t.p = in["kind"].one_of({"matrix", "tensor"}) == "matrix" ? 2 : 3;
  const Fraction k = positive(kappa);
  t.half_width_ratio = t.p == 2 ? k * k : k * k * k;
  t.c = positive(in["c"]);
  t.C = positive(in["C"]);
  return t;
}

ThresholdPoint threshold_point_from(const Field& in, const Field& kappa, const Field& degrees) {
  ThresholdPoint t;
  static_cast<ThresholdParameters&>(t) = threshold_parameters_from(in, kappa);
  if (in.has("problem") && in["problem"].one_of({"forward", "gradient"}) == "gradient")
    t.factors_of_d = t.p - 1;
  t.d = degrees["d"].integer(1, kLargestOfAPoint);
  t.degree = degrees["degree"].integer(0, kLargestOfAPoint);
  t.degree_needed = degrees["degree_needed"].integer(0, t.degree);
  t.log_n = log_of_tokens(in["n"]);
  t.X = Ball(t.half_width_ratio) * t.log_n;
  require_at_most(t.X, kLargestOfAPoint, kappa.place + ": X = kappa^p log n against the limit");
  const Ball d = maximum(1, whole_part(Ball(t.c) * t.log_n + Ball(1) / 2, degrees.place_of("d")));
  if (sure_sign(d - t.d) != 0)
    throw Rejected(degrees.place_of("d") + ": expected c log n rounded, " + decimal(d, Rounding::up) +
                   ", found " + std::to_string(t.d));

  const Ball epsilon = exp(Ball(0) - t.log_inverse_error());
  require_at_most(error_of(degrees["upper"], t.degree, t.X), epsilon,
                  degrees.place_of("upper") + ": the proved error against n^-C");
  const std::string lower = degrees.place_of("lower");
  if (t.degree_needed == 0) require(!degrees.has("lower"), lower + ": expected null at degree 0");
  else
    require_above(least_error_of(degrees["lower"], t.degree_needed - 1, t.X), epsilon,
                  lower + ": the error of one degree less against n^-C");
  return t;
}

// --- The two kinds: a point, and its limit as n grows ---

namespace {

std::string named(const Field& point, std::initializer_list<const char*> keys) {
  std::string text = point["kind"].text() + " attention";
  for (const char* key : keys) text += std::string(", ") + key + " = " + point[key].text();
  return text + ": ";
}

/// The exponent lies in `least` or `most` or between: `exponent` holds both, `pays` compares with p.
Proved reported(const Field& top, long p, const Ball& least, const Ball& most, const std::string& sentence,
                nlohmann::ordered_json facts) {
  const Field exponent = top["exponent"];
  require_at_most(Ball(positive(exponent["lower"])), least, "exponent.lower: it against the least exponent");
  require_at_most(most, Ball(positive(exponent["upper"])), "exponent.upper: the largest exponent against it");
  const char* pays = surely_greater(p, most)    ? "verified"
                     : surely_at_most(p, least) ? "refuted"
                                                : "undecided";
  require(top["pays"].text() == pays, std::string("pays: expected ") + quoted(pays));
  facts["exponent"] = enclosure_json(hull(least, most));
  facts["pays"] = pays;
  return {sentence + "exponent in " + enclosure_text(hull(least, most)) + ", pays: " + pays, facts};
}

}  // namespace

Proved prove_threshold_point(const Field& top, const Folder&) {
  const Field point = top["point"];
  const long degree = point["degree"].integer(0, kLargestOfAPoint);
  const bool bessel = point["upper"].value.is_string() && point["lower"].value.is_string();
  return at_rising_precision(128, bessel ? 4.0 * degree : operations_of_degree(degree), [&] {
    const ThresholdPoint t = threshold_point_from(point, point["kappa"], point);
    return reported(top, t.p, t.exponent(t.degree_needed), t.exponent(t.degree),
                    named(point, {"n", "kappa", "c", "C"}) + "degree " + std::to_string(t.degree) +
                        " suffices, " + std::to_string(t.degree_needed) + " is needed, ",
                    {{"degree", t.degree}, {"degree_needed", t.degree_needed}});
  });
}

Proved prove_threshold_limit(const Field& top, const Folder&) {
  return at_rising_precision(128, 1000, [&] {
    const ThresholdParameters t = threshold_parameters_from(top["point"], top["point"]["kappa"]);
    const Ball exponent = limit_exponent(top["degree_ratio"], t);
    return reported(top, t.p, exponent, exponent, named(top["point"], {"kappa", "c", "C"}) + "as n grows, ",
                    {});
  });
}

}  // namespace checker
