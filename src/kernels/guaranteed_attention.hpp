// Attention to a given accuracy, max_ij |output_ij - Att_ij| <= epsilon max|V|, by the cheapest way that is
// proved to reach it: the polynomial of least degree, or exact attention.
#pragma once

#include <optional>

#include "attention/input.hpp"
#include "kernels/cost_model.hpp"
#include "kernels/result.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

enum class MethodChoice { automatic, exact, polynomial };

struct AttentionRequest {
  Rational epsilon;
  MethodChoice method = MethodChoice::automatic;
  Mask mask = Mask::none;
  std::optional<Bits> precision;  // exact attention in intervals of relative width 2^-precision
  ThreadCount threads = all_cores();
  CostModel model = reference_cost_model();  // what `automatic` chooses by
  /// Matrix attention by a polynomial: X that it must serve besides the input's own, where the input is a
  /// part of a larger one.
  UpperBound least_half_width = {};
};

/// The width of enclosures, for values of at most `value`, from which a double can be rounded within
/// epsilon value (if one can), or that was asked for.
Rational enclosure_width(const AttentionRequest& request, const Rational& value);

/// The result's bound may exceed the budget where no double can meet it (epsilon below about 2^-53).
/// Errors: InputError; BudgetMissed (method polynomial).
AttentionResult guaranteed_attention(const AttentionInput& input, const AttentionRequest& request);
AttentionResult guaranteed_attention(const TensorAttentionInput& input, const AttentionRequest& request);

}  // namespace attnbounds
