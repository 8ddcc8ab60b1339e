#include "reductions/attention/decision.hpp"

#include <algorithm>
#include <cmath>

#include "attention/enclosure.hpp"
#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/guarantee.hpp"
#include "numeric/exact_text.hpp"
#include "polynomial/least_degree.hpp"
#include "reductions/attention/score_tile.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

/// Weighted sums over one block of keys, weights e^{s - largest}.
struct BlockSums {
  double largest = 0, least = 0, numerator = 0, denominator = 0;
};

BlockSums block_sums(double* scores, const double* values, long count) {
  BlockSums block{-HUGE_VAL, HUGE_VAL, 0, 0};
  for (long j = 0; j < count; ++j) {
    block.largest = std::max(block.largest, scores[j]);
    block.least = std::min(block.least, scores[j]);
  }
  for (long j = 0; j < count; ++j) scores[j] -= block.largest;
  cpu::exp_of_nonpositive(scores, count);
  for (long j = 0; j < count; ++j) {
    block.numerator += scores[j] * values[j];
    block.denominator += scores[j];
  }
  return block;
}

UpperBound exactly(double x) { return UpperBound::exactly(x); }

/// The output of a row from its blocks. `score_size` bounds X, `roundings` those of a score.
OutputRange range_of(const std::vector<BlockSums>& blocks, const double* outer_values, long keys_of_a_block,
                     UpperBound score_size, double largest_key, long roundings, double largest_value) {
  double largest = -HUGE_VAL, least = HUGE_VAL, numerator = 0, denominator = 0;
  for (const BlockSums& b : blocks) {
    largest = std::max(largest, b.largest);
    least = std::min(least, b.least);
  }
  for (std::size_t j = 0; j < blocks.size(); ++j) {
    const double scale = cpu::exp_of_nonpositive(blocks[j].largest - largest);
    numerator += scale * blocks[j].numerator * outer_values[j];
    denominator += scale * blocks[j].denominator;
  }
  const double output = numerator / denominator;
  if (!std::isfinite(output) || !std::isfinite(largest - least)) return {-HUGE_VAL, HUGE_VAL};
  const UpperBound u = unit_roundoff(), two = exactly(2), spread = exactly(std::fmax(0.0, largest - least));
  const UpperBound terms = exactly(static_cast<double>(keys_of_a_block) * static_cast<double>(blocks.size()));
  const UpperBound lambda =
      gamma(roundings) * score_size +
      underflow_error() * exactly(static_cast<double>(roundings + 2)) * (exactly(1) + exactly(largest_key)) +
      two * (u * two * spread + exactly(9 * 0x1p-53));
  const UpperBound sums = gamma(2 * (keys_of_a_block + static_cast<long>(blocks.size()) + 3));
  const UpperBound bound =
      (lambda + two * sums + divide_by_at_least(terms * exactly(0x1p-1010), denominator)) *
          exactly(largest_value) +
      u * exactly(std::fabs(output)) + underflow_error() * two;
  if (!bound.is_finite()) return {-HUGE_VAL, HUGE_VAL};
  return {std::nextafter(output - bound.value(), -HUGE_VAL),
          std::nextafter(output + bound.value(), HUGE_VAL)};
}

/// max_j |k_jl| for every column l.
std::vector<double> column_sizes(const Matrix<double>& keys) {
  std::vector<double> sizes(static_cast<std::size_t>(keys.cols()), 0.0);
  for (Index j = 0; j < keys.rows(); ++j)
    for (Index l = 0; l < keys.cols(); ++l)
      sizes[static_cast<std::size_t>(l)] =
          std::max(sizes[static_cast<std::size_t>(l)], std::fabs(keys(j, l)));
  return sizes;
}

/// At least sum_l |q_il| sizes_l / d.
UpperBound holder(const Matrix<double>& q, Index i, const std::vector<double>& sizes) {
  UpperBound sum;
  for (Index l = 0; l < q.cols(); ++l)
    sum = sum + exactly(std::fabs(q(i, l))) * exactly(sizes[static_cast<std::size_t>(l)]);
  return divide_by_at_least(sum, static_cast<double>(q.cols()));
}

void one_column_of_values(Index columns) {
  if (columns != 1)
    throw InputError("v", "one column (a decision reads one output a row)", std::to_string(columns));
}

/// Encloses the rows that are still open, ever narrower.
template <class Enclose>
SidedOutputs raised(SidedOutputs outputs, std::vector<Index> open, const Rational& decision,
                    const Enclose& enclose_rows) {
  outputs.raised = static_cast<long>(open.size());
  for (const long bits : {64L, 256L, 1024L}) {
    if (open.empty()) break;
    const Matrix<Interval> exact = enclose_rows(open, Rational(1, Integer(1) << bits));
    std::vector<Index> still_open;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const Interval& y = exact(static_cast<Index>(i), 0);
      const Rational low = to_rational(lower(y)), high = to_rational(upper(y));
      outputs.ranges[static_cast<std::size_t>(open[i])] = {round_down(y), round_up(y)};
      if (low > decision) outputs.sides[static_cast<std::size_t>(open[i])] = Side::above;
      else if (high < decision) outputs.sides[static_cast<std::size_t>(open[i])] = Side::below;
      else still_open.push_back(open[i]);
      if (low > decision || high < decision)
        outputs.nearest =
            std::min(outputs.nearest, std::fmax(0.0, round_down(low > decision ? Rational(low - decision)
                                                                               : Rational(decision - high))));
    }
    open = still_open;
  }
  if (!open.empty())
    throw Undecided("output " + std::to_string(open.front()) + " is within 2^-1024 of the decision value");
  return outputs;
}

