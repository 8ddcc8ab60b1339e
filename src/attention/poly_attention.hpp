// Poly-attention (Chakrabarti, Pitassi, Alman 2026, arXiv 2602.02422), for any scalar. An attention
// polynomial h(x_1 … x_t) is a sum of products of distinct variables; each product x_a x_b … scores tokens by
// sum_l Q^a_l Q^b_l …, and
//     Att_i = sum_{i_2 … i_t} w(h(i, i_2 … i_t)/d) V^2_{i_2} o … o V^t_{i_t} / sum_{i_2 … i_t} w(h(…)/d).
// h = x1 x2 is attention, x1 x2 x3 tensor attention. The definition costs n^t |h| d. If the products are
// pairs and form a tree, sums over leaves are messages to their parents, (t - 1) n^2 weights in all, and only
// n (outputs + 1) numbers are kept a variable; that takes w(x + y) = w(x) w(y), as for exp.
#pragma once

#include <algorithm>
#include <stdexcept>

#include "attention/attention.hpp"

namespace attnbounds {

/// Variables are 0 … t-1, 0 the query's.
struct AttentionPolynomial {
  long variables = 2;
  std::vector<std::vector<long>> products;
};

template <class Scalar>
struct PolyAttentionInput {
  std::vector<Matrix<Scalar>> q;  // t of them, n_a x d
  std::vector<Matrix<Scalar>> v;  // t - 1 of them: of the variables 1 … t-1
};

/// h(Q^0_{i_0}, …, Q^{t-1}_{i_{t-1}}) / d
template <class Scalar>
Scalar poly_score(const AttentionPolynomial& h, const std::vector<Matrix<Scalar>>& q,
                  const std::vector<Eigen::Index>& tokens) {
  Scalar sum = scalar_from<Scalar>(0);
  for (const auto& product : h.products)
    for (Eigen::Index l = 0; l < q[0].cols(); ++l) {
      Scalar term = scalar_from<Scalar>(1);
      for (const long a : product) term *= q[a](tokens[a], l);
      sum += term;
    }
  return sum / scalar_from<Scalar>(q[0].cols());
}

/// Calls `visit(tokens)` for all i_1 … i_{t-1}, with i_0 = i.
template <class Scalar, class Visit>
void for_each_tuple(const std::vector<Matrix<Scalar>>& q, Eigen::Index i, const Visit& visit) {
  std::vector<Eigen::Index> tokens(q.size(), 0);
  tokens[0] = i;
  for (;;) {
    visit(tokens);
    std::size_t a = q.size() - 1;
    while (a > 0 && ++tokens[a] == q[a].rows()) tokens[a--] = 0;
    if (a == 0) return;
  }
}

template <class Scalar, class Weight = Exponential>
Matrix<Scalar> poly_attention(const AttentionPolynomial& h, const PolyAttentionInput<Scalar>& input,
                              const Weight& weight = {}) {
  const Eigen::Index outputs = input.v[0].cols();
  Matrix<Scalar> output(input.q[0].rows(), outputs);
  for (Eigen::Index i = 0; i < output.rows(); ++i) {
    Scalar denominator = scalar_from<Scalar>(0);
    std::vector<Scalar> numerator(outputs, scalar_from<Scalar>(0));
    for_each_tuple(input.q, i, [&](const std::vector<Eigen::Index>& tokens) {
      const Scalar w = weight(poly_score(h, input.q, tokens));
      denominator += w;
      for (Eigen::Index c = 0; c < outputs; ++c) {
        Scalar term = w;
        for (std::size_t a = 1; a < tokens.size(); ++a) term *= input.v[a - 1](tokens[a], c);
        numerator[c] += term;
      }
    });
    for (Eigen::Index c = 0; c < outputs; ++c) output(i, c) = numerator[c] / denominator;
  }
  return output;
}

/// A tree's edges as parents: parent[a] for a >= 1, or nothing if the products are no tree on all variables.
std::vector<long> tree_parents(const AttentionPolynomial& h);

/// The same attention by messages. Column 0 of a message is the denominator's, column 1 + c the numerator's.
/// Errors: std::invalid_argument if h is no tree.
template <class Scalar, class Weight = Exponential>
Matrix<Scalar> tree_attention(const AttentionPolynomial& h, const PolyAttentionInput<Scalar>& input,
                              const Weight& weight = {}) {
  const std::vector<long> parents = tree_parents(h);
  if (parents.empty()) throw std::invalid_argument("tree attention needs a tree of pairs on all variables");
  const Eigen::Index outputs = input.v[0].cols();
  std::vector<Matrix<Scalar>> state;  // what hangs below a token of each variable, times its own value
  for (long a = 0; a < h.variables; ++a) {
    Matrix<Scalar> m = Matrix<Scalar>::Constant(input.q[a].rows(), 1 + outputs, scalar_from<Scalar>(1));
    if (a > 0) m.rightCols(outputs) = input.v[a - 1];
    state.push_back(std::move(m));
  }
  std::vector<long> waiting(h.variables, 0);  // children not yet absorbed
  for (long a = 1; a < h.variables; ++a) ++waiting[parents[a]];
  std::vector<long> ready;
  for (long a = 1; a < h.variables; ++a)
    if (waiting[a] == 0) ready.push_back(a);
  while (!ready.empty()) {
    const long a = ready.back(), b = parents[a];
    ready.pop_back();
    for (Eigen::Index i = 0; i < input.q[b].rows(); ++i) {
      std::vector<Scalar> message(1 + outputs, scalar_from<Scalar>(0));
      for (Eigen::Index j = 0; j < input.q[a].rows(); ++j) {
        const Scalar w = weight(score(input.q[b], i, input.q[a], j));
        for (Eigen::Index c = 0; c <= outputs; ++c) message[c] += w * state[a](j, c);
      }
      for (Eigen::Index c = 0; c <= outputs; ++c) state[b](i, c) *= message[c];
    }
    if (b > 0 && --waiting[b] == 0) ready.push_back(b);
  }
  Matrix<Scalar> output(input.q[0].rows(), outputs);
  for (Eigen::Index i = 0; i < output.rows(); ++i)
    for (Eigen::Index c = 0; c < outputs; ++c) output(i, c) = state[0](i, 1 + c) / state[0](i, 0);
  return output;
}

}  // namespace attnbounds
