// How near the processor's limit is the exhaustive orthogonality check? Rival: the same arithmetic (two ANDs,
// an OR, a test for zero, a count a pair of two-word vectors) on registers alone, without memory. ratio 1
// would be the limit; the goal is 0.5.
#include "reductions/orthogonal_vectors/orthogonality.hpp"

#include <cstdint>
#include <cstdio>

#include "numeric/random.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;
using Lanes = std::uint64_t __attribute__((vector_size(64)));

/// `pairs` pairs of two-word vectors, in registers. Compiled for this processor, as the kernel is.
long arithmetic_alone(long pairs, std::uint64_t seed) {
  constexpr int chains = 4;
  Lanes a = {}, b = {}, first[chains], second[chains], zeros[chains] = {};
  for (int i = 0; i < chains; ++i) {
    first[i] = Lanes{} + (seed + static_cast<std::uint64_t>(i));
    second[i] = Lanes{} + (seed ^ static_cast<std::uint64_t>(i));
  }
  for (long done = 0; done < pairs; done += 8 * chains) {
    a += 3;
    b += 5;
    for (int i = 0; i < chains; ++i)
      zeros[i] -= reinterpret_cast<Lanes>(((a & first[i]) | (b & second[i])) == 0);
  }
  long total = 0;
  for (const Lanes& z : zeros)
    for (int lane = 0; lane < 8; ++lane) total += static_cast<long>(z[lane]);
  return total;
}

void row(benchmark::State& state) {
  constexpr long n = 1L << 15, dimension = 128;
  Stream stream(0, "orthogonality");
  VectorFamilies vectors;
  for (int k = 0; k < 2; ++k) {
    BitMatrix family(n, dimension);
    for (std::uint64_t& word : family.bits) word = stream.bits();
    vectors.families.push_back(family);
  }
  long found = 0;
  const Comparison comparison =
      alternate([&] { found += count_orthogonal(vectors, ThreadCount{1}); },
                [&] { benchmark::DoNotOptimize(arithmetic_alone(n * n, stream.bits())); });
  benchmark::DoNotOptimize(found);
  report(state, comparison, "the same arithmetic on registers");
  state.counters["pairs_per_second"] = static_cast<double>(n) * n / comparison.ours;
}

[[maybe_unused]] const int registered = [] {
  register_row("orthogonality/n=32768/words=2", row);
  return 0;
}();

}  // namespace
