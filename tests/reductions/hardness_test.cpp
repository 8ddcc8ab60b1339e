#include "reductions/attention/hardness.hpp"

#include <cmath>

#include "catch.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/gradient/decision.hpp"

using namespace attnbounds;

TEST_CASE("the direct route's kappa is that of its instances") {
  for (const long arity : {2L, 3L})
    for (const long n : {16L, 256L, 1024L})
      for (const long d : {4L, 9L, 40L}) {
        const ThresholdParameters p = threshold_for_margin(
            std::vector<long>(static_cast<std::size_t>(arity), n), d - 1, orthogonality_promise(), 3);
        REQUIRE(p.columns() == d);
        const WorkingPrecision precision(Bits{128});
        const Interval kappa = direct_kappa(arity, log(Interval(n)), d);
        INFO("arity " << arity << ", n = " << n << ", d = " << d);
        CHECK(round_up(kappa) >= kappa_of(p) * (1 - 1e-12));  // log(n + 1) is only enclosed
        CHECK(round_down(kappa) <= kappa_of(p) * (1 + 1e-12));
      }
}

TEST_CASE("the gap routes' kappa bounds that of an instance with the same protocol") {
  const WorkingPrecision precision(Bits{128});
  const long n = 1L << 12, dimension = 4;
  for (const CodeKind code : {CodeKind::reed_solomon, CodeKind::hermitian}) {
    const auto gap = gap_kappa(code, 2, log(Interval(n)), dimension, Rational(1, 2));
    REQUIRE(gap.has_value());
    const ProtocolParameters protocol{2, dimension, gap->nodes, gap->columns, gap->field, code};
    protocol.validate();
    CHECK(static_cast<double>(protocol.advices()) <= std::sqrt(static_cast<double>(n)));
    CHECK(nearest(midpoint(gap->advice_exponent)) ==
          Approx(std::log(static_cast<double>(protocol.advices())) / std::log(static_cast<double>(n))));
    ScorePromise promise;
    promise.yes = protocol.checks();
    promise.no = protocol.degree();
    for (const DecidedBy by : {DecidedBy::outputs, DecidedBy::gradients}) {
      const auto bound = gap_kappa(code, 2, log(Interval(n)), dimension, Rational(1, 2), by);
      const ThresholdParameters p =
          threshold_for_margin({n, n}, protocol.new_dimension(), promise,
                               by == DecidedBy::outputs ? Rational(3) : gradient_margin(n));
      CHECK(kappa_of(p) <= std::exp(round_up(bound->log_kappa)) * (1 + 1e-9));
      CHECK(kappa_of(p) >= 0.8 * std::exp(round_down(bound->log_kappa)));  // the bias is given N columns
    }
  }
}

TEST_CASE("deciding by gradients needs more, and the direct kappa is that of gradient instances") {
  const WorkingPrecision precision(Bits{128});
  for (const long arity : {2L, 3L}) {
    const long n = 400, d = 20;
    const Interval log_n = log(Interval(n)), kappa = direct_kappa(arity, log_n, d, DecidedBy::gradients);
    CHECK(lower(kappa) > upper(direct_kappa(arity, log_n, d)));
    const ThresholdParameters p = threshold_for_margin(std::vector<long>(static_cast<std::size_t>(arity), n),
                                                       d - 1, orthogonality_promise(), gradient_margin(n));
    CHECK(round_up(kappa) >= kappa_of(p) * (1 - 1e-12));
    CHECK(round_down(kappa) <= kappa_of(p) * (1 + 1e-12));
  }
}

TEST_CASE("the gap routes have valid protocols with few enough advices at n = 2^400") {
  const WorkingPrecision precision(Bits{128});
  const Interval log_n = 400 * log(Interval(2));
  const auto solomon = gap_kappa(CodeKind::reed_solomon, 2, log_n, 277, Rational(1, 2)),
             hermitian = gap_kappa(CodeKind::hermitian, 2, log_n, 277, Rational(1, 2));
  REQUIRE(solomon.has_value());
  REQUIRE(hermitian.has_value());
  for (const auto& [gap, code] :
       {std::pair(*solomon, CodeKind::reed_solomon), std::pair(*hermitian, CodeKind::hermitian)}) {
    const CodeSize size = code_size(code, 2, gap.nodes, gap.field);
    CHECK(characteristic_of(gap.field) > gap.columns);
    CHECK(size.degree < size.points);
    CHECK(gap.nodes * gap.columns >= 277);
    CHECK(upper(gap.advice_exponent) <= 0.5);
  }
  // Every advice of a Hermitian code pays for the genus: with so few of them it is the worse one.
  CHECK(upper(solomon->log_kappa) < lower(hermitian->log_kappa));
}

TEST_CASE("the tower's constant is finite and grows with the dimension and with fewer advices") {
  for (const long arity : {2L, 3L}) {
    const auto one = tower_limit_kappa(arity, 1, Rational(1, 2)),
               more = tower_limit_kappa(arity, 2, Rational(1, 2)),
               fewer = tower_limit_kappa(arity, 1, Rational(1, 4));
    REQUIRE((one && more && fewer));
    CHECK(one->columns < one->root);
    CHECK(more->log_kappa.value > one->log_kappa.value);
    CHECK(fewer->log_kappa.value > one->log_kappa.value);
  }
}
