// Matrix attention by monomial features (Alman, Song 2023, in the sharp form of docs/kernels.md):
//   Att~ = D~^-1 U1 (U2^T V), D~ = diag(U1 (U2^T 1)), U1 U2^T = P(Q K^T/d), rank r = C(d+g, g),
// |P(x) - e^x| <= delta e^x on the scores after the free shift, delta < 1  =>  P > 0 there, |Att~ - Att| <=
// phi(delta) |V|. Under a causal mask the sums over keys are prefix sums: of blocks of 128 keys by features,
// and inside the block of its own a row sees P of the scores themselves. Cost: O((n + m) r (d_v + 1))
// operations. Everything is streamed: memory O(r (d_v + 32)) a group of keys, of which there are at most 64,
// whatever n is. Same bytes for any number of threads, on every processor.
#pragma once

#include "attention/input.hpp"
#include "kernels/monomials.hpp"
#include "kernels/result.hpp"
#include "kernels/score_range.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

/// What depends on d and the polynomial alone: made once, used for any number of inputs.
struct PolynomialPlan {
  /// `polynomial`: a relative approximation of exp with double coefficients. Errors: std::length_error
  /// (rank).
  PolynomialPlan(Eigen::Index dimension, CertifiedPolynomial polynomial);
  CertifiedPolynomial polynomial;
  MonomialTree tree;
  std::vector<double> weights;  // w_a, rounded once
};

/// The bound is infinite if rounding or overflow leaves nothing proved. `range` is score_range(q, k).
/// Errors: std::domain_error if the polynomial's interval or kind or d does not fit.
template <class T>
BoundedOutput<T> polynomial_attention(const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                                      const ScoreRange<T>& range, const PolynomialPlan& plan,
                                      Mask mask = Mask::none, ThreadCount threads = all_cores());
/// The same where the plan is there before the input: without a mask each query is read once, and whether the
/// plan's interval was wide enough is known after the rows (std::domain_error if not).
template <class T>
BoundedOutput<T> polynomial_attention(const Matrix<T>& q, const Matrix<T>& k, const Matrix<T>& v,
                                      const PolynomialPlan& plan, Mask mask = Mask::none,
                                      ThreadCount threads = all_cores());

/// From doubles to doubles, where and in which arithmetic kernels/device.hpp says.
AttentionResult polynomial_attention(const AttentionInput& input, const ScoreRange<double>& range,
                                     const CertifiedPolynomial& polynomial, Mask mask = Mask::none,
                                     ThreadCount threads = all_cores());

}  // namespace attnbounds
