// Every operation against the rationals: its error is within the proved bound on random and on hard operands.
#include "numeric/double_double.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "numeric/matrix.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

// Hard: leading parts near 1 or 2, trailing parts at or next to half a unit of the last place, or tiny, or 0.
double hard_leading(Stream& draw) {
  const double step = std::ldexp(1.0, -52), few = static_cast<double>(draw.below(4));
  switch (draw.below(4)) {
    case 0:
      return 1 + few * step;
    case 1:
      return 2 - (few + 1) * step;
    case 2:
      return 1 + std::ldexp(1.0, -1 - static_cast<int>(draw.below(52)));
    default:
      return 1.5 + draw.unit() / 2;
  }
}

DoubleDouble operand(Stream& draw, int exponents) {
  const double high = draw.sign() * hard_leading(draw);
  const double half = std::ldexp(1.0, -53);  // half a unit of the last place on [1, 2)
  const double sizes[] = {0.0,
                          half,
                          std::nextafter(half, 0.0),
                          half / 2,
                          std::fabs(draw.unit()) * half,
                          std::fabs(draw.unit()) * std::ldexp(half, -static_cast<int>(draw.below(60)))};
  const double low = draw.sign() * sizes[draw.below(6)];
  const int exponent = exponents == 0 ? 0 : static_cast<int>(draw.below(2 * exponents)) - exponents;
  return DoubleDouble::of_sum(std::ldexp(high, exponent), std::ldexp(low, exponent));
}

// |observed - exact| / (bound |exact|)
double used(DoubleDouble observed, const Rational& exact, const Rational& bound) {
  if (exact == 0) return to_rational(observed) == 0 ? 0 : HUGE_VAL;
  return nearest(Rational(abs(to_rational(observed) - exact) / (bound * abs(exact))));
}

bool is_normalised(DoubleDouble x) { return x.high() + x.low() == x.high(); }

// Without the second two_sum: the addition that loses everything under cancellation.
DoubleDouble sloppy_sum(DoubleDouble x, DoubleDouble y) {
  const auto [sh, sl] = two_sum(x.high(), y.high());
  return DoubleDouble::of_sum(sh, sl + (x.low() + y.low()));
}

constexpr int kTrials = 20000;

}  // namespace

TEST_CASE("two_sum and two_product lose nothing") {
  Stream draw(0, "double-double/exact");
  for (int i = 0; i < kTrials; ++i) {
    const double a = operand(draw, 60).high(), b = operand(draw, 60).high();
    const auto [sh, sl] = two_sum(a, b);
    REQUIRE(to_rational(sh) + to_rational(sl) == to_rational(a) + to_rational(b));
    const auto [ph, pl] = two_product(a, b);
    REQUIRE(to_rational(ph) + to_rational(pl) == to_rational(a) * to_rational(b));
    if (std::fabs(a) >= std::fabs(b)) {
      const auto [fh, fl] = fast_two_sum(a, b);
      REQUIRE(fh == sh);
      REQUIRE(fl == sl);
    }
  }
}

TEST_CASE("a double-double sum is within 3u^2/(1 - 4u), cancellation included, and a sloppy one is not") {
  Stream draw(0, "double-double/sum");
  double worst = 0, worst_of_sloppy = 0;
  for (int i = 0; i < kTrials; ++i) {
    const DoubleDouble x = operand(draw, i % 2 == 0 ? 0 : 60);
    DoubleDouble y = operand(draw, i % 2 == 0 ? 1 : 60);
    if (i % 4 == 0)  // nearly opposite
      y = DoubleDouble::of_sum(-x.high(), operand(draw, 0).low());
    const Rational exact = to_rational(x) + to_rational(y);
    const DoubleDouble sum = x + y;
    const double ratio = used(sum, exact, double_double::sum_bound());
    CAPTURE(i, x.high(), x.low(), y.high(), y.low());
    REQUIRE(ratio <= 1);
    REQUIRE(is_normalised(sum));
    REQUIRE(used(x - -y, exact, double_double::sum_bound()) == ratio);
    worst = std::fmax(worst, ratio);
    worst_of_sloppy = std::fmax(worst_of_sloppy, used(sloppy_sum(x, y), exact, double_double::sum_bound()));
  }
  CAPTURE(worst);
  CHECK(worst > 0.5);  // the operands are hard
  CHECK(worst_of_sloppy > 1000);
}

TEST_CASE("a double-double product is within 5u^2") {
  Stream draw(0, "double-double/product");
  double worst = 0;
  for (int i = 0; i < kTrials; ++i) {
    const DoubleDouble x = operand(draw, i % 2 == 0 ? 0 : 200), y = operand(draw, i % 2 == 0 ? 0 : 200);
    const DoubleDouble product = x * y;
    const double ratio = used(product, to_rational(x) * to_rational(y), double_double::product_bound());
    CAPTURE(i, x.high(), x.low(), y.high(), y.low());
    REQUIRE(ratio <= 1);
    REQUIRE(is_normalised(product));
    worst = std::fmax(worst, ratio);
  }
  CAPTURE(worst);
  CHECK(worst > 0.5);
}

