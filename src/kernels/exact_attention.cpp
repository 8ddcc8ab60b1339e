#include "kernels/exact_attention.hpp"

#include <algorithm>
#include <cmath>

#include "attention/enclosure.hpp"
#include "kernels/cpu/quotients.hpp"
#include "kernels/cpu/score_rows.hpp"
#include "kernels/device_attention.hpp"
#include "kernels/float_input.hpp"
#include "kernels/guarantee.hpp"
#include "numeric/stopwatch.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

/// docs/kernels.md, section 3, in units of the scaled values.
template <class T>
UpperBound fused_rounding(const ScoreRange<T>& range, const ValueScale<T>& values, long keys,
                          long dimension) {
  const auto number = [](double x) { return UpperBound::exactly(x); };
  const UpperBound u = unit_roundoff<T>(), eta = underflow_error<T>();
  const UpperBound score_error = gamma<T>(dimension + 1 + 2 * range.rounded_before) * range.half_width +
                                 range.perturbation + eta * number(static_cast<double>(2 * dimension + 2));
  const UpperBound weight_error = u * number(cpu::exp_error_in_roundoffs + 1);
  const UpperBound sums = gamma<T>(cpu::roundings_of_a_weight<T> + range.rounded_before) * number(2 + 0x1p-9);
  const UpperBound tiny = number(static_cast<double>(keys)) * number(sizeof(T) == 8 ? 0x1p-300 : 0x1p-80);
  const UpperBound before = (score_error + weight_error + sums + tiny) * values.scaled;
  return before + quotient_rounding<T>(values.scaled + before);
}

}  // namespace

template <class T>
BoundedOutput<T> exact_attention_rows(const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                                      const ScoreRange<T>& range, Mask mask, long first, long last,
                                      ThreadCount all) {
  const long m = k.rows(), columns = v.cols();
  BoundedOutput<T> result;
  result.half_width = range.half_width;
  result.output = Matrix<T>::Zero(0, 0);
  result.output.resize(last - first, columns);
  const ValueScale<T> values = value_scale(v, all);
  if (!(range.half_width.value() <= cpu::most_score<T>)) {
    result.output.setZero();
    return result;
  }
  const cpu::Scores<T> scores{view(q), view(k), view(v), range.query_scale.data(), range.keys(), values.down};
  const cpu::ScoreRows<T> rows(scores, {}, range.half_width.value());
  constexpr long group = cpu::ScoreRows<T>::rows_of_a_group;
  const long groups = (last - first + group - 1) / group;
  std::vector<cpu::RowCheck> checks(static_cast<std::size_t>(groups));
  parallel_for(groups, threads_for(static_cast<double>(last - first) * static_cast<double>(m) * 40, all),
               [&](long g) {
                 typename cpu::ScoreRows<T>::Group work(rows);
                 const long from = first + g * group, to = std::min(last, from + group);
                 work.start(from, to);
                 work.add(0, m, mask == Mask::causal);
                 checks[static_cast<std::size_t>(g)] =
                     cpu::quotients<T>(work.sums(), work.stride(), columns + 1, to - from, 1, 0, values.up,
                                       result.output.data() + (from - first) * columns);
               });
  cpu::RowCheck check;
  for (const cpu::RowCheck& c : checks) check.include(c);
  if (check.poison == 0 && check.least_mean > 0)
    result.bound_rounding = bug(Bug::fused_rounding_uncounted)
                                ? UpperBound()
                                : unscaled(values, fused_rounding(range, values, m, q.cols()));
  result.bound = result.bound_rounding;
  return result;
}

template <class T>
BoundedOutput<T> exact_attention(const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v, Mask mask,
                                 ThreadCount threads) {
  return exact_attention_rows(q, k, v, score_range(q, k, threads), mask, 0, q.rows(), threads);
}

namespace {

BoundedOutput<double> in_current_arithmetic(const AttentionInput& input, const ScoreRange<double>& range,
                                            Mask mask, ThreadCount threads) {
  if (current_device() != Device::cpu) return exact_attention_on_device(input, range, mask);
  const long rows = input.q.rows();
  if (current_arithmetic() != Arithmetic::in_float)
    return exact_attention_rows(input.q, input.k, input.v, range, mask, 0, rows, threads);
  const FloatInput narrow(input, range, threads);
  return narrow.in_units(
      exact_attention_rows(narrow.q, narrow.k, narrow.v, narrow.range, mask, 0, rows, threads), UpperBound());
}

}  // namespace

AttentionResult exact_attention(const AttentionInput& input, const ScoreRange<double>& range, Mask mask,
                                ThreadCount threads) {
  input.validate(mask);
  const Stopwatch stopwatch;
  AttentionResult result(in_current_arithmetic(input, range, mask, threads));
  result.seconds = stopwatch.seconds();
  return result;
}

AttentionResult attention_from_enclosures(const Matrix<Interval>& exact) {
  AttentionResult result;
  result.output = exact.unaryExpr([](const Interval& x) { return nearest(midpoint(x)); });
  result.bound = result.bound_rounding = UpperBound::of(largest_error(result.output, exact).interval());
  return result;
}

#define ATTNBOUNDS_EXACT(T)                                                                             \
  template BoundedOutput<T> exact_attention(const Matrix<T>&, const Matrix<T>&, const Matrix<T>&, Mask, \
                                            ThreadCount);                                               \
  template BoundedOutput<T> exact_attention_rows(const Matrix<T>&, const Matrix<T>&, const Matrix<T>&,  \
                                                 const ScoreRange<T>&, Mask, long, long, ThreadCount)
ATTNBOUNDS_EXACT(double);
ATTNBOUNDS_EXACT(float);
#undef ATTNBOUNDS_EXACT

}  // namespace attnbounds
