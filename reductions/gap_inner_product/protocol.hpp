// Orthogonal vectors -> gap inner product, by the Merlin-Arthur protocol for disjointness with Reed-Solomon
// codes (Aaronson, Wigderson 2009; Abboud, Rubinstein, Williams 2017; Rubinstein 2018), K = 2, 3 parties.
// Coordinate c = s T + t of a vector is entry (s, t) of an l x T table, l T >= dimension, padded with 0.
// P_{x,t} of degree < l interpolates column t of x at the nodes 0 … l - 1 of F_q, and
//     Psi(z) = sum_t P_{x1,t}(z) … P_{xK,t}(z),   degree <= K (l - 1);
// at node s it is sum_t of bits, an integer 0 … T. If q > T:  x1, …, xK orthogonal <=> Psi vanishes on the
// nodes.
// Advice: a polynomial M of degree <= K (l - 1) that vanishes on the nodes: M = prod_s (z - s) g(z), deg g <=
// (K - 1)(l - 1) - 1; there are q^((K-1)(l-1)) of them. The check at rho in F_q is Psi(rho) = M(rho).
//   complete: orthogonal, M = Psi: all q checks accept.
//   sound: not orthogonal: Psi != M for every legal M, so at most K (l - 1) < q checks accept.
// As inner products: coordinates (rho, alpha) with alpha in F_q^T for K = 2, (rho, alpha, alpha') for K = 3:
//   x1: alpha  = (P_{x1,t}(rho))_t          x2 (K = 3): alpha' = (P_{x2,t}(rho))_t
//   xK with advice M: sum_t alpha_t [alpha'_t] P_{xK,t}(rho) = M(rho)
// so the product over the parties, summed, is the number of accepting rho. All advices are put into the last
// family: vector (M, j) at index M N + j. Dimension q^(1 + (K-1) T); YES: some product = q; NO: all at most
// K (l - 1).
#pragma once

#include <optional>

#include "reductions/gap_inner_product/prime_field.hpp"
#include "reductions/orthogonal_vectors/family.hpp"

namespace attnbounds {

struct ProtocolParameters {
  long arity = 2, dimension = 0;  // of the vectors that come in
  long nodes = 1;                 // l
  long columns = 1;               // T
  long field = 2;                 // q

  /// q > T and q > K (l - 1), l T >= dimension. Errors: InputError naming what fails.
  void validate() const;
  long degree() const { return arity * (nodes - 1); }
  // Sizes; std::overflow_error beyond 2^62.
  long advices() const;        // q^((K-1)(l-1))
  long new_dimension() const;  // q^(1 + (K-1) T)
};

/// Bits of the families that come out: (n (K - 1) + n advices) new_dimension, capped at 2^62.
long protocol_bits(const ProtocolParameters& parameters, long vectors);

/// The parameters of the smallest dimension whose families have at most `most_bits` bits; among those of one
/// dimension the fewest advices. Errors: InputError if there are none.
ProtocolParameters smallest_protocol(long arity, long dimension, long vectors, long most_bits);

struct GapInnerProduct {
  VectorFamilies families;  // the last one holds all advices
  long yes = 0, no = 0;     // some tuple has inner product yes, or all have at most no
};

/// The protocol on vectors of one instance: everything is a table over F_q.
class Protocol {
 public:
  explicit Protocol(const ProtocolParameters& parameters);
  const ProtocolParameters& parameters() const { return parameters_; }

  /// (P_{x,t}(rho))_t
  std::vector<long> columns_at(const BitMatrix& family, long row, long rho) const;
  /// Coefficients of the polynomial of that number: legal advice for 0 <= number < advices().
  std::vector<long> advice(long number) const;
  /// Psi of a tuple at rho.
  long combined_at(const VectorFamilies& families, const Tuple& tuple, long rho) const;
  /// How many checks accept `polynomial` (legal or not) as advice for the tuple.
  long accepting(const VectorFamilies& families, const Tuple& tuple,
                 const std::vector<long>& polynomial) const;
  /// The number of the advice M = Psi, if Psi vanishes on the nodes.
  std::optional<long> honest_advice(const VectorFamilies& families, const Tuple& tuple) const;

  GapInnerProduct reduce(const VectorFamilies& families) const;
  /// The map back: a tuple of the new families as one of the old, and the advice.
  Tuple original(const Tuple& tuple, long vectors) const;

 private:
  ProtocolParameters parameters_;
  PrimeField field_;
  std::vector<std::vector<long>> lagrange_;  // [rho][s]
  std::vector<long> vanishing_;              // coefficients of prod_s (z - s)
};

/// `p maxip K D Y N` (yes, no), then for each family a line `f COUNT` and COUNT lines of D characters.
std::string gap_text(const GapInnerProduct& gap);

}  // namespace attnbounds
