// Both degrees of a point are proved for X = kappa^p log n and n^-C themselves: by a polynomial on a wider
// interval and an alternation on a narrower one, or by the two sides of Theorem J (docs/degree.md), in
// O(degree - X) operations and one Bessel function.
#include "threshold.hpp"

#include <cmath>

#include "kinds.hpp"

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

/// E_g <= tanh(2 sum_{k >= n} artanh a_k), n = g + 1, where a_k <= J_k/J_m for k >= m > X and these
/// decrease: artanh a_k <= a_k/(1 - a^2), a = J_n/J_m.
Ball error_by_bessel(long g, const Ball& X) {
  const long n = g + 1;
  Dyadic end;
  arb_get_ubound_arf(end.get(), X.get(), working_bits);
  const long m = arf_get_si(end.get(), ARF_RND_FLOOR) + 1;
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

Ball error_of(const Field& upper, const ThresholdPoint& t) {
  if (upper.value == "bessel") return error_by_bessel(t.degree, t.X);
  const Ball half_width(half_width_from(upper["half_width"]));
  const Upper polynomial = upper_from(upper);
  check_shape(polynomial, t.degree);
  require_at_most(t.X, half_width, "upper.half_width: X = kappa^p log n against it");
  return upper_bound(polynomial, ErrorKind::relative, half_width);
}
Ball least_error_of(const Field& lower, const ThresholdPoint& t) {
  if (lower.value == "bessel") return least_error_by_bessel(t.degree_needed - 1, t.X);
  const Ball half_width(half_width_from(lower["half_width"]));
  const Lower points = lower_from(lower);
  check_shape(points, t.degree_needed - 1);
  require_at_most(half_width, t.X, "lower.half_width: it against X = kappa^p log n");
  return lower_bound(points, ErrorKind::relative, half_width);
}

}  // namespace

Ball ThresholdPoint::exponent(long g) const {
  Fraction rank;
  fmpz_bin_uiui(fmpq_numref(rank.get()), static_cast<ulong>(d + g), static_cast<ulong>(g));
  return 1 + (log(Ball(rank)) + Ball(factors_of_d) * log(Ball(d))) / log_n;
}

ThresholdPoint threshold_point_from(const Field& in) {
  ThresholdPoint t;
  t.p = in["kind"].one_of({"matrix", "tensor"}) == "matrix" ? 2 : 3;
  if (in.has("problem") && in["problem"].one_of({"forward", "gradient"}) == "gradient")
    t.factors_of_d = t.p - 1;
  t.d = in["d"].integer(1, kLargestOfAPoint);
  t.degree = in["degree"].integer(0, kLargestOfAPoint);
  t.degree_needed = in["degree_needed"].integer(0, t.degree);
  const Fraction kappa = positive(in["kappa"]);
  t.half_width_ratio = t.p == 2 ? kappa * kappa : kappa * kappa * kappa;
  t.c = positive(in["c"]);
  t.C = positive(in["C"]);
  t.log_n = log_of_tokens(in["n"]);
  t.X = Ball(t.half_width_ratio) * t.log_n;
  require_at_most(t.X, kLargestOfAPoint, in.place_of("kappa") + ": X = kappa^p log n against the limit");
  const Ball d = maximum(1, whole_part(Ball(t.c) * t.log_n + Ball(1) / 2, in.place_of("d")));
  if (sure_sign(d - t.d) != 0)
    throw Rejected(in.place_of("d") + ": expected c log n rounded, " + decimal(d, Rounding::up) + ", found " +
                   std::to_string(t.d));

  const Ball epsilon = exp(Ball(0) - Ball(t.C) * t.log_n);
  require_at_most(error_of(in["upper"], t), epsilon,
                  in.place_of("upper") + ": the proved error against n^-C");
  if (t.degree_needed == 0) require(!in.has("lower"), in.place_of("lower") + ": expected null at degree 0");
  else
    require_above(least_error_of(in["lower"], t), epsilon,
                  in.place_of("lower") + ": the error of one degree less against n^-C");
  return t;
}

Proved prove_threshold_point(const Field& top, const Folder&) {
  const Field point = top["point"], exponent = top["exponent"];
  const Fraction lower = positive(exponent["lower"]), upper = positive(exponent["upper"]);
  const long degree = point["degree"].integer(0, kLargestOfAPoint);
  const bool bessel = point["upper"].value.is_string() && point["lower"].value.is_string();
  return at_rising_precision(128, bessel ? 4.0 * degree : operations_of_degree(degree), [&] {
    const ThresholdPoint t = threshold_point_from(point);
    const Ball least = t.exponent(t.degree_needed), most = t.exponent(t.degree);
    require_at_most(Ball(lower), least, "exponent.lower: it against the exponent at degree_needed");
    require_at_most(most, Ball(upper), "exponent.upper: the exponent at degree against it");
    const char* pays = surely_greater(t.p, most)    ? "verified"
                       : surely_at_most(t.p, least) ? "refuted"
                                                    : "undecided";
    require(top["pays"].text() == pays, std::string("pays: expected ") + quoted(pays));
    std::string sentence = point["kind"].text() + " attention, ";
    for (const char* key : {"n", "kappa", "c", "C"})
      sentence += key + (" = " + point[key].text()) + (*key == 'C' ? ": " : ", ");
    return Proved{sentence + "degree " + std::to_string(t.degree) + " suffices, " +
                      std::to_string(t.degree_needed) + " is needed, exponent in " +
                      enclosure_text(hull(least, most)) + ", pays: " + pays,
                  {{"n", point["n"].value},
                   {"degree", t.degree},
                   {"degree_needed", t.degree_needed},
                   {"exponent", enclosure_json(hull(least, most))},
                   {"pays", pays}}};
  });
}

}  // namespace checker
