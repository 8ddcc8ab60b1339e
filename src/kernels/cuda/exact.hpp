// Fused exact attention, the rival: tiles of scores, exp and weighted sums without ever storing a row of
// scores. Softmax is online, below a running maximum kept as an integer power of two, so rescaling is exact
// (as in kernels/cpu/score_rows.hpp).
//   NarrowExact  d, d_v <= D: a thread owns R rows; keys and values pass by in shared memory, 64 at a time.
//   WideExact    any d and d_v: 16 R queries against 64 keys, 256 threads with R x 4 scores and R x CV
//   outputs
//                each, both products in registers; more than 16 CV value columns take several passes.
// Roundings: q'/d one, d fused multiply-adds of the score; a weight at most 3 u; sums over 64 keys in T, over
// tiles in double. Weights below 2^-1000 (2^-100) of the largest are replaced by that.
#pragma once

#include "exponential.hpp"
#include "moments.hpp"

namespace attnbounds::cuda {

constexpr long keys_of_a_tile = 64;

/// What both kernels work on.
template <class M, class T>
struct ExactProblem {
  TokenRows<M, T> queries, keys;
  typename M::template In<T> values;
  long value_columns = 0;
  T value_scale = 1, up = 1;  // powers of two
  long masked = 0;            // 1: row i sees keys j <= i
  typename M::template Out<T> output;
  typename M::template Out<double> denominators;

  /// Keys that rows before `end` see.
  ATTNBOUNDS_BOTH long keys_before(long end) const {
    return masked == 1 && end < keys.rows ? end : keys.rows;
  }
  ATTNBOUNDS_BOTH T value(long j, long c) const {
    return c < value_columns ? values[j * value_columns + c] * value_scale : T(0);
  }
};

/// Weights of the keys [0, visible), relative to 2^exponent, a block of `together` at a time: score(key);
/// raise(top) where a block's exponent is above the row's, which it sets; add(key, weight).
template <int together, class T, class Score, class Raise, class Add>
ATTNBOUNDS_BOTH void fused_weights(long visible, const T& exponent, const Score& score, const Raise& raise,
                                   const Add& add) {
  for (long at = 0; at < visible; at += together) {
    T scores[together], top = exponent;
    ATTNBOUNDS_UNROLL
    for (int k = 0; k < together; ++k) {
      if (at + k >= visible) continue;
      scores[k] = score(at + k);
      const T of_score = exponent_of(scores[k]);
      top = of_score > top ? of_score : top;
    }
    if (top > exponent) raise(top);
    ATTNBOUNDS_UNROLL
    for (int k = 0; k < together; ++k)
      if (at + k < visible) add(at + k, exp_below(scores[k], exponent));
  }
}

template <class M, class T, int D, int R>
struct NarrowExact {
  static constexpr int threads = 128, together = 8;
  ExactProblem<M, T> p;

  long shared_bytes() const { return 2 * shared_bytes_of<T>(keys_of_a_tile * D); }
  struct Row {
    T query[D], part[D + 1], exponent;  // the last sum is that of the weights
    double total[D + 1];
  };
  struct Rows {
    Row row[R];
  };

  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    const auto x = block.template shared<T>(keys_of_a_tile * D),
               y = block.template shared<T>(keys_of_a_tile * D);
    auto registers = block.template registers<Rows>();
    const long n = p.queries.rows, d = p.queries.columns, first_row = block.x() * threads * R,
               last_row = first_row + threads * R < n ? first_row + threads * R : n,
               end = p.keys_before(last_row);
    block.each([&](int t) {
      ATTNBOUNDS_UNROLL
      for (int r = 0; r < R; ++r) {
        Row& row = registers(t).row[r];
        const long i = first_row + r * threads + t;
        row.exponent = T(-0x1p60);
        ATTNBOUNDS_UNROLL
        for (int l = 0; l < D; ++l)
          row.query[l] = l < d && i < n ? p.queries.at(i, l) / static_cast<T>(d) : T(0);
        ATTNBOUNDS_UNROLL
        for (int c = 0; c <= D; ++c) row.part[c] = 0, row.total[c] = 0;
      }
    });
    for (long first = 0; first < end; first += keys_of_a_tile) {
      const long tile = first + keys_of_a_tile < end ? keys_of_a_tile : end - first;
      block.each([&](int t) {
        for (long e = t; e < tile * D; e += threads) {
          x[e] = e % D < d ? p.keys.at(first + e / D, e % D) : T(0);
          y[e] = p.value(first + e / D, e % D);
        }
      });
      block.each([&](int t) {
        ATTNBOUNDS_UNROLL
        for (int r = 0; r < R; ++r) {
          Row& row = registers(t).row[r];
          const long i = first_row + r * threads + t, seen = p.masked == 1 ? i + 1 - first : tile,
                     visible = seen < tile ? seen : tile;
          if (i >= n) continue;
          fused_weights<together>(
              visible, row.exponent,
              [&](long j) {
                T s = 0;
                ATTNBOUNDS_UNROLL
                for (int l = 0; l < D; ++l) s = fused(row.query[l], T(x[j * D + l]), s);
                return s;
              },
              [&](T top) {
                const T factor = power_of_two(row.exponent - top);
                ATTNBOUNDS_UNROLL
                for (int c = 0; c <= D; ++c)
                  row.part[c] *= factor, row.total[c] *= static_cast<double>(factor);
                row.exponent = top;
              },
              [&](long j, T weight) {
                ATTNBOUNDS_UNROLL
                for (int c = 0; c < D; ++c) row.part[c] = fused(weight, T(y[j * D + c]), row.part[c]);
                row.part[D] += weight;
              });
          ATTNBOUNDS_UNROLL
          for (int c = 0; c <= D; ++c) row.total[c] += static_cast<double>(row.part[c]), row.part[c] = 0;
        }
      });
    }
    block.each([&](int t) {
      ATTNBOUNDS_UNROLL
      for (int r = 0; r < R; ++r) {
        const Row& row = registers(t).row[r];
        const long i = first_row + r * threads + t;
        if (i >= n) continue;
        const double inverse = 1.0 / row.total[D];
        p.denominators[i] = row.total[D];
        ATTNBOUNDS_UNROLL
        for (int c = 0; c < D; ++c)
          if (c < p.value_columns)
            p.output[i * p.value_columns + c] = static_cast<T>(row.total[c] * inverse) * p.up;
      }
    });
  }
};

