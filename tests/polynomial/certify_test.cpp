#include "polynomial/certify.hpp"

#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "polynomial/exponential.hpp"

using namespace attnbounds;

namespace {

Real error_at(const Polynomial& p, const Rational& half_width, const Rational& t, ErrorKind kind) {
  const WorkingPrecision precision(Bits{1024});
  const Interval e = exp(enclose(Rational(half_width * t))), value = p(enclose(t));
  return upper(absolute_value(kind == ErrorKind::relative ? Interval(value / e - 1) : Interval(value - e)));
}

}  // namespace

TEST_CASE("the best errors agree with published values") {
  struct Known {
    const char* X;
    long g;
    double error;
  };
  for (const Known& known : {Known{"1", 4, 5.0304e-4}, Known{"1", 6, 3.0165e-6}, Known{"4", 6, 3.258e-2},
                             Known{"9", 6, 0.92906}}) {
    const BestError best = best_error({known.g}, rational_from_text(known.X, "X"), ErrorKind::relative);
    CHECK(nearest(midpoint(best.error)) == Approx(known.error).epsilon(5e-5));
  }
}

TEST_CASE("the best constant has the closed-form error tanh X or sinh X") {
  const WorkingPrecision precision(Bits{200});
  for (const char* text : {"1/1000", "1/3", "1", "5/2", "7"}) {
    const Rational X = rational_from_text(text, "X");
    CHECK(overlap(best_error({0}, X, ErrorKind::relative).error, tanh(enclose(X))));
    CHECK(overlap(best_error({0}, X, ErrorKind::absolute).error, sinh(enclose(X))));
  }
}

TEST_CASE("no sampled point exceeds the proved sup norm, and the ends attain it") {
  for (ErrorKind kind : {ErrorKind::relative, ErrorKind::absolute})
    for (long g : {0, 1, 2, 7, 20, 41})
      for (const char* text : {"1e-3", "0.7", "4", "13"}) {
        const Rational X = rational_from_text(text, "X");
        const BestError best = best_error({g}, X, kind);
        Real largest = 0;
        for (long i = -200; i <= 200; ++i)
          largest = std::max(largest, error_at(best.upper.polynomial, X, Rational(i, 200), kind));
        INFO(text << " degree " << g << " " << name(kind));
        CHECK(largest <= upper(best.error) * (1 + ldexp(Real(1), -60)));
        CHECK(upper(best.error) <= largest * (1 + ldexp(Real(1), -30)));
        CHECK(lower(best.error) * (1 + ldexp(Real(1), -38)) >= upper(best.error));
      }
}

TEST_CASE("two guards give enclosures that overlap") {
  for (long g : {3, 11, 30}) {
    const BestError coarse = best_error({g}, 6, ErrorKind::relative, {24}),
                    fine = best_error({g}, 6, ErrorKind::relative, {90});
    CHECK(overlap(coarse.error, fine.error));
    CHECK(width(fine.error) < width(coarse.error));
  }
}

TEST_CASE("a broken certificate proves nothing") {
  const Rational X = 5;
  const Bits guard{40};
  const AccuracyPlan plan = accuracy_plan({9}, 5, ErrorKind::relative, guard);
  const Exchange exchange = remez_exchange({9}, X, ErrorKind::relative, guard);
  const UpperCertificate good = upper_certificate(exchange, X, ErrorKind::relative, guard);
  REQUIRE(prove_upper(good, X, ErrorKind::relative, plan));
  UpperCertificate bad = good;
  bad.critical_points.pop_back();
  CHECK_FALSE(prove_upper(bad, X, ErrorKind::relative, plan));
  bad = good;
  bad.critical_points[3] += Rational(1, 1000);
  CHECK_FALSE(prove_upper(bad, X, ErrorKind::relative, plan));
  bad = good;
  bad.radius = Rational(1, 4);
  CHECK_FALSE(prove_upper(bad, X, ErrorKind::relative, plan));
  LowerCertificate points = lower_certificate(exchange, X, ErrorKind::relative, guard);
  points.points.pop_back();
  CHECK_THROWS(prove_lower(points, X, ErrorKind::relative, plan));
}

TEST_CASE("an error that is largest at one end is bounded: the constant 1 on [-1, 1]") {
  const WorkingPrecision precision(Bits{128});
  const UpperCertificate one{Polynomial{{Rational(1)}}, {}, Rational(1, Integer(1) << 40)};
  const Interval largest = exp(Interval(1)) - 1;  // relative: at -1; absolute: at 1
  for (const ErrorKind kind : {ErrorKind::relative, ErrorKind::absolute}) {
    const auto bound = prove_upper(one, 1, kind, accuracy_plan({0}, 1, kind, Bits{40}));
    INFO(name(kind));
    REQUIRE(bound);
    CHECK(upper(*bound) >= lower(largest));
    CHECK(upper(*bound) <= upper(largest) * (1 + ldexp(Real(1), -30)));
  }
}

TEST_CASE("kernel polynomials: coefficients are doubles and the certified error holds at samples") {
  for (const char* text : {"0", "0.1", "1", "3.5", "9"}) {
    const Rational X = rational_from_text(text, "X");
    for (const char* delta : {"1e-1", "1e-4", "1e-8"}) {
      const auto p = least_exp_polynomial_in_doubles(X, rational_from_text(delta, "delta"), {60});
      INFO(text << " " << delta);
      REQUIRE(p);
      CHECK(p->error <= rational_from_text(delta, "delta"));
      for (const Rational& c : p->polynomial.coefficients) CHECK(to_rational(nearest(c)) == c);
      const WorkingPrecision precision(Bits{256});
      for (long i = -50; i <= 50; ++i) {
        const Interval x = enclose(Rational(X * i / 50));
        CHECK(at_most(absolute_value(p->polynomial(x) / exp(x) - 1), enclose(p->error.exact())) ==
              Verdict::verified);
      }
      if (p->polynomial.degree().value > 0) {
        const BestError below = best_error({p->polynomial.degree().value - 1}, X, ErrorKind::relative);
        CHECK(upper(below.error) > approximate(rational_from_text(delta, "delta")) * Real("0.999"));
      }
    }
  }
  CHECK_FALSE(least_exp_polynomial_in_doubles(20, Rational(1, 1000000),
                                              {200}));  // the floor e^{40} 2^-53 is too high
}
