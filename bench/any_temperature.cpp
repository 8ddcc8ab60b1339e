// Attention at any temperature in low dimension: the tree of moments over the relevant keys (Gupta et al.
// 2025, kernels/relevance_tree.hpp) against what guaranteed_attention chooses, which is the exact n^2 kernel
// once the scores are large. eps = 1e-6 for both, one thread each. Keys and queries uniform in [-B, B]^d. The
// tree's error bound is of exact arithmetic: its rounding is measured, not proved.
#include <cmath>

#include "kernels/guaranteed_attention.hpp"
#include "kernels/relevance_tree.hpp"
#include "numeric/random.hpp"
#include "polynomial/least_degree.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;

void row(benchmark::State& state, long n, long d, double B) {
  Stream stream(0, "any temperature", static_cast<std::uint64_t>(n * 100 + d));
  AttentionInput in;
  in.q = stream.uniform_matrix(n, d, B);
  in.k = stream.uniform_matrix(n, d, B);
  in.v = stream.uniform_matrix(n, d, 1);
  const AttentionRequest request{Rational(1, 1000000), MethodChoice::automatic, Mask::none, {}, {1}};
  const Polynomial p = least_degree(1, Rational(1, 4000000), ErrorKind::relative).at->upper.polynomial;
  const double t = std::log(static_cast<double>(n) / 2.5e-7);
  Matrix<double> ours(n, d);
  long boxes = 0, keys = 0;
  AttentionResult theirs = guaranteed_attention(in, request);
  const Comparison comparison = alternate(
      [&] {
        boxes = keys = 0;
        const RelevanceTree<double> tree(in.k, in.v, p, 1);
        for (long i = 0; i < n; ++i) {
          const auto answer = tree.answer(&in.q(i, 0), t);
          boxes += answer.boxes;
          keys += answer.keys;
          for (long c = 0; c < d; ++c) ours(i, c) = answer.output[c];
        }
      },
      [&] { theirs = guaranteed_attention(in, request); }, {3, 4});
  report(state, comparison, std::string("guaranteed attention: ") + name(theirs.method));
  state.counters["error_observed"] = max_abs(Matrix<double>(ours - theirs.output));
  state.counters["error_bound_exact_arithmetic"] = 1e-6;
  state.counters["boxes_a_query"] = static_cast<double>(boxes) / static_cast<double>(n);
  state.counters["keys_a_query"] = static_cast<double>(keys) / static_cast<double>(n);
}

[[maybe_unused]] const int registered = [] {
  for (const long n : {16384L, 65536L})
    for (const long d : {1L, 2L, 3L})
      for (const long B : {4L, 16L, 64L})
        if (n == 16384 || d < 3)
          register_row("attention/any-temperature/n=" + std::to_string(n) + "/d=" + std::to_string(d) +
                           "/B=" + std::to_string(B),
                       [=](benchmark::State& state) { row(state, n, d, static_cast<double>(B)); });
  return 0;
}();

}  // namespace
