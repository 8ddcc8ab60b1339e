// Gauss-Legendre quadrature on [0, 1] with proved nodes and weights: sum_k w_k g(x_k), exact for polynomials
// of degree < 2 K. The zeros of P_K are symmetric; those above 0 are found by Newton's iteration at 256 bits
// and then proved: P_K changes sign on K disjoint brackets x +- 2^-128. Weights 2/((1 - t^2) P_K'(t)^2) on a
// bracket: P_K'(x) +- 2^-128 K^4, as |P_K''| <= P_K''(1) < K^4. In intervals the recurrence loses log2(1 +
// sqrt 2) < 1.28 bits a step, so those values take 1.3 K + 256 bits. Cost O(K^2) operations at that
// precision.
#pragma once

#include <vector>

#include "numeric/proved.hpp"

namespace attnbounds {

struct QuadratureRule {
  std::vector<double> nodes;      // rounded: the exact node is within node_error
  std::vector<Interval> weights;  // positive, the exact ones sum to 1
  UpperBound node_error;
};

/// Errors: std::length_error unless 1 <= count <= 4000; std::runtime_error if a bracket is not proved.
QuadratureRule gauss_legendre(long count);

}  // namespace attnbounds
