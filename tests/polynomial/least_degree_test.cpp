#include "polynomial/least_degree.hpp"

#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "polynomial/bessel.hpp"

using namespace attnbounds;

namespace {

Rational number(const std::string& text) { return rational_from_text(text, "test"); }

}  // namespace

TEST_CASE("the least degree has an error within epsilon and the one below has not") {
  for (ErrorKind kind : {ErrorKind::relative, ErrorKind::absolute})
    for (const char* X : {"1e-3", "0.3", "1", "5/2", "9", "17"})
      for (const char* epsilon : {"0.9", "1e-1", "1e-5", "1e-18", "1e-60"}) {
        const LeastDegree answer = least_degree(number(X), number(epsilon), kind);
        INFO(X << " " << epsilon << " " << name(kind) << " degree " << answer.degree.value);
        CHECK(to_rational(upper(*answer.error)) <= number(epsilon));
        if (answer.degree.value > 0) CHECK(to_rational(lower(*answer.error_below)) > number(epsilon));
      }
}

TEST_CASE("minimal errors within one part in 10^9 of epsilon are told apart") {
  for (long g : {3, 12}) {
    const BestError best = best_error({g}, 6, ErrorKind::relative, {60});
    const Rational e = to_rational(upper(best.error));
    CHECK(least_degree(6, e * (1 + Rational(1, 1000000000)), ErrorKind::relative).degree.value == g);
    CHECK(least_degree(6, e * (1 - Rational(1, 1000000000)), ErrorKind::relative).degree.value == g + 1);
  }
}

TEST_CASE("edges: X = 0, epsilon beyond the best constant, epsilon = 1e-400, bad arguments") {
  CHECK(least_degree(0, number("1e-9"), ErrorKind::relative).degree.value == 0);
  CHECK(least_degree(2, number("0.97"), ErrorKind::relative).degree.value == 0);  // tanh 2 = 0.96403
  CHECK(least_degree(2, number("0.96"), ErrorKind::relative).degree.value == 1);
  CHECK(least_degree(2, 100, ErrorKind::absolute).degree.value == 0);
  // 2 (X/2)^n / n!, the leading term at n = g + 1, is 2e-401 at n = 103 and 4e-397 at n = 102.
  CHECK(least_degree(number("0.01"), number("1e-400"), ErrorKind::relative).degree.value == 102);
  CHECK_THROWS_AS(least_degree(-1, 1, ErrorKind::relative), std::domain_error);
  CHECK_THROWS_AS(least_degree(1, 0, ErrorKind::relative), std::domain_error);
}

TEST_CASE("minimax needs no more than Chebyshev, and Chebyshev no more than Taylor in absolute error") {
  for (const char* X : {"0.5", "3", "11"})
    for (const char* epsilon : {"1e-2", "1e-9"}) {
      const long best = least_degree(number(X), number(epsilon), ErrorKind::absolute).degree.value;
      const long chebyshev =
          least_chebyshev_degree(number(X), number(epsilon), ErrorKind::absolute).degree.value;
      const long taylor = least_taylor_degree(number(X), number(epsilon), ErrorKind::absolute).degree.value;
      CHECK(best <= chebyshev);
      CHECK(chebyshev <= taylor);
    }
}

TEST_CASE("sections: the first within epsilon, seen at a thousand samples") {
  const WorkingPrecision precision(Bits{256});
  for (const char* X : {"0.5", "4"})
    for (const char* epsilon : {"1e-2", "1e-7"}) {
      const LeastDegree taylor = least_taylor_degree(number(X), number(epsilon), ErrorKind::relative);
      const auto largest_error = [&](long degree) {
        std::vector<Rational> c{1};
        for (long k = 1; k <= degree; ++k) c.push_back(c.back() / k);
        Real largest = 0;
        for (long i = -500; i <= 500; ++i) {
          const Interval x = enclose(Rational(number(X) * i / 500));
          largest = std::max(largest, upper(absolute_value(Polynomial{c}(x) / exp(x) - 1)));
        }
        return to_rational(largest);
      };
      CHECK(largest_error(taylor.degree.value) <= number(epsilon) * (1 + Rational(1, 1000000)));
      CHECK(largest_error(taylor.degree.value - 1) > number(epsilon));
      const LeastDegree chebyshev = least_chebyshev_degree(number(X), number(epsilon), ErrorKind::relative);
      CHECK(to_rational(upper(*chebyshev.error)) <= number(epsilon));
      CHECK(to_rational(lower(*chebyshev.error_below)) > number(epsilon));
      CHECK(chebyshev.degree >= least_degree(number(X), number(epsilon), ErrorKind::relative).degree);
    }
}

