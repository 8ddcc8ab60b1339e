// The entries of dL/dX that the decision reads, in double with a bound proved a priori. T keys (or pairs) a
// row, every score at most X = max_i sum_l |a1_il| max_j |a2_jl| [max_k |a3_kl|]/d in size, u = 2^-53,
// eta = 2^-1074. A score computed with d + 4 roundings, times lambda in [0, 1], less the row's largest, and
// exp (kernels/cpu/softmax_rows.hpp): a weight is off by a factor e^{+-Lambda},
//     Lambda = gamma_{d+4} X + (d + 4) eta (1 + max|key|) + 2 u (X + 2 * 2 X) + 18 u.
// With F = 2 (Lambda + gamma_{T+4}) + T 2^-1000 for the weights' sum and underflow (weights start at 1):
//     sum_j |f~_j - f_j| <= F,   |y~ - y| <= F + u,   p_j = f_j y (v_j - y), |y (v - y)| <= 1:
//     sum_j |p~_j - p_j| <= 3 F + 8 u =: E.
// An entry is sum_i sum_j a1_il p_ij a2_jl [a3_kl]/d in any order of summation, sum_j |p_j| <= 1, so
//     error of entry l <= n A_l/d (E + gamma_{d+T+n+16}),   A_l = max|a1_l| max|a2_l| [max|a3_l|],
//     error of their sum over l <= n X (…), the same with X for A_l/d.
// Cost n T d products, memory O((n + T) d) and a block of scores a thread.
#pragma once

#include "numeric/parallel.hpp"
#include "numeric/proved.hpp"
#include "reductions/gradient/decision.hpp"

namespace attnbounds {

struct BoundedDiagonal {
  std::vector<double> entries;
  UpperBound entry_error, sum_error;  // of each entry; of the entries' sum
};

class FastGradientOracle {
 public:
  explicit FastGradientOracle(const GradientInstance& instance, ThreadCount threads = all_cores());
  /// At X = lambda I, 0 <= lambda <= 1. The same for any number of threads.
  BoundedDiagonal diagonal(double lambda) const;
  /// Of a row's scores at X = I, the largest, at least.
  UpperBound half_range() const { return half_range_; }

 private:
  GradientInstance instance_;
  ThreadCount threads_;
  UpperBound score_size_, entry_size_, largest_key_, score_error_, half_range_;  // X, max A_l/d, …
};

}  // namespace attnbounds
