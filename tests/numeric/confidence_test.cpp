// Clopper-Pearson intervals: the closed forms, the definition by exact tails, and the coverage by exact
// enumeration.
#include "numeric/confidence.hpp"

#include "catch.hpp"

using namespace attnbounds;

namespace {

Rational power(const Rational& x, long n) {
  Rational result = 1;
  for (long i = 0; i < n; ++i) result *= x;
  return result;
}
Rational binomial(long n, long k) {
  Rational result = 1;
  for (long i = 0; i < k; ++i) result = result * (n - i) / (i + 1);
  return result;
}
Rational probability(long k, long m, const Rational& p) {
  return binomial(m, k) * power(p, k) * power(1 - p, m - k);
}
const Rational kGrid(1, 1L << 24);

}  // namespace

TEST_CASE("no success in m trials: the upper limit solves (1 - p)^m = alpha/2") {
  const ConfidenceInterval c = clopper_pearson(0, 20, Rational(9, 10));
  CHECK(c.lower_limit() == 0);
  CHECK(power(1 - c.upper_limit(), 20) <= Rational(1, 20));
  CHECK(power(1 - (c.upper_limit() - kGrid), 20) > Rational(1, 20));
  CHECK(clopper_pearson(20, 20, Rational(9, 10)).upper_limit() == 1);
}

TEST_CASE("both limits are the definition's, from exact tails, to one step of the grid") {
  for (long m : {1L, 7L, 30L})
    for (long k = 0; k <= m; k += 3) {
      const Rational tail(1, 200);
      const ConfidenceInterval c = clopper_pearson(k, m, 1 - 2 * tail);
      const auto at_most_k = [&](const Rational& p) {
        Rational sum = 0;
        for (long i = 0; i <= k; ++i) sum += probability(i, m, p);
        return sum;
      };
      const auto at_least_k = [&](const Rational& p) {
        Rational sum = 0;
        for (long i = k; i <= m; ++i) sum += probability(i, m, p);
        return sum;
      };
      INFO("k = " << k << ", m = " << m);
      if (k < m) {
        CHECK(at_most_k(c.upper_limit()) <= tail);
        CHECK(at_most_k(c.upper_limit() - kGrid) > tail);
      }
      if (k > 0) {
        CHECK(at_least_k(c.lower_limit()) <= tail);
        CHECK(at_least_k(c.lower_limit() + kGrid) > tail);
      }
    }
}

TEST_CASE("coverage: for every p, the interval misses p with probability at most 1 - confidence, exactly") {
  const long m = 12;
  const Rational confidence(4, 5);
  for (long i = 0; i <= 40; ++i) {
    const Rational p(i, 40);
    Rational missed = 0;
    for (long k = 0; k <= m; ++k) {
      const ConfidenceInterval c = clopper_pearson(k, m, confidence);
      if (p < c.lower_limit() || p > c.upper_limit()) missed += probability(k, m, p);
    }
    INFO("p = " << i << "/40");
    CHECK(missed <= 1 - confidence);
  }
}

TEST_CASE("Clopper-Pearson refuses what is not a count of trials") {
  CHECK_THROWS_AS(clopper_pearson(1, 0, Rational(1, 2)), std::invalid_argument);
  CHECK_THROWS_AS(clopper_pearson(3, 2, Rational(1, 2)), std::invalid_argument);
  CHECK_THROWS_AS(clopper_pearson(1, 2, Rational(1)), std::invalid_argument);
}
