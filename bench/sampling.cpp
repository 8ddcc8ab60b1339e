// What do leverage scores of the Khatri-Rao product buy in tensor attention (arXiv 2301.12584)? One sample of
// m pairs of keys, drawn from the leverage scores of [K1 1] (/) [K2 1], serves all queries: weights
// exp(score)/p, self-normalised. (Of K1 (/) K2 itself they miss the keys near 0, whose weight is about 1:
// plain_error.) Against it, the polynomial kernel with its guarantee, whose sums over pairs factor exactly,
// so that nothing needs sampling. Rows:
//   tensor/sketch/n=…/d=…/B=…/m=…       kernel at eps = 1e-3; rival: the sketch. Counters: both errors, and
//   those of
//                                       uniform pairs, against the exact reference, and its seconds
//   tensor/sketch/hot/…                 the same with planted hot pairs of keys, which uniform pairs miss
//   tensor/sketch/draw/n=…/d=8          10,000 draws with the tree; rival: all n^2 scores, then their sums
#include <cmath>

#include "attention/attention.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "sampling/khatri_rao.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;

struct Pair {
  Eigen::Index j1, j2;
  double probability;
};
enum class Law { leverage, leverage_with_constant, uniform };

Matrix<double> with_ones(const Matrix<double>& m) {
  Matrix<double> wider(m.rows(), m.cols() + 1);
  wider << m, Matrix<double>::Ones(m.rows(), 1);
  return wider;
}

std::vector<Pair> sample_pairs(const TensorAttentionInput& in, long m, Law law, Stream& stream) {
  std::vector<Pair> pairs;
  if (law == Law::uniform) {
    const auto n1 = static_cast<std::uint64_t>(in.k1.rows()), n2 = static_cast<std::uint64_t>(in.k2.rows());
    for (long i = 0; i < m; ++i)
      pairs.push_back({static_cast<Eigen::Index>(stream.below(n1)),
                       static_cast<Eigen::Index>(stream.below(n2)), 1.0 / static_cast<double>(n1 * n2)});
    return pairs;
  }
  const bool plain = law == Law::leverage;
  const KhatriRaoSampler<double> sampler({plain ? in.k1 : with_ones(in.k1), plain ? in.k2 : with_ones(in.k2)},
                                         in.k1.cols());
  RandomCoin coin{stream};
  for (long i = 0; i < m; ++i) {
    const RowIndex row = sampler.draw(coin);
    pairs.push_back({row[0], row[1], sampler.leverage(row) / static_cast<double>(sampler.rank())});
  }
  return pairs;
}

Matrix<double> sketched(const TensorAttentionInput& in, const std::vector<Pair>& pairs) {
  Matrix<double> output(in.q.rows(), in.v1.cols());
  for (Eigen::Index i = 0; i < in.q.rows(); ++i) {
    double denominator = 0;
    std::vector<double> numerator(in.v1.cols(), 0.0);
    for (const Pair& p : pairs) {
      const double w = std::exp(tensor_score(in.q, i, in.k1, p.j1, in.k2, p.j2)) / p.probability;
      denominator += w;
      for (Eigen::Index c = 0; c < in.v1.cols(); ++c) numerator[c] += w * in.v1(p.j1, c) * in.v2(p.j2, c);
    }
    for (Eigen::Index c = 0; c < in.v1.cols(); ++c) output(i, c) = numerator[c] / denominator;
  }
  return output;
}

enum class Family { bounded, hot };
TensorAttentionInput input_of(Family family, long n, long d, double B) {
  Stream stream(0, "tensor-sketch");
  const auto draw = [&] { return stream.uniform_matrix(n, d, family == Family::hot ? 1 : B); };
  TensorAttentionInput in;
  in.q = draw();
  in.k1 = draw();
  in.k2 = draw();
  in.v1 = stream.uniform_matrix(n, d, 1);
  in.v2 = stream.uniform_matrix(n, d, 1);
  if (family == Family::hot)  // four hot rows a side: 16 hot pairs among n^2, up to B^2 times the others
    for (long h = 0; h < 4; ++h) {
      in.k1.row(n / 7 * (h + 1)) *= B;
      in.k2.row(n / 9 * (h + 2)) *= B;
    }
  return in;
}

