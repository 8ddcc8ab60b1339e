// The double-double reference: attention with about 100 bits and a proved radius, some twenty times faster
// than intervals of 128 bits. Entry (i, c) of exact attention is within radius[i] of centre(i, c):
//   radius = (phi(Theta) + 2 sigma + 16 u^2) max|V|, up to second order; Theta the relative error of a
//   weight, sigma that of the sums (kernels/cpu/double_double_rows.hpp). Proof: docs/rounding.md, section 7.
// Cost O(n m (d + d_v + 10)) vector operations.
#pragma once

#include <optional>

#include "attention/input.hpp"
#include "numeric/double_double.hpp"
#include "numeric/parallel.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

struct DoubleDoubleReference {
  Matrix<DoubleDouble> centre;
  std::vector<UpperBound> radius;  // of a row

  UpperBound largest_radius() const;
  /// The same as enclosures, at the working precision (at least 120 bits, to add nothing visible).
  Matrix<Interval> enclosures() const;
};

/// Nothing if an entry other than 0 is outside [2^-200, 2^200] in size, where pairs may lose bits.
/// Same bytes for any number of threads.
std::optional<DoubleDoubleReference> double_double_attention(const AttentionInput& input,
                                                             Mask mask = Mask::none,
                                                             ThreadCount threads = all_cores());

/// Encloses max_ij |approximation_ij - exact_ij|.
Enclosure largest_error(const Matrix<double>& approximation, const DoubleDoubleReference& exact);

/// e^x within 8 u^2 e^x, for x in [-200, 0].
DoubleDouble exp_of_nonpositive(DoubleDouble x);
Rational exp_of_nonpositive_bound();  // 8 u^2

}  // namespace attnbounds
