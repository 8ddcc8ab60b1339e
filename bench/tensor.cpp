// How much faster is tensor attention by factorised monomial sums than the fused exact kernel of this
// program, at a guaranteed error? Both on the same threads; ours includes finding the score interval and the
// polynomial (certified once for an interval and an error in a process, and kept). Rows `float`: both in
// float, and ours in double besides, at the same guaranteed error.
#include <cmath>

#include "growth.hpp"
#include "kernels/tensor_attention.hpp"
#include "numeric/random.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;
using Index = Eigen::Index;
constexpr const char* kRival = "fused exact n^3 kernel (this program)";

TensorAttentionInput instance(Index n, Index d) {
  Stream draw(0, "bench tensor", static_cast<std::uint64_t>(n * 100 + d));
  return {draw.uniform_matrix(n, d, 1), draw.uniform_matrix(n, d, 1), draw.uniform_matrix(n, d, 1),
          draw.uniform_matrix(n, d, 1), draw.uniform_matrix(n, d, 1)};
}

struct Case {
  Index n, d;
  const char* epsilon_text;
  Rational epsilon;
  Mask mask = Mask::none;
  Arithmetic arithmetic = Arithmetic::in_double;
  std::string name() const {
    return std::string(mask == Mask::causal ? "tensor-causal" : "tensor") + "/n=" + std::to_string(n) +
           "/d=" + std::to_string(d) + "/B=1/eps=" + epsilon_text +
           (arithmetic == Arithmetic::in_float ? "/float" : "");
  }
};

void against_exact(benchmark::State& state, const Case& c) {
  const TensorAttentionInput in = instance(c.n, c.d);
  AttentionRequest request{c.epsilon, MethodChoice::polynomial, c.mask, {}, all_cores()};
  AttentionResult fast, exact;
  const TensorScores scores = tensor_scores(in);
  const AttentionResult reference = exact_tensor_attention(in, scores, c.mask, request.threads);
  const OnDevice arithmetic(Device::cpu, c.arithmetic);
  fast = guaranteed_attention(in, request);  // the polynomial is certified here
  const auto ours = [&] { fast = guaranteed_attention(in, request); };
  const auto rival = [&] { exact = exact_tensor_attention(in, scores, c.mask, request.threads); };
  const Comparison comparison = alternate_short(ours, rival, {7, 12});
  report(state, comparison, kRival);
  const double value = max_abs(in.v1) * max_abs(in.v2);
  state.counters["degree"] = static_cast<double>(fast.degree.value);
  state.counters["rank"] = static_cast<double>(fast.rank);
  state.counters["half_width"] = fast.half_width.value();
  state.counters["error_bound"] = fast.bound.value() / value;
  state.counters["error_observed"] = max_abs(Matrix<double>(fast.output - reference.output)) / value;
  state.counters["rival_error_bound"] = exact.bound.value() / value;
  state.counters["rival_ns_a_triple"] = comparison.rival * 1e9 / std::pow(static_cast<double>(c.n), 3);
  if (c.arithmetic == Arithmetic::in_float) state.counters["ratio_to_double"] = ratio_to_double(ours);
  if (!(fast.bound <= Rational(c.epsilon * to_rational(max_abs(in.v1)) * to_rational(max_abs(in.v2)))))
    state.SkipWithError("the guaranteed bound misses the budget");
}

// A corner token in each matrix: the score interval is [-1, 1] for every n, so the degree is, too.
void growth(benchmark::State& state, Mask mask) {
  AttentionRequest request{Rational(1, 1000000), MethodChoice::polynomial, mask, {}, all_cores()};
  std::vector<GrowthPoint> points;
  for (const int log_n : {14, 16, 18, 20}) {
    TensorAttentionInput in = instance(Index{1} << log_n, 4);
    for (Matrix<double>* m : {&in.q, &in.k1, &in.k2}) m->row(0).setOnes();
    AttentionResult result;
    points.push_back(measured(Index{1} << log_n, in.q.rows() * in.v1.cols() * 8, 3,
                              [&] { result = guaranteed_attention(in, request); }));
    state.counters["degree"] = static_cast<double>(result.degree.value);
    state.counters["error_bound"] = result.bound.value();
  }
  report_growth(state, points);
}

[[maybe_unused]] const int registered = [] {
  keep_freed_memory();
  for (const Case& c : {Case{256, 4, "1e-6", Rational(1, 1000000)},
                        Case{1024, 4, "1e-6", Rational(1, 1000000)}, Case{1024, 4, "1e-3", Rational(1, 1000)},
                        Case{1024, 4, "1e-3", Rational(1, 1000), Mask::none, Arithmetic::in_float},
                        Case{1024, 4, "1e-6", Rational(1, 1000000), Mask::causal},
                        Case{1024, 4, "1e-3", Rational(1, 1000), Mask::causal, Arithmetic::in_float},
                        Case{512, 8, "1e-3", Rational(1, 1000)},
                        Case{512, 8, "1e-3", Rational(1, 1000), Mask::none, Arithmetic::in_float}})
    register_row(c.name(), [c](benchmark::State& state) { against_exact(state, c); });
  register_row("tensor/d=4/B=1/eps=1e-6/slope", [](benchmark::State& state) { growth(state, Mask::none); });
  register_row("tensor-causal/d=4/B=1/eps=1e-6/slope",
               [](benchmark::State& state) { growth(state, Mask::causal); });
  return 0;
}();

}  // namespace
