// Attention, from the definitions, for any scalar and any weight function of the score.
//   matrix (Alman, Song 2023, arXiv 2302.13214):  A = w(Q K^T / d),  D = diag(A 1),  Att = D^-1 A V
//   tensor (Alman, Song 2024, arXiv 2310.04064):  A = w(Q (K1 (/) K2)^T / d), n x n^2,  Att = D^-1 A (V1 (/)
//   V2)
// entrywise weights w = exp, or a polynomial; (/) is the column-wise Kronecker product. A causal mask keeps
// the keys j <= i of row i, and the pairs j1 <= i, j2 <= i. Cost O(n^2 d) and O(n^3 d): the reference, not
// the fast way. Over double with w = exp each row's scores are shifted by their maximum, which changes
// nothing in exact arithmetic and avoids overflow.
#pragma once

#include <cmath>
#include <type_traits>
#include <vector>

#include "attention/input.hpp"
#include "numeric/matrix.hpp"

namespace attnbounds {

/// The weight function of softmax.
struct Exponential {
  template <class Scalar>
  Scalar operator()(const Scalar& score) const {
    using std::exp;
    return exp(score);
  }
};

/// <q_i, k_j> / d
template <class Scalar>
Scalar score(const Matrix<Scalar>& q, Eigen::Index i, const Matrix<Scalar>& k, Eigen::Index j) {
  Scalar sum = scalar_from<Scalar>(0);
  for (Eigen::Index l = 0; l < q.cols(); ++l) sum += q(i, l) * k(j, l);
  return sum / scalar_from<Scalar>(q.cols());
}

/// sum_l q_il k1_{j1,l} k2_{j2,l} / d
template <class Scalar>
Scalar tensor_score(const Matrix<Scalar>& q, Eigen::Index i, const Matrix<Scalar>& k1, Eigen::Index j1,
                    const Matrix<Scalar>& k2, Eigen::Index j2) {
  Scalar sum = scalar_from<Scalar>(0);
  for (Eigen::Index l = 0; l < q.cols(); ++l) sum += q(i, l) * k1(j1, l) * k2(j2, l);
  return sum / scalar_from<Scalar>(q.cols());
}

namespace detail {
template <class Scalar, class Weight>
void shift_by_maximum([[maybe_unused]] std::vector<Scalar>& scores, const Weight&) {
  if constexpr (std::is_same_v<Scalar, double> && std::is_same_v<Weight, Exponential>) {
    double largest = scores.front();
    for (const double s : scores) largest = std::fmax(largest, s);
    for (double& s : scores) s -= largest;
  }
}
}  // namespace detail

/// Att_ic = sum_j w(score_ij) v_jc / sum_j w(score_ij)
template <class Scalar, class Weight = Exponential>
Matrix<Scalar> attention(const Matrix<Scalar>& q, const Matrix<Scalar>& k, const Matrix<Scalar>& v,
                         Mask mask = Mask::none, const Weight& weight = {}) {
  validate_attention(shape_of(q), shape_of(k), shape_of(v), mask);
  Matrix<Scalar> output(q.rows(), v.cols());
  for (Eigen::Index i = 0; i < q.rows(); ++i) {
    std::vector<Scalar> scores;
    for (Eigen::Index j = 0; j < visible_keys(mask, i, k.rows()); ++j) scores.push_back(score(q, i, k, j));
    detail::shift_by_maximum(scores, weight);

    Scalar denominator = scalar_from<Scalar>(0);
    std::vector<Scalar> numerator(v.cols(), scalar_from<Scalar>(0));
    for (size_t j = 0; j < scores.size(); ++j) {
      const Scalar w = weight(scores[j]);
      denominator += w;
      for (Eigen::Index c = 0; c < v.cols(); ++c) numerator[c] += w * v(j, c);
    }
    for (Eigen::Index c = 0; c < v.cols(); ++c) output(i, c) = numerator[c] / denominator;
  }
  return output;
}

/// Att_ic = sum_{j1,j2} w(score_{i,j1,j2}) v1_{j1,c} v2_{j2,c} / sum_{j1,j2} w(score_{i,j1,j2})
template <class Scalar, class Weight = Exponential>
Matrix<Scalar> tensor_attention(const Matrix<Scalar>& q, const Matrix<Scalar>& k1, const Matrix<Scalar>& k2,
                                const Matrix<Scalar>& v1, const Matrix<Scalar>& v2, Mask mask = Mask::none,
                                const Weight& weight = {}) {
  validate_tensor_attention(shape_of(q), shape_of(k1), shape_of(k2), shape_of(v1), shape_of(v2), mask);
  Matrix<Scalar> output(q.rows(), v1.cols());
  for (Eigen::Index i = 0; i < q.rows(); ++i) {
    const Eigen::Index n1 = visible_keys(mask, i, k1.rows()), n2 = visible_keys(mask, i, k2.rows());
    std::vector<Scalar> scores;
    for (Eigen::Index j1 = 0; j1 < n1; ++j1)
      for (Eigen::Index j2 = 0; j2 < n2; ++j2) scores.push_back(tensor_score(q, i, k1, j1, k2, j2));
    detail::shift_by_maximum(scores, weight);

    Scalar denominator = scalar_from<Scalar>(0);
    std::vector<Scalar> numerator(v1.cols(), scalar_from<Scalar>(0));
    for (Eigen::Index j1 = 0; j1 < n1; ++j1)
      for (Eigen::Index j2 = 0; j2 < n2; ++j2) {
        const Scalar w = weight(scores[j1 * n2 + j2]);
        denominator += w;
        for (Eigen::Index c = 0; c < v1.cols(); ++c) numerator[c] += w * v1(j1, c) * v2(j2, c);
      }
    for (Eigen::Index c = 0; c < v1.cols(); ++c) output(i, c) = numerator[c] / denominator;
  }
  return output;
}

}  // namespace attnbounds
