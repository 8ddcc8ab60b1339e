#include "reductions/gradient/fast_oracle.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/guarantee.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

UpperBound exactly(double x) { return UpperBound::exactly(x); }
UpperBound count(long n) { return exactly(static_cast<double>(n)); }

/// Rows of queries against the keys of the last family. Matrix loss: 32 rows of A1, each with its own
/// softmax. Tensor loss: the rows a1_i o a2_j of one i, with one softmax.
struct Block {
  Matrix<double> queries, scores;
};
constexpr Index kRows = 32;

Index blocks(const GradientInstance& in) {
  return in.keys.size() == 2 ? in.a1.rows() : (in.a1.rows() + kRows - 1) / kRows;
}
Block block_of(const GradientInstance& in, Index number) {
  Block block;
  if (in.keys.size() == 2) block.queries = in.keys[0].array().rowwise() * in.a1.row(number).array();
  else block.queries = in.a1.middleRows(number * kRows, std::min(kRows, in.a1.rows() - number * kRows));
  block.scores = block.queries * in.keys.back().transpose() / static_cast<double>(in.a1.cols());
  return block;
}

/// Scores of one softmax become p.
void pull_back(double* scores, const std::vector<double>& values, double lambda) {
  const auto size = static_cast<long>(values.size());
  double largest = -HUGE_VAL, numerator = 0, denominator = 0;
  for (long j = 0; j < size; ++j) {
    scores[j] *= lambda;
    largest = std::max(largest, scores[j]);
  }
  for (long j = 0; j < size; ++j) scores[j] -= largest;
  cpu::exp_of_nonpositive(scores, size);
  for (long j = 0; j < size; ++j) {
    numerator += scores[j] * values[static_cast<std::size_t>(j)];
    denominator += scores[j];
  }
  const double y = numerator / denominator;
  for (long j = 0; j < size; ++j)
    scores[j] = scores[j] / denominator * (y * (values[static_cast<std::size_t>(j)] - y));
}

std::vector<double> pair_values(const GradientInstance& in) {
  std::vector<double> values;
  for (Index j = 0; j < in.values[0].rows(); ++j) {
    if (in.values.size() == 1) values.push_back(in.values[0](j, 0));
    else
      for (Index k = 0; k < in.values[1].rows(); ++k)
        values.push_back(in.values[0](j, 0) * in.values[1](k, 0));
  }
  return values;
}

}  // namespace

FastGradientOracle::FastGradientOracle(const GradientInstance& instance, ThreadCount threads)
    : instance_(instance), threads_(threads) {
  validate(instance);
  const Index n = instance.a1.rows(), d = instance.a1.cols();
  std::vector<UpperBound> key_sizes;  // max_j |a2_jl| max_k |a3_kl|
  for (Index l = 0; l < d; ++l) {
    key_sizes.push_back(exactly(1));
    for (const Matrix<double>& family : instance.keys) {
      const UpperBound size = exactly(family.col(l).cwiseAbs().maxCoeff());
      key_sizes.back() = key_sizes.back() * size;
      largest_key_ = maximum(largest_key_, size);
    }
    entry_size_ = maximum(
        entry_size_, divide_by_at_least(exactly(instance.a1.col(l).cwiseAbs().maxCoeff()) * key_sizes.back(),
                                        static_cast<double>(d)));
  }
  for (Index i = 0; i < n; ++i) {
    UpperBound sum;
    for (Index l = 0; l < d; ++l)
      sum = sum + exactly(std::fabs(instance.a1(i, l))) * key_sizes[static_cast<std::size_t>(l)];
    score_size_ = maximum(score_size_, divide_by_at_least(sum, static_cast<double>(d)));
  }
  score_error_ = gamma(d + 4) * score_size_ + underflow_error() * count(d + 4) * (exactly(1) + largest_key_);
  std::vector<double> ranges(static_cast<std::size_t>(blocks(instance_)));
  parallel_for(blocks(instance_), threads, [&](long number) {
    const Block block = block_of(instance_, number);
    double range = 0;
    if (instance_.keys.size() == 2) range = block.scores.maxCoeff() - block.scores.minCoeff();
    else
      for (Index r = 0; r < block.scores.rows(); ++r)
        range = std::max(range, block.scores.row(r).maxCoeff() - block.scores.row(r).minCoeff());
    ranges[static_cast<std::size_t>(number)] = std::nextafter(range, HUGE_VAL);
  });
  half_range_ =
      divide_by_at_least(exactly(*std::max_element(ranges.begin(), ranges.end())), 2) + score_error_;
}

BoundedDiagonal FastGradientOracle::diagonal(double lambda) const {
  if (!(lambda >= 0 && lambda <= 1)) throw std::domain_error("lambda is in [0, 1]");
  const Index n = instance_.a1.rows(), d = instance_.a1.cols();
  const bool tensor = instance_.keys.size() == 2;
  const std::vector<double> values = pair_values(instance_);
  std::vector<Eigen::RowVectorXd> of_block(static_cast<std::size_t>(blocks(instance_)));
  parallel_for(blocks(instance_), threads_, [&](long number) {
    Block block = block_of(instance_, number);
    if (tensor) pull_back(block.scores.data(), values, lambda);
    else
      for (Index r = 0; r < block.scores.rows(); ++r)
        pull_back(block.scores.data() + r * block.scores.cols(), values, lambda);
    const Matrix<double> pulled = block.scores * instance_.keys.back();
    of_block[static_cast<std::size_t>(number)] = pulled.cwiseProduct(block.queries).colwise().sum();
  });
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(d);
  for (const Eigen::RowVectorXd& part : of_block) sum += part;
  sum /= static_cast<double>(d);

  const auto terms = static_cast<long>(values.size());
  const UpperBound u = unit_roundoff(), two = exactly(2);
  const UpperBound weights = score_error_ + exactly(10) * u * score_size_ + exactly(18) * u;
  const UpperBound f = two * (weights + gamma(terms + 4)) + count(terms) * exactly(0x1p-1000);
  const UpperBound of_row = exactly(3) * f + exactly(8) * u + gamma(d + terms + n + 16);
  BoundedDiagonal result{std::vector<double>(sum.begin(), sum.end()), {}, {}};
  const bool small = f.is_finite() && f.value() < 0.1;  // sum_j |p~_j| <= 1/2 + E <= 1
  result.entry_error = small ? count(n) * entry_size_ * of_row : UpperBound::infinite();
  result.sum_error = small ? count(n) * score_size_ * of_row : UpperBound::infinite();
  for (const double entry : result.entries)
    if (!std::isfinite(entry)) result.entry_error = result.sum_error = UpperBound::infinite();
  return result;
}

}  // namespace attnbounds
