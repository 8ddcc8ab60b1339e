// The methods as launches of block programs, for any backend: the emulator, or a GPU (device_backend.cuh).
// Each is a class that uploads its input when made, runs in `run()` (what a benchmark times), and downloads.
//   ExactAttention        one launch
//   PolynomialAttention   Moments (keys), Combine, Rows; causal: the same with a table a chunk of 256 tokens
//   TensorAttention       Moments and Combine of both sides, Rows
// (gradients: gradient.hpp). How the two products with features are computed is a type: Plain<T> here, by
// ordinary instructions, or OnTensorCores (mixed.hpp). The shape of every sum follows from sizes alone, so
// the bytes do not depend on the GPU.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "exact.hpp"
#include "kernels.hpp"
#include "rows.hpp"

namespace attnbounds::cuda {

constexpr long tokens_of_a_chunk = 256;       // of causal attention
constexpr long comfortable_bytes = 96 << 10;  // of shared memory: two blocks or more fit a multiprocessor
constexpr long most_bytes = 160 << 10;        // what an A100 has for a block

/// The width of a pass over `columns` that wastes least, and f(std::integral_constant) with it.
inline long best_width(long columns) {
  long best = 3, least = 0;
  for (const long width : {3L, 5L, 9L}) {
    const long cost = divide_up(columns, width) * (width + 1);
    if (least == 0 || cost <= least) best = width, least = cost;
  }
  return best;
}
template <class F>
void with_width(long columns, const F& f) {
  switch (best_width(columns)) {
    case 3:
      return f(std::integral_constant<int, 3>());
    case 5:
      return f(std::integral_constant<int, 5>());
    default:
      return f(std::integral_constant<int, 9>());
  }
}

/// Upload, run, download.
template <class Backend, class Method, class... Arguments>
auto result_of(const Arguments&... arguments) {
  Backend backend;
  Method method(backend, arguments...);
  method.run();
  return method.result();
}

template <class Backend>
struct PlanOnDevice {
  using Array = typename Backend::template Array<int>;
  Array front_parent, front_variable, back_parent, back_variable, task_front, task_back;
  MonomialPlan<typename Backend::Memory> plan;
  PlanOnDevice(Backend& backend, const SplitMonomials& m)
      : front_parent(backend.upload("front parents", m.front.parent)),
        front_variable(backend.upload("front variables", m.front.variable)),
        back_parent(backend.upload("back parents", m.back.parent)),
        back_variable(backend.upload("back variables", m.back.variable)),
        task_front(backend.upload("task fronts", m.task_front)),
        task_back(backend.upload("task backs", m.task_back)),
        plan{Backend::in(front_parent),
             Backend::in(front_variable),
             Backend::in(back_parent),
             Backend::in(back_variable),
             Backend::in(task_front),
             Backend::in(task_back),
             m.front.size(),
             m.fronts,
             m.back.size(),
             m.tasks()} {}
};

inline MomentShape moment_shape(const SplitMonomials& m, long tokens, long dimension, long width,
                                long bytes_each, const Tuning& tuning, Masking mask) {
  MomentShape shape;
  shape.tokens = tokens;
  const long of_a_token = ((m.table_entries() | 1) + dimension + width) * bytes_each;
  while (shape.tile > 1 &&
         shape.tile * of_a_token > (shape.tile > 8 ? comfortable_bytes : most_bytes - (40L << 10)))
    shape.tile /= 2;
  if (shape.tile * of_a_token > most_bytes - (40L << 10))
    throw std::length_error("monomials of a token do not fit a block's shared memory");
  shape.tokens_of_a_group =
      mask == Masking::causal
          ? tokens_of_a_chunk
          : std::min(divide_up(divide_up(tokens, tuning.most_groups), shape.tile), 64L) * shape.tile;
  shape.groups = divide_up(tokens, shape.tokens_of_a_group);
  shape.task_chunks = divide_up(m.tasks(), 128);
  shape.chunk_tasks = divide_up(m.tasks(), shape.task_chunks);
  while (shape.slices * 2 * shape.chunk_tasks <= 128 && shape.slices * 2 <= std::min(shape.tile, 32L))
    shape.slices *= 2;
  return shape;
}

/// Tokens on the device.
template <class Backend, class T>
struct RowsOnDevice {
  typename Backend::template Array<T> data, centre, scale;
  TokenRows<typename Backend::Memory, T> rows;
  RowsOnDevice(Backend& backend, const char* name, Rowwise<T> tokens, const std::vector<T>& centres,
               const std::vector<T>& scales)
      : data(backend.upload(name, std::vector<T>(tokens.data, tokens.data + tokens.rows * tokens.columns))),
        scale(backend.upload("scales", scales.empty()
                                           ? std::vector<T>(static_cast<std::size_t>(tokens.columns), T(1))
                                           : scales)) {
    rows.data = Backend::in(data);
    rows.scale = Backend::in(scale);
    if (!centres.empty()) {
      centre = backend.upload("centres", centres);
      rows.centre = Backend::in(centre);
    }
    rows.rows = tokens.rows;
    rows.columns = tokens.columns;
  }
};

/// One product with features on the keys' side and its sum over groups.
template <class Backend, class Products>
struct MomentSums {
  using M = typename Backend::Memory;
  using T = typename Products::Number;
  MomentShape shape;
  long columns, entries;
  typename Backend::template Array<double> groups, sums;

