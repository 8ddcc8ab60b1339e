// Ours, after Gupta, Huang, Saha, Xu, Ye 2025: the relevant keys by a tree of moments (src/kernels/
// relevance_tree.hpp). With t >= log(n/eps) and P of relative error delta on [-rho, rho],
//     max |O~ - O| <= (2 eps (n-1)/(n + eps (n-1)) + phi(delta)) max|V|   at any size of the scores:
// dropped keys weigh less than eps/n of the heaviest, the others' weights are off by at most delta,
// relatively. The tree is run over intervals, its decisions being those of the double tree. False twin: a cut
// t/8.
#include "kernels/relevance_tree.hpp"

#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k, v;
  Rational eps;
  long degree = 4, leaf = 2;
};
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (Eigen::Index i = 0; c.q.rows() > 1 && i < c.q.rows(); ++i)
    cases.push_back({without_row(c.q, i), c.k, c.v, c.eps, c.degree, c.leaf});
  for (Eigen::Index j = 0; c.k.rows() > 1 && j < c.k.rows(); ++j)
    cases.push_back({c.q, without_row(c.k, j), without_row(c.v, j), c.eps, c.degree, c.leaf});
  return cases;
}

Polynomial taylor(long degree) {
  Polynomial p{{1}};
  for (long t = 1; t <= degree; ++t) p.coefficients.push_back(p.coefficients.back() / t);
  return p;
}
/// |T_g(x) - e^x| <= e^x e/(g+1)! on [-1, 1]
Interval delta(const Case& c) {
  Rational inverse_factorial = 1;
  for (long t = 1; t <= c.degree + 1; ++t) inverse_factorial /= t;
  return exp(Interval(1)) * enclose(inverse_factorial);
}

double cut(const Case& c) { return round_up(log_interval(Rational(c.k.rows()) / c.eps)); }

/// The tree's first output of every query.
std::vector<Interval> outputs(const Case& c, double t) {
  const RelevanceTree<Interval> tree(c.k, c.v, taylor(c.degree), 1, c.leaf);
  std::vector<Interval> y;
  for (Eigen::Index i = 0; i < c.q.rows(); ++i) y.push_back(tree.answer(&c.q(i, 0), t).output[0]);
  return y;
}
Json describe(const Case& c) {
  const WorkingPrecision precision(Bits{256});
  const auto returned = [&](double t) {
    Json rows = Json::array();
    for (const Interval& y : outputs(c, t))
      rows.push_back({json_number(to_rational(lower(y))), json_number(to_rational(upper(y)))});
    return rows;
  };
  return {{"q", json_matrix(c.q)},       {"k", json_matrix(c.k)},
          {"v", json_matrix(c.v)},       {"eps", json_number(c.eps)},
          {"degree", c.degree},          {"leaf", c.leaf},
          {"outputs", returned(cut(c))}, {"outputs with an eighth of the cut", returned(cut(c) / 8)}};
}

/// n-1 keys just below that part of the cut, of the opposite value. The worst: of the whole cut.
Case just_below(long n, const Rational& eps, double part = 1) {
  Case c{Matrix<double>::Ones(1, 1), Matrix<double>::Zero(n, 1), -Matrix<double>::Ones(n, 1), eps, 8, 1};
  c.v(0, 0) = 1;
  c.k.bottomRows(n - 1).setConstant(-cut(c) * part - 0x1p-18);
  return c;
}
Case draw(Draw& d) {
  if (d.index < 6) return just_below(2L << d.index, Rational(1, d.integer(2, 16)));
  // Refutes the twin whatever the seed: an eighth of this cut is above 2 rho, so no box holds all keys.
  if (d.index == 6) return just_below(64, Rational(1, 1L << 18), 0.125);
  for (;;) {
    const long width = d.integer(1, 2), n = d.integer(2, 24), B = 1L << d.integer(0, 5);
    Case c{d.matrix(2, width, B),          d.matrix(n, width, B), d.matrix(n, 1, 2),
           Rational(1, d.integer(4, 256)), d.integer(3, 8),       d.integer(1, 4)};
    if (d.integer(0, 1) == 0)  // clustered keys: boxes of several keys within rho
      for (Eigen::Index j = 1; j < n; ++j)
        c.k.row(j) = c.k.row(0) + d.matrix(1, width, 1) / static_cast<double>(4 * B);
    if (max_abs(c.v) > 0) return c;
  }
}

Interval error(const Case& c, double t) {
  const Matrix<Interval> exact =
      attention(matrix_from<Interval>(c.q), matrix_from<Interval>(c.k), matrix_from<Interval>(c.v));
  const std::vector<Interval> y = outputs(c, t);
  Interval largest = 0;
  for (std::size_t i = 0; i < y.size(); ++i)
    largest = maximum(largest, absolute_value(y[i] - exact(static_cast<Eigen::Index>(i), 0)));
  return largest;
}
Interval bound(const Case& c) {
  const Rational n(c.k.rows());
  return (enclose(Rational(2 * c.eps * (n - 1) / (n + c.eps * (n - 1)))) + sharp_perturbation(delta(c))) *
         enclose(max_abs(c.v));
}

const Registration relevance_tree =
    claim("gupta-et-al-2025/relevance-tree", "a tree of moments over the relevant keys, ours",
          Standing::checked)
        .says(
            "dropping boxes below the best score by log(n/eps) and P on boxes within rho: error <= (2 eps "
            "(n-1)/(n + eps (n-1)) + phi(delta)) max|V|",
            R"($\|\widetilde O - O\|_\infty \le \bigl(2\epsilon\,\tfrac{n-1}{n+\epsilon(n-1)} + \varphi(\delta)\bigr)\|V\|_\infty$)")
        .given(draw)
        .sizes(60, 400, 2000)
        .precision(Bits{128}, Bits{4096})
        .at_most(
            "error <= bound", [](const Case& c) { return error(c, cut(c)); }, bound)
        .twin(
            "an eighth of the cut", [](const Case& c) { return error(c, cut(c) / 8); }, bound);

}  // namespace
}  // namespace attnbounds
