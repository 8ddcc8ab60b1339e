#include "kernels/device_attention.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cuda/bounds.hpp"
#include "kernels/device_jobs.hpp"
#include "kernels/score_range.hpp"
#include "numeric/stopwatch.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

cuda::Where where(Device device) {
  return device == Device::cuda ? cuda::Where::device : cuda::Where::emulated;
}
cuda::Masking masking(Mask mask) {
  return mask == Mask::causal ? cuda::Masking::causal : cuda::Masking::none;
}

template <class T>
cuda::Rowwise<T> rowwise(const Matrix<T>& m) {
  return {m.data(), m.rows(), m.cols()};
}

template <class T>
Matrix<T> matrix_of(const std::vector<T>& entries, Index rows, Index columns) {
  Matrix<T> m(rows, columns);
  std::copy(entries.begin(), entries.end(), m.data());
  return m;
}

UpperBound upper_bound(double x) { return x < INFINITY ? UpperBound::exactly(x) : UpperBound::infinite(); }

template <class T>
cuda::AttentionJob<T> job_of(const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                             const ScoreRange<T>& range, const ValueScale<T>& values, Mask mask) {
  return {rowwise(q),  rowwise(k), rowwise(v),   {range.centre, range.key_scale, range.query_scale},
          values.down, values.up,  masking(mask)};
}
template <class T>
cuda::ScoreFacts facts_of(const ScoreRange<T>& range) {
  return {range.half_width.value(), range.perturbation.value(), range.largest_query.value()};
}
template <class T>
cuda::ValueFacts facts_of(const ValueScale<T>& values) {
  return {values.largest.value(), values.scaled.value(), static_cast<double>(values.up)};
}
template <class T>
BoundedOutput<T> bounded(const cuda::Attended<T>& result, const cuda::Bound& bound,
                         const ScoreRange<T>& range, Index rows, Index columns) {
  BoundedOutput<T> output;
  output.output = matrix_of(result.output, rows, columns);
  output.half_width = range.half_width;
  output.bound_approximation = upper_bound(bound.approximation);
  output.bound_rounding = upper_bound(bound.rounding);
  output.bound = output.bound_approximation + output.bound_rounding;
  return output;
}

/// Where monomial a of the tree stands in the device's arrays.
std::vector<long> places_of_tree(const Monomials& monomials, const cuda::SplitMonomials& split) {
  const auto places = cuda::places_of(split);
  const Index d = monomials.tree.dimension;
  std::vector<long> place(static_cast<std::size_t>(monomials.tree.rank));
  for (Index a = 0; a < monomials.tree.rank; ++a) {
    std::vector<int> exponent;
    for (Index l = 0; l < d; ++l)
      exponent.push_back(static_cast<int>(monomials.exponent[static_cast<std::size_t>(a * d + l)]));
    place[static_cast<std::size_t>(a)] = places.at(exponent);
  }
  return place;
}
cuda::SplitMonomials split_of(const Monomials& monomials) {
  return cuda::split_monomials(static_cast<int>(monomials.tree.dimension),
                               static_cast<int>(monomials.tree.degree.value));
}
void require_few(const cuda::TermRoundings& roundings, long most) {
  if (roundings.narrow + roundings.wide > most)
    throw std::length_error("too many monomials or tokens for the device's rounding bound");
}

}  // namespace

template <class T>
BoundedOutput<T> exact_attention_on(Device device, const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                                    const ScoreRange<T>& range, Mask mask) {
  const ValueScale<T> values = value_scale(v);
  if (!(range.half_width.value() <= cuda::most_score<T>)) {
    BoundedOutput<T> nothing;
    nothing.output = Matrix<T>::Zero(q.rows(), v.cols());
    nothing.half_width = range.half_width;
    return nothing;
  }
  const auto result = cuda::exact_attention(where(device), job_of(q, k, v, range, values, mask));
  return bounded(
      result, cuda::exact_bound(result, facts_of(range), facts_of(values), q.cols(), k.rows(), masking(mask)),
      range, q.rows(), v.cols());
}