  MomentSums(Backend& backend, const SplitMonomials& m, const TokenRows<M, T>& rows,
             const ColumnPairs<M, T>& pairs, const Tuning& tuning, Masking mask)
      : shape(Products::shape(m, rows.rows, rows.columns, pairs.columns(), tuning, mask)),
        columns(pairs.columns()),
        entries(m.places() * columns),
        groups(backend.template make<double>("sums of groups", shape.groups * entries)),
        sums(backend.template make<double>("sums", entries)) {}
  void run(Backend& backend, const MonomialPlan<M>& plan, const TokenRows<M, T>& rows,
           const ColumnPairs<M, T>& pairs) {
    Products::template moments<Backend>(backend, plan, rows, pairs, shape, groups);
  }
  Combine<M, T> combine() const {
    Combine<M, T> program;
    program.sums = Backend::in(groups);
    program.groups = shape.groups;
    program.entries = entries;
    program.columns = columns;
    return program;
  }
  static Grid combine_grid(long entries) {
    return {divide_up(entries, Combine<M, T>::entries_of_a_block), 1, 1};
  }
  void run_raw(Backend& backend) {
    Combine<M, T> program = combine();
    program.raw = sums;
    backend.launch(program, combine_grid(entries));
  }
  /// Of a term in Moments and Combine, from x and y on (weights not counted).
  TermRoundings roundings(const SplitMonomials& m) const { return Products::of_moments(m, shape); }
};

/// One product with features on the queries' side: what Rows is given (rows.hpp).
template <class M, class T>
struct RowsTask {
  TokenRows<M, T> queries;
  typename M::template In<T> table;
  long columns = 1;
  long rows_of_a_chunk = 0;
  TokenRows<M, T> keys;
  ColumnPairs<M, T> pairs;
  typename M::template In<T> coefficients;
  long degree = 0;
  typename M::template In<double> start;
  typename M::template Out<double> sums;
  typename M::template Out<T> output;
  typename M::template Out<double> denominators;
  T up = 1;
  Masking mask() const { return rows_of_a_chunk > 0 ? Masking::causal : Masking::none; }
};

/// Launches Rows with as many rows a block as fit.
template <class Backend, class T>
void launch_rows(Backend& backend, const MonomialPlan<typename Backend::Memory>& plan,
                 const RowsTask<typename Backend::Memory, T>& task, const Tuning& tuning) {
  using M = typename Backend::Memory;
  const long rows = task.queries.rows, columns = task.columns,
             of_a_row = (plan.entries() + (task.mask() == Masking::causal ? task.queries.columns : 0)) *
                        static_cast<long>(sizeof(T));
  long block = 1;
  while (block < tuning.rows_of_a_block && block * 2 * of_a_row + (24L << 10) <= most_bytes) block *= 2;
  if (of_a_row + (24L << 10) > most_bytes)
    throw std::length_error("monomials of a token do not fit a block's shared memory");
  const bool two = block == 256 && rows >= tuning.rows_for_two_a_thread;
  if (!two) block = std::min(block, 128L);
  with_width(columns, [&](auto width) {
    const auto with_rows = [&](auto program) {
      program.queries = task.queries;
      program.plan = plan;
      program.table = task.table;
      program.columns = columns;
      program.rows_of_a_block = block;
      program.rows_of_a_chunk = task.rows_of_a_chunk;
      program.keys = task.keys;
      program.pairs = task.pairs;
      program.coefficients = task.coefficients;
      program.degree = task.degree;
      program.start = task.start;
      program.sums = task.sums;
      program.output = task.output;
      program.denominators = task.denominators;
      program.up = task.up;
      backend.launch(program, {divide_up(rows, block), divide_up(columns, width()), 1});
    };
    if (two) with_rows(Rows<M, T, width(), 2>());
    else with_rows(Rows<M, T, width(), 1>());
  });
}

/// The products with features by ordinary instructions, in T.
template <class T>
struct Plain {
  using Number = T;
  static constexpr bool rows_divide = true;  // Rows can end with the quotients
  static constexpr double lost = least_positive<T>;
  static MomentShape shape(const SplitMonomials& m, long tokens, long dimension, long columns,
                           const Tuning& tuning, Masking mask) {
    return moment_shape(m, tokens, dimension, best_width(columns), sizeof(T), tuning, mask);
  }
  template <class Backend, class M = typename Backend::Memory>
  static void moments(Backend& backend, const MonomialPlan<M>& plan, const TokenRows<M, T>& rows,
                      const ColumnPairs<M, T>& pairs, const MomentShape& shape,
                      const typename Backend::template Array<double>& groups) {
    with_width(pairs.columns(), [&](auto width) {
      Moments<M, T, width()> program{rows, pairs, plan, shape, groups};
      backend.launch(program, {shape.groups, shape.task_chunks, divide_up(pairs.columns(), width())});
    });
  }
  template <class Backend, class M = typename Backend::Memory>
  static void rows(Backend& backend, const MonomialPlan<M>& plan, const RowsTask<M, T>& task,
                   const Tuning& tuning) {
    launch_rows(backend, plan, task, tuning);
  }
  static TermRoundings of_moments(const SplitMonomials& m, const MomentShape& shape) {
    return {std::max(m.degree - 1, 0) + 1 + divide_up(shape.tile, shape.slices),
            shape.tokens_of_a_group / shape.tile + shape.slices + 4};
  }
  static TermRoundings of_rows(const SplitMonomials& m) {
    return {std::max(m.degree - 1, 0) + 4 + 32, divide_up(m.tasks(), 32)};
  }
};

template <class Backend, class T>
class ExactAttention {
 public:
  ExactAttention(Backend& backend, const AttentionJob<T>& job)
      : backend_(backend),
        queries_(backend, "queries", job.q, {}, job.scaling.query_scale),
        keys_(backend, "keys", job.k, job.scaling.centre, job.scaling.key_scale),
        values_(
            backend.upload("values", std::vector<T>(job.v.data, job.v.data + job.v.rows * job.v.columns))),
        output_(backend.template make<T>("output", job.q.rows * job.v.columns)),
        denominators_(backend.template make<double>("denominators", job.q.rows)),
        problem_{queries_.rows,
                 keys_.rows,
                 Backend::in(values_),
                 job.v.columns,
                 job.down,
                 job.up,
                 job.mask == Masking::causal ? 1 : 0,
                 output_,
                 denominators_} {}
  void run() {
    const long n = problem_.queries.rows, widest = std::max(problem_.queries.columns, problem_.value_columns);
    if (widest <= 4) backend_.launch(NarrowExact<M, T, 4, 2>{problem_}, {divide_up(n, 256), 1, 1});
    else if (widest <= 8) backend_.launch(NarrowExact<M, T, 8, 1>{problem_}, {divide_up(n, 128), 1, 1});
    else if (problem_.value_columns <= 16) wide<1>(n);
    else wide<4>(n);
  }
  Attended<T> result() {
    const bool narrow = std::max(problem_.queries.columns, problem_.value_columns) <= 8;
    return {backend_.download(output_),
            backend_.download(denominators_),
            // 64 of a tile; tiles, each rescaled exactly
            {keys_of_a_tile, divide_up(problem_.keys.rows, keys_of_a_tile) + (narrow ? 0 : 20)}};
  }

