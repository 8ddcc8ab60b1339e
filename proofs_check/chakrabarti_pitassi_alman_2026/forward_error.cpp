// Chakrabarti, Pitassi, Alman 2026, Theorem 3.6 (number from notes on the paper): approximation at entries
// B = o((log n)^{1/k}), k the degree of h, not its number t of variables. The finite form, sharp:
//     |scores| <= |h| B^k (B >= 1), |h| the number of products, and
//     |P(x) - e^x| <= delta e^x on the scores  implies  max |Att~ - Att| <= phi(delta) prod max |V^a|.
// On a tree, ours: P in the place of exp on each edge's own score, which needs the interval [-B^2, B^2]
// alone, keeps the (t - 1) n r d messages of low rank, and
//     max |Att~ - Att| <= 2 tanh((t - 1) artanh(delta)/2) prod max |V^a|;
// attained by a path whose edges err the same way. False twin there: one edge's bound.
#include "proofs_check/chakrabarti_pitassi_alman_2026/poly_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  PolyCase poly;
  Polynomial polynomial;
};
Json describe(const Case& c) {
  Json j = json_poly(c.poly);
  j["coefficients"] = json_numbers(c.polynomial.coefficients);
  return j;
}

/// Of the whole scores, or of the edges'.
enum class Scores { whole, edges };
Matrix<Rational> score_row(const Case& c, Scores which) {
  const auto input = input_from<Rational>(c.poly.input);
  std::vector<Rational> s;
  if (which == Scores::edges)
    for (const auto& edge : c.poly.h.products)
      for (Eigen::Index i = 0; i < input.q[edge[0]].rows(); ++i)
        for (Eigen::Index j = 0; j < input.q[edge[1]].rows(); ++j)
          s.push_back(score(input.q[edge[0]], i, input.q[edge[1]], j));
  else
    for (Eigen::Index i = 0; i < input.q[0].rows(); ++i)
      for_each_tuple(input.q, i, [&](const std::vector<Eigen::Index>& tokens) {
        s.push_back(poly_score(c.poly.h, input.q, tokens));
      });
  return Eigen::Map<Matrix<Rational>>(s.data(), 1, static_cast<Eigen::Index>(s.size()));
}
template <Scores which>
Interval delta(const Case& c) {
  return relative_error_on(c.polynomial, score_row(c, which));
}
template <Scores which>
bool in_range(const Case& c) {
  const Interval d = delta<which>(c);
  return lower(d) > 0 && upper(d) < 1 && product_of_values(c.poly) > 0;
}

template <Scores which>
Case draw(Draw& d) {
  if (d.index <
      8) {  // two keys of the sharp perturbation lemma; on a path, the later tokens repeat the score
    const auto [s, line] = extremal_two_keys(Rational(d.integer(1, 9), 10));
    Case c{{{2, {{0, 1}}}, {{Matrix<double>::Ones(1, 1), Matrix<double>(2, 1)}, {Matrix<double>(2, 1)}}},
           line};
    c.poly.input.q[1] << 0, s;
    c.poly.input.v[0] << 1, -1;
    if (which == Scores::edges) {
      c.poly.h = {3, {{0, 1}, {1, 2}}};
      c.poly.input.q.push_back(Matrix<double>::Ones(1, 1));
      c.poly.input.v.push_back(Matrix<double>::Ones(1, 1));
    }
    return c;
  }
  for (;;) {
    const long t = d.integer(2, 4), width = d.integer(1, 2);
    Case c{{which == Scores::edges ? random_tree(d, t) : random_polynomial(d, t),
            draw_input(d, t, 3, width, 1, 3)},
           near_taylor(d, d.integer(2, 10))};
    if (in_range<which>(c)) return c;
  }
}

template <Scores which>
Interval error(const Case& c) {
  const auto input = input_from<Interval>(c.poly.input);
  const Matrix<Interval> difference =
      (which == Scores::edges ? tree_attention(c.poly.h, input, c.polynomial)
                              : poly_attention(c.poly.h, input, c.polynomial)) -
      poly_attention(c.poly.h, input);
  return max_abs(difference);
}
/// 2 tanh(edges artanh(delta)/2) = 2 (r - 1)/(r + 1), r = ((1 + delta)/(1 - delta))^{edges/2}
Interval edges_bound(const Case& c, long edges) {
  const Interval d = delta<Scores::edges>(c), r = exp(log((1 + d) / (1 - d)) * static_cast<int>(edges) / 2);
  return 2 * (r - 1) / (r + 1) * enclose(product_of_values(c.poly));
}
Interval whole_bound(const Case& c) {
  return sharp_perturbation(delta<Scores::whole>(c)) * enclose(product_of_values(c.poly));
}

const Registration whole =
    claim("chakrabarti-pitassi-alman-2026/forward-error", "Theorem 3.6 (number not looked up), finite form",
          Standing::checked)
        .says(
            "scores are at most |h| max(B, 1)^k; |P - e^x| <= delta e^x on them implies |Att~ - Att| <= "
            "phi(delta) prod max|V|",
            R"($|h/d| \le |h|\,B^k$; $\|\widetilde{\mathrm{Att}}^{(h)} - \mathrm{Att}^{(h)}\|_\infty \le \varphi(\delta)\prod_a \|V^{(a)}\|_\infty$)")
        .given(draw<Scores::whole>)
        .sizes(60, 400, 2000)
        .where("0 < delta < 1", in_range<Scores::whole>)
        .at_most("error <= phi(delta) prod max|V|", error<Scores::whole>, whole_bound)
        .at_most(
            "|scores| <= |h| max(B, 1)^k", [](const Case& c) { return max_abs(score_row(c, Scores::whole)); },
            [](const Case& c) {
              const Rational B = std::max(Rational(1), to_rational(largest_score_entry(c.poly)));
              Rational bound(static_cast<long>(c.poly.h.products.size()));
              for (long i = 0; i < degree_of(c.poly.h); ++i) bound *= B;
              return bound;
            })
        .twin("half the bound", error<Scores::whole>, [](const Case& c) { return whole_bound(c) / 2; });

const Registration on_trees =
    claim("chakrabarti-pitassi-alman-2026/tree-forward-error", "low-rank messages on a tree, ours",
          Standing::checked)
        .says(
            "P on every edge of a tree, |P - e^x| <= delta e^x: |Att~ - Att| <= 2 tanh((t-1) "
            "artanh(delta)/2) "
            "prod max|V|",
            R"($\|\widetilde{\mathrm{Att}}^{(h)} - \mathrm{Att}^{(h)}\|_\infty \le 2\tanh(\tfrac{t-1}{2}\operatorname{artanh}\delta)\prod_a \|V^{(a)}\|_\infty$)")
        .given(draw<Scores::edges>)
        .sizes(60, 400, 2000)
        .where("h is a tree", [](const Case& c) { return !tree_parents(c.poly.h).empty(); })
        .where("0 < delta < 1", in_range<Scores::edges>)
        .at_most("error <= 2 tanh((t - 1) artanh(delta)/2) prod max|V|", error<Scores::edges>,
                 [](const Case& c) { return edges_bound(c, c.poly.h.variables - 1); })
        .twin("one edge's bound", error<Scores::edges>, [](const Case& c) { return edges_bound(c, 1); });

}  // namespace
}  // namespace attnbounds
