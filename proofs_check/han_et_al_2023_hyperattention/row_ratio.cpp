// kappa = max_i r_i/min_i r_i, r_i = sum of A_ij outside the heavy entries, is not a function of attention:
// K - 1 c^T gives the same P, for every c, while log r_i moves by -<q_i, c>/d. So
//     kappa(K - 1 c^T) <= kappa(K) exp(max_i <q_i, c>/d - min_i <q_i, c>/d),
// attained, in both directions: the same attention has kappa as large as one likes, and a shift that makes it
// small is free. An assumption on kappa is one on how Q and K are written down. Twin: kappa unchanged.
#include "attention/spectral.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k, c;  // c: 1 x d
};
Json describe(const Case& c) {
  return {{"Q", json_matrix(c.q)}, {"K", json_matrix(c.k)}, {"c", json_matrix(c.c)}};
}
Case draw(Draw& d) {
  const long n = d.integer(2, 4), m = d.integer(1, 4), width = d.integer(1, 3);
  if (d.index == 0)  // keys 0: kappa = 1, and exp of the range of <q, c>/d after the shift
    return {(Matrix<double>(2, 1) << 1, -1).finished(), Matrix<double>::Zero(2, 1),
            Matrix<double>::Ones(1, 1)};
  return {d.matrix(n, width, 2), d.matrix(m, width, 2), d.matrix(1, width, 3)};
}
bool light(Eigen::Index, Eigen::Index) { return false; }
Interval ratio(const Matrix<double>& q, const Matrix<double>& k) {
  return row_parameter(weight_enclosure({q, k, Matrix<double>::Ones(k.rows(), 1)}), light);
}
Interval shifted(const Case& c) {
  return ratio(c.q, Matrix<double>(c.k.rowwise() - c.c.row(0)));  // multiples of 2^-6: exact
}
Interval room() { return 1 + enclose(Rational(1, 1L << 30)); }  // the bound is attained
Interval bound(const Case& c) {
  const Matrix<Rational> along = scores(c.q, c.c);
  Rational most = along(0, 0), least = most;
  for (Eigen::Index i = 1; i < along.rows(); ++i) {
    most = std::max(most, Rational(along(i, 0)));
    least = std::min(least, Rational(along(i, 0)));
  }
  return ratio(c.q, c.k) * exp(enclose(Rational(most - least))) * room();
}

const Registration row_ratio =
    claim("han-et-al-2023-hyperattention/row-ratio",
          "the parameter kappa of row sums (text not at hand), under the free shift of keys (ours)",
          Standing::checked)
        .says(
            "a shift of all keys by c leaves attention as it is and changes kappa by at most exp(range of "
            "<q, c>/d), attained",
            R"($\kappa(K-\mathbf 1c^\top)\le\kappa(K)\,e^{\max_i\langle q_i,c\rangle/d-\min_i\langle q_i,c\rangle/d}$, the attention unchanged)")
        .given(draw)
        .at_most("kappa after the shift <= bound", shifted, bound)
        .twin("kappa unchanged, as of a property of attention", shifted,
              [](const Case& c) { return ratio(c.q, c.k) * room(); });

}  // namespace
}  // namespace attnbounds
