// The interval of tensor scores s = sum_l q_l k1_l k2_l/d, in O((n + m1 + m2) d).
// Size. Hoelder with exponents 1/p + 1/p1 + 1/p2 = 1, the largest p-norm of a row of each matrix:
//   |s| <= sum_l |q_l k1_l k2_l|/d <= |q|_p |k1|_p1 |k2|_p2/d,   (p, p1, p2) in {(3,3,3), (2,4,4), (4,2,4),
//   (4,4,2)}, and coordinate by coordinate, max_i sum_l |q_il| max|k1_l| max|k2_l|/d.
// Free shift. A row may lose sum_l q_l c_l/d for any c: then the products k1_l k2_l range over an interval of
// half-width w_l about c_l, its midpoint, and |s - shift| <= max_i sum_l |q_il| w_l/d. No shift of K1 or of
// K2 does this; the moments of the pairs do, by binomial sums (kernels/tensor_attention.hpp). It is taken
// where it makes the interval at least a tenth shorter (never for keys symmetric about 0).
// Columns are scaled by powers of two: keys to [1/2, 1), queries by the inverses. Exact but for underflow.
#pragma once

#include <cmath>
#include <functional>
#include <tuple>
#include <vector>

#include "attention/input.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

/// Columns of a matrix and powers of two by which they are multiplied: column l of the scaled matrix is
/// m.col(column[l]) * factor[l] * second[l].
struct ScaledColumns {
  std::vector<Eigen::Index> column;
  std::vector<double> factor, second;  // powers of two; two, since their product may be out of range
};

/// All columns, each scaled to [1/2, 1) (zero columns by 1). Errors: std::overflow_error from 2^1000 on.
ScaledColumns unit_columns(const Matrix<double>& m);
/// The same column as often as asked for.
ScaledColumns select(const ScaledColumns& scale, const std::vector<Eigen::Index>& columns);

/// Rows [first, last), scaled, row by row.
std::vector<double> scaled_rows(const Matrix<double>& m, const ScaledColumns& scale, Eigen::Index first,
                                Eigen::Index last);

/// The largest over the rows of sum_l |x_l|^p, p = 1 … 4, and the range of each column.
struct RowSizes {
  UpperBound power_sum[5];
  std::vector<double> least, most;
};
RowSizes row_sizes(const Matrix<double>& m, const ScaledColumns& scale);
/// The same of rows that `rows(first, last)` computes.
RowSizes row_sizes(Eigen::Index count, Eigen::Index columns,
                   const std::function<std::vector<double>(Eigen::Index, Eigen::Index)>& rows);

struct TensorScoreInterval {
  std::vector<double> centre;  // c_l; empty: no shift
  UpperBound half_width;       // X >= |sum_l q_l (k1_l k2_l - c_l)|/d
  UpperBound size;             // Y >= sum_l |q_l| (|k1_l k2_l| + |c_l|)/d: rounding errors grow with it
};
/// `largest_weighted(w)` is an upper bound of max_i sum_l |q_il| w_l.
enum class PairShift { free, none };
template <class LargestWeighted>
TensorScoreInterval tensor_score_interval(const RowSizes& queries, const RowSizes& first,
                                          const RowSizes& second, double d,
                                          const LargestWeighted& largest_weighted,
                                          PairShift shift = PairShift::free);

/// Upper bound of x^(1/3).
UpperBound cube_root(UpperBound x);
/// Computed sums of nonnegative terms with at most 2^22 roundings each, made upper bounds.
inline UpperBound above(double computed) {
  return UpperBound::exactly(computed) * UpperBound::exactly(1 + 0x1p-30) + UpperBound::exactly(0x1p-1040);
}

// ---- tensor attention itself

struct TensorScores {
  ScaledColumns queries, keys1, keys2;
  TensorScoreInterval interval;
  UpperBound perturbation;  // zeta: by how much underflow moves scores
  UpperBound query_norm;    // the largest |q_i|_2, scaled
};
/// Errors: std::overflow_error if scores exceed the range of a double.
TensorScores tensor_scores(const TensorAttentionInput& input, PairShift shift = PairShift::free);

// ---- inline

template <class LargestWeighted>
TensorScoreInterval tensor_score_interval(const RowSizes& queries, const RowSizes& first,
                                          const RowSizes& second, double d,
                                          const LargestWeighted& largest_weighted, PairShift shift) {
  const std::size_t columns = first.least.size();
  std::vector<UpperBound> box(columns), width(columns), total(columns);
  std::vector<double> centre(columns);
  for (std::size_t l = 0; l < columns; ++l) {
    const double a[] = {first.least[l], first.most[l]}, b[] = {second.least[l], second.most[l]};
    double low = a[0] * b[0], high = low;
    for (const double x : a)
      for (const double y : b) {
        low = std::fmin(low, x * y);
        high = std::fmax(high, x * y);
      }
    centre[l] = low / 2 + high / 2;  // |low|, |high| <= 1: the true ends are within 2^-53 of these
    const UpperBound room = UpperBound::exactly(0x1p-51);
    box[l] = UpperBound::exactly(std::fmax(std::fabs(low), std::fabs(high))) + room;
    width[l] = UpperBound::exactly(std::fmax(high - centre[l], centre[l] - low)) + room;
    total[l] = box[l] + UpperBound::exactly(std::fabs(centre[l]));
  }
  TensorScoreInterval result;
  const auto root4 = [](UpperBound x) { return square_root(square_root(x)); };
  const auto& [q, k1, k2] = std::tie(queries.power_sum, first.power_sum, second.power_sum);
  UpperBound plain = largest_weighted(box);
  plain = minimum(plain, cube_root(q[3]) * cube_root(k1[3]) * cube_root(k2[3]));
  plain = minimum(plain, square_root(q[2]) * root4(k1[4]) * root4(k2[4]));
  plain = minimum(plain, root4(q[4]) * square_root(k1[2]) * root4(k2[4]));
  plain = minimum(plain, root4(q[4]) * root4(k1[4]) * square_root(k2[2]));
  const UpperBound shifted = largest_weighted(width);
  if (shift == PairShift::free && shifted.value() < 0.9 * plain.value()) {
    result.centre = centre;
    result.half_width = divide_by_at_least(shifted, d);
    result.size = divide_by_at_least(largest_weighted(total), d);
  } else {
    result.half_width = result.size = divide_by_at_least(plain, d);
  }
  return result;
}

}  // namespace attnbounds
