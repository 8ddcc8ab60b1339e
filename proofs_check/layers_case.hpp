// Instances of the multi-layer transformer with perturbed softmax weights, shared by the claims about it.
#pragma once

#include "attention/propagation.hpp"
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {

struct LayersCase {
  std::vector<Layer<double>> layers;
  Matrix<double> input, target;
  std::vector<std::vector<Matrix<double>>> sigma;  // a layer, a head
  Rational delta;
};

inline Json describe(const LayersCase& c) {
  Json layers = Json::array();
  for (size_t l = 0; l < c.layers.size(); ++l) {
    const Layer<double>& layer = c.layers[l];
    Json heads = Json::array();
    for (size_t h = 0; h < layer.heads.size(); ++h)
      heads.push_back({{"W", json_matrix(layer.heads[h].w)},
                       {"W_V", json_matrix(layer.heads[h].w_v)},
                       {"sigma", json_matrix(c.sigma[l][h])}});
    Json entry = {{"heads", heads},
                  {"mask", layer.mask == Mask::causal ? "causal" : "none"},
                  {"residual", layer.residual == Residual::added ? "added" : "none"}};
    if (layer.attention_norm) entry["layer norm"] = true;
    if (layer.mlp)
      entry["mlp"] = {{"W1", json_matrix(layer.mlp->w1)},
                      {"W2", json_matrix(layer.mlp->w2)},
                      {"activation", layer.mlp->activation == Activation::relu ? "relu" : "gelu"}};
    layers.push_back(entry);
  }
  return {{"layers", layers},
          {"T0", json_matrix(c.input)},
          {"E", json_matrix(c.target)},
          {"delta", json_number(c.delta)}};
}

struct PerturbedLayers {
  const LayersCase* c;
  PerturbedWeight operator()(Eigen::Index layer, Eigen::Index head) const {
    return {&c->sigma[layer][head], c->delta};
  }
};

/// The parts of a layer beside attention.
enum class Parts { attention_only, mlp, mlp_and_norms };

inline LayersCase draw_layers(Draw& d, long depth, Parts parts) {
  const long n = d.integer(1, 4), width = d.integer(1, 3), heads = d.integer(1, 2);
  LayersCase c;
  c.delta = Rational(1, 1L << d.integer(2, 12));
  c.input = d.matrix(n, width, 1);
  c.target = d.matrix(n, width, 1);
  const Mask mask = d.integer(0, 1) == 0 ? Mask::none : Mask::causal;
  const Residual residual = d.integer(0, 2) == 0 ? Residual::none : Residual::added;
  for (long l = 0; l < depth; ++l) {
    Layer<double> layer;
    layer.mask = mask;
    layer.residual = residual;
    c.sigma.emplace_back();
    for (long h = 0; h < heads; ++h) {
      layer.heads.push_back({d.matrix(width, width, 1), d.matrix(width, width, 1) / 2, {}});
      c.sigma.back().push_back(d.matrix(n, n, 1));
    }
    if (parts != Parts::attention_only)
      layer.mlp =
          Mlp<double>{d.matrix(width, 2, 1), d.matrix(1, 2, 1), d.matrix(2, width, 1), d.matrix(1, width, 1),
                      d.integer(0, 1) == 0 ? Activation::relu : Activation::gelu};
    if (parts == Parts::mlp_and_norms)
      layer.attention_norm = layer.mlp_norm =
          LayerNorm<double>{d.matrix(1, width, 1), d.matrix(1, width, 1), 0x1p-4};
    c.layers.push_back(layer);
  }
  return c;
}

/// Two tokens +1 and -1, one feature, W = 0, W_V = 1, no residual: |T~ - T| = delta, near phi.
inline LayersCase two_tokens() {
  LayersCase c;
  c.delta = Rational(1, 64);
  c.input.resize(2, 1);
  c.input << 1, -1;
  c.target = Matrix<double>::Zero(2, 1);
  Matrix<double> signs(2, 2);
  signs << 1, -1, 1, -1;
  Layer<double> layer;
  layer.residual = Residual::none;
  layer.heads.push_back({Matrix<double>::Zero(1, 1), Matrix<double>::Ones(1, 1), {}});
  c.layers = {layer};
  c.sigma = {{signs}};
  return c;
}

/// Exact and approximate passes of one instance, and the proved errors of the states, layer by layer.
struct Passes {
  std::vector<Layer<Interval>> layers;
  std::vector<LayerTrace<Interval>> exact, approximate;
  std::vector<LayerConstants<Interval>> constants;
  std::vector<ForwardErrors<Interval>> errors;
};
inline Passes run_passes(const LayersCase& c, ConstantsFrom from) {
  Passes p;
  p.layers = layers_over<Interval>(c.layers);
  const Matrix<Interval> input = matrix_from<Interval>(c.input);
  p.exact = forward(p.layers, input);
  p.approximate = forward(p.layers, input, PerturbedLayers{&c});
  Interval e = 0;
  for (size_t l = 0; l < p.layers.size(); ++l) {
    p.constants.push_back(layer_constants(p.layers[l], p.exact[l], from));
    p.errors.push_back(forward_errors(p.constants.back(), e, enclose(c.delta)));
    e = p.errors.back().output;
  }
  return p;
}
inline Interval state_error(const Passes& p, size_t layer) {
  return max_abs(Matrix<Interval>(p.approximate[layer].output - p.exact[layer].output));
}

/// The largest ratio of error to bound over the layers.
inline Interval forward_ratio(const LayersCase& c, ConstantsFrom from) {
  const Passes p = run_passes(c, from);
  Interval largest = 0;
  for (size_t l = 0; l < p.layers.size(); ++l)
    if (lower(p.errors[l].output) > 0) largest = maximum(largest, state_error(p, l) / p.errors[l].output);
  return largest;
}

enum class States { exact, approximate };
struct BackwardGap {
  Interval input, weights;  // ratios of error to bound, the largest over the layers
};
/// Upstream dL/dT_m of the squared loss at the exact output and, for approximate states, at the approximate
/// one: |G~ - G|_1 <= n d e_m.
inline BackwardGap backward_gap(const LayersCase& c, States states, ConstantsFrom from) {
  Passes p = run_passes(c, from);
  const Matrix<Interval> target = matrix_from<Interval>(c.target);
  const Matrix<Interval> g = squared_loss(p.exact.back().output, target).gradient;
  Matrix<Interval> near = g;
  GradientErrors<Interval> bound{one_norm(g), Interval(0)};
  if (states == States::exact) {  // f~ in the backward pass only
    for (size_t l = 0; l < p.layers.size(); ++l) {
      p.approximate[l] =
          layer_forward(p.layers[l], p.exact[l].input, static_cast<Eigen::Index>(l), PerturbedLayers{&c});
      LayerTrace<Interval> kept = p.exact[l];  // and the row-wise maps at the exact states
      kept.f = p.approximate[l].f;
      p.approximate[l] = kept;
      p.errors[l] = forward_errors(p.constants[l], Interval(0), enclose(c.delta));
      p.errors[l].attended = p.errors[l].middle = p.errors[l].fed = p.errors[l].output = 0;
    }
  } else {
    near = squared_loss(p.approximate.back().output, target).gradient;
    bound.error = Interval(static_cast<long>(g.size())) * p.errors.back().output;
  }
  const auto exact = backward(p.layers, p.exact, g), approximate = backward(p.layers, p.approximate, near);
  BackwardGap gap{0, 0};
  const auto raise = [](Interval& largest, const Interval& error, const Interval& limit) {
    if (is_finite(limit) && lower(limit) > 0) largest = maximum(largest, error / limit);
  };
  for (size_t l = p.layers.size(); l-- > 0;) {
    const BackwardErrors<Interval> step = backward_errors(p.constants[l], p.errors[l], bound);
    raise(gap.input, one_norm(Matrix<Interval>(approximate[l].input - exact[l].input)), step.input.error);
    raise(gap.input, one_norm(exact[l].input), step.input.norm);
    for (size_t h = 0; h < exact[l].heads.size(); ++h) {
      raise(gap.weights, max_abs(Matrix<Interval>(approximate[l].heads[h].w - exact[l].heads[h].w)),
            step.w[h]);
      raise(gap.weights, max_abs(Matrix<Interval>(approximate[l].heads[h].w_v - exact[l].heads[h].w_v)),
            step.w_v[h]);
    }
    bound = step.input;
  }
  return gap;
}

}  // namespace attnbounds
