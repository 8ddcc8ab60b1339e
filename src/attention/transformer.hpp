// The multi-layer transformer (Liang, Sha, Shi, Song, Zhou 2024, arXiv 2408.13233), forward and backward, for
// any scalar:  T_0 -> T_1 -> ... -> T_m,  a layer
//   Z = r T + sum over heads f_h T W_V,h (+ b),    f_h = softmax((T W_h + 1 u_h^T) T^T / d), causal mask or
//   none, Z <- LayerNorm(Z),   T' = r Z + act(Z W_1 + b_1) W_2 + b_2,   T' <- LayerNorm(T'),
// every part but attention optional; r = 1 with the residual connection, else 0. (u is what a bias of the
// queries leaves of itself: a bias of the keys cancels in softmax.) Backward, for any G = dL/dT':
//   H = T W_V,  q = G H^T,  p = f o q - diag((f o q) 1) f,
//   dL/dT = r G + sum_h (p T W^T + p^T (T W + 1 u^T))/d + f^T G W_V^T,   dL/dW = T^T p T/d,   dL/dW_V = T^T
//   f^T G.
// (Lemma D.17 of the paper prints f for f^T and exchanges W and W^T; docs/gradients.md.)
// Cost of a layer O(heads (n d^2 + n^2 d)).
#pragma once

#include <optional>

#include "attention/gradient.hpp"

namespace attnbounds {

enum class Residual { none, added };
enum class Activation { relu, gelu };

template <class Scalar>
struct Head {
  Matrix<Scalar> w, w_v;      // d x d
  Matrix<Scalar> query_bias;  // u^T, 1 x d, or empty
};
template <class Scalar>
struct LayerNorm {
  Matrix<Scalar> gain, shift;  // 1 x d
  Scalar epsilon;
};
template <class Scalar>
struct Mlp {
  Matrix<Scalar> w1, b1, w2, b2;  // d x k, 1 x k, k x d, 1 x d
  Activation activation = Activation::gelu;
};
template <class Scalar>
struct Layer {
  std::vector<Head<Scalar>> heads;
  Matrix<Scalar> output_bias;  // 1 x d, or empty
  Mask mask = Mask::none;
  Residual residual = Residual::added;
  std::optional<LayerNorm<Scalar>> attention_norm;
  std::optional<Mlp<Scalar>> mlp;
  std::optional<LayerNorm<Scalar>> mlp_norm;
};

/// Layers of doubles (taken as exact) over another scalar.
template <class Scalar>
std::vector<Layer<Scalar>> layers_over(const std::vector<Layer<double>>& layers) {
  const auto m = [](const Matrix<double>& x) { return matrix_from<Scalar>(x); };
  const auto norm = [&](const std::optional<LayerNorm<double>>& x) {
    std::optional<LayerNorm<Scalar>> result;
    if (x) result = LayerNorm<Scalar>{m(x->gain), m(x->shift), scalar_from<Scalar>(to_rational(x->epsilon))};
    return result;
  };
  std::vector<Layer<Scalar>> result;
  for (const Layer<double>& layer : layers) {
    Layer<Scalar> copy;
    for (const Head<double>& h : layer.heads) copy.heads.push_back({m(h.w), m(h.w_v), m(h.query_bias)});
    copy.output_bias = m(layer.output_bias);
    copy.mask = layer.mask;
    copy.residual = layer.residual;
    copy.attention_norm = norm(layer.attention_norm);
    if (const auto& p = layer.mlp)
      copy.mlp = Mlp<Scalar>{m(p->w1), m(p->b1), m(p->w2), m(p->b2), p->activation};
    copy.mlp_norm = norm(layer.mlp_norm);
    result.push_back(std::move(copy));
  }
  return result;
}

// ---- Row-wise maps.

template <class Scalar>
Scalar activate(Activation kind, const Scalar& x) {
  using std::sqrt;
  const Scalar zero = scalar_from<Scalar>(0);
  if (kind == Activation::relu) return x > zero ? x : zero;
  const Scalar two = scalar_from<Scalar>(2);
  return x * (scalar_from<Scalar>(1) + error_function(Scalar(x / sqrt(two)))) / two;
}
/// relu'(x), 0 at 0 by convention; gelu'(x) = Phi(x) + x phi(x).
template <class Scalar>
Scalar activation_slope(Activation kind, const Scalar& x) {
  using std::exp, std::sqrt, std::atan;
  const Scalar zero = scalar_from<Scalar>(0), one = scalar_from<Scalar>(1), two = scalar_from<Scalar>(2);
  if (kind == Activation::relu) return x > zero ? one : zero;
  const Scalar pi = scalar_from<Scalar>(4) * atan(one);
  return (one + error_function(Scalar(x / sqrt(two)))) / two +
         x * exp(Scalar(-x * x / two)) / sqrt(Scalar(two * pi));
}
// An interval that holds 0 inside has both slopes of relu.
template <>
inline Interval activate<Interval>(Activation kind, const Interval& x) {
  if (kind == Activation::relu) return maximum(x, Interval(0));
  return x * (1 + error_function(Interval(x / sqrt(Interval(2))))) / 2;
}
template <>
inline Interval activation_slope<Interval>(Activation kind, const Interval& x) {
  if (kind == Activation::relu)
    return upper(x) <= 0 ? Interval(0) : lower(x) > 0 ? Interval(1) : enclose(Real(0), Real(1));
  return (1 + error_function(Interval(x / sqrt(Interval(2))))) / 2 +
         x * exp(Interval(-x * x / 2)) / sqrt(Interval(2 * pi_interval()));
}

/// (x - mean)/sqrt(var + epsilon), a row at a time, and the divisors.
template <class Scalar>
struct Normalised {
  Matrix<Scalar> y;
  std::vector<Scalar> divisor;
};
template <class Scalar>
Normalised<Scalar> normalise_rows(const Matrix<Scalar>& x, const Scalar& epsilon) {
  using std::sqrt;
  const Scalar width = scalar_from<Scalar>(x.cols());
  Normalised<Scalar> result{x, {}};
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    Scalar mean = scalar_from<Scalar>(0), square = scalar_from<Scalar>(0);
    for (Eigen::Index l = 0; l < x.cols(); ++l) mean += x(i, l);
    mean /= width;
    for (Eigen::Index l = 0; l < x.cols(); ++l) square += (x(i, l) - mean) * (x(i, l) - mean);
    result.divisor.push_back(sqrt(Scalar(square / width + epsilon)));
    for (Eigen::Index l = 0; l < x.cols(); ++l) result.y(i, l) = (x(i, l) - mean) / result.divisor.back();
  }
  return result;
}

