// Support basis (Aliakbarpour, Braverman, Yin, Zhang 2025, arXiv 2510.01643), for any scalar. A token of Q or
// K is large if one of its entries exceeds the threshold T. The scores S split into S_L, those of a large
// query or a large key, and S_s, the others: disjoint supports, hence
//     w(S) = w(S_s) + w(S_L) - w(0)   entrywise, for every w;
// S_s comes from Q and K with the large rows set to 0 and has low-rank P(S_s), S_L is formed. With exp on S_L
// and a polynomial P on S_s the weights are P(S_s) + exp(S_L) - 1: at the entries of S_L, exp(s) + P(0) - 1.
#pragma once

#include "attention/attention.hpp"
#include "polynomial/polynomial.hpp"

namespace attnbounds {

inline bool is_large(const Matrix<double>& m, Eigen::Index row, double threshold) {
  return m.row(row).cwiseAbs().maxCoeff() > threshold;
}
inline Matrix<double> without_large_rows(Matrix<double> m, double threshold) {
  for (Eigen::Index i = 0; i < m.rows(); ++i)
    if (is_large(m, i, threshold)) m.row(i).setZero();
  return m;
}

/// The weights P(S_s) + exp(S_L) - 1.
template <class Scalar>
Matrix<Scalar> support_basis_weights(const Matrix<double>& q, const Matrix<double>& k, double threshold,
                                     const Polynomial& p) {
  const auto Q = matrix_from<Scalar>(q), K = matrix_from<Scalar>(k);
  const auto small_q = matrix_from<Scalar>(without_large_rows(q, threshold)),
             small_k = matrix_from<Scalar>(without_large_rows(k, threshold));
  Matrix<Scalar> weights(q.rows(), k.rows());
  for (Eigen::Index i = 0; i < q.rows(); ++i)
    for (Eigen::Index j = 0; j < k.rows(); ++j) {
      weights(i, j) = p(score(small_q, i, small_k, j));
      if (is_large(q, i, threshold) || is_large(k, j, threshold))
        weights(i, j) += Exponential()(score(Q, i, K, j)) - scalar_from<Scalar>(1);
    }
  return weights;
}

}  // namespace attnbounds
