#include "kernels/exact_attention.hpp"

#include <chrono>
#include <cmath>

#include "attention/enclosure.hpp"
#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/scaled_values.hpp"

namespace attnbounds {

AttentionResult exact_attention(const AttentionInput& input, const ShiftedScores& scores, Mask mask,
                                ThreadCount threads) {
  input.validate(mask);
  const auto start = std::chrono::steady_clock::now();
  using Index = Eigen::Index;
  const Index n = input.q.rows(), m = input.k.rows(), d = input.q.cols(), columns = input.v.cols();
  AttentionResult result;
  result.half_width = scores.half_width;
  result.output = Matrix<double>::Zero(n, columns);
  const ScaledValues values = scale_values(input.v);
  if (values.largest.value() == 0) {
    result.bound = result.bound_rounding = UpperBound();
    return result;
  }
  const Matrix<double> keys_transposed = scores.keys.transpose();

  const UpperBound score_roundings = gamma(d + 1), one = UpperBound::exactly(1);
  const UpperBound weight_error = UpperBound::exactly(9 * 0x1p-53), u = unit_roundoff();
  std::vector<UpperBound> row_bound(n);
  parallel_for(n, threads, [&](long i) {
    const long visible = visible_keys(mask, i, m);
    const cpu::SoftmaxRow row =
        cpu::softmax_row({scores.queries.data() + i * d, 1, d}, {keys_transposed.data(), d, m},
                         {values.values.data(), m, columns}, visible);
    const double denominator = row.sums[columns];
    UpperBound largest_quotient;
    for (Index c = 0; c < columns; ++c) {
      const double quotient = row.sums[c] / denominator;
      result.output(i, c) = std::ldexp(quotient, values.exponent);
      largest_quotient = maximum(largest_quotient, std::isfinite(result.output(i, c))
                                                       ? UpperBound::exactly(std::fabs(quotient))
                                                       : UpperBound::infinite());
    }
    if (!std::isfinite(denominator) || !std::isfinite(row.score_size)) {
      row_bound[i] = UpperBound::infinite();
      return;
    }
    const UpperBound keys = UpperBound::exactly(static_cast<double>(visible));
    const UpperBound score_error = score_roundings * scores.row_half_width[i] + scores.row_perturbation[i] +
                                   u * UpperBound::exactly(row.score_size) +
                                   underflow_error() * UpperBound::exactly(static_cast<double>(d + 2));
    const long roundings = 1 + cpu::keys_of_a_sum + (visible + cpu::keys_of_a_sum - 1) / cpu::keys_of_a_sum;
    const UpperBound sums = gamma(2 * roundings) + gamma(2 * roundings);
    const UpperBound tiny_weights = divide_by_at_least(keys * UpperBound::exactly(0x1p-1016), denominator);
    row_bound[i] = (score_error + weight_error + sums + tiny_weights) * values.largest +
                   u * largest_quotient + underflow_error() * (one + one);
  });

  UpperBound rounding;
  for (const UpperBound& row : row_bound) rounding = maximum(rounding, row);
  result.bound = result.bound_rounding = values.unscaled_output(rounding);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

AttentionResult attention_from_enclosures(const Matrix<Interval>& exact) {
  AttentionResult result;
  result.output = exact.unaryExpr([](const Interval& x) { return nearest(midpoint(x)); });
  result.bound = result.bound_rounding = UpperBound::of(largest_error(result.output, exact).interval());
  return result;
}

}  // namespace attnbounds
