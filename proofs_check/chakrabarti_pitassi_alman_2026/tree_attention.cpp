// Chakrabarti, Pitassi, Alman 2026, Theorem 3.4/3.5 (numbers from notes on the paper): where the pairs of the
// attention polynomial form a tree, poly-attention is computed exactly with (t - 1) n^2 weights, as messages
// from the leaves. The identity is exact for every weight function with w(x + y) = w(x) w(y); checked over
// the rationals with w(x) = 2^x at integer scores. False twin: a triangle x1 x2 + x2 x3 + x3 x1 (Strassen
// attention) computed on its spanning tree.
#include "proofs_check/chakrabarti_pitassi_alman_2026/poly_case.hpp"

namespace attnbounds {
namespace {

struct PowerOfTwo {
  Rational operator()(const Rational& x) const {
    const auto n = static_cast<long>(numerator(x));
    return n >= 0 ? Rational(Integer(1) << static_cast<unsigned>(n))
                  : Rational(Integer(1), Integer(1) << static_cast<unsigned>(-n));
  }
};

PolyCase draw(Draw& d) {
  const long t = d.integer(2, 5);
  PolyCase c{random_tree(d, t), draw_input(d, t, t > 3 ? 3 : 4, d.integer(1, 2), 3, 0)};
  for (Matrix<double>& m : c.input.q) m *= static_cast<double>(m.cols());  // integer scores after 1/d
  return c;
}
PolyCase draw_triangle(Draw& d) { return {{3, {{0, 1}, {1, 2}, {2, 0}}}, draw_input(d, 3, 3, 1, 3, 0)}; }

Rational difference(const PolyCase& c) {
  const auto input = input_from<Rational>(c.input);
  AttentionPolynomial tree = c.h;
  if (tree_parents(tree).empty()) tree.products.pop_back();
  const Matrix<Rational> error =
      tree_attention(tree, input, PowerOfTwo{}) - poly_attention(c.h, input, PowerOfTwo{});
  return max_abs(error);
}

const Registration tree =
    claim("chakrabarti-pitassi-alman-2026/tree-attention", "Theorem 3.5 (number not looked up), the identity",
          Standing::checked)
        .says(
            "on a tree, messages compute poly-attention exactly, with (t - 1) n^2 weights",
            R"($\mathrm{Att}^{(h)}$ by messages equals $\sum_{\ell_2,\dots,\ell_t} e^{h/d}\, V^{(2)} \odot \dots \odot V^{(t)} / \sum e^{h/d}$, $h$ a tree)")
        .given(draw)
        .sizes(60, 400, 2000)
        .where("h is a tree", [](const PolyCase& c) { return !tree_parents(c.h).empty(); })
        .equal("messages = definition", difference)
        .twin_without("h is a tree", draw_triangle);

}  // namespace
}  // namespace attnbounds
