// A prefix of any length in r d_v + r numbers: with monomial features of degree g, r = C(d+g, g), and
// Z = phi'(K_P)^T V_P, k = phi'(K_P)^T 1, compressed attention is attention with the prefix's weights
// replaced by P(score), exactly, whatever m is. Checked over the rationals (real keys weighted by another
// polynomial, in the place of exp). Twin: the same with features of degree at most 1 only, 1 + d of them:
// about what d^2 + d parameters hold.
#include "attention/gradient.hpp"
#include "attention/prefix.hpp"
#include "kernels/monomials.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k, v, k_prefix, v_prefix;
  Polynomial of_keys, of_prefix;  // even Taylor cuts: positive
};
Json describe(const Case& c) {
  return {{"Q", json_matrix(c.q)},
          {"K", json_matrix(c.k)},
          {"V", json_matrix(c.v)},
          {"K_P", json_matrix(c.k_prefix)},
          {"V_P", json_matrix(c.v_prefix)},
          {"prefix coefficients", json_numbers(c.of_prefix.coefficients)},
          {"coefficients", json_numbers(c.of_keys.coefficients)}};
}
Polynomial taylor(long degree) {
  Polynomial p;
  Rational term = 1;
  for (long t = 0; t <= degree; term /= ++t) p.coefficients.push_back(term);
  return p;
}
Case draw(Draw& d) {
  const long n = d.integer(1, 3), m = d.integer(1, 6), width = d.integer(1, 3), columns = d.integer(1, 2);
  return {d.matrix(n, width, 2),
          d.matrix(n, width, 2),
          d.matrix(n, columns, 2),
          d.matrix(m, width, 2),
          d.matrix(m, columns, 2),
          taylor(4),
          taylor(2)};
}

Matrix<Rational> features(const MonomialTree& tree, const Polynomial* query_side,
                          const Matrix<double>& rows) {
  const Matrix<Rational> exact = matrix_from<Rational>(rows);
  Matrix<Rational> result(rows.rows(), tree.rank);
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    const std::vector<Rational> row(exact.row(i).begin(), exact.row(i).end());
    const std::vector<Rational> feature =
        query_side ? query_features(tree, *query_side, row) : monomials(tree, row);
    for (Eigen::Index a = 0; a < tree.rank; ++a) result(i, a) = feature[a];
  }
  return result;
}
/// |compressed - attention with weights of two kinds|, features up to `degree`.
Rational difference(const Case& c, long degree) {
  Polynomial cut = c.of_prefix;
  cut.coefficients.resize(static_cast<std::size_t>(degree) + 1);
  const MonomialTree tree = monomial_tree(c.q.cols(), {degree});
  const Matrix<Rational> q = matrix_from<Rational>(c.q), k = matrix_from<Rational>(c.k),
                         v = matrix_from<Rational>(c.v), v_prefix = matrix_from<Rational>(c.v_prefix);
  const CompressedPrefix<Rational> prefix = compressed_prefix(features(tree, nullptr, c.k_prefix), v_prefix);
  const Matrix<Rational> fast =
      compressed_prefix_attention(q, k, v, features(tree, &cut, c.q), prefix, c.of_keys);
  const auto weight = [&](const Rational& s, Eigen::Index, Eigen::Index j) {
    return j < c.k_prefix.rows() ? c.of_prefix(s) : c.of_keys(s);
  };
  const Matrix<Rational> f =
      softmax_rows(scores<Rational>(q, stacked(matrix_from<Rational>(c.k_prefix), k)), Mask::none, weight);
  return max_abs(Matrix<Rational>(fast - product(f, stacked(v_prefix, v))));
}
bool denominators_are_positive(const Case& c) {  // of the twin's linear weights
  const Matrix<Rational> s = scores(c.q, c.k_prefix), real = scores(c.q, c.k);
  for (Eigen::Index i = 0; i < s.rows(); ++i) {
    Rational sum = 0;
    for (Eigen::Index j = 0; j < s.cols(); ++j) sum += 1 + s(i, j);
    for (Eigen::Index j = 0; j < real.cols(); ++j) sum += c.of_keys(real(i, j));
    if (sum <= 0) return false;
  }
  return true;
}
Case drawn(Draw& d) {
  for (;;)
    if (Case c = draw(d); denominators_are_positive(c)) return c;
}

const Registration representation =
    claim("liang-shi-song-yang-2024-prefix/representation",
          "the (Z, k) form of NTK-Attention with the features of the polynomial method (text not at hand)",
          Standing::checked)
        .says(
            "with monomial features, Z = phi'(K_P)^T V_P and k = phi'(K_P)^T 1 give attention with prefix "
            "weights P(score), exactly, for a prefix of any length",
            R"($\frac{AV+\phi(Q)Z}{A\mathbf 1+\phi(Q)k}$ with $Z=\phi'(K_P)^\top V_P$, $k=\phi'(K_P)^\top\mathbf 1$ is attention with prefix weights $P(\langle q,k\rangle/d)$, $r(d_v+1)$ numbers for any $m$)")
        .given(drawn)
        .where("denominators are positive", denominators_are_positive)
        .equal("both forms, exactly", [](const Case& c) { return difference(c, 2); })
        .twin_equal("features of degree 0 and 1 alone", [](const Case& c) { return difference(c, 1); })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
