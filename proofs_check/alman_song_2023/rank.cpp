// The rank of P(X Y^T) for generic X, Y with n rows and d columns: exactly sum over k with c_k != 0 of
// C(d+k-1, k), for n at least that. (The papers bound it by C(2(g+d), 2g).)
// At most: P(X Y^T) = U1 U2^T over the rationals, U with that many columns (those of nonzero weight).
// At least: the rank modulo the prime p = 2^31 - 1 is at most the rank over the rationals; entries are
// integers.
#include "kernels/monomials.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

constexpr std::uint64_t kPrime = (1ULL << 31) - 1;

struct Case {
  Matrix<double> x, y;             // small integers
  std::vector<long> coefficients;  // of P, integers
};
Json describe(const Case& c) {
  return {{"x", json_matrix(c.x)}, {"y", json_matrix(c.y)}, {"coefficients", c.coefficients}};
}

Rational claimed_rank(const Case& c) {
  Rational sum = 0;
  for (std::size_t k = 0; k < c.coefficients.size(); ++k)
    if (c.coefficients[k] != 0)
      sum += k == 0 ? Rational(1) : Rational(monomial_rank(c.x.cols() - 1, {static_cast<long>(k)}));
  return sum;  // C(d+k-1, k) monomials of degree exactly k in d variables
}

Case draw(Draw& d) {
  const long dimension = d.integer(2, 3), degree = d.integer(1, 4);
  Case c;
  for (long k = 0; k < degree; ++k) c.coefficients.push_back(d.integer(-2, 2));
  c.coefficients.push_back(d.integer(1, 3));
  c.x.resize(1, dimension);
  const long n = d.integer(2, 8) + static_cast<long>(numerator(claimed_rank(c)));  // more rows than the rank
  c.x.resize(n, dimension);
  c.y.resize(n, dimension);
  for (auto* m : {&c.x, &c.y})
    for (Eigen::Index i = 0; i < m->size(); ++i) m->data()[i] = static_cast<double>(d.integer(-1000, 1000));
  return c;
}

Polynomial scaled(const Case& c) {  // P(d x), so that the features' score <q,k>/d is <x,y>
  Polynomial p;
  Rational power = 1;
  for (const long coefficient : c.coefficients) {
    p.coefficients.push_back(coefficient * power);
    power *= c.x.cols();
  }
  return p;
}
Matrix<Rational> p_of_product(const Case& c) {
  const Polynomial p = scaled(c);
  return scores(c.x, c.y).unaryExpr([&](const Rational& s) { return p(s); });
}

Rational factorisation_defect(const Case& c) {
  const Polynomial p = scaled(c);
  const MonomialTree tree = monomial_tree(c.x.cols(), p.degree());
  const std::vector<Rational> weights = monomial_weights(tree, p);
  const auto X = matrix_from<Rational>(c.x), Y = matrix_from<Rational>(c.y);
  const auto nonzero = static_cast<long>(
      std::count_if(weights.begin(), weights.end(), [](const Rational& w) { return w != 0; }));
  if (nonzero > claimed_rank(c)) return 1;
  const auto features = [&](const Matrix<Rational>& m) {
    Matrix<Rational> u(m.rows(), nonzero);
    for (Eigen::Index i = 0; i < m.rows(); ++i) {
      const std::vector<Rational> all =
          monomials(tree, std::vector<Rational>(m.row(i).begin(), m.row(i).end()));
      for (Eigen::Index a = 0, column = 0; a < tree.rank; ++a)
        if (weights[a] != 0) u(i, column++) = all[a];
    }
    return u;
  };
  Matrix<Rational> left = features(X);
  for (Eigen::Index a = 0, column = 0; a < tree.rank; ++a)
    if (weights[a] != 0) left.col(column++) *= weights[a];
  const Matrix<Rational> product = left * features(Y).transpose(), exact = p_of_product(c);
  return max_abs(Matrix<Rational>(product - exact));
}

std::uint64_t power_mod(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t result = 1;
  for (; exponent > 0; exponent /= 2, base = base * base % kPrime)
    if (exponent % 2 == 1) result = result * base % kPrime;
  return result;
}

Rational rank_at_least(const Case& c) {  // elimination modulo p
  const Matrix<Rational> exact = p_of_product(c);
  const Eigen::Index n = exact.rows();
  Matrix<std::uint64_t> m(n, n);
  for (Eigen::Index i = 0; i < m.size(); ++i) {
    const Integer r = numerator(exact.data()[i]) % kPrime;
    m.data()[i] = static_cast<std::uint64_t>(r < 0 ? Integer(r + kPrime) : r);
  }
  Eigen::Index rank = 0;
  for (Eigen::Index column = 0; column < n; ++column) {
    Eigen::Index pivot = rank;
    while (pivot < n && m(pivot, column) == 0) ++pivot;
    if (pivot == n) continue;
    m.row(pivot).swap(m.row(rank));
    const std::uint64_t inverse = power_mod(m(rank, column), kPrime - 2);
    for (Eigen::Index i = rank + 1; i < n; ++i) {
      const std::uint64_t factor = m(i, column) * inverse % kPrime;
      for (Eigen::Index j = column; j < n && factor != 0; ++j)
        m(i, j) = (m(i, j) + (kPrime - factor) * m(rank, j)) % kPrime;
    }
    ++rank;
  }
  return rank;
}

const Registration rank_is_attained =
    claim("alman-song-2023/rank", "rank in the polynomial method, exact count ours", Standing::checked)
        .says(
            "rank P(X Y^T) = sum over k with c_k != 0 of C(d+k-1, k) on generic X, Y of more rows; at most "
            "C(d+g, g)",
            R"($\mathrm{rank}\,P(XY^\top) = \sum_{k:\,c_k\neq0}\binom{d+k-1}{k} \le \binom{d+g}{g}$, generic $X, Y$)")
        .given(draw)
        .sizes(60, 300, 2000)
        .where("more rows than the rank", [](const Case& c) { return c.x.rows() > claimed_rank(c); })
        .equal("at most: P(XY^T) = U1 U2^T", factorisation_defect)
        .at_most("at least: rank mod p", claimed_rank, rank_at_least)
        .at_most("C(d+g, g) bounds it", claimed_rank,
                 [](const Case& c) {
                   return Rational(monomial_rank(c.x.cols(), {static_cast<long>(c.coefficients.size()) - 1}));
                 })
        .twin("the rank is one lower", rank_at_least,
              [](const Case& c) { return Rational(claimed_rank(c) - 1); });

}  // namespace
}  // namespace attnbounds