struct FirstLook {
  SidedOutputs outputs;
  std::vector<Index> open;
};

FirstLook look(const std::vector<OutputRange>& ranges, const Rational& decision) {
  FirstLook first;
  first.outputs.ranges = ranges;
  first.outputs.sides.assign(ranges.size(), Side::below);
  first.outputs.nearest = HUGE_VAL;
  const double above = round_up(decision), below = round_down(decision);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    double distance;
    if (ranges[i].lower > above) {
      first.outputs.sides[i] = Side::above;
      distance = ranges[i].lower - above;
    } else if (ranges[i].upper < below) {
      distance = below - ranges[i].upper;
    } else {
      first.open.push_back(static_cast<Index>(i));
      continue;
    }
    first.outputs.nearest = std::min(first.outputs.nearest, std::fmax(0.0, std::nextafter(distance, 0.0)));
  }
  return first;
}

Matrix<double> rows_of(const Matrix<double>& q, const std::vector<Index>& rows) {
  Matrix<double> result(static_cast<Index>(rows.size()), q.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) result.row(static_cast<Index>(i)) = q.row(rows[i]);
  return result;
}

}  // namespace

std::vector<OutputRange> output_ranges(const AttentionInput& input, ThreadCount threads) {
  input.validate();
  one_column_of_values(input.v.cols());
  const Index n = input.q.rows(), d = input.q.cols();
  const PackedKeys keys(input.k);
  const std::vector<double> sizes = column_sizes(input.k);
  const double largest_value = max_abs(input.v), one = 1;
  std::vector<OutputRange> ranges(static_cast<std::size_t>(n));
  constexpr long tile = PackedKeys::kQueries;
  parallel_for((n + tile - 1) / tile, threads, [&](long task) {
    std::vector<double> queries(static_cast<std::size_t>(tile * d), 0.0);
    std::vector<double> scores(static_cast<std::size_t>(tile * keys.padded()));
    const long here = std::min<long>(tile, n - task * tile);
    for (long r = 0; r < here; ++r)
      std::copy_n(input.q.data() + (task * tile + r) * d, d, queries.data() + r * d);
    keys.scores(queries.data(), scores.data());
    for (long r = 0; r < here; ++r) {
      const Index i = task * tile + r;
      const BlockSums block = block_sums(scores.data() + r * keys.padded(), input.v.data(), keys.count());
      ranges[static_cast<std::size_t>(i)] =
          range_of({block}, &one, keys.count(), holder(input.q, i, sizes), 1, d + 2, largest_value);
    }
  });
  return ranges;
}

std::vector<OutputRange> output_ranges(const TensorAttentionInput& input, ThreadCount threads) {
  input.validate();
  one_column_of_values(input.v1.cols());
  const Index n = input.q.rows(), d = input.q.cols(), n1 = input.k1.rows();
  const PackedKeys keys(input.k2);
  std::vector<double> sizes = column_sizes(input.k2);
  {
    const std::vector<double> other = column_sizes(input.k1);
    for (std::size_t l = 0; l < sizes.size(); ++l) sizes[l] = (exactly(sizes[l]) * exactly(other[l])).value();
  }
  const double largest_value = (exactly(max_abs(input.v1)) * exactly(max_abs(input.v2))).value();
  std::vector<OutputRange> ranges(static_cast<std::size_t>(n));
  constexpr long tile = PackedKeys::kQueries;
  parallel_for(n, threads, [&](long i) {
    std::vector<double> queries(static_cast<std::size_t>(tile * d), 0.0);
    std::vector<double> scores(static_cast<std::size_t>(tile * keys.padded()));
    std::vector<BlockSums> blocks;
    for (Index first = 0; first < n1; first += tile) {
      const long here = std::min<long>(tile, n1 - first);
      for (long r = 0; r < here; ++r)
        for (Index l = 0; l < d; ++l)
          queries[static_cast<std::size_t>(r * d + l)] = input.q(i, l) * input.k1(first + r, l);
      keys.scores(queries.data(), scores.data());
      for (long r = 0; r < here; ++r)
        blocks.push_back(block_sums(scores.data() + r * keys.padded(), input.v2.data(), keys.count()));
    }
    ranges[static_cast<std::size_t>(i)] =
        range_of(blocks, input.v1.data(), keys.count(), holder(input.q, i, sizes), max_abs(input.k2), d + 3,
                 largest_value);
  });
  return ranges;
}

SidedOutputs sides_of(const AttentionInput& input, const Rational& decision, ThreadCount threads) {
  FirstLook first = look(output_ranges(input, threads), decision);
  return raised(
      std::move(first.outputs), std::move(first.open), decision,
      [&](const std::vector<Index>& rows, const Rational& width) {
        return attention_enclosure({rows_of(input.q, rows), input.k, input.v}, Mask::none, width, threads);
      });
}

SidedOutputs sides_of(const TensorAttentionInput& input, const Rational& decision, ThreadCount threads) {
  FirstLook first = look(output_ranges(input, threads), decision);
  return raised(std::move(first.outputs), std::move(first.open), decision,
                [&](const std::vector<Index>& rows, const Rational& width) {
                  return tensor_attention_enclosure(
                      {rows_of(input.q, rows), input.k1, input.k2, input.v1, input.v2}, Mask::none, width,
                      threads);
                });
}

SidedOutputs sides_of(const std::vector<OutputRange>& ranges, const Rational& decision) {
  FirstLook first = look(ranges, decision);
  if (!first.open.empty())
    throw Undecided("output " + std::to_string(first.open.front()) +
                    " is not proved to be on one side of the decision value");
  return first.outputs;
}

}  // namespace attnbounds
