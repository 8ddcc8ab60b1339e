// Polynomial attention with both products with features on tensor cores: features and tables in float,
// products of their TF32 halves, sums in double (tensor_cores.hpp has the model and the count of roundings).
//   MixedMoments  a warp has 4 tasks, 16 monomials, against 8 NT columns; 8 tokens a step.
//   MixedRows     a warp has 16 queries against 8 NT columns; 8 monomials a step.
// OnTensorCores is how the pipelines use them: matrix (causal, too) and tensor attention, gradients.
// Roundings of a term, in float: features g - 1, the column 1, a product 62; the table 1, features g - 1, a
// product 62; steps in double. A tile of 8 columns is paid for whole: with d_v + 1 <= 8 the float kernels do
// as little work.
#pragma once

#include "pipeline.hpp"
#include "tensor_cores.hpp"

namespace attnbounds::cuda {

constexpr long tokens_of_a_mixed_tile = 32;

template <class M, int NT>
struct MixedMoments {
  static constexpr int threads = 128, warps = 4, tasks_of_a_warp = 4, C = 8 * NT;
  TokenRows<M, float> rows;
  ColumnPairs<M, float> pairs;
  MonomialPlan<M> plan;
  long tokens_of_a_group = 0;
  typename M::template Out<double> sums;  // [group][place][column]

  static constexpr long tile = tokens_of_a_mixed_tile;
  ATTNBOUNDS_BOTH long stride() const { return plan.entries() | 1; }
  long shared_bytes() const {
    return shared_bytes_of<float>(tile * rows.columns) + 2 * shared_bytes_of<float>(tile * C) +
           shared_bytes_of<float>(tile * stride());
  }
  struct Sums {
    SumTile<double, M::on_device> total[NT];
  };
  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    const long d = rows.columns, all = pairs.columns(), first_column = block.z() * C,
               start = block.x() * tokens_of_a_group,
               end = start + tokens_of_a_group < rows.rows ? start + tokens_of_a_group : rows.rows;
    const auto x = block.template shared<float>(tile * d), high = block.template shared<float>(tile * C),
               low = block.template shared<float>(tile * C),
               table = block.template shared<float>(tile * stride());
    auto registers = block.template warp_registers<Sums>();
    for (long first = start; first < end; first += tile) {
      const long count = first + tile < end ? tile : end - first;
      block.each([&](int t) {  // tokens beyond the last are zeros
        for (long e = t; e < tile * d; e += threads)
          x[e] = e / d < count ? rows.at(first + e / d, e % d) : 0.0F;
        for (long e = t; e < tile * C; e += threads) {
          const bool there = e / C < count && first_column + e % C < all;
          const Tf32Halves y = halves(there ? pairs.at(first + e / C, first_column + e % C) : 0.0F);
          high[e] = y.high;
          low[e] = y.low;
        }
      });
      block.each([&](int t) {
        for (long e = t; e < 2 * tile; e += threads) {
          const long token = e % tile;
          fill_table<M, float>(
              plan, static_cast<int>(e / tile), [&](long l) -> float { return x[token * d + l]; },
              Strided<decltype(table), float>{table, token * stride(), 1});
        }
      });
      block.each_warp([&](int w) {
        Sums& s = registers(w);
        const long first_task = (block.y() * warps + w) * tasks_of_a_warp;
        for (long token = 0; token < tile; token += 8) {
          LeftTile<M::on_device> x_high, x_low;
          x_high.each([&](int row, int k, float& entry) {
            const long task = first_task + row / 4, at = (token + k) * stride();
            entry = task < plan.tasks ? float(table[at + plan.task_front[task] + row % 4]) *
                                            float(table[at + plan.fronts + plan.task_back[task]])
                                      : 0.0F;
          });
          split(x_high, x_low);
          ATTNBOUNDS_UNROLL
          for (int n = 0; n < NT; ++n) {
            RightTile<M::on_device> y_high, y_low;
            y_high.each([&](int k, int c, float& entry) { entry = high[(token + k) * C + 8 * n + c]; });
            y_low.each([&](int k, int c, float& entry) { entry = low[(token + k) * C + 8 * n + c]; });
            add_split_product(s.total[n], x_high, x_low, y_high, y_low);
          }
        }
      });
    }
    block.each_warp([&](int w) {
      Sums& s = registers(w);
      const long first_task = (block.y() * warps + w) * tasks_of_a_warp;
      ATTNBOUNDS_UNROLL
      for (int n = 0; n < NT; ++n)
        s.total[n].each([&](int row, int c, double& entry) {
          const long column = first_column + 8 * n + c, task = first_task + row / 4;
          if (task < plan.tasks && column < all)
            sums[(block.x() * plan.places() + task * 4 + row % 4) * all + column] = entry;
        });
    });
  }
};