template <class T>
BoundedOutput<T> polynomial_attention_on(Device device, const Matrix<T>& q, const Matrix<T>& k,
                                         const Matrix<T>& v, const ScoreRange<T>& range,
                                         const CertifiedPolynomial& polynomial, Mask mask) {
  if (polynomial.kind != ErrorKind::relative || !(range.half_width <= polynomial.half_width))
    throw std::domain_error("polynomial attention: a relative approximation on the whole score interval");
  const ValueScale<T> values = value_scale(v);
  const cuda::CertifiedCoefficients certified{coefficients_in_doubles(polynomial.polynomial),
                                              round_down(polynomial.half_width), polynomial.error.value()};
  const auto result =
      cuda::polynomial_attention(where(device), job_of(q, k, v, range, values, mask), certified.coefficients);
  return bounded(result,
                 cuda::polynomial_bound(result, certified, facts_of(range), facts_of(values), q.cols(),
                                        k.rows(), masking(mask)),
                 range, q.rows(), v.cols());
}

namespace {

void require_fits(const CertifiedPolynomial& polynomial, UpperBound half_width) {
  if (polynomial.kind != ErrorKind::relative || !(half_width <= polynomial.half_width))
    throw std::domain_error("attention: a relative approximation on the whole score interval");
}

/// What comes down in float, in units of scaled values, as doubles in the units of the output.
struct ScaledBack {
  Matrix<double> output;
  UpperBound rounding;
};
ScaledBack scaled_back(const std::vector<float>& output, Index rows, Index columns, double rounding,
                       double up1, double up2) {
  const Matrix<double> scaled = matrix_of(output, rows, columns).cast<double>();
  const UpperBound lost = underflow_error();
  return {scaled * up1 * up2,
          (upper_bound(rounding) * UpperBound::exactly(up1) + lost) * UpperBound::exactly(up2) + lost};
}

/// Of scores whose factors were rounded to float: q', k' (k1, k2) at most 2^-150 each where they underflow.
double moved_by_float(UpperBound perturbation, UpperBound largest_query) {
  return (perturbation + underflow_error<float>() *
                             (maximum(largest_query, UpperBound::exactly(1)) + UpperBound::exactly(3)))
      .value();
}

template <class T>
cuda::Attended<T> with_entries_rounded(cuda::Attended<T> result, long entries_of_a_term) {
  result.roundings.narrow += entries_of_a_term * roundings_of_entries<T>;
  return result;
}

/// docs/kernels_tensor_gradient.md, section 1, with the roundings that were counted: of N_i/D_i in units of
/// the scaled values.
template <class T>
UpperBound tensor_rounding(const cuda::Attended<T>& attended, const TensorScores& scores,
                           const std::vector<double>& coefficients, UpperBound pairs, long rank,
                           UpperBound scaled) {
  const long g = static_cast<long>(coefficients.size()) - 1;
  // over 1: the least denominator, exactly
  const double least = cuda::least_mean(attended, 1, cuda::Masking::none);
  if (!(least > 0)) return UpperBound::infinite();
  const UpperBound lost =
      UpperBound::exactly(attended.lost) * pairs *
      power(UpperBound::exactly(4) * maximum(scores.query_norm, UpperBound::exactly(1)), g) *
      UpperBound::exactly(64 * static_cast<double>(g + 1)) *
      (UpperBound::exactly(2 * static_cast<double>(rank) + 16) +
       absolute_polynomial(coefficients, UpperBound::exactly(1)));
  const UpperBound sum_error = upper_bound(cuda::gamma<T>(attended.roundings).value()) * pairs *
                                   absolute_polynomial(coefficients, scores.interval.size) +
                               lost;
  const UpperBound before =
      divide_by_at_least((sum_error + sum_error) * maximum(scaled, UpperBound::exactly(1)), least) +
      scores.perturbation * scaled;
  return before + quotient_rounding<T>(scaled + before) + underflow_error<T>() * UpperBound::exactly(8);
}
UpperBound pairs_of(const TensorAttentionInput& input) {
  return UpperBound::exactly(static_cast<double>(input.k1.rows())) *
         UpperBound::exactly(static_cast<double>(input.k2.rows()));
}
AttentionResult zero_result(AttentionResult result) {
  result.output.setZero();
  result.bound = result.bound_approximation = result.bound_rounding = UpperBound();
  return result;
}

}  // namespace

