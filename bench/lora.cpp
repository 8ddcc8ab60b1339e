// How much faster are LoRA's six gradients by monomial features (kernels/lora.hpp) than the same chain with
// this program's fused exact n^2 kernels in place of the fast ones: G = dL/dW by the exact gradient, U = f
// X_V by exact attention, then the same d x d products (in double)? Same threads; ours includes the score
// interval and the enclosures of the d x d products. Entries of X uniform on [-1, 1], of W* on [-2/d, 2/d],
// of the adapters on [-1/d, 1/d], scale alpha/r = 1; d = 4, adapters of rank 2. The rival's gradients carry
// no proved bound. Rows of X conspire little: the gradients grow like sqrt(n), the bound of a fixed delta
// like n.
#include "kernels/lora.hpp"

#include <algorithm>
#include <cmath>

#include "growth.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/gradient_kernels.hpp"
#include "numeric/random.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;
using Index = Eigen::Index;

constexpr Index kColumns = 4, kRank = 2;

LoraLossInput instance(Index n) {
  Stream draw(0, "bench lora", static_cast<std::uint64_t>(n));
  const double d = static_cast<double>(kColumns);
  const auto adapter = [&] {
    return Adapter<double>{draw.uniform_matrix(kColumns, kColumns, 2 / d),
                           draw.uniform_matrix(kColumns, kRank, 1 / d),
                           draw.uniform_matrix(kRank, kColumns, 1 / d), 1};
  };
  const Matrix<double> x_q = draw.uniform_matrix(n, kColumns, 1), x_k = draw.uniform_matrix(n, kColumns, 1),
                       x_v = draw.uniform_matrix(n, kColumns, 1), y = draw.uniform_matrix(n, kColumns, 1);
  const Adapter<double> q = adapter(), k = adapter(), v = adapter();
  return {x_q, x_k, x_v, q, k, v, y};
}

LoraGradient<double> exact_path(const LoraLossInput& in) {
  const Matrix<double> w_q = effective_weight(in.q), w_k = effective_weight(in.k),
                       w_v = effective_weight(in.v);
  const MatrixLossInput loss{in.x_q, in.x_k, in.x_v, Matrix<double>(w_q * w_k.transpose()), w_v, in.y};
  const Matrix<double> g = exact_gradient(*gradient_plan(gradient_input(loss))).output;
  const Matrix<double> u = exact_attention<double>(in.x_q * loss.x, in.x_k, in.x_v).output;
  const Matrix<double> of_v = u.transpose() * (u * w_v - in.y);
  return {adapter_pullback<double>(in.q, g * w_k), adapter_pullback<double>(in.k, g.transpose() * w_q),
          adapter_pullback<double>(in.v, of_v)};
}

void against_exact(benchmark::State& state, Index n, const Rational& delta) {
  const LoraLossInput in = instance(n);
  LoraGradient<double> exact = exact_path(in);
  LoraGradientResult fast = polynomial_lora_gradient(in, delta);  // the polynomial is certified here
  const Comparison comparison = alternate_short([&] { fast = polynomial_lora_gradient(in, delta); },
                                                [&] { exact = exact_path(in); }, {5, 10}, 5);
  report(state, comparison, "the same chain with the fused exact n^2 kernels (this program)");
  double largest = 0, observed = 0, bound = 0;
  for (const auto& [f, e] : {std::pair(&fast.q.b, &exact.q.b), std::pair(&fast.q.a, &exact.q.a),
                             std::pair(&fast.k.b, &exact.k.b), std::pair(&fast.k.a, &exact.k.a),
                             std::pair(&fast.v.b, &exact.v.b), std::pair(&fast.v.a, &exact.v.a)}) {
    largest = std::max(largest, max_abs(*e));
    observed = std::max(observed, max_abs(Matrix<double>(f->value - *e)));
    bound = std::max(bound, f->bound.value());
  }
  state.counters["degree"] = static_cast<double>(fast.degree.value);
  state.counters["rank"] = static_cast<double>(fast.rank);
  state.counters["half_width"] = fast.half_width.value();
  state.counters["error_bound"] = bound / largest;
  state.counters["error_observed"] = observed / largest;
  if (!std::isfinite(bound)) state.SkipWithError("no bound");
}

[[maybe_unused]] const int registered = [] {
  keep_freed_memory();
  for (const Index n : {4096, 16384, 65536})
    for (const auto& [delta, words] :
         {std::pair(Rational(1, 1000000), "1e-6"), std::pair(Rational(1, 1000000000), "1e-9")})
      register_row("lora/n=" + std::to_string(n) + "/d=4/r=2/delta=" + words,
                   [n, delta = delta](benchmark::State& state) { against_exact(state, n, delta); });
  register_row("lora/d=4/r=2/slope", [](benchmark::State& state) {
    std::vector<GrowthPoint> points;
    for (const int log_n : {14, 16, 18, 20}) {
      LoraLossInput in = instance(Index{1} << log_n);
      for (Matrix<double>* m : {&in.x_q, &in.x_k, &in.x_v})
        m->row(0).setOnes();  // the same interval for every n
      LoraGradientResult result;
      points.push_back(measured(Index{1} << log_n, 0, 3,
                                [&] { result = polynomial_lora_gradient(in, Rational(1, 1000)); }));
      state.counters["degree"] = static_cast<double>(result.degree.value);
    }
    report_growth(state, points);
  });
  return 0;
}();

}  // namespace
