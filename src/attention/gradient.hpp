// Gradients of attention and of the two losses, in closed form, for any scalar.
//   attention, any upstream G = dL/dAtt:  f = D^-1 A,  q = G V^T,  p = f o q - diag((f o q) 1) f,
//       dL/dQ = p K/d,  dL/dK = p^T Q/d,  dL/dV = f^T G
//   matrix loss (Alman, Song 2024, arXiv 2402.04497, AAttLGC), L = 1/2 |D^-1 exp(A1 X A2^T/d) A3 Y - E|_F^2:
//       h = A3 Y,  c = f h - E,  q = c h^T,  dL/dX = A1^T p A2/d        (the paper drops 1/d in places)
//   tensor loss (Liang, Shi, Song, Zhou 2024, arXiv 2405.16411, ATAttLGC), X is d x d^2, column u d + v:
//       L = 1/2 |D^-1 exp(A1 X (A2 (x) A3)^T/d) ((A4 Y1) (/) (A5 Y2)) - E|_F^2,  dL/dX = A1^T p (A2 (x) A3)/d
// A causal mask keeps keys j <= i, pairs j1, j2 <= i. With a polynomial for the weights f is f~, and the same
// formulas give the approximate gradient of the polynomial method (it is not the derivative of the loss with
// polynomial weights). Cost O(n m d) and O(n m^2 d^2): the reference. See docs/gradients.md.
#pragma once

#include "attention/attention.hpp"

