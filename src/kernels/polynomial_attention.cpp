#include "kernels/polynomial_attention.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "kernels/cpu/feature_sums.hpp"
#include "kernels/cpu/quotients.hpp"
#include "kernels/cpu/score_rows.hpp"
#include "kernels/device_attention.hpp"
#include "kernels/float_input.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/prefix_sums.hpp"
#include "numeric/stopwatch.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

constexpr long rows_of_a_task = 512;

template <class T>
struct Problem {
  const Matrix<T>&q, &k, &v;
  const KeyRange<T>& range;
  const PolynomialPlan& plan;
  const ValueScale<T>& values;
  cpu::Features features;
  ThreadCount threads;

  long queries() const { return q.rows(); }
  long keys() const { return k.rows(); }
  long columns() const { return v.cols() + 1; }
  long bytes_of_sums() const { return features.rank * columns() * 16; }
  void add(cpu::KeySums<T>& sums, long first, long last) const {
    sums.add(view(k), view(v), first, last, range.keys(), values.down);
  }
  /// T = diag(w) S
  std::vector<double> weighted(const cpu::KeySums<T>& sums) const {
    std::vector<double> t = sums.sums();
    const std::size_t width = static_cast<std::size_t>(columns());
    for (std::size_t a = 0; a < plan.weights.size(); ++a)
      for (std::size_t c = 0; c < width - (bug(Bug::denominator_unweighted) ? 1 : 0); ++c)
        t[a * width + c] *= plan.weights[a];
    return t;
  }
  void load(typename cpu::QuerySums<T>::Workspace& workspace, long first, long last, long tile) const {
    cpu::load_tokens<T>(view(q), first, last, tile, tile, {nullptr, range.query_scale.data()}, workspace.x());
  }
};

/// What the rows have met on their way.
template <class T>
struct Rows {
  cpu::RowCheck check;
  cpu::QueryScan<T> scan;
  void include(const Rows& other) {
    check.include(other.check);
    scan.include(other.scan);
  }
};

/// `scan`: the queries were not looked at before.
template <class T>
Rows<T> all_keys(const Problem<T>& p, bool scan, Matrix<T>& output) {
  const long groups = key_groups(p.keys(), rows_of_a_task, p.bytes_of_sums(), 16);
  std::vector<std::optional<cpu::KeySums<T>>> parts(static_cast<std::size_t>(groups));
  parallel_for(groups, p.threads, [&](long g) {
    cpu::KeySums<T>& sums = parts[static_cast<std::size_t>(g)].emplace(p.features, p.v.cols());
    p.add(sums, g * p.keys() / groups, (g + 1) * p.keys() / groups);
    sums.rest();
  });
  for (std::size_t g = 1; g < parts.size(); ++g) parts[0]->add(*parts[g]);
  const cpu::QuerySums<T> query_side(p.features, p.weighted(*parts[0]), p.columns());
  parts.clear();

  const long n = p.queries(), tasks = (n + rows_of_a_task - 1) / rows_of_a_task, tile = query_side.tile();
  std::vector<Rows<T>> parts_of_rows(static_cast<std::size_t>(tasks));
  parallel_for(tasks, p.threads, [&](long task) {
    typename cpu::QuerySums<T>::Workspace workspace(query_side);
    Rows<T> rows;
    for (long i = task * rows_of_a_task; i < std::min(n, (task + 1) * rows_of_a_task); i += tile) {
      const long last = std::min(n, i + tile);
      if (scan)
        cpu::load_and_scan<T>(view(p.q), i, last, tile, tile, p.range.queries(), workspace.x(), rows.scan);
      else p.load(workspace, i, last, tile);
      query_side.evaluate(workspace);
      rows.check.include(cpu::quotients<T>(workspace.sums(), tile, p.columns(), last - i,
                                           static_cast<double>(p.keys()), 0, p.values.up,
                                           output.data() + i * p.v.cols()));
    }
    parts_of_rows[static_cast<std::size_t>(task)] = rows;
  });
  for (std::size_t t = 1; t < parts_of_rows.size(); ++t) parts_of_rows[0].include(parts_of_rows[t]);
  return parts_of_rows[0];
}

