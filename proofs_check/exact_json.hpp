// Exact numbers and matrices in the JSON of instances, and the steps by which failing instances shrink.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "numeric/exact_text.hpp"
#include "numeric/matrix.hpp"

namespace attnbounds {

inline std::string json_number(const Rational& x) { return exact_text(x); }
inline std::string json_number(double x) { return exact_text(x); }

inline nlohmann::ordered_json json_numbers(const std::vector<Rational>& numbers) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Rational& x : numbers) list.push_back(json_number(x));
  return list;
}

template <class Scalar>
nlohmann::ordered_json json_matrix(const Matrix<Scalar>& m) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    rows.push_back(nlohmann::ordered_json::array());
    for (Eigen::Index j = 0; j < m.cols(); ++j) rows.back().push_back(json_number(m(i, j)));
  }
  return rows;
}

template <class Derived>
auto without_row(const Eigen::MatrixBase<Derived>& m, Eigen::Index row) {
  Matrix<typename Derived::Scalar> r(m.rows() - 1, m.cols());
  r << m.topRows(row), m.bottomRows(m.rows() - row - 1);
  return r;
}
template <class Derived>
auto without_column(const Eigen::MatrixBase<Derived>& m, Eigen::Index column) {
  Matrix<typename Derived::Scalar> r(m.rows(), m.cols() - 1);
  r << m.leftCols(column), m.rightCols(m.cols() - column - 1);
  return r;
}

/// Matrices with one entry shorter: set to 0, or rounded towards 0 to an integer.
inline std::vector<Matrix<double>> with_a_shorter_entry(const Matrix<double>& m) {
  std::vector<Matrix<double>> results;
  for (Eigen::Index i = 0; i < m.size(); ++i)
    for (double shorter : {0.0, std::trunc(m.data()[i])})
      if (m.data()[i] != shorter && std::abs(shorter) <= std::abs(m.data()[i])) {
        results.push_back(m);
        results.back().data()[i] = shorter;
      }
  return results;
}

}  // namespace attnbounds
