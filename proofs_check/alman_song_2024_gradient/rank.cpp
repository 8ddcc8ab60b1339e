// Alman, Song 2024, the low-rank chain of the gradient (Lemmas D.1 to D.6) with honest ranks, over the
// rationals: for polynomial weights, P(Q K^T/d) = U1 U2^T with r = C(d+g, g) columns, D = diag(U1 (U2^T 1)),
//     f = (D^-1 U1) U2^T                                  rank <= r
//     p1 = f o (c h^T) = (D^-1 U1 o. c)(U2 o. h)^T         row-wise Kronecker: rank <= r d_v
//     p2 = diag(f o q 1) f = (diag(f o q 1) D^-1 U1) U2^T  rank <= r;  row sums from U2^T h alone
// Lemma D.5 prints U1 (diag(.) U2)^T for p2, which scales columns: that literal form is the false twin.
#include "kernels/monomials.hpp"
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  MatrixLossInput in;
  Polynomial weight;  // positive on all scores
};
Json describe(const Case& c) {
  return {{"A1", json_matrix(c.in.a1)},
          {"A2", json_matrix(c.in.a2)},
          {"A3", json_matrix(c.in.a3)},
          {"X", json_matrix(c.in.x)},
          {"Y", json_matrix(c.in.y)},
          {"E", json_matrix(c.in.e)},
          {"coefficients", json_numbers(c.weight.coefficients)}};
}
Case draw(Draw& d) {
  const long n = d.integer(1, 5), m = d.integer(1, 5), width = d.integer(1, 3), columns = d.integer(1, 3);
  const bool quartic = d.integer(0, 1) == 0;
  return {{d.matrix(n, width, 1), d.matrix(m, width, 1), d.matrix(m, width, 1), d.matrix(width, width, 1),
           d.matrix(width, columns, 1), d.matrix(n, columns, 1)},
          quartic ? Polynomial{{1, 1, Rational(1, 2), Rational(1, 6), Rational(1, 24)}}
                  // even Taylor: positive
                  : Polynomial{{1, 1, Rational(1, 2)}}};
}

struct Factored {
  Matrix<Rational> f, c, h, q, p;  // by the definitions
  Matrix<Rational> u1, u2;         // D^-1 U1, U2
};
Factored factored(const Case& c) {
  const MatrixLoss<Rational> in = loss_over<Rational>(c.in);
  Factored x;
  const Matrix<Rational> queries = in.a1 * in.x;
  x.h = in.a3 * in.y;
  Matrix<Rational> s(queries.rows(), in.a2.rows());
  for (Eigen::Index i = 0; i < s.rows(); ++i)
    for (Eigen::Index j = 0; j < s.cols(); ++j) s(i, j) = score(queries, i, in.a2, j);
  x.f = softmax_rows(s, Mask::none, c.weight);
  x.c = x.f * x.h - in.e;
  x.q = x.c * x.h.transpose();
  x.p = softmax_pullback(x.f, x.q);

  const MonomialTree tree = monomial_tree(queries.cols(), c.weight.degree());
  x.u1.resize(queries.rows(), tree.rank);
  x.u2.resize(in.a2.rows(), tree.rank);
  const auto row = [](const Matrix<Rational>& m, Eigen::Index i) {
    return std::vector<Rational>(m.row(i).begin(), m.row(i).end());
  };
  Matrix<Rational> sums = Matrix<Rational>::Zero(tree.rank, 1);
  for (Eigen::Index j = 0; j < x.u2.rows(); ++j) {
    const auto feature = monomials(tree, row(in.a2, j));
    for (Eigen::Index a = 0; a < tree.rank; ++a) {
      x.u2(j, a) = feature[a];
      sums(a, 0) += feature[a];
    }
  }
  for (Eigen::Index i = 0; i < x.u1.rows(); ++i) {
    const auto feature = query_features(tree, c.weight, row(queries, i));
    Rational denominator = 0;
    for (Eigen::Index a = 0; a < tree.rank; ++a) denominator += feature[a] * sums(a, 0);
    for (Eigen::Index a = 0; a < tree.rank; ++a) x.u1(i, a) = feature[a] / denominator;
  }
  return x;
}
/// Row-wise Kronecker product: row i is a_i (x) b_i.
Matrix<Rational> row_kronecker(const Matrix<Rational>& a, const Matrix<Rational>& b) {
  Matrix<Rational> product(a.rows(), a.cols() * b.cols());
  for (Eigen::Index i = 0; i < a.rows(); ++i)
    for (Eigen::Index u = 0; u < a.cols(); ++u)
      for (Eigen::Index v = 0; v < b.cols(); ++v) product(i, u * b.cols() + v) = a(i, u) * b(i, v);
  return product;
}
Rational difference(const Matrix<Rational>& a, const Matrix<Rational>& b) {
  return max_abs(Matrix<Rational>(a - b));
}
Matrix<Rational> hadamard(const Matrix<Rational>& a, const Matrix<Rational>& b) { return a.cwiseProduct(b); }

/// (f o q) 1 without n x n matrices: <u1_i (U2^T h), c_i>.
Matrix<Rational> row_sums(const Factored& x) {
  const Matrix<Rational> averaged = x.u1 * (x.u2.transpose() * x.h);
  return Matrix<Rational>(hadamard(averaged, x.c).rowwise().sum());
}
Rational f_defect(const Case& c) {
  const Factored x = factored(c);
  return difference(x.f, x.u1 * x.u2.transpose());
}
Rational p1_defect(const Case& c) {
  const Factored x = factored(c);
  const Matrix<Rational> left = row_kronecker(x.u1, x.c), right = row_kronecker(x.u2, x.h);
  if (left.cols() != x.u1.cols() * x.h.cols()) return 1;
  return difference(hadamard(x.f, x.q), left * right.transpose());
}
Rational p_defect(const Case& c) {
  const Factored x = factored(c);
  const Matrix<Rational> scaled = row_sums(x).col(0).asDiagonal() * x.u1;
  return difference(x.p, hadamard(x.f, x.q) - scaled * x.u2.transpose());
}
Rational literal_p_defect(const Case& c) {
  const Factored x = factored(c);
  if (x.f.rows() != x.f.cols()) return 0;  // the literal form needs n keys
  const Matrix<Rational> scaled = row_sums(x).col(0).asDiagonal() * x.u2;
  return difference(x.p, hadamard(x.f, x.q) - x.u1 * scaled.transpose());
}

const Registration rank =
    claim("alman-song-2024-gradient/rank", "Lemmas D.1 to D.6, ranks exact", Standing::checked)
        .says(
            "with polynomial weights f has rank <= r = C(d+g,g), f o q rank <= r d_v by row-wise Kronecker "
            "products, "
            "p = f o q - diag((f o q)1) f, all factors exact",
            R"($f\circ q = (U_1\oslash c)(U_2\oslash h)^\top$, $\mathrm{rank} \le r\,d_v$)")
        .given(draw)
        .equal("f = U1 U2^T", f_defect)
        .equal("f o q = (U1 (x) c)(U2 (x) h)^T row by row, r d_v columns", p1_defect)
        .equal("p = p1 - (diag(row sums) U1) U2^T", p_defect)
        .twin_equal("Lemma D.5 as printed: U1 (diag(row sums) U2)^T", literal_p_defect)
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
