#include "kernels/gradient_guarantee.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/monomials.hpp"

namespace attnbounds {

using Index = Eigen::Index;

void ErrorSums::add(const RowStep& row, const double* weights, const ValueSizes& values) {
  double c = 0;
  for (size_t l = 0; l < row.c.size(); ++l) c += std::fabs(row.c[l]) * values.size[l];
  finite = finite && row.finite;
  for (const double gamma : row.gamma) largest_gamma = std::fmax(largest_gamma, std::fabs(gamma));
  for (size_t a = 0; a < rounding.size(); ++a) {
    const double weight = std::fabs(weights[a]);
    rounding[a] += weight * row.errors.rounding;
    by_range[a] += weight * row.errors.by_range;
    by_variance[a] += weight * row.errors.by_variance;
    size[a] += weight * c;
  }
}
void ErrorSums::add(const ErrorSums& other) {
  finite = finite && other.finite;
  largest_gamma = std::fmax(largest_gamma, other.largest_gamma);
  for (size_t a = 0; a < rounding.size(); ++a) {
    rounding[a] += other.rounding[a];
    by_range[a] += other.by_range[a];
    by_variance[a] += other.by_variance[a];
    size[a] += other.size[a];
  }
}

GradientGuarantee::GradientGuarantee(const GradientPlan& plan, const CertifiedPolynomial& polynomial,
                                     std::vector<ValueSums> sides, const TermErrors& terms)
    : plan_(plan), polynomial_(polynomial), sides_(std::move(sides)), values_(value_sizes(plan, sides_)) {
  const Degree degree = polynomial.polynomial.degree();
  rank_ = monomial_rank(static_cast<Index>(plan.active.size()), degree).convert_to<long>();
  const std::vector<double> coefficients = coefficients_in_doubles(polynomial.polynomial);
  const UpperBound pairs = UpperBound::exactly(plan.pairs) * UpperBound::exactly(1 + 0x1p-40);
  const UpperBound of_size = pairs * absolute_polynomial(coefficients, plan.size);
  const UpperBound underflow =
      terms.lost * pairs *
      power(UpperBound::exactly(4) * maximum(UpperBound::exactly(1), plan.query_norm), degree.value) *
      UpperBound::exactly(64 * static_cast<double>(degree.value + 1)) *
      (UpperBound::exactly(static_cast<double>(rank_)) +
       absolute_polynomial(coefficients, UpperBound::exactly(1)));
  underflow_ = underflow.value();
  theta_ = (terms.of_sums * of_size + underflow).value();
  functional_ = (terms.of_entries * of_size + underflow).value();
  const double delta = polynomial.error.value(), zeta = plan.perturbation.value();
  moved_ = (delta + zeta) * (1 + 0x1p-40);
  order_ = 2 + moved_ / (1 - moved_) * (1 + 0x1p-40);
  weight_ = plan.pairs * (1 + delta) * (1 + 4 * zeta) * (1 + 0x1p-30);
  proved_ = zeta < 0x1p-12 && moved_ < 0.5 && plan.n <= most_tokens &&
            std::all_of(plan.sides.begin(), plan.sides.end(),
                        [](const KeySide& side) { return side.count <= most_tokens; }) &&
            plan.half_width.value() < 300;
}

std::vector<double> GradientGuarantee::rows(Index first, const std::vector<double>& variables,
                                            const double* sums, ErrorSums& errors) const {
  const Index D = static_cast<Index>(plan_.active.size()), count = static_cast<Index>(variables.size()) / D,
              width = plan_.columns + 1, d = plan_.d;
  std::vector<double> largest(count), gammas(count * width), a1(d);
  for (Index i = 0; i < count; ++i) {
    double bound = 0;
    for (Index l = 0; l < D; ++l) bound += std::fabs(variables[i * D + l]) * plan_.weight[l];
    largest[i] = -std::fmin(std::fmin(bound * (1 + 0x1p-30), plan_.half_width.value()), 700.0);
  }
  cpu::exp_of_nonpositive(largest.data(), count);
  for (Index i = 0; i < count; ++i) {
    const RowVector target = plan_.target(first + i);
    const RowStep row =
        row_step(sums + i * width, target.data(), values_, theta_, functional_, weight_ / largest[i], order_);
    for (Index a = 0; a < d; ++a) a1[a] = (*plan_.input.a1)(first + i, a) * query_factor();
    errors.add(row, a1.data(), values_);
    std::copy(row.gamma.begin(), row.gamma.end(), gammas.begin() + i * width);
  }
  return gammas;
}

AttentionResult GradientGuarantee::result(const std::vector<double>& entries, const ErrorSums& errors) const {
  constexpr double u = 0x1p-53;
  AttentionResult result;
  result.method = AttentionMethod::polynomial;
  result.degree = polynomial_.polynomial.degree();
  result.rank = rank_;
  result.half_width = plan_.half_width;
  result.output.resize(plan_.d, plan_.keys);
  result.bound_rounding = UpperBound();
  const bool proved = errors.finite && proved_;
  const double phi = (perturbation_bound(polynomial_.error) + plan_.perturbation).value(),
               dimension = static_cast<double>(plan_.d);
  const double row_underflow = static_cast<double>(plan_.n) * underflow_ * (1 + errors.largest_gamma) *
                               static_cast<double>(4 * (plan_.columns + 1));
  for (Index b = 0; b < plan_.keys; ++b) {
    const KeyColumnSizes key = key_column_sizes(plan_, sides_, b);
    const int exponent = plan_.exponent_of(b);
    for (Index a = 0; a < plan_.d; ++a) {
      const double entry = entries[a * plan_.keys + b];
      result.output(a, b) = std::ldexp(entry, exponent);
      const double approximation = std::fmin(phi / 4 * key.range * errors.by_range[a],
                                             moved_ / (1 - moved_) * key.deviation * errors.by_variance[a]) /
                                   dimension;
      const double rounding =
          (errors.rounding[a] * key.size + row_underflow) / dimension + 2 * u * std::fabs(entry) + 0x1p-900;
      result.bound_approximation = maximum(
          result.bound_approximation, proved ? in_units(approximation, exponent) : UpperBound::infinite());
      result.bound_rounding =
          maximum(result.bound_rounding, proved ? in_units(rounding, exponent) : UpperBound::infinite());
    }
  }
  if (!result.output.allFinite()) result.bound_rounding = UpperBound::infinite();
  result.bound = result.bound_approximation + result.bound_rounding;
  return result;
}

}  // namespace attnbounds
