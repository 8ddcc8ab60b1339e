// Alman, Song 2024, gradient of L(X) = 1/2 |D^-1 exp(A1 X A2^T/d) A3 Y - E|_F^2:
//     dL/dX = A1^T p A2 / d,   p = f o q - diag((f o q) 1) f,  q = (f h - E) h^T,  h = A3 Y,
// and the gradients by A1, A2, A3, Y. Checked by the mean value theorem in intervals. The appendices drop the
// factor 1/d: that literal form is the false twin.
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  MatrixLossInput in, direction;
};
Json describe(const Case& c) {
  return {{"A1", json_matrix(c.in.a1)},
          {"A2", json_matrix(c.in.a2)},
          {"A3", json_matrix(c.in.a3)},
          {"X", json_matrix(c.in.x)},
          {"Y", json_matrix(c.in.y)},
          {"E", json_matrix(c.in.e)},
          {"direction of X", json_matrix(c.direction.x)},
          {"direction of A1", json_matrix(c.direction.a1)},
          {"direction of A2", json_matrix(c.direction.a2)},
          {"direction of A3", json_matrix(c.direction.a3)},
          {"direction of Y", json_matrix(c.direction.y)}};
}

MatrixLossInput draw_loss(Draw& d, long n, long m, long width, long columns) {
  return {d.matrix(n, width, 1),     d.matrix(m, width, 1),       d.matrix(m, width, 1),
          d.matrix(width, width, 1), d.matrix(width, columns, 1), d.matrix(n, columns, 1)};
}
Case draw_any(Draw& d) {
  const long n = d.integer(1, 4), m = d.integer(1, 4), width = d.integer(1, 3), columns = d.integer(1, 2);
  return {draw_loss(d, n, m, width, columns), draw_loss(d, n, m, width, columns)};
}

const Rational step(1, 1L << 16);
Interval segment() { return hull(enclose(Rational(-step)), enclose(step)); }

MatrixLoss<Interval> at_x(const Case& c, const Interval& t) {
  MatrixLoss<Interval> moved = loss_over<Interval>(c.in);
  moved.x = along(c.in.x, c.direction.x, t);
  return moved;
}
MatrixLoss<Interval> at_all(const Case& c, const Interval& t) {
  return {along(c.in.a1, c.direction.a1, t), along(c.in.a2, c.direction.a2, t),
          along(c.in.a3, c.direction.a3, t), along(c.in.x, c.direction.x, t),
          along(c.in.y, c.direction.y, t),   matrix_from<Interval>(c.in.e)};
}
template <class At>
Interval quotient(const At& at) {
  const Interval t = enclose(step);
  return (loss(at(t)) - loss(at(-t))) / (2 * t);
}
Interval x_slopes(const Case& c, const Interval& factor) {
  return factor * inner_product(loss_gradient(at_x(c, segment())).x, c.direction.x);
}
MeanValue by_x(const Case& c, const Interval& factor) {
  return mean_value(quotient([&](const Interval& t) { return at_x(c, t); }), x_slopes(c, factor));
}
MeanValue by_all(const Case& c) {
  const MatrixLossGradient<Interval> g = loss_gradient(at_all(c, segment()));
  const Interval slopes = inner_product(g.x, c.direction.x) + inner_product(g.a1, c.direction.a1) +
                          inner_product(g.a2, c.direction.a2) + inner_product(g.a3, c.direction.a3) +
                          inner_product(g.y, c.direction.y);
  return mean_value(quotient([&](const Interval& t) { return at_all(c, t); }), slopes);
}
bool slopes_differ(const Case& c) { return width(x_slopes(c, 1)) > 0; }
Case draw(Draw& d) {
  for (;;)
    if (Case c = draw_any(d); slopes_differ(c)) return c;
}
Interval d_of(const Case& c) { return Interval(static_cast<long>(c.in.a1.cols())); }

const Registration closed_form =
    claim("alman-song-2024-gradient/closed-form",
          "Lemma C.7 (Definitions 1.2, C.3, C.5), with the factor 1/d that Appendices B and C leave out",
          Standing::checked)
        .says(
            "dL/dX = A1^T p A2/d, p = f o q - diag((f o q)1) f, q = (f h - E) h^T, h = A3 Y; also by A1, A2, "
            "A3, Y",
            R"($\frac{dL}{dX} = \frac1d A_1^\top p A_2$, $p = f\circ q - \mathrm{diag}((f\circ q)\mathbf 1)f$)")
        .given(draw)
        .where(
            "the gradient is not 0 on the segment",  // both sides would be 0, which intervals cannot decide
            slopes_differ)
        .at_most(
            "the difference quotient by X lies among the slopes of the segment",
            [](const Case& c) { return by_x(c, 1).distance; },
            [](const Case& c) { return by_x(c, 1).half_width; })
        .at_most(
            "the same by X, A1, A2, A3, Y together", [](const Case& c) { return by_all(c).distance; },
            [](const Case& c) { return by_all(c).half_width; })
        .twin(
            "literally without 1/d", [](const Case& c) { return by_x(c, d_of(c)).distance; },
            [](const Case& c) { return by_x(c, d_of(c)).half_width; })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
