// Aliakbarpour, Braverman, Yin, Zhang 2025 (arXiv 2510.01643): scores of large tokens exactly, the others by
// a polynomial, put together as P(S_s) + exp(S_L) - 1 on disjoint supports (src/attention/support_basis.hpp).
// (i) The decomposition w(S) = w(S_s) + w(S_L) - w(0) is exact for every w on disjoint supports (rational w
//     checked), and needs them disjoint: splitting the entries of Q and K instead of their rows, S_s = Q_s
//     K_s^T and S_L = S - S_s, does not give it (twin).
// (ii) It keeps the error of the bounded-entry algorithm, phi(delta) max|V| with delta the error of P on the
// small
//     scores, if P(0) = 1 exactly. Otherwise each large entry is off by P(0) - 1 absolutely, whatever its
//     size: the twin without the hypothesis has scores -10 and -12 and an output off by more than 1/2 at
//     delta = 2^-10.
#include "attention/support_basis.hpp"

#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k, v;
  double threshold = 1;
  Polynomial polynomial;
};
Json describe(const Case& c) {
  return {{"q", json_matrix(c.q)},
          {"k", json_matrix(c.k)},
          {"v", json_matrix(c.v)},
          {"threshold", json_number(c.threshold)},
          {"coefficients", json_numbers(c.polynomial.coefficients)}};
}
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (Eigen::Index i = 0; c.q.rows() > 1 && i < c.q.rows(); ++i)
    cases.push_back({without_row(c.q, i), c.k, c.v, c.threshold, c.polynomial});
  for (Eigen::Index j = 0; c.k.rows() > 1 && j < c.k.rows(); ++j)
    cases.push_back({c.q, without_row(c.k, j), without_row(c.v, j), c.threshold, c.polynomial});
  return cases;
}

/// The largest relative error of P on the small scores and at 0, which stands at the large ones.
Interval delta(const Case& c) {
  Matrix<Rational> s = scores(without_large_rows(c.q, c.threshold), without_large_rows(c.k, c.threshold));
  s.conservativeResize(s.rows() + 1, s.cols());
  s.row(s.rows() - 1).setConstant(Rational(0));
  return relative_error_on(c.polynomial, s);
}
bool in_range(const Case& c) {
  const Interval d = delta(c);
  return lower(d) > 0 && upper(d) < 1 && max_abs(c.v) > 0;
}
bool one_at_zero(const Case& c) { return c.polynomial.coefficients.front() == 1; }

/// A few tokens large, up to 6; the others within the threshold 1.
Matrix<double> tokens(Draw& d, long rows, long width) {
  Matrix<double> m = d.matrix(rows, width, 1);
  for (long i = 0; i < rows; ++i)
    if (d.integer(0, 2) == 0)
      m(i, d.integer(0, width - 1)) = static_cast<double>(d.integer(2, 6) * (d.integer(0, 1) * 2 - 1));
  return m;
}
Case draw_tokens(Draw& d) {
  const long n = d.integer(1, 3), m = d.integer(2, 5), width = d.integer(1, 3);
  return {tokens(d, n, width), tokens(d, m, width), d.matrix(m, 1, 3), 1, near_taylor(d, d.integer(2, 8))};
}
Case draw(Draw& d) {
  if (d.index <
      8) {  // sharp: the two keys of the perturbation lemma, their line scaled to 1 at 0; no large token
    const auto [s, line] = extremal_two_keys(Rational(d.integer(1, 9), 10));
    Case c{Matrix<double>::Ones(1, 1), Matrix<double>(2, 1), Matrix<double>(2, 1), 64, line};
    for (Rational& coefficient : c.polynomial.coefficients) coefficient /= line.coefficients[0];
    c.polynomial.coefficients[0] = 1;
    c.k << 0, s;
    c.v << 1, -1;
    if (in_range(c)) return c;
  }
  for (;;) {
    Case c = draw_tokens(d);
    c.polynomial.coefficients[0] = 1;
    if (in_range(c)) return c;
  }
}
Case draw_without_one(Draw& d) {
  if (d.index == 0) {
    Case c{Matrix<double>::Ones(1, 1), Matrix<double>(2, 1), Matrix<double>(2, 1), 1,
           Polynomial{{1 + Rational(1, 1024), 1, Rational(1, 2)}}};
    c.k << -10, -12;
    c.v << 1, -1;
    return c;
  }
  for (;;) {
    Case c = draw_tokens(d);
    if (in_range(c)) return c;
  }
}

