// What the norm condition |C1 W|, |C2| <= Gamma (Theorems 3.1, A.1, 4.1) bounds: scores divided by d lie in
// [-Gamma^2, Gamma^2], and the polynomial method needs the degree of that interval. The paper's loss (3.3)
// sets its temperature to 1, so its scores C1 W C2^T reach d Gamma^2: at d = Theta(log L) the almost linear
// time of Theorem 3.1 at every Gamma = o(sqrt(log L)) would then refute Theorem 4.1's hypothesis at the
// constant norms Gamma' = Gamma/sqrt(d) (docs/neighbours.md). The undivided scores are the twin.
#include "proofs_check/lora_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> c1w, c2;
};
Json describe(const Case& c) { return {{"C1 W", json_matrix(c.c1w)}, {"C2", json_matrix(c.c2)}}; }

Case draw(Draw& d) {
  const long n = d.integer(1, 4), width = d.integer(1, 6);
  if (d.index == 0) return {Matrix<double>::Ones(1, 4), Matrix<double>::Ones(1, 4)};
  return {d.matrix(n, width, 2), d.matrix(d.integer(1, 4), width, 2)};
}
Rational squared_norm(const Case& c) {  // Gamma^2
  const Rational a = max_abs(matrix_from<Rational>(c.c1w)), b = max_abs(matrix_from<Rational>(c.c2));
  return std::max(a, b) * std::max(a, b);
}
Rational largest_score(const Case& c) { return max_abs(scores(c.c1w, c.c2)); }

const Registration score_range =
    claim("hu-et-al-2024-lora/score-range", "Theorems 3.1 and A.1, what the norm condition says of scores",
          Standing::checked)
        .says(
            "|C1 W|, |C2| <= Gamma implies |scores| <= Gamma^2 for scores divided by d; attained",
            R"($\|C^{(1)}W\|_\infty, \|C^{(2)}\|_\infty \le \Gamma \Rightarrow \|C^{(1)}W(C^{(2)})^\top/d\|_\infty \le \Gamma^2$)")
        .given(draw)
        .at_most("largest score <= Gamma^2", largest_score, squared_norm)
        .twin(
            "scores not divided by d, as in (3.3) with temperature 1",
            [](const Case& c) { return Rational(largest_score(c) * static_cast<long>(c.c1w.cols())); },
            squared_norm);

}  // namespace
}  // namespace attnbounds
