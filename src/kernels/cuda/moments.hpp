// Moments of tokens, S_ac = sum_j x_j^a y_jc, the one product with features on the keys' side of every
// method:
//   attention          x = k', y = [v, 1]
//   tensor attention   the same for both sides
//   gradients          x = k', y = [h, 1] (x) [y, 1], and of queries x = q', y = gamma (x) a1
// Moments  a block takes a group of tokens, tile by tile: the tile's tokens, their columns y and their short
//          tables (monomials.hpp) go to shared memory; a thread owns a task (4 monomials) times C columns,
//          and makes a monomial in a register where it enters C sums. Few tasks: the tile's tokens are dealt
//          out to `slices` threads a task.
// Combine  adds the groups, compensated (Ogita, Rump, Oishi 2005), and applies the weights; or, for causal
//          masks, writes what comes before each chunk of tokens.
// Roundings of a term: features g - 1, the product of a column 1, in T; tile_of_tokens / slices fused
// multiply-adds in T; tiles of a group and slices in double; groups compensated (counted 4) in double;
// weight, product, and the rounding to T (counted by the caller). Cost: a token and monomial C fused
// multiply-adds and one multiplication; nothing of size n x r is stored.
#pragma once

#include "block.hpp"

namespace attnbounds::cuda {

/// hi + lo += x, Knuth's two-sum.
ATTNBOUNDS_BOTH inline void compensated_add(double& hi, double& lo, double x) {
  const double sum = hi + x, back = sum - hi;
  lo += (hi - (sum - back)) + (x - back);
  hi = sum;
}

/// Rows of tokens, shifted and scaled as they are loaded: (x - centre_l) scale_l, one rounding.
template <class M, class T>
struct TokenRows {
  typename M::template In<T> data, centre, scale;  // centre may be absent
  long rows = 0, columns = 0;
  ATTNBOUNDS_BOTH T at(long row, long l) const {
    const T x = data[row * columns + l];
    return (centre.present() ? x - centre[l] : x) * scale[l];
  }
};

/// Columns y = [left, 1] (x) [right, 1], the ones only where `ones` is 1; scales are powers of two.
template <class M, class T>
struct ColumnPairs {
  typename M::template In<T> left, right;
  long left_width = 0, left_ones = 0, right_width = 0, right_ones = 1;
  T left_scale = 1;
  ATTNBOUNDS_BOTH long columns() const { return (left_width + left_ones) * (right_width + right_ones); }
  ATTNBOUNDS_BOTH T at(long row, long column) const {
    const long second = right_width + right_ones, l = column / second, b = column % second;
    const T first = l < left_width ? left[row * left_width + l] * left_scale : T(1);
    return b < right_width ? first * right[row * right_width + b] : first;
  }
};

/// The plan of SplitMonomials as a program sees it.
template <class M>
struct MonomialPlan {
  typename M::template In<int> front_parent, front_variable, back_parent, back_variable, task_front,
      task_back;
  long front_count = 0, fronts = 0, backs = 0, tasks = 0;
  ATTNBOUNDS_BOTH long entries() const { return fronts + backs; }
  ATTNBOUNDS_BOTH long places() const { return tasks * 4; }
};

/// Half 0 of a token's table (fronts, and zeros up to a multiple of 4) or half 1 (backs); entry e of the
/// table is table[e * step].
template <class M, class T, class Token, class Table>
ATTNBOUNDS_BOTH inline void fill_table(const MonomialPlan<M>& plan, int half, const Token& x,
                                       const Table& put) {
  const long first = half == 0 ? 0 : plan.fronts, count = half == 0 ? plan.front_count : plan.backs;
  put.set(first, T(1));
  for (long e = 1; e < count; ++e) {
    const long parent = half == 0 ? plan.front_parent[e] : plan.back_parent[e],
               variable = half == 0 ? plan.front_variable[e] : plan.back_variable[e];
    put.set(first + e, put.get(first + parent) * x(variable));
  }
  if (half == 0)
    for (long e = plan.front_count; e < plan.fronts; ++e) put.set(e, T(0));
}

/// Entry e at base + e * step of shared memory.
template <class Shared, class T>
struct Strided {
  const Shared& shared;
  long base, step;
  ATTNBOUNDS_BOTH void set(long e, T x) const { shared[base + e * step] = x; }
  ATTNBOUNDS_BOTH T get(long e) const { return shared[base + e * step]; }
};

/// How tokens and tasks are dealt out to blocks and threads.
struct MomentShape {
  long tokens = 0, tokens_of_a_group = 0, tile = 64;  // a group is whole tiles
  long groups = 1, task_chunks = 1, chunk_tasks = 1, slices = 1;
};

template <class M, class T, int C>
struct Moments {
  static constexpr int threads = 128, A = 4;
  TokenRows<M, T> rows;
  ColumnPairs<M, T> pairs;
  MonomialPlan<M> plan;
  MomentShape shape;
  typename M::template Out<double> sums;  // [group][place][column]

