#include "reductions/gap_inner_product/protocol.hpp"

#include <algorithm>

#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"

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

TEST_CASE("finite fields are fields, of prime and of prime power size") {
  for (const long q : {2L, 3L, 4L, 5L, 7L, 8L, 9L, 16L, 25L, 27L, 31L}) {
    const FiniteField f(q);
    INFO("q = " << q);
    for (long a = 0; a < q; ++a) {
      if (a > 0) CHECK(f.multiply(a, f.inverse(a)) == 1);
      CHECK(f.add(a, f.negate(a)) == 0);
      CHECK(f.power(a, q) == a);
      long multiple = 0;
      for (long i = 0; i < f.characteristic(); ++i) multiple = f.add(multiple, a);
      CHECK(multiple == 0);
      for (long b = 0; b < q; ++b) {
        REQUIRE(f.add(a, b) == f.add(b, a));
        REQUIRE(f.multiply(a, b) == f.multiply(b, a));
        for (long c = 0; c < q; ++c) {
          REQUIRE(f.multiply(a, f.add(b, c)) == f.add(f.multiply(a, b), f.multiply(a, c)));
          REQUIRE(f.multiply(a, f.multiply(b, c)) == f.multiply(f.multiply(a, b), c));
        }
      }
    }
    CHECK_THROWS_AS(f.inverse(0), std::domain_error);
  }
  for (const long q : {1L, 6L, 12L, 2048L, 1L << 32}) CHECK_THROWS_AS(FiniteField(q), std::domain_error);
  CHECK(least_prime_above(7) == 11);
}

TEST_CASE("Hermitian curves have q^3 points, and products of K functions have at most D zeros") {
  for (const auto& [arity, nodes, field] : {std::tuple(2L, 3L, 4L),
                                            {3L, 2L, 4L},
                                            {2L, 2L, 9L},
                                            {2L, 11L, 9L},
                                            {3L, 6L, 9L},
                                            {2L, 20L, 16L},
                                            {2L, 41L, 25L}}) {
    const EvaluationCode code = hermitian_code(arity, nodes, field);
    INFO("K = " << arity << ", l = " << nodes << ", Q = " << field);
    const long q = hermitian_root(field), genus = q * (q - 1) / 2;
    CHECK(code.points == q * q * q);
    CHECK(static_cast<long>(code.nodes.size()) == nodes);
    CHECK(code.degree < code.points);
    // Riemann-Roch: dim L(D P) = D + 1 - g from D = 2 g - 1 on.
    if (code.degree >= 2 * genus - 1)
      CHECK(static_cast<long>(code.advice.size()) == code.degree + 1 - genus - nodes);
    for (std::size_t s = 0; s < code.nodes.size(); ++s)
      for (std::size_t t = 0; t < code.nodes.size(); ++t)
        REQUIRE(code.interpolation[static_cast<std::size_t>(code.nodes[t])][s] == (s == t ? 1 : 0));
    for (const auto& word : code.advice)
      for (const long node : code.nodes) REQUIRE(word[static_cast<std::size_t>(node)] == 0);
    CHECK(reduced(code.field, code.advice).rows.size() == code.advice.size());
    Stream stream(0, "zeros");
    for (int i = 0; i < 300; ++i) {  // few terms give many zeros
      std::vector<long> values(static_cast<std::size_t>(code.points), 0);
      for (int term = 0; term < 3; ++term) {
        const auto& basis = code.advice[stream.below(code.advice.size())];
        const long scale = static_cast<long>(stream.below(static_cast<std::uint64_t>(field)));
        for (std::size_t p = 0; p < values.size(); ++p)
          values[p] = code.field.add(values[p], code.field.multiply(scale, basis[p]));
      }
      const long zeros = std::count(values.begin(), values.end(), 0);
      REQUIRE((zeros <= code.degree || zeros == code.points));
    }
  }
  CHECK_THROWS_AS(hermitian_code(2, 4, 4), std::domain_error);  // D = 8 = N
  CHECK_THROWS_AS(hermitian_code(2, 2, 8), std::domain_error);  // no square
}

