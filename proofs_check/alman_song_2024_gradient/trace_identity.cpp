// Alman, Song 2024, the step that turns a gradient into a number (proof of Theorem E.5). With E = 0, Y = I
// and X = l I,  F(l) = |Att|_F^2 = 2 L(l I):
//     F'(l) = 2 tr dL/dX,
// so an error of eps in every entry of the gradient costs 2 d eps. By the mean value theorem in intervals.
// The factor 2 dropped is the false twin.
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k, v;
  Rational at;
};
Json describe(const Case& c) {
  return {
      {"A1", json_matrix(c.q)}, {"A2", json_matrix(c.k)}, {"A3", json_matrix(c.v)}, {"l", json_number(c.at)}};
}

const Rational step(1, 1L << 16);
MatrixLoss<Interval> loss_at(const Case& c, const Interval& l) {
  const Eigen::Index d = c.q.cols();
  Matrix<Interval> x = Matrix<Interval>::Constant(d, d, Interval(0)), y = x;
  for (Eigen::Index a = 0; a < d; ++a) {
    x(a, a) = l;
    y(a, a) = 1;
  }
  return {matrix_from<Interval>(c.q),
          matrix_from<Interval>(c.k),
          matrix_from<Interval>(c.v),
          x,
          y,
          Matrix<Interval>::Constant(c.q.rows(), d, Interval(0))};
}
Interval slopes(const Case& c) {  // 2 tr dL/dX over [l - t, l + t]
  const Interval segment = hull(enclose(Rational(c.at - step)), enclose(Rational(c.at + step)));
  const Matrix<Interval> g = loss_gradient(loss_at(c, segment)).x;
  Interval trace = 0;
  for (Eigen::Index a = 0; a < g.rows(); ++a) trace += g(a, a);
  return 2 * trace;
}
Interval quotient(const Case& c) {  // F = 2 L
  return (loss(loss_at(c, enclose(Rational(c.at + step)))) -
          loss(loss_at(c, enclose(Rational(c.at - step))))) /
         enclose(step);
}
bool slopes_differ(const Case& c) { return width(slopes(c)) > 0; }
Case draw(Draw& d) {
  for (;;) {
    const long n = d.integer(1, 4), m = d.integer(2, 4), width = d.integer(1, 3);
    const Case c{d.matrix(n, width, 1), d.matrix(m, width, 1), d.matrix(m, width, 1), d.dyadic(1, 4)};
    if (slopes_differ(c)) return c;
  }
}

const Registration trace_identity =
    claim("alman-song-2024-gradient/trace-identity", "proof of Theorem E.5", Standing::checked)
        .says(
            "F(l) = |Att|_F^2 at X = l I, Y = I, E = 0 has F'(l) = 2 tr dL/dX",
            R"($\frac{d}{d\lambda}\|\mathrm{Att}\|_F^2 = 2\,\mathrm{tr}\,\frac{dL}{dX}$ at $X=\lambda I$, $Y=I$, $E=0$)")
        .given(draw)
        .where("the slopes differ on the segment", slopes_differ)
        .at_most(
            "the difference quotient of F lies among 2 tr dL/dX over the segment",
            [](const Case& c) { return mean_value(quotient(c), slopes(c)).distance; },
            [](const Case& c) { return mean_value(quotient(c), slopes(c)).half_width; })
        .twin(
            "tr dL/dX, without the factor 2",
            [](const Case& c) { return mean_value(quotient(c), slopes(c) / 2).distance; },
            [](const Case& c) { return mean_value(quotient(c), slopes(c) / 2).half_width; })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