void sketch_row(benchmark::State& state, Family family, long n, long d, double B, long m) {
  const TensorAttentionInput in = input_of(family, n, d, B);
  Matrix<double> exact, ours, theirs;
  const double exact_seconds =
      seconds_of([&] { exact = tensor_attention(in.q, in.k1, in.k2, in.v1, in.v2); });
  const AttentionRequest request{Rational(1, 1000), MethodChoice::automatic, Mask::none, {}, {1}};
  std::string method;
  double bound = 0;
  Stream stream(0, "tensor-sketch-pairs");
  const Comparison comparison = alternate(
      [&] {
        const AttentionResult result = guaranteed_attention(in, request);
        ours = result.output;
        bound = result.bound.value();
        method = name(result.method);
      },
      [&] { theirs = sketched(in, sample_pairs(in, m, Law::leverage_with_constant, stream)); }, {3, 4});
  const Matrix<double> plain = sketched(in, sample_pairs(in, m, Law::leverage, stream));
  const Matrix<double> uniform = sketched(in, sample_pairs(in, m, Law::uniform, stream));
  report(state, comparison, "leverage-score sketch, ours: " + method);
  state.counters["error_bound"] = bound;
  state.counters["error_observed"] = max_abs(Matrix<double>(ours - exact));
  state.counters["rival_error"] = max_abs(Matrix<double>(theirs - exact));
  state.counters["plain_error"] = max_abs(Matrix<double>(plain - exact));
  state.counters["uniform_error"] = max_abs(Matrix<double>(uniform - exact));
  state.counters["exact_seconds"] = exact_seconds;
}

void draw_row(benchmark::State& state, long n, long d) {
  Stream stream(0, "tensor-sketch-draws");
  const Matrix<double> u = stream.uniform_matrix(n, d, 1), v = stream.uniform_matrix(n, d, 1);
  const long draws = 10000;
  double seconds_of_draws = 0;
  Eigen::Index seen = 0;
  const auto tree = [&] {
    const KhatriRaoSampler<double> sampler({u, v}, d);
    RandomCoin coin{stream};
    seconds_of_draws = seconds_of([&] {
      for (long i = 0; i < draws; ++i) seen += sampler.draw(coin)[0];
    });
  };
  const auto table = [&] {
    const KhatriRaoSampler<double> sampler({u, v}, d);
    std::vector<double> sums;
    double sum = 0;
    for (Eigen::Index i = 0; i < n; ++i)
      for (Eigen::Index j = 0; j < n; ++j) sums.push_back(sum += sampler.leverage({i, j}));
    for (long i = 0; i < draws; ++i)
      seen += std::lower_bound(sums.begin(), sums.end(), (stream.unit() + 1) / 2 * sum) - sums.begin();
  };
  if (n <= 1024) report(state, alternate(tree, table, {1, 4}), "all n^2 leverage scores");
  else {
    state.SetIterationTime(seconds_of(tree));
    state.SetLabel("rival: all n^2 leverage scores, not run: " + std::to_string(n) + "^2 of them");
  }
  benchmark::DoNotOptimize(seen);
  state.counters["microseconds_a_draw"] = seconds_of_draws / static_cast<double>(draws) * 1e6;
}

[[maybe_unused]] const int registered = [] {
  for (const double B : {1.0, 1.5, 2.0})
    for (const long m : {1024L, 16384L})
      register_row("tensor/sketch/n=256/d=4/B=" + std::to_string(B).substr(0, 3) + "/m=" + std::to_string(m),
                   [=](benchmark::State& state) { sketch_row(state, Family::bounded, 256, 4, B, m); });
  for (const double B : {3.0, 6.0})
    register_row("tensor/sketch/hot/n=256/d=4/B=" + std::to_string(B).substr(0, 3) + "/m=1024",
                 [=](benchmark::State& state) { sketch_row(state, Family::hot, 256, 4, B, 1024); });
  for (const long n : {256L, 1024L, 16384L, 262144L})
    register_row("tensor/sketch/draw/n=" + std::to_string(n) + "/d=8",
                 [=](benchmark::State& state) { draw_row(state, n, 8); });
  return 0;
}();

}  // namespace
