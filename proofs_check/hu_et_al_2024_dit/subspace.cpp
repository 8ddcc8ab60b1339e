// The subspace assumption (Assumption 2.1: x = B h, B with orthonormal columns, d0 of D), as far as attention
// uses it. Let P project onto a subspace, q = Pq + q', k = Pk + k'. The cross terms of <q, k> vanish, so
// projecting queries and keys moves a score by <q', k'>/d only, at most zeta = max|q'_i|_2 max|k'_j|_2/d, and
//     |Att(PQ, PK, V) - Att(Q, K, V)| <= 2 tanh(zeta/2) |V|,
// quadratic in the distance to the subspace, 0 on it. There the polynomial method's features are monomials of
// d0 variables: rank C(d0 + g, g) in the place of C(D + g, g) ("dominated by the subspace dimension", Remarks
// 4.2 and 4.5). Attained by two keys.
#include "attention/gradient_bounds.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k, v, normal;  // the subspace is orthogonal to the one column of `normal`
};
Json describe(const Case& c) {
  return {{"Q", json_matrix(c.q)},
          {"K", json_matrix(c.k)},
          {"V", json_matrix(c.v)},
          {"normal", json_matrix(c.normal)}};
}
Case draw(Draw& d) {
  if (d.index < 2) {  // keys 0 +- e on a line, equal on the subspace, values +-1
    Matrix<double> q(1, 2), k(2, 2), v(2, 1), normal(2, 1);
    q << 1, 1;
    k << 1, 0x1p-6, 1, -0x1p-6;
    v << 1, -1;
    normal << 0, 1;
    return {q, k, v, normal};
  }
  for (;;) {
    const long n = d.integer(1, 3), m = d.integer(1, 5), width = d.integer(2, 4);
    const Case c{d.matrix(n, width, 2), d.matrix(m, width, 2), d.matrix(m, d.integer(1, 2), 2),
                 d.matrix(width, 1, 2)};
    if (max_abs(c.normal) > 0 && max_abs(c.v) > 0 && max_abs(Matrix<double>(c.q * c.normal)) > 0 &&
        max_abs(Matrix<double>(c.k * c.normal)) > 0)
      return c;
  }
}

Rational squared(const Matrix<double>& normal) {
  Rational sum = 0;
  for (Eigen::Index l = 0; l < normal.size(); ++l)
    sum += to_rational(normal(l, 0)) * to_rational(normal(l, 0));
  return sum;
}
/// Rows without their components along the normal: exact.
Matrix<Rational> projected(const Matrix<double>& rows, const Matrix<double>& normal) {
  const Matrix<Rational> x = matrix_from<Rational>(rows), u = matrix_from<Rational>(normal);
  const Matrix<Rational> along = x * u / squared(normal);
  return x - along * u.transpose();
}
/// The largest |<x_i, u>| over |u|: the residual's norm.
Interval largest_residual(const Matrix<double>& rows, const Matrix<double>& normal) {
  const Matrix<Rational> along = matrix_from<Rational>(rows) * matrix_from<Rational>(normal);
  return enclose(max_abs(along)) / sqrt(enclose(squared(normal)));
}
Interval zeta(const Case& c) {
  return largest_residual(c.q, c.normal) * largest_residual(c.k, c.normal) /
         Interval(static_cast<long>(c.q.cols()));
}
Matrix<Interval> intervals(const Matrix<Rational>& m) {
  return m.unaryExpr([](const Rational& x) { return enclose(x); });
}
Interval error(const Case& c) {
  const Matrix<Interval> v = matrix_from<Interval>(c.v);
  return max_abs(Matrix<Interval>(
      attention(intervals(projected(c.q, c.normal)), intervals(projected(c.k, c.normal)), v) -
      attention(matrix_from<Interval>(c.q), matrix_from<Interval>(c.k), v)));
}
Interval bound(const Case& c) { return softmax_change(2 * zeta(c)) * enclose(max_abs(c.v)); }
/// <Pq, Pk> = <q, k> - <q', k'>, exactly.
Rational cross_terms(const Case& c) {
  const Matrix<Rational> q = matrix_from<Rational>(c.q), k = matrix_from<Rational>(c.k);
  const Matrix<Rational> pq = projected(c.q, c.normal), pk = projected(c.k, c.normal);
  return max_abs(Matrix<Rational>(pq * pk.transpose() + (q - pq) * (k - pk).transpose() - q * k.transpose()));
}

const Registration subspace =
    claim("hu-et-al-2024-dit/subspace", "Assumption 2.1, Remarks 4.2 and 4.5, explicitly (ours)",
          Standing::checked)
        .says(
            "projecting queries and keys onto a subspace moves attention by at most 2 tanh(zeta/2) max|V|, "
            "zeta = max|q'| max|k'|/d, the residuals' norms: quadratic in the distance",
            R"($\|\mathrm{Att}(PQ,PK,V)-\mathrm{Att}(Q,K,V)\|_\infty \le 2\tanh(\zeta/2)\|V\|_\infty$, $\zeta=\max_i\|q_i-Pq_i\|_2\max_j\|k_j-Pk_j\|_2/d$)")
        .given(draw)
        .at_most("error <= 2 tanh(zeta/2) max|V|", error, bound)
        .equal("the cross terms vanish, exactly", cross_terms)
        .finds("ratio", "largest error over the bound", Extreme::largest,
               [](const Case& c) { return error(c) / bound(c); })
        .twin("half of zeta", error,
              [](const Case& c) { return softmax_change(zeta(c)) * enclose(max_abs(c.v)); })
        .sizes(100, 1000, 10000);

}  // namespace
}  // namespace attnbounds