 private:
  using M = typename Backend::Memory;
  template <int CV>
  void wide(long n) {
    using Program = WideExact<M, T, CV>;
    backend_.launch(Program{problem_},
                    {divide_up(n, Program::rows), divide_up(problem_.value_columns, Program::columns), 1});
  }
  Backend& backend_;
  RowsOnDevice<Backend, T> queries_, keys_;
  typename Backend::template Array<T> values_, output_;
  typename Backend::template Array<double> denominators_;
  ExactProblem<M, T> problem_;
};

/// Rows of quotients: what the polynomial methods end with.
template <class Backend, class Products>
class RowQuotients {
  using T = typename Products::Number;

 public:
  RowQuotients(Backend& backend, long rows, long columns)
      : rows_(rows),
        columns_(columns),
        output(backend.template make<T>("output", rows * (columns - 1))),
        denominators(backend.template make<double>("denominators", rows)),
        sums_(backend.template make<double>("row sums", one_pass() ? 1 : rows * columns)) {}
  bool one_pass() const { return Products::rows_divide && columns_ <= best_width(columns_); }
  void into(RowsTask<typename Backend::Memory, T>& task, T up) const {
    if (one_pass()) task.output = output, task.denominators = denominators, task.up = up;
    else task.sums = sums_;
  }
  void finish(Backend& backend, T up) const {
    if (one_pass()) return;
    Quotients<typename Backend::Memory, T> program{Backend::in(sums_), output, denominators, rows_,
                                                   columns_,           up};
    backend.launch(program, {divide_up(rows_, 128), 1, 1});
  }

