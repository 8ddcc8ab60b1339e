// LoRA's gradients in closed form (Lemmas 3.1, 3.2 and D.4), for Q, K and V at once:
//     dL/dA = s B^T dL/dW,   dL/dB = s dL/dW A^T,   dL/dW_Q = X_Q^T p K/d, dL/dW_K = X_K^T p^T Q/d,
//     dL/dW_V = (f X_V)^T (Att - Y).
// Checked by the mean value theorem in intervals along a direction in all six factors. Twin: the proof sketch
// of Theorem 3.1 prints dL/dB_Q = (C1)^T p A_Q C2, with A_Q between p and C2. Its shapes fit only where L = d
// = r; there it is another matrix.
#include "proofs_check/lora_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  LoraLossInput in, direction;
};
Json describe(const Case& c) { return {{"loss", json_of(c.in)}, {"direction", json_of(c.direction)}}; }

const Rational step(1, 1L << 16);
Interval segment() { return hull(enclose(Rational(-step)), enclose(step)); }
LoraLoss<Interval> at(const Case& c, const Interval& t) {
  LoraLoss<Interval> moved = loss_over<Interval>(c.in);
  const auto move = [&](Adapter<Interval>& w, const Adapter<double>& base, const Adapter<double>& direction) {
    w.b = along(base.b, direction.b, t);
    w.a = along(base.a, direction.a, t);
  };
  move(moved.q, c.in.q, c.direction.q);
  move(moved.k, c.in.k, c.direction.k);
  move(moved.v, c.in.v, c.direction.v);
  return moved;
}
Interval quotient(const Case& c) {
  const Interval t = enclose(step);
  return (loss(at(c, t)) - loss(at(c, -t))) / (2 * t);
}
Interval slopes(const Case& c) {
  const LoraGradient<Interval> g = lora_gradient(at(c, segment()));
  const LoraLossInput& to = c.direction;
  return inner_product(g.q.b, to.q.b) + inner_product(g.q.a, to.q.a) + inner_product(g.k.b, to.k.b) +
         inner_product(g.k.a, to.k.a) + inner_product(g.v.b, to.v.b) + inner_product(g.v.a, to.v.a);
}
/// With dL/dB_Q as printed, where n = m = d = r; all other directions count as they should.
Interval printed_slopes(const Case& c) {
  const LoraLoss<Interval> in = at(c, segment());
  if (in.x_q.rows() != in.x_q.cols() || in.x_k.rows() != in.x_k.cols() || in.q.b.cols() != in.x_q.cols())
    return slopes(c);
  const HeadMatrices<Interval> head = head_of(in);
  const Matrix<Interval> f = softmax_rows(scores(head.q, head.k));
  const Matrix<Interval> residual = product(f, head.v) - in.y;
  const Matrix<Interval> p = softmax_pullback<Interval>(f, product<Interval>(residual, head.v.transpose())) /
                             Interval(static_cast<long>(in.x_q.cols()));
  const Matrix<Interval> x = in.x_q.transpose(),
                         printed = enclose(in.q.scale) * product(product(x, product(p, in.q.a)), head.k);
  const Matrix<Interval> right = lora_gradient(in).q.b;
  return slopes(c) + inner_product(Matrix<Interval>(printed - right), c.direction.q.b);
}
bool slopes_differ(const Case& c) { return width(slopes(c)) > 0; }
Case draw(Draw& d) {
  for (;;) {
    LoraShape shape = drawn_shape(d);
    if (d.index % 4 == 0) shape = {2, 2, 2, 2};
    if (const Case c{drawn_lora(d, shape), drawn_lora(d, shape)}; slopes_differ(c)) return c;
  }
}

const Registration closed_form =
    claim("hu-et-al-2024-lora/closed-form",
          "Lemmas 3.1, 3.2, D.4 (full adaptation), with the factor 1/d that the temperature 1 leaves out",
          Standing::checked)
        .says(
            "dL/dA = s B^T dL/dW and dL/dB = s dL/dW A^T, dL/dW_Q = X_Q^T p K/d, dL/dW_K = X_K^T p^T Q/d, "
            "dL/dW_V = (f X_V)^T (Att - Y)",
            R"($\frac{\partial L}{\partial A}=\frac{\alpha}{r}B^\top\frac{\partial L}{\partial W}$, $\frac{\partial L}{\partial B}=\frac{\alpha}{r}\frac{\partial L}{\partial W}A^\top$ for $W_Q, W_K, W_V$)")
        .given(draw)
        .where("the slopes differ on the segment", slopes_differ)
        .at_most(
            "the difference quotient in all six factors lies among the slopes of the segment",
            [](const Case& c) { return mean_value(quotient(c), slopes(c)).distance; },
            [](const Case& c) { return mean_value(quotient(c), slopes(c)).half_width; })
        .twin(
            "dL/dB_Q = (C1)^T p A_Q C2 as printed, where its shapes fit",
            [](const Case& c) { return mean_value(quotient(c), printed_slopes(c)).distance; },
            [](const Case& c) { return mean_value(quotient(c), printed_slopes(c)).half_width; })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
