// Alman, Song 2024, Lemma E.3, corrected. For scores l A, A in [0, B]^{n x N}, V in {0,1}^{N x d}, any real
// l,
//     F(l) = |softmax(l A) V|_F^2:    |F'(l)| <= n d B/2,
// because F' = 2 sum y Cov(A_i, V_c) with y in [0, 1] and |Cov| <= B/4. The lemma's proof has 8 B n, without
// the factor d; with d equal columns and half of each row at B, F'(0) = d n B/4: literal and false for d
// > 32.
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> a, v;
  Rational bound, scale;  // B, l
};
Json describe(const Case& c) {
  return {{"A", json_matrix(c.a)},
          {"V", json_matrix(c.v)},
          {"B", json_number(c.bound)},
          {"l", json_number(c.scale)}};
}
Case draw(Draw& d) {
  if (d.index == 0) {  // 33 columns that indicate the half of the keys with score B
    Case c{Matrix<double>(1, 2), Matrix<double>(2, 33), 1, 0};
    c.a << 0, 1;
    c.v.row(0).setZero();
    c.v.row(1).setOnes();
    return c;
  }
  const long n = d.integer(1, 4), m = d.integer(2, 6), columns = d.integer(1, 3);
  Case c{d.matrix(n, m, 2).cwiseAbs(), Matrix<double>(m, columns), 2, d.dyadic(2, 3)};
  for (Eigen::Index i = 0; i < c.v.size(); ++i) c.v.data()[i] = static_cast<double>(d.integer(0, 1));
  if (d.index % 4 == 1)
    for (Eigen::Index i = 0; i < c.a.size(); ++i) c.a.data()[i] = static_cast<double>(2 * d.integer(0, 1));
  return c;
}

/// F'(l) = 2 sum_ic y_ic Cov_{f_i}(A_i, V_c)
Interval slope(const Case& c) {
  const Matrix<Interval> a = matrix_from<Interval>(c.a), v = matrix_from<Interval>(c.v);
  Matrix<Interval> s = a;
  for (Eigen::Index i = 0; i < s.size(); ++i) s.data()[i] *= enclose(c.scale);
  const Matrix<Interval> f = softmax_rows(s), y = product(f, v);
  const Matrix<Interval> p = softmax_pullback(f, a);  // f o (A - mean)
  Interval sum = 0;
  for (Eigen::Index i = 0; i < y.rows(); ++i)
    for (Eigen::Index l = 0; l < y.cols(); ++l) {
      Interval covariance = 0;
      for (Eigen::Index j = 0; j < p.cols(); ++j) covariance += p(i, j) * v(j, l);
      sum += 2 * y(i, l) * covariance;
    }
  return absolute_value(sum);
}
Interval corrected(const Case& c) {
  return enclose(Rational(c.bound * static_cast<long>(c.a.rows() * c.v.cols()) / 2));
}
Interval literal(const Case& c) { return enclose(Rational(8 * c.bound * static_cast<long>(c.a.rows()))); }

const Registration norm_along_scale =
    claim("alman-song-2024-gradient/norm-along-scale", "Lemma E.3, corrected", Standing::checked)
        .says("|d/dl |softmax(l A) V|_F^2| <= n d B/2 for A in [0,B]^{n x N}, V in {0,1}^{N x d}, any l",
              R"($|\frac{d}{d\lambda}\|\mathrm{softmax}(\lambda A)V\|_F^2| \le \tfrac12 ndB$)")
        .given(draw)
        .where("entries of A in [0, B]",
               [](const Case& c) { return c.a.minCoeff() >= 0 && to_rational(max_abs(c.a)) <= c.bound; })
        .at_most("slope <= n d B/2", slope, corrected)
        .finds("ratio", "largest slope over n d B/2", Extreme::largest,
               [](const Case& c) { return slope(c) / corrected(c); })
        .twin("the constant of the printed proof, 8 B n", slope, literal);

}  // namespace
}  // namespace attnbounds