template <class M, int NT>
struct MixedRows {
  static constexpr int threads = 128, warps = 4, rows_of_a_block = 16 * warps, tasks_of_a_slice = 8,
                       C = 8 * NT;
  TokenRows<M, float> queries;
  MonomialPlan<M> plan;
  typename M::template In<float> table;   // [chunk][place][column]
  long columns = 1, rows_of_a_chunk = 0;  // 0: no mask; else as in Rows, the part before the chunk
  typename M::template Out<double> sums;  // [row][column]

  long shared_bytes() const {
    return shared_bytes_of<float>(plan.entries() * rows_of_a_block) +
           2 * shared_bytes_of<float>(tasks_of_a_slice * 4 * C);
  }
  struct Sums {
    SumTile<double, M::on_device> total[NT];
  };
  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    constexpr long B = rows_of_a_block;
    const long first_row = block.x() * B, first_column = block.y() * C,
               count = first_row + B < queries.rows ? B : queries.rows - first_row,
               chunk = rows_of_a_chunk > 0 ? first_row / rows_of_a_chunk : 0,
               table_at = chunk * plan.places() * columns;
    const auto tokens = block.template shared<float>(plan.entries() * B),
               high = block.template shared<float>(tasks_of_a_slice * 4 * C),
               low = block.template shared<float>(tasks_of_a_slice * 4 * C);
    auto registers = block.template warp_registers<Sums>();
    block.each([&](int t) {
      for (long e = t; e < 2 * B; e += threads) {
        const long row = e % B;
        fill_table<M, float>(
            plan, static_cast<int>(e / B),
            [&](long l) -> float { return row < count ? queries.at(first_row + row, l) : 0.0F; },
            Strided<decltype(tokens), float>{tokens, row, B});
      }
    });
    for (long first = 0; first < plan.tasks; first += tasks_of_a_slice) {
      block.each([&](int t) {  // places beyond the last have weight 0
        for (long e = t; e < tasks_of_a_slice * 4 * C; e += threads) {
          const long place = first * 4 + e / C, column = first_column + e % C;
          const Tf32Halves y = halves(
              place < plan.places() && column < columns ? table[table_at + place * columns + column] : 0.0F);
          high[e] = y.high;
          low[e] = y.low;
        }
      });
      block.each_warp([&](int w) {
        Sums& s = registers(w);
        for (long task = 0; task < tasks_of_a_slice && first + task < plan.tasks; task += 2) {
          LeftTile<M::on_device> x_high, x_low;
          x_high.each([&](int row, int k, float& entry) {
            const long at = first + task + k / 4, of_row = w * 16 + row;
            entry = at < plan.tasks ? float(tokens[(plan.task_front[at] + k % 4) * B + of_row]) *
                                          float(tokens[(plan.fronts + plan.task_back[at]) * B + of_row])
                                    : 0.0F;
          });
          split(x_high, x_low);
          ATTNBOUNDS_UNROLL
          for (int n = 0; n < NT; ++n) {
            RightTile<M::on_device> y_high, y_low;
            y_high.each([&](int k, int c, float& entry) { entry = high[(task * 4 + k) * C + 8 * n + c]; });
            y_low.each([&](int k, int c, float& entry) { entry = low[(task * 4 + k) * C + 8 * n + c]; });
            add_split_product(s.total[n], x_high, x_low, y_high, y_low);
          }
        }
      });
    }
    block.each_warp([&](int w) {
      Sums& s = registers(w);
      ATTNBOUNDS_UNROLL
      for (int n = 0; n < NT; ++n)
        s.total[n].each([&](int row, int c, double& entry) {
          const long column = first_column + 8 * n + c, of_row = w * 16 + row;
          if (of_row < count && column < columns) sums[(first_row + of_row) * columns + column] = entry;
        });
    });
  }
};

