// Which attention outputs are above a decision value: certified. Values have one column.
// First in double, each output with a bound proved a priori: a score is off by at most
//     zeta = gamma_{d+p} X + (d + 2) eta,  X = sum_l |q_il| max_j |k_jl| [max_k |k2_kl|]/d,
// p = 2, 3 (three factors: one more rounding), a weight e^{s-M} by a factor e^{+-lambda}, lambda = zeta +
// u |s - M| + 9 u (twice u and 9 u for p = 3, whose blocks are shifted to the row's maximum afterwards), the
// sums of m terms by gamma_m, so
//     |output - computed| <= (lambda + 2 gamma_{2(m+3)}) max|V| + m 2^-1016 max|V|/denominator + u |output|
// as in docs/rounding.md, 4. Outputs whose range contains the decision value are enclosed in intervals, of
// width 2^-64, 2^-256, 2^-1024, until they lie on one side.
// Cost n m d operations (p = 3: n m m2 d), memory O((n + m) d) and 4 m numbers a thread. (p = 3: O(m) more.)
#pragma once

#include "attention/input.hpp"
#include "numeric/parallel.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

/// Contains the exact output.
struct OutputRange {
  double lower, upper;
};

std::vector<OutputRange> output_ranges(const AttentionInput& input, ThreadCount threads = all_cores());
std::vector<OutputRange> output_ranges(const TensorAttentionInput& input, ThreadCount threads = all_cores());

enum class Side { below, above };
struct SidedOutputs {
  std::vector<Side> sides;
  std::vector<OutputRange> ranges;
  long raised = 0;     // rows that needed more than double precision
  double nearest = 0;  // the least proved distance of an output to the decision value, rounded down
};

/// Errors: InputError (shapes); Undecided if 2^-1024 does not separate an output from the value.
SidedOutputs sides_of(const AttentionInput& input, const Rational& decision,
                      ThreadCount threads = all_cores());
SidedOutputs sides_of(const TensorAttentionInput& input, const Rational& decision,
                      ThreadCount threads = all_cores());
/// From outputs of any program that are off by at most `bound`; raises nothing.
SidedOutputs sides_of(const std::vector<OutputRange>& ranges, const Rational& decision);

}  // namespace attnbounds