template <class M, class T, int CV>
struct WideExact {
  static constexpr int threads = 256, R = 32 / sizeof(T), K = 4, rows = 16 * R, features = 32,
                       columns = 16 * CV;
  ExactProblem<M, T> p;

  static constexpr long query_stride = rows + 1, key_stride = keys_of_a_tile + 1;
  long shared_bytes() const {
    return shared_bytes_of<T>(features * query_stride) + shared_bytes_of<T>(features * key_stride) +
           shared_bytes_of<T>(rows * key_stride) + shared_bytes_of<T>(keys_of_a_tile * columns) +
           shared_bytes_of<T>(rows * 16) + 2 * shared_bytes_of<T>(rows) + shared_bytes_of<double>(rows * 16);
  }
  struct Tile {  // thread (ty, tx) has rows ty + 16 r, keys tx + 16 k, columns tx + 16 c
    T score[R][K];
    double total[R][CV], weights[R];
  };

  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    const auto q = block.template shared<T>(features * query_stride),
               x = block.template shared<T>(features * key_stride),
               w = block.template shared<T>(rows * key_stride),
               y = block.template shared<T>(keys_of_a_tile * columns),
               tops = block.template shared<T>(rows * 16), exponent = block.template shared<T>(rows),
               factor = block.template shared<T>(rows);
    const auto sums = block.template shared<double>(rows * 16);
    auto registers = block.template registers<Tile>();
    const long n = p.queries.rows, d = p.queries.columns, first_row = block.x() * rows,
               last_row = first_row + rows < n ? first_row + rows : n, end = p.keys_before(last_row),
               first_column = block.y() * columns;
    const auto visible = [&](long row, long key, long first, long tile) {
      return key < tile && (p.masked == 0 || first + key <= first_row + row);
    };
    block.each([&](int t) {
      Tile& tile = registers(t);
      ATTNBOUNDS_UNROLL
      for (int r = 0; r < R; ++r) {
        tile.weights[r] = 0;
        ATTNBOUNDS_UNROLL
        for (int c = 0; c < CV; ++c) tile.total[r][c] = 0;
      }
      for (long row = t; row < rows; row += threads) exponent[row] = T(-0x1p60);
    });
    for (long first = 0; first < end; first += keys_of_a_tile) {
      const long count = first + keys_of_a_tile < end ? keys_of_a_tile : end - first;
      for (long from = 0; from < d; from += features) {
        const long width = from + features < d ? features : d - from;
        block.each([&](int t) {
          for (long e = t; e < rows * width; e += threads) {
            const long row = e / width, l = e % width;
            q[l * query_stride + row] =
                first_row + row < n ? p.queries.at(first_row + row, from + l) / static_cast<T>(d) : T(0);
          }
          for (long e = t; e < keys_of_a_tile * width; e += threads) {
            const long key = e / width, l = e % width;
            x[l * key_stride + key] = key < count ? p.keys.at(first + key, from + l) : T(0);
          }
        });
        block.each([&](int t) {
          Tile& tile = registers(t);
          const long ty = t / 16, tx = t % 16;
          if (from == 0) {
            ATTNBOUNDS_UNROLL
            for (int e = 0; e < R * K; ++e) tile.score[e / K][e % K] = 0;
          }
          for (long l = 0; l < width; ++l) {
            T query[R], key[K];
            ATTNBOUNDS_UNROLL
            for (int r = 0; r < R; ++r) query[r] = q[l * query_stride + ty + 16 * r];
            ATTNBOUNDS_UNROLL
            for (int k = 0; k < K; ++k) key[k] = x[l * key_stride + tx + 16 * k];
            ATTNBOUNDS_UNROLL
            for (int r = 0; r < R; ++r) ATTNBOUNDS_UNROLL
            for (int k = 0; k < K; ++k) tile.score[r][k] = fused(query[r], key[k], tile.score[r][k]);
          }
        });
      }
      block.each([&](int t) {
        const Tile& tile = registers(t);
        const long ty = t / 16, tx = t % 16;
        ATTNBOUNDS_UNROLL
        for (int r = 0; r < R; ++r) {
          T top = T(-0x1p60);
          ATTNBOUNDS_UNROLL
          for (int k = 0; k < K; ++k) {
            const T j = exponent_of(tile.score[r][k]);
            top = visible(ty + 16 * r, tx + 16 * k, first, count) && j > top ? j : top;
          }
          tops[(ty + 16 * r) * 16 + tx] = top;
        }
        for (long e = t; e < count * columns; e += threads)
          y[e] = p.value(first + e / columns, first_column + e % columns);
      });
      block.each([&](int t) {
        for (long row = t; row < rows; row += threads) {
          const T old = exponent[row];
          T top = old;
          for (int k = 0; k < 16; ++k) {
            const T j = tops[row * 16 + k];
            top = j > top ? j : top;
          }
          exponent[row] = top;
          factor[row] = power_of_two(old - top);
        }
      });
      block.each([&](int t) {
        Tile& tile = registers(t);
        const long ty = t / 16, tx = t % 16;
        ATTNBOUNDS_UNROLL
        for (int r = 0; r < R; ++r) {
          const long row = ty + 16 * r;
          double sum = 0;
          ATTNBOUNDS_UNROLL
          for (int k = 0; k < K; ++k) {
            const long key = tx + 16 * k;
            const T weight =
                visible(row, key, first, count) ? exp_below(tile.score[r][k], T(exponent[row])) : T(0);
            w[row * key_stride + key] = weight;
            sum += static_cast<double>(weight);
          }
          tile.weights[r] = tile.weights[r] * static_cast<double>(T(factor[row])) + sum;
        }
      });
      block.each([&](int t) {
        Tile& tile = registers(t);
        const long ty = t / 16, tx = t % 16;
        T part[R][CV];
        ATTNBOUNDS_UNROLL
        for (int e = 0; e < R * CV; ++e) part[e / CV][e % CV] = 0;
        for (long key = 0; key < count; ++key) {
          T weight[R], value[CV];
          ATTNBOUNDS_UNROLL
          for (int r = 0; r < R; ++r) weight[r] = w[(ty + 16 * r) * key_stride + key];
          ATTNBOUNDS_UNROLL
          for (int c = 0; c < CV; ++c) value[c] = y[key * columns + tx + 16 * c];
          ATTNBOUNDS_UNROLL
          for (int r = 0; r < R; ++r) ATTNBOUNDS_UNROLL
          for (int c = 0; c < CV; ++c) part[r][c] = fused(weight[r], value[c], part[r][c]);
        }
        ATTNBOUNDS_UNROLL
        for (int r = 0; r < R; ++r) {
          const double scale = static_cast<double>(T(factor[ty + 16 * r]));
          ATTNBOUNDS_UNROLL
          for (int c = 0; c < CV; ++c)
            tile.total[r][c] = tile.total[r][c] * scale + static_cast<double>(part[r][c]);
        }
      });
    }
    block.each([&](int t) {
      ATTNBOUNDS_UNROLL
      for (int r = 0; r < R; ++r) sums[(t / 16 + 16 * r) * 16 + t % 16] = registers(t).weights[r];
    });
    block.each([&](int t) {
      const Tile& tile = registers(t);
      ATTNBOUNDS_UNROLL
      for (int r = 0; r < R; ++r) {
        const long row = t / 16 + 16 * r, i = first_row + row;
        if (i >= n) continue;
        double denominator = 0;
        for (int k = 0; k < 16; ++k) denominator += sums[row * 16 + k];
        const double inverse = 1.0 / denominator;
        if (block.y() == 0 && t % 16 == 0) p.denominators[i] = denominator;
        ATTNBOUNDS_UNROLL
        for (int c = 0; c < CV; ++c) {
          const long column = first_column + t % 16 + 16 * c;
          if (column < p.value_columns)
            p.output[i * p.value_columns + column] = static_cast<T>(tile.total[r][c] * inverse) * p.up;
        }
      }
    });
  }
};

}  // namespace attnbounds::cuda