TEST_CASE(
    "for all vectors and all advices the protocol is complete and sound, and both bounds are attained") {
  struct Setting {
    long arity, nodes, columns, field;
    CodeKind code = CodeKind::reed_solomon;
  };
  for (const Setting s : {Setting{2, 2, 2, 5},
                          {2, 3, 2, 7},
                          {2, 2, 3, 5},
                          {2, 1, 4, 5},
                          {2, 4, 1, 7},
                          {3, 2, 2, 5},
                          {3, 2, 2, 7},
                          {3, 1, 3, 5},
                          {2, 2, 1, 4, CodeKind::hermitian},
                          {2, 3, 1, 4, CodeKind::hermitian},
                          {2, 2, 2, 9, CodeKind::hermitian},
                          {3, 2, 1, 4, CodeKind::hermitian}}) {
    const ProtocolParameters p{s.arity, s.nodes * s.columns, s.nodes, s.columns, s.field, s.code};
    const Protocol protocol(p);
    const VectorFamilies all = all_vectors(s.arity, p.dimension);
    INFO("K=" << s.arity << " l=" << s.nodes << " T=" << s.columns << " q=" << s.field);
    long worst = 0;
    for_tuples(all, [&](const Tuple& t) {
      const std::optional<long> honest = protocol.honest_advice(all, t);
      REQUIRE(honest.has_value() == (inner_product(all, t) == 0));
      if (honest) {
        REQUIRE(*honest < p.advices());
        REQUIRE(protocol.accepting(all, t, protocol.advice(*honest)) == p.checks());
        return;
      }
      for (long m = 0; m < p.advices(); ++m)
        worst = std::max(worst, protocol.accepting(all, t, protocol.advice(m)));
    });
    if (s.code == CodeKind::reed_solomon) CHECK(worst == p.degree());
    else CHECK((worst > 0 && worst <= p.degree()));
  }
}

TEST_CASE("inner products of the families that come out are the numbers of accepting checks") {
  for (const ProtocolParameters p : {ProtocolParameters{2, 4, 2, 2, 5},
                                     {2, 3, 3, 1, 5},
                                     {3, 2, 2, 1, 5},
                                     {2, 3, 2, 2, 3},
                                     {2, 3, 3, 1, 4, CodeKind::hermitian},
                                     {3, 2, 2, 1, 4, CodeKind::hermitian}}) {
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
  const FiniteField f(5);
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
      for (long c2 = 0; c2 < 5; ++c2) {
        Word values;
        for (long rho = 0; rho < 5; ++rho) values.push_back(f.evaluate({c0, c1, c2}, rho));
        if (protocol.accepting(all, pair, values) == 5) psi_itself = {c0, c1, c2};
      }
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
  const ProtocolParameters h = smallest_protocol(2, 3, 4, 1L << 25, CodeKind::hermitian);
  CHECK(h.field == 4);
  CHECK_THROWS_AS((ProtocolParameters{2, 4, 2, 2, 4, CodeKind::hermitian}.validate()), InputError);  // p <= T
  CHECK_THROWS_AS((ProtocolParameters{2, 4, 4, 1, 4, CodeKind::hermitian}.validate()), InputError);  // D >= N
  CHECK_THROWS_AS((ProtocolParameters{2, 4, 4, 1, 8, CodeKind::hermitian}.validate()), InputError);
  CHECK_THROWS_AS((ProtocolParameters{2, 6, 3, 2, 4}.validate()), InputError);
  CHECK_THROWS_AS((ProtocolParameters{2, 6, 4, 2, 5}.validate()), InputError);
  CHECK_THROWS_AS((ProtocolParameters{2, 6, 2, 2, 5}.validate()), InputError);
}