template <class Scalar>
Matrix<Scalar> with_row_added(Matrix<Scalar> m, const Matrix<Scalar>& row) {
  if (row.size() > 0)
    for (Eigen::Index i = 0; i < m.rows(); ++i)
      for (Eigen::Index l = 0; l < m.cols(); ++l) m(i, l) += row(0, l);
  return m;
}
template <class Scalar>
Matrix<Scalar> with_columns_scaled(Matrix<Scalar> m, const Matrix<Scalar>& row) {
  for (Eigen::Index i = 0; i < m.rows(); ++i)
    for (Eigen::Index l = 0; l < m.cols(); ++l) m(i, l) *= row(0, l);
  return m;
}

/// x from y = gain o normalised(x) + shift: dL/dx from dL/dy.
template <class Scalar>
Matrix<Scalar> layer_norm_pullback(const Normalised<Scalar>& at, const LayerNorm<Scalar>& norm,
                                   const Matrix<Scalar>& upstream) {
  Matrix<Scalar> g = with_columns_scaled(upstream, norm.gain);
  const Scalar width = scalar_from<Scalar>(g.cols());
  for (Eigen::Index i = 0; i < g.rows(); ++i) {
    Scalar mean = scalar_from<Scalar>(0), along = scalar_from<Scalar>(0);
    for (Eigen::Index l = 0; l < g.cols(); ++l) {
      mean += g(i, l);
      along += g(i, l) * at.y(i, l);
    }
    mean /= width;
    along /= width;
    for (Eigen::Index l = 0; l < g.cols(); ++l)
      g(i, l) = (g(i, l) - mean - at.y(i, l) * along) / at.divisor[i];
  }
  return g;
}

// ---- Forward. The trace holds what the backward pass needs.

