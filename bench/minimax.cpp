// Which is faster at the best polynomial for exp on [-X, X], proved from both sides to relative width 2^-40?
// Rivals: a certified exchange written directly in Arb; Sollya's remez + supnorm (one-sided, with a
// time limit, after which the row's ratio is a lower bound and its label says so).
#include <cmath>
#include <cstdio>

#include "polynomial/certify.hpp"
#include "rivals/arb_exchange.hpp"
#include "rivals/sollya.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;

constexpr int kSollyaLimit = 60;  // seconds

struct Case {
  long half_width, degree;
  const char* epsilon;  // an error that needs exactly this degree
  ErrorKind kind;
  checker::ErrorKind rival_kind() const {
    return kind == ErrorKind::relative ? checker::ErrorKind::relative : checker::ErrorKind::absolute;
  }
  std::string name() const {
    return "minimax/X=" + std::to_string(half_width) + "/eps=" + epsilon + "/" + attnbounds::name(kind);
  }
};

constexpr Case kCases[] = {
    {12, 33, "1e-12", ErrorKind::relative}, {16, 36, "1e-10", ErrorKind::relative},
    {16, 62, "1e-30", ErrorKind::relative}, {36, 95, "1e-30", ErrorKind::relative},
    {16, 38, "1e-10", ErrorKind::absolute}, {36, 99, "1e-30", ErrorKind::absolute},
};

BestError ours(const Case& c) { return best_error({c.degree}, Rational(c.half_width), c.kind); }

void against_arb(benchmark::State& state, const Case& c) {
  const std::string rival = "Remez exchange in Arb";
  std::optional<BestError> best;
  ArbBestError theirs;
  try {
    const Comparison comparison = alternate(
        [&] { best = ours(c); }, [&] { theirs = arb_best_error(c.degree, c.half_width, c.rival_kind()); });
    report(state, comparison, rival);
  } catch (const std::exception& error) {
    return skip(state, rival, error.what());
  }
  const double lower = round_down(best->error), upper = round_up(best->error);
  state.counters["degree"] = static_cast<double>(c.degree);
  state.counters["error_bound"] = upper;
  state.counters["error_observed"] = theirs.error_lower;
  state.counters["rival_exchanges"] = theirs.exchanges;
  if (upper < theirs.error_lower || theirs.error_upper < lower)
    state.SkipWithError("the two proved enclosures are disjoint");
  if (theirs.error_upper > theirs.error_lower * 1.000001)
    state.SkipWithError("the rival's enclosure is wide");
  if (upper > lower * 1.000001) state.SkipWithError("our enclosure is wide");
}

void against_sollya(benchmark::State& state, const Case& c) {
  const std::string rival = "Sollya remez + supnorm";
  if (!has_sollya()) return skip(state, rival, "is not installed");
  std::optional<BestError> best;
  SollyaRun theirs{SollyaOutcome::failed};
  const double magnitude = static_cast<double>(c.half_width) / std::log(2.0);
  const auto bits = static_cast<long>(100 - std::log2(std::atof(c.epsilon)) + 2 * magnitude);
  const Comparison comparison = alternate(
      [&] { best = ours(c); },
      [&] { theirs = sollya_best_error(c.degree, c.half_width, c.rival_kind(), bits, kSollyaLimit); });
  if (theirs.outcome == SollyaOutcome::failed) return skip(state, rival, "printed no bound");
  const bool stopped = theirs.outcome == SollyaOutcome::stopped;
  report(state, comparison, rival + (stopped ? " (stopped after 60 s: the ratio is a lower bound)" : ""));
  const double lower = round_down(best->error), upper = round_up(best->error);
  state.counters["degree"] = static_cast<double>(c.degree);
  state.counters["error_bound"] = upper;
  if (stopped) return;
  state.counters["error_observed"] = theirs.error_upper;
  if (theirs.error_upper < lower || theirs.error_upper > upper * 1.01)
    state.SkipWithError("Sollya finds another error");
}

[[maybe_unused]] const int registered = [] {
  for (const Case& c : kCases) {
    register_row(c.name() + "/arb", [c](benchmark::State& state) { against_arb(state, c); });
    register_row(c.name() + "/sollya", [c](benchmark::State& state) { against_sollya(state, c); });
  }
  return 0;
}();

}  // namespace
