// dL/dX of the matrix and tensor loss within epsilon (AAttLGC, ATAttLGC), by monomial features or exactly.
// The polynomial method, plain: P(score) = sum_a w_a x^a k^a, and every sum over keys that the closed form
// needs, sum_j k^a [1, h_jl, A2_jb, h_jl A2_jb], is taken once, a key at a time; the tensor loss takes it for
// A2 and for A3 and multiplies, so that no n^2-length vector appears. Then a row of A1 costs O(r d_v d).
// Evaluated in intervals of 96 bits: the rounding part of the bound is the width that comes out. Slow, and
// sound; speed is another matter.
// Guarantee: max|output - dL/dX| <= bound = approximation (Theorem G', entry by entry, phi of the certified
// polynomial) + rounding.
#pragma once

#include "attention/gradient.hpp"
#include "kernels/guaranteed_attention.hpp"

namespace attnbounds {

struct GradientRequest {
  Rational epsilon;  // absolute, in the largest entry
  MethodChoice method = MethodChoice::automatic;
  ThreadCount threads = all_cores();
};

/// Errors: InputError; BudgetMissed (method polynomial).
AttentionResult guaranteed_gradient(const MatrixLossInput& input, const GradientRequest& request);
AttentionResult guaranteed_gradient(const TensorLossInput& input, const GradientRequest& request);

}  // namespace attnbounds