TEST_CASE("a double-double quotient is within 15u^2 + 56u^3") {
  Stream draw(0, "double-double/quotient");
  double worst = 0;
  for (int i = 0; i < kTrials; ++i) {
    const DoubleDouble x = operand(draw, i % 2 == 0 ? 0 : 200), y = operand(draw, i % 2 == 0 ? 0 : 200);
    const DoubleDouble quotient = x / y;
    const double ratio = used(quotient, to_rational(x) / to_rational(y), double_double::quotient_bound());
    CAPTURE(i, x.high(), x.low(), y.high(), y.low());
    REQUIRE(ratio <= 1);
    REQUIRE(is_normalised(quotient));
    worst = std::fmax(worst, ratio);
  }
  CAPTURE(worst);
  CHECK(worst > 0.25);
}

TEST_CASE("a double-double square root is within (25/8)u^2") {
  Stream draw(0, "double-double/sqrt");
  // |s - sqrt(x)| <= b sqrt(x)  <=>  (1 - b)^2 x <= s^2 <= (1 + b)^2 x, decided over the rationals.
  const auto within = [](DoubleDouble s, const Rational& x, const Rational& b) {
    const Rational square = to_rational(s) * to_rational(s);
    return (1 - b) * (1 - b) * x <= square && square <= (1 + b) * (1 + b) * x;
  };
  int beyond_a_third = 0;
  for (int i = 0; i < kTrials; ++i) {
    const DoubleDouble x = abs(operand(draw, 200));
    const DoubleDouble root = sqrt(x);
    CAPTURE(i, x.high(), x.low());
    REQUIRE(within(root, to_rational(x), double_double::square_root_bound()));
    REQUIRE(is_normalised(root));
    if (!within(root, to_rational(x), double_double::square_root_bound() / 3)) ++beyond_a_third;
  }
  CHECK(beyond_a_third > 0);
  CHECK(sqrt(DoubleDouble()) == DoubleDouble());
}

TEST_CASE("a rational rounded to double-double is within u^2, and a double-double is its own rational") {
  Stream draw(0, "double-double/rational");
  for (int i = 0; i < 2000; ++i) {
    const Rational x(Integer(draw.bits()) * draw.sign(), Integer(draw.bits() | 1));
    REQUIRE(used(scalar_from<DoubleDouble>(x), x, double_double::conversion_bound()) <= 1);
    const DoubleDouble y = operand(draw, 100);
    REQUIRE(scalar_from<DoubleDouble>(to_rational(y)) == y);
  }
  CHECK_THROWS_AS(scalar_from<DoubleDouble>(dyadic(1, 2000)), std::domain_error);
}

TEST_CASE("double-doubles are ordered as their rationals are") {
  Stream draw(0, "double-double/order");
  for (int i = 0; i < 2000; ++i) {
    const DoubleDouble x = operand(draw, 0);
    const DoubleDouble y =
        draw.sign() > 0 ? DoubleDouble::of_sum(x.high(), operand(draw, 0).low()) : operand(draw, 0);
    REQUIRE((x < y) == (to_rational(x) < to_rational(y)));
    REQUIRE((x == y) == (to_rational(x) == to_rational(y)));
    REQUIRE((x > y) == (to_rational(x) > to_rational(y)));
  }
  const DoubleDouble nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(nan == nan);
  CHECK_FALSE(nan < nan);
}

TEST_CASE("a product of double-double matrices is as near to the exact one as n sums of products allow") {
  Stream draw(0, "double-double/eigen");
  const Eigen::Index n = 17;
  const Matrix<double> a = draw.normal_matrix(5, n), b = draw.normal_matrix(n, 4);
  const Matrix<DoubleDouble> product = matrix_from<DoubleDouble>(a) * matrix_from<DoubleDouble>(b);
  const Matrix<Rational> exact = matrix_from<Rational>(a) * matrix_from<Rational>(b);
  const Matrix<Rational> sizes = matrix_from<Rational>(a.cwiseAbs()) * matrix_from<Rational>(b.cwiseAbs());
  // One product and at most n sums touch each term.
  const Rational growth = 2 * (double_double::product_bound() + n * double_double::sum_bound());
  for (Eigen::Index i = 0; i < exact.rows(); ++i)
    for (Eigen::Index j = 0; j < exact.cols(); ++j)
      CHECK(abs(to_rational(product(i, j)) - exact(i, j)) <= growth * sizes(i, j));
  CHECK(abs(product.sum()) > DoubleDouble(0));
}
