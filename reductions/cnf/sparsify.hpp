// Sparsification (Impagliazzo, Paturi, Zane 2001): a k-CNF is the disjunction of sparse k-CNFs. A sunflower:
// clauses H u P_1, …, H u P_m of one size with a common heart H that is not empty, and petals P_i of c
// literals. An assignment satisfies them all iff it satisfies H or all P_i, so
//     F = (F and H) or (F and P_1 and … and P_m),
// and the new clauses subsume the sunflower's. Branch while there is a sunflower of m >= theta_c = theta^c
// petals; small petals first, then small hearts, then the least heart; after each step clauses that contain
// another are removed. Each step enlarges the set of clauses implied by inclusion, so it ends.
// Accounting, for a leaf with V variables: a literal is in fewer than theta_{i-1} clauses of size i (they
// would be a sunflower), so a leaf has at most
//     1 + 2 V + sum_{i=2}^k 2 V (theta_{i-1} - 1)/i      clauses.
// The lemma's number of leaves, 2^{eps V}, needs thetas that grow with k and 1/eps; with a theta that does
// something on small formulas the leaves are counted, and the count stands in the receipt.
// A leaf's assignments satisfy F: the map back is the identity. Cost: a step is O(2^k clauses log + clauses^2
// k).
#pragma once

#include "reductions/cnf/formula.hpp"

namespace attnbounds {

/// A node of the tree: a leaf, or a sunflower with a child for its heart and a child for its petals.
struct SparsifierNode {
  long leaf = -1;  // number of the leaf, or -1
  Clause heart;
  std::vector<Clause> petals;
  long with_heart = -1, with_petals = -1;  // nodes
};

struct Sparsification {
  std::vector<SparsifierNode> nodes;  // 0 is the root
  std::vector<Formula> leaves;
  long theta = 2;
  long most_clauses = 0;  // the bound above
};

inline constexpr long kMostLeaves = 1L << 12;

/// Without tautologies, repeated literals and clauses that contain another; clauses sorted.
Formula simplified(const Formula& formula);

/// Errors: InputError unless 2 <= theta <= 1000 and clauses have at most 10 literals, or for more than
/// kMostLeaves leaves.
Sparsification sparsify(const Formula& formula, long theta);

}  // namespace attnbounds
