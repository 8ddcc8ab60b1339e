// Polynomial attention with both products with features on tensor cores: features and tables in float,
// products of their TF32 halves, sums in double (tensor_cores.hpp has the model and the count of roundings).
//   MixedMoments  a warp has 4 tasks, 16 monomials, against 8 NT columns; 8 tokens a step.
//   MixedRows     a warp has 16 queries against 8 NT columns; 8 monomials a step.
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
  typename M::template In<float> table;
  long columns = 1;
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
               count = first_row + B < queries.rows ? B : queries.rows - first_row;
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
          const Tf32Halves y =
              halves(place < plan.places() && column < columns ? table[place * columns + column] : 0.0F);
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

template <class Backend>
class MixedAttention {
 public:
  MixedAttention(Backend& backend, const AttentionJob<float>& job, const std::vector<double>& coefficients)
      : backend_(backend),
        up_(job.up),
        of_(backend, job, coefficients),
        columns_(of_.pairs.columns()),
        tokens_of_a_group_(divide_up(divide_up(job.k.rows, 1024), tokens_of_a_mixed_tile) *
                           tokens_of_a_mixed_tile),
        groups_(divide_up(job.k.rows, tokens_of_a_group_)),
        entries_(of_.monomials.places() * columns_),
        sums_(backend.template make<double>("sums of groups", groups_ * entries_)),
        table_(backend.template make<float>("table", entries_)),
        row_sums_(backend.template make<double>("row sums", job.q.rows * columns_)),
        output_(backend.template make<float>("output", job.q.rows * job.v.columns)),
        denominators_(backend.template make<double>("denominators", job.q.rows)) {
    if (job.mask == Masking::causal) throw std::domain_error("the mixed kernels have no causal mask");
  }
  void run() {
    if (columns_ <= 8) run_with<1>();
    else run_with<4>();
  }
  Attended<float> result() {
    const long g = of_.monomials.degree, features = std::max(g - 1, 0L);
    return {backend_.download(output_),
            backend_.download(denominators_),
            {features + 1 + roundings_of_a_split_product + 1 + features + roundings_of_a_split_product,
             tokens_of_a_group_ / 8 + 4 + weight_roundings(g) + 1 + divide_up(of_.monomials.places(), 8)}};
  }

 private:
  using M = typename Backend::Memory;
  template <int NT>
  void run_with() {
    const long passes = divide_up(columns_, 8 * NT), n = of_.queries.rows.rows;
    backend_.launch(MixedMoments<M, NT>{of_.keys.rows, of_.pairs, of_.plan.plan, tokens_of_a_group_, sums_},
                    {groups_, divide_up(of_.monomials.tasks(), 16), passes});
    Combine<M, float> combine;
    combine.sums = Backend::in(sums_);
    combine.weights = Backend::in(of_.weights);
    combine.table = table_;
    combine.groups = groups_;
    combine.entries = entries_;
    combine.columns = columns_;
    backend_.launch(combine, {divide_up(entries_, Combine<M, float>::entries_of_a_block), 1, 1});
    backend_.launch(
        MixedRows<M, NT>{of_.queries.rows, of_.plan.plan, Backend::in(table_), columns_, row_sums_},
        {divide_up(n, MixedRows<M, NT>::rows_of_a_block), passes, 1});
    backend_.launch(Quotients<M, float>{Backend::in(row_sums_), output_, denominators_, n, columns_, up_},
                    {divide_up(n, 128), 1, 1});
  }
  Backend& backend_;
  float up_;
  PolynomialOperands<Backend, float> of_;
  long columns_, tokens_of_a_group_, groups_, entries_;
  typename Backend::template Array<double> sums_;
  typename Backend::template Array<float> table_;
  typename Backend::template Array<double> row_sums_;
  typename Backend::template Array<float> output_;
  typename Backend::template Array<double> denominators_;
};

template <class Backend>
Attended<float> run_mixed(const AttentionJob<float>& job, const std::vector<double>& coefficients) {
  return result_of<Backend, MixedAttention<Backend>>(job, coefficients);
}
namespace device {
Attended<float> mixed_attention(const AttentionJob<float>& job, const std::vector<double>& coefficients);
}

}  // namespace attnbounds::cuda
