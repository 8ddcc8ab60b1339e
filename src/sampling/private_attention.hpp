// Cross-attention that is differentially private in the pairs (k_j, v_j), by noisy moments: the finite form
// of arXiv 2407.14717 that docs/neighbours_sampling.md proves. For a polynomial P of degree g and the
// features of kernels/monomials.hpp, P(<q,k>/d) = sum_a w_a q^a k^a, the whole of (K, V) enters through
//     M_a0 = sum_j k_j^a,   M_ac = sum_j k_j^a v_jc   (c = 1 … outputs),
// and the answer to q is (sum_a w_a q^a M_ac) / (sum_a w_a q^a M_a0). M is published once, each entry plus
// Laplace noise of scale Delta/epsilon: epsilon-private by the Laplace mechanism, and so is every answer
// computed from it, adaptive queries included. Cost: n r (outputs + 1) once, r (outputs + 1) a query.
#pragma once

#include <cmath>

#include "kernels/monomials.hpp"
#include "numeric/random.hpp"

namespace attnbounds {

/// M, r x (1 + outputs).
template <class Scalar>
Matrix<Scalar> attention_moments(const MonomialTree& tree, const Matrix<Scalar>& k, const Matrix<Scalar>& v) {
  Matrix<Scalar> m = Matrix<Scalar>::Constant(tree.rank, 1 + v.cols(), scalar_from<Scalar>(0));
  for (Eigen::Index j = 0; j < k.rows(); ++j) {
    const std::vector<Scalar> feature =
        monomials(tree, std::vector<Scalar>(k.row(j).begin(), k.row(j).end()));
    for (Eigen::Index a = 0; a < tree.rank; ++a) {
      m(a, 0) += feature[a];
      for (Eigen::Index c = 0; c < v.cols(); ++c) m(a, 1 + c) += feature[a] * v(j, c);
    }
  }
  return m;
}

/// Delta: the most, in the sum of absolute entries, by which M changes when one pair is replaced by another,
/// entries of k within R and of v within R_w:
///     Delta = 2 sum_{1 <= |a| <= g} R^|a| + 2 outputs R_w sum_{|a| <= g} R^|a|,
/// for M_00 = n does not change.
inline Rational moment_sensitivity(const MonomialTree& tree, Eigen::Index outputs, const Rational& R,
                                   const Rational& R_w) {
  std::vector<Rational> power{1};
  for (long t = 1; t <= tree.degree.value; ++t) power.push_back(power.back() * R);
  Rational sum = 0;
  for (const long t : tree.degree_of) sum += power[t];
  return 2 * (sum - 1) + 2 * Rational(outputs) * R_w * sum;
}

/// A Laplace variable of scale 1: the difference of two exponential ones, (x^2 + y^2)/2 for normal x, y.
inline double laplace(Stream& stream) {
  double x = 0;
  for (const double sign : {0.5, 0.5, -0.5, -0.5}) {
    const double normal = stream.normal();
    x += sign * normal * normal;
  }
  return x;
}

/// Chan, Shi, Song 2011: independent Laplace variables of scales b_i satisfy, L = log(2/p),
///     |sum_i X_i| <= sqrt(8 L) max(|b|_2, sqrt(L) max_i b_i)   with probability at least 1 - p.
inline double laplace_sum_bound(const std::vector<double>& scales, double p) {
  double squares = 0, largest = 0;
  for (const double b : scales) {
    squares += b * b;
    largest = std::fmax(largest, std::fabs(b));
  }
  const double L = std::log(2 / p);
  return std::sqrt(8 * L) * std::fmax(std::sqrt(squares), std::sqrt(L) * largest);
}

}  // namespace attnbounds
