// What is known of one row of softmax's sums, D = sum w, N_l = sum w h_l, when both are off by a relative
// theta: c, the weights gamma of the covariances, and bounds on what a row adds to the error of the gradient.
// Proofs in docs/kernels_tensor_gradient.md, section 2; everything here is scaled so that |h|, |y| <= 1.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cmath>
#include <vector>

namespace attnbounds {

/// Sizes of the values: of column l, max|h| <= size, max h - min h <= range, and what rounding made of h;
/// Sigma >= the covariance matrix over all keys, evenly weighted, as quadratic forms.
struct ValueSizes {
  std::vector<double> size, range, perturbation;
  std::vector<double> sigma;  // d_v x d_v
  double largest_eigenvalue = 0, squared_ranges = 0;
};

/// Per unit of |A1_ia|: `rounding` times max|y|; `by_range` times phi range(y)/4; `by_variance` times
/// delta/(1 - delta) sqrt(Var y).
struct RowErrors {
  double rounding = 0, by_range = 0, by_variance = 0;
};

using RowVector = boost::container::small_vector<double, 16>;

struct RowStep {
  RowVector c, gamma;  // gamma: d_v of them, and that of the column of ones last
  RowErrors errors;
  bool finite = true;
};

/// `sums` are N and D; `theta_scale`/D bounds the relative error of N and D, `functional_scale`/D that of the
/// sums of gamma; `largest_weight` >= n_keys max_j w_j/(1 - delta)-ish: weights of f and f~ are at most
/// largest_weight/D; `order` is 2 + delta/(1 - delta).
RowStep row_step(const double* sums, const double* target, const ValueSizes& values, double theta_scale,
                 double functional_scale, double largest_weight, double order);

}  // namespace attnbounds
