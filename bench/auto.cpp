// Is the choice of `--method auto` right? On a grid of sizes, bounds and accuracies both methods are run to
// their guarantee, and the choice of the cost model, fitted in this process, is compared with the faster: for
// matrix attention (with and without a mask), tensor attention and dL/dX, on one thread and on all cores. A
// row's counters: the choice (1 polynomial, 0 exact), both times, regret = time of the choice / time of the
// better - 1. auto/right: the share of the grid with a regret of at most 0.2, and the largest. Every run asks
// for a slightly smaller error than the one before: nothing certified is kept from it, as in a new process.
#include <algorithm>
#include <cmath>

#include "kernels/cost_model.hpp"
#include "kernels/gradient.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;

enum class Kind { matrix, causal, tensor, gradient };
struct Point {
  Kind kind;
  long n, d;
  double bound;
  const char* epsilon;
  ThreadCount threads;
  std::string name() const {
    constexpr const char* kinds[] = {"", "causal/", "tensor/", "gradient/"};
    return std::string("auto/") + kinds[static_cast<int>(kind)] + "n=" + std::to_string(n) +
           "/d=" + std::to_string(d) + "/B=" + (bound == 1 ? "1" : "0.5") + "/eps=" + epsilon +
           (threads.value == 1 ? "" : "/threads=" + std::to_string(threads.value));
  }
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

/// run(method, epsilon) does the work and returns the method that was taken.
void judge(benchmark::State& state, const Point& point,
           const std::function<AttentionMethod(MethodChoice, const Rational&)>& run) {
  Rational epsilon = rational_from_text(point.epsilon, "eps");
  if (point.threads.value > 1) epsilon *= Rational(99, 100);  // between those of the row with one thread
  const auto best_of = [&](MethodChoice method) {
    std::vector<double> times;
    double spent = 0;
    while (times.size() < 5 && (times.empty() || spent < 1)) {
      epsilon *= Rational(98, 100);
      times.push_back(seconds_of([&] { run(method, epsilon); }));
      spent += times.back();
    }
    return *std::min_element(times.begin(), times.end());
  };
  const bool chose_polynomial = run(MethodChoice::automatic, epsilon) == AttentionMethod::polynomial;
  const double exact = best_of(MethodChoice::exact);
  double polynomial = INFINITY;
  try {
    polynomial = best_of(MethodChoice::polynomial);
  } catch (const BudgetMissed&) {  // exact is all there is
  }
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

void grid_row(benchmark::State& state, const Point& point) {
  Stream stream(0, "auto grid");
  const auto uniform = [&](double bound) { return stream.uniform_matrix(point.n, point.d, bound); };
  const Matrix<double> q = uniform(point.bound), k = uniform(point.bound), v = uniform(point.bound);
  if (point.kind == Kind::gradient) {  // epsilon is of n: the sum of that many rows
    const Matrix<double> identity = Matrix<double>::Identity(point.d, point.d);
    const MatrixLossInput in{q, k, v, identity, identity, Matrix<double>::Zero(point.n, point.d)};
    const Rational rows(point.n);
    return judge(state, point, [&](MethodChoice method, const Rational& epsilon) {
      return guaranteed_gradient(in, {epsilon * rows, method, point.threads, model()}).method;
    });
  }
  const auto request = [&](MethodChoice method, const Rational& epsilon) {
    return AttentionRequest{epsilon, method,        point.kind == Kind::causal ? Mask::causal : Mask::none,
                            {},      point.threads, model()};
  };
  if (point.kind == Kind::tensor) {
    const TensorAttentionInput in{q, k, uniform(point.bound), v, uniform(point.bound)};
    return judge(state, point, [&](MethodChoice method, const Rational& epsilon) {
      return guaranteed_attention(in, request(method, epsilon)).method;
    });
  }
  const AttentionInput in{q, k, v};
  judge(state, point, [&](MethodChoice method, const Rational& epsilon) {
    return guaranteed_attention(in, request(method, epsilon)).method;
  });
}

[[maybe_unused]] const int registered = [] {
  std::vector<Point> points;
  const ThreadCount one{1}, all = all_cores();
  for (const char* epsilon : {"1e-2", "1e-4"})
    for (const double bound : {0.5, 1.0})
      for (const long d : {4L, 8L, 12L})
        for (const long n : {256L, 1024L, 4096L, 16384L}) {
          points.push_back({Kind::matrix, n, d, bound, epsilon, one});
          if (bound == 1 && d != 12) points.push_back({Kind::causal, n, d, bound, epsilon, one});
          if (all.value > 1 && bound == 1 && n >= 1024)
            points.push_back({Kind::matrix, n, d, bound, epsilon, all});
        }
  for (const char* epsilon : {"1e-2", "1e-4"}) {
    for (const long d : {2L, 4L, 8L})
      for (const long n : {16L, 64L, 256L}) {
        points.push_back({Kind::tensor, n, d, 1, epsilon, one});
        if (all.value > 1) points.push_back({Kind::tensor, n, d, 1, epsilon, all});
      }
    for (const long d : {2L, 4L, 8L})
      for (const long n : {256L, 1024L, 4096L}) {
        points.push_back({Kind::gradient, n, d, 1, epsilon, one});
        if (all.value > 1) points.push_back({Kind::gradient, n, d, 1, epsilon, all});
      }
  }
  for (const Point& point : points)
    register_row(point.name(), [point](benchmark::State& state) { grid_row(state, point); });
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
