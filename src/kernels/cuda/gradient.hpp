// dL/dX of the matrix and the tensor loss from moments (docs/kernels_tensor_gradient.md, section 2):
//   M_m[l,b] = sum_j k_j^m [h_j,1]_l [y_j,1]_b of each side (for pairs their product),
//   N_i, D_i = sum_m w_m x_i^m M_m[l,1],   c_i = N_i/D_i - E_i,   gamma_i = (c_i, -<c_i, N_i/D_i>)/D_i,
//   G_m[a,l] = sum_i x_i^m A1_ia gamma_il,   dL/dX_ab = (1/d) sum_m w_m sum_l G_m[a,l] M_m[l,b].
// Three launches of Moments or Rows, and GradientRows between them; the tables are weighted and contracted on
// the host (r (1 + d_v)(1 + d) numbers). Operations of GradientRows and of the contraction are those of
// kernels/gradient_rows.cpp and gradient_kernels.cpp, in double for every T but that gamma and the table of
// the forward sums are rounded to T; so their bound holds with the roundings counted here.
// Two sides do not give M_{m + e_b} as one does on the CPU: the columns [h,1] (x) [y,1] are summed for both.
#pragma once

#include <memory>

#include "pipeline.hpp"

namespace attnbounds::cuda {

/// gamma of each row, from N and D.
template <class M, class T>
struct GradientRows {
  static constexpr int threads = 128;
  typename M::template In<double> sums, target;  // rows x (columns + 1), rows x columns
  typename M::template Out<T> gamma;             // rows x (columns + 1)
  long rows = 0, columns = 0;
  long shared_bytes() const { return 0; }
  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    block.each([&](int t) {
      const long i = block.x() * threads + t, at = i * (columns + 1);
      if (i >= rows) return;
      const double denominator = sums[at + columns];
      double mean_c = 0;
      for (long l = 0; l < columns; ++l) {
        const double mean = sums[at + l] / denominator, c = mean - target[i * columns + l];
        gamma[at + l] = static_cast<T>(c / denominator);
        mean_c += c * mean;
      }
      gamma[at + columns] = static_cast<T>(-mean_c / denominator);
    });
  }
};

template <class Backend, class Products>
class GradientOfLoss {
  using M = typename Backend::Memory;
  using T = typename Products::Number;

 public:
  GradientOfLoss(Backend& backend, const GradientJob<T>& job, const std::vector<double>& coefficients,
                 const Tuning& tuning)
      : backend_(backend),
        tuning_(tuning),
        centre_(job.centre),
        divisor_(static_cast<double>(job.score_divisor)),
        values_(job.target.columns),
        d_(job.a1.columns),
        monomials_(
            split_monomials(static_cast<int>(job.x.columns), static_cast<int>(coefficients.size()) - 1)),
        weights_(weights_of(coefficients)),
        plan_(backend, monomials_),
        x_(backend, "queries", job.x, {}, {}),
        a1_(upload("A1", job.a1)),
        target_(upload("target", job.target)),
        gamma_(backend.template make<T>("gamma", job.x.rows * (values_ + 1))),
        row_sums_(backend.template make<double>("row sums", job.x.rows * (values_ + 1))),
        query_pairs_{Backend::in(gamma_), Backend::in(a1_), values_ + 1, 0, d_, 0, 1},
        query_moments_(backend, monomials_, x_.rows, query_pairs_, tuning, Masking::none) {
    for (const auto& side : job.sides) sides_.push_back(std::make_unique<Side>(*this, side));
  }
  void run() {
    for (auto& side : sides_) {
      side->moments.run(backend_, plan_.plan, side->keys.rows, side->pairs);
      side->moments.run_raw(backend_);
    }
    make_tables();
    RowsTask<M, T> task;
    task.queries = x_.rows;
    task.table = Backend::in(forward_);
    task.columns = values_ + 1;
    task.sums = row_sums_;
    Products::template rows<Backend>(backend_, plan_.plan, task, tuning_);
    backend_.launch(
        GradientRows<M, T>{Backend::in(row_sums_), Backend::in(target_), gamma_, x_.rows.rows, values_},
        {divide_up(x_.rows.rows, 128), 1, 1});
    query_moments_.run(backend_, plan_.plan, x_.rows, query_pairs_);
    query_moments_.run_raw(backend_);
    contract();
  }
  /// Forward: moments, the pairs' product, their shift, weight and its product, the table in T, Rows. Of
  /// gamma: the same weighted moments, gamma in T, the queries' moments, their product and its compensated
  /// sum (counted 4).
  Gradient result() {
    TermRoundings table{0, weight_roundings(monomials_.degree) + 1};
    for (auto& side : sides_) table = table + side->moments.roundings(monomials_);
    if (sides_.size() == 2) table = table + TermRoundings{0, 1};
    if (!centre_.empty()) table = table + TermRoundings{0, 2L * monomials_.degree};
    return {gradient_, backend_.download(row_sums_),
            table + TermRoundings{1, 0} + Products::of_rows(monomials_),
            table + TermRoundings{1, 0} + query_moments_.roundings(monomials_) + TermRoundings{0, 1 + 4},
            Products::lost};
  }
  long keys() const { return sides_.size() == 1 ? d_ : d_ * d_; }