BoundedOutput<double> exact_attention_on_device(const AttentionInput& input, const ScoreRange<double>& range,
                                                Mask mask) {
  const Device device = current_device();
  if (exact_arithmetic() == Arithmetic::in_double)
    return exact_attention_on(device, input.q, input.k, input.v, range, mask);
  BoundedOutput<double> output;
  output.output = Matrix<double>::Zero(input.q.rows(), input.v.cols());
  output.half_width = range.half_width;
  const ValueScale<double> values = value_scale(input.v);
  if (!(range.half_width.value() <= cuda::most_score<float>) || !(values.largest.value() > 0)) {
    if (values.largest.value() == 0) output.bound = output.bound_rounding = UpperBound();
    return output;
  }
  const FloatAttention in_float(input, range, mask);
  const auto result = with_entries_rounded(cuda::exact_attention(where(device), in_float.job), 1);  // v
  // A score has the roundings of q' and of k' besides.
  const cuda::Bound bound = cuda::exact_bound(
      result, {range.half_width.value(), moved_by_float(range.perturbation, range.largest_query), 1},
      {values.largest.value(), values.scaled.value(), 1}, input.q.cols() + 2, input.k.rows(), masking(mask));
  ScaledBack back = scaled_back(result.output, input.q.rows(), input.v.cols(), bound.rounding, values.up, 1);
  output.output = std::move(back.output);
  output.bound = output.bound_rounding = back.rounding;
  return output;
}

BoundedOutput<double> polynomial_attention_on_device(const AttentionInput& input,
                                                     const ScoreRange<double>& range,
                                                     const CertifiedPolynomial& polynomial, Mask mask) {
  const Device device = current_device();
  if (current_arithmetic() == Arithmetic::in_double)
    return polynomial_attention_on(device, input.q, input.k, input.v, range, polynomial, mask);
  require_fits(polynomial, range.half_width);
  const ValueScale<double> values = value_scale(input.v);
  const cuda::CertifiedCoefficients certified{coefficients_in_doubles(polynomial.polynomial),
                                              round_down(polynomial.half_width), polynomial.error.value()};
  const FloatAttention in_float(input, range, mask);
  const auto result = with_entries_rounded(
      current_arithmetic() == Arithmetic::mixed
          ? cuda::mixed_attention(where(device), in_float.job, certified.coefficients)
          : cuda::polynomial_attention(where(device), in_float.job, certified.coefficients),
      2 * (static_cast<long>(certified.coefficients.size()) - 1) + 1);  // q' and k' a degree each, and v
  const cuda::Bound bound = cuda::polynomial_bound(result, certified, facts_of(range),
                                                   {values.largest.value(), values.scaled.value(), 1},
                                                   input.q.cols(), input.k.rows(), masking(mask));
  ScaledBack back = scaled_back(result.output, input.q.rows(), input.v.cols(), bound.rounding, values.up, 1);
  BoundedOutput<double> output;
  output.output = std::move(back.output);
  output.half_width = range.half_width;
  output.bound_approximation = upper_bound(bound.approximation);
  output.bound_rounding = values.largest.value() == 0 ? UpperBound() : back.rounding;
  output.bound = output.bound_approximation + output.bound_rounding;
  return output;
}

