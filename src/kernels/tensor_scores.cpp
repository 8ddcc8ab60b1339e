#include "kernels/tensor_scores.hpp"

#include <cmath>
#include <stdexcept>

#include "kernels/guarantee.hpp"

namespace attnbounds {

using Index = Eigen::Index;

ScaledColumns unit_columns(const Matrix<double>& m) {
  ScaledColumns scale;
  std::vector<double> largest(m.cols(), 0.0);
  for (Index i = 0; i < m.rows(); ++i)
    for (Index l = 0; l < m.cols(); ++l) {
      const double size = std::fabs(m(i, l));
      largest[l] = size > largest[l] ? size : largest[l];
    }
  for (Index l = 0; l < m.cols(); ++l) {
    if (largest[l] >= 0x1p1000) throw std::overflow_error("scores exceed the range of a double");
    const int exponent = largest[l] == 0 ? 0 : std::max(std::ilogb(largest[l]) + 1, -1000);
    scale.column.push_back(l);
    scale.factor.push_back(std::ldexp(1.0, -exponent));
    scale.second.push_back(1);
  }
  return scale;
}

ScaledColumns select(const ScaledColumns& scale, const std::vector<Index>& columns) {
  ScaledColumns result;
  for (const Index l : columns) {
    result.column.push_back(scale.column[l]);
    result.factor.push_back(scale.factor[l]);
    result.second.push_back(scale.second[l]);
  }
  return result;
}

std::vector<double> scaled_rows(const Matrix<double>& m, const ScaledColumns& scale, Index first,
                                Index last) {
  const size_t columns = scale.column.size();
  std::vector<double> rows((last - first) * columns);
  for (Index i = first; i < last; ++i) {
    const double* from = m.data() + i * m.cols();
    double* to = rows.data() + (i - first) * columns;
    for (size_t l = 0; l < columns; ++l) to[l] = from[scale.column[l]] * scale.factor[l] * scale.second[l];
  }
  return rows;
}

RowSizes row_sizes(const Matrix<double>& m, const ScaledColumns& scale) {
  return row_sizes(m.rows(), static_cast<Index>(scale.column.size()),
                   [&](Index first, Index last) { return scaled_rows(m, scale, first, last); });
}

RowSizes row_sizes(Index count, Index columns,
                   const std::function<std::vector<double>(Index, Index)>& rows_of) {
  RowSizes sizes;
  sizes.least.assign(columns, INFINITY);
  sizes.most.assign(columns, -INFINITY);
  double largest[5] = {};
  constexpr Index block = 256;
  for (Index first = 0; first < count; first += block) {
    const Index last = std::min(count, first + block);
    const std::vector<double> rows = rows_of(first, last);
    for (Index i = 0; i < last - first; ++i) {
      double sums[5] = {};
      for (Index l = 0; l < columns; ++l) {
        const double x = rows[i * columns + l], a = std::fabs(x), square = a * a;
        sizes.least[l] = x < sizes.least[l] ? x : sizes.least[l];
        sizes.most[l] = x > sizes.most[l] ? x : sizes.most[l];
        sums[1] += a;
        sums[2] += square;
        sums[3] += square * a;
        sums[4] += square * square;
      }
      for (int p = 1; p <= 4; ++p)
        if (!(sums[p] <= largest[p])) largest[p] = sums[p];
    }
  }
  for (int p = 1; p <= 4; ++p)
    sizes.power_sum[p] = std::isfinite(largest[p]) ? above(largest[p]) : UpperBound::infinite();
  return sizes;
}

UpperBound cube_root(UpperBound x) {
  if (!x.is_finite() || x.value() == 0) return x;
  double root = std::cbrt(x.value());
  // Proved by multiplying back, with room for the two roundings.
  while (!(root * root * root * (1 - 0x1p-50) >= x.value())) root *= 1 + 0x1p-50;
  return UpperBound::exactly(root);
}

TensorScores tensor_scores(const TensorAttentionInput& input, PairShift shift) {
  TensorScores scores{unit_columns(input.q), unit_columns(input.k1), unit_columns(input.k2), {}, {}, {}};
  const Index n = input.q.rows(), d = input.q.cols();
  for (Index l = 0; l < d; ++l) {
    scores.queries.factor[l] = 1 / scores.keys1.factor[l];
    scores.queries.second[l] = 1 / scores.keys2.factor[l];
  }
  const RowSizes queries = row_sizes(input.q, scores.queries), first = row_sizes(input.k1, scores.keys1),
                 second = row_sizes(input.k2, scores.keys2);
  const auto largest_weighted = [&](const std::vector<UpperBound>& weight) {
    double largest = 0;
    for (Index i = 0; i < n; ++i) {
      double sum = 0;
      for (Index l = 0; l < d; ++l)
        sum += std::fabs(input.q(i, l) * scores.queries.factor[l] * scores.queries.second[l]) *
               weight[l].value();
      if (!(sum <= largest)) largest = sum;
    }
    return std::isfinite(largest) ? above(largest) : UpperBound::infinite();
  };
  scores.query_norm = square_root(queries.power_sum[2]);
  scores.interval =
      tensor_score_interval(queries, first, second, static_cast<double>(d), largest_weighted, shift);
  if (!scores.interval.size.is_finite()) throw std::overflow_error("scores exceed the range of a double");
  // An entry that underflows is off by at most 2^-1075, twice for a query; the other two factors are |k| <= 1
  // and |q|.
  scores.perturbation =
      underflow_error() * (UpperBound::exactly(4) + queries.power_sum[1] * UpperBound::exactly(4));
  return scores;
}

}  // namespace attnbounds
