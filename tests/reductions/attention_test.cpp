#include <cmath>

#include "attention/enclosure.hpp"
#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "reductions/attention/decision.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/hard/families.hpp"
#include "reductions/hard/route_hardness.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"
#include "tests/reductions/formulas.hpp"

using namespace attnbounds;

namespace {

std::vector<SignMatrix> sign_matrices(const VectorFamilies& f) {
  std::vector<SignMatrix> result;
  for (const BitMatrix& family : f.families) result.push_back(sign_matrix(family));
  return result;
}
std::vector<long> rows(const VectorFamilies& f) {
  std::vector<long> result;
  for (const BitMatrix& family : f.families) result.push_back(family.rows);
  return result;
}
bool any_above(const SidedOutputs& outputs) {
  for (const Side side : outputs.sides)
    if (side == Side::above) return true;
  return false;
}
SidedOutputs decide(const ThresholdParameters& p, const VectorFamilies& f) {
  return p.arity == 2 ? sides_of(matrix_instance(p, sign_matrices(f)), Rational(1, 2))
                      : sides_of(tensor_instance(p, sign_matrices(f)), Rational(1, 2));
}

}  // namespace

TEST_CASE("the rounded matrices separate: both sides of the promise are enclosed away from 1/2") {
  for (const std::vector<long>& sizes : {std::vector<long>{1, 1},
                                         {2, 2},
                                         {8, 8},
                                         {32768, 32768},
                                         {8, 392},
                                         {1, 1, 1},
                                         {4, 4, 4},
                                         {64, 64, 1600}})
    for (const long dimension : {0L, 1L, 6L, 130L, 3125L})
      for (const ScorePromise promise :
           {orthogonality_promise(), ScorePromise{ScoreSign::positive, 7, 4}, {ScoreSign::positive, 1, 0}})
        for (const Rational& margin : {Rational(3), Rational(1001, 1000), Rational(1000000)}) {
          if (promise.yes > std::max(1L, dimension)) continue;
          const ThresholdParameters p = threshold_for_margin(sizes, dimension, promise, margin);
          const WorkingPrecision precision(Bits{128});
          const ThresholdGuarantee g = guarantee(p);
          CHECK(std::fabs(p.bias) <= p.entry);
          CHECK(lower(g.yes_output) > Real(0.5));
          CHECK(upper(g.no_output) < Real(0.5));
          // R/(R+1) up to the rounding of r and w.
          CHECK(std::fabs(round_down(g.yes_output) - nearest(Rational(margin / (margin + 1)))) < 1e-9);
          CHECK(round_up(g.no_output) <= nearest(Rational(1 / (margin + 1))) + 1e-9);
        }
}

TEST_CASE("kappa and margin are two names of one instance; below the least kappa the guarantee is gone") {
  const ThresholdParameters p = threshold_for_margin({64, 64}, 20, orthogonality_promise(), 3);
  const ThresholdParameters again =
      threshold_for_kappa({64, 64}, 20, orthogonality_promise(), to_rational(kappa_of(p)));
  CHECK(std::fabs(again.entry - p.entry) < 1e-12 * p.entry);
  const double least = least_kappa({64, 64}, 20, orthogonality_promise());
  const ThresholdGuarantee below =
      guarantee(threshold_for_kappa({64, 64}, 20, orthogonality_promise(), to_rational(least * 0.99)));
  CHECK(lower(below.no_output) > upper(below.yes_output));
  CHECK_THROWS_AS(threshold_for_margin({4, 4}, 3, orthogonality_promise(), 1), InputError);
  for (const std::vector<long>& sizes : {std::vector<long>{64, 64}, {1, 1}, {8, 8, 8}, {1, 1, 1}})
    for (const Rational& kappa : {Rational(1, 1000000), Rational(1, 10), Rational(1), Rational(30)}) {
      const ThresholdParameters any = threshold_for_kappa(sizes, 20, orthogonality_promise(), kappa);
      CHECK(std::fabs(any.bias) <= any.entry);
    }
}

