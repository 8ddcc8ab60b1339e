// Operator norms as enclosures, and the two parameters of HyperAttention (Han, Jayaram, Karbasi, Mirrokni,
// Woodruff, Zandieh 2023, arXiv 2310.05869). P = D^-1 A, A = exp(Q K^T/d), n x m; H is a set of heavy
// entries.
//   alpha = m max_j |P e_j|^2                                     largest squared column norm, in units of
//   1/m kappa = max_i r_i / min_i r_i,  r_i = sum of A_ij outside H    ratio of row sums once H is removed
// A norm of a thin matrix E: with G = E^T E, Q the eigenvectors and L the eigenvalues that a floating-point
// solver gives, G = Q L Q^T + R, so max L |Q|^2 + |R|_F bounds it above, and x^T G x/x^T x below. Of a matrix
// P
// >= 0: max_i (P^T P x)_i/x_i for any x > 0 bounds |P|^2 above (Collatz, Wielandt). Cost O(rows columns^2);
// O(n m d) with n m interval exponentials.
#pragma once

#include <functional>

#include "attention/input.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

/// The largest singular value. For few columns.
Enclosure operator_norm(const Matrix<Interval>& thin);

/// A divided by one number for all rows, e to a double near the largest score: every entry enclosed.
Matrix<Interval> weight_enclosure(const AttentionInput& input);
/// D^-1 A, from it.
Matrix<Interval> normalised_rows(const Matrix<Interval>& weights);
/// The largest singular value of a matrix whose members are all >= 0 and have no zero column.
Enclosure operator_norm_of_nonnegative(const Matrix<Interval>& p);

Interval column_parameter(const Matrix<Interval>& p);  // alpha

/// Which entries (i, j) are heavy.
using HeavyEntries = std::function<bool(Eigen::Index, Eigen::Index)>;
/// kappa. Not finite where a row has nothing left.
Interval row_parameter(const Matrix<Interval>& weights, const HeavyEntries& heavy);

}  // namespace attnbounds
