// Attention with low-rank adapters and the gradients of its loss (Hu, Su, Kuo, Song, Liu 2024, arXiv
// 2406.03136, Definitions 1.1, 1.2 and A.1), for any scalar. Rows are tokens; d = columns of the weights.
//   W = W* + s B A,  s = alpha/r,  for each of W_Q, W_K, W_V (d x d; B is d x r, A is r x d)
//   L = 1/2 |Att(X_Q W_Q, X_K W_K, X_V W_V) - Y|_F^2
//   dL/dW_Q = X_Q^T p K/d,   dL/dW_K = X_K^T p^T Q/d,   dL/dW_V = (f X_V)^T (Att - Y)    (f, p: gradient.hpp)
//   dL/dA = s B^T dL/dW,     dL/dB = s dL/dW A^T
// The partial adaptation of the paper moves W_Q and W_V, the full one W_K as well: here all six gradients are
// given, whoever adapts fewer takes fewer. Scores are divided by d; the paper sets its temperature to 1.
#pragma once

#include "attention/gradient.hpp"

namespace attnbounds {

template <class Scalar>
struct Adapter {
  Matrix<Scalar> frozen, b, a;  // W*, B, A
  Rational scale = 1;           // s = alpha/r
};
template <class Scalar>
Matrix<Scalar> effective_weight(const Adapter<Scalar>& w) {
  return w.frozen + scalar_from<Scalar>(w.scale) * product(w.b, w.a);
}

template <class Scalar>
struct LoraLoss {
  Matrix<Scalar> x_q, x_k, x_v;  // n x d, m x d, m x d
  Adapter<Scalar> q, k, v;
  Matrix<Scalar> y;  // n x d
};
using LoraLossInput = LoraLoss<double>;
/// Errors: InputError for shapes that do not fit, NaN and infinities.
void validate(const LoraLossInput& input);

template <class Scalar>
LoraLoss<Scalar> loss_over(const LoraLossInput& in) {
  const auto over = [](const Adapter<double>& w) {
    return Adapter<Scalar>{matrix_from<Scalar>(w.frozen), matrix_from<Scalar>(w.b), matrix_from<Scalar>(w.a),
                           w.scale};
  };
  return {matrix_from<Scalar>(in.x_q),
          matrix_from<Scalar>(in.x_k),
          matrix_from<Scalar>(in.x_v),
          over(in.q),
          over(in.k),
          over(in.v),
          matrix_from<Scalar>(in.y)};
}

/// Q, K, V of the head.
template <class Scalar>
struct HeadMatrices {
  Matrix<Scalar> q, k, v;
};
template <class Scalar>
HeadMatrices<Scalar> head_of(const LoraLoss<Scalar>& in) {
  return {product(in.x_q, effective_weight(in.q)), product(in.x_k, effective_weight(in.k)),
          product(in.x_v, effective_weight(in.v))};
}

template <class Scalar, class Weight = Exponential>
Scalar loss(const LoraLoss<Scalar>& in, const Weight& weight = {}) {
  const HeadMatrices<Scalar> head = head_of(in);
  return half_squared_distance(attention(head.q, head.k, head.v, Mask::none, weight), in.y);
}

template <class Scalar>
struct AdapterGradient {
  Matrix<Scalar> b, a;
};
/// From dL/dW to dL/dB and dL/dA.
template <class Scalar>
AdapterGradient<Scalar> adapter_pullback(const Adapter<Scalar>& w, const Matrix<Scalar>& of_weight) {
  const Scalar s = scalar_from<Scalar>(w.scale);
  return {s * product<Scalar>(of_weight, w.a.transpose()), s * product<Scalar>(w.b.transpose(), of_weight)};
}

template <class Scalar>
struct LoraGradient {
  AdapterGradient<Scalar> q, k, v;
};
template <class Scalar, class Weight = Exponential>
LoraGradient<Scalar> lora_gradient(const LoraLoss<Scalar>& in, const Weight& weight = {}) {
  const HeadMatrices<Scalar> head = head_of(in);
  const Matrix<Scalar> f = softmax_rows(scores(head.q, head.k), Mask::none, weight);
  const Matrix<Scalar> c = product(f, head.v) - in.y;
  const Matrix<Scalar> p = softmax_pullback<Scalar>(f, product<Scalar>(c, head.v.transpose())) /
                           scalar_from<Scalar>(in.x_q.cols());
  const auto transposed = [](const Matrix<Scalar>& m) { return Matrix<Scalar>(m.transpose()); };
  return {adapter_pullback(in.q, product(transposed(in.x_q), product(p, head.k))),
          adapter_pullback(in.k, product(transposed(in.x_k), product(transposed(p), head.q))),
          adapter_pullback(in.v, product(transposed(product(f, in.x_v)), c))};
}

}  // namespace attnbounds
