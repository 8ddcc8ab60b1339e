// Attention with scores in [-X, X] is near the plain mean: |Att - mean(V)| <= tanh(X/2) (max V - min V).
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k, v;  // 1 x 1, n x 1, n x 1: one query
};
Json describe(const Case& c) {
  return {{"q", json_matrix(c.q)}, {"k", json_matrix(c.k)}, {"v", json_matrix(c.v)}};
}
Case draw(Draw& d) {
  const long n = d.integer(2, 5);
  Case c{d.matrix(1, 1, 2), d.matrix(n, 1, 1), d.matrix(n, 1, 1)};
  c.q(0, 0) = c.k(0, 0) = c.v(0, 0) = 1;  // X > 0, V not constant
  c.v(1, 0) = -1;
  return c;
}
Interval distance(const Case& c) {
  const Matrix<Interval> V = matrix_from<Interval>(c.v);
  return absolute_value(attention(matrix_from<Interval>(c.q), matrix_from<Interval>(c.k), V)(0, 0) -
                        Interval(V.sum() / Interval(V.rows())));
}
Interval bound(const Case& c, long divisor) {
  const Rational X = max_abs(scores(c.q, c.k)), range = to_rational(c.v.maxCoeff() - c.v.minCoeff());
  return tanh(enclose(Rational(X / divisor))) * enclose(range);
}

const Registration against_mean =
    claim("mine-2026/attention-against-mean", "Lemma 1", Standing::checked)
        .says("|Att - mean(V)| <= tanh(X/2) range(V)",
              R"($|\mathrm{Att}-\bar V|\le\tanh(X/2)\,\mathrm{range}(V)$)")
        .given(draw)
        .at_most("distance to the mean", distance, [](const Case& c) { return bound(c, 2); })
        .twin("X/4 for X/2", distance, [](const Case& c) { return bound(c, 4); });

}  // namespace
}  // namespace attnbounds