  ATTNBOUNDS_BOTH long stride() const { return plan.entries() | 1; }  // odd: no two threads in one bank
  long shared_bytes() const {
    return shared_bytes_of<T>(shape.tile * rows.columns) + shared_bytes_of<T>(shape.tile * C) +
           shared_bytes_of<T>(shape.tile * stride()) + shared_bytes_of<double>(slice_sums());
  }
  ATTNBOUNDS_BOTH long slice_sums() const { return shape.slices > 1 ? threads * A * C : 1; }
  struct Sums {
    T part[A][C];
    double total[A][C];
  };

  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    const long d = rows.columns, tile = shape.tile, all = pairs.columns(), first_column = block.z() * C;
    const auto x = block.template shared<T>(tile * d), y = block.template shared<T>(tile * C),
               table = block.template shared<T>(tile * stride());
    const auto of_slices = block.template shared<double>(slice_sums());
    auto registers = block.template registers<Sums>();
    const long first_task = block.y() * shape.chunk_tasks, tasks = first_task + shape.chunk_tasks < plan.tasks
                                                                       ? shape.chunk_tasks
                                                                       : plan.tasks - first_task;
    const long start = block.x() * shape.tokens_of_a_group,
               end = start + shape.tokens_of_a_group < shape.tokens ? start + shape.tokens_of_a_group
                                                                    : shape.tokens;

    block.each([&](int t) {
      Sums& s = registers(t);
      ATTNBOUNDS_UNROLL
      for (int e = 0; e < A * C; ++e) s.total[e / C][e % C] = 0;
    });
    for (long first = start; first < end; first += tile) {
      const long count = first + tile < end ? tile : end - first;
      block.each([&](int t) {
        for (long e = t; e < count * d; e += threads) x[e] = rows.at(first + e / d, e % d);
        for (long e = t; e < count * C; e += threads)
          y[e] = first_column + e % C < all ? pairs.at(first + e / C, first_column + e % C) : T(0);
      });
      block.each([&](int t) {
        for (long e = t; e < 2 * tile; e += threads) {  // a token and a half of its table
          const long token = e % tile;
          if (token >= count) continue;
          fill_table<M, T>(
              plan, static_cast<int>(e / tile), [&](long l) -> T { return x[token * d + l]; },
              Strided<decltype(table), T>{table, token * stride(), 1});
        }
      });
      block.each([&](int t) {
        const long task = t % shape.chunk_tasks, slice = t / shape.chunk_tasks;
        if (task >= tasks || slice >= shape.slices) return;
        Sums& s = registers(t);
        const long front = plan.task_front[first_task + task],
                   back = plan.fronts + plan.task_back[first_task + task];
        ATTNBOUNDS_UNROLL
        for (int e = 0; e < A * C; ++e) s.part[e / C][e % C] = 0;
        for (long token = slice; token < count; token += shape.slices) {
          const long at = token * stride();
          const T last = table[at + back];
          T feature[A];
          ATTNBOUNDS_UNROLL
          for (int a = 0; a < A; ++a) feature[a] = table[at + front + a] * last;
          ATTNBOUNDS_UNROLL
          for (int c = 0; c < C; ++c) {
            const T value = y[token * C + c];
            ATTNBOUNDS_UNROLL
            for (int a = 0; a < A; ++a) s.part[a][c] = fused(feature[a], value, s.part[a][c]);
          }
        }
        ATTNBOUNDS_UNROLL
        for (int e = 0; e < A * C; ++e) s.total[e / C][e % C] += static_cast<double>(s.part[e / C][e % C]);
      });
    }
    if (shape.slices > 1)
      block.each([&](int t) {
        const Sums& s = registers(t);
        if (t / shape.chunk_tasks == 0 || t / shape.chunk_tasks >= shape.slices) return;
        ATTNBOUNDS_UNROLL
        for (int e = 0; e < A * C; ++e) of_slices[t * A * C + e] = s.total[e / C][e % C];
      });
    block.each([&](int t) {
      if (t >= tasks) return;
      const Sums& s = registers(t);
      ATTNBOUNDS_UNROLL
      for (int a = 0; a < A; ++a) ATTNBOUNDS_UNROLL
      for (int c = 0; c < C; ++c) {
        double sum = s.total[a][c];
        for (long slice = 1; slice < shape.slices; ++slice)
          sum += of_slices[(slice * shape.chunk_tasks + t) * A * C + a * C + c];
        if (first_column + c < all)
          sums[(block.x() * plan.places() + (first_task + t) * A + a) * all + first_column + c] = sum;
      }
    });
  }
};

