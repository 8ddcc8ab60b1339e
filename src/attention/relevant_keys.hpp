// Any-temperature attention (Gupta, Huang, Saha, Xu, Ye 2025, arXiv 2505.14840): the keys of a row whose
// score is far below the largest carry next to no weight. With relative budget eps and n keys, s = the
// largest integer with s log(1 + eps) <= max_j score_j; key j is relevant iff
//     score_j >= s log(1 + eps) - log(n/eps).
// The relevant scores lie in an interval of length at most log(1 + eps) + log(n/eps), whatever the
// temperature. Scores are those of one row, in any scaling. The threshold is irrational: comparisons are
// decided in intervals at 256 bits.
#pragma once

#include <vector>

#include "numeric/scalars.hpp"

namespace attnbounds {

struct RelevantKeys {
  std::vector<std::size_t> keys;
  Interval threshold;  // s log(1 + eps) - log(n/eps)
};
/// 0 < eps < 1. Errors: std::domain_error if a score is too near the threshold for 256 bits.
RelevantKeys relevant_keys(const std::vector<Rational>& scores, const Rational& eps);

}  // namespace attnbounds
