// Fused exact tensor attention, the n^3 rival: a row's softmax over all pairs (j1, j2), never stored.
//   x = q o k1_j1/d,   s = <x, k2_j2>,   inner_c = sum_j2 e^s v2_j2c,   N_c = sum_j1 v1_j1c inner_c,
// and the same with ones for D. A thread owns a row; 16 first keys and 64 second keys pass by in shared
// memory. Below a running maximum as in exact.hpp. Features up to D in registers; value columns C at a time.
// Roundings: q/d, the product with k1, d fused multiply-adds of the score; a weight at most 3 u; 64 of an
// inner sum in T; in double its product with v1, 16 of a tile, compensated sums of tiles (counted 4), their
// two parts. Under a mask row i sees j1, j2 <= i. Cost: n m1 m2 (d + d_v) multiply-adds and an exp each.
#pragma once

#include "pipeline.hpp"

namespace attnbounds::cuda {

template <class M, class T>
struct ExactTensorProblem {
  TokenRows<M, T> queries, keys1, keys2;
  typename M::template In<T> values1, values2;
  long value_columns = 0;
  T scale1 = 1, scale2 = 1, up = 1;  // powers of two
  long masked = 0;
  typename M::template Out<T> output;
  typename M::template Out<double> denominators;
};

template <class M, class T, int D, int C>
struct ExactTensor {
  static constexpr int threads = 128, together = 8, first_keys = 16, second_keys = 64;
  static constexpr TermRoundings roundings{second_keys, 1 + first_keys + 4 + 1};
  ExactTensorProblem<M, T> p;

  long shared_bytes() const {
    return shared_bytes_of<T>(first_keys * D) + shared_bytes_of<T>(first_keys * C) +
           shared_bytes_of<T>(second_keys * D) + shared_bytes_of<T>(second_keys * C);
  }
  struct Row {
    T query[D], exponent;
    double tile[C + 1], high[C + 1], low[C + 1];  // the last is that of the weights
  };
  /// Everything so far, when the exponent it is below becomes `top`.
  ATTNBOUNDS_BOTH static void raise(Row& row, T (&inner)[C + 1], T top) {
    const T factor = power_of_two(row.exponent - top);
    const double wide = static_cast<double>(factor);
    ATTNBOUNDS_UNROLL
    for (int c = 0; c <= C; ++c)
      inner[c] *= factor, row.tile[c] *= wide, row.high[c] *= wide, row.low[c] *= wide;
    row.exponent = top;
  }

  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    const auto x1 = block.template shared<T>(first_keys * D), y1 = block.template shared<T>(first_keys * C),
               x2 = block.template shared<T>(second_keys * D), y2 = block.template shared<T>(second_keys * C);
    auto registers = block.template registers<Row>();
    const long n = p.queries.rows, d = p.queries.columns, first_row = block.x() * threads,
               last_row = first_row + threads < n ? first_row + threads : n, first_column = block.y() * C,
               end1 = p.masked == 1 && last_row < p.keys1.rows ? last_row : p.keys1.rows,
               end2 = p.masked == 1 && last_row < p.keys2.rows ? last_row : p.keys2.rows;
    block.each([&](int t) {
      Row& row = registers(t);
      const long i = first_row + t;
      row.exponent = T(-0x1p60);
      ATTNBOUNDS_UNROLL
      for (int l = 0; l < D; ++l)
        row.query[l] = l < d && i < n ? p.queries.at(i, l) / static_cast<T>(d) : T(0);
      ATTNBOUNDS_UNROLL
      for (int c = 0; c <= C; ++c) row.tile[c] = 0, row.high[c] = 0, row.low[c] = 0;
    });
    for (long from1 = 0; from1 < end1; from1 += first_keys)
      for (long from2 = 0; from2 < end2; from2 += second_keys) {
        const long count1 = from1 + first_keys < end1 ? first_keys : end1 - from1,
                   count2 = from2 + second_keys < end2 ? second_keys : end2 - from2;
        block.each([&](int t) {
          for (long e = t; e < count1 * D; e += threads)
            x1[e] = e % D < d ? p.keys1.at(from1 + e / D, e % D) : T(0);
          for (long e = t; e < count2 * D; e += threads)
            x2[e] = e % D < d ? p.keys2.at(from2 + e / D, e % D) : T(0);
          for (long e = t; e < count1 * C; e += threads) {
            const long column = first_column + e % C;
            y1[e] = column < p.value_columns
                        ? p.values1[(from1 + e / C) * p.value_columns + column] * p.scale1
                        : T(0);
          }
          for (long e = t; e < count2 * C; e += threads) {
            const long column = first_column + e % C;
            y2[e] = column < p.value_columns
                        ? p.values2[(from2 + e / C) * p.value_columns + column] * p.scale2
                        : T(0);
          }
        });
        block.each([&](int t) {
          Row& row = registers(t);
          const long i = first_row + t, seen1 = p.masked == 1 ? i + 1 - from1 : count1,
                     seen2 = p.masked == 1 ? i + 1 - from2 : count2,
                     visible1 = seen1 < count1 ? seen1 : count1, visible2 = seen2 < count2 ? seen2 : count2;
          if (i >= n || visible2 <= 0) return;
          for (long j = 0; j < visible1; ++j) {
            T of_pair[D], inner[C + 1];
            ATTNBOUNDS_UNROLL
            for (int l = 0; l < D; ++l) of_pair[l] = row.query[l] * T(x1[j * D + l]);
            ATTNBOUNDS_UNROLL
            for (int c = 0; c <= C; ++c) inner[c] = 0;
            fused_weights<together>(
                visible2, row.exponent,
                [&](long j2) {
                  T s = 0;
                  ATTNBOUNDS_UNROLL
                  for (int l = 0; l < D; ++l) s = fused(of_pair[l], T(x2[j2 * D + l]), s);
                  return s;
                },
                [&](T top) { raise(row, inner, top); },
                [&](long j2, T weight) {
                  ATTNBOUNDS_UNROLL
                  for (int c = 0; c < C; ++c) inner[c] = fused(weight, T(y2[j2 * C + c]), inner[c]);
                  inner[C] += weight;
                });
            ATTNBOUNDS_UNROLL
            for (int c = 0; c < C; ++c)
              row.tile[c] += static_cast<double>(T(y1[j * C + c])) * static_cast<double>(inner[c]);
            row.tile[C] += static_cast<double>(inner[C]);
          }
          ATTNBOUNDS_UNROLL
          for (int c = 0; c <= C; ++c) {
            compensated_add(row.high[c], row.low[c], row.tile[c]);
            row.tile[c] = 0;
          }
        });
      }
    block.each([&](int t) {
      const Row& row = registers(t);
      const long i = first_row + t;
      if (i >= n) return;
      const double denominator = row.high[C] + row.low[C], inverse = 1.0 / denominator;
      if (block.y() == 0) p.denominators[i] = denominator;
      ATTNBOUNDS_UNROLL
      for (int c = 0; c < C; ++c)
        if (first_column + c < p.value_columns)
          p.output[i * p.value_columns + first_column + c] =
              static_cast<T>((row.high[c] + row.low[c]) * inverse) * p.up;
    });
  }
};