template <class Scalar>
struct LayerTrace {
  Matrix<Scalar> input;
  std::vector<Matrix<Scalar>> f;  // a head each
  std::optional<Normalised<Scalar>> attention_normalised;
  Matrix<Scalar> middle;  // what enters the MLP
  Matrix<Scalar> hidden;  // Z W_1 + b_1
  std::optional<Normalised<Scalar>> mlp_normalised;
  Matrix<Scalar> output;
};

/// The weights of softmax at a head: exp for all, unless a pass says otherwise.
struct ExactWeights {
  Exponential operator()(Eigen::Index, Eigen::Index) const { return {}; }
};

template <class Scalar>
Matrix<Scalar> head_scores(const Head<Scalar>& head, const Matrix<Scalar>& t) {
  const Matrix<Scalar> queries = with_row_added(product(t, head.w), head.query_bias);
  Matrix<Scalar> s = product<Scalar>(queries, t.transpose());
  for (Eigen::Index i = 0; i < s.size(); ++i) s.data()[i] /= scalar_from<Scalar>(t.cols());
  return s;
}

/// `weights_of(layer, head)` returns a weight: w(score), or w(score, i, j) for weights that differ by entry.
template <class Scalar, class WeightsOf = ExactWeights>
LayerTrace<Scalar> layer_forward(const Layer<Scalar>& layer, const Matrix<Scalar>& t,
                                 Eigen::Index layer_index = 0, const WeightsOf& weights_of = {}) {
  LayerTrace<Scalar> trace;
  trace.input = t;
  Matrix<Scalar> z = Matrix<Scalar>::Constant(t.rows(), t.cols(), scalar_from<Scalar>(0));
  if (layer.residual == Residual::added) z = t;
  for (size_t h = 0; h < layer.heads.size(); ++h) {
    const Head<Scalar>& head = layer.heads[h];
    trace.f.push_back(softmax_rows(head_scores(head, t), layer.mask,
                                   weights_of(layer_index, static_cast<Eigen::Index>(h))));
    const Matrix<Scalar> attended = product(trace.f.back(), product(t, head.w_v));
    for (Eigen::Index i = 0; i < z.size(); ++i) z.data()[i] += attended.data()[i];
  }
  z = with_row_added(std::move(z), layer.output_bias);
  const auto normalised = [](const std::optional<LayerNorm<Scalar>>& norm, Matrix<Scalar>& x,
                             std::optional<Normalised<Scalar>>& kept) {
    if (!norm) return;
    kept = normalise_rows(x, norm->epsilon);
    x = with_row_added(with_columns_scaled(kept->y, norm->gain), norm->shift);
  };
  normalised(layer.attention_norm, z, trace.attention_normalised);
  trace.middle = z;
  if (layer.mlp) {
    const Mlp<Scalar>& mlp = *layer.mlp;
    trace.hidden = with_row_added(product(z, mlp.w1), mlp.b1);
    Matrix<Scalar> active = trace.hidden;
    for (Eigen::Index i = 0; i < active.size(); ++i)
      active.data()[i] = activate(mlp.activation, trace.hidden.data()[i]);
    Matrix<Scalar> out = with_row_added(product(active, mlp.w2), mlp.b2);
    if (layer.residual == Residual::added)
      for (Eigen::Index i = 0; i < out.size(); ++i) out.data()[i] += z.data()[i];
    z = std::move(out);
  }
  normalised(layer.mlp_norm, z, trace.mlp_normalised);
  trace.output = std::move(z);
  return trace;
}

template <class Scalar, class WeightsOf = ExactWeights>
std::vector<LayerTrace<Scalar>> forward(const std::vector<Layer<Scalar>>& layers, const Matrix<Scalar>& input,
                                        const WeightsOf& weights_of = {}) {
  std::vector<LayerTrace<Scalar>> traces;
  for (size_t l = 0; l < layers.size(); ++l)
    traces.push_back(layer_forward(layers[l], l == 0 ? input : traces.back().output,
                                   static_cast<Eigen::Index>(l), weights_of));
  return traces;
}

// ---- Backward.

template <class Scalar>
struct HeadGradient {
  Matrix<Scalar> w, w_v;
};
template <class Scalar>
struct LayerGradient {
  Matrix<Scalar> input;   // dL/dT
  Matrix<Scalar> middle;  // dL/dZ before its layer norm
  std::vector<HeadGradient<Scalar>> heads;
};

