#include "kernels/cpu/pair_prefix.hpp"

#include <algorithm>

#include "kernels/cpu/lanes.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds::cpu {
namespace {

constexpr long eight = 8;  // lanes of the sums, whatever the processor

std::vector<double> by_column(const std::vector<double>& sums, long rank, long columns, long stride) {
  std::vector<double> result(static_cast<std::size_t>(columns * stride), 0.0);
  for (long a = 0; a < rank; ++a)
    for (long c = 0; c < columns; ++c)
      result[static_cast<std::size_t>(c * stride + a)] = sums[static_cast<std::size_t>(a * columns + c)];
  return result;
}

}  // namespace

PairPrefix::PairPrefix(const Features& features, const std::vector<double>& weights, long columns,
                       const std::vector<double>& first, const std::vector<double>& second)
    : features_(features),
      columns_(columns),
      stride_(round_up(features.rank, eight)),
      weights_(static_cast<std::size_t>(stride_), 0.0),
      query_(weights_) {
  std::copy(weights.begin(), weights.end(), weights_.begin());
  for (const auto& [side, sums] : {std::pair(&first_, &first), std::pair(&second_, &second)}) {
    side->high = by_column(*sums, features.rank, columns, stride_);
    side->low.assign(side->high.size(), 0.0);
    side->block.assign(side->high.size(), 0.0);
    side->features.assign(static_cast<std::size_t>(stride_), 0.0);
  }
}

void PairPrefix::features_of(const double* x, std::vector<double>& features) const {
  double* f = features.data();
  f[0] = 1;
  for (long r = 0; r < features_.run_count; ++r) {
    const MonomialRun& run = features_.runs[r];
    const double variable = x[run.variable];
    const double* parent = f + run.parent;
    double* child = f + run.child;
    for (long i = 0; i < run.count; ++i) child[i] = parent[i] * variable;
  }
}

void PairPrefix::end_block(Side& side) const {
  for (long e = 0; e < columns_ * stride_; ++e) {
    const auto at = static_cast<std::size_t>(e);
    if (!bug(Bug::prefix_block_lost)) compensated_add(side.high[at], side.low[at], side.block[at]);
    side.block[at] = 0;
  }
}

void PairPrefix::row(const double* q, const double* k1, const double* v1, const double* k2, const double* v2,
                     double* sums) {
  if (rows_++ == rows_of_a_prefix_block) {
    end_block(first_);
    end_block(second_);
    rows_ = 1;
  }
  features_of(k1, first_.features);
  features_of(k2, second_.features);
  features_of(q, query_);
  using V = Vec<double>;
  constexpr long N = eight / width<double>;  // vectors of a step
  for (long a = 0; a < stride_; a += width<double>)
    (V::load(query_.data() + a) * V::load(weights_.data() + a)).store(query_.data() + a);
  for (long c = 0; c < columns_; ++c) {
    const long at = c * stride_;
    const V y1 = V::all(c < columns_ - 1 ? v1[c] : 1), y2 = V::all(c < columns_ - 1 ? v2[c] : 1);
    V total[N];
    for (V& t : total) t = V::zero();
    for (long a = 0; a < stride_; a += eight)
      unrolled<N>([&](long i) __attribute__((always_inline)) {
        const long e = a + i * width<double>;
        const auto side = [&](Side& s, V y) {
          const V block = fma(V::load(s.features.data() + e), y, V::load(s.block.data() + at + e));
          block.store(s.block.data() + at + e);
          return (V::load(s.high.data() + at + e) + V::load(s.low.data() + at + e)) + block;
        };
        const V one = side(first_, y1), two = side(second_, y2);
        total[i] = fma(one * two, V::load(query_.data() + e), total[i]);
      });
    double lanes_of[eight];
    for (long i = 0; i < N; ++i) total[i].store(lanes_of + i * width<double>);
    sums[c] = folded_sum(lanes_of);
  }
}

}  // namespace attnbounds::cpu
