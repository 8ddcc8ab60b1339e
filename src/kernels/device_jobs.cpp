#include "kernels/device_jobs.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/gradient_plan.hpp"

namespace attnbounds {
namespace {

std::vector<double> factors(const ScaledColumns& scale) {
  std::vector<double> product;
  for (std::size_t l = 0; l < scale.factor.size(); ++l) product.push_back(scale.factor[l] * scale.second[l]);
  return product;
}
cuda::Rowwise<double> rowwise(const Matrix<double>& m) { return {m.data(), m.rows(), m.cols()}; }

}  // namespace

DeviceTensorAttention::DeviceTensorAttention(const TensorAttentionInput& input, const TensorScores& scores)
    : first(value_scale(input.v1)), second(value_scale(input.v2)) {
  job.q = rowwise(input.q);
  job.k1 = rowwise(input.k1);
  job.k2 = rowwise(input.k2);
  job.v1 = rowwise(input.v1);
  job.v2 = rowwise(input.v2);
  job.query_scale = factors(scores.queries);
  job.key1_scale = factors(scores.keys1);
  job.key2_scale = factors(scores.keys2);
  job.down1 = first.down;
  job.down2 = second.down;
  job.up = first.up * second.up;
  job.centre = scores.interval.centre;
}
bool DeviceTensorAttention::scales_in_range() const {
  return std::isnormal(job.up) && std::all_of(job.query_scale.begin(), job.query_scale.end(),
                                              [](double x) { return std::isnormal(x); });
}

DeviceGradient::DeviceGradient(const GradientPlan& plan) {
  const long d = plan.d, width = static_cast<long>(plan.active.size());
  std::vector<double> a1, target;
  for (Eigen::Index i = 0; i < plan.n; ++i) {
    for (Eigen::Index a = 0; a < d; ++a)
      a1.push_back((*plan.input.a1)(i, a) * power_of_two(-plan.query_exponent));
    for (const double e : plan.target(i)) target.push_back(e);
  }
  kept_.reserve(3 + 3 * plan.sides.size());  // what is kept stays where it is
  job.x = keep(plan.queries(0, plan.n), width);
  job.a1 = keep(std::move(a1), d);
  job.target = keep(std::move(target), plan.columns);
  job.centre = plan.centre;
  job.score_divisor = d;
  for (const KeySide& side : plan.sides) {
    const std::vector<double> keys = side.scaled_keys(0, side.count);
    const auto variables = keep(side.variables_of(keys), width),
               values = keep(side.scaled_values(0, side.count), plan.columns);
    job.sides.push_back({variables, values, keep(keys, d)});
  }
}
cuda::Rowwise<double> DeviceGradient::keep(std::vector<double> rows, long columns) {
  kept_.push_back(std::move(rows));
  return {kept_.back().data(), static_cast<long>(kept_.back().size()) / columns, columns};
}

}  // namespace attnbounds