// Rows by chunks and blocks (kernels/prefix_sums.hpp): earlier blocks by their sums of features, the block of
// its own by P of the scores.
template <class T>
cpu::RowCheck keys_so_far(const Problem<T>& p, UpperBound half_width, Matrix<T>& output) {
  std::vector<T> coefficients;
  for (const Rational& c : p.plan.polynomial.polynomial.coefficients)
    coefficients.push_back(static_cast<T>(nearest(c)));
  const cpu::Scores<T> scores{view(p.q),      view(p.k),    view(p.v), p.range.query_scale.data(),
                              p.range.keys(), p.values.down};
  const cpu::ScoreRows<T> score_rows(scores, coefficients, half_width.value());
  std::vector<cpu::RowCheck> checks(most_chunks);
  over_chunks(
      p.queries(), p.bytes_of_sums(), p.threads, [&] { return cpu::KeySums<T>(p.features, p.v.cols()); },
      [&](cpu::KeySums<T>& sums, long first, long last) { p.add(sums, first, last); },
      [&](long chunk, long from, long end, cpu::KeySums<T>& sums) {
        typename cpu::ScoreRows<T>::Group block(score_rows);
        cpu::QuerySums<T> query_side(p.features, p.weighted(sums), p.columns());
        typename cpu::QuerySums<T>::Workspace workspace(query_side);
        const long tile = query_side.tile();
        for (long first = from; first < end; first += rows_of_a_block) {
          const long last = std::min(end, first + rows_of_a_block);
          block.start(first, last);
          block.add(first, last, !bug(Bug::causal_block_unmasked));
          const double* inside = block.sums();
          for (long i = first; i < last; i += tile) {
            const long to = std::min(last, i + tile);
            p.load(workspace, i, to, tile);
            query_side.evaluate(workspace);
            for (long column = 0; column < p.columns(); ++column)
              for (long t = 0; t < to - i; ++t)
                workspace.sums()[column * tile + t] += inside[column * block.stride() + (i - first) + t];
            checks[static_cast<std::size_t>(chunk)].include(
                cpu::quotients<T>(workspace.sums(), tile, p.columns(), to - i, static_cast<double>(i + 1), 1,
                                  p.values.up, output.data() + i * p.v.cols()));
          }
          if (last == end) break;
          if (!bug(Bug::causal_blocks_forgotten)) p.add(sums, first, last);
          query_side.weigh(p.weighted(sums));
        }
      });
  for (std::size_t c = 1; c < checks.size(); ++c) checks[0].include(checks[c]);
  return checks[0];
}

/// docs/kernels.md, section 2, in units of the scaled values.
template <class T>
UpperBound rounding_bound(const Problem<T>& p, const ScoreRange<T>& range, const cpu::RowCheck& check,
                          Mask mask) {
  const auto number = [](double x) { return UpperBound::exactly(x); };
  const Polynomial& polynomial = p.plan.polynomial.polynomial;
  const long g = p.plan.tree.degree.value, d = p.q.cols();
  const long entries = (2 * g + 1) * range.rounded_before,
             by_features = cpu::roundings_of_a_term<T>(g) + 1 + entries,
             by_scores = g * (d + 2) + cpu::roundings_of_a_weight<T> + 2 + entries;
  const UpperBound relative = gamma<T>(mask == Mask::causal ? std::max(by_features, by_scores) : by_features);
  // 1/mean <= this, the computed mean having three roundings
  const UpperBound per_mean = divide_by_at_least(number(1 + 0x1p-50), check.least_mean);
  const UpperBound terms = relative * absolute_polynomial(polynomial, range.half_width);
  const UpperBound underflow =
      underflow_error<T>() * number(16) * number(static_cast<double>((g + 1) * (d + 2))) *
      power(range.largest_query, g) *
      (number(static_cast<double>(p.plan.tree.rank)) + absolute_polynomial(polynomial, number(1)));
  const UpperBound before =
      (number(2) * terms * p.values.scaled + underflow * (number(1) + p.values.scaled)) * per_mean +
      range.perturbation * p.values.scaled;
  return before + quotient_rounding<T>(p.values.scaled + before);
}

}  // namespace

PolynomialPlan::PolynomialPlan(Eigen::Index dimension, CertifiedPolynomial certified)
    : polynomial(std::move(certified)), tree(monomial_tree(dimension, polynomial.polynomial.degree())) {
  for (const Rational& w : monomial_weights(tree, polynomial.polynomial)) weights.push_back(nearest(w));
}

