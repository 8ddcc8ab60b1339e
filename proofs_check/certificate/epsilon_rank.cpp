// From M = U S V^T in doubles. Upper: the least r for which the r leading terms are within epsilon of M in
// every entry, which intervals confirm. Lower: the largest r for which Weyl and Johnson
// (checker/epsilon_rank.cpp) confirm sigma_r > epsilon sqrt(n m) with the r leading singular vectors.
#include "proofs_check/certificate/certificate.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

Interval entry_distance(const Matrix<Interval>& m, const Matrix<double>& left, const Matrix<double>& right) {
  const Matrix<Interval> L = matrix_from<Interval>(left), R = matrix_from<Interval>(right);
  return max_abs(Matrix<Interval>(product<Interval>(L, R.transpose()) - m));
}

Interval largest_row(const Matrix<Interval>& m) {
  Interval largest = 0;
  for (Index i = 0; i < m.rows(); ++i) {
    Interval sum = 0;
    for (Index j = 0; j < m.cols(); ++j) sum += absolute_value(m(i, j));
    largest = maximum(largest, sum);
  }
  return largest;
}

bool singular_value_exceeds(const Matrix<Interval>& m, const Matrix<double>& left,
                            const Matrix<double>& right, const Interval& threshold) {
  const Matrix<Interval> L = matrix_from<Interval>(left), R = matrix_from<Interval>(right);
  const Matrix<Interval> B = product<Interval>(L.transpose(), product(m, R));
  const Interval norms = sqrt(largest_row(product<Interval>(L.transpose(), L))) *
                         sqrt(largest_row(product<Interval>(R.transpose(), R)));
  for (Index i = 0; i < B.rows(); ++i) {
    Interval least = absolute_value(B(i, i));
    for (Index j = 0; j < B.cols(); ++j)
      if (j != i) least -= (absolute_value(B(i, j)) + absolute_value(B(j, i))) / 2;
    if (!(lower(least) > upper(Interval(threshold * norms)))) return false;
  }
  return true;
}

}  // namespace

CertifiedRank certified_rank(const Matrix<double>& matrix, const Rational& epsilon) {
  const WorkingPrecision precision(Bits{128});
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(matrix, Eigen::ComputeThinU | Eigen::ComputeThinV);
  const Matrix<Interval> m = matrix_from<Interval>(matrix);
  const auto left = [&](Index r) { return Matrix<double>(svd.matrixU().leftCols(r)); };
  const auto right = [&](Index r) { return Matrix<double>(svd.matrixV().leftCols(r)); };
  const auto scaled = [&](Index r) {
    return Matrix<double>(left(r) * svd.singularValues().head(r).asDiagonal());
  };
  const Index most = std::min(matrix.rows(), matrix.cols());

  CertifiedRank result;
  while (result.upper < most &&
         !(upper(entry_distance(m, scaled(result.upper), right(result.upper))) < lower(enclose(epsilon))))
    ++result.upper;
  const Interval threshold = enclose(epsilon) * sqrt(Interval(static_cast<long>(matrix.size())));
  result.lower = 0;
  while (result.lower < result.upper &&
         singular_value_exceeds(m, left(result.lower + 1), right(result.lower + 1), threshold))
    ++result.lower;
  const auto side = [&](Index r, const Matrix<double>& l, const Matrix<double>& rr) {
    return r == 0 ? Json{{"rank", 0}, {"left", nullptr}, {"right", nullptr}}
                  : Json{{"rank", r}, {"left", json_matrix(l)}, {"right", json_matrix(rr)}};
  };
  const bool full = result.upper == most;  // M = M I, exactly
  Matrix<double> identity_left = matrix,
                 identity_right = Matrix<double>::Identity(matrix.cols(), matrix.cols());
  if (full && matrix.rows() < matrix.cols()) {
    identity_left = Matrix<double>::Identity(matrix.rows(), matrix.rows());
    identity_right = matrix.transpose();
  }
  result.certificate = {{"format", "attnbounds-certificate"},
                        {"version", 1},
                        {"kind", "epsilon-rank"},
                        {"matrix", {{"entries", json_matrix(matrix)}}},
                        {"epsilon", json_number(epsilon)},
                        {"upper", full ? side(most, identity_left, identity_right)
                                       : side(result.upper, scaled(result.upper), right(result.upper))},
                        {"lower", side(result.lower, left(result.lower), right(result.lower))}};
  return result;
}

}  // namespace attnbounds
