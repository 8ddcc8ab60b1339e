#include "kernels/cpu/pair_prefix.hpp"

#include <algorithm>

#include "kernels/cpu/lanes.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds::cpu {
namespace {

std::vector<double> by_column(const std::vector<double>& sums, long rank, long columns, long stride) {
  std::vector<double> result(static_cast<std::size_t>(columns * stride), 0.0);
  for (long a = 0; a < rank; ++a)
    for (long c = 0; c < columns; ++c)
      result[static_cast<std::size_t>(c * stride + a)] = sums[static_cast<std::size_t>(a * columns + c)];
  return result;
}

}  // namespace

template <class T>
PairPrefix<T>::PairPrefix(const Features& features, const std::vector<double>& weights, long columns,
                          const std::vector<double>& first, const std::vector<double>& second)
    : features_(features),
      columns_(columns),
      stride_(round_up(features.rank, lanes<T>)),
      weights_(static_cast<std::size_t>(stride_), T(0)),
      query_(weights_) {
  std::transform(weights.begin(), weights.end(), weights_.begin(),
                 [](double w) { return static_cast<T>(w); });
  for (const auto& [side, sums] : {std::pair(&first_, &first), std::pair(&second_, &second)}) {
    side->high = by_column(*sums, features.rank, columns, stride_);
    side->low.assign(side->high.size(), 0.0);
    side->before.assign(side->high.begin(), side->high.end());
    side->block.assign(side->high.size(), T(0));
    side->features.assign(static_cast<std::size_t>(stride_), T(0));
  }
}

template <class T>
void PairPrefix<T>::features_of(const T* x, std::vector<T>& features) const {
  T* f = features.data();
  f[0] = 1;
  for (long r = 0; r < features_.run_count; ++r) {
    const MonomialRun& run = features_.runs[r];
    const T variable = x[run.variable];
    const T* parent = f + run.parent;
    T* child = f + run.child;
    for (long i = 0; i < run.count; ++i) child[i] = parent[i] * variable;
  }
}

template <class T>
void PairPrefix<T>::end_block(Side& side) const {
  for (long e = 0; e < columns_ * stride_; ++e) {
    const auto at = static_cast<std::size_t>(e);
    if (!bug(Bug::prefix_block_lost))
      compensated_add(side.high[at], side.low[at], static_cast<double>(side.block[at]));
    side.before[at] = static_cast<T>(side.high[at] + side.low[at]);
    side.block[at] = 0;
  }
}

template <class T>
void PairPrefix<T>::row(const T* q, const T* k1, const T* v1, const T* k2, const T* v2, double* sums) {
  if (rows_++ == rows_of_a_prefix_block<T>) {
    end_block(first_);
    end_block(second_);
    rows_ = 1;
  }
  features_of(k1, first_.features);
  features_of(k2, second_.features);
  features_of(q, query_);
  using V = Vec<T>;
  for (long a = 0; a < stride_; a += width<T>)
    (V::load(query_.data() + a) * V::load(weights_.data() + a)).store(query_.data() + a);
  for (long c = 0; c < columns_; ++c) {
    const long at = c * stride_;
    const V y1 = V::all(c < columns_ - 1 ? v1[c] : 1), y2 = V::all(c < columns_ - 1 ? v2[c] : 1);
    sums[c] = 0;
    for (long from = 0; from < stride_; from += monomials_of_a_lane * lanes<T>) {
      const long to = std::min(stride_, from + monomials_of_a_lane * lanes<T>);
      V total[parts];
      for (V& t : total) t = V::zero();
      for (long a = from; a < to; a += lanes<T>)
        unrolled<parts>([&](long i) __attribute__((always_inline)) {
          const long e = a + i * width<T>;
          const auto side = [&](Side& s, V y) {
            const V block = fma(V::load(s.features.data() + e), y, V::load(s.block.data() + at + e));
            block.store(s.block.data() + at + e);
            return V::load(s.before.data() + at + e) + block;
          };
          const V one = side(first_, y1), two = side(second_, y2);
          total[i] = fma(one * two, V::load(query_.data() + e), total[i]);
        });
      T lanes_of[lanes<T>];
      for (long i = 0; i < parts; ++i) total[i].store(lanes_of + i * width<T>);
      double eight[8] = {};
      for (long l = 0; l < lanes<T>; ++l) eight[l % 8] += static_cast<double>(lanes_of[l]);
      sums[c] += folded_sum(eight);
    }
  }
}

template class PairPrefix<double>;
template class PairPrefix<float>;

}  // namespace attnbounds::cpu
