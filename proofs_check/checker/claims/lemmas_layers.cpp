// Attention layers: their closed-form gradients, and errors of states and gradients against the recursions.
#include "../kinds/layers.hpp"
#include "lemmas.hpp"

namespace checker {
namespace {
void raise(Ball& largest, const Ball& error, const Ball& bound) {
  if (sure_sign(bound) == 1) largest = maximum(largest, error / bound);
}
}  // namespace

// L = 1/2 |f T W_V - E|^2 by T: Lemma D.17 as printed has f for f^T in the terms by keys and by values, and W
// and W^T exchanged.
Quantities one_layer_gradient(const Field& in) {
  const Exact t0 = table(in["T0"]), e = table(in["E"], t0.size(), t0[0].size()),
              to = table(in["direction"], t0.size(), t0[0].size()),
              w = table(in["W"], t0[0].size(), t0[0].size()), w_v = table(in["W_V"], w.size(), w.size());
  const Layer layer{false, Mask::none, {{balls(w), balls(w_v), {}}}};
  const auto residual = [&](const Rows& t) { return next_state(layer, t) - balls(e); };
  const OfStep loss = [&](const Ball& s) {
    const Rows c = residual(moved_along(t0, to, s));
    return inner_product(c, c) / 2;
  };
  Quantities q;
  add_mean_value(q, "", loss, [&](const Ball& s) {
    const Rows t = moved_along(t0, to, s);
    return inner_product(layer_gradient(layer, t, residual(t)).t, balls(to));
  });
  add_mean_value(q, " as printed", loss, [&](const Ball& s) {
    const Rows t = moved_along(t0, to, s), g = residual(t), h = product(t, balls(w_v)),
               f = weights_of(layer.heads[0], t, Mask::none), q_scores = product(g, transposed(h)),
               attended = product(f, h);
    Rows by_queries = times(f, q_scores), by_keys = times(f, transposed(q_scores));
    for (std::size_t i = 0; i < f.size(); ++i)
      for (std::size_t j = 0; j < f.size(); ++j) {
        by_queries[i][j] = by_queries[i][j] - dot(g[i], attended[i]) * f[i][j];
        by_keys[i][j] = by_keys[i][j] - f[i][j] * dot(g[j], attended[j]);
      }
    const Rows printed =
        product(by_queries, product(t, balls(w))) + product(by_keys, product(t, transposed(balls(w))));
    return inner_product(
        scaled(Ball(1) / Ball(w.size()), printed) + product(f, product(g, transposed(balls(w_v)))),
        balls(to));
  });
  return q;
}

// Weights times 1 + delta sigma, |sigma| <= 1, on the states that they lead to: the largest errors over the
// recursions' bounds, of the layers whose bound is not 0. Upstream of the squared loss against E. On aligned
// networks (two tokens, W = 0, W_V = 1/2, residual, only the first layer's weights off) errors grow by 3/2.
Quantities network_errors(const Field& in) {
  const Exact t0 = table(in["T0"]), target = table(in["E"], t0.size(), t0[0].size());
  const Fraction delta = proper(in["delta"]);
  const std::size_t depth = in["layers"].size();
  std::vector<Layer> layers, perturbed;
  bool aligned = t0 == Exact{{Fraction(1)}, {Fraction(-1)}};
  for (std::size_t l = 0; l < depth; ++l) {
    const Field layer = in["layers"][l];
    layers.push_back(layer_from(layer, t0[0].size()));
    perturbed.push_back(layers[l]);
    for (std::size_t h = 0; h < layers[l].heads.size(); ++h) {
      const Field head = layer["heads"][h];
      const Exact sigma = table(head["sigma"], t0.size(), t0.size());
      require(largest_size(sigma) <= Fraction(1), head.place + ".sigma: above 1 in size");
      perturbed[l].heads[h].factors =
          balls(Exact(t0.size(), Fractions(t0.size(), Fraction(1))) + scaled(delta, sigma));
      aligned = aligned && layers[l].residual && layers[l].heads.size() == 1 &&
                table(head["W"]) == Exact{{Fraction(0)}} &&
                table(head["W_V"]) == Exact{{Fraction(1) / Fraction(2)}} &&
                (l == 0 || largest_size(sigma) == Fraction(0));
    }
  }
  require(depth > 0, "instance.layers: none");
  struct Recursion {
    std::vector<ForwardErrors> steps;
    Ball state, by_state, by_weights;  // largest errors over their bounds
  };
  std::vector<Rows> exact{balls(t0)}, near = exact;
  std::vector<Ball> errors;
  Recursion norms, states, fixed;  // fixed: each layer at the exact state
  for (std::size_t l = 0; l < depth; ++l) {
    exact.push_back(next_state(layers[l], exact[l]));
    near.push_back(next_state(perturbed[l], near[l]));
    errors.push_back(largest_size(near.back() - exact.back()));
    fixed.steps.push_back(forward_errors(layers[l], exact[l], 0, Ball(delta), ConstantsFrom::states));
    for (const auto& [of, from] :
         {std::pair(&norms, ConstantsFrom::norms), {&states, ConstantsFrom::states}}) {
      const Ball e = l == 0 ? Ball() : of->steps.back().output;
      of->steps.push_back(forward_errors(layers[l], exact[l], e, Ball(delta), from));
      raise(of->state, errors.back(), of->steps.back().output);
    }
  }
  const auto backward = [&](Recursion& of, const std::vector<Rows>& at, const Ball& e) {
    Rows g = exact.back() - balls(target), g_near = at.back() - balls(target);
    BackwardErrors bound{one_norm(g), Ball(t0.size() * t0[0].size()) * e, {}, {}};
    for (std::size_t l = depth; l-- > 0;) {
      const LayerGradient gradient = layer_gradient(layers[l], exact[l], g),
                          moved = layer_gradient(perturbed[l], at[l], g_near);
      bound = backward_errors(layers[l], of.steps[l], bound);
      g = gradient.t, g_near = moved.t;
      raise(of.by_state, one_norm(g_near - g), bound.error);
      raise(of.by_state, one_norm(g), bound.norm);
      for (std::size_t h = 0; h < gradient.w.size(); ++h) {
        raise(of.by_weights, largest_size(moved.w[h] - gradient.w[h]), bound.w[h]);
        raise(of.by_weights, largest_size(moved.w_v[h] - gradient.w_v[h]), bound.w_v[h]);
      }
    }
  };
  backward(norms, near, norms.steps.back().output);
  backward(states, near, states.steps.back().output);
  backward(fixed, exact, 0);
  Ball last_ratio, growth(1);
  raise(last_ratio, errors.back(), states.steps.back().output);
  for (std::size_t l = 1; l < depth; ++l) growth = growth * Ball(3) / 2;
  Quantities q{{"state, norms", norms.state},
               {"state, states", states.state},
               {"last state, states", last_ratio},
               {"by the state, fixed", fixed.by_state},
               {"by the weights, fixed", fixed.by_weights},
               {"by the state, norms", norms.by_state},
               {"by the state, states", states.by_state},
               {"by the weights, states", states.by_weights},
               {"first error", errors.front()},
               {"last error", errors.back()}};
  if (aligned)
    q.emplace("(3/2)^(m-1) e_1 (1 - 2^-40)", growth * errors.front() * (Ball(1) - Ball(1) / (1L << 40)));
  return q;
}

}  // namespace checker
