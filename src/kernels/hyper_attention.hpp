// HyperAttention (Han, Jayaram, Karbasi, Mirrokni, Woodruff, Zandieh 2023, arXiv 2310.05869): heavy entries
// by Hamming-sorted LSH, the rest by sampled columns.
//   sortLSH   b random hyperplanes give each query and key a bucket of b bits; buckets are ordered along a
//   Gray
//             code, so that neighbours differ in one bit; queries and keys are sorted by bucket and cut into
//             blocks of the same number, and the entries of the diagonal blocks are heavy (exact)
//   sampling  s keys drawn with replacement with probabilities p_j, uniform or by |V_j|^2, the same for all
//             rows; an entry outside the blocks counts 1/(s p_j) each time it is drawn, in numerator and
//             denominator alike
//   D~_i = sum_{heavy} A_ij + sum_{drawn, not heavy} A_ij/(s p_j),   Att~ = D~^-1 (the same of A_ij V_j)
// This is the form of the published programs. Counter-based seeds: hyperplanes and samples are named by
// (seed, purpose), so the same bytes on every machine. Cost O(n (b + s + block) d): the output is an
// estimate, no bound is proved of it here; attention/spectral.hpp measures its error.
#pragma once

#include <cstdint>
#include <vector>

#include "attention/input.hpp"

namespace attnbounds {

enum class ColumnSampling { uniform, by_value_norm };

struct HyperAttentionSettings {
  long hyperplanes = 7;
  long block = 32;    // keys a block; 0: no heavy entries
  long samples = 64;  // 0: blocks alone
  ColumnSampling sampling = ColumnSampling::uniform;
  std::uint64_t seed = 0;
};

/// Which block each query and key stands in.
struct SortedBlocks {
  std::vector<long> of_query, of_key;
  long count = 0;
  bool heavy(Eigen::Index i, Eigen::Index j) const {
    return count > 0 && of_query[static_cast<std::size_t>(i)] == of_key[static_cast<std::size_t>(j)];
  }
};
SortedBlocks sort_by_hashes(const AttentionInput& input, const HyperAttentionSettings& settings);

/// The place of a bucket in the order of the Gray code: buckets at neighbouring places differ in one bit.
std::uint64_t gray_place(std::uint64_t bucket);

/// Errors: InputError for shapes that do not fit or settings out of range.
Matrix<double> hyper_attention(const AttentionInput& input, const HyperAttentionSettings& settings);

}  // namespace attnbounds
