#include "kernels/float_input.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

/// (m - centre) scale, a column each, rounded to float.
template <class Centre, class Scale>
Matrix<float> moved(const Matrix<double>& m, const Centre& centre, const Scale& scale) {
  Matrix<float> result(m.rows(), m.cols());
  for (Index i = 0; i < m.rows(); ++i)
    for (Index l = 0; l < m.cols(); ++l) result(i, l) = static_cast<float>((m(i, l) - centre(l)) * scale(l));
  return result;
}

}  // namespace

FloatInput::FloatInput(const AttentionInput& input, const ScoreRange<double>& of, ThreadCount threads)
    : values(value_scale(input.v, threads)) {
  const auto none = [](Index) { return 0.0; };
  const auto entry = [](const std::vector<double>& x) {
    return [&x](Index l) { return x[static_cast<std::size_t>(l)]; };
  };
  q = moved(input.q, none, entry(of.query_scale));
  k = moved(input.k, entry(of.centre), entry(of.key_scale));
  v = moved(input.v, none, [&](Index) { return values.down; });
  const std::size_t d = of.centre.size();
  range.centre.assign(d, 0);
  range.key_scale = range.query_scale = std::vector<float>(d, 1);
  range.rounded_before = 1;
  range.half_width = of.half_width;
  range.largest_query = of.largest_query;
  // q' and k' are off by 2^-150 each where they underflow.
  range.perturbation =
      of.perturbation + underflow_error<float>() * (of.largest_query + UpperBound::exactly(3));
}

BoundedOutput<double> FloatInput::in_units(const BoundedOutput<float>& scaled,
                                           UpperBound perturbation) const {
  BoundedOutput<double> result;
  result.output = scaled.output.cast<double>() * values.up;
  result.half_width = scaled.half_width;
  result.bound_approximation = perturbation * values.largest;
  // The kernel's bound is of the rounded values and at least 2^-24 of their largest, which may be below the
  // true one by a factor 1 - 2^-24; an entry that is subnormal is off by 2^-150, and the largest is at least
  // 2^-52.
  result.bound_rounding = values.largest.value() == 0
                              ? UpperBound()
                              : unscaled(values, scaled.bound_rounding * UpperBound::exactly(1 + 0x1p-22));
  if (!result.output.allFinite()) result.bound_rounding = UpperBound::infinite();
  result.bound = result.bound_approximation + result.bound_rounding;
  return result;
}

}  // namespace attnbounds
