#include "kernels/score_interval.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/guarantee.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

UpperBound magnitude_of(double x) { return UpperBound::exactly(std::fabs(x)); }

UpperBound norm(const Matrix<double>& m, Index row) {
  UpperBound squares;
  for (Index l = 0; l < m.cols(); ++l) squares = squares + magnitude_of(m(row, l)) * magnitude_of(m(row, l));
  return square_root(squares);
}

}  // namespace

ShiftedScores shift_scores(const Matrix<double>& q, const Matrix<double>& k) {
  const Index n = q.rows(), m = k.rows(), d = q.cols();
  const double dimension = static_cast<double>(d);
  ShiftedScores result{q, k, {}, {}, {}};

  for (Index l = 0; l < d; ++l) {
    const double centre = k.col(l).minCoeff() / 2 + k.col(l).maxCoeff() / 2;
    result.keys.col(l).head(bug(Bug::one_key_shifted) ? 1 : m).array() -= centre;
  }
  UpperBound longest_key;
  for (Index j = 0; j < m; ++j) longest_key = maximum(longest_key, norm(result.keys, j));
  std::vector<UpperBound> query_norm;
  for (Index i = 0; i < n; ++i) query_norm.push_back(norm(q, i));

  std::vector<UpperBound> box(d);  // largest entry of each coordinate of K'
  for (Index l = 0; l < d; ++l) {
    const double largest = result.keys.col(l).cwiseAbs().maxCoeff();
    if (largest > 0) {
      const int exponent = std::ilogb(largest) + 1;
      for (Index j = 0; j < m; ++j) result.keys(j, l) = std::ldexp(result.keys(j, l), -exponent);
      for (Index i = 0; i < n; ++i) result.queries(i, l) = std::ldexp(q(i, l), exponent);
    } else {
      result.queries.col(l).setZero();  // all keys agree in this coordinate: it adds a shift of the row only
    }
    box[l] = magnitude_of(result.keys.col(l).cwiseAbs().maxCoeff() / (bug(Bug::score_box_halved) ? 2 : 1));
  }

  for (Index i = 0; i < n; ++i) {
    UpperBound hoelder, sum;
    for (Index l = 0; l < d; ++l) {
      if (!std::isfinite(result.queries(i, l)))
        throw std::overflow_error("scores exceed the range of a double");
      hoelder = hoelder + magnitude_of(result.queries(i, l)) * box[l];
      sum = sum + magnitude_of(result.queries(i, l));
    }
    const UpperBound lost = underflow_error() * (divide_by_at_least(sum, dimension) + UpperBound::exactly(1));
    const UpperBound cauchy_schwarz =
        divide_by_at_least(query_norm[i] * longest_key, dimension) + lost + lost;
    const UpperBound x = minimum(divide_by_at_least(hoelder, dimension), cauchy_schwarz);
    result.row_half_width.push_back(x);
    result.row_perturbation.push_back(unit_roundoff() * x + lost);
    result.half_width = maximum(result.half_width, x);
  }
  if (!result.half_width.is_finite()) throw std::overflow_error("scores exceed the range of a double");
  return result;
}

Enclosure actual_half_width(const Matrix<double>& q, const Matrix<double>& k, Mask mask,
                            ThreadCount threads) {
  const Index d = q.cols();
  std::vector<double> least(q.rows()), most(q.rows());
  const UpperBound relative = gamma(d + 4);  // d roundings of the score, one of / d, one of the difference
  parallel_for(q.rows(), threads, [&](long i) {
    double low = INFINITY, high = -INFINITY, size = 0;
    for (Index j = 0; j < visible_keys(mask, i, k.rows()); ++j) {
      double sum = 0, absolute = 0;
      for (Index l = 0; l < d; ++l) {
        sum += q(i, l) * k(j, l);
        absolute += std::fabs(q(i, l) * k(j, l));
      }
      low = std::fmin(low, sum / static_cast<double>(d));
      high = std::fmax(high, sum / static_cast<double>(d));
      size = std::fmax(size, absolute / static_cast<double>(d));
    }
    // `size` itself is at least (1 - gamma_{d+1}) of the true one: hence the factor 2 of what follows, and
    // d + 1 products may have lost 2^-1075 each to underflow.
    const double error = (relative * UpperBound::exactly(4 * size) +
                          underflow_error() * UpperBound::exactly(static_cast<double>(4 * d + 4)))
                             .value();
    const double half = high / 2 - low / 2;
    least[i] = std::fmax(0.0, std::nextafter(half - error, -INFINITY));
    most[i] = std::nextafter(half + error, INFINITY);
    if (!std::isfinite(size) || !std::isfinite(most[i]))
      throw std::overflow_error("scores exceed the range of a double");
  });
  const WorkingPrecision precision(Bits{64});
  return Enclosure(hull(enclose(*std::max_element(least.begin(), least.end())),
                        enclose(*std::max_element(most.begin(), most.end()))));
}

}  // namespace attnbounds
