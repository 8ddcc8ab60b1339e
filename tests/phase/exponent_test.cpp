#include "phase/exponent.hpp"

#include <cmath>

#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "phase/limit.hpp"

using namespace attnbounds;

namespace {

PhasePoint point(AttentionKind kind, const char* n, const char* kappa, const char* c, const char* C) {
  return {kind,
          Problem::forward,
          token_count(n, "n"),
          rational_from_text(kappa, "kappa"),
          rational_from_text(c, "c"),
          rational_from_text(C, "C")};
}

}  // namespace

TEST_CASE("the exponent is the rank's, for the least degree of the score interval") {
  const PhaseValue value = phase_value(point(AttentionKind::matrix, "2^20", "1/4", "1", "1"));
  CHECK(value.dimension == 14);  // ln 2^20 = 13.86
  // X = ln(2^20)/16 = 0.866, epsilon = 2^-20: least degree and rank by hand.
  const WorkingPrecision precision(Bits{128});
  CHECK(contains(hull(enclose(value.half_width) - Interval(0x1p-40), enclose(value.half_width)),
                 to_rational(midpoint(Interval(20 * log_interval(2) / 16)))));
  CHECK(value.degree == least_degree(value.half_width, dyadic(1, -20), ErrorKind::relative).degree);
  CHECK(value.degree_needed == value.degree);
  Integer rank = 1;
  for (long i = 1; i <= value.degree.value; ++i) rank = rank * (14 + i) / i;
  CHECK(value.rank == rank);
  CHECK(nearest(midpoint(value.exponent)) ==
        Approx(1 + std::log(rank.convert_to<double>()) / std::log(0x1p20)));
}

TEST_CASE("gradients cost more rank and the exponent grows with kappa") {
  PhasePoint at = point(AttentionKind::tensor, "2^40", "1", "1", "1");
  const PhaseValue forward = phase_value(at);
  at.problem = Problem::gradient;
  CHECK(upper(forward.exponent) < lower(phase_value(at).exponent));
  double previous = 0;
  for (const char* kappa : {"0", "1/4", "1/2", "1", "2"}) {
    const double exponent =
        round_up(phase_value(point(AttentionKind::tensor, "2^40", kappa, "1", "1")).exponent);
    CHECK(exponent >= previous);
    previous = exponent;
  }
}

TEST_CASE("kappa* separates, tends to its limit, and the verdicts at its two ends are what it says") {
  for (AttentionKind kind : {AttentionKind::matrix, AttentionKind::tensor}) {
    double gap = 10;
    const double limit = nearest(limit_kappa_star(kind, 1, 1).lower());
    for (const char* n : {"2^20", "2^100", "2^400", "e^4000"}) {
      PhasePoint at = point(kind, n, "1", "1", "1");
      const KappaStar star = kappa_star(at, Rational(1, 200));
      at.kappa = star.pays;
      CHECK(phase_value(at).pays == Verdict::verified);
      at.kappa = star.does_not_pay;
      CHECK(phase_value(at).pays == Verdict::refuted);
      CHECK(std::fabs(nearest(star.pays) - limit) < gap);
      gap = std::fabs(nearest(star.pays) - limit);
    }
    CHECK(gap < 0.01 * limit);
  }
}

TEST_CASE("the degrees of vanishing entries are enclosed as sharply as those of any") {
  // X of about 1e-40: rounded to 64 binary places it would be 0 or 5e-20, and the degrees 0 and twice this.
  const PhaseValue value = phase_value(point(AttentionKind::tensor, "e^10000", "0x1p-48", "2", "1/2"));
  CHECK(value.low_half_width > 0);
  CHECK(value.half_width < value.low_half_width * (1 + dyadic(1, -60)));
  CHECK(value.degree_needed.value > 0);
  CHECK(value.degree.value - value.degree_needed.value <= 1);
}

TEST_CASE("B in place of kappa is exact, and features and operations are the rank's") {
  PhasePoint at = point(AttentionKind::matrix, "2^30", "0", "1.4426950408889634", "1");
  at.B = Rational(1);
  const PhaseValue value = phase_value(at);
  CHECK(value.half_width == 1);
  CHECK(value.dimension == 30);
  CHECK(value.degree.value == 9);  // the notes' 0.99 is degree 10, the Chebyshev section's
  CHECK(nearest(midpoint(value.exponent)) == Approx(1.922).epsilon(1e-3));
  const double rank = std::log(value.rank.convert_to<double>());
  CHECK(nearest(midpoint(value.log_features)) == Approx(rank));
  CHECK(nearest(midpoint(value.log_operations)) == Approx(rank + 30 * std::log(2) + std::log(2.0 * 63)));
  CHECK(nearest(midpoint(value.log_exact_operations)) == Approx(60 * std::log(2) + std::log(150.0)));
  at.problem = Problem::gradient;
  CHECK(nearest(midpoint(phase_value(at).log_features)) == Approx(rank + std::log(30.0)));
}

TEST_CASE("token counts: powers of numbers and of e, nothing below 2") {
  const WorkingPrecision precision(Bits{80});
  CHECK(nearest(midpoint(token_count("2^400", "n").log())) == Approx(400 * std::log(2)));
  CHECK(nearest(midpoint(token_count("e^1000", "n").log())) == 1000.0);
  CHECK(nearest(midpoint(token_count("4096", "n").log())) == Approx(std::log(4096)));
  for (const char* bad : {"1", "e", "0", "-3", "2^", "2^-1", "x", ""})
    CHECK_THROWS_AS(token_count(bad, "n"), InputError);
}