/// The products with features on tensor cores. Under a causal mask the part inside a chunk is Rows's, in
/// float.
struct OnTensorCores {
  using Number = float;
  static constexpr bool rows_divide = false;
  static constexpr double lost = 0x1p-125;  // (TC) promises nothing of products below the normal floats
  static MomentShape shape(const SplitMonomials& m, long tokens, long, long, const Tuning& tuning,
                           Masking mask) {
    MomentShape shape;
    shape.tokens = tokens;
    shape.tile = tokens_of_a_mixed_tile;
    shape.tokens_of_a_group = mask == Masking::causal
                                  ? tokens_of_a_chunk
                                  : divide_up(divide_up(tokens, tuning.most_groups), shape.tile) * shape.tile;
    shape.groups = divide_up(tokens, shape.tokens_of_a_group);
    shape.task_chunks = divide_up(m.tasks(), 16);
    return shape;
  }
  template <class Backend, class M = typename Backend::Memory>
  static void moments(Backend& backend, const MonomialPlan<M>& plan, const TokenRows<M, float>& rows,
                      const ColumnPairs<M, float>& pairs, const MomentShape& shape,
                      const typename Backend::template Array<double>& groups) {
    with_tiles(pairs.columns(), [&](auto tiles) {
      launch_fitting(backend, MixedMoments<M, tiles()>{rows, pairs, plan, shape.tokens_of_a_group, groups},
                     {shape.groups, shape.task_chunks, divide_up(pairs.columns(), 8 * tiles())});
    });
  }
  template <class Backend, class M = typename Backend::Memory>
  static void rows(Backend& backend, const MonomialPlan<M>& plan, const RowsTask<M, float>& task,
                   const Tuning& tuning) {
    with_tiles(task.columns, [&](auto tiles) {
      using Program = MixedRows<M, tiles()>;
      launch_fitting(
          backend, Program{task.queries, plan, task.table, task.columns, task.rows_of_a_chunk, task.sums},
          {divide_up(task.queries.rows, Program::rows_of_a_block), divide_up(task.columns, 8 * tiles()), 1});
    });
    if (task.mask() == Masking::none) return;
    MonomialPlan<M> nothing = plan;  // no task, so no table of a token
    nothing.front_count = nothing.fronts = nothing.backs = 1;
    nothing.tasks = 0;
    RowsTask<M, float> inside = task;
    inside.start = M::in(task.sums);
    launch_rows(backend, nothing, inside, tuning);
  }
  static TermRoundings of_moments(const SplitMonomials& m, const MomentShape& shape) {
    return {std::max(m.degree - 1, 0) + 1 + roundings_of_a_split_product, shape.tokens_of_a_group / 8 + 4};
  }
  static TermRoundings of_rows(const SplitMonomials& m) {
    return {std::max(m.degree - 1, 0) + roundings_of_a_split_product, divide_up(m.places(), 8)};
  }

 private:
  template <class F>
  static void with_tiles(long columns, const F& f) {  // 8 columns each
    if (columns <= 8) f(std::integral_constant<int, 1>());
    else f(std::integral_constant<int, 4>());
  }
  template <class Backend, class Program>
  static void launch_fitting(Backend& backend, const Program& program, Grid grid) {
    if (program.shared_bytes() > most_bytes)
      throw std::length_error("monomials of a token do not fit a block's shared memory");
    backend.launch(program, grid);
  }
};

}  // namespace attnbounds::cuda
