// Private cross-attention (arXiv 2407.14717), finite form ours: replacing one pair (k_j, v_j), entries of K
// within R and of V within R_w, changes the moments M (src/sampling/private_attention.hpp) by at most
//     Delta = 2 sum_{1 <= |a| <= g} R^|a| + 2 outputs R_w sum_{|a| <= g} R^|a|
// in the sum of absolute entries. Hence Laplace noise of scale Delta/epsilon on each entry is
// epsilon-private: the densities at any M differ by a factor exp(|M - M'|_1 epsilon/Delta) <= e^epsilon.
// Nearly attained: degree 1, k = R against -R, large R. Exact, over the rationals.
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"
#include "sampling/private_attention.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> k, v, other_k, other_v;  // the data, and its neighbour: another last row
  long degree = 1, R = 1, R_w = 1;
};
Json describe(const Case& c) {
  return {{"k", json_matrix(c.k)},
          {"v", json_matrix(c.v)},
          {"k'", json_matrix(c.other_k)},
          {"v'", json_matrix(c.other_v)},
          {"degree", c.degree},
          {"R", c.R},
          {"R_w", c.R_w}};
}

Case draw(Draw& d) {
  const bool extremal = d.index < 6;
  Case c;
  c.degree = extremal ? 1 : d.integer(1, 4);
  c.R = extremal ? 1L << (2 * d.index) : d.integer(1, 3);
  c.R_w = extremal ? 1 : d.integer(1, 3);
  const long n = d.integer(1, 4), width = extremal ? 1 : d.integer(1, 3);
  c.k = d.matrix(n, width, c.R);
  c.v = d.matrix(n, extremal ? 1 : d.integer(1, 3), c.R_w);
  c.other_k = c.k;
  c.other_v = c.v;
  if (extremal) {
    c.k(n - 1, 0) = static_cast<double>(c.R);
    c.other_k(n - 1, 0) = static_cast<double>(-c.R);
    c.v(n - 1, 0) = c.other_v(n - 1, 0) = static_cast<double>(c.R_w);
  } else {
    c.other_k.row(n - 1) = d.matrix(1, width, c.R);
    c.other_v.row(n - 1) = d.matrix(1, c.v.cols(), c.R_w);
  }
  return c;
}

Rational change(const Case& c) {
  const MonomialTree tree = monomial_tree(c.k.cols(), Degree{c.degree});
  const auto moments = [&](const Matrix<double>& k, const Matrix<double>& v) {
    return attention_moments(tree, matrix_from<Rational>(k), matrix_from<Rational>(v));
  };
  const Matrix<Rational> one = moments(c.k, c.v), other = moments(c.other_k, c.other_v);
  Rational sum = 0;
  for (Eigen::Index i = 0; i < one.size(); ++i) sum += abs(Rational(one.data()[i] - other.data()[i]));
  return sum;
}
Rational bound(const Case& c) {
  return moment_sensitivity(monomial_tree(c.k.cols(), Degree{c.degree}), c.v.cols(), c.R, c.R_w);
}

const Registration sensitivity =
    claim("liang-shi-song-zhou-2024-private/sensitivity", "privacy of the noisy moments, finite form ours",
          Standing::checked)
        .says(
            "replacing one pair (k, v), |k| <= R, |v| <= R_w, changes the moments by at most Delta in the "
            "sum of "
            "entries",
            R"($\|M - M'\|_1 \le 2\sum_{1\le|a|\le g} R^{|a|} + 2\,d_v R_w \sum_{|a|\le g} R^{|a|}$)")
        .given(draw)
        .where("|k| <= R, |v| <= R_w",
               [](const Case& c) {
                 return std::max(max_abs(c.k), max_abs(c.other_k)) <= static_cast<double>(c.R) &&
                        std::max(max_abs(c.v), max_abs(c.other_v)) <= static_cast<double>(c.R_w);
               })
        .at_most("|M - M'| <= Delta", change, bound)
        .twin("half of Delta", change, [](const Case& c) { return Rational(bound(c) / 2); });

}  // namespace
}  // namespace attnbounds