namespace {

void require_on(const PolynomialPlan& plan, UpperBound half_width) {
  if (!(half_width <= plan.polynomial.half_width))
    throw std::domain_error("polynomial attention: an approximation on the whole score interval");
}

/// `scores` null: the queries are looked at on their way, not under a mask.
template <class T>
BoundedOutput<T> bounded_attention(const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                                   const KeyRange<T>& keys, const ScoreRange<T>* scores,
                                   const PolynomialPlan& plan, Mask mask, ThreadCount threads) {
  if (plan.polynomial.kind != ErrorKind::relative || !(plan.polynomial.error.value() < 1))
    throw std::domain_error("polynomial attention: a relative approximation");
  if (plan.tree.dimension != q.cols()) throw std::domain_error("polynomial attention: a plan for this d");
  if (scores) require_on(plan, scores->half_width);
  BoundedOutput<T> result;
  result.output.resize(q.rows(), v.cols());
  const ValueScale<T> values = value_scale(v, threads);
  const double operations = static_cast<double>(q.rows() + k.rows()) * static_cast<double>(plan.tree.rank) *
                            static_cast<double>(v.cols() + 2);
  const Problem<T> p{q, k, v, keys, plan, values, features_of(plan.tree), threads_for(operations, threads)};
  ScoreRange<T> seen;
  cpu::RowCheck check;
  if (mask == Mask::causal) {
    check = keys_so_far(p, scores->half_width, result.output);
  } else {
    const Rows<T> rows = all_keys(p, !scores, result.output);
    check = rows.check;
    if (!scores) {
      seen = score_range(keys, rows.scan);
      require_on(plan, seen.half_width);
      scores = &seen;
    }
  }
  result.half_width = scores->half_width;
  result.bound_approximation = perturbation_bound(plan.polynomial.error) * values.largest;
  if (values.largest.value() == 0) result.bound_rounding = UpperBound();
  if (check.poison == 0 && values.largest.value() > 0)
    result.bound_rounding = unscaled(values, rounding_bound(p, *scores, check, mask));
  result.bound = bug(Bug::approximation_uncounted) ? result.bound_rounding
                                                   : result.bound_approximation + result.bound_rounding;
  return result;
}

}  // namespace

template <class T>
BoundedOutput<T> polynomial_attention(const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                                      const ScoreRange<T>& range, const PolynomialPlan& plan, Mask mask,
                                      ThreadCount threads) {
  return bounded_attention(q, k, v, range, &range, plan, mask, threads);
}

template <class T>
BoundedOutput<T> polynomial_attention(const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                                      const PolynomialPlan& plan, Mask mask, ThreadCount threads) {
  if (mask == Mask::causal)
    return polynomial_attention(q, k, v, score_range(q, k, threads), plan, mask, threads);
  return bounded_attention<T>(q, k, v, key_range(k, threads), nullptr, plan, mask, threads);
}

namespace {

BoundedOutput<double> in_current_arithmetic(const AttentionInput& input, const ScoreRange<double>& range,
                                            const PolynomialPlan& plan, Mask mask, ThreadCount threads) {
  if (current_device() != Device::cpu)
    return polynomial_attention_on_device(input, range, plan.polynomial, mask);
  if (current_arithmetic() != Arithmetic::in_float)
    return polynomial_attention(input.q, input.k, input.v, range, plan, mask, threads);
  const FloatInput narrow(input, range, threads);
  return narrow.in_units(
      polynomial_attention(narrow.q, narrow.k, narrow.v, narrow.range, plan, mask, threads),
      perturbation_bound(plan.polynomial.error));
}

}  // namespace

AttentionResult polynomial_attention(const AttentionInput& input, const ScoreRange<double>& range,
                                     const CertifiedPolynomial& polynomial, Mask mask, ThreadCount threads) {
  input.validate(mask);
  const Stopwatch stopwatch;
  const PolynomialPlan plan(input.q.cols(), polynomial);
  AttentionResult result(in_current_arithmetic(input, range, plan, mask, threads));
  result.method = AttentionMethod::polynomial;
  result.degree = plan.tree.degree;
  result.rank = plan.tree.rank;
  result.seconds = stopwatch.seconds();
  return result;
}

#define ATTNBOUNDS_POLYNOMIAL(T)                                                                       \
  template BoundedOutput<T> polynomial_attention(const Matrix<T>&, const Matrix<T>&, const Matrix<T>&, \
                                                 const ScoreRange<T>&, const PolynomialPlan&, Mask,    \
                                                 ThreadCount);                                         \
  template BoundedOutput<T> polynomial_attention(const Matrix<T>&, const Matrix<T>&, const Matrix<T>&, \
                                                 const PolynomialPlan&, Mask, ThreadCount)
ATTNBOUNDS_POLYNOMIAL(double);
ATTNBOUNDS_POLYNOMIAL(float);
#undef ATTNBOUNDS_POLYNOMIAL

}  // namespace attnbounds
