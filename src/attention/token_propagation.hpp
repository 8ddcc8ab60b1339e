// How an error travels through a layer, token by token in Euclidean norms (docs/gradients.md, section 5a):
// the recursion of propagation.hpp with the instance's own quantities in place of norms of the weights. eps_i
// bounds |T~_i - T_i|_2. A head has, at the exact state, q_i = T_i W + u, k_j = (T_j - c) W^T, H = T W_V, and
//   a_i = |q_i|_2, b_j = |k_j|_2, sigma >= |W|_2, omega >= |W_V|_2, r_ij = |H_j - sum_k f_ik H_k|_2,
//   lambda_ij = artanh(delta) + (b_j eps_i + a_i eps_j + sigma eps_i eps_j)/d,  L_i = max_j lambda_ij,
// hence f~_ij <= F_ij = min(1, e^{2 L_i} f_ij) and |f~_ij - f_ij| <= D_ij = min(1, (e^{2 L_i} - 1) f_ij):
//   eps'_i <= r eps_i + sum_h omega sum_j F_ij eps_j + sum_j lambda_ij F_ij (r_ij + sum_k D_ik r_ik)
// and backward the same with |p_ij| <= f_ij r_ij |G_i|_2. Heads far from each other's worst case share the
// norm of their stacked W_V. Cost O(n^2 d) a head, and O(d^3) for norms of weights.
#pragma once

#include "attention/propagation.hpp"