AttentionResult polynomial_tensor_attention_on_device(const TensorAttentionInput& input,
                                                      const TensorScores& scores,
                                                      const CertifiedPolynomial& polynomial) {
  input.validate();
  require_fits(polynomial, scores.interval.half_width);
  const Stopwatch clock;
  const Device device = current_device();
  const ValueScale<double> first = value_scale(input.v1), second = value_scale(input.v2);
  const std::vector<double> coefficients = coefficients_in_doubles(polynomial.polynomial);
  const Index n = input.q.rows(), columns = input.v1.cols();
  const long g = static_cast<long>(coefficients.size()) - 1;
  AttentionResult result;
  result.method = AttentionMethod::polynomial;
  result.degree = {g};
  result.rank = monomial_rank(input.q.cols(), {g}).convert_to<long>();
  result.half_width = scores.interval.half_width;
  result.output = Matrix<double>::Zero(n, columns);
  const UpperBound value = first.largest * second.largest, scaled = first.scaled * second.scaled;
  if (value.value() == 0) return zero_result(result);
  result.bound_approximation = perturbation_bound(polynomial.error) * value;
  if (current_arithmetic() == Arithmetic::in_double) {
    const DeviceTensorAttention in_double(input, scores);
    const auto attended = cuda::tensor_attention(where(device), in_double.job, coefficients);
    result.output = matrix_of(attended.output, n, columns);
    if (in_double.scales_in_range())
      result.bound_rounding =
          tensor_rounding(attended, scores, coefficients, pairs_of(input), result.rank, scaled) *
              UpperBound::exactly(in_double.job.up) +
          underflow_error();
  } else {
    const FloatTensorAttention in_float(input, scores, first, second);
    const auto attended =
        with_entries_rounded(current_arithmetic() == Arithmetic::mixed
                                 ? cuda::mixed_tensor_attention(where(device), in_float.job, coefficients)
                                 : cuda::tensor_attention(where(device), in_float.job, coefficients),
                             3 * g + 2);  // q, k1, k2 a degree each, and both values
    ScaledBack back = scaled_back(
        attended.output, n, columns,
        tensor_rounding(attended, scores, coefficients, pairs_of(input), result.rank, scaled).value(),
        first.up, second.up);
    result.output = std::move(back.output);
    result.bound_rounding = back.rounding;
  }
  result.bound = result.bound_approximation + result.bound_rounding;
  result.seconds = clock.seconds();
  return result;
}

AttentionResult exact_tensor_attention_on_device(const TensorAttentionInput& input,
                                                 const TensorScores& scores, Mask mask) {
  input.validate(mask);
  const Stopwatch clock;
  const Device device = current_device();
  const ValueScale<double> first = value_scale(input.v1), second = value_scale(input.v2);
  const Index n = input.q.rows(), columns = input.v1.cols();
  AttentionResult result;
  result.half_width = scores.interval.half_width;
  result.output = Matrix<double>::Zero(n, columns);
  const UpperBound value = first.largest * second.largest, scaled = first.scaled * second.scaled;
  if (value.value() == 0) return zero_result(result);
  const double size = scores.interval.size.value();
  const long pairs = input.k1.rows() * input.k2.rows();
  // A score has the product with k1 besides those of exact_bound, and in float the roundings of q, k1, k2.
  if (exact_arithmetic() == Arithmetic::in_double) {
    const DeviceTensorAttention in_double(input, scores);
    if (size <= cuda::most_score<double> && in_double.scales_in_range()) {
      const auto attended = cuda::exact_tensor_attention(where(device), in_double.job, masking(mask));
      result.output = matrix_of(attended.output, n, columns);
      result.bound_rounding = upper_bound(cuda::exact_bound(attended, {size, scores.perturbation.value(), 1},
                                                            {value.value(), scaled.value(), in_double.job.up},
                                                            input.q.cols() + 1, pairs, masking(mask))
                                              .rounding);
    }
  } else if (size <= cuda::most_score<float>) {
    const FloatTensorAttention in_float(input, scores, first, second);
    const auto attended = with_entries_rounded(
        cuda::exact_tensor_attention(where(device), in_float.job, masking(mask)), 2);  // both values
    const double rounding =
        cuda::exact_bound(attended, {size, moved_by_float(scores.perturbation, scores.query_norm), 1},
                          {value.value(), scaled.value(), 1}, input.q.cols() + 4, pairs, masking(mask))
            .rounding;
    ScaledBack back = scaled_back(attended.output, n, columns, rounding, first.up, second.up);
    result.output = std::move(back.output);
    result.bound_rounding = back.rounding;
  }
  result.bound = result.bound_rounding;
  result.seconds = clock.seconds();
  return result;
}