template <class Scalar>
LayerGradient<Scalar> layer_backward(const Layer<Scalar>& layer, const LayerTrace<Scalar>& trace,
                                     const Matrix<Scalar>& upstream) {
  const auto add = [](Matrix<Scalar>& sum, const Matrix<Scalar>& term) {
    for (Eigen::Index i = 0; i < sum.size(); ++i) sum.data()[i] += term.data()[i];
  };
  const Matrix<Scalar> zero =
      Matrix<Scalar>::Constant(upstream.rows(), upstream.cols(), scalar_from<Scalar>(0));
  Matrix<Scalar> g = upstream;
  if (layer.mlp_norm) g = layer_norm_pullback(*trace.mlp_normalised, *layer.mlp_norm, g);
  if (layer.mlp) {
    Matrix<Scalar> hidden = product<Scalar>(g, layer.mlp->w2.transpose());
    for (Eigen::Index i = 0; i < hidden.size(); ++i)
      hidden.data()[i] *= activation_slope(layer.mlp->activation, trace.hidden.data()[i]);
    Matrix<Scalar> through = product<Scalar>(hidden, layer.mlp->w1.transpose());
    if (layer.residual == Residual::added) add(through, g);
    g = std::move(through);
  }
  if (layer.attention_norm) g = layer_norm_pullback(*trace.attention_normalised, *layer.attention_norm, g);

  LayerGradient<Scalar> result{layer.residual == Residual::added ? g : zero, g, {}};
  const Matrix<Scalar>& t = trace.input;
  for (size_t h = 0; h < layer.heads.size(); ++h) {
    const Head<Scalar>& head = layer.heads[h];
    const Matrix<Scalar>& f = trace.f[h];
    const Matrix<Scalar> values = product(t, head.w_v);
    Matrix<Scalar> p = softmax_pullback(f, product<Scalar>(g, values.transpose()));
    for (Eigen::Index i = 0; i < p.size(); ++i) p.data()[i] /= scalar_from<Scalar>(t.cols());
    const Matrix<Scalar> keys_seen = product(p, t), attended = product<Scalar>(f.transpose(), g);
    add(result.input, product<Scalar>(keys_seen, head.w.transpose()));
    add(result.input, product<Scalar>(p.transpose(), with_row_added(product(t, head.w), head.query_bias)));
    add(result.input, product<Scalar>(attended, head.w_v.transpose()));
    result.heads.push_back(
        {product<Scalar>(t.transpose(), keys_seen), product<Scalar>(t.transpose(), attended)});
  }
  return result;
}

/// Gradients of every layer, layer 0 first, from dL/dT_m.
template <class Scalar>
std::vector<LayerGradient<Scalar>> backward(const std::vector<Layer<Scalar>>& layers,
                                            const std::vector<LayerTrace<Scalar>>& traces,
                                            const Matrix<Scalar>& upstream) {
  std::vector<LayerGradient<Scalar>> gradients(layers.size());
  Matrix<Scalar> g = upstream;
  for (size_t l = layers.size(); l-- > 0;) {
    gradients[l] = layer_backward(layers[l], traces[l], g);
    g = gradients[l].input;
  }
  return gradients;
}

// ---- Losses at the last layer, with dL/dT_m.

template <class Scalar>
struct LossAt {
  Scalar value;
  Matrix<Scalar> gradient;
};

/// 1/2 |T - E|_F^2
template <class Scalar>
LossAt<Scalar> squared_loss(const Matrix<Scalar>& t, const Matrix<Scalar>& target) {
  Matrix<Scalar> difference = t;
  for (Eigen::Index i = 0; i < t.size(); ++i) difference.data()[i] -= target.data()[i];
  return {half_squared_distance(t, target), difference};
}

/// sum_i (log sum_l e^{T_il} - T_{i,class_i})
template <class Scalar>
LossAt<Scalar> cross_entropy(const Matrix<Scalar>& t, const std::vector<Eigen::Index>& classes) {
  using std::log;
  LossAt<Scalar> at{scalar_from<Scalar>(0), softmax_rows(t)};
  for (Eigen::Index i = 0; i < t.rows(); ++i) {
    at.value -= log(at.gradient(i, classes[i]));
    at.gradient(i, classes[i]) -= scalar_from<Scalar>(1);
  }
  return at;
}

}  // namespace attnbounds