namespace attnbounds {

template <class S>
using PerToken = std::vector<S>;

// ---- Euclidean norms.

/// A number that is not negative, exact, and at least x: what matrices are scaled by.
inline double scale_above(double x) { return x; }
inline Interval scale_above(const Interval& x) { return enclose(upper(x)); }

template <class S>
S root(const S& x) {
  using std::sqrt;
  return sqrt(x);
}
template <class S>
S squared_norm(const Matrix<S>& m) {
  S sum = scalar_from<S>(0);
  for (Eigen::Index i = 0; i < m.size(); ++i) sum += size_of(m.data()[i]) * size_of(m.data()[i]);
  return sum;
}
template <class S>
PerToken<S> row_norms(const Matrix<S>& m) {
  PerToken<S> norms;
  for (Eigen::Index i = 0; i < m.rows(); ++i) norms.push_back(root(squared_norm<S>(m.row(i))));
  return norms;
}
template <class S>
S largest_of(const PerToken<S>& x) {
  S largest = x.front();
  for (const S& value : x) largest = larger(largest, value);
  return largest;
}

/// |M|_2 <= |(M^T M)^{2^k}|_F^{1/2^{k+1}}: at most a factor (rank)^{1/2^{k+2}} above it, k = 5.
template <class S>
S spectral_norm_bound(const Matrix<S>& m) {
  const bool tall = m.rows() > m.cols();
  const Matrix<S> transposed = m.transpose();
  Matrix<S> gram = tall ? product(transposed, m) : product(m, transposed);
  constexpr int squarings = 5;
  std::vector<S> scales;
  for (int k = 0; k <= squarings; ++k) {
    const S scale = scale_above(root(squared_norm(gram)));
    if (!surely_above(scale, scalar_from<S>(0))) return scalar_from<S>(0);  // scales are exact
    scales.push_back(scale);
    if (k == squarings) break;
    for (Eigen::Index i = 0; i < gram.size(); ++i) gram.data()[i] /= scale;
    gram = product(gram, gram);
  }
  S norm = scales.back();
  for (int k = squarings; k-- > 0;) norm = scales[k] * root(norm);
  return root(norm);
}

// ---- Constants of a layer at its exact state.

template <class S>
struct TokenHead {
  Matrix<S> f, r;         // softmax; |H_j - mean_i|_2
  PerToken<S> a, b, far;  // |q_i|, |k_j|, max_j r_ij
  S sigma, omega;
};
template <class S>
struct TokenNorm {
  S gain, epsilon, width;
  PerToken<S> divisor;
};
template <class S>
struct TokenMlp {
  S everywhere, weights;  // a Lipschitz constant; |W_1|_2 |W_2|_2
  PerToken<S> jacobian;   // r + |W_1 diag(act') W_2|_F at the exact state
  PerToken<S> least_hidden;
  S column, curvature, slope_range;  // largest |column of W_1|_2; sup|act''|; sup act' - inf act'
  Activation activation = Activation::gelu;
};
template <class S>
struct TokenConstants {
  Mask mask = Mask::none;
  S residual, width;
  PerToken<S> state, centred;  // |T_i|, |T_i - c|
  std::vector<TokenHead<S>> heads;
  S stacked, stacked_transposed;  // |(W_V,1; W_V,2; ...)|_2, and of the transposes
  std::optional<TokenNorm<S>> attention_norm, mlp_norm;
  std::optional<TokenMlp<S>> mlp;
};

template <class S>
TokenHead<S> token_head(const Head<S>& head, const Matrix<S>& t, const Matrix<S>& centred,
                        const Matrix<S>& f) {
  TokenHead<S> k;
  k.f = f;
  const Matrix<S> values = product(t, head.w_v), means = product(f, values);
  k.r.resize(f.rows(), f.cols());
  for (Eigen::Index i = 0; i < f.rows(); ++i)
    for (Eigen::Index j = 0; j < f.cols(); ++j)
      k.r(i, j) = root(squared_norm<S>(values.row(j) - means.row(i)));
  for (Eigen::Index i = 0; i < f.rows(); ++i) k.far.push_back(largest_size<S>(k.r.row(i)));
  k.a = row_norms(with_row_added(product(t, head.w), head.query_bias));
  k.b = row_norms(product<S>(centred, head.w.transpose()));
  k.sigma = spectral_norm_bound(head.w);
  k.omega = spectral_norm_bound(head.w_v);
  return k;
}

template <class S>
TokenMlp<S> token_mlp(const Mlp<S>& mlp, const S& residual, const Matrix<S>& hidden) {
  const MlpConstants<S> plain = mlp_constants(mlp, hidden);
  const S half = scalar_from<S>(Rational(1, 2));
  TokenMlp<S> k;
  k.activation = mlp.activation;
  k.curvature = plain.curvature;
  k.slope_range = plain.slope_range;
  k.column = largest_of(row_norms<S>(mlp.w1.transpose()));
  k.weights = spectral_norm_bound(mlp.w1) * spectral_norm_bound(mlp.w2);
  // Slopes lie in 1/2 +- (sup - 1/2): J = r I + W_1 W_2/2 + W_1 diag(act' - 1/2) W_2.
  Matrix<S> middle = product(mlp.w1, mlp.w2);
  for (Eigen::Index i = 0; i < middle.rows(); ++i)
    for (Eigen::Index l = 0; l < middle.cols(); ++l)
      middle(i, l) = half * middle(i, l) + (i == l ? residual : scalar_from<S>(0));
  k.everywhere = smaller_of(S(residual + k.weights * plain.lipschitz),
                            S(spectral_norm_bound(middle) + k.weights * (plain.lipschitz - half)));
  // |W_1 diag(s) W_2|_F^2 = s^T ((W_1^T W_1) o (W_2 W_2^T)) s
  Matrix<S> kernel = product<S>(mlp.w1.transpose(), mlp.w1);
  const Matrix<S> other = product<S>(mlp.w2, mlp.w2.transpose());
  for (Eigen::Index i = 0; i < kernel.size(); ++i) kernel.data()[i] *= other.data()[i];
  Matrix<S> slopes = hidden;
  for (Eigen::Index i = 0; i < slopes.size(); ++i)
    slopes.data()[i] = activation_slope(mlp.activation, hidden.data()[i]);
  const Matrix<S> through = product(slopes, kernel);
  for (Eigen::Index i = 0; i < hidden.rows(); ++i) {
    S square = scalar_from<S>(0), least = size_of(hidden(i, 0));
    for (Eigen::Index j = 0; j < hidden.cols(); ++j) {
      square += through(i, j) * slopes(i, j);
      least = smaller_of(least, size_of(hidden(i, j)));
    }
    k.jacobian.push_back(residual + root(size_of(square)));  // a square, enclosed
    k.least_hidden.push_back(least);
  }
  return k;
}

template <class S>
TokenConstants<S> token_constants(const Layer<S>& layer, const LayerTrace<S>& trace) {
  const Matrix<S>& t = trace.input;
  TokenConstants<S> k;
  k.mask = layer.mask;
  k.residual = scalar_from<S>(layer.residual == Residual::added ? 1 : 0);
  k.width = scalar_from<S>(t.cols());
  Matrix<S> centred = t;
  for (Eigen::Index l = 0; l < t.cols(); ++l) {
    S mean = scalar_from<S>(0);
    for (Eigen::Index i = 0; i < t.rows(); ++i) mean += t(i, l);
    mean /= scalar_from<S>(t.rows());
    for (Eigen::Index i = 0; i < t.rows(); ++i) centred(i, l) -= mean;
  }
  k.state = row_norms(t);
  k.centred = row_norms(centred);
  const auto heads = static_cast<Eigen::Index>(layer.heads.size());
  Matrix<S> down(heads * t.cols(), t.cols()), across(heads * t.cols(), t.cols());
  for (Eigen::Index h = 0; h < heads; ++h) {
    k.heads.push_back(token_head(layer.heads[h], t, centred, trace.f[h]));
    down.middleRows(h * t.cols(), t.cols()) = layer.heads[h].w_v;
    across.middleRows(h * t.cols(), t.cols()) = layer.heads[h].w_v.transpose();
  }
  k.stacked = spectral_norm_bound(down);
  k.stacked_transposed = spectral_norm_bound(across);
  const auto norm = [&](const LayerNorm<S>& n, const Normalised<S>& at) {
    return TokenNorm<S>{largest_size(n.gain), n.epsilon, k.width, at.divisor};
  };
  if (layer.attention_norm) k.attention_norm = norm(*layer.attention_norm, *trace.attention_normalised);
  if (layer.mlp) k.mlp = token_mlp(*layer.mlp, k.residual, trace.hidden);
  if (layer.mlp_norm) k.mlp_norm = norm(*layer.mlp_norm, *trace.mlp_normalised);
  return k;
}

// ---- Forward.

template <class S>
struct TokenErrors {
  PerToken<S> input, attended, middle, fed, output;  // eps before and after each part
  std::vector<Matrix<S>> most, change;               // F and D, a head each
};

/// Of y = (x - mean)/s at one token, without gain: |y~ - y|_2 <= eps/sqrt(s s~) and at most 2 sqrt(d);
/// s~ >= s - eps/sqrt(d), >= sqrt(epsilon).
template <class S>
NormChange<S> token_norm_change(const TokenNorm<S>& k, size_t token, const S& e) {
  const S &s = k.divisor[token], moved = e / root(k.width), most = scalar_from<S>(2) * root(k.width);
  S divisor = root(k.epsilon);
  if (surely_above(s, moved)) divisor = larger(divisor, S(s - moved));
  if (!surely_above(divisor, scalar_from<S>(0))) return {most, divisor};
  return {smaller_of(S(e / root(S(s * divisor))), most), divisor};
}
template <class S>
PerToken<S> through_norm(const TokenNorm<S>& k, PerToken<S> e) {
  for (size_t i = 0; i < e.size(); ++i) e[i] = k.gain * token_norm_change(k, i, e[i]).y;
  return e;
}

/// A Lipschitz constant of the MLP between the exact and the approximate state of one token.
template <class S>
S token_lipschitz(const TokenMlp<S>& k, size_t token, const S& e) {
  const S reach = k.column * e;
  if (k.activation == Activation::gelu)
    return smaller_of(k.everywhere, S(k.jacobian[token] + k.weights * k.curvature * reach));
  return surely_above(k.least_hidden[token], reach) ? smaller_of(k.everywhere, k.jacobian[token])
                                                    : k.everywhere;
}

/// lambda_ij of one row, and the largest.
template <class S>
PerToken<S> log_changes(const TokenConstants<S>& k, const TokenHead<S>& h, const PerToken<S>& e,
                        Eigen::Index i, const S& delta) {
  using std::log;
  const S one = scalar_from<S>(1), two = scalar_from<S>(2),
          weight = log(S((one + delta) / (one - delta))) / two;
  PerToken<S> changes;
  for (Eigen::Index j = 0; j < visible_keys(k.mask, i, h.f.cols()); ++j)
    changes.push_back(weight + (h.b[j] * e[i] + h.a[i] * e[j] + h.sigma * e[i] * e[j]) / k.width);
  return changes;
}

/// sum_h x_h omega_h, or by the stacked matrix, whichever is less.
template <class S>
S over_heads(const std::vector<TokenHead<S>>& heads, const std::vector<S>& x, const S& stacked) {
  S sum = scalar_from<S>(0), square = scalar_from<S>(0);
  for (size_t h = 0; h < heads.size(); ++h) {
    sum += heads[h].omega * x[h];
    square += x[h] * x[h];
  }
  return smaller_of(sum, S(stacked * root(square)));
}

template <class S>
TokenErrors<S> token_forward(const TokenConstants<S>& k, const PerToken<S>& e, const S& delta) {
  using std::exp, std::tanh;
  const S zero = scalar_from<S>(0), one = scalar_from<S>(1), two = scalar_from<S>(2);
  const auto n = static_cast<Eigen::Index>(e.size());
  TokenErrors<S> errors;
  errors.input = e;
  errors.most.assign(k.heads.size(), Matrix<S>::Constant(n, n, zero));
  errors.change = errors.most;
  for (Eigen::Index i = 0; i < n; ++i) {
    std::vector<S> averaged;
    S moved = zero;
    for (size_t at = 0; at < k.heads.size(); ++at) {
      const TokenHead<S>& h = k.heads[at];
      Matrix<S>&most = errors.most[at], &change = errors.change[at];
      const PerToken<S> lambda = log_changes(k, h, e, i, delta);
      const S largest = largest_of(lambda);
      const bool far = surely_above(largest, scalar_from<S>(300));  // e^600: only F, D <= 1 says something
      const S factor = far ? one : S(exp(S(two * largest)));
      S spread = zero, average = zero, first = zero, heaviest = zero;
      for (size_t j = 0; j < lambda.size(); ++j) {
        const auto column = static_cast<Eigen::Index>(j);
        most(i, column) = far ? one : smaller_of(one, S(factor * h.f(i, column)));
        change(i, column) = far ? one : smaller_of(one, S((factor - one) * h.f(i, column)));
        spread += change(i, column) * h.r(i, column);
        average += most(i, column) * e[j];
        heaviest = larger(heaviest, e[j]);
      }
      for (size_t j = 0; j < lambda.size(); ++j) {
        const auto column = static_cast<Eigen::Index>(j);
        first += lambda[j] * most(i, column) * (h.r(i, column) + spread);
      }
      averaged.push_back(smaller_of(average, heaviest));
      moved += smaller_of(smaller_of(first, spread), S(two * tanh(S(largest / two)) * h.far[i]));
    }
    errors.attended.push_back(k.residual * e[i] + over_heads(k.heads, averaged, k.stacked) + moved);
  }
  errors.middle = k.attention_norm ? through_norm(*k.attention_norm, errors.attended) : errors.attended;
  errors.fed = errors.middle;
  if (k.mlp)
    for (size_t i = 0; i < errors.fed.size(); ++i)
      errors.fed[i] *= token_lipschitz(*k.mlp, i, errors.middle[i]);
  errors.output = k.mlp_norm ? through_norm(*k.mlp_norm, errors.fed) : errors.fed;
  return errors;
}

// ---- Backward: norm |G_i|_2 of the exact gradient and its error's, a token each.

template <class S>
struct TokenGradients {
  PerToken<S> norm, error;
};
template <class S>
struct TokenBackward {
  PerToken<S> error;      // of dL/dT
  std::vector<S> w, w_v;  // Frobenius norm of the error of dL/dW, dL/dW_V, a head each
};

/// J = gain (I - 11^T/d - y y^T/d)/s: |J~ - J|_2 <= gain (eps/(sqrt(d) s s~) + 2 |y~ - y|/(sqrt(d) s)).
template <class S>
void through_norm_back(const TokenNorm<S>& k, const PerToken<S>& e, TokenGradients<S>& g) {
  for (size_t i = 0; i < e.size(); ++i) {
    const NormChange<S> change = token_norm_change(k, i, e[i]);
    const S& s = k.divisor[i];
    const S moved = (e[i] / change.divisor + scalar_from<S>(2) * change.y) / (root(k.width) * s);
    g.error[i] = k.gain * (g.error[i] / change.divisor + moved * g.norm[i]);
    g.norm[i] = k.gain * g.norm[i] / s;
  }
}
template <class S>
void through_mlp_back(const TokenMlp<S>& k, const PerToken<S>& e, TokenGradients<S>& g) {
  for (size_t i = 0; i < e.size(); ++i) {
    const S reach = k.column * e[i];
    S slope = k.slope_range;
    if (k.activation == Activation::gelu) slope = smaller_of(slope, S(k.curvature * reach));
    else if (surely_above(k.least_hidden[i], reach)) slope = scalar_from<S>(0);
    g.error[i] = token_lipschitz(k, i, e[i]) * g.error[i] + k.weights * slope * g.norm[i];
    g.norm[i] = smaller_of(k.everywhere, k.jacobian[i]) * g.norm[i];
  }
}

/// `middle`: |dL/dZ_i|_2 of the exact run, Z before the layer norm after attention.
template <class S>
TokenBackward<S> token_backward(const TokenConstants<S>& k, const TokenErrors<S>& f, TokenGradients<S> g,
                                const PerToken<S>& middle) {
  if (k.mlp_norm) through_norm_back(*k.mlp_norm, f.fed, g);
  if (k.mlp) through_mlp_back(*k.mlp, f.middle, g);
  if (k.attention_norm) through_norm_back(*k.attention_norm, f.attended, g);
  g.norm = middle;

  const S zero = scalar_from<S>(0);
  const PerToken<S>& e = f.input;
  const auto n = static_cast<Eigen::Index>(e.size());
  TokenBackward<S> result{g.error, {}, {}};
  for (S& x : result.error) x *= k.residual;
  std::vector<PerToken<S>> values(n);  // per token j, a head each: sum_i F_ij gam_i + D_ij g_i
  for (size_t at = 0; at < k.heads.size(); ++at) {
    const TokenHead<S>& h = k.heads[at];
    const Matrix<S>&most = f.most[at], &change = f.change[at];
    PerToken<S> received(n, zero);
    S w = zero, w_v = zero;
    for (Eigen::Index i = 0; i < n; ++i) {
      const Eigen::Index keys = visible_keys(k.mask, i, n);
      S mean = zero;  // |mean~_i - mean_i| of the values
      for (Eigen::Index j = 0; j < keys; ++j) mean += most(i, j) * h.omega * e[j] + change(i, j) * h.r(i, j);
      for (Eigen::Index j = 0; j < keys; ++j) {
        const S value = h.omega * e[j] + mean;
        const S pulled = h.f(i, j) * h.r(i, j) * g.norm[i];  // |p_ij|
        const S moved = most(i, j) * (h.r(i, j) + value) * g.error[i] +
                        (most(i, j) * value + change(i, j) * h.r(i, j)) * g.norm[i];  // |p~_ij - p_ij|
        result.error[i] += (moved * (h.b[j] + h.sigma * e[j]) + pulled * h.sigma * e[j]) / k.width;
        result.error[j] += (moved * (h.a[i] + h.sigma * e[i]) + pulled * h.sigma * e[i]) / k.width;
        const S weight = most(i, j) * g.error[i] + change(i, j) * g.norm[i];
        received[j] += weight;
        w += (moved * (k.state[i] + e[i]) * (k.centred[j] + e[j]) +
              pulled * (k.state[i] * e[j] + e[i] * k.centred[j] + e[i] * e[j])) /
             k.width;
        w_v += (k.state[j] + e[j]) * weight + e[j] * h.f(i, j) * g.norm[i];
      }
    }
    for (Eigen::Index j = 0; j < n; ++j) values[j].push_back(received[j]);
    result.w.push_back(w);
    result.w_v.push_back(w_v);
  }
  for (Eigen::Index j = 0; j < n; ++j)
    result.error[j] += over_heads(k.heads, values[j], k.stacked_transposed);
  return result;
}

}  // namespace attnbounds
