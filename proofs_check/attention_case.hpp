// Instances of attention with a polynomial in the place of exp, shared by the claims about the forward pass.
#pragma once

#include "attention/attention.hpp"
#include "polynomial/polynomial.hpp"
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {

inline Matrix<double> column(std::initializer_list<double> entries) {
  Matrix<double> m(static_cast<Eigen::Index>(entries.size()), 1);
  std::copy(entries.begin(), entries.end(), m.data());
  return m;
}

/// Exact scores, row by row; matrix attention: n x m, tensor attention: n x (m1 m2).
inline Matrix<Rational> scores(const Matrix<double>& q, const Matrix<double>& k) {
  const auto Q = matrix_from<Rational>(q), K = matrix_from<Rational>(k);
  Matrix<Rational> s(q.rows(), k.rows());
  for (Eigen::Index i = 0; i < s.rows(); ++i)
    for (Eigen::Index j = 0; j < s.cols(); ++j) s(i, j) = score(Q, i, K, j);
  return s;
}
inline Matrix<Rational> scores(const Matrix<double>& q, const Matrix<double>& k1, const Matrix<double>& k2) {
  const auto Q = matrix_from<Rational>(q), K1 = matrix_from<Rational>(k1), K2 = matrix_from<Rational>(k2);
  Matrix<Rational> s(q.rows(), k1.rows() * k2.rows());
  for (Eigen::Index i = 0; i < s.rows(); ++i)
    for (Eigen::Index j = 0; j < s.cols(); ++j)
      s(i, j) = tensor_score(Q, i, K1, j / k2.rows(), K2, j % k2.rows());
  return s;
}

/// max |P(s) e^{-s} - 1| over the scores: the delta of the instance, enclosed.
inline Interval relative_error_on(const Polynomial& p, const Matrix<Rational>& s) {
  Interval largest = 0;
  for (Eigen::Index i = 0; i < s.size(); ++i)
    largest =
        maximum(largest, absolute_value(enclose(p(s.data()[i])) * exp(enclose(Rational(-s.data()[i]))) - 1));
  return largest;
}

/// phi(delta) = 2 delta/(1 + sqrt(1 - delta^2))
inline Interval sharp_perturbation(const Interval& delta) {
  return 2 * delta / (1 + sqrt(1 - delta * delta));
}

/// c_0 + c_1 x + ... + x^g/g!, each coefficient off by a random part of itself, at most 1/16.
inline Polynomial near_taylor(Draw& d, long degree) {
  Polynomial p;
  Rational term = 1;
  for (long t = 0; t <= degree; term /= ++t) p.coefficients.push_back(term * (1 + d.dyadic(1, 8) / 16));
  return p;
}

/// The line through (s_1, e^{s_1}(1 + delta)), (s_2, e^{s_2}(1 - delta)), rounded to 100 bits, for the scores
/// s_1 = 0, s_2 = log((1+t)/(1-t)) rounded to a double, delta = 2t/(1+t^2): attains the perturbation lemma.
struct ExtremalTwoKeys {
  double second_score;
  Polynomial line;
};
inline ExtremalTwoKeys extremal_two_keys(const Rational& t) {
  const WorkingPrecision guard(Bits{100});
  const double s = nearest(midpoint(log_interval((1 + t) / (1 - t))));
  const Rational delta = 2 * t / (1 + t * t);
  const Rational end = to_rational(Real(exp(Real(s)) * approximate(1 - delta)));
  return {s, Polynomial{{1 + delta, (end - 1 - delta) / to_rational(s)}}};
}

}  // namespace attnbounds
