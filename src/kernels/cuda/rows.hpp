// Rows sum_a q_i^a T_ac, the one product with features on the queries' side of every method, and the last
// step of attention, the quotient. A thread owns R rows. Their short tables (monomials.hpp) lie in shared
// memory; T passes by in slices of 32 tasks. A task is sum over its 4 fronts, times the back: back_j (front_i
// T_.. + …), so no monomial is made. Under a causal mask rows come in chunks of tokens: T is that of the
// tokens before the chunk, and inside the chunk a row sees P of the scores themselves, keys j <= i (Horner's
// rule); both are the same polynomial. Roundings of a term, in T: features at most g - 1; 4 of the fronts'
// sum; 32 of a slice; slices in double. Inside a chunk: q'/d once, d fused multiply-adds, so c_t s^t has t (d
// + 2) + 1; 64 keys; tiles in double. Cost: a row and task 5 C fused multiply-adds for 4 monomials; shared
// memory a row fronts + backs numbers.
#pragma once

#include "moments.hpp"

namespace attnbounds::cuda {

template <class M, class T, int C, int R>
struct Rows {
  static constexpr int threads = 128, A = 4, tasks_of_a_slice = 32, keys_of_a_tile = 64;
  TokenRows<M, T> queries;
  MonomialPlan<M> plan;
  typename M::template In<T> table;  // [chunk][place][column]
  long columns = 1, rows_of_a_block = threads * R;

  long rows_of_a_chunk = 0;  // 0: no mask
  TokenRows<M, T> keys;
  ColumnPairs<M, T> pairs;
  typename M::template In<T> coefficients;
  long degree = 0;

  typename M::template In<double> start;          // added to the sums, if present: [row][column]
  typename M::template Out<double> sums;          // [row][column]; or, where one pass has all columns:
  typename M::template Out<T> output;             // quotients by the last column
  typename M::template Out<double> denominators;  // and that column
  T up = 1;                                       // a power of two

  ATTNBOUNDS_BOTH bool causal() const { return rows_of_a_chunk > 0; }
  long shared_bytes() const {
    const long d = queries.columns;
    return shared_bytes_of<T>(plan.entries() * rows_of_a_block) +
           shared_bytes_of<T>(tasks_of_a_slice * A * C) +
           (causal() ? shared_bytes_of<T>(d * rows_of_a_block) + shared_bytes_of<T>(keys_of_a_tile * d) +
                           shared_bytes_of<T>(keys_of_a_tile * C)
                     : 3 * 16);
  }
  struct Sums {
    T part[R][C];
    double total[R][C];
  };
  ATTNBOUNDS_BOTH static void flush(Sums& s) {
    ATTNBOUNDS_UNROLL
    for (int e = 0; e < R * C; ++e) {
      s.total[e / C][e % C] += static_cast<double>(s.part[e / C][e % C]);
      s.part[e / C][e % C] = 0;
    }
  }

  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    const long d = queries.columns, B = rows_of_a_block, step = B / R, first_row = block.x() * B,
               first_column = block.y() * C,
               count = first_row + B < queries.rows ? B : queries.rows - first_row;
    const auto tokens = block.template shared<T>(plan.entries() * B),
               weights = block.template shared<T>(tasks_of_a_slice * A * C),
               scaled = block.template shared<T>(causal() ? d * B : 1),
               x = block.template shared<T>(causal() ? keys_of_a_tile * d : 1),
               y = block.template shared<T>(causal() ? keys_of_a_tile * C : 1);
    auto registers = block.template registers<Sums>();
    const long first_chunk = causal() ? first_row / rows_of_a_chunk : 0,
               table_at = first_chunk * plan.places() * columns;