 private:
  template <class X>
  using Array = typename Backend::template Array<X>;
  struct Side {
    RowsOnDevice<Backend, T> keys;
    Array<T> values, columns;
    ColumnPairs<M, T> pairs;
    MomentSums<Backend, Products> moments;
    Side(GradientOfLoss& all, const typename GradientJob<T>::Side& side)
        : keys(all.backend_, "keys", side.variables, {}, {}),
          values(all.upload("values", side.values)),
          columns(all.upload("key columns", side.keys)),
          pairs{Backend::in(values), Backend::in(columns), side.values.columns, 1, side.keys.columns, 1, 1},
          moments(all.backend_, all.monomials_, keys.rows, pairs, all.tuning_, Masking::none) {}
  };
  template <class X>
  Array<X> upload(const char* name, Rowwise<X> m) {
    return backend_.upload(name, std::vector<X>(m.data, m.data + m.rows * m.columns));
  }
  /// Scores are <x, k>/divisor, whatever the number of variables.
  std::vector<double> weights_of(const std::vector<double>& coefficients) const {
    SplitMonomials plain = monomials_;
    plain.dimension = static_cast<int>(divisor_);
    return monomial_weights(plain, coefficients);
  }
  /// table_ = w_m M_m[l, b], b = 1 last of a side's columns and first here; forward_ its column of ones.
  void make_tables() {
    const long width = values_ + 1, entries = keys() + 1, of_side = width * (d_ + 1);
    std::vector<std::vector<double>> sums;
    for (auto& side : sides_) sums.push_back(backend_.download(side->moments.sums));
    const auto moment = [&](std::size_t side, long m, long l, long b) {
      return sums[side][static_cast<std::size_t>(m * of_side + l * (d_ + 1) + b)];
    };
    table_.assign(static_cast<std::size_t>(monomials_.places() * width * entries), 0.0);
    for (long m = 0; m < monomials_.places(); ++m)
      for (long l = 0; l < width; ++l) {
        double* row = table_.data() + (m * width + l) * entries;
        if (sums.size() == 1) {
          row[0] = moment(0, m, l, d_);
          for (long b = 0; b < d_; ++b) row[1 + b] = moment(0, m, l, b);
          continue;
        }
        row[0] = moment(0, m, l, d_) * moment(1, m, l, d_);
        for (long s = 0; s < d_; ++s)
          for (long t = 0; t < d_; ++t) row[1 + s * d_ + t] = moment(0, m, l, s) * moment(1, m, l, t);
      }
    if (!centre_.empty()) table_ = shifted_table(monomials_, std::move(table_), width * entries, centre_);
    std::vector<T> forward(static_cast<std::size_t>(monomials_.places() * width));
    for (std::size_t e = 0; e < forward.size(); ++e) {
      double* row = table_.data() + e * static_cast<std::size_t>(entries);
      for (long b = 0; b < entries; ++b) row[b] *= weights_[e / static_cast<std::size_t>(width)];
      forward[e] = static_cast<T>(row[0]);
    }
    forward_ = backend_.upload("forward table", forward);
  }
  void contract() {
    const long width = values_ + 1, entries = keys() + 1;
    const std::vector<double> of_queries = backend_.download(query_moments_.sums);
    gradient_.assign(static_cast<std::size_t>(d_ * keys()), 0.0);
    for (long b = 0; b < keys(); ++b)
      for (long a = 0; a < d_; ++a) {
        double high = 0, low = 0;
        for (long m = 0; m < monomials_.places(); ++m)
          for (long l = 0; l < width; ++l)
            compensated_add(high, low,
                            of_queries[static_cast<std::size_t>((m * width + l) * d_ + a)] *
                                table_[static_cast<std::size_t>((m * width + l) * entries + 1 + b)]);
        gradient_[static_cast<std::size_t>(a * keys() + b)] = (high + low) / divisor_;
      }
  }

  Backend& backend_;
  Tuning tuning_;
  std::vector<double> centre_;
  double divisor_;
  long values_, d_;
  SplitMonomials monomials_;
  std::vector<double> weights_;
  PlanOnDevice<Backend> plan_;
  RowsOnDevice<Backend, T> x_;
  Array<T> a1_;
  Array<double> target_;
  Array<T> gamma_;
  Array<double> row_sums_;
  Array<T> forward_;
  ColumnPairs<M, T> query_pairs_;
  MomentSums<Backend, Products> query_moments_;
  std::vector<std::unique_ptr<Side>> sides_;
  std::vector<double> table_, gradient_;
};

}  // namespace attnbounds::cuda
