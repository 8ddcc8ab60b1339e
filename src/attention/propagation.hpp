// How an error travels through a layer of a transformer, forward and backward (docs/gradients.md has the
// proofs). The approximate layer runs on an approximate state, |T~ - T|_max <= e, with softmax weights off by
// relative delta. A head has the constants (R = |T|_max, |.|_1 of a row the sum of its absolute entries)
//   A = max_i |T_i W + u|_1,  B = max_j |W (T_j - c)|_1,  S = sum |W_ab|,  nu = largest column sum of |W_V|,
//   v = half the largest range of a column of T W_V
// from the states (any c), or from norms alone: A = R S + |u|_1, B = R S, v = nu R. Then with
//   ln rho = 2 artanh(delta) + 2 ((A + B) e + S e^2)/d,   phi = 2 tanh(ln rho/4):
//   forward    e'  <= r e + sum_h nu e + phi v
//   backward   g'  <= r g + sum_h (nu + v (A + B)/d) g,      g = |dL/dT'|_1, all entries
//              gam' <= r gam + sum_h nu (gam + phi g) + (P~ (A + B + 2 e S) + 2 P e S)/d,
//              P = v g,  P~ = phi v g + (v + nu e) gam + nu e g,      gam bounds |G~ - G|_1.
// Scalar is Interval (proved) or double (an estimate, for weights too large for intervals).
#pragma once

#include "attention/gradient_bounds.hpp"
#include "attention/transformer.hpp"

namespace attnbounds {

// The few operations that differ.
inline double larger(double a, double b) { return a < b ? b : a; }
inline Interval larger(const Interval& a, const Interval& b) { return maximum(a, b); }
inline double smaller_of(double a, double b) { return b < a ? b : a; }
inline Interval smaller_of(const Interval& a, const Interval& b) { return minimum(a, b); }
inline double size_of(double a) { return a < 0 ? -a : a; }
inline Interval size_of(const Interval& a) { return absolute_value(a); }
inline bool surely_above(double a, double b) { return a > b; }
inline bool surely_above(const Interval& a, const Interval& b) { return lower(a) > upper(b); }

/// Where a layer's constants come from: from norms of the weights and |T|_max (as theorems are stated), or
/// from the exact states besides (sharper, known only after a run).
enum class ConstantsFrom { norms, states };

template <class S>
struct HeadConstants {
  S a, b, s, nu, v;
};
template <class S>
struct NormConstants {
  S gain, least_divisor, largest, epsilon, width;  // max|gain|, min s_i, max|y|, epsilon, d
};
template <class S>
struct MlpConstants {
  S through;       // largest column sum of |W_1| |W_2|
  S first;         // largest column sum of |W_1|
  S lipschitz;     // sup |act'|
  S curvature;     // sup |act''|; unused for relu
  S least_hidden;  // min |hidden|: relu's slope is unchanged while first * e is below it
  S slope_range;   // sup act' - inf act'
  Activation activation = Activation::gelu;
};
template <class S>
struct LayerConstants {
  S residual, width, state;  // r, d, R
  std::vector<HeadConstants<S>> heads;
  std::optional<NormConstants<S>> attention_norm, mlp_norm;
  std::optional<MlpConstants<S>> mlp;
};

template <class S>
S largest_size(const Matrix<S>& m) {
  S largest = scalar_from<S>(0);
  for (Eigen::Index i = 0; i < m.size(); ++i) largest = larger(largest, size_of(m.data()[i]));
  return largest;
}
template <class S>
S one_norm(const Matrix<S>& m) {
  S sum = scalar_from<S>(0);
  for (Eigen::Index i = 0; i < m.size(); ++i) sum += size_of(m.data()[i]);
  return sum;
}
template <class S>
S largest_row_sum(const Matrix<S>& m) {
  S largest = scalar_from<S>(0);
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    S sum = scalar_from<S>(0);
    for (Eigen::Index j = 0; j < m.cols(); ++j) sum += size_of(m(i, j));
    largest = larger(largest, sum);
  }
  return largest;
}
template <class S>
S largest_column_sum(const Matrix<S>& m) {
  return largest_row_sum<S>(m.transpose());
}

