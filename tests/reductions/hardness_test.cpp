#include "reductions/attention/hardness.hpp"

#include <cmath>

#include "catch.hpp"
#include "reductions/attention/threshold.hpp"

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

TEST_CASE("the gap route's kappa bounds that of an instance with the same protocol") {
  const WorkingPrecision precision(Bits{128});
  const long n = 1L << 12, dimension = 4;
  const auto gap = gap_kappa(2, log(Interval(n)), dimension, Rational(1, 2));
  REQUIRE(gap.has_value());
  const ProtocolParameters protocol{2, dimension, gap->nodes, gap->columns, gap->field};
  protocol.validate();
  CHECK(std::pow(protocol.field, gap->nodes - 1) <= std::sqrt(static_cast<double>(n)));
  ScorePromise promise;
  promise.yes = protocol.field;
  promise.no = protocol.degree();
  const ThresholdParameters p = threshold_for_margin({n, n}, protocol.new_dimension(), promise, 3);
  CHECK(kappa_of(p) <= std::exp(round_up(gap->log_kappa)) * (1 + 1e-9));
  CHECK(kappa_of(p) >= 0.8 * std::exp(round_down(gap->log_kappa)));  // the bias is given q columns
}
