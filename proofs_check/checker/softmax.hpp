// Attention and gradients from their definitions, in balls. Pairs of keys of tensor attention are keys:
// (K1 (/) K2), (V1 (/) V2), (A2 (x) A3), written out.
#pragma once

#include <climits>

#include "least_degree.hpp"

namespace checker {

enum class Mask { none, causal };
inline Mask mask_from(const Field& field) {
  return field.one_of({"none", "causal"}) == "causal" ? Mask::causal : Mask::none;
}

/// Weights e^{<q, k_j>/d} divided by their sum, over the keys that the row sees; 0 elsewhere. Key j is the
/// pair (j / second, j % second) of tokens; it is seen if neither is beyond `last`.
Row softmax_row(const Row& q, const Rows& keys, long d, long last = LONG_MAX, long second = 1);

/// Row i sees all keys, or under a causal mask those up to i.
Rows softmax_rows(const Rows& q, const Rows& keys, long d, Mask mask = Mask::none);

template <class T>
Table<T> column_products(const Table<T>& a, const Table<T>& b) {  // A (/) B: row (j1, j2) is a_j1 o b_j2
  Table<T> result;
  for (const std::vector<T>& x : a)
    for (const std::vector<T>& y : b) {
      result.emplace_back();
      for (std::size_t l = 0; l < x.size(); ++l) result.back().push_back(x[l] * y[l]);
    }
  return result;
}
template <class T>
Table<T> kronecker(const Table<T>& a, const Table<T>& b) {  // A (x) B
  Table<T> result;
  for (const std::vector<T>& x : a)
    for (const std::vector<T>& y : b) {
      result.emplace_back();
      for (const T& u : x)
        for (const T& v : y) result.back().push_back(u * v);
    }
  return result;
}

/// p = (diag(f) - f f^T) q for one row.
template <class T>
std::vector<T> pulled_back(const std::vector<T>& f, const std::vector<T>& q) {
  const T mean = dot(f, q);
  std::vector<T> p;
  for (std::size_t j = 0; j < f.size(); ++j) p.push_back(f[j] * (q[j] - mean));
  return p;
}
/// p_i = (diag(f_i) - f_i f_i^T) h c_i, row by row.
template <class T>
Table<T> pulled_back(const Table<T>& f, const Table<T>& c, const Table<T>& h) {
  const Table<T> q = product(c, transposed(h));
  Table<T> p;
  for (std::size_t i = 0; i < f.size(); ++i) p.push_back(pulled_back(f[i], q[i]));
  return p;
}
/// Of <G, f V> by Q, K and V, f = softmax(Q K^T/d): p K, p^T Q, f^T G, with p = (diag(f) - f f^T) G V^T/d row
/// by row.
struct AttentionGradient {
  Rows p, q, k, v;
};
AttentionGradient attention_gradient(const Rows& f, const Rows& q, const Rows& k, const Rows& v,
                                     const Rows& g);
/// dL/dX = A1^T p K/d, c = f h - E, f rows of weights given.
template <class T>
Table<T> loss_gradient(const Table<T>& f, const Table<T>& a1, const Table<T>& keys, const Table<T>& h,
                       const Table<T>& e, long d) {
  const Table<T> p = pulled_back(f, product(f, h) - e, h);
  return scaled(T(1) / T(d), product(product(transposed(a1), p), keys));
}

struct Ends {
  Ball low, high;
  Ball range() const { return high - low; }
};
Ends ends_of(const Row& x);

/// factor range(R_b) sum_i |L_ia| (sum_l sizes_il r_l + 1/2 sum_l r_l^2), r_l = range(h_l): with factor phi/4
/// and sizes at least |f h - E| it bounds the change of (L^T p R)_ab (Theorem L of docs/neighbours.md).
Rows form_bounds(const Rows& left, const Rows& right, const Rows& sizes, const Rows& h, const Ball& factor);
/// Theorem G' entry by entry: the same for A1^T p K/d, with max_j |h_jl - E_il| for the sizes.
Rows gradient_entry_bounds(const Rows& a1, const Rows& keys, const Rows& h, const Rows& e, const Ball& phi,
                           long d);

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