/// Sums over groups, in order, compensated. Without `weights` as they are; else table = w_a S_ac (times the
/// other side's), in T. With `prefixes` the table of group c holds what comes before it.
template <class M, class T>
struct Combine {
  static constexpr int threads = 128, entries_of_a_block = 16, walkers = threads / entries_of_a_block;
  typename M::template In<double> sums, weights, other;
  typename M::template Out<double> raw;
  typename M::template Out<T> table;
  long groups = 1, entries = 0, columns = 1;  // entries = places x columns
  long prefixes = 0;                          // 1: a table for each group, of what comes before it

  long shared_bytes() const { return 2 * shared_bytes_of<double>(threads); }
  struct Pair {
    double hi, lo;
  };
  ATTNBOUNDS_BOTH void put(long group, long e, Pair s) const {
    const double sum = s.hi + s.lo;
    if (raw.present()) raw[group * entries + e] = sum;
    if (table.present()) {
      const double product = other.present() ? sum * other[e] : sum;
      table[group * entries + e] = static_cast<T>(product * weights[e / columns]);
    }
  }
  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    const auto high = block.template shared<double>(threads), low = block.template shared<double>(threads);
    auto registers = block.template registers<Pair>();
    // walker w adds groups [w groups / walkers, (w + 1) groups / walkers)
    block.each([&](int t) {
      const long e = block.x() * entries_of_a_block + t % entries_of_a_block, w = t / entries_of_a_block;
      if (e >= entries) return;
      Pair s{0, 0};
      for (long p = w * groups / walkers; p < (w + 1) * groups / walkers; ++p)
        compensated_add(s.hi, s.lo, sums[p * entries + e]);
      high[t] = s.hi;
      low[t] = s.lo;
    });
    block.each([&](int t) {
      const long e = block.x() * entries_of_a_block + t % entries_of_a_block, w = t / entries_of_a_block;
      if (e >= entries) return;
      Pair s{0, 0};
      const long before = prefixes == 1 ? w : walkers;
      for (long v = 0; v < before; ++v) {
        compensated_add(s.hi, s.lo, high[v * entries_of_a_block + t % entries_of_a_block]);
        s.lo += low[v * entries_of_a_block + t % entries_of_a_block];
      }
      registers(t) = s;
      if (prefixes == 0 && w == 0) put(0, e, s);
    });
    if (prefixes == 0) return;
    block.each([&](int t) {
      const long e = block.x() * entries_of_a_block + t % entries_of_a_block, w = t / entries_of_a_block;
      if (e >= entries) return;
      Pair s = registers(t);
      for (long p = w * groups / walkers; p < (w + 1) * groups / walkers; ++p) {
        put(p, e, s);
        compensated_add(s.hi, s.lo, sums[p * entries + e]);
      }
    });
  }
};

}  // namespace attnbounds::cuda