template <class Backend, class T>
class ExactTensorAttention {
 public:
  ExactTensorAttention(Backend& backend, const TensorJob<T>& job, Masking mask)
      : backend_(backend),
        queries_(backend, "queries", job.q, {}, job.query_scale),
        keys1_(backend, "first keys", job.k1, {}, job.key1_scale),
        keys2_(backend, "second keys", job.k2, {}, job.key2_scale),
        values1_(backend.upload("first values", entries_of(job.v1))),
        values2_(backend.upload("second values", entries_of(job.v2))),
        output_(backend.template make<T>("output", job.q.rows * job.v1.columns)),
        denominators_(backend.template make<double>("denominators", job.q.rows)),
        problem_{queries_.rows,
                 keys1_.rows,
                 keys2_.rows,
                 Backend::in(values1_),
                 Backend::in(values2_),
                 job.v1.columns,
                 job.down1,
                 job.down2,
                 job.up,
                 mask == Masking::causal ? 1 : 0,
                 output_,
                 denominators_} {
    if (job.q.columns > most_exact_tensor_features)
      throw std::length_error("exact tensor attention on a device: more than 32 features");
  }
  void run() {
    const long d = problem_.queries.columns;
    if (d <= 4 && problem_.value_columns <= 4) launch<4, 4>();
    else if (d <= 8) launch<8, 8>();
    else launch<32, 8>();
  }
  Attended<T> result() {
    return {backend_.download(output_), backend_.download(denominators_),
            ExactTensor<typename Backend::Memory, T, 4, 4>::roundings};
  }

 private:
  static std::vector<T> entries_of(Rowwise<T> m) { return {m.data, m.data + m.rows * m.columns}; }
  template <int D, int C>
  void launch() {
    backend_.launch(ExactTensor<typename Backend::Memory, T, D, C>{problem_},
                    {divide_up(problem_.queries.rows, 128), divide_up(problem_.value_columns, C), 1});
  }
  Backend& backend_;
  RowsOnDevice<Backend, T> queries_, keys1_, keys2_;
  typename Backend::template Array<T> values1_, values2_, output_;
  typename Backend::template Array<double> denominators_;
  ExactTensorProblem<typename Backend::Memory, T> problem_;
};

}  // namespace attnbounds::cuda