namespace attnbounds {

/// A B, entry by entry: for scalars that Eigen does not know (derivatives).
template <class Scalar>
Matrix<Scalar> product(const Matrix<Scalar>& a, const Matrix<Scalar>& b) {
  if constexpr (std::is_same_v<Scalar, double>) return a * b;
  Matrix<Scalar> c(a.rows(), b.cols());
  for (Eigen::Index i = 0; i < a.rows(); ++i)
    for (Eigen::Index j = 0; j < b.cols(); ++j) {
      c(i, j) = scalar_from<Scalar>(0);
      for (Eigen::Index l = 0; l < a.cols(); ++l) c(i, j) += a(i, l) * b(l, j);
    }
  return c;
}

/// Rows of weights w(s_ij)/sum_j w(s_ij) of the visible keys, 0 elsewhere. The weight is w(score), or
/// w(score, i, j).
template <class Scalar, class Weight = Exponential>
Matrix<Scalar> softmax_rows(const Matrix<Scalar>& s, Mask mask = Mask::none, const Weight& weight = {}) {
  Matrix<Scalar> f = Matrix<Scalar>::Constant(s.rows(), s.cols(), scalar_from<Scalar>(0));
  for (Eigen::Index i = 0; i < s.rows(); ++i) {
    std::vector<Scalar> row;
    for (Eigen::Index j = 0; j < visible_keys(mask, i, s.cols()); ++j) row.push_back(s(i, j));
    detail::shift_by_maximum(row, weight);
    Scalar sum = scalar_from<Scalar>(0);
    for (size_t j = 0; j < row.size(); ++j) {
      if constexpr (std::is_invocable_v<Weight, Scalar, Eigen::Index, Eigen::Index>)
        row[j] = weight(row[j], i, static_cast<Eigen::Index>(j));
      else row[j] = weight(row[j]);
      sum += row[j];
    }
    for (size_t j = 0; j < row.size(); ++j) f(i, static_cast<Eigen::Index>(j)) = row[j] / sum;
  }
  return f;
}

/// A weight of pairs (j1, j2) under a mask: 0 unless row i sees both j1 and j2. `second`: rows of the second
/// factor.
template <class Weight>
struct VisiblePairs {
  Weight weight;
  Mask mask;
  Eigen::Index second;
  template <class Scalar>
  Scalar operator()(const Scalar& score, Eigen::Index i, Eigen::Index pair) const {
    const auto seen = [&](Eigen::Index j) { return j < visible_keys(mask, i, j + 1); };
    return seen(pair / second) && seen(pair % second) ? weight(score) : scalar_from<Scalar>(0);
  }
};

/// <q_i, k_j>/d for all i, j.
template <class Scalar>
Matrix<Scalar> scores(const Matrix<Scalar>& q, const Matrix<Scalar>& k) {
  Matrix<Scalar> s(q.rows(), k.rows());
  for (Eigen::Index i = 0; i < s.rows(); ++i)
    for (Eigen::Index j = 0; j < s.cols(); ++j) s(i, j) = score(q, i, k, j);
  return s;
}

/// p_i = (diag(f_i) - f_i f_i^T) q_i: from dL/df to dL/d(scores).
template <class Scalar>
Matrix<Scalar> softmax_pullback(const Matrix<Scalar>& f, const Matrix<Scalar>& q) {
  Matrix<Scalar> p(f.rows(), f.cols());
  for (Eigen::Index i = 0; i < f.rows(); ++i) {
    Scalar mean = scalar_from<Scalar>(0);
    for (Eigen::Index j = 0; j < f.cols(); ++j) mean += f(i, j) * q(i, j);
    for (Eigen::Index j = 0; j < f.cols(); ++j) p(i, j) = f(i, j) * (q(i, j) - mean);
  }
  return p;
}

template <class Scalar>
struct AttentionGradient {
  Matrix<Scalar> q, k, v;
};

/// Gradients of <G, Att(Q, K, V)>.
template <class Scalar, class Weight = Exponential>
AttentionGradient<Scalar> attention_gradient(const Matrix<Scalar>& q, const Matrix<Scalar>& k,
                                             const Matrix<Scalar>& v, const Matrix<Scalar>& upstream,
                                             Mask mask = Mask::none, const Weight& weight = {}) {
  validate_attention(shape_of(q), shape_of(k), shape_of(v), mask);
  const Scalar d = scalar_from<Scalar>(q.cols());
  const Matrix<Scalar> f = softmax_rows(scores(q, k), mask, weight);
  const Matrix<Scalar> p = softmax_pullback<Scalar>(f, upstream * v.transpose()) / d;
  return {p * k, p.transpose() * q, f.transpose() * upstream};
}

// ---- The matrix loss.

template <class Scalar>
struct MatrixLoss {
  Matrix<Scalar> a1, a2, a3, x, y, e;  // n x d, m x d, m x d', d x d, d' x d_v, n x d_v
};
template <class Scalar>
struct MatrixLossGradient {
  Matrix<Scalar> x, a1, a2, a3, y;
};

using MatrixLossInput = MatrixLoss<double>;
/// Errors: InputError for shapes that do not fit, NaN and infinities.
void validate(const MatrixLossInput& input);

template <class Scalar>
MatrixLoss<Scalar> loss_over(const MatrixLossInput& in) {
  return {matrix_from<Scalar>(in.a1), matrix_from<Scalar>(in.a2), matrix_from<Scalar>(in.a3),
          matrix_from<Scalar>(in.x),  matrix_from<Scalar>(in.y),  matrix_from<Scalar>(in.e)};
}

/// 1/2 |A - B|_F^2
template <class Scalar>
Scalar half_squared_distance(const Matrix<Scalar>& a, const Matrix<Scalar>& b) {
  Scalar sum = scalar_from<Scalar>(0);
  for (Eigen::Index i = 0; i < a.size(); ++i) {
    const Scalar difference = a.data()[i] - b.data()[i];
    sum += difference * difference;
  }
  return sum / scalar_from<Scalar>(2);
}

/// L, from the definition of attention.
template <class Scalar, class Weight = Exponential>
Scalar loss(const MatrixLoss<Scalar>& in, const Weight& weight = {}, Mask mask = Mask::none) {
  const Matrix<Scalar> q = product(in.a1, in.x), v = product(in.a3, in.y);
  return half_squared_distance(attention(q, in.a2, v, mask, weight), in.e);
}

template <class Scalar, class Weight = Exponential>
MatrixLossGradient<Scalar> loss_gradient(const MatrixLoss<Scalar>& in, const Weight& weight = {},
                                         Mask mask = Mask::none) {
  const Matrix<Scalar> q = in.a1 * in.x, h = in.a3 * in.y;
  const Matrix<Scalar> c = attention(q, in.a2, h, mask, weight) - in.e;
  const AttentionGradient<Scalar> g = attention_gradient(q, in.a2, h, c, mask, weight);
  return {in.a1.transpose() * g.q, g.q * in.x.transpose(), g.k, g.v * in.y.transpose(),
          in.a3.transpose() * g.v};
}

// ---- Tensor attention and the tensor loss. Pair (j1, j2) is column j1 m2 + j2 of an n x m1 m2 matrix.

/// Column-wise Kronecker product A (/) B: row (j1, j2) is a_j1 o b_j2.
template <class Scalar>
Matrix<Scalar> khatri_rao(const Matrix<Scalar>& a, const Matrix<Scalar>& b) {
  Matrix<Scalar> product(a.rows() * b.rows(), a.cols());
  for (Eigen::Index i = 0; i < a.rows(); ++i)
    for (Eigen::Index j = 0; j < b.rows(); ++j)
      for (Eigen::Index l = 0; l < a.cols(); ++l) product(i * b.rows() + j, l) = a(i, l) * b(j, l);
  return product;
}

/// Kronecker product A (x) B: row (j1, j2), column (u, v) is a_{j1,u} b_{j2,v}.
template <class Scalar>
Matrix<Scalar> kronecker(const Matrix<Scalar>& a, const Matrix<Scalar>& b) {
  Matrix<Scalar> product(a.rows() * b.rows(), a.cols() * b.cols());
  for (Eigen::Index i = 0; i < a.rows(); ++i)
    for (Eigen::Index j = 0; j < b.rows(); ++j)
      for (Eigen::Index u = 0; u < a.cols(); ++u)
        for (Eigen::Index v = 0; v < b.cols(); ++v)
          product(i * b.rows() + j, u * b.cols() + v) = a(i, u) * b(j, v);
  return product;
}

/// The two factors' gradients of <G, A (/) B>.
template <class Scalar>
std::pair<Matrix<Scalar>, Matrix<Scalar>> khatri_rao_pullback(const Matrix<Scalar>& a,
                                                              const Matrix<Scalar>& b,
                                                              const Matrix<Scalar>& upstream) {
  Matrix<Scalar> da = Matrix<Scalar>::Constant(a.rows(), a.cols(), scalar_from<Scalar>(0));
  Matrix<Scalar> db = Matrix<Scalar>::Constant(b.rows(), b.cols(), scalar_from<Scalar>(0));
  for (Eigen::Index i = 0; i < a.rows(); ++i)
    for (Eigen::Index j = 0; j < b.rows(); ++j)
      for (Eigen::Index l = 0; l < a.cols(); ++l) {
        da(i, l) += upstream(i * b.rows() + j, l) * b(j, l);
        db(j, l) += upstream(i * b.rows() + j, l) * a(i, l);
      }
  return {da, db};
}

/// The two factors' gradients of <G, A (x) B>.
template <class Scalar>
std::pair<Matrix<Scalar>, Matrix<Scalar>> kronecker_pullback(const Matrix<Scalar>& a, const Matrix<Scalar>& b,
                                                             const Matrix<Scalar>& upstream) {
  Matrix<Scalar> da = Matrix<Scalar>::Constant(a.rows(), a.cols(), scalar_from<Scalar>(0));
  Matrix<Scalar> db = Matrix<Scalar>::Constant(b.rows(), b.cols(), scalar_from<Scalar>(0));
  for (Eigen::Index i = 0; i < a.rows(); ++i)
    for (Eigen::Index j = 0; j < b.rows(); ++j)
      for (Eigen::Index u = 0; u < a.cols(); ++u)
        for (Eigen::Index v = 0; v < b.cols(); ++v) {
          const Scalar& g = upstream(i * b.rows() + j, u * b.cols() + v);
          da(i, u) += g * b(j, v);
          db(j, v) += g * a(i, u);
        }
  return {da, db};
}

/// attention_gradient over pairs under a mask.
template <class Scalar, class Weight>
AttentionGradient<Scalar> pair_attention_gradient(const Matrix<Scalar>& q, const Matrix<Scalar>& k,
                                                  const Matrix<Scalar>& v, const Matrix<Scalar>& upstream,
                                                  const Weight& weight, Mask mask, Eigen::Index second) {
  if (mask == Mask::none) return attention_gradient(q, k, v, upstream, mask, weight);
  return attention_gradient(q, k, v, upstream, Mask::none, VisiblePairs<Weight>{weight, mask, second});
}

template <class Scalar>
struct TensorAttentionGradient {
  Matrix<Scalar> q, k1, k2, v1, v2;
};

/// Gradients of <G, Att(Q, K1, K2, V1, V2)>: matrix attention over the pairs, pulled back through (/).
template <class Scalar, class Weight = Exponential>
TensorAttentionGradient<Scalar> tensor_attention_gradient(const Matrix<Scalar>& q, const Matrix<Scalar>& k1,
                                                          const Matrix<Scalar>& k2, const Matrix<Scalar>& v1,
                                                          const Matrix<Scalar>& v2,
                                                          const Matrix<Scalar>& upstream,
                                                          const Weight& weight = {}, Mask mask = Mask::none) {
  validate_tensor_attention(shape_of(q), shape_of(k1), shape_of(k2), shape_of(v1), shape_of(v2), mask);
  const AttentionGradient<Scalar> g =
      pair_attention_gradient(q, khatri_rao(k1, k2), khatri_rao(v1, v2), upstream, weight, mask, k2.rows());
  const auto keys = khatri_rao_pullback(k1, k2, g.k), values = khatri_rao_pullback(v1, v2, g.v);
  return {g.q, keys.first, keys.second, values.first, values.second};
}

template <class Scalar>
struct TensorLoss {
  Matrix<Scalar> a1, a2, a3, a4, a5, x, y1, y2, e;  // x: d x d^2
};
template <class Scalar>
struct TensorLossGradient {
  Matrix<Scalar> x, a1, a2, a3, a4, a5, y1, y2;
};

using TensorLossInput = TensorLoss<double>;
void validate(const TensorLossInput& input);

template <class Scalar>
TensorLoss<Scalar> loss_over(const TensorLossInput& in) {
  return {matrix_from<Scalar>(in.a1), matrix_from<Scalar>(in.a2), matrix_from<Scalar>(in.a3),
          matrix_from<Scalar>(in.a4), matrix_from<Scalar>(in.a5), matrix_from<Scalar>(in.x),
          matrix_from<Scalar>(in.y1), matrix_from<Scalar>(in.y2), matrix_from<Scalar>(in.e)};
}

/// The same attention as a matrix attention over the m2 m3 pairs with d^2 features: queries d (A1 X), since
/// attention divides scores by the number of features.
template <class Scalar>
struct PairAttention {
  Matrix<Scalar> q, k, v;
};
template <class Scalar>
PairAttention<Scalar> pair_attention(const TensorLoss<Scalar>& in) {
  PairAttention<Scalar> pairs{product(in.a1, in.x), kronecker(in.a2, in.a3),
                              khatri_rao(product(in.a4, in.y1), product(in.a5, in.y2))};
  for (Eigen::Index i = 0; i < pairs.q.size(); ++i) pairs.q.data()[i] *= scalar_from<Scalar>(in.a1.cols());
  return pairs;
}

template <class Scalar, class Weight>
Matrix<Scalar> output(const PairAttention<Scalar>& pairs, const Weight& weight, Mask mask,
                      Eigen::Index second) {
  if (mask == Mask::none) return attention(pairs.q, pairs.k, pairs.v, mask, weight);
  return product(
      softmax_rows(scores(pairs.q, pairs.k), Mask::none, VisiblePairs<Weight>{weight, mask, second}),
      pairs.v);
}

template <class Scalar, class Weight = Exponential>
Scalar loss(const TensorLoss<Scalar>& in, const Weight& weight = {}, Mask mask = Mask::none) {
  return half_squared_distance(output(pair_attention(in), weight, mask, in.a3.rows()), in.e);
}

template <class Scalar, class Weight = Exponential>
TensorLossGradient<Scalar> loss_gradient(const TensorLoss<Scalar>& in, const Weight& weight = {},
                                         Mask mask = Mask::none) {
  const Scalar d = scalar_from<Scalar>(in.a1.cols());
  const PairAttention<Scalar> pairs = pair_attention(in);
  const Matrix<Scalar> c = output(pairs, weight, mask, in.a3.rows()) - in.e;
  const AttentionGradient<Scalar> g =
      pair_attention_gradient(pairs.q, pairs.k, pairs.v, c, weight, mask, in.a3.rows());
  const Matrix<Scalar> dq = g.q * d;  // of the loss with respect to A1 X
  const Matrix<Scalar> v1 = in.a4 * in.y1, v2 = in.a5 * in.y2;
  const auto keys = kronecker_pullback(in.a2, in.a3, g.k);
  const auto values = khatri_rao_pullback(v1, v2, g.v);
  return {in.a1.transpose() * dq,
          dq * in.x.transpose(),
          keys.first,
          keys.second,
          values.first * in.y1.transpose(),
          values.second * in.y2.transpose(),
          in.a4.transpose() * values.first,
          in.a5.transpose() * values.second};
}

}  // namespace attnbounds
