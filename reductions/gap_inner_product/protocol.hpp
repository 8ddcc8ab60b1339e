// Orthogonal vectors -> gap inner product, by the Merlin-Arthur protocol for disjointness (Aaronson,
// Wigderson 2009; Abboud, Rubinstein, Williams 2017; Rubinstein 2018) with an evaluation code: Reed-Solomon,
// or Hermitian (evaluation_code.hpp: functions L, l nodes, N points over F_Q, D zeros), K = 2, 3 parties.
// Coordinate c = s T + t of a vector is entry (s, t) of an l x T table, l T >= dimension, padded with 0.
// P_{x,t} in L interpolates column t of x at the nodes, and
//     Psi(z) = sum_t P_{x1,t}(z) … P_{xK,t}(z)   in L^K;
// at node s it is sum_t of bits, an integer 0 … T. If the characteristic exceeds T:  x1, …, xK orthogonal <=>
// Psi vanishes on the nodes.
// Advice: a function M of L^K that vanishes on the nodes; there are Q^a of them. Reed-Solomon: polynomials of
// degree <= K (l - 1) over F_q, a = (K - 1)(l - 1). The check at the point rho is Psi(rho) = M(rho).
//   complete: orthogonal, M = Psi: all N checks accept.
//   sound: not orthogonal: Psi != M for every legal M, so at most D < N checks accept.
// As inner products: coordinates (rho, alpha) with alpha in F_Q^T for K = 2, (rho, alpha, alpha') for K = 3:
//   x1: alpha  = (P_{x1,t}(rho))_t          x2 (K = 3): alpha' = (P_{x2,t}(rho))_t
//   xK with advice M: sum_t alpha_t [alpha'_t] P_{xK,t}(rho) = M(rho)
// so the product over the parties, summed, is the number of accepting rho. All advices are put into the last
// family: vector j with advice number M at index M n + j. Dimension N Q^((K-1) T); YES: some product = N; NO:
// all at most D.
#pragma once

#include <optional>

#include "reductions/gap_inner_product/evaluation_code.hpp"
#include "reductions/orthogonal_vectors/family.hpp"

namespace attnbounds {

struct ProtocolParameters {
  long arity = 2, dimension = 0;  // of the vectors that come in
  long nodes = 1;                 // l
  long columns = 1;               // T
  long field = 2;                 // Q
  CodeKind code = CodeKind::reed_solomon;

  /// Characteristic > T, N > D, l T >= dimension. Errors: InputError naming what fails.
  void validate() const;
  long checks() const { return code_size(code, arity, nodes, field).points; }  // N
  long degree() const { return code_size(code, arity, nodes, field).degree; }  // D
  // Sizes; std::overflow_error beyond 2^62.
  long advices() const;        // Q^a
  long new_dimension() const;  // N Q^((K-1) T)
};

/// Bits of the families that come out: (n (K - 1) + n advices) new_dimension, capped at 2^62.
long protocol_bits(const ProtocolParameters& parameters, long vectors);

/// The parameters of the smallest dimension whose families have at most `most_bits` bits; among those of one
/// dimension the fewest advices. Errors: InputError if there are none.
ProtocolParameters smallest_protocol(long arity, long dimension, long vectors, long most_bits,
                                     CodeKind code = CodeKind::reed_solomon);

struct GapInnerProduct {
  VectorFamilies families;  // the last one holds all advices
  long yes = 0, no = 0;     // some tuple has inner product yes, or all have at most no
};

/// Values of a function at the N points.
using Word = std::vector<long>;

/// The protocol on vectors of one instance: everything is a table over F_Q.
class Protocol {
 public:
  explicit Protocol(const ProtocolParameters& parameters);
  const ProtocolParameters& parameters() const { return parameters_; }
  const EvaluationCode& code() const { return code_; }

  /// (P_{x,t}(rho))_t
  std::vector<long> columns_at(const BitMatrix& family, long row, long rho) const;
  /// Legal advice for 0 <= number < advices().
  Word advice(long number) const;
  /// Psi of a tuple at rho.
  long combined_at(const VectorFamilies& families, const Tuple& tuple, long rho) const;
  /// How many checks accept the values (legal advice or not) for the tuple.
  long accepting(const VectorFamilies& families, const Tuple& tuple, const Word& values) const;
  /// The number of the advice M = Psi, if Psi vanishes on the nodes.
  std::optional<long> honest_advice(const VectorFamilies& families, const Tuple& tuple) const;

  GapInnerProduct reduce(const VectorFamilies& families) const;
  /// The map back: a tuple of the new families as one of the old, and the advice.
  Tuple original(const Tuple& tuple, long vectors) const;

 private:
  ProtocolParameters parameters_;
  EvaluationCode code_;
};

/// `p maxip K D Y N` (yes, no), then for each family a line `f COUNT` and COUNT lines of D characters.
std::string gap_text(const GapInnerProduct& gap);

}  // namespace attnbounds
