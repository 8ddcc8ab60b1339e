// Enclosures of every entry of dL/dX of the matrix and tensor loss with a guaranteed width: the reference
// for fast gradients. Interval arithmetic, a row of A1 a task; the whole is evaluated again at twice the
// precision when an entry is too wide. Cost O(n m (d + d_v)) and O(n m2 m3 d_v + n m2 d (d + m3)) interval
// operations; n = 64, d = 8, 96 bits: 0.1 s for the matrix loss.
#pragma once

#include "attention/gradient.hpp"
#include "numeric/parallel.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

/// No entry is wider than `target_width` >= 0.
/// Errors: InputError (validate); std::domain_error for a negative width; std::runtime_error if 2^14 bits do
/// not reach it.
Matrix<Interval> gradient_enclosure(const MatrixLossInput& input, const Rational& target_width,
                                    ThreadCount threads = all_cores());
Matrix<Interval> gradient_enclosure(const TensorLossInput& input, const Rational& target_width,
                                    ThreadCount threads = all_cores());

}  // namespace attnbounds
