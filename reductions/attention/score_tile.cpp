#include "reductions/attention/score_tile.hpp"

namespace attnbounds {
namespace {

constexpr long kHalf = PackedKeys::kLanes / 2;
using Lanes = double __attribute__((vector_size(kHalf * sizeof(double))));

Lanes load(const double* p) {
  Lanes v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

}  // namespace

PackedKeys::PackedKeys(const Matrix<double>& keys) : count_(keys.rows()), dimension_(keys.cols()) {
  panels_.assign(static_cast<std::size_t>(padded() * dimension_), 0.0);
  for (long j = 0; j < count_; ++j)
    for (long l = 0; l < dimension_; ++l)
      panels_[static_cast<std::size_t>((j / kLanes * dimension_ + l) * kLanes + j % kLanes)] = keys(j, l);
}

void PackedKeys::scores(const double* queries, double* result) const {
  const double d = static_cast<double>(dimension_);
  for (long panel = 0; panel < padded() / kLanes; ++panel) {
    const double* key = panels_.data() + panel * dimension_ * kLanes;
    Lanes sums[kQueries][2] = {};
    for (long l = 0; l < dimension_; ++l, key += kLanes) {
      const Lanes first = load(key), second = load(key + kHalf);
      for (long r = 0; r < kQueries; ++r) {
        const double q = queries[r * dimension_ + l];
        sums[r][0] += q * first;
        sums[r][1] += q * second;
      }
    }
    for (long r = 0; r < kQueries; ++r)
      for (long half = 0; half < 2; ++half) {
        const Lanes s = sums[r][half] / d;
        __builtin_memcpy(result + r * padded() + panel * kLanes + half * kHalf, &s, sizeof s);
      }
  }
}

}  // namespace attnbounds
