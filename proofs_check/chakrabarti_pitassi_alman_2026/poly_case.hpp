// Instances of poly-attention shared by the claims.
#pragma once

#include "attention/poly_attention.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {

struct PolyCase {
  AttentionPolynomial h;
  PolyAttentionInput<double> input;
};
inline Json json_poly(const PolyCase& c) {
  Json q = Json::array(), v = Json::array();
  for (const Matrix<double>& m : c.input.q) q.push_back(json_matrix(m));
  for (const Matrix<double>& m : c.input.v) v.push_back(json_matrix(m));
  return {{"variables", c.h.variables}, {"products", c.h.products}, {"q", q}, {"v", v}};
}
inline Json describe(const PolyCase& c) { return json_poly(c); }

template <class Scalar>
PolyAttentionInput<Scalar> input_from(const PolyAttentionInput<double>& input) {
  PolyAttentionInput<Scalar> result;
  for (const Matrix<double>& m : input.q) result.q.push_back(matrix_from<Scalar>(m));
  for (const Matrix<double>& m : input.v) result.v.push_back(matrix_from<Scalar>(m));
  return result;
}

/// A random tree on `variables` variables.
inline AttentionPolynomial random_tree(Draw& d, long variables) {
  AttentionPolynomial h{variables, {}};
  for (long a = 1; a < variables; ++a) h.products.push_back({d.integer(0, a - 1), a});
  return h;
}

/// Distinct products of 2 … t variables, not all of one kind.
inline AttentionPolynomial random_polynomial(Draw& d, long variables) {
  AttentionPolynomial h{variables, {}};
  for (long tried = d.integer(1, 4); tried > 0; --tried) {
    std::vector<long> product;
    for (long a = 0; a < variables; ++a)
      if (d.integer(0, 1) == 1) product.push_back(a);
    if (product.size() >= 2 && std::find(h.products.begin(), h.products.end(), product) == h.products.end())
      h.products.push_back(product);
  }
  if (h.products.empty()) h.products.push_back({0, 1});
  return h;
}

inline long degree_of(const AttentionPolynomial& h) {
  std::size_t degree = 0;
  for (const auto& product : h.products) degree = std::max(degree, product.size());
  return static_cast<long>(degree);
}

/// Up to `most` tokens a variable; entries of q integers times `scale` within `bound`.
inline PolyAttentionInput<double> draw_input(Draw& d, long variables, long most, long width, long bound,
                                             int bits) {
  PolyAttentionInput<double> input;
  const long outputs = d.integer(1, 2);
  for (long a = 0; a < variables; ++a) {
    const long n = d.integer(1, most);
    input.q.push_back(d.matrix(n, width, bound, bits));
    if (a > 0) input.v.push_back(d.matrix(n, outputs, 2));
  }
  return input;
}

inline double largest_score_entry(const PolyCase& c) {
  double most = 0;
  for (const Matrix<double>& m : c.input.q) most = std::max(most, max_abs(m));
  return most;
}
inline double product_of_values(const PolyCase& c) {
  double product = 1;
  for (const Matrix<double>& m : c.input.v) product *= max_abs(m);
  return product;
}

}  // namespace attnbounds
