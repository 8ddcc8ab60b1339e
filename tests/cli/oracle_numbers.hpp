// Numbers and matrices of a certificate, read with the producer's types.
#pragma once

#include <algorithm>
#include <map>
#include <numeric>

#include "attention/attention.hpp"
#include "numeric/exact_text.hpp"
#include "proofs_check/claim.hpp"

namespace attnbounds::oracle {

/// Of a lemma on an instance.
struct Evaluated {
  bool hypotheses = true;
  std::map<std::string, Interval> quantities;
};
using Evaluation = Evaluated (*)(const Json&);

inline Rational number(const Json& text) { return rational_from_text(text.get<std::string>(), "number"); }
inline std::vector<Rational> numbers(const Json& list) {
  std::vector<Rational> result;
  for (const Json& x : list) result.push_back(number(x));
  return result;
}
inline Matrix<Rational> matrix(const Json& rows) {
  Matrix<Rational> m(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(rows.at(0).size()));
  for (Eigen::Index i = 0; i < m.rows(); ++i)
    for (Eigen::Index j = 0; j < m.cols(); ++j) m(i, j) = number(rows[i][j]);
  return m;
}
inline Matrix<Interval> intervals(const Json& rows) {
  return matrix(rows).unaryExpr([](const Rational& x) { return enclose(x); });
}

inline Rational mean(const std::vector<Rational>& weights, const std::vector<Rational>& x) {
  Rational sum = 0, total = 0;
  for (std::size_t j = 0; j < x.size(); ++j) sum += weights[j] * x[j], total += weights[j];
  return sum / total;
}
inline std::vector<Rational> times(std::vector<Rational> a, const std::vector<Rational>& b) {
  for (std::size_t j = 0; j < a.size(); ++j) a[j] *= b[j];
  return a;
}
inline Rational range(const std::vector<Rational>& x) {
  return *std::max_element(x.begin(), x.end()) - *std::min_element(x.begin(), x.end());
}

}  // namespace attnbounds::oracle
