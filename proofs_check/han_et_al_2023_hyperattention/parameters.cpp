// What alpha says of P = D^-1 A (n queries, m keys, alpha = m max_j |P e_j|^2):
//     n/m <= |P|_F^2 <= alpha,   max_ij P_ij^2 <= alpha/m,   m sum_j P_ij^2 <= sqrt(m alpha) for every row i,
// so alpha bounds the stable rank, and an entry of weight w forces alpha >= m w^2: an instance that is
// decided by one key (any near-threshold one) has alpha = Theta(m), where the paper asks for m^{o(1)}. The
// last quantity is the variance of sampling a row's sum uniformly, in units of its square: alpha, a parameter
// of columns, bounds it by sqrt(m alpha), not by alpha (twin): rows may fail one by one while the spectral
// norm is kept. Exact, over the rationals.
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<Rational> p;
};
Json describe(const Case& c) { return {{"P", json_matrix(c.p)}}; }
Case draw(Draw& d) {
  const long n = d.index == 0 ? 8 : d.integer(1, 6), m = d.index == 0 ? 8 : d.integer(1, 6);
  Case c{Matrix<Rational>::Constant(n, m, Rational(0))};
  for (Eigen::Index i = 0; i < n; ++i) {
    Rational sum = 0;
    for (Eigen::Index j = 0; j < m; ++j) {
      const long bit = d.integer(0, 8);
      // first: uniform rows, but one on two keys
      c.p(i, j) = d.index == 0 ? Rational(i > 0 || j < 2 ? 1 : 0) : Rational(1L << (bit * d.integer(0, 2)));
      sum += c.p(i, j);
    }
    for (Eigen::Index j = 0; j < m; ++j) c.p(i, j) /= sum;
  }
  return c;
}
Rational keys(const Case& c) { return Rational(static_cast<long>(c.p.cols())); }
Rational column_norm(const Case& c) {  // alpha/m
  Rational largest = 0;
  for (Eigen::Index j = 0; j < c.p.cols(); ++j) {
    Rational sum = 0;
    for (Eigen::Index i = 0; i < c.p.rows(); ++i) sum += c.p(i, j) * c.p(i, j);
    largest = std::max(largest, sum);
  }
  return largest;
}
Rational alpha(const Case& c) { return keys(c) * column_norm(c); }
Rational squared_norm(const Case& c) {
  Rational sum = 0;
  for (Eigen::Index i = 0; i < c.p.size(); ++i) sum += c.p.data()[i] * c.p.data()[i];
  return sum;
}
Rational row_variance(const Case& c) {  // m max_i |P_i|^2
  Rational largest = 0;
  for (Eigen::Index i = 0; i < c.p.rows(); ++i) {
    Rational sum = 0;
    for (Eigen::Index j = 0; j < c.p.cols(); ++j) sum += c.p(i, j) * c.p(i, j);
    largest = std::max(largest, sum);
  }
  return keys(c) * largest;
}

const Registration parameters =
    claim("han-et-al-2023-hyperattention/parameters",
          "the column assumption |D^-1 A e_j|^2 <= alpha/n (text not at hand), what it implies (ours)",
          Standing::checked)
        .says(
            "n/m <= |P|_F^2 <= alpha, an entry P_ij = w forces alpha >= m w^2, and m |P_i|^2 <= sqrt(m "
            "alpha) "
            "for rows",
            R"($\tfrac nm\le\|P\|_F^2\le\alpha$, $\max_{ij}P_{ij}^2\le\alpha/m$, $m\sum_jP_{ij}^2\le\sqrt{m\alpha}$ with $\alpha=m\max_j\|Pe_j\|^2$)")
        .given(draw)
        .at_most(
            "an entry's square <= alpha/m",
            [](const Case& c) { return Rational(max_abs(c.p) * max_abs(c.p)); }, column_norm)
        .at_most("|P|_F^2 <= alpha", squared_norm, alpha)
        .at_most(
            "n/m <= |P|_F^2",
            [](const Case& c) {
              return Rational(static_cast<long>(c.p.rows()), static_cast<long>(c.p.cols()));
            },
            squared_norm)
        .at_most(
            "rows, squared: (m |P_i|^2)^2 <= m alpha",
            [](const Case& c) { return Rational(row_variance(c) * row_variance(c)); },
            [](const Case& c) { return Rational(keys(c) * alpha(c)); })
        .twin("m |P_i|^2 <= alpha: rows as flat as columns", row_variance, alpha);

}  // namespace
}  // namespace attnbounds
