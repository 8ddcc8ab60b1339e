// How much faster is dL/dX by factorised monomial moments than the fused exact kernel of this program, at a
// guaranteed error relative to the gradient's largest entry? Both on the same threads; ours includes finding
// the score interval and the polynomial (certified once for an interval and an error in a process, and kept).
// Rows `float`: both in float, and ours in double besides, at the same guaranteed error, which is as little
// as the bound of floats' roundings leaves room for. Instances. theorem: the family of the lower bounds, E =
// 0, Y = I, X = lambda I, all A alike. random: all matrices uniform, A2 and A3 alike (self-attention), E
// uniform: then rows conspire less, the gradient is about sqrt(n) smaller, and the same relative error asks
// for a higher degree.
#include <algorithm>
#include <cmath>

#include "growth.hpp"
#include "kernels/gradient_attention.hpp"
#include "kernels/gradient_kernels.hpp"
#include "numeric/random.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;
using Index = Eigen::Index;

enum class Family { theorem, random };
const char* name(Family family) { return family == Family::theorem ? "theorem" : "random"; }

MatrixLossInput matrix_instance(Index n, Index d, Family family) {
  Stream draw(0, "bench gradient", static_cast<std::uint64_t>(n * 100 + d));
  const Matrix<double> t = draw.uniform_matrix(n, d, 1), identity = Matrix<double>::Identity(d, d);
  if (family == Family::theorem) return {t, t, t, identity, identity, Matrix<double>::Zero(n, d)};
  const Matrix<double> a1 = draw.uniform_matrix(n, d, 1), e = draw.uniform_matrix(n, d, 1),
                       x = draw.uniform_matrix(d, d, 1 / static_cast<double>(d));
  return {a1, t, t, x, identity, e};
}
TensorLossInput tensor_instance(Index n, Index d, Family family) {
  Stream draw(0, "bench tensor gradient", static_cast<std::uint64_t>(n * 100 + d));
  const Matrix<double> t = draw.uniform_matrix(n, d, 1), identity = Matrix<double>::Identity(d, d);
  Matrix<double> x = Matrix<double>::Zero(d, d * d);
  for (Index a = 0; a < d; ++a) x(a, a * d + a) = 1;
  if (family == Family::theorem) return {t, t, t, t, t, x, identity, identity, Matrix<double>::Zero(n, d)};
  const Matrix<double> a1 = draw.uniform_matrix(n, d, 1), e = draw.uniform_matrix(n, d, 1);
  return {a1, t, t, t, t, x, identity, identity, e};
}

template <class Input>
void against_exact(benchmark::State& state, const Input& in, double relative, const char* rival_name,
                   Arithmetic arithmetic = Arithmetic::in_double) {
  const auto plan = gradient_plan(gradient_input(in));
  const AttentionResult reference = exact_gradient(*plan);
  AttentionResult exact, fast;
  const double largest = max_abs(reference.output);
  const GradientRequest request{to_rational(relative * (largest - reference.bound.value())),
                                MethodChoice::polynomial, all_cores()};
  const OnDevice scope(Device::cpu, arithmetic);
  const auto ours = [&] { fast = guaranteed_gradient(in, request); };
  ours();  // the polynomial is certified here
  const Comparison comparison =
      alternate_short(ours, [&] { exact = exact_gradient(*plan, request.threads); }, {9, 10});
  report(state, comparison, rival_name);
  state.counters["degree"] = static_cast<double>(fast.degree.value);
  state.counters["rank"] = static_cast<double>(fast.rank);
  state.counters["half_width"] = fast.half_width.value();
  state.counters["error_bound"] = fast.bound.value() / largest;
  state.counters["bound_rounding"] = fast.bound_rounding.value() / largest;
  state.counters["error_observed"] = max_abs(Matrix<double>(fast.output - reference.output)) / largest;
  state.counters["rival_error_bound"] = exact.bound.value() / largest;
  if (arithmetic == Arithmetic::in_float) state.counters["ratio_to_double"] = ratio_to_double(ours);
  if (!(fast.bound <= request.epsilon)) state.SkipWithError("the guaranteed bound misses the budget");
}

template <class Instance>
void growth(benchmark::State& state, const Instance& instance) {
  std::vector<GrowthPoint> points;
  for (const int log_n : {14, 16, 18, 20}) {
    auto in = instance(Index{1} << log_n);
    for (Matrix<double>* m : {&in.a1, &in.a2, &in.a3})
      m->row(0).setOnes();  // the interval is [-1, 1] for every n
    const auto plan = gradient_plan(gradient_input(in));
    const double size = bound_per_delta(*plan).value;  // grows like n: then the weights' error is the same
    const GradientRequest request{to_rational(size * 1e-5), MethodChoice::polynomial, all_cores()};
    AttentionResult result;
    points.push_back(measured(Index{1} << log_n, 0, 3, [&] { result = guaranteed_gradient(in, request); }));
    state.counters["degree"] = static_cast<double>(result.degree.value);
  }
  report_growth(state, points);
}

