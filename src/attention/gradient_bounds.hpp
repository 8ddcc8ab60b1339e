// Bounds on the error of gradients when softmax is perturbed, proved in docs/gradients.md. f is a row of
// softmax, f~ the row with weights off by factors whose largest-to-smallest ratio is rho: rho =
// (1+delta)/(1-delta) for |P - e^x| <= delta e^x, times e^{2 zeta} if scores move by at most zeta besides.
//   phi = 2 tanh(ln rho/4)        |f~ - f|_1 <= phi                                    (softmax lemma)
//   |Cov_f~(q, y) - Cov_f(q, y)| <= (phi/4) range(q) range(y)                          (Lemma C, sharp)
//   |J(f~) q - J(f) q|_1 <= (phi/2) range(q),  J(f) = diag(f) - f f^T                  (sharp)
//   |g~ - g|_ab <= (phi/4d) sum_i |A1_ia| range(A2_b) (sum_l |c_il| r_l + 1/2 sum_l r_l^2),  r_l = range(h_l)
//   |g~ - g|_max <= phi n (d_v/d) |A1| |A2| |h| (|c| + |h|)                            (Theorem G')
// The last two hold for the tensor loss with the n^2 pairs as keys: range(A2_u (x) A3_v), |A2| |A3|, h = V1
// (/) V2.
#pragma once

#include "attention/gradient.hpp"

namespace attnbounds {

/// ln rho = 2 artanh(delta) + 2 zeta, for 0 <= delta < 1.
Interval log_weight_ratio(const Interval& delta, const Interval& score_change = Interval(0));

/// phi = 2 tanh(ln rho/4), a bound on |f~ - f|_1.
Interval softmax_change(const Interval& log_ratio);

/// What the max-norm bounds are made of.
struct GradientSizes {
  Rational n, d, columns;  // rows of A1, columns of A1, columns of E
  Interval a1, a2;         // max|A1|, max|A2| (tensor: max|A2| max|A3|)
  Interval h, c, e;        // max|h|, max|c|, max|E|
};

/// theory.md section 4: (n/d) |A1| |A2| phi d |h| (3|c| + (2 + 3 phi) |h|), d columns.
Interval gradient_bound_plain(const GradientSizes& sizes, const Interval& phi);
/// Theorem G: n phi |A1| |A2| |h| (4|h| + 3|E|), d columns.
Interval gradient_bound_theorem_g(const GradientSizes& sizes, const Interval& phi);
/// Theorem G': n phi (d_v/d) |A1| |A2| |h| (|c| + |h|).
Interval gradient_bound(const GradientSizes& sizes, const Interval& phi);

/// max - min of a column over the rows, enclosed.
Interval column_range(const Matrix<Interval>& m, Eigen::Index column);

/// The bound entry by entry. |c_il| is bounded by the ends of h_l and E_il: no softmax is evaluated, cost
/// O((n + m) d d_v).
Matrix<Interval> gradient_entry_bounds(const MatrixLoss<Interval>& in, const Interval& phi);
Matrix<Interval> gradient_entry_bounds(const TensorLoss<Interval>& in, const Interval& phi);

}  // namespace attnbounds
