// The error of the chain f~ -> c~ -> q~ -> p~ -> gradients (Lemmas 3.3 to 3.7, D.5 to D.9), explicitly
// (Theorem L of docs/neighbours.md). If every softmax weight has relative error at most delta, phi =
// 2 (1 - sqrt(1 - delta^2))/delta, then each of the four gradients by Q's and K's adapters is a form
// L^T p R/d and entry by entry
//     |(L^T (p~ - p) R/d)_ab| <= (phi/4d) sum_i |L_ia| range(R_b) (sum_l |c_il| range(h_l) + 1/2
//     range(h_l)^2),
// with (L, R) = s (X_Q, K A_Q^T), s (X_Q B_Q, K), s (Q A_K^T, X_K), s (Q, X_K B_K); and by V's, forms
// (f L)^T (f h - Y) R,
//     |error_ab| <= sum_i phi/2 range(L_a) (sum_l |c~_il R_lb|) + |(f L)_ia| phi/2 range((h R)_b).
// The paper says "at most epsilon/poly(L)". Constants attained by Theorem G's extremal instance.
#include "proofs_check/lora_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  LoraLossInput in;
  Matrix<double> sigma;
  Rational delta;
};
Json describe(const Case& c) {
  return {{"loss", json_of(c.in)}, {"sigma", json_matrix(c.sigma)}, {"delta", json_number(c.delta)}};
}

Case draw(Draw& d) {
  Case c;
  c.delta = Rational(1, 1L << d.integer(1, 12));
  if (d.index < 2) {  // d = r = 1, W_Q = 0: keys, values and signs with product 1, Y far away
    const Matrix<double> one = Matrix<double>::Ones(1, 1);
    const Adapter<double> identity{Matrix<double>::Zero(1, 1), one, one, 1}, none{-one, one, one, 1};
    c.in = {one, column({1, 1, -1, -1}), column({1, -1, 1, -1}), none, identity, identity, 1024 * one};
    c.sigma = column({1, -1, -1, 1}).transpose();
    c.delta = Rational(1, 64);
    return c;
  }
  const LoraShape shape = drawn_shape(d);
  c.in = drawn_lora(d, shape);
  c.sigma = d.matrix(shape.n, shape.m, 1);
  if (d.integer(0, 3) != 0) {
    const HeadMatrices<double> head = head_of(loss_over<double>(c.in));
    c.sigma = worst_signs({c.in.x_q * c.in.q.b, head.k, head.v, c.in.y, head.q, shape.d},
                          d.integer(0, shape.r - 1), d.integer(0, shape.d - 1));
  }
  return c;
}

struct Evaluated {
  LoraLoss<Interval> in;
  HeadMatrices<Interval> head;
  Matrix<Interval> f, moved, c, c_moved;
};
Evaluated evaluated(const Case& c) {
  Evaluated e{loss_over<Interval>(c.in), {}, {}, {}, {}, {}};
  e.head = head_of(e.in);
  const Matrix<Interval> s = scores(e.head.q, e.head.k);
  e.f = softmax_rows(s);
  e.moved = softmax_rows(s, Mask::none, PerturbedWeight{&c.sigma, c.delta});
  e.c = product(e.f, e.head.v) - e.in.y;
  e.c_moved = product(e.moved, e.head.v) - e.in.y;
  return e;
}
/// Both sides of all entries of one gradient, as the largest quotient error/bound (1 where both are 0).
Interval largest_quotient(const Matrix<Interval>& error, const Matrix<Interval>& bound) {
  Interval largest = 0;
  for (Eigen::Index i = 0; i < error.size(); ++i)
    if (lower(bound.data()[i]) > 0)
      largest = maximum(largest, absolute_value(error.data()[i]) / bound.data()[i]);
  return largest;
}
Matrix<Interval> transposed(const Matrix<Interval>& m) { return m.transpose(); }

