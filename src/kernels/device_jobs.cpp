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

std::vector<double> times(const Matrix<double>& m, double factor) {
  std::vector<double> rows(m.data(), m.data() + m.size());
  for (double& x : rows) x *= factor;
  return rows;
}
std::vector<float> ones(Eigen::Index count) {
  return std::vector<float>(static_cast<std::size_t>(count), 1.0F);
}

}  // namespace

FloatAttention::FloatAttention(const AttentionInput& input, const ScoreRange<double>& range, Mask mask)
    : rounded(input, range, all_cores()) {
  job.q = {rounded.q.data(), rounded.q.rows(), rounded.q.cols()};
  job.k = {rounded.k.data(), rounded.k.rows(), rounded.k.cols()};
  job.v = {rounded.v.data(), rounded.v.rows(), rounded.v.cols()};
  job.scaling = {{}, ones(input.q.cols()), ones(input.q.cols())};
  job.mask = mask == Mask::causal ? cuda::Masking::causal : cuda::Masking::none;
}

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
FloatTensorAttention::FloatTensorAttention(const TensorAttentionInput& input, const TensorScores& scores,
                                           const ValueScale<double>& first,
                                           const ValueScale<double>& second) {
  const Eigen::Index d = input.q.cols();
  const auto scaled = [&](const Matrix<double>& m, const ScaledColumns& scale) {
    return keep(scaled_rows(m, scale, 0, m.rows()), d);
  };
  job.q = scaled(input.q, scores.queries);
  job.k1 = scaled(input.k1, scores.keys1);
  job.k2 = scaled(input.k2, scores.keys2);
  job.v1 = keep(times(input.v1, first.down), input.v1.cols());
  job.v2 = keep(times(input.v2, second.down), input.v2.cols());
  job.query_scale = job.key1_scale = job.key2_scale = ones(d);
  job.centre = scores.interval.centre;
}

template <class T>
DeviceGradient<T>::DeviceGradient(const GradientPlan& plan) {
  const long d = plan.d, width = static_cast<long>(plan.active.size());
  std::vector<double> target;
  for (Eigen::Index i = 0; i < plan.n; ++i)
    for (const double e : plan.target(i)) target.push_back(e);
  job.x = this->keep(plan.queries(0, plan.n), width);
  job.a1 = this->keep(times(*plan.input.a1, power_of_two(-plan.query_exponent)), d);
  job.target = targets_.keep(target, plan.columns);
  job.centre = plan.centre;
  job.score_divisor = d;
  for (const KeySide& side : plan.sides) {
    const std::vector<double> keys = side.scaled_keys(0, side.count);
    const auto variables = this->keep(side.variables_of(keys), width),
               values = this->keep(side.scaled_values(0, side.count), plan.columns);
    job.sides.push_back({variables, values, this->keep(keys, d)});
  }
}
template class DeviceGradient<double>;
template class DeviceGradient<float>;

}  // namespace attnbounds
