#include "kernels/gradient_rows.hpp"

#include "numeric/zoo.hpp"

namespace attnbounds {

RowStep row_step(const double* sums, const double* target, const ValueSizes& values, double theta_scale,
                 double functional_scale, double largest_weight, double order) {
  const long columns = static_cast<long>(values.size.size());
  constexpr double u = 0x1p-53;
  RowStep row{RowVector(columns, 0.0), RowVector(columns + 1, 0.0), {}, true};
  const double denominator = sums[columns], theta = theta_scale / denominator,
               functional = functional_scale / denominator;
  if (!(denominator > 0) || !std::isfinite(denominator) || !(theta < 0x1p-10) || !(functional < 0x1p-10)) {
    row.finite = false;
    return row;
  }
  const double of_c = 4 * theta + 2.1 * functional + static_cast<double>(3 * columns + 20) * u;
  double mean_c = 0, sum_errors = 0;
  for (long l = 0; l < columns; ++l) {
    const double mean = sums[l] / denominator, c = mean - target[l], size = values.size[l];
    row.c[l] = c;
    row.gamma[l] = c / denominator;
    mean_c += c * mean;
    const double error = 2 * theta * size + 2 * u * (size + std::fabs(c)), at_most = std::fabs(c) + error;
    sum_errors += error;
    row.errors.rounding +=
        size * (4 * theta * size + std::fabs(c) * of_c) + values.perturbation[l] * (size + at_most);
    row.errors.by_range += at_most * values.range[l];
  }
  row.gamma[columns] = bug(Bug::mean_of_the_row_dropped) ? 0 : -mean_c / denominator;
  row.errors.by_range += values.squared_ranges / 2;
  double square = 0;  // c^T Sigma c
  for (long l = 0; l < columns; ++l) {
    double sum = 0;
    for (long k = 0; k < columns; ++k) sum += values.sigma[l * columns + k] * row.c[k];
    square += sum * row.c[l];
    // rounding of this sum: below the slack that Sigma's diagonal has
  }
  const double omega = largest_weight / denominator * (1 + 0x1p-9), root = std::sqrt(omega);
  const double deviation =
      std::sqrt(square > 0 ? square : 0) + std::sqrt(values.largest_eigenvalue) * sum_errors;
  row.errors.by_variance = root * (order * root * deviation + omega * values.largest_eigenvalue);
  row.errors.rounding = row.errors.rounding * (1 + 0x1p-7) + 0x1p-500;
  row.finite = std::isfinite(row.errors.rounding) && std::isfinite(row.errors.by_variance) &&
               std::isfinite(row.gamma[columns]);
  return row;
}

}  // namespace attnbounds
