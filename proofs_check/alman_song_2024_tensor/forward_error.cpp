// Alman, Song 2024 (tensor attention), forward error, sharp: the perturbation lemma over the n^2 pairs of
// keys. If |P(x) - e^x| <= delta e^x on every score <q, k1 o k2>/d, delta < 1, then
//     max |Att~ - Att| <= phi(delta) max|V1| max|V2|.
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k1, k2, v1, v2;
  Polynomial polynomial;
};
Json describe(const Case& c) {
  return {{"q", json_matrix(c.q)},   {"k1", json_matrix(c.k1)},
          {"k2", json_matrix(c.k2)}, {"v1", json_matrix(c.v1)},
          {"v2", json_matrix(c.v2)}, {"coefficients", json_numbers(c.polynomial.coefficients)}};
}
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (Eigen::Index i = 0; c.q.rows() > 1 && i < c.q.rows(); ++i)
    cases.push_back({without_row(c.q, i), c.k1, c.k2, c.v1, c.v2, c.polynomial});
  for (Eigen::Index j = 0; c.k1.rows() > 1 && j < c.k1.rows(); ++j)
    cases.push_back({c.q, without_row(c.k1, j), c.k2, without_row(c.v1, j), c.v2, c.polynomial});
  for (Eigen::Index j = 0; c.k2.rows() > 1 && j < c.k2.rows(); ++j)
    cases.push_back({c.q, c.k1, without_row(c.k2, j), c.v1, without_row(c.v2, j), c.polynomial});
  return cases;
}

Interval delta(const Case& c) { return relative_error_on(c.polynomial, scores(c.q, c.k1, c.k2)); }
// delta = 0 (all scores 0, c_0 = 1) makes both sides the number 0, which intervals cannot decide; nothing is
// claimed there: the weights are those of exp.
bool in_range(const Interval& d) { return lower(d) > 0 && upper(d) < 1; }

Case draw(Draw& d) {
  if (d.index < 10) {  // the extremal instance of the matrix case, beside one trivial key
    const auto [score, line] = extremal_two_keys(Rational(d.integer(1, 9), 10));
    const Matrix<double> one = Matrix<double>::Ones(1, 1);
    Case extremal{one, Matrix<double>(2, 1), one, Matrix<double>(2, 1), one, line};
    extremal.k1 << 0, score;
    extremal.v1 << 1, -1;
    return extremal;
  }
  const long n = d.integer(1, 3), m1 = d.integer(1, 4), m2 = d.integer(1, 4), width = d.integer(1, 3);
  const long outputs = d.integer(1, 2);
  for (;;) {
    Case c{d.matrix(n, width, 1),    d.matrix(m1, width, 2),   d.matrix(m2, width, 2),
           d.matrix(m1, outputs, 3), d.matrix(m2, outputs, 3), near_taylor(d, d.integer(2, 14))};
    if (in_range(delta(c)) && max_abs(c.v1) > 0 && max_abs(c.v2) > 0) return c;
  }
}

Interval error(const Case& c) {
  const auto Q = matrix_from<Interval>(c.q), K1 = matrix_from<Interval>(c.k1),
             K2 = matrix_from<Interval>(c.k2), V1 = matrix_from<Interval>(c.v1),
             V2 = matrix_from<Interval>(c.v2);
  const Matrix<Interval> difference =
      tensor_attention(Q, K1, K2, V1, V2, Mask::none, c.polynomial) - tensor_attention(Q, K1, K2, V1, V2);
  return max_abs(difference);
}
Interval bound(const Case& c) {
  return sharp_perturbation(delta(c)) * enclose(max_abs(c.v1)) * enclose(max_abs(c.v2));
}

const Registration tensor_forward_error =
    claim("alman-song-2024-tensor/forward-error", "the upper bound's error step, sharp", Standing::checked)
        .says(
            "|P - e^x| <= delta e^x on every score implies max|Att~ - Att| <= phi(delta) max|V1| max|V2|, "
            "delta < 1",
            R"($\|\widetilde{\mathrm{Att}} - \mathrm{Att}\|_\infty \le \varphi(\delta)\,\|V_1\|_\infty\|V_2\|_\infty$)")
        .given(draw)
        .where("0 < delta < 1", [](const Case& c) { return in_range(delta(c)); })
        .at_most("error <= phi(delta) max|V1| max|V2|", error, bound)
        .twin("half the bound", error, [](const Case& c) { return bound(c) / 2; });

}  // namespace
}  // namespace attnbounds
