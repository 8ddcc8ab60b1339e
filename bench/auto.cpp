// Is the choice of `--method auto` right? On a grid of sizes, bounds and accuracies both methods are run to
// their guarantee, and the choice of the cost model, fitted in this process, is compared with the faster. A
// row's counters: the choice (1 polynomial, 0 exact), both times, regret = time of the choice / time of the
// better - 1. auto/right: the share of the grid with a regret of at most 0.2, and the largest.
#include <algorithm>
#include <cmath>

#include "kernels/cost_model.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;

struct Point {
  long n, d;
  double bound;
  const char* epsilon;
  Mask mask;
};

const CostModel& model() {
  static const CostModel measured = measured_cost_model();
  return measured;
}

struct Tally {
  int points = 0, right = 0;
  double worst = 0;
};
Tally& tally() {
  static Tally t;
  return t;
}

void grid_row(benchmark::State& state, const Point& point) {
  Stream stream(0, "auto grid");
  Matrix<double> q = stream.uniform_matrix(point.n, point.d, point.bound);
  Matrix<double> k = stream.uniform_matrix(point.n, point.d, point.bound);
  const AttentionInput input{q, k, stream.uniform_matrix(point.n, point.d, point.bound)};
  AttentionRequest request{
      rational_from_text(point.epsilon, "eps"), MethodChoice::exact, point.mask, {}, ThreadCount{1}, model()};
  const auto best_of = [&](MethodChoice method) {
    request.method = method;
    std::vector<double> times;
    double spent = 0;
    while (times.size() < 5 && (times.size() < 1 || spent < 1)) {
      times.push_back(seconds_of([&] { guaranteed_attention(input, request); }));
      spent += times.back();
    }
    return *std::min_element(times.begin(), times.end());
  };
  const double exact = best_of(MethodChoice::exact);
  double polynomial = INFINITY;
  try {
    polynomial = best_of(MethodChoice::polynomial);
  } catch (const BudgetMissed&) {  // exact is all there is
  }
  request.method = MethodChoice::automatic;
  const AttentionResult chosen = guaranteed_attention(input, request);
  const bool chose_polynomial = chosen.method == AttentionMethod::polynomial;
  const double regret = (chose_polynomial ? polynomial : exact) / std::fmin(polynomial, exact) - 1;
  Tally& t = tally();
  ++t.points;
  t.right += regret <= 0.2;
  t.worst = std::fmax(t.worst, regret);
  state.SetIterationTime(chose_polynomial ? polynomial : exact);
  state.counters["chose_polynomial"] = chose_polynomial;
  state.counters["exact_seconds"] = exact;
  state.counters["polynomial_seconds"] = polynomial;
  state.counters["ratio"] = exact / polynomial;
  state.counters["regret"] = regret;
}

[[maybe_unused]] const int registered = [] {
  for (const Mask mask : {Mask::none, Mask::causal})
    for (const long n : {256L, 1024L, 4096L, 16384L})
      for (const long d : {4L, 8L, 12L})
        for (const double bound : {0.5, 1.0})
          for (const char* epsilon : {"1e-2", "1e-4"}) {
            if (mask == Mask::causal && (d == 12 || bound == 0.5)) continue;
            const std::string name = std::string(mask == Mask::causal ? "auto/causal" : "auto") +
                                     "/n=" + std::to_string(n) + "/d=" + std::to_string(d) +
                                     "/B=" + (bound == 1 ? "1" : "0.5") + "/eps=" + epsilon;
            register_row(name, [=](benchmark::State& state) {
              grid_row(state, {n, d, bound, epsilon, mask});
            });
          }
  register_row("auto/right", [](benchmark::State& state) {
    const Tally& t = tally();
    if (t.points == 0) return state.SkipWithError("needs the rows of the grid in the same run");
    state.SetIterationTime(0);
    state.counters["points"] = t.points;
    state.counters["share_within_20_percent"] = static_cast<double>(t.right) / t.points;
    state.counters["worst_regret"] = t.worst;
  });
  return 0;
}();

}  // namespace
