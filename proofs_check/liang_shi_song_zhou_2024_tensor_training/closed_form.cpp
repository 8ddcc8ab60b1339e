// Liang, Shi, Song, Zhou 2024, gradient of the tensor loss,
//     L(X) = 1/2 |D^-1 exp(A1 X (A2 (x) A3)^T/d) ((A4 Y1) (/) (A5 Y2)) - E|_F^2,   X is d x d^2:
//     dL/dX = A1^T p (A2 (x) A3)/d,
// p as for the matrix loss over the n^2 pairs. By the mean value theorem in intervals. And the sums over
// pairs factor: sum_{j1,j2} k1^a k2^a v1_c v2_c = (sum_j1 k1^a v1_c)(sum_j2 k2^a v2_c), over the rationals.
#include "kernels/monomials.hpp"
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  TensorLossInput in;
  Matrix<double> direction;
};
Json describe(const Case& c) {
  return {{"A1", json_matrix(c.in.a1)},           {"A2", json_matrix(c.in.a2)}, {"A3", json_matrix(c.in.a3)},
          {"A4", json_matrix(c.in.a4)},           {"A5", json_matrix(c.in.a5)}, {"X", json_matrix(c.in.x)},
          {"Y1", json_matrix(c.in.y1)},           {"Y2", json_matrix(c.in.y2)}, {"E", json_matrix(c.in.e)},
          {"direction", json_matrix(c.direction)}};
}
Case draw_any(Draw& d) {
  const long n = d.integer(1, 3), m2 = d.integer(1, 3), m3 = d.integer(1, 3), width = d.integer(1, 2);
  const long columns = d.integer(1, 2);
  return {{d.matrix(n, width, 1), d.matrix(m2, width, 1), d.matrix(m3, width, 1), d.matrix(m2, width, 1),
           d.matrix(m3, width, 1), d.matrix(width, width * width, 1), d.matrix(width, columns, 1),
           d.matrix(width, columns, 1), d.matrix(n, columns, 1)},
          d.matrix(width, width * width, 1)};
}
TensorLoss<Interval> at(const Case& c, const Interval& t) {
  TensorLoss<Interval> moved = loss_over<Interval>(c.in);
  moved.x = along(c.in.x, c.direction, t);
  return moved;
}
const Rational step(1, 1L << 16);
Interval slopes(const Case& c, const Interval& factor) {
  const Interval segment = hull(enclose(Rational(-step)), enclose(step));
  return factor * inner_product(loss_gradient(at(c, segment)).x, c.direction);
}
MeanValue check(const Case& c, const Interval& factor) {
  const Interval t = enclose(step);
  return mean_value((loss(at(c, t)) - loss(at(c, -t))) / (2 * t), slopes(c, factor));
}
bool slopes_differ(const Case& c) { return width(slopes(c, 1)) > 0; }
Case draw(Draw& d) {
  for (;;)
    if (Case c = draw_any(d); slopes_differ(c)) return c;
}
Interval d_of(const Case& c) { return Interval(static_cast<long>(c.in.a1.cols())); }

const Registration closed_form =
    claim("liang-shi-song-zhou-2024-tensor-training/closed-form",
          "closed form of the tensor gradient, with 1/d", Standing::checked)
        .says("dL/dX = A1^T p (A2 (x) A3)/d, p over the n^2 pairs",
              R"($\frac{dL}{dX} = \frac1d A_1^\top p\,(A_2\otimes A_3)$)")
        .given(draw)
        .where("the slopes of the segment differ", slopes_differ)
        .at_most(
            "the difference quotient lies among the slopes of the segment",
            [](const Case& c) { return check(c, 1).distance; },
            [](const Case& c) { return check(c, 1).half_width; })
        .twin(
            "literally without 1/d", [](const Case& c) { return check(c, d_of(c)).distance; },
            [](const Case& c) { return check(c, d_of(c)).half_width; })
        .sizes(40, 400, 4000);

// ---- Factored sums over pairs.

struct Pairs {
  Matrix<double> k1, k2, v1, v2;
  long degree;
};
Json describe(const Pairs& c) {
  return {{"K1", json_matrix(c.k1)},
          {"K2", json_matrix(c.k2)},
          {"V1", json_matrix(c.v1)},
          {"V2", json_matrix(c.v2)},
          {"degree", c.degree}};
}
Pairs draw_pairs(Draw& d) {
  const long m1 = d.integer(1, 4), m2 = d.integer(1, 4), width = d.integer(1, 3), columns = d.integer(1, 3);
  return {d.matrix(m1, width, 2), d.matrix(m2, width, 2), d.matrix(m1, columns, 2), d.matrix(m2, columns, 2),
          d.integer(0, 4)};
}
Matrix<Rational> features(const Matrix<double>& k, const MonomialTree& tree) {
  const Matrix<Rational> exact = matrix_from<Rational>(k);
  Matrix<Rational> u(k.rows(), tree.rank);
  for (Eigen::Index j = 0; j < k.rows(); ++j) {
    const auto all = monomials(tree, std::vector<Rational>(exact.row(j).begin(), exact.row(j).end()));
    for (Eigen::Index a = 0; a < tree.rank; ++a) u(j, a) = all[a];
  }
  return u;
}
enum class Sums { factored, added };
Rational defect(const Pairs& c, Sums sums) {
  const MonomialTree tree = monomial_tree(c.k1.cols(), {c.degree});
  const Matrix<Rational> v1 = matrix_from<Rational>(c.v1), v2 = matrix_from<Rational>(c.v2);
  const Matrix<Rational> columns = features(khatri_rao(c.k1, c.k2), tree).transpose() * khatri_rao(v1, v2);
  const Matrix<Rational> first = features(c.k1, tree).transpose() * v1,
                         second = features(c.k2, tree).transpose() * v2;
  Matrix<Rational> claimed = first.cwiseProduct(second);
  if (sums == Sums::added) claimed = first + second;
  return max_abs(Matrix<Rational>(columns - claimed));
}
const Registration factored_sums =
    claim("liang-shi-song-zhou-2024-tensor-training/factored-sums", "Facts 5.4 to 5.6, as one identity",
          Standing::checked)
        .says(
            "(U2 (/) U3)^T (V1 (/) V2) = (U2^T V1) o (U3^T V2) for the monomial features: sums over n^2 "
            "pairs cost O(n)",
            R"($(U_2\oslash U_3)^\top(V_1\oslash V_2) = (U_2^\top V_1)\circ(U_3^\top V_2)$)")
        .given(draw_pairs)
        .equal("the n^2-column sums factor", [](const Pairs& c) { return defect(c, Sums::factored); })
        .twin_equal("the sum of the factors in place of their product",
                    [](const Pairs& c) { return defect(c, Sums::added); });

}  // namespace
}  // namespace attnbounds
