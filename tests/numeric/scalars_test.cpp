#include <thread>

#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/matrix.hpp"
#include "numeric/proved.hpp"

using namespace attnbounds;

TEST_CASE("decimal text is an exact rational") {
  CHECK(rational_from_text("1e-3", "x") == Rational(1, 1000));
  CHECK(rational_from_text("-1.5", "x") == Rational(-3, 2));
  CHECK(rational_from_text("3/7", "x") == Rational(3, 7));
  CHECK(rational_from_text("0x1.8p-3", "x") == Rational(3, 16));
  CHECK_THROWS_AS(rational_from_text("nan", "x"), InputError);
  CHECK_THROWS_AS(rational_from_text("1e", "x"), InputError);
  CHECK_THROWS_AS(rational_from_text("1/0", "x"), InputError);
  CHECK_THROWS_AS(rational_from_text("1e999999999", "x"), InputError);
}

TEST_CASE("an enclosure of a rational contains it at every precision") {
  for (long bits : {2, 20, 53, 200}) {
    const WorkingPrecision guard(Bits{bits});
    CHECK(contains(enclose(Rational(1, 3)), Rational(1, 3)));
    const Interval third = enclose(Rational(1)) / enclose(Rational(3));
    CHECK(contains(third, Rational(1, 3)));
    CHECK(lower(third) < upper(third));
  }
}

TEST_CASE("rounding to double is directed") {
  CHECK(to_rational(round_down(Rational(1, 3))) < Rational(1, 3));
  CHECK(to_rational(round_up(Rational(1, 3))) > Rational(1, 3));
  CHECK(nearest(Rational(1, 3)) == 1.0 / 3.0);
  const Rational tiny = to_rational(5e-324) / 3;
  CHECK(round_down(tiny) == 0.0);
  CHECK(round_up(tiny) == 5e-324);
}

TEST_CASE("a thread that raises its working precision leaves the others theirs") {
  const WorkingPrecision guard(Bits{64});
  Real third_here = approximate(Rational(1, 3));
  long bits_there = 0;
  std::thread([&] {
    const WorkingPrecision higher(Bits{1000});
    third_here = approximate(Rational(1, 3));
    bits_there = mpfr_get_prec(third_here.backend().data());
  }).join();
  CHECK(bits_there >= 1000);
  CHECK(width(enclose(Rational(1, 3))) > Real(0x1p-90));

  std::thread raise([] {
    for (int i = 0; i < 2000; ++i) const WorkingPrecision higher(Bits{1000});
  });
  bool kept = true;
  for (int i = 0; i < 2000; ++i)
    kept = kept && mpfr_get_prec(approximate(Rational(1, 3)).backend().data()) < 100;
  raise.join();
  CHECK(kept);
}

TEST_CASE("decimals are rounded outwards: the last digit below and above") {
  const WorkingPrecision precision(Bits{128});
  const Real third = approximate(Rational(1, 3)), two_thirds = approximate(Rational(2, 3));
  CHECK(decimal_down(third, 4) == "0.3333");
  CHECK(decimal_up(third, 4) == "0.3334");
  CHECK(decimal_down(two_thirds, 4) == "0.6666");
  CHECK(decimal_up(two_thirds, 4) == "0.6667");
  CHECK(decimal_down(Real(-third), 4) == "-0.3334");
  CHECK(decimal_up(Real(-third), 4) == "-0.3333");
}