TEST_CASE("the Bessel sandwich contains the best error") {
  for (ErrorKind kind : {ErrorKind::relative, ErrorKind::absolute})
    for (const char* X : {"0.01", "1", "7/2", "20"})
      for (long g : {0, 1, 4, 12, 30, 55}) {
        if (kind == ErrorKind::relative && g + 1 < number(X)) continue;
        Interval bounds;
        {
          const WorkingPrecision precision(Bits{192});
          bounds = sandwich(number(X), kind, {g}, {g})[0];
        }
        const BestError best = best_error({g}, number(X), kind);
        INFO(X << " " << g << " " << name(kind));
        CHECK(lower(bounds) <= lower(best.error));
        CHECK(upper(best.error) <= upper(bounds));
      }
}

TEST_CASE("the window contains the least degree") {
  for (ErrorKind kind : {ErrorKind::relative, ErrorKind::absolute})
    for (const char* X : {"0.4", "6", "30"})
      for (const char* epsilon : {"0.5", "1e-3", "1e-20"}) {
        const LeastDegree window = least_degree_window(number(X), number(epsilon), kind);
        const LeastDegree answer = least_degree(number(X), number(epsilon), kind);
        INFO(X << " " << epsilon << " " << name(kind));
        CHECK(window.proved_needed <= answer.degree);
        CHECK(answer.degree <= window.degree);
      }
}

TEST_CASE("Bessel values agree with the library's and with their recurrences, at two precisions") {
  for (long bits : {64, 200}) {
    const WorkingPrecision precision(Bits{bits});
    const auto I = modified_bessel_tails(Rational(7, 2), 0, 40);
    // I_{k-1} - I_{k+1} = (2k/X) I_k
    for (size_t k = 1; k + 1 < I.size(); ++k)
      CHECK(overlap(I[k - 1].value - I[k + 1].value,
                    I[k].value * 2 * static_cast<long>(k) / enclose(Rational(7, 2))));
    CHECK(overlap(I[0].value + 2 * I[1].sum, exp(enclose(Rational(7, 2)))));
    const auto J = bessel_decay(Rational(7, 2), 4, 40);
    for (size_t i = 0; i < J.size(); ++i)
      CHECK(overlap(J[i].value, bessel_j_increasing(static_cast<long>(i) + 4, enclose(Rational(7, 2)))));
  }
}

TEST_CASE("Theorem U's explicit degree suffices and is at least Taylor's") {
  for (const char* X : {"0.01", "0.5", "2", "8", "32"})
    for (const char* epsilon : {"0.9", "1e-1", "1e-6", "1e-30"})
      CHECK(least_taylor_degree(number(X), number(epsilon), ErrorKind::relative).degree <=
            explicit_taylor_degree(number(X), number(epsilon)));
}

TEST_CASE("worst cases: best errors within one per cent of epsilon") {
  std::ifstream file(ATTNBOUNDS_SOURCE_DIR "/tests/data/worst_least_degrees.txt");
  REQUIRE(file);
  std::string line;
  int cases = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string kind, X, epsilon;
    long degree = -1;
    fields >> kind >> X >> epsilon >> degree;
    INFO(line);
    CHECK(least_degree(number(X), number(epsilon),
                       kind == "relative" ? ErrorKind::relative : ErrorKind::absolute)
              .degree.value == degree);
    ++cases;
  }
  CHECK(cases == 20);
}

TEST_CASE(
    "the best error decreases in the degree and increases in the interval (exhaustive on a small world)") {
  for (ErrorKind kind : {ErrorKind::relative, ErrorKind::absolute})
    for (long eighths = 1; eighths <= 24; ++eighths)
      for (long g = 0; g <= 6; ++g) {
        const Interval here = best_error({g}, Rational(eighths, 8), kind).error;
        CHECK(at_most(best_error({g + 1}, Rational(eighths, 8), kind).error, here) == Verdict::verified);
        CHECK(at_most(here, best_error({g}, Rational(eighths + 1, 8), kind).error) == Verdict::verified);
      }
}