TEST_CASE("output ranges contain the enclosures of the reference, matrix and tensor") {
  Stream stream(0, "ranges");
  for (int i = 0; i < 12; ++i) {
    const double size = i % 3 == 0 ? 40 : 2;
    const Eigen::Index n = 1 + static_cast<Eigen::Index>(stream.below(9)),
                       m = 1 + static_cast<Eigen::Index>(stream.below(40)),
                       d = 1 + static_cast<Eigen::Index>(stream.below(9));
    const AttentionInput matrix{stream.uniform_matrix(n, d, size), stream.uniform_matrix(m, d, size),
                                stream.uniform_matrix(m, 1, 3)};
    const auto check = [](const std::vector<OutputRange>& ranges, const Matrix<Interval>& exact) {
      for (Eigen::Index r = 0; r < exact.rows(); ++r) {
        CHECK(Real(ranges[static_cast<std::size_t>(r)].lower) <= lower(exact(r, 0)));
        CHECK(Real(ranges[static_cast<std::size_t>(r)].upper) >= upper(exact(r, 0)));
        CHECK(ranges[static_cast<std::size_t>(r)].upper - ranges[static_cast<std::size_t>(r)].lower < 1e-9);
      }
    };
    check(output_ranges(matrix), attention_enclosure(matrix, Mask::none, Rational(1, Integer(1) << 80)));
    const TensorAttentionInput tensor{matrix.q, matrix.k, stream.uniform_matrix(7, d, 2), matrix.v,
                                      stream.uniform_matrix(7, 1, 2)};
    check(output_ranges(tensor),
          tensor_attention_enclosure(tensor, Mask::none, Rational(1, Integer(1) << 80)));
  }
}

TEST_CASE("an output on the decision value is undecided, one beside it is decided at higher precision") {
  AttentionInput tie{Matrix<double>::Zero(1, 1), Matrix<double>::Zero(2, 1), Matrix<double>(2, 1)};
  tie.v << 1, 0;
  CHECK_THROWS(sides_of(tie, Rational(1, 2)));
  tie.q(0, 0) = 0x1p-100;
  tie.k(0, 0) = 1;
  const SidedOutputs outputs = sides_of(tie, Rational(1, 2));
  CHECK(outputs.sides[0] == Side::above);
  CHECK(outputs.raised == 1);
}

TEST_CASE("formula -> orthogonal vectors -> attention: the answer is right on every formula, directly") {
  Stream stream(0, "direct");
  for (int i = 0; i < 60; ++i) {
    const Formula f = any_formula(stream, 9);
    const bool satisfiable = count_satisfying(f) > 0;
    for (const long arity : {2L, 3L}) {
      const VectorFamilies ov = split_and_list(f, arity);
      const ThresholdParameters p =
          threshold_for_margin(rows(ov), ov.dimension(), orthogonality_promise(), 3);
      INFO(dimacs_text(f) << "arity " << arity);
      CHECK(any_above(decide(p, ov)) == satisfiable);
    }
  }
}

TEST_CASE("formula -> orthogonal vectors -> gap inner product -> attention: right on every formula") {
  Stream stream(0, "gap");
  for (int i = 0; i < 25; ++i) {
    Formula f = random_formula(stream, 4, 1 + stream.below(6), 1 + stream.below(3));
    const bool satisfiable = count_satisfying(f) > 0;
    for (const long arity : {2L, 3L}) {
      if (arity == 3 && f.clauses.size() > 4) f.clauses.resize(4);
      const VectorFamilies ov = split_and_list(f, arity);
      const ProtocolParameters protocol =
          smallest_protocol(arity, ov.dimension(), ov.families[0].rows, 1L << 24);
      const GapInnerProduct gap = Protocol(protocol).reduce(ov);
      const ThresholdParameters p =
          threshold_for_margin(rows(gap.families), gap.families.dimension(), promise_of(gap), 3);
      INFO(dimacs_text(f) << "arity " << arity << " q " << protocol.field << " l " << protocol.nodes << " T "
                          << protocol.columns);
      CHECK(any_above(decide(p, gap.families)) == (arity == 3 ? count_satisfying(f) > 0 : satisfiable));
    }
  }
}

