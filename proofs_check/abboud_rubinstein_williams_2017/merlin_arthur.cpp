// Abboud, Rubinstein, Williams 2017: the Merlin-Arthur protocol for orthogonality with Reed-Solomon codes
// over F_q; Rubinstein 2018 (arXiv 1803.00904), Theorem 3.1: with algebraic-geometry codes, here Hermitian; K
// = 2, 3. Every point of a grid is a small world (K, l, T, q), and in it ALL tuples of vectors of l T bits
// meet ALL legal advices.
#include "proofs_check/claim.hpp"
#include "reductions/gap_inner_product/protocol.hpp"

namespace attnbounds {
namespace {

struct Case {
  ProtocolParameters p;
};
Json describe(const Case& c) {
  return {{"code", c.p.code == CodeKind::hermitian ? "hermitian" : "reed-solomon"},
          {"K", c.p.arity},
          {"l", c.p.nodes},
          {"T", c.p.columns},
          {"q", c.p.field}};
}

std::vector<ProtocolParameters> worlds(Level level) {
  const auto world = [](long K, long l, long T, long q) { return ProtocolParameters{K, l * T, l, T, q}; };
  std::vector<ProtocolParameters> list = {world(2, 1, 4, 5), world(2, 2, 2, 5), world(2, 2, 2, 7),
                                          world(2, 4, 1, 7), world(3, 1, 3, 5), world(3, 2, 1, 5)};
  if (level != Level::quick) {
    list.push_back(world(2, 3, 2, 7));
    list.push_back(world(2, 2, 3, 5));
    list.push_back(world(3, 2, 2, 5));
  }
  if (level == Level::exhaustive) list.push_back(world(3, 2, 2, 7));
  return list;
}

std::vector<ProtocolParameters> hermitian_worlds(Level level) {
  const auto world = [](long K, long l, long T, long Q) {
    return ProtocolParameters{K, l * T, l, T, Q, CodeKind::hermitian};
  };
  std::vector<ProtocolParameters> list = {world(2, 1, 1, 4), world(2, 2, 1, 4), world(2, 3, 1, 4),
                                          world(2, 1, 2, 9), world(2, 2, 2, 9), world(3, 1, 1, 4),
                                          world(3, 2, 1, 4)};
  if (level == Level::exhaustive) list.push_back(world(3, 2, 1, 9));
  return list;
}

template <class Visit>
void for_all_tuples(const ProtocolParameters& p, const Visit& visit) {
  BitMatrix all(1L << p.dimension, p.dimension);
  for (long i = 0; i < all.rows; ++i)
    for (long c = 0; c < p.dimension; ++c)
      if ((i >> c & 1) != 0) all.set(i, c);
  const VectorFamilies families{std::vector<BitMatrix>(static_cast<std::size_t>(p.arity), all)};
  for (long index = 0; index < 1L << (p.arity * p.dimension); ++index) {
    Tuple tuple;
    for (long k = 0; k < p.arity; ++k) tuple.push_back(index >> (k * p.dimension) & (all.rows - 1));
    visit(families, tuple);
  }
}

/// Most checks that any advice passes for a tuple that is not orthogonal.
Rational most_accepting(const Case& c) {
  const Protocol protocol(c.p);
  long most = 0;
  for_all_tuples(c.p, [&](const VectorFamilies& families, const Tuple& t) {
    if (inner_product(families, t) == 0) return;
    for (long m = 0; m < c.p.advices(); ++m)
      most = std::max(most, protocol.accepting(families, t, protocol.advice(m)));
  });
  return most;
}

/// Fewest checks that the honest advice passes for an orthogonal tuple.
Rational fewest_honest(const Case& c) {
  const Protocol protocol(c.p);
  long fewest = c.p.checks();
  for_all_tuples(c.p, [&](const VectorFamilies& families, const Tuple& t) {
    const std::optional<long> honest = protocol.honest_advice(families, t);
    if (inner_product(families, t) == 0)
      fewest = std::min(fewest, honest ? protocol.accepting(families, t, protocol.advice(*honest)) : 0);
  });
  return fewest;
}

/// As most_accepting, with Psi itself as advice, which does not vanish on the nodes.
Rational most_accepting_without_zeros(const Case& c) {
  const Protocol protocol(c.p);
  long most = 0;
  for_all_tuples(c.p, [&](const VectorFamilies& families, const Tuple& t) {
    if (inner_product(families, t) == 0) return;
    long accepting = 0;
    for (long rho = 0; rho < c.p.checks(); ++rho)
      if (protocol.combined_at(families, t, rho) == protocol.combined_at(families, t, rho)) ++accepting;
    most = std::max(most, accepting);
  });
  return most;
}

const Registration gap =
    claim("abboud-rubinstein-williams-2017/merlin-arthur-gap", "the protocol, Reed-Solomon form",
          Standing::checked)
        .says(
            "orthogonal: the honest advice passes all q checks; otherwise every advice passes at most K(l-1)",
            R"($x_1,\dots,x_K$ orthogonal: $q$ checks pass; else at most $K(\ell-1)$ for any legal advice)")
        .over(worlds, [](const ProtocolParameters& p) { return Case{p}; })
        .at_most("soundness: accepting <= K(l-1)", most_accepting,
                 [](const Case& c) { return Rational(c.p.degree()); })
        .at_most(
            "completeness: q <= accepting", [](const Case& c) { return Rational(c.p.field); }, fewest_honest)
        .twin("an advice that does not vanish on the nodes", most_accepting_without_zeros,
              [](const Case& c) { return Rational(c.p.degree()); });

const Registration hermitian_gap =
    claim("abboud-rubinstein-williams-2017/hermitian-gap",
          "the protocol with a Hermitian code (Rubinstein 2018)", Standing::checked)
        .says(
            "orthogonal: the honest advice passes all q^3 checks; otherwise every advice passes at most K s",
            R"($x_1,\dots,x_K$ orthogonal: $q^3$ checks pass; else at most $Ks$, $s$ the pole order of $L$)")
        .over(hermitian_worlds, [](const ProtocolParameters& p) { return Case{p}; })
        .at_most("soundness: accepting <= K s", most_accepting,
                 [](const Case& c) { return Rational(c.p.degree()); })
        .at_most(
            "completeness: q^3 <= accepting", [](const Case& c) { return Rational(c.p.checks()); },
            fewest_honest)
        .twin("an advice that does not vanish on the nodes", most_accepting_without_zeros,
              [](const Case& c) { return Rational(c.p.degree()); });

/// Tuples that are not orthogonal, though Psi vanishes on the nodes.
struct Field {
  long arity, columns, field;
};
Json describe(const Field& f) { return {{"K", f.arity}, {"T", f.columns}, {"q", f.field}}; }
Rational missed(const Field& f) {
  long missed = 0;  // at a node, Psi is the number of common ones in a row of T bits, modulo q
  for (long common = 1; common <= f.columns; ++common)
    if (common % f.field == 0) ++missed;
  return missed;
}

const Registration field_size =
    claim("abboud-rubinstein-williams-2017/field-exceeds-columns", "choice of q", Standing::checked)
        .says("q > T: Psi vanishes on the nodes only for orthogonal tuples",
              R"($q > T$: $\Psi|_{[\ell]} = 0 \Rightarrow x_1 \perp \dots \perp x_K$)")
        .given([](Draw& d) {
          const long T = d.integer(1, 40);
          long q = least_prime_above(T);
          for (long i = d.integer(0, 3); i > 0; --i) q = least_prime_above(q);
          return Field{d.integer(2, 3), T, q};
        })
        .where("q > T", [](const Field& f) { return f.field > f.columns; })
        .equal("no sum 1 … T of bits is 0 in F_q", missed)
        .twin_without("q > T", [](Draw& d) {
          const long q = least_prime_above(d.integer(1, 20));
          return Field{d.integer(2, 3), q + d.integer(0, 10), q};
        });

}  // namespace
}  // namespace attnbounds
