// Liang, Sha, Shi, Song, Zhou 2024, the error through m layers token by token, in Euclidean norms, from the
// instance's own quantities (src/attention/token_propagation.hpp, docs/gradients.md section 5a): what is left
// of "at most poly(n)" when nothing is replaced by a worst case. And two of the reviewers' questions:
// attention matrices of full rank, and layer norm in place of a bound R.
#include "attention/token_propagation.hpp"
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

struct TokenPasses {
  std::vector<Layer<Interval>> layers;
  std::vector<LayerTrace<Interval>> exact, approximate;
  std::vector<TokenConstants<Interval>> constants;
  std::vector<TokenErrors<Interval>> errors;
};
TokenPasses run(const LayersCase& c) {
  TokenPasses p;
  p.layers = layers_over<Interval>(c.layers);
  const Matrix<Interval> input = matrix_from<Interval>(c.input);
  p.exact = forward(p.layers, input);
  p.approximate = forward(p.layers, input, PerturbedLayers{&c});
  PerToken<Interval> e(static_cast<size_t>(input.rows()), Interval(0));
  for (size_t l = 0; l < p.layers.size(); ++l) {
    p.constants.push_back(token_constants(p.layers[l], p.exact[l]));
    p.errors.push_back(token_forward(p.constants.back(), e, enclose(c.delta)));
    e = p.errors.back().output;
  }
  return p;
}
/// The largest ratio of error to bound; bounds of 0 (nothing can move) and infinite ones are left out.
void raise(Interval& largest, const PerToken<Interval>& errors, const PerToken<Interval>& bounds) {
  for (size_t i = 0; i < errors.size(); ++i)
    if (is_finite(bounds[i]) && lower(bounds[i]) > 0) largest = maximum(largest, errors[i] / bounds[i]);
}

Interval forward_ratio(const LayersCase& c) {
  const TokenPasses p = run(c);
  Interval largest = 0;
  for (size_t l = 0; l < p.layers.size(); ++l)
    raise(largest, row_norms<Interval>(p.approximate[l].output - p.exact[l].output), p.errors[l].output);
  return largest;
}
struct Gap {
  Interval input, weights;
};
Gap backward_gap(const LayersCase& c) {
  const TokenPasses p = run(c);
  const Matrix<Interval> target = matrix_from<Interval>(c.target),
                         g = squared_loss(p.exact.back().output, target).gradient,
                         near = squared_loss(p.approximate.back().output, target).gradient;
  const auto exact = backward(p.layers, p.exact, g), approximate = backward(p.layers, p.approximate, near);
  TokenGradients<Interval> bound{row_norms(g), p.errors.back().output};
  Gap gap{0, 0};
  for (size_t l = p.layers.size(); l-- > 0;) {
    const auto step = token_backward(p.constants[l], p.errors[l], bound, row_norms(exact[l].middle));
    raise(gap.input, row_norms<Interval>(approximate[l].input - exact[l].input), step.error);
    for (size_t h = 0; h < step.w.size(); ++h) {
      const auto moved = [](const Matrix<Interval>& a, const Matrix<Interval>& b) {
        return PerToken<Interval>{root(squared_norm<Interval>(a - b))};
      };
      raise(gap.weights, moved(approximate[l].heads[h].w, exact[l].heads[h].w), {step.w[h]});
      raise(gap.weights, moved(approximate[l].heads[h].w_v, exact[l].heads[h].w_v), {step.w_v[h]});
    }
    bound = {row_norms(exact[l].input), step.error};
  }
  return gap;
}
Interval one(const LayersCase&) { return 1; }
Interval nearly_one(const LayersCase&) { return enclose(Rational(99, 100)); }

