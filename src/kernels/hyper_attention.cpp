#include "kernels/hyper_attention.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

void validate(const AttentionInput& input, const HyperAttentionSettings& s) {
  input.validate();
  if (s.hyperplanes < 1 || s.hyperplanes > 62)
    throw InputError("hyperplanes", "1 to 62", std::to_string(s.hyperplanes));
  if (s.block < 0) throw InputError("block", "a number of keys, 0 or more", std::to_string(s.block));
  if (s.samples < 0) throw InputError("samples", "a number of keys, 0 or more", std::to_string(s.samples));
  if (s.block == 0 && s.samples == 0) throw InputError("block and samples", "one of them above 0", "0 and 0");
}

/// Tokens in the order of their buckets, ties by index.
std::vector<long> sorted_tokens(const Matrix<double>& tokens, const Matrix<double>& normals) {
  const Matrix<double> sides = tokens * normals.transpose();
  std::vector<std::uint64_t> place(static_cast<std::size_t>(tokens.rows()));
  for (Index i = 0; i < tokens.rows(); ++i) {
    std::uint64_t bucket = 0;
    for (Index b = 0; b < sides.cols(); ++b) bucket = bucket << 1 | (sides(i, b) > 0 ? 1U : 0U);
    place[static_cast<std::size_t>(i)] = gray_place(bucket);
  }
  std::vector<long> order(place.size());
  std::iota(order.begin(), order.end(), 0L);
  std::stable_sort(order.begin(), order.end(), [&](long a, long b) {
    return place[static_cast<std::size_t>(a)] < place[static_cast<std::size_t>(b)];
  });
  return order;
}

struct Sample {
  long key;
  double factor;  // 1/(s p_j)
};
std::vector<Sample> drawn_samples(const AttentionInput& in, const HyperAttentionSettings& s) {
  Stream stream(s.seed, "hyper-attention samples");
  const Index keys = in.k.rows();
  std::vector<double> until(static_cast<std::size_t>(keys));  // cumulative |V_j|^2
  double total = 0;
  for (Index j = 0; j < keys; ++j) until[static_cast<std::size_t>(j)] = total += in.v.row(j).squaredNorm();
  const bool by_norm = s.sampling == ColumnSampling::by_value_norm && total > 0;
  std::vector<Sample> samples;
  for (long t = 0; t < s.samples; ++t) {
    if (!by_norm) {
      samples.push_back({static_cast<long>(stream.below(static_cast<std::uint64_t>(keys))),
                         static_cast<double>(keys) / static_cast<double>(s.samples)});
      continue;
    }
    const double at = (stream.unit() + 1) / 2 * total;
    const auto j = std::min<long>(keys - 1, std::upper_bound(until.begin(), until.end(), at) - until.begin());
    samples.push_back({j, total / (in.v.row(j).squaredNorm() * static_cast<double>(s.samples))});
  }
  return samples;
}

}  // namespace

std::uint64_t gray_place(std::uint64_t bucket) {  // the inverse of place ^ (place >> 1)
  for (int shift = 1; shift < 64; shift *= 2) bucket ^= bucket >> shift;
  return bucket;
}

SortedBlocks sort_by_hashes(const AttentionInput& in, const HyperAttentionSettings& s) {
  validate(in, s);
  SortedBlocks blocks;
  blocks.of_query.resize(static_cast<std::size_t>(in.q.rows()));
  blocks.of_key.resize(static_cast<std::size_t>(in.k.rows()));
  if (s.block == 0) return blocks;
  const Matrix<double> normals =
      Stream(s.seed, "hyper-attention hyperplanes").normal_matrix(s.hyperplanes, in.q.cols());
  const std::vector<long> queries = sorted_tokens(in.q, normals), keys = sorted_tokens(in.k, normals);
  const long m = static_cast<long>(keys.size()), n = static_cast<long>(queries.size());
  blocks.count = (m + s.block - 1) / s.block;
  for (long t = 0; t < m; ++t)
    blocks.of_key[static_cast<std::size_t>(keys[static_cast<std::size_t>(t)])] = t / s.block;
  for (long t = 0; t < n; ++t)  // as many blocks of queries, of sizes that differ by one at most
    blocks.of_query[static_cast<std::size_t>(queries[static_cast<std::size_t>(t)])] = t * blocks.count / n;
  return blocks;
}

Matrix<double> hyper_attention(const AttentionInput& in, const HyperAttentionSettings& s) {
  const SortedBlocks blocks = sort_by_hashes(in, s);
  std::vector<std::vector<long>> members(static_cast<std::size_t>(blocks.count));
  for (Index j = 0; blocks.count > 0 && j < in.k.rows(); ++j)
    members[static_cast<std::size_t>(blocks.of_key[static_cast<std::size_t>(j)])].push_back(j);
  const std::vector<Sample> samples = drawn_samples(in, s);
  const double d = static_cast<double>(in.q.cols());
  Matrix<double> output = Matrix<double>::Zero(in.q.rows(), in.v.cols());
  for (Index i = 0; i < in.q.rows(); ++i) {
    std::vector<Sample> terms;
    if (blocks.count > 0)
      for (const long j : members[static_cast<std::size_t>(blocks.of_query[static_cast<std::size_t>(i)])])
        terms.push_back({j, 1});
    for (const Sample& sample : samples)
      if (!blocks.heavy(i, sample.key)) terms.push_back(sample);
    std::vector<double> scores;
    double largest = -INFINITY, sum = 0;
    for (const Sample& term : terms) {
      scores.push_back(in.q.row(i).dot(in.k.row(term.key)) / d);
      largest = std::fmax(largest, scores.back());
    }
    for (std::size_t t = 0; t < terms.size(); ++t) {
      const double w = std::exp(scores[t] - largest) * terms[t].factor;
      sum += w;
      output.row(i) += w * in.v.row(terms[t].key);
    }
    if (sum > 0) output.row(i) /= sum;  // else: every sample fell into the row's own, empty, block
  }
  return output;
}

}  // namespace attnbounds
