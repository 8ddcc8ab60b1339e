// Dense matrices over any scalar. Rows are tokens; storage is row by row, as in the npy files.
#pragma once

#include <Eigen/Dense>
#include <boost/multiprecision/eigen.hpp>

#include "numeric/scalars.hpp"

namespace attnbounds {

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

/// The matrix of doubles (taken as exact) over another scalar.
template <class Scalar>
Matrix<Scalar> matrix_from(const Matrix<double>& m) {
  return m.unaryExpr([](double x) { return scalar_from<Scalar>(to_rational(x)); });
}
template <>
inline Matrix<double> matrix_from<double>(const Matrix<double>& m) {
  return m;
}

/// ||M||_inf as in the papers: the largest absolute entry (not the induced norm); 0 for an empty matrix.
inline double max_abs(const Matrix<double>& m) { return m.size() == 0 ? 0.0 : m.cwiseAbs().maxCoeff(); }
inline Interval max_abs(const Matrix<Interval>& m) {
  Interval largest = 0;
  for (Eigen::Index i = 0; i < m.size(); ++i) largest = maximum(largest, absolute_value(m.data()[i]));
  return largest;
}
inline Rational max_abs(const Matrix<Rational>& m) {
  Rational largest = 0;
  for (Eigen::Index i = 0; i < m.size(); ++i)
    if (Rational a = abs(m.data()[i]); a > largest) largest = a;
  return largest;
}

}  // namespace attnbounds
