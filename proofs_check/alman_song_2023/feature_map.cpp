// Alman, Song 2023, the polynomial method: with P(x) = sum_t c_t x^t and w_a = c_{|a|} (|a|!/a!) d^{-|a|},
//     P(<q,k>/d) = sum_{|a| <= g} w_a q^a k^a         exactly, by the multinomial theorem,
// so P(Q K^T/d) = U1 U2^T with C(d+g, g) columns. Checked on the kernel's own features, over the rationals.
#include "kernels/monomials.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  std::vector<Rational> q, k;
  Polynomial polynomial;
};
Json describe(const Case& c) {
  return {{"q", json_numbers(c.q)},
          {"k", json_numbers(c.k)},
          {"coefficients", json_numbers(c.polynomial.coefficients)}};
}
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (std::size_t l = 0; c.q.size() > 1 && l < c.q.size(); ++l) {
    Case s = c;
    s.q.erase(s.q.begin() + static_cast<std::ptrdiff_t>(l));
    s.k.erase(s.k.begin() + static_cast<std::ptrdiff_t>(l));
    cases.push_back(s);
  }
  if (c.polynomial.coefficients.size() > 1) {
    cases.push_back(c);
    cases.back().polynomial.coefficients.pop_back();
  }
  for (std::size_t l = 0; l < c.q.size(); ++l)
    for (int side : {0, 1}) {
      Case s = c;
      Rational& entry = side == 0 ? s.q[l] : s.k[l];
      if (entry == 1) continue;
      entry = 1;
      cases.push_back(s);
    }
  return cases;
}

Case draw(Draw& d) {
  Case c;
  const long dimension = d.integer(1, 5), degree = d.integer(0, 6);
  for (long l = 0; l < dimension; ++l) {
    c.q.push_back(d.dyadic(3, 5));
    c.k.push_back(Rational(d.integer(-30, 30), d.integer(1, 9)));
  }
  for (long t = 0; t <= degree; ++t)
    c.polynomial.coefficients.push_back(Rational(d.integer(-20, 20), d.integer(1, 9)));
  return c;
}

Rational inner(const std::vector<Rational>& x, const std::vector<Rational>& y) {
  Rational sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}
Rational of_score(const Case& c) {
  return c.polynomial(Rational(inner(c.q, c.k) / static_cast<long>(c.q.size())));
}
MonomialTree tree(const Case& c) {
  return monomial_tree(static_cast<Eigen::Index>(c.q.size()), c.polynomial.degree());
}
Rational identity(const Case& c) {
  return abs(
      Rational(of_score(c) - inner(query_features(tree(c), c.polynomial, c.q), monomials(tree(c), c.k))));
}
Rational without_multinomials(const Case& c) {  // w_a = c_|a| d^{-|a|}
  MonomialTree wrong = tree(c);
  for (Integer& m : wrong.multinomial) m = 1;
  return abs(Rational(of_score(c) - inner(query_features(wrong, c.polynomial, c.q), monomials(wrong, c.k))));
}

const Registration feature_map =
    claim("alman-song-2023/feature-map", "the polynomial method", Standing::checked)
        .says(
            "P(<q,k>/d) = sum_{|a|<=g} c_|a| (|a|!/a!) d^{-|a|} q^a k^a, exactly; C(d+g,g) monomials",
            R"($P(\langle q,k\rangle/d) = \sum_{|\alpha|\le g} c_{|\alpha|}\frac{|\alpha|!}{\alpha!} d^{-|\alpha|} q^\alpha k^\alpha$)")
        .given(draw)
        .equal("P(<q,k>/d) = <features of q, features of k>", identity)
        .equal("as many features as C(d+g, g)",
               [](const Case& c) {
                 return abs(Rational(
                     Rational(monomial_rank(static_cast<Eigen::Index>(c.q.size()), c.polynomial.degree())) -
                     static_cast<long>(monomials(tree(c), c.k).size())));
               })
        .twin_equal("without the multinomials |a|!/a!", without_multinomials);

}  // namespace
}  // namespace attnbounds
