// The last step of every row: numerators over the denominator. One division a row and a product an entry: the
// result is N/D (1 + theta), |theta| <= 2 u + u^2, then rounded to T, then scaled by a power of two.
#pragma once

#include <limits>

namespace attnbounds::cpu {

struct RowCheck {
  double least_mean = std::numeric_limits<double>::infinity();  // of D_i / (keys that row i sees), computed
  double poison = 0;                                            // NaN if any output is not finite

  void include(const RowCheck& other) {
    least_mean = other.least_mean < least_mean ? other.least_mean : least_mean;
    poison += other.poison;
  }
};

/// Sums of token t, column c at [c * stride + t], the denominator last; row-major rows of columns - 1 entries
/// out. Token t sees visible + t * more keys (more: 0 or 1). At most 128 tokens.
template <class T>
RowCheck quotients(const double* sums, long stride, long columns, long tokens, double visible, double more,
                   T up, T* rows);

}  // namespace attnbounds::cpu