template <class S>
HeadConstants<S> head_constants(const Head<S>& head, const Matrix<S>& t, ConstantsFrom from) {
  const S two = scalar_from<S>(2), state = largest_size(t);
  HeadConstants<S> k{scalar_from<S>(0), scalar_from<S>(0), one_norm(head.w), largest_column_sum(head.w_v),
                     scalar_from<S>(0)};
  if (from == ConstantsFrom::norms) {
    k.a = state * k.s + one_norm(head.query_bias);
    k.b = state * k.s;
    k.v = k.nu * state;
    return k;
  }
  Matrix<S> centred = t;  // by the midpoints of the columns: p's rows sum to 0, softmax ignores shifts
  const auto ends = [](const Matrix<S>& m, Eigen::Index l) {
    std::pair<S, S> found{m(0, l), m(0, l)};
    for (Eigen::Index i = 1; i < m.rows(); ++i)
      found = {smaller_of(found.first, m(i, l)), larger(found.second, m(i, l))};
    return found;
  };
  for (Eigen::Index l = 0; l < t.cols(); ++l) {
    const auto [low, high] = ends(t, l);
    for (Eigen::Index i = 0; i < t.rows(); ++i) centred(i, l) -= (low + high) / two;
  }
  k.a = largest_row_sum(with_row_added(product(t, head.w), head.query_bias));
  k.b = largest_row_sum(product<S>(centred, head.w.transpose()));
  const Matrix<S> values = product(t, head.w_v);
  for (Eigen::Index l = 0; l < values.cols(); ++l) {
    const auto [low, high] = ends(values, l);
    k.v = larger(k.v, S((high - low) / two));
  }
  return k;
}

template <class S>
NormConstants<S> norm_constants(const LayerNorm<S>& norm, const Normalised<S>& at) {
  S least = at.divisor.front();
  for (const S& s : at.divisor) least = smaller_of(least, s);
  return {largest_size(norm.gain), least, largest_size(at.y), norm.epsilon, scalar_from<S>(at.y.cols())};
}

template <class S>
MlpConstants<S> mlp_constants(const Mlp<S>& mlp, const Matrix<S>& hidden) {
  using std::atan, std::sqrt;
  MlpConstants<S> k;
  k.activation = mlp.activation;
  Matrix<S> first(1, mlp.w1.cols());  // column sums of |W_1|
  for (Eigen::Index j = 0; j < mlp.w1.cols(); ++j) {
    first(0, j) = scalar_from<S>(0);
    for (Eigen::Index a = 0; a < mlp.w1.rows(); ++a) first(0, j) += size_of(mlp.w1(a, j));
  }
  k.first = largest_size(first);
  k.through = scalar_from<S>(0);
  for (Eigen::Index l = 0; l < mlp.w2.cols(); ++l) {
    S sum = scalar_from<S>(0);
    for (Eigen::Index j = 0; j < mlp.w2.rows(); ++j) sum += first(0, j) * size_of(mlp.w2(j, l));
    k.through = larger(k.through, sum);
  }
  k.least_hidden = size_of(hidden(0, 0));
  for (Eigen::Index i = 0; i < hidden.size(); ++i)
    k.least_hidden = smaller_of(k.least_hidden, size_of(hidden.data()[i]));
  const S one = scalar_from<S>(1);
  if (mlp.activation == Activation::relu) {
    k.lipschitz = k.slope_range = one;
    k.curvature = scalar_from<S>(0);
  } else {  // gelu'' = phi(x)(2 - x^2): gelu' is extremal at +-sqrt 2, |gelu''| at 0, where it is 2 phi(0)
    const S root = sqrt(scalar_from<S>(2));
    k.lipschitz = activation_slope(Activation::gelu, root);
    k.slope_range = k.lipschitz - activation_slope(Activation::gelu, S(-root));
    k.curvature = root / sqrt(S(scalar_from<S>(4) * atan(one)));  // 2/sqrt(2 pi) = sqrt 2/sqrt pi
  }
  return k;
}

template <class S>
LayerConstants<S> layer_constants(const Layer<S>& layer, const LayerTrace<S>& trace, ConstantsFrom from) {
  LayerConstants<S> k{scalar_from<S>(layer.residual == Residual::added ? 1 : 0),
                      scalar_from<S>(trace.input.cols()),
                      largest_size(trace.input),
                      {},
                      {},
                      {},
                      {}};
  for (const Head<S>& head : layer.heads) k.heads.push_back(head_constants(head, trace.input, from));
  if (layer.attention_norm)
    k.attention_norm = norm_constants(*layer.attention_norm, *trace.attention_normalised);
  if (layer.mlp) k.mlp = mlp_constants(*layer.mlp, trace.hidden);
  if (layer.mlp_norm) k.mlp_norm = norm_constants(*layer.mlp_norm, *trace.mlp_normalised);
  return k;
}

// ---- Forward.

template <class S>
struct ForwardErrors {
  S input, attended, middle, fed, output;  // before and after each part
  std::vector<S> phi;                      // a head each
};

/// |y~ - y|_max after a layer norm, without gain: |y~ - y| <= ((2 - 2/d) e + |y| e)/s~, s~ >= s - e, and
/// |y|, |y~| <= sqrt(d) in any case. And the lower bound of s~ that was used.
template <class S>
struct NormChange {
  S y, divisor;
};
template <class S>
NormChange<S> norm_change(const NormConstants<S>& k, const S& e) {
  using std::sqrt;
  const S two = scalar_from<S>(2);
  S divisor = sqrt(k.epsilon);
  if (surely_above(k.least_divisor, e)) divisor = larger(divisor, S(k.least_divisor - e));
  const S most = two * sqrt(k.width);
  if (!surely_above(divisor, scalar_from<S>(0))) return {most, divisor};
  return {smaller_of(S(e * (two - two / k.width + k.largest) / divisor), most), divisor};
}