std::vector<double> moments_on(Device device, const Monomials& monomials, const Tokens& tokens) {
  const Index d = monomials.tree.dimension, count = tokens.count, columns = tokens.columns;
  std::vector<double> x, y;
  for (Index first = 0; first < count; first += block_of_tokens) {
    const TokenBlock block = tokens.block(first, std::min(count, first + block_of_tokens), 0);
    x.insert(x.end(), block.variables.begin(), block.variables.end());
    y.insert(y.end(), block.columns.begin(), block.columns.end());
  }
  const cuda::SplitMonomials split = split_of(monomials);
  const cuda::Sums sums =
      cuda::moments(where(device), split, {x.data(), count, d}, {y.data(), count, columns});
  require_few(sums.roundings, moment_roundings(monomials.tree.degree.value).total());
  const std::vector<long> place = places_of_tree(monomials, split);
  std::vector<double> result(static_cast<std::size_t>(monomials.tree.rank * (columns + 1)));
  for (Index a = 0; a < monomials.tree.rank; ++a)
    for (Index c = 0; c <= columns; ++c)
      result[static_cast<std::size_t>(a * (columns + 1) + c)] =
          sums.values[static_cast<std::size_t>(place[static_cast<std::size_t>(a)] * (columns + 1) + c)];
  return result;
}

RowsOn::RowsOn(Device device, const Monomials& monomials, const std::vector<double>& table, Index columns)
    : device_(device), columns_(columns), split_(split_of(monomials)), degree_(monomials.tree.degree.value) {
  const std::vector<long> place = places_of_tree(monomials, split_);
  table_.assign(static_cast<std::size_t>(split_.places() * columns), 0.0);
  for (Index a = 0; a < monomials.tree.rank; ++a)
    for (Index c = 0; c < columns; ++c)
      table_[static_cast<std::size_t>(place[static_cast<std::size_t>(a)] * columns + c)] =
          table[static_cast<std::size_t>(a * columns + c)];
}
std::vector<double> RowsOn::operator()(const std::vector<double>& variables) const {
  const Index d = split_.dimension;
  const cuda::Sums sums =
      cuda::evaluate(where(device_), split_, {variables.data(), static_cast<Index>(variables.size()) / d, d},
                     table_, columns_);
  require_few(sums.roundings, evaluation_roundings(degree_, 0).total());
  return sums.values;
}

#define ATTNBOUNDS_ON(T)                                                                                     \
  template BoundedOutput<T> exact_attention_on(Device, const Matrix<T>&, const Matrix<T>&, const Matrix<T>&, \
                                               const ScoreRange<T>&, Mask);                                  \
  template BoundedOutput<T> polynomial_attention_on(Device, const Matrix<T>&, const Matrix<T>&,              \
                                                    const Matrix<T>&, const ScoreRange<T>&,                  \
                                                    const CertifiedPolynomial&, Mask)
ATTNBOUNDS_ON(double);
ATTNBOUNDS_ON(float);
#undef ATTNBOUNDS_ON

}  // namespace attnbounds
