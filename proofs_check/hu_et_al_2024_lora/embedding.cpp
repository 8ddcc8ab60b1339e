// The reduction of Theorem 4.1 (Appendix E), as matrices: an instance (A1, A2, A3, X, E) of the matrix loss
// with r columns becomes a LoRA loss with d > r columns,
//     X_Q = (d/r) [A1, 0], X_K = [A2, 0], X_V = [A3, 0], Y = [E, 0], W*_Q = 0, B_Q = [I; 0], A_Q = [X, 0],
//     W_K = W_V = I,
// whose gradient by A_Q is [dL/dX, 0]. Exact, over the rationals, with polynomial weights. Since scores are
// divided by the number of columns, d/r cannot be left out (twin); the norm of X_Q grows by it. At LoRA's
// usual start B_Q = 0 the gradient by A_Q is 0 whatever the data: the hardness is that of later steps.
#include "proofs_check/lora_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  MatrixLossInput in;
  Polynomial weight;
  long d = 0;
};
Json describe(const Case& c) {
  return {{"A1", json_matrix(c.in.a1)},
          {"A2", json_matrix(c.in.a2)},
          {"A3", json_matrix(c.in.a3)},
          {"X", json_matrix(c.in.x)},
          {"E", json_matrix(c.in.e)},
          {"d", c.d},
          {"coefficients", json_numbers(c.weight.coefficients)}};
}

bool denominators_do_not_vanish(const Case& c) {
  const MatrixLoss<Rational> in = loss_over<Rational>(c.in);
  for (const Rational& factor : {Rational(1), Rational(static_cast<long>(c.in.a1.cols()), c.d)}) {
    const Matrix<Rational> s = scores<Rational>(factor * product(in.a1, in.x), in.a2);
    for (Eigen::Index i = 0; i < s.rows(); ++i) {
      Rational sum = 0;
      for (Eigen::Index j = 0; j < s.cols(); ++j) sum += c.weight(s(i, j));
      if (sum == 0) return false;
    }
  }
  return true;
}
Case draw(Draw& d) {
  for (;;) {
    const long n = d.integer(1, 4), r = d.integer(1, 3);
    const Case c{{d.matrix(n, r, 1, 3), d.matrix(n, r, 1, 3), d.matrix(n, r, 2, 3), d.matrix(r, r, 1, 2),
                  Matrix<double>::Identity(r, r), d.matrix(n, r, 2, 3)},
                 near_taylor(d, 2 * d.integer(1, 2)),
                 r + d.integer(1, 3)};
    if (denominators_do_not_vanish(c)) return c;
  }
}

Matrix<Rational> padded(const Matrix<Rational>& m, Eigen::Index rows, Eigen::Index columns) {
  Matrix<Rational> wide = Matrix<Rational>::Constant(rows, columns, Rational(0));
  wide.topLeftCorner(m.rows(), m.cols()) = m;
  return wide;
}
/// |dL/dA_Q - [dL/dX, 0]| for queries scaled by `factor`.
Rational difference(const Case& c, const Rational& factor) {
  const MatrixLoss<Rational> in = loss_over<Rational>(c.in);
  const Eigen::Index n = in.a1.rows(), r = in.a1.cols(), d = c.d;
  const Matrix<Rational> identity = Matrix<Rational>::Identity(d, d), zero = 0 * identity;
  const Adapter<Rational> fixed{identity, zero.leftCols(1), zero.topRows(1), 1};
  const LoraLoss<Rational> lora{factor * padded(in.a1, n, d),
                                padded(in.a2, n, d),
                                padded(in.a3, n, d),
                                {zero, identity.leftCols(r), padded(in.x, r, d), 1},
                                fixed,
                                fixed,
                                padded(in.e, n, d)};
  const Matrix<Rational> got = lora_gradient(lora, c.weight).q.a,
                         expected = padded(loss_gradient(in, c.weight).x, r, d);
  return max_abs(Matrix<Rational>(got - expected));
}

const Registration embedding =
    claim("hu-et-al-2024-lora/embedding", "Theorem 4.1, the reduction of Appendix E", Standing::checked)
        .says(
            "with X_Q = (d/r)[A1, 0], B_Q = [I; 0], A_Q = [X, 0], W_K = W_V = I the gradient by A_Q is "
            "[dL/dX, 0] of the matrix loss",
            R"($\partial L_{\mathrm{LoRA}}/\partial A_Q = [\,dL/dX,\ 0\,]$ for $X^{(Q)} = \tfrac dr[A_1, 0]$, $B_Q=[I;0]$, $A_Q=[X,0]$)")
        .given(draw)
        .where("no row's weights sum to 0", denominators_do_not_vanish)
        .equal("the gradients, exactly",
               [](const Case& c) { return difference(c, Rational(c.d, static_cast<long>(c.in.a1.cols()))); })
        .twin_equal("without the factor d/r", [](const Case& c) { return difference(c, 1); })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
