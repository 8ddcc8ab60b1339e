#include <cmath>

#include "attention/enclosure.hpp"
#include "catch.hpp"
#include "kernels/double_double_attention.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

/// |computed - e^x|/e^x in units of u^2 = 2^-106.
double error_in_units(DoubleDouble x) {
  const WorkingPrecision precision(Bits{256});
  const Interval exact = exp(enclose(to_rational(x)));
  const Interval error = absolute_value(enclose(to_rational(exp_of_nonpositive(x))) - exact) / exact;
  return round_up(Interval(error * enclose(dyadic(1, 106))));
}

AttentionInput random_input(std::uint64_t seed, long n, long d, double bound) {
  Stream stream(seed, "double-double reference");
  Matrix<double> q = stream.uniform_matrix(n, d, bound), k = stream.uniform_matrix(n, d, bound);
  return {q, k, stream.normal_matrix(n, 3)};
}

}  // namespace

TEST_CASE("the double-double exponential is within 8 u^2 of exp: random points") {
  Stream stream(1, "double-double exp");
  double worst = 0;
  for (int i = 0; i < 20000; ++i) {
    const double high = -std::fabs(stream.unit()) * std::ldexp(200.0, -(i % 20));
    worst = std::fmax(worst, error_in_units(DoubleDouble::of_sum(high, high * 0x1p-53 * stream.unit())));
  }
  CAPTURE(worst);
  CHECK(to_rational(worst) * dyadic(1, -106) <= exp_of_nonpositive_bound());
  CHECK(worst > 1);  // a bound of one u^2 would be false
}

TEST_CASE(
    "the double-double exponential is within 8 u^2 of exp: ends of the reduced interval, zero, tiny, large") {
  for (const long k : {0L, 1L, 2L, 127L, 128L, 255L, 256L, 257L, 1000L, 36000L, 73860L})
    for (const double side : {-0.5, 0.0, 0.5})
      for (const double off : {0.0, 0x1p-60, -0x1p-60, 0x1p-45, -0x1p-45}) {
        const WorkingPrecision precision(Bits{256});
        const Real place = midpoint(
            Interval(log(Interval(2)) * enclose(Rational(1, 256)) * (-static_cast<double>(k) + side)));
        const double high = std::fmin(nearest(place), 0.0);
        const double low = high == 0 ? 0.0 : nearest(Real(place - Real(high))) + off * high;
        CAPTURE(k, side, off);
        CHECK(error_in_units(DoubleDouble::of_sum(high, low)) <= 8);
      }
  for (const double tiny : {0.0, -0x1p-1000, -0x1p-500, -0x1p-107, -0x1p-54})
    CHECK(error_in_units(tiny) <= 8);
  CHECK(error_in_units(std::nextafter(-200.0, 0.0)) <= 8);
  CHECK(exp_of_nonpositive(-1e6) == exp_of_nonpositive(-200.0));
}

TEST_CASE("the double-double reference encloses exact attention, and its radius is about 2^-97") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const long n = 1 + 17 * static_cast<long>(seed), d = 1 + static_cast<long>(seed) % 9;
    const Mask mask = seed % 2 == 0 ? Mask::none : Mask::causal;
    const AttentionInput in = random_input(seed, n, d, std::ldexp(1.0, static_cast<int>(seed % 6) - 2));
    const auto reference = double_double_attention(in, mask);
    REQUIRE(reference);
    const WorkingPrecision precision(Bits{160});
    const Matrix<Interval> ours = reference->enclosures();
    const Matrix<Interval> exact = attention_enclosure(in, mask, dyadic(1, -130));
    for (Eigen::Index i = 0; i < n; ++i) {
      CHECK(reference->radius[i].value() <= 0x1p-96 * max_abs(in.v) * (1 + 0.3 * in.q.squaredNorm()));
      for (Eigen::Index c = 0; c < in.v.cols(); ++c) {
        CHECK(lower(ours(i, c)) <= lower(exact(i, c)));
        CHECK(upper(exact(i, c)) <= upper(ours(i, c)));
      }
    }
  }
}

TEST_CASE("the double-double reference is the same for any number of threads") {
  const AttentionInput in = random_input(5, 70, 5, 1);
  const auto one = double_double_attention(in, Mask::none, ThreadCount{1});
  const auto five = double_double_attention(in, Mask::none, ThreadCount{5});
  for (Eigen::Index i = 0; i < one->centre.size(); ++i)
    CHECK(one->centre.data()[i] == five->centre.data()[i]);
}

TEST_CASE("both references enclose the same error") {
  const AttentionInput in = random_input(6, 40, 4, 1);
  Matrix<double> output = in.v;
  const Enclosure pairs = largest_error(output, *double_double_attention(in));
  const WorkingPrecision precision(Bits{160});
  const Enclosure intervals = largest_error(output, attention_enclosure(in, Mask::none, dyadic(1, -120)));
  CHECK(overlap(pairs.interval(), intervals.interval()));
  CHECK(width(pairs.interval()) < 0x1p-90);
  CHECK(lower(pairs.interval()) > 0);
}

TEST_CASE("the double-double reference refuses entries whose low parts it could lose") {
  AttentionInput in = random_input(7, 4, 2, 1);
  in.k(1, 1) = 0x1p-201;
  CHECK_FALSE(double_double_attention(in));
  in.k(1, 1) = 0;
  CHECK(double_double_attention(in));
  in.v(0, 0) = 0x1p201;
  CHECK_FALSE(double_double_attention(in));
}

TEST_CASE("scores of hundreds: the light keys of the double-double reference cost nothing") {
  const AttentionInput in = random_input(8, 30, 3, 40);  // scores to 1600
  const auto reference = double_double_attention(in);
  const WorkingPrecision precision(Bits{160});
  const Matrix<Interval> ours = reference->enclosures(),
                         exact = attention_enclosure(in, Mask::none, dyadic(1, -130));
  for (Eigen::Index i = 0; i < ours.size(); ++i) CHECK(overlap(ours.data()[i], exact.data()[i]));
  CHECK(reference->largest_radius().value() < 0x1p-85);
}
