// What is proved of dL/dX by monomial features, whoever computed it (docs/kernels_tensor_gradient.md, section
// 2): given the sums N_i, D_i of the rows that were used and bounds on what rounding does to a term, the
// errors that each row adds, and the bound of each entry.
#pragma once

#include "kernels/gradient_plan.hpp"

namespace attnbounds {

/// Sums of row errors, weighted by |A1_ia|.
struct ErrorSums {
  std::vector<double> rounding, by_range, by_variance, size;
  double largest_gamma = 0;
  bool finite = true;
  explicit ErrorSums(Eigen::Index d = 0)
      : rounding(d, 0.0), by_range(d, 0.0), by_variance(d, 0.0), size(d, 0.0) {}
  void add(const RowStep& row, const double* weights, const ValueSizes& values);
  void add(const ErrorSums& other);
};

/// Relative errors of a term of N and D, and of one of the gradient's sums on the way of gamma; the largest
/// error of an operation that underflows.
struct TermErrors {
  UpperBound of_sums, of_entries, lost;
};

class GradientGuarantee {
 public:
  /// `sides`: sums over all keys of each side.
  GradientGuarantee(const GradientPlan& plan, const CertifiedPolynomial& polynomial,
                    std::vector<ValueSums> sides, const TermErrors& terms);
  /// gamma of the rows from `first` on, d_v + 1 numbers each, from their variables and sums; their errors are
  /// added up.
  std::vector<double> rows(Eigen::Index first, const std::vector<double>& variables, const double* sums,
                           ErrorSums& errors) const;
  /// dL/dX from its scaled entries, [a * keys + b], with its bound.
  AttentionResult result(const std::vector<double>& entries, const ErrorSums& errors) const;
  /// |A1_ia| is at most 1 in the units of these errors.
  double query_factor() const { return power_of_two(-plan_.query_exponent); }

 private:
  const GradientPlan& plan_;
  const CertifiedPolynomial& polynomial_;
  std::vector<ValueSums> sides_;
  ValueSizes values_;
  long rank_;
  double theta_, functional_, underflow_, moved_, order_, weight_;
  bool proved_;
};

}  // namespace attnbounds
