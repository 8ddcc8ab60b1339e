// Which types turn into which, asked of the compiler; does_not_compile/ shows the same as code.
#include "numeric/proved.hpp"

#include <type_traits>

#include "catch.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {
template <class A, class B>
concept can_subtract = requires(A a, B b) {
  a - b;
};
template <class A, class B>
concept can_divide = requires(A a, B b) {
  a / b;
};
template <class A, class B>
concept can_add = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept can_judge = requires(A a, B b) {
  at_most(a, b);
};
template <class T>
concept can_bound = requires(T x) {
  UpperBound::of(x);
};
}  // namespace

TEST_CASE("an estimate turns into nothing that is proved") {
  STATIC_REQUIRE(!std::is_constructible_v<Enclosure, Estimate>);
  STATIC_REQUIRE(!std::is_constructible_v<UpperBound, Estimate>);
  STATIC_REQUIRE(!std::is_constructible_v<Interval, Estimate>);
  STATIC_REQUIRE(!std::is_constructible_v<Rational, Estimate>);
  STATIC_REQUIRE(!std::is_convertible_v<Estimate, double>);
  STATIC_REQUIRE(!can_bound<Estimate>);
  STATIC_REQUIRE(!can_add<UpperBound, Estimate>);
  STATIC_REQUIRE(!can_judge<Estimate, Interval>);
  STATIC_REQUIRE(!can_judge<Interval, Estimate>);
}

TEST_CASE("a rounded number turns into nothing that is proved unless the code says that it is exact") {
  STATIC_REQUIRE(!std::is_constructible_v<Enclosure, double>);
  STATIC_REQUIRE(!std::is_constructible_v<Enclosure, float>);
  STATIC_REQUIRE(!std::is_constructible_v<Enclosure, Real>);
  STATIC_REQUIRE(!std::is_constructible_v<UpperBound, double>);
  STATIC_REQUIRE(!std::is_constructible_v<UpperBound, Real>);
  STATIC_REQUIRE(!can_bound<double>);
  STATIC_REQUIRE(!can_bound<Real>);
  STATIC_REQUIRE(can_bound<Interval>);  // the same question with the other answer
  STATIC_REQUIRE(can_bound<Rational>);
  STATIC_REQUIRE(std::is_constructible_v<Enclosure, Interval>);
  STATIC_REQUIRE(std::is_constructible_v<Enclosure, Rational>);
}

TEST_CASE("an upper bound goes up only") {
  STATIC_REQUIRE(!std::is_convertible_v<UpperBound, double>);
  STATIC_REQUIRE(!std::is_constructible_v<Enclosure, UpperBound>);
  STATIC_REQUIRE(!can_subtract<UpperBound, UpperBound>);
  STATIC_REQUIRE(!can_divide<UpperBound, UpperBound>);
  STATIC_REQUIRE(can_add<UpperBound, UpperBound>);
}

TEST_CASE("sums, products and quotients of upper bounds are at least the exact ones") {
  Stream draw(0, "proved/upper-bound");
  for (int trial = 0; trial < 2000; ++trial) {
    const double scale = std::ldexp(1.0, static_cast<int>(draw.below(600)) - 300);
    const double x = std::fabs(draw.uniform(scale)), y = std::fabs(draw.unit()) + 0x1p-60;
    const UpperBound a = UpperBound::exactly(x), b = UpperBound::exactly(y);
    REQUIRE((a + b).exact() >= a.exact() + b.exact());
    REQUIRE((a * b).exact() >= a.exact() * b.exact());
    REQUIRE(divide_by_at_least(a, y).exact() >= a.exact() / b.exact());
  }
}

TEST_CASE("an upper bound of what underflows is positive and of what overflows is infinite") {
  const UpperBound tiny = UpperBound::exactly(0x1p-600), huge = UpperBound::exactly(0x1p600);
  CHECK((tiny * tiny).value() > 0);
  CHECK_FALSE((huge * huge).is_finite());
  CHECK_FALSE(divide_by_at_least(huge, 0.0).is_finite());
  CHECK_FALSE(divide_by_at_least(huge, std::nan("")).is_finite());
  CHECK_THROWS_AS(UpperBound::exactly(-1), std::domain_error);
  CHECK_THROWS_AS(UpperBound::exactly(std::nan("")), std::domain_error);
}
