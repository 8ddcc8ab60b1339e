// Liang, Sha, Shi, Song, Zhou 2024, gradients of one layer T' = softmax(T W T^T/d) T W_V for an upstream G:
//     q = G H^T,  H = T W_V,  p = f o q - diag((f o q) 1) f,
//     dL/dT = (p T W^T + p^T T W)/d + f^T G W_V^T,   dL/dW = T^T p T/d,   dL/dW_V = T^T f^T G,
// and of several layers by the chain rule. Mean value theorem in intervals, through whole networks (heads,
// mask, residual, MLP with GELU, layer norm). Lemma D.17 as printed (f for f^T in D6 to D8, W and W^T
// exchanged) is the false twin.
#include "proofs_check/layers_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  LayersCase at;
  Matrix<double> direction;                               // of T_0
  std::vector<std::vector<Head<double>>> head_direction;  // of W and W_V
};
Json describe(const Case& c) { return describe(c.at); }

Case draw_any(Draw& d) {
  Case c;
  c.at = draw_layers(d, d.integer(1, 3), d.integer(0, 1) == 0 ? Parts::attention_only : Parts::mlp_and_norms);
  for (Layer<double>& layer : c.at.layers)
    if (layer.mlp) layer.mlp->activation = Activation::gelu;  // relu has no slope at 0
  c.direction = d.matrix(c.at.input.rows(), c.at.input.cols(), 1);
  for (const Layer<double>& layer : c.at.layers) {
    c.head_direction.emplace_back();
    for (const Head<double>& h : layer.heads)
      c.head_direction.back().push_back(
          {d.matrix(h.w.rows(), h.w.cols(), 1), d.matrix(h.w.rows(), h.w.cols(), 1), {}});
  }
  return c;
}

/// One head, without mask and residual.
struct OneLayer : Case {};
Json describe(const OneLayer& c) {
  const Head<double>& head = c.at.layers[0].heads[0];
  return {{"T0", json_matrix(c.at.input)},
          {"W", json_matrix(head.w)},
          {"W_V", json_matrix(head.w_v)},
          {"E", json_matrix(c.at.target)},
          {"direction", json_matrix(c.direction)}};
}

const Rational step(1, 1L << 24);
Interval segment() { return hull(enclose(Rational(-step)), enclose(step)); }

enum class Vary { input, everything };
struct Network {
  std::vector<Layer<Interval>> layers;
  Matrix<Interval> input;
};
Network at(const Case& c, const Interval& t, Vary vary) {
  Network network{layers_over<Interval>(c.at.layers), along(c.at.input, c.direction, t)};
  if (vary == Vary::everything)
    for (size_t l = 0; l < network.layers.size(); ++l)
      for (size_t h = 0; h < network.layers[l].heads.size(); ++h) {
        const Head<double>&from = c.at.layers[l].heads[h], &towards = c.head_direction[l][h];
        network.layers[l].heads[h].w = along(from.w, towards.w, t);
        network.layers[l].heads[h].w_v = along(from.w_v, towards.w_v, t);
      }
  return network;
}
Interval loss_at(const Case& c, const Interval& t, Vary vary) {
  const Network network = at(c, t, vary);
  return squared_loss(forward(network.layers, network.input).back().output,
                      matrix_from<Interval>(c.at.target))
      .value;
}
Interval quotient(const Case& c, Vary vary) {
  const Interval t = enclose(step);
  return (loss_at(c, t, vary) - loss_at(c, -t, vary)) / (2 * t);
}
Interval slopes(const Case& c, Vary vary) {
  const Network network = at(c, segment(), vary);
  const auto traces = forward(network.layers, network.input);
  const auto gradients =
      backward(network.layers, traces,
               squared_loss(traces.back().output, matrix_from<Interval>(c.at.target)).gradient);
  Interval sum = inner_product(gradients[0].input, c.direction);
  if (vary == Vary::everything)
    for (size_t l = 0; l < gradients.size(); ++l)
      for (size_t h = 0; h < gradients[l].heads.size(); ++h)
        sum += inner_product(gradients[l].heads[h].w, c.head_direction[l][h].w) +
               inner_product(gradients[l].heads[h].w_v, c.head_direction[l][h].w_v);
  return sum;
}
MeanValue check(const Case& c, Vary vary) { return mean_value(quotient(c, vary), slopes(c, vary)); }