const Registration forward_tokens =
    claim("liang-et-al-2024-multilayer/token-forward-error",
          "Lemma H.4, from the instance's own quantities, ours", Standing::checked)
        .says(
            "eps'_i <= r eps_i + sum_h omega sum_j F_ij eps_j + sum_j lambda_ij F_ij (r_ij + sum_k D_ik "
            "r_ik) in "
            "Euclidean norms, then the row-wise maps",
            R"($\varepsilon_i' \le r\varepsilon_i + \sum_h\omega\sum_j F_{ij}\varepsilon_j + \sum_j\lambda_{ij}F_{ij}(r_{ij}+\textstyle\sum_k D_{ik}r_{ik})$)")
        .given(draw)
        .precision(Bits{128}, Bits{2048})
        .at_most("|T~_i - T_i| <= eps_i, every token of every layer", forward_ratio, one)
        .finds("ratio", "largest error over its bound", Extreme::largest, forward_ratio)
        .twin("99 hundredths of the recursion", forward_ratio, nearly_one)
        .sizes(60, 600, 6000);

const Registration backward_tokens =
    claim("liang-et-al-2024-multilayer/token-backward-error",
          "Step 3.2 of Lemma H.4, from the instance's own quantities, ours", Standing::checked)
        .says(
            "|G~_j - G_j| <= gam_j with |p~_ij - p_ij| <= F_ij (r_ij + x_ij) gam_i + (F_ij x_ij + D_ij r_ij) "
            "g_i, "
            "x_ij = omega eps_j + sum_k F_ik omega eps_k + D_ik r_ik; and the errors of dL/dW, dL/dW_V",
            R"($|\tilde p_{ij}-p_{ij}| \le F_{ij}(r_{ij}+x_{ij})\gamma_i + (F_{ij}x_{ij}+D_{ij}r_{ij})g_i$)")
        .given(draw)
        .precision(Bits{128}, Bits{2048})
        .at_most(
            "|dL/dT~_j - dL/dT_j| <= gam_j, every token of every layer",
            [](const LayersCase& c) { return backward_gap(c).input; }, one)
        .at_most(
            "errors of dL/dW and dL/dW_V", [](const LayersCase& c) { return backward_gap(c).weights; }, one)
        .finds("ratio, states", "largest error of dL/dT over its bound", Extreme::largest,
               [](const LayersCase& c) { return backward_gap(c).input; })
        .finds("ratio, weights", "largest error of dL/dW, dL/dW_V over its bound", Extreme::largest,
               [](const LayersCase& c) { return backward_gap(c).weights; })
        .twin(
            "a third of the recursion", [](const LayersCase& c) { return backward_gap(c).input; },
            [](const LayersCase&) { return enclose(Rational(1, 3)); })
        .sizes(40, 400, 4000);

// ---- Attention matrices of full rank: nothing above asks for low rank of f.

Interval determinant(const Matrix<Interval>& f) {
  if (f.rows() == 2) return f(0, 0) * f(1, 1) - f(0, 1) * f(1, 0);
  Interval sum = 0;
  for (Eigen::Index j = 0; j < 3; ++j)
    sum += f(0, j) * (f(1, (j + 1) % 3) * f(2, (j + 2) % 3) - f(1, (j + 2) % 3) * f(2, (j + 1) % 3));
  return sum;
}
bool full_rank(const LayersCase& c) {
  const WorkingPrecision precision(Bits{128});
  for (const auto& trace : forward(layers_over<Interval>(c.layers), matrix_from<Interval>(c.input)))
    for (const Matrix<Interval>& f : trace.f)
      if (f.rows() > 3 || f.rows() < 2 || contains_zero(determinant(f))) return false;
  return true;
}
LayersCase draw_full_rank(Draw& d) {
  if (d.index == 0) {
    LayersCase c = two_tokens();
    c.layers[0].heads[0].w(0, 0) = 0x1p-8;  // f = 1/2 +- 2^-10
    return c;
  }
  for (;;) {
    LayersCase c = draw_layers(d, d.integer(1, 3), Parts::attention_only);
    for (Layer<double>& layer : c.layers)
      for (Head<double>& h : layer.heads) h.w *= static_cast<double>(1L << d.integer(0, 3));  // sharper
    if (full_rank(c)) return c;
  }
}
const Registration full_rank_attention =
    claim("liang-et-al-2024-multilayer/full-rank-attention", "a reviewers' question; ours", Standing::checked)
        .says(
            "the bounds on the error of states hold for attention matrices of full rank, with the same "
            "constants",
            R"($\det f \ne 0$ in every head and layer: $|\tilde T_i - T_i| \le \varepsilon_i$ still)")
        .given(draw_full_rank)
        .where("det f != 0 in every head of every layer", full_rank)
        .precision(Bits{128}, Bits{2048})
        .at_most("|T~_i - T_i| <= eps_i, every token of every layer", forward_ratio, one)
        .twin("99 hundredths of the recursion", forward_ratio, nearly_one)
        .sizes(40, 400, 4000);

