// Kind "layers": the error recursion of docs/gradients.md through attention layers, forward and backward, for
// softmax weights of relative error delta on approximate states. Re-proved: the exact forward pass in balls,
// the constants of every head (from norms, or from the states), and every step of both recursions:
//   ln rho = 2 artanh(delta) + 2((A + B) e + S e^2)/d,  phi = 2 tanh(ln rho/4)
//   forward   e' >= r e + sum_h nu e + phi v                                        e bounds |T~ - T|_max
//   backward  g  >= r g' + sum_h (nu + v (A + B)/d) g'                              g bounds |dL/dT|_1
//             gam >= r gam' + sum_h nu (gam' + phi g') + (P~ (A + B + 2 e S) + 2 P e S)/d,
//             P = v g', P~ = phi v g' + (v + nu e) gam' + nu e g'
// from |T_m - E|_1 <= g_m and n d e_m <= gam_m (the squared loss).
#include "kinds.hpp"
#include "softmax.hpp"

namespace checker {
namespace {

constexpr long kMostLayers = 256;

struct Head {
  Matrix w, w_v;
};
struct Layer {
  bool residual = false;
  Mask mask = Mask::none;
  std::vector<Head> heads;
};
struct Constants {
  Ball a, b, s, nu, v;
};

Layer layer_from(const Field& field, long width) {
  Layer layer{field["residual"].one_of({"none", "added"}) == "added",
              field["mask"].one_of({"none", "causal"}) == "causal" ? Mask::causal : Mask::none,
              {}};
  for (std::size_t h = 0; h < field["heads"].size(); ++h) {
    const Field head = field["heads"][h];
    layer.heads.push_back({head["W"].matrix(), head["W_V"].matrix()});
    for (const Matrix* m : {&layer.heads.back().w, &layer.heads.back().w_v})
      require(m->rows == width && m->columns == width, head.place + ": the shapes do not fit");
  }
  return layer;
}

Constants constants(const Rows& t, const Rows& w, const Rows& w_v, bool from_states) {
  Constants k{Ball(), Ball(), one_norm(w), largest_row_sum(transposed(w_v)), Ball()};
  const Ball state = largest_size(t);
  if (!from_states) {
    k.a = k.b = state * k.s;
    k.v = k.nu * state;
    return k;
  }
  const auto range_ends = [](const Rows& columns, std::size_t l) {
    Ball low = columns[l][0], high = columns[l][0];
    for (const Ball& x : columns[l]) low = minimum(low, x), high = maximum(high, x);
    return std::pair(low, high);
  };
  Rows centred = transposed(t);  // softmax ignores a common shift of the keys: their midpoints go
  for (std::size_t l = 0; l < centred.size(); ++l) {
    const auto [low, high] = range_ends(centred, l);
    for (Ball& x : centred[l]) x = x - (low + high) / 2;
  }
  k.a = largest_row_sum(product(t, w));
  k.b = largest_row_sum(product(transposed(centred), transposed(w)));
  const Rows values = transposed(product(t, w_v));
  for (std::size_t l = 0; l < values.size(); ++l) {
    const auto [low, high] = range_ends(values, l);
    k.v = maximum(k.v, (high - low) / 2);
  }
  return k;
}

Rows next_state(const Rows& t, const Layer& layer, long width) {
  Rows next(t.size(), Row(t[0].size()));
  for (const Head& head : layer.heads) {
    const Rows queries = product(t, balls(head.w)), values = transposed(product(t, balls(head.w_v)));
    for (std::size_t i = 0; i < t.size(); ++i) {
      const Row f =
          softmax_row(queries[i], t, width, static_cast<long>(layer.mask == Mask::causal ? i + 1 : t.size()));
      for (std::size_t l = 0; l < values.size(); ++l) next[i][l] = next[i][l] + dot(f, values[l]);
    }
  }
  if (layer.residual)
    for (std::size_t i = 0; i < t.size(); ++i)
      for (std::size_t l = 0; l < t[i].size(); ++l) next[i][l] = next[i][l] + t[i][l];
  return next;
}

}  // namespace

Proved prove_layers(const Field& top, const Folder&) {
  const Matrix input = top["input"].matrix();
  const std::size_t depth = top["layers"].size();
  if (depth < 1 || depth > static_cast<std::size_t>(kMostLayers)) top["layers"].expected("1 to 256 layers");
  std::vector<Layer> layers;
  for (std::size_t l = 0; l < depth; ++l) layers.push_back(layer_from(top["layers"][l], input.columns));
  const Fraction delta_exact = positive_from(top["delta"]);
  if (!(delta_exact < Fraction(1))) top["delta"].expected("a number below 1");
  const bool from_states = top["constants"].one_of({"norms", "states"}) == "states";
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
  for (const Layer& layer : layers) heads += static_cast<double>(layer.heads.size());
  const double n = static_cast<double>(input.rows), width = static_cast<double>(input.columns);
  const double operations = heads * (n * n * (2 * width + 40) + 4 * n * width * width);

  return at_rising_precision(128, operations, [&] {
    const Ball delta(delta_exact), d(input.columns), log_ratio = log((Ball(1) + delta) / (Ball(1) - delta));
    Rows state = balls(input);
    std::vector<std::vector<std::pair<Constants, Ball>>> steps;  // a head's constants and phi
    Ball e;
    for (std::size_t l = 0; l < depth; ++l) {
      Ball next = layers[l].residual ? e : Ball();
      steps.emplace_back();
      for (const Head& head : layers[l].heads) {
        const Constants k = constants(state, balls(head.w), balls(head.w_v), from_states);
        const Ball phi = Ball(2) * tanh((log_ratio + Ball(2) * ((k.a + k.b) * e + k.s * e * e) / d) / 4);
        next = next + k.nu * e + phi * k.v;
        steps.back().emplace_back(k, phi);
      }
      require_at_most(next, Ball(errors[l]), item("errors", l) + ": the recursion against it");
      e = Ball(errors[l]);
      state = next_state(state, layers[l], input.columns);
    }
    if (target) {
      Rows residual = state;
      for (std::size_t i = 0; i < residual.size(); ++i)
        for (std::size_t c = 0; c < residual[i].size(); ++c)
          residual[i][c] = residual[i][c] - Ball((*target)(static_cast<long>(i), static_cast<long>(c)));
      require_at_most(one_norm(residual), Ball(norms[depth]),
                      item("backward.norms", depth) + ": |T - E|_1 against it");
      require_at_most(Ball(input.rows) * d * e, Ball(gradient_errors[depth]),
                      item("backward.errors", depth) + ": n d e against it");
      for (std::size_t l = depth; l-- > 0;) {
        const Ball g(norms[l + 1]), gam(gradient_errors[l + 1]),
            before = l == 0 ? Ball() : Ball(errors[l - 1]);
        Ball norm = layers[l].residual ? g : Ball(), error = layers[l].residual ? gam : Ball();
        for (const auto& [k, phi] : steps[l]) {
          const Ball pulled = k.v * g;
          const Ball moved = phi * k.v * g + (k.v + k.nu * before) * gam + k.nu * before * g;
          norm = norm + k.nu * g + pulled * (k.a + k.b) / d;
          error = error + k.nu * (gam + phi * g) +
                  (moved * (k.a + k.b + Ball(2) * before * k.s) + Ball(2) * pulled * before * k.s) / d;
        }
        require_at_most(norm, Ball(norms[l]), item("backward.norms", l) + ": the recursion against it");
        require_at_most(error, Ball(gradient_errors[l]),
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