/// dL/dT of the first head's layer, D2 + D4 + D6 + D7 + D8 with f for f^T and W, W^T exchanged.
Matrix<Interval> literal_gradient(const Layer<Interval>& layer, const LayerTrace<Interval>& trace,
                                  const Matrix<Interval>& g) {
  const Matrix<Interval>&t = trace.input, &f = trace.f[0], &w = layer.heads[0].w, &w_v = layer.heads[0].w_v;
  const Matrix<Interval> h = product(t, w_v), q = product<Interval>(g, h.transpose()),
                         attended = product(f, h);
  Matrix<Interval> k = Matrix<Interval>::Constant(t.rows(), t.rows(), Interval(0));
  for (Eigen::Index i = 0; i < t.rows(); ++i)
    for (Eigen::Index l = 0; l < t.cols(); ++l) k(i, i) += g(i, l) * attended(i, l);
  const Matrix<Interval> fq = f.cwiseProduct(q), fq_transposed = f.cwiseProduct(q.transpose());
  const Matrix<Interval> by_queries = product(Matrix<Interval>(fq - product(k, f)), product(t, w));
  const Matrix<Interval> by_keys =
      product(Matrix<Interval>(fq_transposed - product(f, k)), product<Interval>(t, w.transpose()));
  const Matrix<Interval> by_values = product(f, product<Interval>(g, w_v.transpose()));
  return Matrix<Interval>((by_queries + by_keys) / Interval(static_cast<long>(t.cols())) + by_values);
}
Interval literal_slopes(const Case& c) {
  const Network network = at(c, segment(), Vary::input);
  Layer<Interval> first = network.layers[0];
  const auto trace = layer_forward(first, network.input);
  return inner_product(
      literal_gradient(first, trace, squared_loss(trace.output, matrix_from<Interval>(c.at.target)).gradient),
      c.direction);
}
Case draw_any_layer(Draw& d) {
  Case c;
  do c.at = draw_layers(d, 1, Parts::attention_only);
  while (c.at.layers[0].heads.size() > 1);
  c.at.layers[0].residual = Residual::none;
  c.at.layers[0].mask = Mask::none;
  c.direction = d.matrix(c.at.input.rows(), c.at.input.cols(), 1);
  return c;
}

bool varies(const Interval& slopes) { return is_finite(slopes) && width(slopes) > 0; }
bool both_vary(const Case& c) {
  return varies(slopes(c, Vary::everything)) && varies(slopes(c, Vary::input));
}
bool varies_by_input(const Case& c) { return varies(slopes(c, Vary::input)); }
Case draw(Draw& d) {
  for (;;)
    if (Case c = draw_any(d); both_vary(c)) return c;
}
OneLayer draw_one_layer(Draw& d) {
  for (;;)
    if (Case c = draw_any_layer(d); varies_by_input(c)) return {std::move(c)};
}

const Registration through_layers =
    claim("liang-et-al-2024-multilayer/closed-form",
          "Definition 1.3; Lemmas D.17, F.5 (times 1/d) and G.3 corrected, through any number of layers",
          Standing::checked)
        .says(
            "dL/dT = r G + sum_h (p T W^T + p^T T W)/d + f^T G W_V^T, dL/dW = T^T p T/d, dL/dW_V = T^T f^T "
            "G, chained",
            R"($\frac{dL}{dT} = \frac1d(pTW^\top + p^\top TW) + f^\top G W_V^\top$)")
        .given(draw)
        .where("the slopes differ, and are bounded", both_vary)
        .precision(Bits{128}, Bits{1024})
        .at_most(
            "the difference quotient by T_0 lies among the slopes of the segment",
            [](const Case& c) { return check(c, Vary::input).distance; },
            [](const Case& c) { return check(c, Vary::input).half_width; })
        .at_most(
            "the same by T_0 and every W and W_V together",
            [](const Case& c) { return check(c, Vary::everything).distance; },
            [](const Case& c) { return check(c, Vary::everything).half_width; })
        .twin(
            "twice the slopes",
            [](const Case& c) {
              return mean_value(quotient(c, Vary::input), 2 * slopes(c, Vary::input)).distance;
            },
            [](const Case& c) {
              return mean_value(quotient(c, Vary::input), 2 * slopes(c, Vary::input)).half_width;
            })
        .sizes(30, 300, 3000);

const Registration lemma_d17 =
    claim("liang-et-al-2024-multilayer/one-layer-gradient", "Lemma D.17 (text of version 2), corrected",
          Standing::checked)
        .says(
            "dL/dT = (p T W^T + p^T T W)/d + f^T G W_V^T for one head; the printed terms D6 to D8 have f for "
            "f^T",
            R"($\frac{dL}{dT} = \frac1d(pTW^\top + p^\top TW) + f^\top G W_V^\top$)")
        .given(draw_one_layer)
        .where("the slopes differ, and are bounded", varies_by_input)
        .precision(Bits{128}, Bits{1024})
        .at_most(
            "the difference quotient lies among the slopes of the segment",
            [](const Case& c) { return check(c, Vary::input).distance; },
            [](const Case& c) { return check(c, Vary::input).half_width; })
        .twin(
            "Lemma D.17 as printed: f for f^T in D6 to D8, W and W^T exchanged",
            [](const Case& c) { return mean_value(quotient(c, Vary::input), literal_slopes(c)).distance; },
            [](const Case& c) { return mean_value(quotient(c, Vary::input), literal_slopes(c)).half_width; })
        .sizes(40, 400, 4000);

}  // namespace
}  // namespace attnbounds
