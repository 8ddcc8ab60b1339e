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

// F'' = 2 sum (Cov_{f_i}(A_i, V_c)^2 + y_ic E (A_i - mean)^2 (V_c - mean)). The last is a third mixed moment,
// at most B^2/8 (the claim third-mixed-moment), so |F''| <= 2 n d (1/16 + 1/8) B^2; with |E(..)| <= B^2/4,
// 5/8.
Interval curvature(const Case& c) {
  const Matrix<Interval> a = matrix_from<Interval>(c.a), v = matrix_from<Interval>(c.v);
  Matrix<Interval> s = a;
  for (Eigen::Index i = 0; i < s.size(); ++i) s.data()[i] *= enclose(c.scale);
  const Matrix<Interval> f = softmax_rows(s), y = product(f, v);
  Interval sum = 0;
  for (Eigen::Index i = 0; i < y.rows(); ++i) {
    Interval mean = 0;
    for (Eigen::Index j = 0; j < f.cols(); ++j) mean += f(i, j) * a(i, j);
    for (Eigen::Index l = 0; l < y.cols(); ++l) {
      Interval covariance = 0, third = 0;
      for (Eigen::Index j = 0; j < f.cols(); ++j) {
        const Interval off = a(i, j) - mean, weighted = f(i, j) * off * (v(j, l) - y(i, l));
        covariance += weighted;
        third += weighted * off;
      }
      sum += 2 * (covariance * covariance + y(i, l) * third);
    }
  }
  return absolute_value(sum);
}
Interval curvature_bound(const Case& c, const Rational& factor) {
  return enclose(Rational(factor * c.bound * c.bound * static_cast<long>(c.a.rows())));
}

const Registration curvature_along_scale =
    claim("alman-song-2024-gradient/curvature-along-scale",
          "Lemma E.3, second half, corrected; constant ours", Standing::checked)
        .says(
            "|d^2/dl^2 |softmax(l A) V|_F^2| <= (3/8) n d B^2 for A in [0,B]^{n x N}, V in {0,1}^{N x d}, "
            "any l",
            R"($|\frac{d^2}{d\lambda^2}\|\mathrm{softmax}(\lambda A)V\|_F^2| \le \tfrac38 ndB^2$)")
        .given(draw)
        .where("entries of A in [0, B]",
               [](const Case& c) { return c.a.minCoeff() >= 0 && to_rational(max_abs(c.a)) <= c.bound; })
        .at_most(
            "curvature <= (3/8) n d B^2", curvature,
            [](const Case& c) { return curvature_bound(c, Rational(3 * static_cast<long>(c.v.cols()), 8)); })
        .finds("ratio", "largest curvature over (3/8) n d B^2", Extreme::largest,
               [](const Case& c) {
                 return curvature(c) / curvature_bound(c, Rational(3 * static_cast<long>(c.v.cols()), 8));
               })
        .twin("without the factor d: (5/8) n B^2", curvature,
              [](const Case& c) { return curvature_bound(c, Rational(5, 8)); });

}  // namespace
}  // namespace attnbounds
