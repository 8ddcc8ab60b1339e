// Liang, Shi, Song, Zhou 2024, the same step for tensor attention. With E = 0, Y1 = Y2 = I and X = l I, where
// I is d x d^2 with ones at (a, (a, a)),  F(l) = |Att|_F^2 = 2 L(l I):
//     F'(l) = 2 sum_a (dL/dX)_{a,(a,a)}.
// By the mean value theorem in intervals. All entries of a row for the one on the diagonal is the false twin.
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k1, k2, v1, v2;
  Rational at;
};
Json describe(const Case& c) {
  return {{"A1", json_matrix(c.q)},  {"A2", json_matrix(c.k1)}, {"A3", json_matrix(c.k2)},
          {"A4", json_matrix(c.v1)}, {"A5", json_matrix(c.v2)}, {"l", json_number(c.at)}};
}

const Rational step(1, 1L << 16);
TensorLoss<Interval> loss_at(const Case& c, const Interval& l) {
  const Eigen::Index d = c.q.cols();
  const auto m = [](const Matrix<double>& x) { return matrix_from<Interval>(x); };
  Matrix<Interval> x = Matrix<Interval>::Constant(d, d * d, Interval(0)),
                   y = Matrix<Interval>::Constant(d, d, Interval(0));
  for (Eigen::Index a = 0; a < d; ++a) {
    x(a, a * d + a) = l;
    y(a, a) = 1;
  }
  return {m(c.q),  m(c.k1), m(c.k2),
          m(c.v1), m(c.v2), x,
          y,       y,       Matrix<Interval>::Constant(c.q.rows(), d, Interval(0))};
}
enum class Entries { diagonal, all };
Interval slopes(const Case& c, Entries entries) {
  const Interval segment = hull(enclose(Rational(c.at - step)), enclose(Rational(c.at + step)));
  const Matrix<Interval> g = loss_gradient(loss_at(c, segment)).x;
  const Eigen::Index d = g.rows();
  Interval sum = 0;
  for (Eigen::Index a = 0; a < d; ++a)
    for (Eigen::Index pair = 0; pair < d * d; ++pair)
      if (entries == Entries::all || pair == a * d + a) sum += g(a, pair);
  return 2 * sum;
}
Interval quotient(const Case& c) {
  return (loss(loss_at(c, enclose(Rational(c.at + step)))) -
          loss(loss_at(c, enclose(Rational(c.at - step))))) /
         enclose(step);
}
MeanValue check(const Case& c, Entries entries) { return mean_value(quotient(c), slopes(c, entries)); }
bool slopes_differ(const Case& c) { return width(slopes(c, Entries::diagonal)) > 0; }
Case draw(Draw& d) {
  for (;;) {
    const long n = d.integer(1, 3), m1 = d.integer(1, 3), m2 = d.integer(2, 3), width = d.integer(1, 2);
    const Case c{d.matrix(n, width, 1),  d.matrix(m1, width, 1), d.matrix(m2, width, 1),
                 d.matrix(m1, width, 1), d.matrix(m2, width, 1), d.dyadic(1, 4)};
    if (slopes_differ(c)) return c;
  }
}

const Registration trace_identity =
    claim("liang-shi-song-zhou-2024-tensor-training/trace-identity",
          "step of the hardness proof, Theorem 6.3", Standing::checked)
        .says(
            "F(l) = |Att|_F^2 at X = l I (d x d^2), Y1 = Y2 = I, E = 0 has F'(l) = 2 sum_a (dL/dX)_{a,(a,a)}",
            R"($\frac{d}{d\lambda}\|\mathrm{Att}\|_F^2 = 2\sum_a \big(\frac{dL}{dX}\big)_{a,(a,a)}$)")
        .given(draw)
        .where("the slopes differ on the segment", slopes_differ)
        .at_most(
            "the difference quotient of F lies among the slopes of the segment",
            [](const Case& c) { return check(c, Entries::diagonal).distance; },
            [](const Case& c) { return check(c, Entries::diagonal).half_width; })
        .twin(
            "the sum of all entries", [](const Case& c) { return check(c, Entries::all).distance; },
            [](const Case& c) { return check(c, Entries::all).half_width; })
        .sizes(40, 400, 4000);

}  // namespace
}  // namespace attnbounds
