// Alman, Song 2023, forward error of polynomial attention, in the sharp form: if |P(x) - e^x| <= delta e^x on
// every score, delta < 1, then
//     max |Att~ - Att| <= phi(delta) max |V|,   phi(delta) = 2 (1 - sqrt(1 - delta^2))/delta,
// whatever n, d and B. Attained by two keys, the heavier one's weight (1 + t)/2, delta = 2t/(1 + t^2), V =
// (1, -1).
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k, v;
  Polynomial polynomial;
};
Json describe(const Case& c) {
  return {{"q", json_matrix(c.q)},
          {"k", json_matrix(c.k)},
          {"v", json_matrix(c.v)},
          {"coefficients", json_numbers(c.polynomial.coefficients)}};
}
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (Eigen::Index i = 0; c.q.rows() > 1 && i < c.q.rows(); ++i)
    cases.push_back({without_row(c.q, i), c.k, c.v, c.polynomial});
  for (Eigen::Index j = 0; c.k.rows() > 1 && j < c.k.rows(); ++j)
    cases.push_back({c.q, without_row(c.k, j), without_row(c.v, j), c.polynomial});
  for (Eigen::Index l = 0; c.v.cols() > 1 && l < c.v.cols(); ++l)
    cases.push_back({c.q, c.k, without_column(c.v, l), c.polynomial});
  for (const auto& v : with_a_shorter_entry(c.v)) cases.push_back({c.q, c.k, v, c.polynomial});
  return cases;
}

Interval delta(const Case& c) { return relative_error_on(c.polynomial, scores(c.q, c.k)); }
// delta = 0 (all scores 0, c_0 = 1) makes both sides the number 0, which intervals cannot decide; nothing is
// claimed there: the weights are those of exp.
bool in_range(const Interval& d) { return lower(d) > 0 && upper(d) < 1; }

Case draw(Draw& d) {
  if (d.index < 10) {
    const auto [score, line] = extremal_two_keys(Rational(d.integer(1, 9), 10));
    Case extremal{Matrix<double>::Ones(1, 1), Matrix<double>(2, 1), Matrix<double>(2, 1), line};
    extremal.k << 0, score;
    extremal.v << 1, -1;
    return extremal;
  }
  const long n = d.integer(1, 4), m = d.integer(1, 6), width = d.integer(1, 3);
  for (;;) {  // until the degree suffices for delta < 1, and P misses exp
    Case c{d.matrix(n, width, 2), d.matrix(m, width, 2), d.matrix(m, d.integer(1, 2), 3),
           near_taylor(d, d.integer(2, 14))};
    if (in_range(delta(c)) && max_abs(c.v) > 0) return c;
  }
}

Interval error(const Case& c) {
  const auto Q = matrix_from<Interval>(c.q), K = matrix_from<Interval>(c.k), V = matrix_from<Interval>(c.v);
  const Matrix<Interval> difference = attention(Q, K, V, Mask::none, c.polynomial) - attention(Q, K, V);
  return max_abs(difference);
}
Interval bound(const Case& c) { return sharp_perturbation(delta(c)) * enclose(max_abs(c.v)); }

const Registration forward_error =
    claim("alman-song-2023/forward-error", "error step of the upper bound, sharp form ours",
          Standing::checked)
        .says("|P - e^x| <= delta e^x on every score implies max|Att~ - Att| <= phi(delta) max|V|, delta < 1",
              R"($\|\widetilde{\mathrm{Att}} - \mathrm{Att}\|_\infty \le \varphi(\delta)\,\|V\|_\infty$)")
        .given(draw)
        .where("0 < delta < 1", [](const Case& c) { return in_range(delta(c)); })
        .at_most("error <= phi(delta) max|V|", error, bound)
        .twin("half the bound", error, [](const Case& c) { return bound(c) / 2; });

}  // namespace
}  // namespace attnbounds
