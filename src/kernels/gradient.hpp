// dL/dX of the matrix and tensor loss within epsilon (AAttLGC, ATAttLGC), by monomial features or exactly.
// The polynomial method runs in double (kernels/gradient_kernels.hpp) with a proved rounding bound; where
// that leaves no room in the budget it runs, plainly and slowly, in intervals of 96 bits. The exact method is
// the fused double kernel where its bound meets the budget, else enclosures. Guarantee: max|output - dL/dX|
// <= bound = approximation (Theorem G' or its variance form, entry by entry) + rounding.
#pragma once

#include "attention/gradient.hpp"
#include "kernels/guaranteed_attention.hpp"

namespace attnbounds {

struct GradientRequest {
  Rational epsilon;  // absolute, in the largest entry
  MethodChoice method = MethodChoice::automatic;
  ThreadCount threads = all_cores();
  CostModel model = reference_cost_model();  // what `automatic` chooses by
};

/// Errors: InputError; BudgetMissed (method polynomial).
AttentionResult guaranteed_gradient(const MatrixLossInput& input, const GradientRequest& request);
AttentionResult guaranteed_gradient(const TensorLossInput& input, const GradientRequest& request);

}  // namespace attnbounds
