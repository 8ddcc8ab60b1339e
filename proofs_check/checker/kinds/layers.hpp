// Attention layers T' = r T + sum_h softmax(T W T^T/d) T W_V in balls, their gradients, and how errors travel
// through them: the recursions that kind layers verifies (layers.cpp has the formulas).
#pragma once

#include "../softmax.hpp"

namespace checker {

struct Head {
  Rows w, w_v;
  Rows factors;  // of the weights; empty: none
};
struct Layer {
  bool residual = false;
  Mask mask = Mask::none;
  std::vector<Head> heads;
};
/// residual, mask, heads: [{W, W_V}] of `width` columns.
Layer layer_from(const Field& field, std::size_t width);

Rows weights_of(const Head& head, const Rows& t, Mask mask);
Rows next_state(const Layer& layer, const Rows& t);

/// For an upstream G: dL/dT = r G + sum_h (p T W^T + p^T T W)/d + f^T G W_V^T, dL/dW = T^T p T/d, dL/dW_V =
/// T^T f^T G.
struct LayerGradient {
  Rows t;
  std::vector<Rows> w, w_v;
};
LayerGradient layer_gradient(const Layer& layer, const Rows& t, const Rows& g);

enum class ConstantsFrom { norms, states };
struct HeadErrors {
  Ball a, b, s, nu, v, phi;
};
struct ForwardErrors {
  Ball input, output, state;  // of the states before and after; |T|_max
  std::vector<HeadErrors> heads;
};
ForwardErrors forward_errors(const Layer& layer, const Rows& t, const Ball& e, const Ball& delta,
                             ConstantsFrom from);

/// The exact gradient's norm and its error by the state, in |.|_1; of dL/dW and dL/dW_V the largest entries'.
struct BackwardErrors {
  Ball norm, error;
  std::vector<Ball> w, w_v;
};
BackwardErrors backward_errors(const Layer& layer, const ForwardErrors& forward, const BackwardErrors& after);

}  // namespace checker
