// Kind "layers": the error recursion of docs/gradients.md through attention layers, forward and backward, for
// softmax weights of relative error delta on approximate states. Re-proved: the exact forward pass in balls,
// the constants of every head (from norms, or from the states), and every step of both recursions:
//   ln rho = 2 artanh(delta) + 2((A + B) e + S e^2)/d,  phi = 2 tanh(ln rho/4)
//   forward   e' >= r e + sum_h nu e + phi v                                        e bounds |T~ - T|_max
//   backward  g  >= r g' + sum_h (nu + v (A + B)/d) g'                              g bounds |dL/dT|_1
//             gam >= r gam' + sum_h nu (gam' + phi g') + (P~ (A + B + 2 e S) + 2 P e S)/d,
//             P = v g', P~ = phi v g' + (v + nu e) gam' + nu e g'
//             dL/dW off by (P~ (R + e)^2 + P e (2 R + e))/d, dL/dW_V by (R + e) gam' + (e + phi R) g', R =
//             |T|_max
// from |T_m - E|_1 <= g_m and n d e_m <= gam_m (the squared loss).
#include "layers.hpp"

#include "../kinds.hpp"

namespace checker {
namespace {

constexpr std::size_t kMostLayers = 256;

HeadErrors head_constants(const Head& head, const Rows& t, ConstantsFrom from) {
  HeadErrors k{{}, {}, one_norm(head.w), largest_row_sum(transposed(head.w_v)), {}, {}};
  if (from == ConstantsFrom::norms) {
    k.a = k.b = largest_size(t) * k.s;
    k.v = k.nu * largest_size(t);
    return k;
  }
  Rows centred = transposed(t);  // softmax ignores a common shift of the keys: their midpoints go
  for (Row& column : centred) {
    const Ends ends = ends_of(column);
    for (Ball& x : column) x = x - (ends.low + ends.high) / 2;
  }
  k.a = largest_row_sum(product(t, head.w));
  k.b = largest_row_sum(product(transposed(centred), transposed(head.w)));
  for (const Row& column : transposed(product(t, head.w_v))) k.v = maximum(k.v, ends_of(column).range() / 2);
  return k;
}

}  // namespace

Layer layer_from(const Field& field, std::size_t width) {
  Layer layer{field["residual"].one_of({"none", "added"}) == "added", mask_from(field["mask"]), {}};
  for (std::size_t h = 0; h < field["heads"].size(); ++h) {
    const Field head = field["heads"][h];
    layer.heads.push_back({balls(head["W"].matrix()), balls(head["W_V"].matrix()), {}});
    for (const Rows& m : {layer.heads.back().w, layer.heads.back().w_v})
      require(m.size() == width && m[0].size() == width, head.place + ": the shapes do not fit");
  }
  return layer;
}

Rows weights_of(const Head& head, const Rows& t, Mask mask) {
  Rows f = softmax_rows(product(t, head.w), t, static_cast<long>(t[0].size()), mask);
  for (std::size_t i = 0; i < head.factors.size(); ++i)
    f[i] = scaled(Ball(1) / dot(f[i], head.factors[i]), times(f[i], head.factors[i]));
  return f;
}

Rows next_state(const Layer& layer, const Rows& t) {
  Rows next = layer.residual ? t : Rows(t.size(), Row(t[0].size()));
  for (const Head& head : layer.heads)
    next = next + product(weights_of(head, t, layer.mask), product(t, head.w_v));
  return next;
}

LayerGradient layer_gradient(const Layer& layer, const Rows& t, const Rows& g) {
  LayerGradient result{layer.residual ? g : Rows(t.size(), Row(t[0].size())), {}, {}};
  for (const Head& head : layer.heads) {
    const AttentionGradient of =
        attention_gradient(weights_of(head, t, layer.mask), product(t, head.w), t, product(t, head.w_v), g);
    result.t = result.t + product(of.q, transposed(head.w)) + of.k + product(of.v, transposed(head.w_v));
    result.w.push_back(product(transposed(t), of.q));
    result.w_v.push_back(product(transposed(t), of.v));
  }
  return result;
}

ForwardErrors forward_errors(const Layer& layer, const Rows& t, const Ball& e, const Ball& delta,
                             ConstantsFrom from) {
  ForwardErrors errors{e, layer.residual ? e : Ball(), largest_size(t), {}};
  const Ball d(t[0].size()), log_ratio = log((Ball(1) + delta) / (Ball(1) - delta));
  for (const Head& head : layer.heads) {
    HeadErrors k = head_constants(head, t, from);
    k.phi = Ball(2) * tanh((log_ratio + Ball(2) * ((k.a + k.b) * e + k.s * e * e) / d) / 4);
    errors.output = errors.output + k.nu * e + k.phi * k.v;
    errors.heads.push_back(k);
  }
  return errors;
}

BackwardErrors backward_errors(const Layer& layer, const ForwardErrors& forward,
                               const BackwardErrors& after) {
  const Ball &g = after.norm, &gam = after.error, &e = forward.input, R = forward.state;
  BackwardErrors errors{layer.residual ? g : Ball(), layer.residual ? gam : Ball(), {}, {}};
  for (std::size_t h = 0; h < layer.heads.size(); ++h) {
    const auto& [a, b, s, nu, v, phi] = forward.heads[h];
    const Ball d(layer.heads[h].w.size()), pulled = v * g,
                                           moved = phi * v * g + (v + nu * e) * gam + nu * e * g;
    errors.norm = errors.norm + nu * g + pulled * (a + b) / d;
    errors.error = errors.error + nu * (gam + phi * g) +
                   (moved * (a + b + Ball(2) * e * s) + Ball(2) * pulled * e * s) / d;
    errors.w.push_back((moved * (R + e) * (R + e) + pulled * e * (Ball(2) * R + e)) / d);
    errors.w_v.push_back((R + e) * gam + (e + phi * R) * g);
  }
  return errors;
}

Proved prove_layers(const Field& top, const Folder&) {
  const Matrix input = top["input"].matrix();
  const std::size_t depth = top["layers"].size();
  if (depth < 1 || depth > kMostLayers) top["layers"].expected("1 to 256 layers");
  const Fraction delta_exact = positive_from(top["delta"]);
  if (!(delta_exact < Fraction(1))) top["delta"].expected("a number below 1");
  const ConstantsFrom from =
      top["constants"].one_of({"norms", "states"}) == "states" ? ConstantsFrom::states : ConstantsFrom::norms;
  const std::vector<Fraction> errors = top["errors"].fractions(kMostLayers);
  require(errors.size() == depth, "errors: expected one a layer");
  std::optional<Matrix> target;
  std::vector<Fraction> norms, gradient_errors;  // at the states 0 … m
  if (top.has("backward")) {
    target = top["backward"]["target"].matrix();
    norms = top["backward"]["norms"].fractions(kMostLayers + 1);
    gradient_errors = top["backward"]["errors"].fractions(kMostLayers + 1);
    require(target->rows == input.rows && target->columns == input.columns,
            "backward.target: expected the shape of the input");
    require(norms.size() == depth + 1 && gradient_errors.size() == depth + 1,
            "backward: expected a norm and an error for every state");
  }
  double heads = 0;
  for (std::size_t l = 0; l < depth; ++l) heads += static_cast<double>(top["layers"][l]["heads"].size());
  const double n = static_cast<double>(input.rows), width = static_cast<double>(input.columns);
  const double operations = heads * (n * n * (2 * width + 40) + 4 * n * width * width);

  return at_rising_precision(128, operations, [&] {
    const Ball delta(delta_exact);
    Rows state = balls(input);
    std::vector<Layer> layers;
    std::vector<ForwardErrors> steps;
    Ball e;
    for (std::size_t l = 0; l < depth; ++l) {
      layers.push_back(layer_from(top["layers"][l], static_cast<std::size_t>(input.columns)));
      steps.push_back(forward_errors(layers[l], state, e, delta, from));
      require_at_most(steps[l].output, Ball(errors[l]), item("errors", l) + ": the recursion against it");
      e = Ball(errors[l]);
      state = next_state(layers[l], state);
    }
    if (target) {
      require_at_most(one_norm(state - balls(*target)), Ball(norms[depth]),
                      item("backward.norms", depth) + ": |T - E|_1 against it");
      require_at_most(Ball(input.rows) * Ball(input.columns) * e, Ball(gradient_errors[depth]),
                      item("backward.errors", depth) + ": n d e against it");
      for (std::size_t l = depth; l-- > 0;) {
        const BackwardErrors step =
            backward_errors(layers[l], steps[l], {Ball(norms[l + 1]), Ball(gradient_errors[l + 1]), {}, {}});
        require_at_most(step.norm, Ball(norms[l]), item("backward.norms", l) + ": the recursion against it");
        require_at_most(step.error, Ball(gradient_errors[l]),
                        item("backward.errors", l) + ": the recursion against it");
      }
    }
    return Proved{std::to_string(depth) + " layers, weights off by " + decimal(delta, Rounding::up) +
                      ": states off by at most " + decimal(e, Rounding::up) +
                      (target ? ", dL/dT_0 by at most " + decimal(Ball(gradient_errors[0]), Rounding::up) +
                                    " in the 1-norm"
                              : std::string()) +
                      " (" + std::to_string(working_bits) + " bits)",
                  {{"layers", depth}, {"error_upper", decimal(e, Rounding::up)}}};
  });
}

}  // namespace checker