Interval score_forms(const Case& c, const Evaluated& e) {
  const Interval d = static_cast<long>(c.in.x_q.cols()), phi = phi_of(c.delta);
  const auto pulled = [&](const Matrix<Interval>& f, const Matrix<Interval>& residual) {
    return softmax_pullback<Interval>(f, product<Interval>(residual, e.head.v.transpose()));
  };
  const Matrix<Interval> change = pulled(e.moved, e.c_moved) - pulled(e.f, e.c);
  const auto of_form = [&](const Rational& scale, const Matrix<Interval>& left,
                           const Matrix<Interval>& right) {
    const Interval s = enclose(scale) / d;
    const Matrix<Interval> error = s * product(transposed(left), product(change, right));
    Matrix<Interval> bound(left.cols(), right.cols());
    for (Eigen::Index a = 0; a < bound.rows(); ++a) {
      Interval sum = 0;
      for (Eigen::Index i = 0; i < left.rows(); ++i) {
        Interval row = 0;
        for (Eigen::Index l = 0; l < e.head.v.cols(); ++l) {
          const Interval range = column_range(e.head.v, l);
          row += absolute_value(e.c(i, l)) * range + range * range / 2;
        }
        sum += absolute_value(left(i, a)) * row;
      }
      for (Eigen::Index b = 0; b < bound.cols(); ++b)
        bound(a, b) = s * phi / 4 * sum * column_range(right, b);
    }
    return largest_quotient(error, bound);
  };
  const LoraLoss<Interval>& in = e.in;
  return maximum(maximum(of_form(c.in.q.scale, in.x_q, product(e.head.k, transposed(in.q.a))),
                         of_form(c.in.q.scale, product(in.x_q, in.q.b), e.head.k)),
                 maximum(of_form(c.in.k.scale, product(e.head.q, transposed(in.k.a)), in.x_k),
                         of_form(c.in.k.scale, e.head.q, product(in.x_k, in.k.b))));
}
Interval value_forms(const Case& c, const Evaluated& e) {
  const Interval half = phi_of(c.delta) / 2;
  const auto of_form = [&](const Matrix<Interval>& left, const Matrix<Interval>& right) {
    const Interval s = enclose(c.in.v.scale);
    const auto form = [&](const Matrix<Interval>& f, const Matrix<Interval>& residual) {
      return Matrix<Interval>(s * product(transposed(product(f, left)), product(residual, right)));
    };
    const Matrix<Interval> error = form(e.moved, e.c_moved) - form(e.f, e.c), averaged = product(e.f, left),
                           along_right = product(e.c_moved, right), values = product(e.head.v, right);
    Matrix<Interval> bound(left.cols(), right.cols());
    for (Eigen::Index a = 0; a < bound.rows(); ++a)
      for (Eigen::Index b = 0; b < bound.cols(); ++b) {
        bound(a, b) = 0;
        for (Eigen::Index i = 0; i < averaged.rows(); ++i)
          bound(a, b) += s * half *
                         (column_range(left, a) * absolute_value(along_right(i, b)) +
                          absolute_value(averaged(i, a)) * column_range(values, b));
      }
    return largest_quotient(error, bound);
  };
  const Matrix<Interval> identity =
      matrix_from<Interval>(Matrix<double>::Identity(c.in.x_q.cols(), c.in.x_q.cols()));
  return maximum(of_form(e.in.x_v, transposed(e.in.v.a)), of_form(product(e.in.x_v, e.in.v.b), identity));
}
Interval scores_quotient(const Case& c) { return score_forms(c, evaluated(c)); }
Interval values_quotient(const Case& c) { return value_forms(c, evaluated(c)); }
Interval one(const Case&) { return 1; }

const Registration chained_error =
    claim("hu-et-al-2024-lora/chained-error", "Lemmas 3.3 to 3.7 and D.5 to D.9, constants ours (Theorem L)",
          Standing::checked)
        .says(
            "weights of relative error delta change each entry of the six adapters' gradients by at most the "
            "bounds of Theorem L",
            R"($|L^\top(\tilde p-p)R/d|_{ab} \le \tfrac{\varphi}{4d}\sum_i|L_{ia}|\,\mathrm{range}(R_b)\sum_l(|c_{il}|\,\mathrm{range}(h_l)+\tfrac12\mathrm{range}(h_l)^2)$ for the adapters of $W_Q, W_K$; the like for $W_V$)")
        .given(draw)
        .at_most("adapters of W_Q and W_K, the largest entry over its bound", scores_quotient, one)
        .at_most("adapters of W_V, the largest entry over its bound", values_quotient, one)
        .finds("Q and K", "largest error over its bound", Extreme::largest, scores_quotient)
        .finds("V", "largest error over its bound", Extreme::largest, values_quotient)
        .twin("99 hundredths of the bound", scores_quotient,
              [](const Case&) { return enclose(Rational(99, 100)); })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
