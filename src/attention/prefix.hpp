// Attention with a prefix, and its compressed form (Liang, Shi, Song, Yang 2024, arXiv 2406.14036,
// "NTK-Attention"), for any scalar:
//   PrefixAttn(Q; K, V; K_P, V_P) = Att(Q; [K_P; K], [V_P; V])                     m prefix rows
//   T = diag(A 1 + phi(Q) k)^-1 (A V + phi(Q) Z),  A = exp(Q K^T/d)                r d_v + r parameters
// Z = phi'(K_P)^T V_P and k = phi'(K_P)^T 1 make phi(q) k and phi(q) Z the sums that the prefix has under the
// kernel <phi(q), phi'(k)>; trained, Z and k are free. With r = d and d_v = d these are d^2 + d numbers.
#pragma once

#include "attention/attention.hpp"

namespace attnbounds {

template <class Scalar>
struct CompressedPrefix {
  Matrix<Scalar> z, k;  // r x d_v, r x 1
};
/// `features`: phi' of the prefix's keys, m x r.
template <class Scalar>
CompressedPrefix<Scalar> compressed_prefix(const Matrix<Scalar>& features, const Matrix<Scalar>& values) {
  CompressedPrefix<Scalar> c{Matrix<Scalar>::Constant(features.cols(), values.cols(), scalar_from<Scalar>(0)),
                             Matrix<Scalar>::Constant(features.cols(), 1, scalar_from<Scalar>(0))};
  for (Eigen::Index j = 0; j < features.rows(); ++j)
    for (Eigen::Index a = 0; a < features.cols(); ++a) {
      c.k(a, 0) += features(j, a);
      for (Eigen::Index l = 0; l < values.cols(); ++l) c.z(a, l) += features(j, a) * values(j, l);
    }
  return c;
}

/// T. `features`: phi of the queries, n x r. Its cost is that of the n x n scores and O(n r d_v), whatever m.
template <class Scalar, class Weight = Exponential>
Matrix<Scalar> compressed_prefix_attention(const Matrix<Scalar>& q, const Matrix<Scalar>& k,
                                           const Matrix<Scalar>& v, const Matrix<Scalar>& features,
                                           const CompressedPrefix<Scalar>& prefix,
                                           const Weight& weight = {}) {
  Matrix<Scalar> output(q.rows(), v.cols());
  for (Eigen::Index i = 0; i < q.rows(); ++i) {
    Scalar denominator = scalar_from<Scalar>(0);
    std::vector<Scalar> numerator(v.cols(), scalar_from<Scalar>(0));
    for (Eigen::Index j = 0; j < k.rows(); ++j) {
      const Scalar w = weight(score(q, i, k, j));
      denominator += w;
      for (Eigen::Index l = 0; l < v.cols(); ++l) numerator[l] += w * v(j, l);
    }
    for (Eigen::Index a = 0; a < features.cols(); ++a) {
      denominator += features(i, a) * prefix.k(a, 0);
      for (Eigen::Index l = 0; l < v.cols(); ++l) numerator[l] += features(i, a) * prefix.z(a, l);
    }
    for (Eigen::Index l = 0; l < v.cols(); ++l) output(i, l) = numerator[l] / denominator;
  }
  return output;
}

/// The rows of a over those of b: prefix first.
template <class Scalar>
Matrix<Scalar> stacked(const Matrix<Scalar>& a, const Matrix<Scalar>& b) {
  Matrix<Scalar> both(a.rows() + b.rows(), a.cols());
  both << a, b;
  return both;
}

}  // namespace attnbounds
