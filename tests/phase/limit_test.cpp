#include "phase/limit.hpp"

#include <cmath>

#include "catch.hpp"
#include "polynomial/least_degree.hpp"

using namespace attnbounds;

namespace {

Rational power_of_ten(long exponent) {
  return Rational(1) / Rational(boost::multiprecision::pow(Integer(10), static_cast<unsigned>(exponent)));
}

}  // namespace

TEST_CASE("the limits of kappa* at c = C = 1 are 0.25160 and 1.03881, enclosed to twelve digits") {
  for (const auto& [kind, value] :
       {std::pair(AttentionKind::matrix, 0.25160), std::pair(AttentionKind::tensor, 1.03881)}) {
    const Enclosure limit = limit_kappa_star(kind, 1, 1);
    CHECK(round_up(limit.interval()) - round_down(limit.interval()) < 1e-12);
    CHECK(std::fabs(nearest(limit.lower()) - value) < 5e-6);
    // At that kappa the limit exponent is p.
    const Rational below = to_rational(limit.lower()) - Rational(1, 1000000),
                   above = to_rational(limit.upper()) + Rational(1, 1000000);
    CHECK(round_up(limit_exponent(kind, below, 1, 1).interval()) < static_cast<double>(order(kind)));
    CHECK(round_down(limit_exponent(kind, above, 1, 1).interval()) > static_cast<double>(order(kind)));
  }
}

TEST_CASE("the limit exponent is 1 at kappa = 0 and grows with kappa, c and C") {
  CHECK(round_up(limit_exponent(AttentionKind::matrix, 0, 1, 1).interval()) == 1.0);
  const auto at = [](const char* kappa, const char* c, const char* C) {
    return limit_exponent(AttentionKind::matrix, Rational(kappa), Rational(c), Rational(C)).interval();
  };
  CHECK(round_up(at("1/4", "1", "1")) < round_down(at("1/2", "1", "1")));
  CHECK(round_up(at("1/4", "1", "1")) < round_down(at("1/4", "2", "1")));
  CHECK(round_up(at("1/4", "1", "1")) < round_down(at("1/4", "1", "2")));
}

TEST_CASE("closed degrees hold the least degree between them") {
  for (const char* X : {"1/100", "1/3", "1", "2", "7/2", "12", "30"})
    for (const long exponent : {1L, 3L, 8L, 20L}) {
      const LeastDegree least = least_degree(Rational(X), power_of_ten(exponent), ErrorKind::relative);
      const WorkingPrecision precision(Bits{128});
      const ClosedDegrees closed = closed_degrees(Rational(X), exponent * log(Interval(10)));
      INFO("X = " << X << ", error 1e-" << exponent << ": " << closed.at_least.value
                  << " <= " << least.degree.value << " <= " << closed.at_most.value);
      CHECK(closed.at_least <= least.degree);
      CHECK(least.degree <= closed.at_most);
    }
}

TEST_CASE("F is the integral of arcosh(t/X), and H is 0 at gamma = 0") {
  const WorkingPrecision precision(Bits{100});
  double sum = 0;
  for (int i = 0; i < 100000; ++i) sum += std::acosh(1 + (i + 0.5) / 100000) / 100000;
  CHECK(nearest(midpoint(debye_rate(Interval(2), Interval(1)))) == Approx(sum).epsilon(1e-7));
  CHECK(nearest(midpoint(debye_rate(Interval(6), Interval(3)))) == Approx(3 * sum).epsilon(1e-7));
  CHECK(nearest(midpoint(entropy_rate(Interval(1), Interval(1)))) == Approx(2 * std::log(2)));
  CHECK(upper(entropy_rate(Interval(1), Interval(0))) == 0);
  CHECK_THROWS_AS(debye_rate(Interval(1), Interval(2)), std::domain_error);
}

TEST_CASE("at d = log2 n, B = 1, epsilon = 1/n the method pays for good from beyond 2^18 on") {
  const Crossover found = crossover({AttentionKind::matrix,
                                     Problem::forward,
                                     {},
                                     0,
                                     Rational("14426950408889634/10000000000000000"),
                                     1,
                                     Rational(1)},
                                    64);
  CHECK(found.last_does_not_pay >= 18);
  CHECK(found.last_pays == 64);
  CHECK(found.scanned_to == 64);
  CHECK(found.first_pays > 0);
}

TEST_CASE(
    "above the limit of kappa* the method pays up to some n, below it at every n; operations likewise") {
  const auto at = [](const Rational& kappa) {
    return crossover({AttentionKind::matrix, Problem::forward, {}, kappa, 1, 1}, 64);
  };
  const Crossover below = at(Rational(1, 4)), above = at(Rational(1, 2));  // the limit: 0.2516
  CHECK(below.first_does_not_pay == 0);
  CHECK(below.last_pays == 64);
  CHECK(below.last_fewer_operations == 64);
  CHECK(below.last_not_fewer_operations == 0);
  CHECK(above.first_does_not_pay > 1);
  CHECK(above.last_pays < 20);
  CHECK(above.last_does_not_pay == 64);
  CHECK(above.last_fewer_operations < 64);
  CHECK(above.last_not_fewer_operations == 64);
  CHECK(above.first_fewer_operations <= above.last_fewer_operations);
  // The verdicts at the ends are those of the points themselves.
  const auto pays = [](const Rational& kappa, long k) {
    return phase_value({AttentionKind::matrix, Problem::forward, {"2^" + std::to_string(k)}, kappa, 1, 1})
        .pays;
  };
  CHECK(pays(Rational(1, 2), above.last_pays) == Verdict::verified);
  CHECK(pays(Rational(1, 2), above.last_pays + 1) != Verdict::verified);
  CHECK(pays(Rational(1, 2), above.first_does_not_pay) == Verdict::refuted);
}
