// Training (Definition 4.1, Theorem 4.1): L0 = 1/2 |W_A vec(Att - Y)|^2 with the decoder W_A = R^T applied to
// each output row here (d x d blocks; tokens are rows). Its gradient by W is that of the matrix loss with the
// residual c multiplied by the Gram matrix M = R^T R:
//     dL0/dW = A1^T p A2/d,   p = f o q - diag((f o q) 1) f,   q = (f h - Y) M h^T,
// the matrix loss's own where R is orthonormal (twin: M = I for every R, as (S3) and (O3) would have it). By
// the mean value theorem in intervals.
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  MatrixLossInput in;
  Matrix<double> decoder, direction;
};
Json describe(const Case& c) {
  return {{"A1", json_matrix(c.in.a1)},
          {"A2", json_matrix(c.in.a2)},
          {"h", json_matrix(c.in.a3)},
          {"W", json_matrix(c.in.x)},
          {"Y", json_matrix(c.in.e)},
          {"R", json_matrix(c.decoder)},
          {"direction", json_matrix(c.direction)}};
}
const Rational step(1, 1L << 16);
Interval segment() { return hull(enclose(Rational(-step)), enclose(step)); }
MatrixLoss<Interval> at(const Case& c, const Interval& t) {
  MatrixLoss<Interval> moved = loss_over<Interval>(c.in);
  moved.x = along(c.in.x, c.direction, t);
  return moved;
}
Interval decoded_loss(const Case& c, const Interval& t) {
  const MatrixLoss<Interval> in = at(c, t);
  const Matrix<Interval> residual = attention(product(in.a1, in.x), in.a2, in.a3) - in.e;
  const Matrix<Interval> decoded = product<Interval>(residual, matrix_from<Interval>(c.decoder).transpose());
  return half_squared_distance<Interval>(
      decoded, Matrix<Interval>::Constant(decoded.rows(), decoded.cols(), Interval(0)));
}
Interval quotient(const Case& c) {
  const Interval t = enclose(step);
  return (decoded_loss(c, t) - decoded_loss(c, -t)) / (2 * t);
}
enum class Metric { gram, identity };
Interval slopes(const Case& c, Metric metric) {
  const MatrixLoss<Interval> in = at(c, segment());
  const Matrix<Interval> q = product(in.a1, in.x), r = matrix_from<Interval>(c.decoder);
  Matrix<Interval> upstream = attention(q, in.a2, in.a3) - in.e;
  if (metric == Metric::gram) upstream = product(upstream, product<Interval>(r.transpose(), r));
  const Matrix<Interval> of_w =
      product<Interval>(in.a1.transpose(), attention_gradient(q, in.a2, in.a3, upstream).q);
  return inner_product(of_w, c.direction);
}
bool slopes_differ(const Case& c) { return width(slopes(c, Metric::gram)) > 0; }
Case draw(Draw& d) {
  for (;;) {
    const long n = d.integer(1, 3), m = d.integer(2, 4), w = d.integer(1, 3);
    const Case c{{d.matrix(n, w, 1), d.matrix(m, w, 1), d.matrix(m, w, 1), d.matrix(w, w, 1),
                  Matrix<double>::Identity(w, w), d.matrix(n, w, 1)},
                 d.matrix(w + d.integer(0, 2), w, 2),
                 d.matrix(w, w, 1)};
    if (slopes_differ(c)) return c;
  }
}

const Registration gradient =
    claim("hu-et-al-2024-dit/gradient", "Definition 4.1, Theorem 4.1, observation (O3), explicitly",
          Standing::checked)
        .says(
            "the gradient of 1/2 |R (Att - Y)|^2 is the matrix loss's with q = (f h - Y) R^T R h^T",
            R"($\frac{\partial}{\partial W}\tfrac12\|(\mathrm{Att}-Y)R^\top\|_F^2=\tfrac1d A_1^\top p A_2$ with $q=(fh-Y)R^\top R\,h^\top$)")
        .given(draw)
        .where("the slopes differ on the segment", slopes_differ)
        .at_most(
            "the difference quotient lies among the slopes of the segment",
            [](const Case& c) { return mean_value(quotient(c), slopes(c, Metric::gram)).distance; },
            [](const Case& c) { return mean_value(quotient(c), slopes(c, Metric::gram)).half_width; })
        .twin(
            "R^T R left out",
            [](const Case& c) { return mean_value(quotient(c), slopes(c, Metric::identity)).distance; },
            [](const Case& c) { return mean_value(quotient(c), slopes(c, Metric::identity)).half_width; })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