 private:
  long rows_, columns_;

 public:
  typename Backend::template Array<T> output;
  typename Backend::template Array<double> denominators;

 private:
  typename Backend::template Array<double> sums_;
};

/// What both polynomial methods of matrix attention upload.
template <class Backend, class T>
struct PolynomialOperands {
  SplitMonomials monomials;
  PlanOnDevice<Backend> plan;
  RowsOnDevice<Backend, T> queries, keys;
  typename Backend::template Array<T> values;
  typename Backend::template Array<double> weights;
  ColumnPairs<typename Backend::Memory, T> pairs;
  PolynomialOperands(Backend& backend, const AttentionJob<T>& job, const std::vector<double>& coefficients)
      : monomials(
            split_monomials(static_cast<int>(job.q.columns), static_cast<int>(coefficients.size()) - 1)),
        plan(backend, monomials),
        queries(backend, "queries", job.q, {}, job.scaling.query_scale),
        keys(backend, "keys", job.k, job.scaling.centre, job.scaling.key_scale),
        values(backend.upload("values", std::vector<T>(job.v.data, job.v.data + job.v.rows * job.v.columns))),
        weights(backend.upload("weights", monomial_weights(monomials, coefficients))),
        pairs{Backend::in(values), {}, job.v.columns, 1, 0, 1, job.down} {}
};

template <class Backend, class Products>
class PolynomialAttention {
  using M = typename Backend::Memory;
  using T = typename Products::Number;

 public:
  PolynomialAttention(Backend& backend, const AttentionJob<T>& job, const std::vector<double>& coefficients,
                      const Tuning& tuning)
      : backend_(backend),
        tuning_(tuning),
        mask_(job.mask),
        up_(job.up),
        of_(backend, job, coefficients),
        coefficients_(
            backend.upload("coefficients", std::vector<T>(coefficients.begin(), coefficients.end()))),
        moments_(backend, of_.monomials, of_.keys.rows, of_.pairs, tuning, job.mask),
        chunks_(mask_ == Masking::causal ? moments_.shape.groups : 1),
        table_(backend.template make<T>("table", chunks_ * moments_.entries)),
        quotients_(backend, job.q.rows, of_.pairs.columns()) {}
  void run() {
    moments_.run(backend_, of_.plan.plan, of_.keys.rows, of_.pairs);
    Combine<M, T> combine = moments_.combine();
    combine.weights = Backend::in(of_.weights);
    combine.table = table_;
    combine.prefixes = mask_ == Masking::causal ? 1 : 0;
    backend_.launch(combine, moments_.combine_grid(moments_.entries));
    RowsTask<M, T> task;
    task.queries = of_.queries.rows;
    task.table = Backend::in(table_);
    task.columns = of_.pairs.columns();
    if (mask_ == Masking::causal) {
      task.rows_of_a_chunk = tokens_of_a_chunk;
      task.keys = of_.keys.rows;
      task.pairs = of_.pairs;
      task.coefficients = Backend::in(coefficients_);
      task.degree = of_.monomials.degree;
    }
    quotients_.into(task, up_);
    Products::template rows<Backend>(backend_, of_.plan.plan, task, tuning_);
    quotients_.finish(backend_, up_);
  }
  Attended<T> result() {
    const long g = of_.monomials.degree, d = of_.monomials.dimension;
    const TermRoundings of_rows = Products::of_rows(of_.monomials);
    TermRoundings features =
        moments_.roundings(of_.monomials) + of_rows + TermRoundings{1, weight_roundings(g) + 1};
    if (mask_ == Masking::causal) {  // the larger of the two ways, and the sum of both
      features.narrow = std::max(features.narrow, g * (d + 2) + 3 + 64);
      features.wide = std::max(features.wide, of_rows.wide) + tokens_of_a_chunk / 64;
    }
    return {backend_.download(quotients_.output), backend_.download(quotients_.denominators), features,
            Products::lost};
  }

 protected:
  struct Parts {
    PlanOnDevice<Backend>& plan;
    MomentSums<Backend, Products>& moments;
  };
  Parts parts() { return {of_.plan, moments_}; }  // for tests that break them

