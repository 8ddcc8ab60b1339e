// The hot loops of the double-double reference: rows of softmax with about 100 proved bits, four keys a
// vector. u = 2^-53. A pair (h, l) stands for h + l; "normalised" is |l| <= u |h|. docs/rounding.md, section
// 7, has the proofs of:
//   score   s = sum_l q_l k_l/d by exact products and exact two-sums whose low parts are added up in double:
//           |s - true| <= (d^2/2 + 3 d + 6) u^2 sum_l |q_l k_l|/d
//   exp     x = k ln 2/256 + r, 2^{i/256} from a table, e^r by Horner's rule with pairs where the bits count:
//           relative error at most 8 u^2 on [-200, 0]; below, the result is e^-200 or so
//   sums    65 u^2 sum_j |w_j v_jc| in blocks of 8 keys a lane, 3.01 u^2 of it for every 32 keys and 6.1 u^2
//           for the four lanes.
// Errors of no operation matter but these, if no nonzero entry is outside [2^-200, 2^200] in size: then no
// product loses bits to underflow. Fused multiply-adds are part of the algorithm: same bytes everywhere.
#pragma once

#include <vector>

#include "kernels/cpu/feature_sums.hpp"

namespace attnbounds::cpu {

constexpr long double_double_exp_error = 8;  // u^2, relative, on [-200, 0]
constexpr double double_double_exp_floor = -200;
constexpr long keys_of_a_double_double_block = 32;

/// 2^{i/256} as pairs: high nearest, low nearest to the rest.
struct PowersOfTwo {
  double high[256], low[256];
};

struct Pair {
  double high = 0, low = 0;
};

/// e^(high + low) of each, in place; count is a multiple of 4; pairs normalised, <= 0.
void double_double_exp(const PowersOfTwo& powers, double* high, double* low, long count);

struct DoubleDoubleRow {
  double score_size = 0;   // max_j |s_j - shift|, rounded
  std::vector<Pair> sums;  // sum_j w_j v_jc, and sum_j w_j last
};

/// Row against keys 0 … visible-1. `keys_transposed` is d x m, `values_transposed` d_v x m, both with rows
/// padded with zeros to `stride`, a multiple of 32.
DoubleDoubleRow double_double_row(const PowersOfTwo& powers, View<double> query, View<double> keys_transposed,
                                  View<double> values_transposed, long visible);

}  // namespace attnbounds::cpu
