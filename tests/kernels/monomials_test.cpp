#include "kernels/monomials.hpp"

#include <set>

#include "catch.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

Rational small_rational(Stream& draw) {
  return Rational(static_cast<long>(draw.below(41)) - 20, static_cast<long>(draw.below(9)) + 1);
}

}  // namespace

TEST_CASE("feature maps reproduce the polynomial of the score exactly over the rationals") {
  Stream draw(0, "features");
  for (Eigen::Index d = 1; d <= 5; ++d)
    for (long g = 0; g <= 6; ++g) {
      const MonomialTree tree = monomial_tree(d, {g});
      Polynomial p;
      for (long t = 0; t <= g; ++t) p.coefficients.push_back(small_rational(draw));
      std::vector<Rational> q, k;
      Rational score = 0;
      for (Eigen::Index l = 0; l < d; ++l) {
        q.push_back(small_rational(draw));
        k.push_back(small_rational(draw));
        score += q.back() * k.back() / d;
      }
      const auto phi = query_features(tree, p, q), psi = monomials(tree, k);
      Rational product = 0;
      for (Eigen::Index a = 0; a < tree.rank; ++a) product += phi[a] * psi[a];
      CHECK(product == p(score));
    }
}

TEST_CASE("the tree holds every monomial once: C(d+g, g) of them, distinct") {
  for (Eigen::Index d = 1; d <= 6; ++d)
    for (long g = 0; g <= 5; ++g) {
      const MonomialTree tree = monomial_tree(d, {g});
      CHECK(Integer(tree.rank) == monomial_rank(d, {g}));
      std::vector<Rational> primes;
      for (const long p : {2, 3, 5, 7, 11, 13}) primes.push_back(Rational(p));
      primes.resize(d);
      std::set<Rational> values;  // unique factorisation
      for (const Rational& x : monomials(tree, primes)) values.insert(x);
      CHECK(static_cast<Eigen::Index>(values.size()) == tree.rank);
      Integer multinomials = 0, expected = 0, power = 1;  // sum |a|!/a! over |a| = t is d^t
      for (const Integer& m : tree.multinomial) multinomials += m;
      for (long t = 0; t <= g; ++t, power *= d) expected += power;
      CHECK(multinomials == expected);
    }
}

TEST_CASE("the rank is exact where 64 bits overflow, and refused where no machine holds it") {
  CHECK(monomial_rank(4, {6}) == 210);
  CHECK(monomial_rank(14, {10}) == 1961256);
  CHECK(monomial_rank(100, {100}) == Integer("90548514656103281165404177077484163874504589675413336841320"));
  CHECK_THROWS_AS(monomial_tree(100, {100}), std::length_error);
}
