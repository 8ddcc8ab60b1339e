// Evaluation codes for the protocol: a space L of functions with values on N points over F_Q such that
//   - some l of the points, the nodes, interpolate: L has dimension l and its values there are free;
//   - products of K functions of L lie in a space L^K of functions of which only 0 has more than D zeros.
// Reed-Solomon: the points are F_q, N = q, the nodes 0 … l - 1, L the polynomials of degree < l, D = K (l -
// 1). Hermitian (Stichtenoth 1988): the curve y^q + y = x^{q+1} over F_{q^2}, Q = q^2, has N = q^3 affine
// points and genus q (q - 1)/2. The functions without poles there are spanned by x^i y^j, 0 <= j < q, whose
// pole at infinity has order i q + j (q + 1), no two of them equal. L: the first l of them in that order, up
// to pole order s; L^K: all up to order D = K s; a function has as many zeros as poles. Needs D < N. Alphabet
// Q = N^{2/3} instead of N: with one alphabet q^2 the number of nodes goes up to q^3/K - q^2/2 and not only
// to q^2/K.
// Advice: functions of L^K that vanish on the nodes; a basis of them is numbered, advice number m = sum_i m_i
// Q^i is sum_i m_i basis_i. Reed-Solomon basis_i = z^i prod_s (z - s). Hermitian: the null space (as in
// finite_field.hpp) of the monomials' values at the nodes, monomials by pole order.
// Points: 0 … q - 1, or the pairs (x, y) in lexicographic order; Hermitian nodes: greedily, each first point
// that keeps the values of L independent.
#pragma once

#include "reductions/gap_inner_product/finite_field.hpp"

namespace attnbounds {

enum class CodeKind { reed_solomon, hermitian };

struct EvaluationCode {
  FiniteField field;
  long points = 0;
  long degree = 0;  // D
  std::vector<long> nodes;
  FieldMatrix interpolation;  // [point][s]: value of the function of L that is 1 at node s, 0 at the others
  FieldMatrix advice;         // [i][point]
};

/// D and the dimension of the space of advices, without making the code.
struct CodeSize {
  long points = 0, degree = 0, advice_dimension = 0;
};
CodeSize code_size(CodeKind kind, long arity, long nodes, long field);

/// Errors: std::domain_error unless 1 <= nodes and D < N.
EvaluationCode reed_solomon_code(long arity, long nodes, long field);
EvaluationCode hermitian_code(long arity, long nodes, long field);

/// q of Q = q^2; 0 if Q is no square of a prime power.
long hermitian_root(long field);

}  // namespace attnbounds