// ---- Layer norm: y = (x - mean)/s, s^2 = var + epsilon. (z, sqrt(epsilon))/|.| with z = (x - mean)/sqrt(d)
// is y/sqrt(d) and one more entry, and |A/|A| - B/|B||^2 = (|A - B|^2 - (|A| - |B|)^2)/(|A||B|).

struct Rows {
  std::vector<Rational> x, near;
  Rational epsilon;
};
Json describe(const Rows& c) {
  return {{"x", json_numbers(c.x)}, {"x~", json_numbers(c.near)}, {"epsilon", json_number(c.epsilon)}};
}
Rational square(const std::vector<Rational>& x, const Rational& epsilon) {  // s^2
  Rational mean = 0, sum = 0;
  const Rational width(static_cast<long>(x.size()));
  for (const Rational& v : x) mean += v / width;
  for (const Rational& v : x) sum += (v - mean) * (v - mean);
  return sum / width + epsilon;
}
bool differ_in_size(const Rows& c) { return square(c.x, c.epsilon) != square(c.near, c.epsilon); }
Rows draw_rows(Draw& d) {
  if (d.index == 0) return {{1, -1, 0}, {Rational(1, 64), 1, -1}, Rational(1, 1L << 20)};  // s near s~
  for (;;) {
    Rows c;
    const long width = d.integer(2, 5);
    for (long l = 0; l < width; ++l) {
      c.x.push_back(d.dyadic(1, 4));
      c.near.push_back(d.index % 2 == 0 ? d.dyadic(1, 4) : Rational(c.x.back() + d.dyadic(1, 4) / 64));
    }
    c.epsilon = Rational(1, 1L << d.integer(2, 20));
    if (differ_in_size(c)) return c;
  }
}
Interval moved(const Rows& c) {  // |y~ - y|_2
  const auto normalised = [&](const std::vector<Rational>& x) {
    Matrix<Interval> m(1, static_cast<Eigen::Index>(x.size()));
    for (size_t l = 0; l < x.size(); ++l) m(0, static_cast<Eigen::Index>(l)) = enclose(x[l]);
    return normalise_rows(m, enclose(c.epsilon)).y;
  };
  return root(squared_norm<Interval>(normalised(c.near) - normalised(c.x)));
}
Interval distance(const Rows& c) {
  Rational sum = 0;
  for (size_t l = 0; l < c.x.size(); ++l) sum += (c.near[l] - c.x[l]) * (c.near[l] - c.x[l]);
  return sqrt(enclose(sum));
}
Interval over_divisors(const Rows& c) {  // |x~ - x|/sqrt(s s~)
  return distance(c) / sqrt(sqrt(enclose(Rational(square(c.x, c.epsilon) * square(c.near, c.epsilon)))));
}
const Registration layer_norm =
    claim("liang-et-al-2024-multilayer/layer-norm", "a reviewers' question (layer norm in place of R); ours",
          Standing::checked)
        .says(
            "|LN(x~) - LN(x)|_2 <= |x~ - x|_2/sqrt(s s~), s^2 = var + epsilon; attained where s = s~",
            R"($\|\mathrm{LN}(\tilde x)-\mathrm{LN}(x)\|_2 \le \|\tilde x-x\|_2/\sqrt{s\tilde s}$, $s^2 = \mathrm{var}+\epsilon$)")
        .given(draw_rows)
        .where("s != s~ (equality holds where they agree)", differ_in_size)
        .at_most("change of the output", moved, over_divisors)
        .finds("ratio", "largest change over the bound", Extreme::largest,
               [](const Rows& c) { return moved(c) / over_divisors(c); })
        .twin("without the divisors: |x~ - x|", moved, distance);

}  // namespace
}  // namespace attnbounds
