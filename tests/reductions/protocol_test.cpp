#include "reductions/gap_inner_product/protocol.hpp"

#include <algorithm>

#include "catch.hpp"
#include "numeric/exact_text.hpp"

using namespace attnbounds;

namespace {

/// All 2^dimension vectors, in each family.
VectorFamilies all_vectors(long arity, long dimension) {
  VectorFamilies all;
  BitMatrix family(1L << dimension, dimension);
  for (long i = 0; i < family.rows; ++i)
    for (long c = 0; c < dimension; ++c)
      if ((i >> c & 1) != 0) family.set(i, c);
  all.families.assign(static_cast<std::size_t>(arity), family);
  return all;
}

template <class Visit>
void for_tuples(const VectorFamilies& families, const Visit& visit) {
  long count = 1;
  for (const BitMatrix& f : families.families) count *= f.rows;
  for (long index = 0; index < count; ++index) {
    Tuple t;
    long rest = index;
    for (const BitMatrix& f : families.families) {
      t.push_back(rest % f.rows);
      rest /= f.rows;
    }
    visit(t);
  }
}

}  // namespace

TEST_CASE("prime fields are fields") {
  for (const long q : {2L, 3L, 5L, 7L, 31L}) {
    const PrimeField f(q);
    for (long a = 1; a < q; ++a) CHECK(f.multiply(a, f.inverse(a)) == 1);
    CHECK_THROWS_AS(f.inverse(0), std::domain_error);
  }
  CHECK_THROWS_AS(PrimeField(9), std::domain_error);
  CHECK_THROWS_AS(PrimeField(1), std::domain_error);
  CHECK(least_prime_above(7) == 11);
}

TEST_CASE(
    "for all vectors and all advices the protocol is complete and sound, and both bounds are attained") {
  struct Setting {
    long arity, nodes, columns, field;
  };
  for (const Setting s : {Setting{2, 2, 2, 5},
                          {2, 3, 2, 7},
                          {2, 2, 3, 5},
                          {2, 1, 4, 5},
                          {2, 4, 1, 7},
                          {3, 2, 2, 5},
                          {3, 2, 2, 7},
                          {3, 1, 3, 5}}) {
    const ProtocolParameters p{s.arity, s.nodes * s.columns, s.nodes, s.columns, s.field};
    const Protocol protocol(p);
    const VectorFamilies all = all_vectors(s.arity, p.dimension);
    INFO("K=" << s.arity << " l=" << s.nodes << " T=" << s.columns << " q=" << s.field);
    long worst = 0;
    for_tuples(all, [&](const Tuple& t) {
      const std::optional<long> honest = protocol.honest_advice(all, t);
      REQUIRE(honest.has_value() == (inner_product(all, t) == 0));
      if (honest) {
        REQUIRE(*honest < p.advices());
        REQUIRE(protocol.accepting(all, t, protocol.advice(*honest)) == p.field);
        return;
      }
      for (long m = 0; m < p.advices(); ++m)
        worst = std::max(worst, protocol.accepting(all, t, protocol.advice(m)));
    });
    CHECK(worst == p.degree());
  }
}

TEST_CASE("inner products of the families that come out are the numbers of accepting checks") {
  for (const ProtocolParameters p :
       {ProtocolParameters{2, 4, 2, 2, 5}, {2, 3, 3, 1, 5}, {3, 2, 2, 1, 5}, {2, 3, 2, 2, 3}}) {
    const Protocol protocol(p);
    const VectorFamilies all = all_vectors(p.arity, p.dimension);
    const GapInnerProduct gap = protocol.reduce(all);
    CHECK(gap.families.dimension() == p.new_dimension());
    CHECK(gap.families.families.back().rows == all.families.back().rows * p.advices());
    for_tuples(gap.families, [&](const Tuple& t) {
      const long n = all.families.back().rows;
      REQUIRE(inner_product(gap.families, t) ==
              protocol.accepting(all, protocol.original(t, n), protocol.advice(t.back() / n)));
    });
  }
}

TEST_CASE("q <= T, and advice that does not vanish on the nodes, break soundness") {
  // T = 5 = q: one row of five ones against itself has inner product 5 = 0 in F_5.
  ProtocolParameters p{2, 5, 1, 5, 5};
  CHECK_THROWS_AS(Protocol(p), InputError);
  const PrimeField f(5);
  long psi = 0;
  for (int t = 0; t < 5; ++t) psi = f.add(psi, 1);
  CHECK(psi == 0);  // the check would accept a pair that is not orthogonal

  p = {2, 4, 2, 2, 5};
  const Protocol protocol(p);
  const VectorFamilies all = all_vectors(2, 4);
  const Tuple pair{15, 15};
  std::vector<long> psi_itself;  // degree 2, from three values
  for (long c0 = 0; c0 < 5; ++c0)
    for (long c1 = 0; c1 < 5; ++c1)
      for (long c2 = 0; c2 < 5; ++c2)
        if (protocol.accepting(all, pair, {c0, c1, c2}) == 5) psi_itself = {c0, c1, c2};
  CHECK(psi_itself.size() == 3);  // accepted everywhere, though the pair is not orthogonal
}

TEST_CASE("parameters are the smallest that fit, or refused") {
  const ProtocolParameters p = smallest_protocol(2, 6, 8, 1L << 25);
  CHECK_NOTHROW(p.validate());
  CHECK(protocol_bits(p, 8) <= 1L << 25);
  for (long nodes = 1; nodes <= 6; ++nodes)
    for (long columns = (6 + nodes - 1) / nodes; columns <= 6; ++columns)
      for (const long q : {2L, 3L, 5L, 7L, 11L, 13L}) {
        const ProtocolParameters other{2, 6, nodes, columns, q};
        if (q > columns && q > other.degree() && protocol_bits(other, 8) <= 1L << 25)
          CHECK(other.new_dimension() >= p.new_dimension());
      }
  CHECK_THROWS_AS(smallest_protocol(2, 100, 1024, 1L << 25), InputError);
  CHECK_THROWS_AS((ProtocolParameters{2, 6, 3, 2, 4}.validate()), InputError);
  CHECK_THROWS_AS((ProtocolParameters{2, 6, 4, 2, 5}.validate()), InputError);
  CHECK_THROWS_AS((ProtocolParameters{2, 6, 2, 2, 5}.validate()), InputError);
}
