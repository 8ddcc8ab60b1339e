#include "kernels/device_attention.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cuda/bounds.hpp"
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

AttentionResult polynomial_tensor_attention_on(Device device, const TensorAttentionInput& input,
                                               const TensorScores& scores,
                                               const CertifiedPolynomial& polynomial) {
  input.validate();
  if (polynomial.kind != ErrorKind::relative || !(scores.interval.half_width <= polynomial.half_width))
    throw std::domain_error("tensor attention: a relative approximation on the whole score interval");
  const Stopwatch clock;
  const Matrix<double> v1 = input.v1, v2 = input.v2;
  const ValueScale<double> first = value_scale(v1), second = value_scale(v2);
  const std::vector<double> coefficients = coefficients_in_doubles(polynomial.polynomial);
  const long g = static_cast<long>(coefficients.size()) - 1, d = input.q.cols();
  AttentionResult result;
  result.method = AttentionMethod::polynomial;
  result.degree = {g};
  result.rank = monomial_rank(d, {g}).convert_to<long>();
  result.half_width = scores.interval.half_width;
  result.output = Matrix<double>::Zero(input.q.rows(), input.v1.cols());
  const UpperBound value = first.largest * second.largest;
  if (value.value() == 0) {
    result.bound = result.bound_approximation = result.bound_rounding = UpperBound();
    return result;
  }

  cuda::TensorJob<double> job{rowwise(input.q),
                              rowwise(input.k1),
                              rowwise(input.k2),
                              rowwise(v1),
                              rowwise(v2),
                              {},
                              {},
                              {},
                              1,
                              1,
                              1,
                              {}};
  const auto factors = [](const ScaledColumns& scale) {
    std::vector<double> product;
    for (std::size_t l = 0; l < scale.factor.size(); ++l)
      product.push_back(scale.factor[l] * scale.second[l]);
    return product;
  };
  job.query_scale = factors(scores.queries);
  job.key1_scale = factors(scores.keys1);
  job.key2_scale = factors(scores.keys2);
  job.down1 = first.down;
  job.down2 = second.down;
  job.up = first.up * second.up;
  job.centre = scores.interval.centre;
  const auto normal = [](double x) { return std::isnormal(x); };  // a product of powers of two, in range
  const bool scales =
      std::isnormal(job.up) && std::all_of(job.query_scale.begin(), job.query_scale.end(), normal);
  const auto attended = cuda::tensor_attention(where(device), job, coefficients);
  result.output = matrix_of(attended.output, input.q.rows(), input.v1.cols());

  // docs/kernels_tensor_gradient.md, section 1, with the roundings that were counted.
  const UpperBound pairs = UpperBound::exactly(static_cast<double>(input.k1.rows())) *
                           UpperBound::exactly(static_cast<double>(input.k2.rows()));
  const double least =
      cuda::least_mean(attended, 1, cuda::Masking::none);  // over 1: the least denominator, exactly
  result.bound_approximation = perturbation_bound(polynomial.error) * value;
  if (scales && least > 0) {
    const UpperBound scaled = first.scaled * second.scaled;
    const UpperBound lost =
        underflow_error() * pairs *
        power(UpperBound::exactly(4) * maximum(scores.query_norm, UpperBound::exactly(1)), g) *
        UpperBound::exactly(64 * static_cast<double>(g + 1)) *
        (UpperBound::exactly(2 * static_cast<double>(result.rank) + 16) +
         absolute_polynomial(coefficients, UpperBound::exactly(1)));
    const UpperBound sum_error = upper_bound(cuda::gamma<double>(attended.roundings).value()) * pairs *
                                     absolute_polynomial(coefficients, scores.interval.size) +
                                 lost;
    const UpperBound before =
        divide_by_at_least((sum_error + sum_error) * maximum(scaled, UpperBound::exactly(1)), least) +
        scores.perturbation * scaled;
    result.bound_rounding = (before + UpperBound::exactly(0x1.8p-52) * (scaled + before) +
                             underflow_error() * UpperBound::exactly(8)) *
                                UpperBound::exactly(job.up) +
                            underflow_error();
  }
  result.bound = result.bound_approximation + result.bound_rounding;
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
  require_few(sums.roundings, moment_roundings(monomials.tree.degree.value));
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
  require_few(sums.roundings, evaluation_roundings(degree_));
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