TEST_CASE("without its gap, or without anchors, the reduction answers wrongly") {
  // One clause, not satisfied by any pair: all inner products are 1.
  const long n = 64;
  VectorFamilies ov;
  BitMatrix ones(n, 1);
  for (long i = 0; i < n; ++i) ones.set(i, 0);
  ov.families = {ones, ones};
  const ThresholdParameters right = threshold_for_margin(rows(ov), 1, orthogonality_promise(), 3);
  CHECK_FALSE(any_above(decide(right, ov)));
  // beta (yes - no) below log n: the many small weights outweigh the anchor.
  const ThresholdParameters shrunk =
      threshold_for_kappa(rows(ov), 1, orthogonality_promise(),
                          to_rational(least_kappa(rows(ov), 1, orthogonality_promise()) * 0.8));
  CHECK(any_above(decide(shrunk, ov)));
  // No anchor: softmax normalises, every output is 1.
  AttentionInput bare = matrix_instance(right, sign_matrices(ov));
  bare.k.conservativeResize(n, Eigen::NoChange);
  bare.v.conservativeResize(n, Eigen::NoChange);
  CHECK(any_above(sides_of(bare, Rational(1, 2))));
}

TEST_CASE(
    "each route's kappa is where its instances begin to separate; a Hermitian code's is below "
    "Reed-Solomon's") {
  for (const long arity : {2L, 3L})
    for (const RouteHardness& r : route_hardness(64, 6, arity)) {
      INFO(r.route << ", arity " << arity << ", kappa " << r.kappa);
      CHECK(r.kappa > 0);
      CHECK(r.limit > 0);
      std::vector<long> sizes(static_cast<std::size_t>(arity), 64);
      long dimension = 6;
      ScorePromise promise = orthogonality_promise();
      if (r.protocol) {
        dimension = r.protocol->new_dimension();
        promise = {ScoreSign::positive, r.protocol->checks(), r.protocol->degree()};
      }
      const WorkingPrecision precision(Bits{128});
      const auto separated = [&](double factor) {
        const ThresholdGuarantee g =
            guarantee(threshold_for_kappa(sizes, dimension, promise, to_rational(r.kappa * factor)));
        return lower(g.yes_output) > upper(g.no_output);
      };
      CHECK(separated(1.001));
      CHECK_FALSE(separated(0.99));
    }
  const std::vector<RouteHardness> routes = route_hardness(1L << 10, 16, 2);
  REQUIRE(routes.size() == 3);
  CHECK(routes[2].kappa < routes[1].kappa);
  CHECK_THROWS_AS(route_hardness(1, 6, 2), InputError);
}

TEST_CASE(
    "hard instances have n queries, n keys with the anchor, and d columns unless the bias takes a quarter") {
  for (const std::string family : {"planted-pair", "planted-triple", "light-bulb", "planted-gap"})
    for (const long arity : {2L, 3L}) {
      HardRequest request{family, 12, 64, 12, 1, arity, 3, {1}};
      const HardInstance h = hard_instance(request);
      INFO(family << " " << arity);
      const long p = family == "planted-pair" ? 2 : family == "planted-triple" ? 3 : arity;
      CHECK(h.parameters.arity == p);
      CHECK(h.parameters.tokens() == 12);
      const ThresholdParameters& q = h.parameters;
      CHECK((q.columns() == 64 || (q.dimension == 64 && q.bias_columns > 16)));
      if (family.starts_with("planted-p") || family.starts_with("planted-t")) CHECK(q.columns() == 64);
      CHECK(h.families[0].rows() == 12);
      CHECK(h.families.back().rows() == 11);
    }
  for (const long width : {2L, 3L, 4L, 5L}) {
    HardRequest request{"random-cnf", 16, {}, 3, 1, 2, width, {1}};
    const HardInstance h = hard_instance(request);
    for (const Clause& c : h.formula->clauses) CHECK(static_cast<long>(c.size()) == width);
    CHECK(h.planted.has_value() == (count_satisfying(*h.formula) > 0));
  }
}

