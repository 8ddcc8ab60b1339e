// Attention and gradients from their definitions, in balls. Pairs of keys of tensor attention are keys:
// (K1 (/) K2), (V1 (/) V2), (A2 (x) A3), written out.
#pragma once

#include "least_degree.hpp"

namespace checker {

enum class Mask { none, causal };

/// Weights e^{<q_i, k_j>/d} divided by their sum, over the keys that row i sees; 0 elsewhere.
Row softmax_row(const Row& q, const Rows& keys, long d, long visible);
Rows column_products(const Rows& a, const Rows& b);  // A (/) B: row (j1, j2) is a_j1 o b_j2
Rows kronecker(const Rows& a, const Rows& b);        // A (x) B

/// p = (diag(f) - f f^T) q for one row.
Row pulled_back(const Row& f, const Row& q);

/// dL/dX = A1^T p K/d, p_i = (diag(f_i) - f_i f_i^T) h c_i, c = f h - E, f rows of weights given.
Rows loss_gradient(const Rows& f, const Rows& a1, const Rows& keys, const Rows& h, const Rows& e, long d);

/// The certified polynomial of a kernel: half_width X, `upper` proves a polynomial in t = x/X, `coefficients`
/// are those that were used (in x), `error` bounds the relative error of the latter on [-X, X].
struct KernelPolynomial {
  Fraction half_width, error;
  Upper upper;
  std::vector<Dyadic> coefficients;
  std::vector<Dyadic> centre;  // subtracted from the keys; empty: nothing is
};
/// Of a certificate of kind attention or gradient: none for method exact. bound_approximation +
/// bound_rounding = bound too, exactly, both at least 0.
std::optional<KernelPolynomial> kernel_polynomial_from(const Field& top);

/// Verifies `error`; returns phi(error).
Ball proved_perturbation(const KernelPolynomial& p, const std::string& place);

/// Every |score| of every row, after the centre is subtracted, is at most X by Hoelder's or Cauchy's
/// inequality: sum_l |q_il| max_j |k_jl - c_l|/d, or |q_i| max_j |k_j - c|/d in the Euclidean norm.
void require_scores_within(const KernelPolynomial& p, const Rows& q, const Rows& keys, long d,
                           const std::string& place);

/// observed.lower <= error <= observed.upper, error <= bound; error > exceeds, if it is there. Returns what
/// that adds to the sentence.
std::string require_observed(const Field& top, const Ball& error);

}  // namespace checker
