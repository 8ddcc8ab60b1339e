#include "numeric/fixed_point.hpp"

#include <cmath>

#include "catch.hpp"
#include "numeric/proved.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

Integer integer_of(const Limb* digits, long limbs) {
  Integer x = 0;
  for (long i = limbs - 1; i >= 0; --i) x = Integer(x << 64) + digits[i];
  return x;
}

// Key 0 has score 0 exactly, which is the largest: then the weights' reference is e^score itself.
void check_weights(const std::vector<double>& negative_scores, double factor, long limbs, long divisor) {
  FixedWeights weights(limbs, divisor);
  weights.begin_score();
  weights.end_score();
  for (const double s : negative_scores) {
    weights.begin_score();
    weights.add(product(exact_double(s), exact_double(factor)));
    weights.end_score();
  }
  weights.exponentiate();
  const WorkingPrecision precision(Bits{64 * limbs + 64});
  const Interval unit = enclose(dyadic(1, -64 * limbs));
  Integer sum = 0;
  Interval differences = 0, total = 0;
  for (long j = 0; j < weights.count(); ++j) {
    const Rational score =
        j == 0 ? Rational(0) : Rational(to_rational(negative_scores[j - 1]) * to_rational(factor) / divisor);
    const Interval w = exp(enclose(score));
    const Integer W = integer_of(weights.weight(j), limbs);
    const Interval difference = absolute_value(enclose(Rational(W)) * unit - w);
    INFO("limbs " << limbs << ", divisor " << divisor << ", score " << score);
    CHECK(at_most(difference, (2 * (2 + 7) * w + 1) * unit) == Verdict::verified);  // c <= 2
    sum += W;
    differences += difference;
    total += w;
  }
  const double relative = weights.relative_error(sum);
  REQUIRE(std::isfinite(relative));
  CHECK(at_most(differences, enclose(relative) * unit * total) == Verdict::verified);
}

}  // namespace

TEST_CASE("fixed-point weights are within their proved bound of exp: random scores") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Stream stream(seed, "fixed point weights");
    const long limbs = static_cast<long>(seed % 6) + 1, divisor = static_cast<long>(seed) + 1;
    std::vector<double> scores;
    for (int i = 0; i < 300; ++i) scores.push_back(-std::exp(stream.uniform(9)) / 20);
    check_weights(scores, 1 + stream.unit() / 4, limbs, divisor);
  }
}

TEST_CASE("fixed-point weights are within their proved bound of exp: hard places") {
  std::vector<double> scores;
  for (const double place : {0x1.62e42fefa39efp-1, 0x1p-8, 0x1p-16, 1.0, 40.0, 64.0, 88.72283935546875})
    for (long k = 1; k <= 3; ++k)
      for (const double off : {0.0, 0x1p-52, -0x1p-52, 0x1p-30, -0x1p-30, 0x1p-17})
        scores.push_back(-(static_cast<double>(k) * place * (1 + off)));
  for (const double tiny : {0x1p-1074, 0x1p-1022, 0x1p-300, 0x1p-64, 0x1p-63, 0x1.8p-65})
    scores.push_back(-tiny);
  for (const double large : {700.0, 745.0, 1e4, 1e9, 0x1p50}) scores.push_back(-large);
  for (const long limbs : {1L, 2L, 3L, 5L, 9L})
    for (const long divisor : {1L, 3L, 8L, 12L}) check_weights(scores, 1, limbs, divisor);
}

TEST_CASE("a product of three doubles enters a score exactly, cut to the unit") {
  Stream stream(3, "triple products");
  for (int i = 0; i < 200; ++i) {
    const double a = stream.normal(), b = stream.normal(), c = std::ldexp(stream.unit(), i % 40 - 30);
    FixedWeights weights(4, 1);
    weights.begin_score();
    weights.end_score();
    weights.begin_score();
    weights.add(product(exact_double(a), exact_double(b)), exact_double(c));
    weights.end_score();
    weights.exponentiate();
    const Rational score = to_rational(a) * to_rational(b) * to_rational(c);
    const WorkingPrecision precision(Bits{320});
    // Weight 0 is e^{0 - max}, weight 1 is e^{score - max}.
    const Interval w = exp(enclose(Rational(-abs(score))));
    const Interval W = enclose(Rational(integer_of(weights.weight(score > 0 ? 0 : 1), 4)) * dyadic(1, -256));
    CHECK(at_most(absolute_value(W - w), enclose(Rational(20 * dyadic(1, -256)))) == Verdict::verified);
  }
}

TEST_CASE("fixed-point values are exact where they may be, and cut by less than a unit elsewhere") {
  Stream stream(4, "fixed values");
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(std::ldexp(stream.unit(), i % 50 - 25));
  for (const long most : {1L, 2L, 5L}) {
    const FixedValues fixed(values.data(), static_cast<long>(values.size()), most);
    const Rational unit = dyadic(1, fixed.exponent() - fixed.fraction_bits());
    CHECK(fixed.limbs() <= most);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Rational lost = to_rational(values[i]) - Rational(fixed.scaled(static_cast<long>(i))) * unit;
      CHECK((fixed.exact() ? lost == 0 : lost >= 0 && lost < unit));
    }
  }
  CHECK_FALSE(FixedValues(values.data(), 100, 1).exact());
  CHECK(FixedValues(values.data(), 100, 5).exact());
}