    block.each([&](int t) {
      Sums& s = registers(t);
      ATTNBOUNDS_UNROLL
      for (int e = 0; e < R * C; ++e) {
        const long row = t + e / C * step, column = first_column + e % C;
        s.part[e / C][e % C] = 0;
        s.total[e / C][e % C] = start.present() && t < step && row < count && column < columns
                                    ? static_cast<double>(start[(first_row + row) * columns + column])
                                    : 0.0;
      }
      for (long e = t; e < 2 * B; e += threads) {  // a row and a half of its table
        const long row = e % B;
        if (row < count)
          fill_table<M, T>(
              plan, static_cast<int>(e / B), [&](long l) -> T { return queries.at(first_row + row, l); },
              Strided<decltype(tokens), T>{tokens, row, B});
      }
    });
    for (long first = 0; first < plan.tasks; first += tasks_of_a_slice) {
      const long tasks = first + tasks_of_a_slice < plan.tasks ? tasks_of_a_slice : plan.tasks - first;
      block.each([&](int t) {
        for (long e = t; e < tasks * A * C; e += threads)
          weights[e] = first_column + e % C < columns
                           ? table[table_at + (first * A + e / C) * columns + first_column + e % C]
                           : T(0);
      });
      block.each([&](int t) {
        if (t >= step) return;
        Sums& s = registers(t);
        long front = -1;
        T fronts[R][A];
        for (long task = 0; task < tasks; ++task) {
          const long now = plan.task_front[first + task], back = plan.fronts + plan.task_back[first + task];
          if (now != front) {
            front = now;
            ATTNBOUNDS_UNROLL
            for (int r = 0; r < R; ++r) ATTNBOUNDS_UNROLL
            for (int a = 0; a < A; ++a)
              fronts[r][a] = t + r * step < count ? T(tokens[(front + a) * B + t + r * step]) : T(0);
          }
          T last[R];
          ATTNBOUNDS_UNROLL
          for (int r = 0; r < R; ++r)
            last[r] = t + r * step < count ? T(tokens[back * B + t + r * step]) : T(0);
          ATTNBOUNDS_UNROLL
          for (int c = 0; c < C; ++c) {
            T of_fronts[R] = {};
            ATTNBOUNDS_UNROLL
            for (int a = 0; a < A; ++a) {
              const T weight = weights[(task * A + a) * C + c];
              ATTNBOUNDS_UNROLL
              for (int r = 0; r < R; ++r) of_fronts[r] = fused(fronts[r][a], weight, of_fronts[r]);
            }
            ATTNBOUNDS_UNROLL
            for (int r = 0; r < R; ++r) s.part[r][c] = fused(last[r], of_fronts[r], s.part[r][c]);
          }
        }
        flush(s);
      });
    }
    if (causal()) {
      block.each([&](int t) {
        for (long e = t; e < d * B; e += threads)
          if (e % B < count) scaled[e] = queries.at(first_row + e % B, e / B) / static_cast<T>(d);
      });
      const long end = first_row + count;
      for (long first = first_chunk * rows_of_a_chunk; first < end; first += keys_of_a_tile) {
        const long tile = first + keys_of_a_tile < end ? keys_of_a_tile : end - first;
        block.each([&](int t) {
          for (long e = t; e < tile * d; e += threads) x[e] = keys.at(first + e / d, e % d);
          for (long e = t; e < tile * C; e += threads)
            y[e] = first_column + e % C < columns ? pairs.at(first + e / C, first_column + e % C) : T(0);
        });
        block.each([&](int t) {
          if (t >= step) return;
          Sums& s = registers(t);
          ATTNBOUNDS_UNROLL
          for (int r = 0; r < R; ++r) {
            const long row = t + r * step;
            if (row >= count) continue;
            const long visible = first_row + row + 1 - first;  // keys of the tile that the row sees
            for (long j = 0; j < tile && j < visible; ++j) {
              T score = 0;
              for (long l = 0; l < d; ++l) score = fused(T(scaled[l * B + row]), T(x[j * d + l]), score);
              T weight = coefficients[degree];
              for (long k = degree; k-- > 0;) weight = fused(weight, score, T(coefficients[k]));
              ATTNBOUNDS_UNROLL
              for (int c = 0; c < C; ++c) s.part[r][c] = fused(weight, T(y[j * C + c]), s.part[r][c]);
            }
          }
          flush(s);
        });
      }
    }
    block.each([&](int t) {
      if (t >= step) return;
      const Sums& s = registers(t);
      ATTNBOUNDS_UNROLL
      for (int r = 0; r < R; ++r) {
        const long row = t + r * step, i = first_row + row;
        if (row >= count) continue;
        if (output.present()) {
          double denominator = 0;
          ATTNBOUNDS_UNROLL
          for (int c = 0; c < C; ++c) denominator = c == columns - 1 ? s.total[r][c] : denominator;
          const double inverse = 1.0 / denominator;
          denominators[i] = denominator;
          ATTNBOUNDS_UNROLL
          for (int c = 0; c < C; ++c)
            if (c < columns - 1) output[i * (columns - 1) + c] = static_cast<T>(s.total[r][c] * inverse) * up;
        } else {
          ATTNBOUNDS_UNROLL
          for (int c = 0; c < C; ++c)
            if (first_column + c < columns) sums[i * columns + first_column + c] = s.total[r][c];
        }
      }
    });
  }
};

/// Quotients by the last column of sums that several passes wrote.
template <class M, class T>
struct Quotients {
  static constexpr int threads = 128;
  typename M::template In<double> sums;
  typename M::template Out<T> output;
  typename M::template Out<double> denominators;
  long rows = 0, columns = 1;
  T up = 1;
  long shared_bytes() const { return 0; }
  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    block.each([&](int t) {
      const long i = block.x() * threads + t;
      if (i >= rows) return;
      const double denominator = sums[i * columns + columns - 1], inverse = 1.0 / denominator;
      denominators[i] = denominator;
      for (long c = 0; c < columns - 1; ++c)
        output[i * (columns - 1) + c] = static_cast<T>(sums[i * columns + c] * inverse) * up;
    });
  }
};

}  // namespace attnbounds::cuda