Interval error(const Case& c) {
  const Matrix<Interval> weights = support_basis_weights<Interval>(c.q, c.k, c.threshold, c.polynomial),
                         V = matrix_from<Interval>(c.v);
  const Matrix<Interval> exact = attention(matrix_from<Interval>(c.q), matrix_from<Interval>(c.k), V);
  Interval largest = 0;
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    Interval numerator = 0, denominator = 0;
    for (Eigen::Index j = 0; j < weights.cols(); ++j) {
      numerator += weights(i, j) * V(j, 0);
      denominator += weights(i, j);
    }
    largest = maximum(largest, absolute_value(numerator / denominator - exact(i, 0)));
  }
  return largest;
}
Interval bound(const Case& c) { return sharp_perturbation(delta(c)) * enclose(max_abs(c.v)); }

enum class Split { rows, entries };
/// max |w(S) - (w(S_s) + w(S_L) - w(0))| for the polynomial w.
Rational decomposition_defect(const Case& c, Split split) {
  const auto small = [&](Matrix<double> m) {
    if (split == Split::rows) return without_large_rows(std::move(m), c.threshold);
    return Matrix<double>(m.unaryExpr([&](double x) { return std::abs(x) > c.threshold ? 0.0 : x; }));
  };
  const Matrix<Rational> s = scores(c.q, c.k), small_s = scores(small(c.q), small(c.k));
  Rational largest = 0;
  const Polynomial& w = c.polynomial;
  for (Eigen::Index i = 0; i < s.size(); ++i) {
    const Rational large = s.data()[i] - small_s.data()[i];
    largest = std::max(
        largest, Rational(abs(Rational(w(s.data()[i]) - w(small_s.data()[i]) - w(large) + w(Rational(0))))));
  }
  return largest;
}

const Registration decomposition =
    claim("aliakbarpour-et-al-2025/decomposition", "support-basis decomposition (number not looked up)",
          Standing::checked)
        .says(
            "w(S) = w(S_s) + w(S_L) - w(0) for scores split by large rows of Q and K",
            R"($w(S) = w(S_s) + w(S_L) - w(0)$, $\operatorname{supp} S_s \cap \operatorname{supp} S_L = \emptyset$)")
        .given(draw_tokens)
        .equal("w(S) = w(S_s) + w(S_L) - w(0)",
               [](const Case& c) { return decomposition_defect(c, Split::rows); })
        .twin_equal("split by entries",
                    [](const Case& c) { return decomposition_defect(c, Split::entries); });

const Registration forward_error =
    claim("aliakbarpour-et-al-2025/forward-error",
          "error of the single-threshold algorithm, finite form ours", Standing::checked)
        .says(
            "weights P(S_s) + exp(S_L) - 1 with P(0) = 1 give |Att~ - Att| <= phi(delta) max|V|, delta the "
            "error of "
            "P on the small scores",
            R"($\|\widetilde{\mathrm{Att}} - \mathrm{Att}\|_\infty \le \varphi(\delta)\,\|V\|_\infty$, $P(0) = 1$)")
        .given(draw)
        .where("0 < delta < 1", in_range)
        .where("P(0) = 1", one_at_zero)
        .at_most("error <= phi(delta) max|V|", error, bound)
        .twin_without("P(0) = 1", draw_without_one);

}  // namespace
}  // namespace attnbounds