template <class S>
S head_log_ratio(const HeadConstants<S>& k, const S& width, const S& e, const S& delta) {
  using std::log;
  return log(S((scalar_from<S>(1) + delta) / (scalar_from<S>(1) - delta))) +
         scalar_from<S>(2) * ((k.a + k.b) * e + k.s * e * e) / width;
}

template <class S>
ForwardErrors<S> forward_errors(const LayerConstants<S>& k, const S& e, const S& delta) {
  using std::tanh;
  ForwardErrors<S> errors;
  errors.input = e;
  S sum = k.residual * e;
  for (const HeadConstants<S>& h : k.heads) {
    const S phi = scalar_from<S>(2) * tanh(S(head_log_ratio(h, k.width, e, delta) / scalar_from<S>(4)));
    errors.phi.push_back(phi);
    sum += h.nu * e + phi * h.v;
  }
  errors.attended = sum;
  errors.middle = k.attention_norm ? k.attention_norm->gain * norm_change(*k.attention_norm, sum).y : sum;
  errors.fed = errors.middle;
  if (k.mlp) errors.fed = (k.residual + k.mlp->through * k.mlp->lipschitz) * errors.middle;
  errors.output = k.mlp_norm ? k.mlp_norm->gain * norm_change(*k.mlp_norm, errors.fed).y : errors.fed;
  return errors;
}

// ---- Backward, in the dual norm |G|_1 = sum |G_il|.

/// The exact gradient's norm and its approximation's error, both in |.|_1.
template <class S>
struct GradientErrors {
  S norm, error;
};
template <class S>
struct BackwardErrors {
  GradientErrors<S> middle, input;
  std::vector<S> w, w_v;  // largest entry of the error of dL/dW, dL/dW_V, a head each
};

/// Through a layer norm: |J| <= gain (2 - 2/d + |y|)/s, |J~ - J| <= gain (dy (1 + |y| + dy)/s~ + |J| e/(s
/// s~)).
template <class S>
GradientErrors<S> norm_backward(const NormConstants<S>& k, const S& e, const GradientErrors<S>& g) {
  const NormChange<S> change = norm_change(k, e);
  const S one = scalar_from<S>(1), two = scalar_from<S>(2);
  const S projector = two - two / k.width + k.largest, projector_near = projector + change.y;
  const S jacobian = k.gain * projector / k.least_divisor;
  const S moved = k.gain * (change.y * (one + k.largest + change.y) / change.divisor +
                            projector * e / (k.least_divisor * change.divisor));
  return {jacobian * g.norm, k.gain * projector_near / change.divisor * g.error + moved * g.norm};
}

template <class S>
GradientErrors<S> mlp_backward(const MlpConstants<S>& k, const S& residual, const S& e,
                               const GradientErrors<S>& g) {
  S slope = k.slope_range;
  if (k.activation == Activation::gelu) slope = smaller_of(slope, S(k.curvature * k.first * e));
  else if (surely_above(k.least_hidden, S(k.first * e))) slope = scalar_from<S>(0);
  const S lipschitz = residual + k.through * k.lipschitz;
  return {lipschitz * g.norm, lipschitz * g.error + k.through * slope * g.norm};
}

template <class S>
BackwardErrors<S> backward_errors(const LayerConstants<S>& k, const ForwardErrors<S>& f,
                                  const GradientErrors<S>& upstream) {
  GradientErrors<S> g = upstream;
  if (k.mlp_norm) g = norm_backward(*k.mlp_norm, f.fed, g);
  if (k.mlp) g = mlp_backward(*k.mlp, k.residual, f.middle, g);
  if (k.attention_norm) g = norm_backward(*k.attention_norm, f.attended, g);

  const S &e = f.input, two = scalar_from<S>(2);
  BackwardErrors<S> result{g, {k.residual * g.norm, k.residual * g.error}, {}, {}};
  for (size_t i = 0; i < k.heads.size(); ++i) {
    const HeadConstants<S>& h = k.heads[i];
    const S& phi = f.phi[i];
    const S pulled = h.v * g.norm;                                                        // |p|_1
    const S moved = phi * h.v * g.norm + (h.v + h.nu * e) * g.error + h.nu * e * g.norm;  // |p~ - p|_1
    result.input.norm += h.nu * g.norm + pulled * (h.a + h.b) / k.width;
    result.input.error += h.nu * (g.error + phi * g.norm) +
                          (moved * (h.a + h.b + two * e * h.s) + two * pulled * e * h.s) / k.width;
    const S far = k.state + e;
    result.w.push_back((moved * far * far + pulled * e * (k.state + far)) / k.width);
    result.w_v.push_back(far * g.error + (e + phi * k.state) * g.norm);
  }
  return result;
}

}  // namespace attnbounds
