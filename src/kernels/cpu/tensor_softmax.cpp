#include "kernels/cpu/tensor_softmax.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/lanes.hpp"
#include "kernels/cpu/softmax_rows.hpp"

namespace attnbounds::cpu {
namespace {

using Lanes = Vec<double>;
constexpr long V = width<double>;  // of the processor: 8 or 4, both halves in the same order

// s_t = sum_l x_l k2_{t,l} for tokens [from, from + count), count padded to whole vectors.
void score_stretch(const double* x, const SecondSide& second, long from, long padded, double* scores) {
  for (long t = 0; t < padded; t += V) {
    Lanes s = Lanes::all(x[0]) * Lanes::load(second.keys + from + t);
    for (long l = 1; l < second.dimension; ++l)
      s = fma(Lanes::all(x[l]), Lanes::load(second.keys + l * second.stride + from + t), s);
    s.store(scores + t);
  }
}

// inner[c] += sum_t w_t y_{c,t}; C columns at a time share the loads of w.
template <long C>
void weighted_columns(const double* w, const double* columns, long stride, long padded, double* inner) {
  Lanes sum[C][parts];
  for (long c = 0; c < C; ++c)
    for (long p = 0; p < parts; ++p) sum[c][p] = Lanes::zero();
  for (long t = 0; t < padded; t += vector_of_keys)
    for (long p = 0; p < parts; ++p) {
      const Lanes weight = Lanes::load(w + t + p * V);
      for (long c = 0; c < C; ++c)
        sum[c][p] = fma(weight, Lanes::load(columns + c * stride + t + p * V), sum[c][p]);
    }
  for (long c = 0; c < C; ++c) {
    double lane[vector_of_keys];
    for (long p = 0; p < parts; ++p) sum[c][p].store(lane + p * V);
    for (long half = vector_of_keys / 2; half > 0; half /= 2)
      for (long i = 0; i < half; ++i) lane[i] += lane[i + half];
    inner[c] += lane[0];
  }
}

void all_columns(const double* w, const SecondSide& second, long from, long padded, double* inner) {
  long c = 0;
  for (; c + 8 <= second.width; c += 8)
    weighted_columns<8>(w, second.columns + c * second.stride + from, second.stride, padded, inner + c);
  for (; c + 4 <= second.width; c += 4)
    weighted_columns<4>(w, second.columns + c * second.stride + from, second.stride, padded, inner + c);
  for (; c < second.width; ++c)
    weighted_columns<1>(w, second.columns + c * second.stride + from, second.stride, padded, inner + c);
}

}  // namespace

std::vector<double> pair_sums(const double* query, double divisor, const FirstSide& first,
                              const SecondSide& second, const std::vector<ColumnPair>& pairs,
                              double score_bound) {
  std::vector<double> x(second.dimension), inner(second.width), block(pairs.size()), total(pairs.size(), 0.0);
  double scores[stretch];
  const auto query_times = [&](long j) {
    const double* key = first.keys + j * first.dimension;
    for (long v = 0; v < second.dimension; ++v) {
      x[v] = 0;
      for (long u = 0; u < first.dimension; ++u) x[v] += query[u * second.dimension + v] * key[u];
      x[v] /= divisor;
    }
  };
  const auto each_stretch = [&](const auto& work) {
    for (long from = 0; from < second.visible; from += stretch) {
      const long count = std::min(stretch, second.visible - from),
                 padded = (count + vector_of_keys - 1) / vector_of_keys * vector_of_keys;
      score_stretch(x.data(), second, from, padded, scores);
      work(from, count, padded);
    }
  };

  double shift = score_bound * (1 + 0x1p-20) + 0x1p-1000;
  if (2 * shift > 600) {
    shift = -INFINITY;
    for (long j = 0; j < first.visible; ++j) {
      query_times(j);
      each_stretch([&](long, long count, long) {
        for (long t = 0; t < count; ++t) shift = scores[t] > shift ? scores[t] : shift;
      });
    }
  }
  for (long from = 0; from < first.visible; from += keys_of_a_block) {
    std::fill(block.begin(), block.end(), 0.0);
    for (long j = from; j < std::min(first.visible, from + keys_of_a_block); ++j) {
      query_times(j);
      std::fill(inner.begin(), inner.end(), 0.0);
      each_stretch([&](long start, long count, long padded) {
        const Lanes m = Lanes::all(shift);
        for (long t = 0; t < padded; t += V) (Lanes::load(scores + t) - m).store(scores + t);
        exp_of_nonpositive(scores, padded);
        for (long t = count; t < padded; ++t) scores[t] = 0;
        all_columns(scores, second, start, padded, inner.data());
      });
      const double* columns = first.columns + j * first.width;
      for (size_t p = 0; p < pairs.size(); ++p) block[p] += columns[pairs[p].first] * inner[pairs[p].second];
    }
    for (size_t p = 0; p < pairs.size(); ++p) total[p] += block[p];
  }
  return total;
}

}  // namespace attnbounds::cpu
