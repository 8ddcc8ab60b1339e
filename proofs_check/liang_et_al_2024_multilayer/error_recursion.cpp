// Liang, Sha, Shi, Song, Zhou 2024, the error through m layers, with the constants that "at most poly(n)"
// hides (docs/gradients.md). Weights of relative error delta in every head of every layer; the approximate
// layers run on the approximate states. Forward: |T~_l - T_l|_max; backward, any upstream: |G~ - G|_1 and the
// largest entry of the error of dL/dW, dL/dW_V. Heads, causal masks, residual, MLP and layer norm are drawn.
#include "proofs_check/layers_case.hpp"

namespace attnbounds {
namespace {

LayersCase draw(Draw& d) {
  if (d.index == 0) return two_tokens();
  const Parts parts = d.index % 3 == 0   ? Parts::mlp_and_norms
                      : d.index % 3 == 1 ? Parts::mlp
                                         : Parts::attention_only;
  return draw_layers(d, d.integer(1, 4), parts);
}

// ---- Forward.

Interval one(const LayersCase&) { return 1; }

const Registration forward_recursion =
    claim("liang-et-al-2024-multilayer/forward-error",
          "induction of Lemma H.4, which takes states as exact; constants ours", Standing::checked)
        .says(
            "e' <= r e + sum_h nu e + v 2 tanh((2 artanh delta + 2((A + B)e + S e^2)/d)/4), then the "
            "row-wise maps",
            R"($e' \le re + \sum_h \nu_h e + 2v_h\tanh\tfrac14\big(2\,\mathrm{artanh}\,\delta + \tfrac2d((A+B)e+Se^2)\big)$)")
        .given(draw)
        .at_most(
            "error <= the recursion with constants from norms, every layer",
            [](const LayersCase& c) { return forward_ratio(c, ConstantsFrom::norms); }, one)
        .at_most(
            "error <= the recursion with constants from states, every layer",
            [](const LayersCase& c) { return forward_ratio(c, ConstantsFrom::states); }, one)
        .finds("ratio, norms", "largest error over the recursion from norms", Extreme::largest,
               [](const LayersCase& c) { return forward_ratio(c, ConstantsFrom::norms); })
        .finds("ratio, states", "largest error over the recursion from states", Extreme::largest,
               [](const LayersCase& c) { return forward_ratio(c, ConstantsFrom::states); })
        .twin(
            "99 hundredths of the recursion",
            [](const LayersCase& c) { return forward_ratio(c, ConstantsFrom::states); },
            [](const LayersCase&) { return enclose(Rational(99, 100)); })
        .sizes(60, 600, 6000);

// ---- Backward.

/// In one dimension norms of gradients attain their bounds, and intervals cannot part what is equal: all
/// bounds times this.
Interval attained(const LayersCase&) { return enclose(Rational(1073741825, 1073741824)); }  // 1 + 2^-30

const Registration backward_recursion =
    claim("liang-et-al-2024-multilayer/backward-error",
          "Step 3.2 of Lemma H.4 with Sections I to K, explicit, derived by us", Standing::checked)
        .says(
            "gam' <= r gam + sum_h nu(gam + phi g) + (P~(A + B + 2eS) + 2PeS)/d in |.|_1, P = v g, "
            "P~ = phi v g + (v + nu e) gam + nu e g; and the errors of dL/dW, dL/dW_V; all times 1 + 2^-30",
            R"($\gamma' \le r\gamma + \sum_h \nu(\gamma+\varphi g) + \tfrac1d(\tilde P(A+B+2eS) + 2PeS)$)")
        .given(draw)
        .precision(Bits{128}, Bits{2048})
        .at_most(
            "gradient by the state, exact states",
            [](const LayersCase& c) { return backward_gap(c, States::exact, ConstantsFrom::states).input; },
            attained)
        .at_most(
            "gradients by the weights, exact states",
            [](const LayersCase& c) { return backward_gap(c, States::exact, ConstantsFrom::states).weights; },
            attained)
        .at_most(
            "gradient by the state, approximate states, constants from norms",
            [](const LayersCase& c) {
              return backward_gap(c, States::approximate, ConstantsFrom::norms).input;
            },
            attained)
        .at_most(
            "gradient by the state, approximate states",
            [](const LayersCase& c) {
              return backward_gap(c, States::approximate, ConstantsFrom::states).input;
            },
            attained)
        .at_most(
            "gradients by the weights, approximate states",
            [](const LayersCase& c) {
              return backward_gap(c, States::approximate, ConstantsFrom::states).weights;
            },
            attained)
        .finds(
            "ratio, exact states", "largest error of dL/dT over its bound", Extreme::largest,
            [](const LayersCase& c) { return backward_gap(c, States::exact, ConstantsFrom::states).input; })
        .finds("ratio, approximate states", "largest error of dL/dT over its bound", Extreme::largest,
               [](const LayersCase& c) {
                 return backward_gap(c, States::approximate, ConstantsFrom::states).input;
               })
        .finds("ratio, weights", "largest error of dL/dW or dL/dW_V over its bound", Extreme::largest,
               [](const LayersCase& c) {
                 return backward_gap(c, States::approximate, ConstantsFrom::states).weights;
               })
        .twin(
            "99 hundredths of the bound, approximate states",
            [](const LayersCase& c) {
              return backward_gap(c, States::approximate, ConstantsFrom::states).input;
            },
            [](const LayersCase&) { return enclose(Rational(99, 100)); })
        .sizes(30, 300, 3000);

// ---- Growth with depth.

struct Depth {
  long layers;
  enum class Kind { aligned, random, small } kind;
};
std::vector<Depth> depths(Level level) {
  std::vector<Depth> list;
  for (const long m : {1, 2, 4, 8, 16, 32})
    for (const auto kind : {Depth::Kind::aligned, Depth::Kind::random, Depth::Kind::small})
      if (level != Level::quick || m <= 16 || kind == Depth::Kind::aligned) list.push_back({m, kind});
  return list;
}
/// Aligned: W = 0, W_V = 1/2, residual; only the first layer is perturbed, in the same way for both tokens,
/// so the error is a common shift of the tokens and grows by exactly 3/2 a layer.
LayersCase network(const Depth& c) {
  if (c.kind == Depth::Kind::aligned) {
    LayersCase x = two_tokens();
    x.layers[0].residual = Residual::added;
    x.layers[0].heads[0].w_v(0, 0) = 0.5;
    x.layers.resize(c.layers, x.layers[0]);
    x.sigma.resize(c.layers, std::vector<Matrix<double>>(1, Matrix<double>::Zero(2, 2)));
    return x;
  }
  Draw d{Stream(0, "depth", static_cast<std::uint64_t>(c.layers)), 0, Level::quick};
  LayersCase x;
  x.delta = Rational(1, 1024);
  x.input = d.stream.uniform_matrix(3, 2, 1);
  x.target = x.input;
  const double scale = c.kind == Depth::Kind::random ? 0.5 : 1.0 / 16;
  for (long l = 0; l < c.layers; ++l) {
    Layer<double> layer;
    layer.heads.push_back({d.stream.uniform_matrix(2, 2, scale), d.stream.uniform_matrix(2, 2, scale), {}});
    x.layers.push_back(layer);
    Matrix<double> signs(3, 3);
    for (Eigen::Index i = 0; i < signs.size(); ++i) signs.data()[i] = d.stream.sign();
    x.sigma.push_back({signs});
  }
  return x;
}
Json describe(const Depth& c) { return describe(network(c)); }
Interval last_ratio(const Depth& c) {
  const Passes p = run_passes(network(c), ConstantsFrom::states);
  return state_error(p, p.layers.size() - 1) / p.errors.back().output;
}
/// (e_m / e_1)^(1/(m-1)) of errors and of bounds.
Interval growth(const Interval& first, const Interval& last, long layers) {
  if (layers < 2) return 1;
  return exp(Interval(log(Interval(last / first)) / Interval(layers - 1)));
}
Interval measured_growth(const Depth& c) {
  const Passes p = run_passes(network(c), ConstantsFrom::states);
  return growth(state_error(p, 0), state_error(p, p.layers.size() - 1), c.layers);
}
Interval proved_growth(const Depth& c, ConstantsFrom from) {
  const Passes p = run_passes(network(c), from);
  return growth(p.errors[0].output, p.errors.back().output, c.layers);
}
Interval least_growth(const Depth& c) {  // (3/2)^(m-1) e_1 on the aligned networks
  if (c.kind != Depth::Kind::aligned) return 0;
  const Passes p = run_passes(network(c), ConstantsFrom::states);
  Interval least = state_error(p, 0) * enclose(Rational(1) - Rational(1, 1L << 40));
  for (long l = 1; l < c.layers; ++l) least *= enclose(Rational(3, 2));
  return least;
}
Interval last_error(const Depth& c) {
  const Passes p = run_passes(network(c), ConstantsFrom::states);
  return c.kind == Depth::Kind::aligned ? state_error(p, p.layers.size() - 1) : Interval(1);
}

const Registration geometric_growth =
    claim("liang-et-al-2024-multilayer/growth-with-depth",
          "the factor poly(n)^m of Lemma H.4, Step 3.2, made explicit, ours", Standing::checked)
        .says(
            "the error after m layers stays below the recursion for m = 1 … 32, and grows by exactly 1 + "
            "omega a layer on "
            "aligned networks: a factor exp(Omega(m)) is real",
            R"($(1+\omega)^{m-1}e_1 \le e_m \le \prod_l \ell_l \cdot e_1$ on aligned networks)")
        .over(depths, [](const Depth& c) { return c; })
        .precision(Bits{256}, Bits{4096})
        .at_most("error after m layers <= recursion", last_ratio, [](const Depth&) { return Interval(1); })
        .at_most("(3/2)^(m-1) e_1 (1 - 2^-40) <= error on aligned networks", least_growth, last_error)
        .finds("measured growth a layer", "(e_m/e_1)^(1/(m-1))", Extreme::largest, measured_growth)
        .finds("proved growth a layer, states", "of the recursion from states", Extreme::largest,
               [](const Depth& c) { return proved_growth(c, ConstantsFrom::states); })
        .finds("proved growth a layer, norms", "of the recursion from norms", Extreme::largest,
               [](const Depth& c) { return proved_growth(c, ConstantsFrom::norms); })
        .twin(
            "the error does not grow with depth: e_m <= e_1",
            [](const Depth& c) {
              const Passes p = run_passes(network(c), ConstantsFrom::states);
              return state_error(p, p.layers.size() - 1);
            },
            [](const Depth& c) {
              const Passes p = run_passes(network(c), ConstantsFrom::states);
              return state_error(p, 0);
            });

}  // namespace
}  // namespace attnbounds
