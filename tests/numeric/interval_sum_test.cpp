#include "numeric/interval_sum.hpp"

#include "catch.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

TEST_CASE("an interval sum contains the exact sum of its products, whatever their signs") {
  const WorkingPrecision precision(Bits{64});
  for (std::uint64_t k = 0; k < 100; ++k) {
    Stream draw(0, "interval_sum_test", k);
    IntervalSum of_doubles, of_intervals;
    Rational least = 0, most = 0, exact = 0;
    for (int i = 0; i < 20; ++i) {
      const double x = draw.uniform(3), y = draw.uniform(3);
      const Rational third = to_rational(x) / 3, product = third * to_rational(y);
      of_doubles.add_product(x, y);
      exact += to_rational(x) * to_rational(y);
      of_intervals.add_product(enclose(third), y);
      // An interval of width 1 around a third of x: y may be negative.
      const Interval wide = enclose(third) + Interval(-1, 1) / 2;
      of_intervals.add_product(wide, y);
      const Rational half = abs(to_rational(y)) / 2;
      least += 2 * product - half;
      most += 2 * product + half;
    }
    CHECK(to_rational(lower(of_doubles.value())) <= exact);
    CHECK(exact <= to_rational(upper(of_doubles.value())));
    CHECK(to_rational(lower(of_intervals.value())) <= least);
    CHECK(most <= to_rational(upper(of_intervals.value())));
    CHECK(width(of_intervals.value()) <= nearest(most - least) * (1 + 1e-15));
  }
}
