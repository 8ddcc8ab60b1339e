// Split and list (Williams 2005): a formula with V variables and M clauses becomes K families of
// n = 2^ceil(V/K) vectors of dimension M. Part k holds the variables k s + 1, …, (k + 1) s, s = ceil(V/K); a
// part that reaches beyond V has dummy variables there. Vector x of family k is the assignment whose bits are
// those of x, and its c-th bit is 1 iff that assignment does not satisfy clause c. So
//     sum_c prod_k bits = the number of clauses that no part satisfies,
// 0 iff the parts together satisfy the formula: #orthogonal tuples = 2^(K s - V) #satisfying assignments.
// Cost O(K n (M + literals)).
#pragma once

#include "reductions/cnf/formula.hpp"
#include "reductions/orthogonal_vectors/family.hpp"

namespace attnbounds {

inline long part_size(const Formula& formula, long arity) { return (formula.variables + arity - 1) / arity; }

/// Errors: InputError if the families would exceed kMostBits.
VectorFamilies split_and_list(const Formula& formula, long arity);

/// The map back: the assignment that a tuple stands for.
Assignment assignment_of(const Tuple& tuple, const Formula& formula);

}  // namespace attnbounds