TEST_CASE("the largest other score is that of a walk through all tuples, one by one") {
  const auto check = [](const HardRequest& request) {
    const HardInstance h = hard_instance(request);
    const bool triples = h.families.size() == 3;
    INFO(request.family << ", n = " << request.n << ", seed " << request.seed);
    long largest = -(1L << 40), as_good = 0;
    for (long i = 0; i < h.families[0].rows(); ++i)
      for (long j = 0; j < h.families[1].rows(); ++j)
        for (long k = 0; k < (triples ? h.families[2].rows() : 1); ++k) {
          if ((triples ? Tuple{i, j, k} : Tuple{i, j}) == h.planted) continue;
          int score = 0;
          for (Eigen::Index l = 0; l < h.families[0].cols(); ++l)
            score += h.families[0](i, l) * h.families[1](j, l) * (triples ? h.families[2](k, l) : 1);
          score *= static_cast<int>(h.parameters.promise.sign);
          largest = std::max<long>(largest, score);
          as_good += score >= h.parameters.promise.yes;
        }
    CHECK(h.largest_other == largest);
    CHECK(as_good == 0);
  };
  for (const std::string family : {"planted-orthogonal", "light-bulb", "planted-gap"}) {
    check({family, 1100, {}, 2, 1, 2, 3, {2}});  // more keys than a tile
    check({family, 50, {}, 2, 2, 3, 3, {2}});
    check({family, 24, {}, Rational(1, 8), 3, 3, 3, {1}});
  }
  // The draws do not depend on kappa, those of one are kept for the next: the same as drawn afresh.
  const HardInstance first = hard_instance({"light-bulb", 40, 30, 2, 9, 2, 3, {1}}),
                     other = hard_instance({"light-bulb", 40, 30, Rational(1, 8), 9, 2, 3, {1}}),
                     fresh = hard_instance({"light-bulb", 40, 30, Rational(1, 8), 9, 2, 3, {2}});
  CHECK(other.families == fresh.families);
  CHECK(other.largest_other == fresh.largest_other);
  CHECK(other.parameters.entry == fresh.parameters.entry);
  CHECK(first.parameters.entry > other.parameters.entry);
}

TEST_CASE("where other tuples crowd the planted one, their vectors are drawn again until it stands out") {
  for (const std::string family : {"planted-pair", "planted-triple", "light-bulb", "planted-gap"})
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      // At this dimension about four of the 4096 pairs are orthogonal by chance.
      const HardInstance h = hard_instance({family, 64, 24, 2, seed, 2, 3, {1}});
      INFO(family << " " << seed);
      CHECK(h.largest_other < h.parameters.promise.yes);
      const HardInstance again = hard_instance({family, 64, 24, 2, seed, 2, 3, {2}});
      CHECK(h.families == again.families);
    }
  CHECK_THROWS_AS(hard_instance({"light-bulb", 64, 8, 2, 1, 3, 3, {1}}), InputError);  // no room for that
}

TEST_CASE("anchor tuples are those of one row more in each family, less the genuine ones") {
  for (const std::vector<long>& rows : {std::vector<long>{4, 3}, {2, 5, 7}}) {
    const ThresholdParameters p = threshold_for_margin(rows, 6, orthogonality_promise(), 3);
    Rational all = 1;
    for (std::size_t k = 1; k < rows.size(); ++k) all *= rows[k] + 1;
    CHECK(p.anchors() == all - p.tuples());
  }
}

TEST_CASE("the first part of an assignment comes from the first family") {
  // x1 is true and x2, x3, x4 are false: (x1 x2 | x3 x4), vectors 1 (bit 0 set) and 0.
  const Formula formula = formula_from_dimacs("p cnf 4 4\n1 0\n-2 0\n-3 0\n-4 0\n", "test");
  const auto tuple = find_orthogonal(split_and_list(formula, 2));
  REQUIRE(tuple);
  CHECK(*tuple == Tuple{1, 0});
  CHECK(assignment_of(*tuple, formula) == Assignment{true, false, false, false});
}