 private:
  Backend& backend_;
  Tuning tuning_;
  Masking mask_;
  T up_;
  PolynomialOperands<Backend, T> of_;
  typename Backend::template Array<T> coefficients_;
  MomentSums<Backend, Products> moments_;
  long chunks_;
  typename Backend::template Array<T> table_;
  RowQuotients<Backend, Products> quotients_;
};

template <class Backend, class Products>
class TensorAttention {
  using M = typename Backend::Memory;
  using T = typename Products::Number;

 public:
  TensorAttention(Backend& backend, const TensorJob<T>& job, const std::vector<double>& coefficients,
                  const Tuning& tuning)
      : backend_(backend),
        tuning_(tuning),
        up_(job.up),
        centre_(job.centre),
        monomials_(
            split_monomials(static_cast<int>(job.q.columns), static_cast<int>(coefficients.size()) - 1)),
        plan_(backend, monomials_),
        queries_(backend, "queries", job.q, {}, job.query_scale),
        keys1_(backend, "first keys", job.k1, {}, job.key1_scale),
        keys2_(backend, "second keys", job.k2, {}, job.key2_scale),
        values1_(backend.upload("first values",
                                std::vector<T>(job.v1.data, job.v1.data + job.v1.rows * job.v1.columns))),
        values2_(backend.upload("second values",
                                std::vector<T>(job.v2.data, job.v2.data + job.v2.rows * job.v2.columns))),
        weights_(backend.upload("weights", monomial_weights(monomials_, coefficients))),
        pairs1_{Backend::in(values1_), {}, job.v1.columns, 1, 0, 1, job.down1},
        pairs2_{Backend::in(values2_), {}, job.v2.columns, 1, 0, 1, job.down2},
        moments1_(backend, monomials_, keys1_.rows, pairs1_, tuning, Masking::none),
        moments2_(backend, monomials_, keys2_.rows, pairs2_, tuning, Masking::none),
        table_(backend.template make<T>("table", moments1_.entries)),
        quotients_(backend, job.q.rows, pairs1_.columns()) {}
  void run() {
    moments1_.run(backend_, plan_.plan, keys1_.rows, pairs1_);
    moments2_.run(backend_, plan_.plan, keys2_.rows, pairs2_);
    moments2_.run_raw(backend_);
    if (centre_.empty()) {
      Combine<M, T> combine = moments1_.combine();
      combine.weights = Backend::in(weights_);
      combine.other = Backend::in(moments2_.sums);
      combine.table = table_;
      backend_.launch(combine, moments1_.combine_grid(moments1_.entries));
    } else {
      moments1_.run_raw(backend_);
      table_ = backend_.upload("table", shifted());
    }
    RowsTask<M, T> task;
    task.queries = queries_.rows;
    task.table = Backend::in(table_);
    task.columns = pairs1_.columns();
    quotients_.into(task, up_);
    Products::template rows<Backend>(backend_, plan_.plan, task, tuning_);
    quotients_.finish(backend_, up_);
  }
  Attended<T> result() {
    const long g = monomials_.degree;
    return {backend_.download(quotients_.output), backend_.download(quotients_.denominators),
            moments1_.roundings(monomials_) + moments2_.roundings(monomials_) +
                Products::of_rows(monomials_) +
                TermRoundings{1, weight_roundings(g) + 2 + (centre_.empty() ? 0 : 2 * g)},
            Products::lost};
  }

 private:
  std::vector<T> shifted() {
    const std::vector<double> first = backend_.download(moments1_.sums),
                              second = backend_.download(moments2_.sums),
                              weights = backend_.download(weights_);
    std::vector<double> table(first.size());
    for (std::size_t e = 0; e < table.size(); ++e) table[e] = first[e] * second[e];
    table = shifted_table(monomials_, std::move(table), moments1_.columns, centre_);
    std::vector<T> weighted(table.size());
    for (std::size_t e = 0; e < table.size(); ++e)
      weighted[e] = static_cast<T>(table[e] * weights[e / static_cast<std::size_t>(moments1_.columns)]);
    return weighted;
  }
  Backend& backend_;
  Tuning tuning_;
  T up_;
  std::vector<double> centre_;
  SplitMonomials monomials_;
  PlanOnDevice<Backend> plan_;
  RowsOnDevice<Backend, T> queries_, keys1_, keys2_;
  typename Backend::template Array<T> values1_, values2_;
  typename Backend::template Array<double> weights_;
  ColumnPairs<M, T> pairs1_, pairs2_;
  MomentSums<Backend, Products> moments1_, moments2_;
  typename Backend::template Array<T> table_;
  RowQuotients<Backend, Products> quotients_;
};

}  // namespace attnbounds::cuda
