// Instances of the two losses with perturbed softmax weights, shared by the claims about gradients.
#pragma once

#include "attention/gradient_bounds.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {

/// e^s (1 + delta sigma_ij), sigma_ij in [-1, 1]: any weights of relative error at most delta.
struct PerturbedWeight {
  const Matrix<double>* sigma;
  Rational delta;
  Interval operator()(const Interval& s, Eigen::Index i, Eigen::Index j) const {
    return exp(s) * enclose(Rational(1 + delta * to_rational((*sigma)(i, j))));
  }
};

inline Interval phi_of(const Rational& delta) { return softmax_change(log_weight_ratio(enclose(delta))); }

/// The mean value theorem as a check of a gradient g of L along D: (L(x + tD) - L(x - tD))/2t = <g(y), D> at
/// a point y of the segment, so it lies in the interval that <g, D> has over the segment. Returns the
/// distance of the quotient from the middle of that interval; right, its half-width.
struct MeanValue {
  Interval distance, half_width;
};
inline MeanValue mean_value(const Interval& quotient, const Interval& slopes) {
  const Interval low = enclose(lower(slopes)), high = enclose(upper(slopes));
  return {absolute_value(quotient - (low + high) / 2), (high - low) / 2};
}

/// M + [-t, t] D.
inline Matrix<Interval> along(const Matrix<double>& m, const Matrix<double>& direction, const Interval& t) {
  Matrix<Interval> moved = matrix_from<Interval>(m);
  for (Eigen::Index i = 0; i < m.size(); ++i) moved.data()[i] += enclose(direction.data()[i]) * t;
  return moved;
}
inline Interval inner_product(const Matrix<Interval>& a, const Matrix<double>& b) {
  Interval sum = 0;
  for (Eigen::Index i = 0; i < a.size(); ++i) sum += a.data()[i] * enclose(b.data()[i]);
  return sum;
}

/// The instance over the scalars that the losses are pairs of.
struct PairView {
  Matrix<double> a1, k, h, e, q;  // rows of scores are q k^T/d, in double: for searching only
  Eigen::Index d;
};

/// Signs that move entry (a, b) of the gradient most, to first order: sigma_ij is the sign of
///   A1_ia ((q_ij - mean)(y_j - mean) - Cov + sum_l (h_jl - mean) Cov(h_l, y)),  y = column b of the keys.
inline Matrix<double> worst_signs(const PairView& in, Eigen::Index a, Eigen::Index b) {
  const Matrix<double> s = in.q * in.k.transpose() / static_cast<double>(in.d);
  const Matrix<double> f = softmax_rows(s), c = f * in.h - in.e, q = c * in.h.transpose();
  Matrix<double> sigma(f.rows(), f.cols());
  const Eigen::VectorXd y = in.k.col(b);
  for (Eigen::Index i = 0; i < f.rows(); ++i) {
    const Eigen::VectorXd fi = f.row(i), qi = q.row(i);
    const double y_mean = fi.dot(y), q_mean = fi.dot(qi);
    const double covariance = (fi.array() * (qi.array() - q_mean) * (y.array() - y_mean)).sum();
    for (Eigen::Index j = 0; j < f.cols(); ++j) {
      double slope = (qi(j) - q_mean) * (y(j) - y_mean) - covariance;
      for (Eigen::Index l = 0; l < in.h.cols(); ++l) {
        const Eigen::VectorXd hl = in.h.col(l);
        const double mean = fi.dot(hl);
        slope += (hl(j) - mean) * (fi.array() * (hl.array() - mean) * (y.array() - y_mean)).sum();
      }
      sigma(i, j) = slope * in.a1(i, a) < 0 ? -1 : 1;
    }
  }
  return sigma;
}

}  // namespace attnbounds