// The gradients by Q, K and V of <G, Att>, all matrices uniform, against the fused exact kernel's three.
// Budget: relative to the largest entry of the three.
void by_qkv(benchmark::State& state, Index n, Index d, double relative, Mask mask,
            Arithmetic arithmetic = Arithmetic::in_double) {
  Stream draw(0, "bench attention gradient", static_cast<std::uint64_t>(n * 100 + d));
  const AttentionInput in{draw.uniform_matrix(n, d, 1), draw.uniform_matrix(n, d, 1),
                          draw.uniform_matrix(n, d, 1)};
  const Matrix<double> upstream = draw.uniform_matrix(n, d, 1);
  const AttentionGradientResult reference = exact_attention_gradient(in, upstream, mask);
  AttentionGradientResult exact, fast;
  const double largest =
      std::max({max_abs(reference.q.gradient), max_abs(reference.k.gradient), max_abs(reference.v.gradient)});
  const AttentionGradientRequest request{to_rational(relative * (largest - reference.bound().value())),
                                         MethodChoice::polynomial, mask, all_cores()};
  const OnDevice scope(Device::cpu, arithmetic);
  const auto ours = [&] { fast = guaranteed_attention_gradient(in, upstream, request); };
  ours();
  const Comparison comparison = alternate_short(
      ours, [&] { exact = exact_attention_gradient(in, upstream, mask); }, {5, 10}, 5);
  const bool in_float = arithmetic == Arithmetic::in_float;
  report(state, comparison,
         std::string("fused exact n^2 kernel (this program)") + (in_float ? ", in float" : ""));
  const auto difference = [](const BoundedGradient& a, const BoundedGradient& b) {
    return max_abs(Matrix<double>(a.gradient - b.gradient));
  };
  state.counters["degree"] = static_cast<double>(fast.degree.value);
  state.counters["rank"] = static_cast<double>(fast.rank);
  state.counters["error_bound"] = fast.bound().value() / largest;
  state.counters["bound_rounding"] = std::max({fast.q.bound_rounding.value(), fast.k.bound_rounding.value(),
                                               fast.v.bound_rounding.value()}) /
                                     largest;
  state.counters["error_observed"] =
      std::max({difference(fast.q, reference.q), difference(fast.k, reference.k),
                difference(fast.v, reference.v)}) /
      largest;
  state.counters["rival_error_bound"] = exact.bound().value() / largest;
  if (in_float) state.counters["ratio_to_double"] = ratio_to_double(ours);
  if (!(fast.bound() <= request.epsilon)) state.SkipWithError("the guaranteed bound misses the budget");
}

[[maybe_unused]] const int registered = [] {
  keep_freed_memory();
  register_row("gradient/qkv/n=16384/d=4/eps=1e-3",
               [](benchmark::State& state) { by_qkv(state, 16384, 4, 1e-3, Mask::none); });
  register_row("gradient-causal/qkv/n=16384/d=4/eps=1e-3",
               [](benchmark::State& state) { by_qkv(state, 16384, 4, 1e-3, Mask::causal); });
  register_row("gradient/qkv/n=16384/d=4/eps=1e-2/float", [](benchmark::State& state) {
    by_qkv(state, 16384, 4, 1e-2, Mask::none, Arithmetic::in_float);
  });
  for (const auto& [eps, relative] : {std::pair("2e-3", 2e-3), {"1e-3", 1e-3}})
    register_row("gradient-causal/qkv/n=16384/d=4/eps=" + std::string(eps) + "/float",
                 [relative = relative](benchmark::State& state) {
                   by_qkv(state, 16384, 4, relative, Mask::causal, Arithmetic::in_float);
                 });
  const std::string suffix = "/eps=1e-3";
  for (const Family family : {Family::theorem, Family::random}) {
    for (const auto& [n, d] : {std::pair<Index, Index>{4096, 4}, {16384, 4}})
      register_row(
          "gradient/n=" + std::to_string(n) + "/d=" + std::to_string(d) + suffix + "/" + name(family),
          [=](benchmark::State& state) {
            against_exact(state, matrix_instance(n, d, family), 1e-3,
                          "fused exact n^2 kernel (this program)");
          });
    for (const auto& [n, d] : {std::pair<Index, Index>{256, 3}, {512, 4}})
      register_row(
          "tensor-gradient/n=" + std::to_string(n) + "/d=" + std::to_string(d) + suffix + "/" + name(family),
          [=](benchmark::State& state) {
            against_exact(state, tensor_instance(n, d, family), 1e-3,
                          "fused exact n^3 kernel (this program)");
          });
  }
  register_row("gradient/n=16384/d=4/eps=4e-2/theorem/float", [](benchmark::State& state) {
    against_exact(state, matrix_instance(16384, 4, Family::theorem), 4e-2,
                  "fused exact n^2 kernel (this program), in float", Arithmetic::in_float);
  });
  register_row("tensor-gradient/n=256/d=3/eps=2.5e-1/theorem/float", [](benchmark::State& state) {
    against_exact(state, tensor_instance(256, 3, Family::theorem), 2.5e-1,
                  "fused exact n^3 kernel (this program), in float", Arithmetic::in_float);
  });
  register_row("gradient/d=4/slope", [](benchmark::State& state) {
    growth(state, [](Index n) { return matrix_instance(n, 4, Family::theorem); });
  });
  register_row("tensor-gradient/d=3/slope", [](benchmark::State& state) {
    growth(state, [](Index n) { return tensor_instance(n, 3, Family::theorem); });
  });
  return 0;
}();

}  // namespace
