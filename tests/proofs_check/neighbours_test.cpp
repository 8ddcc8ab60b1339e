// Counterexamples to statements of neighbouring papers, kept exactly; docs/neighbours_sampling.md tells them.
#include "attention/poly_attention.hpp"
#include "attention/support_basis.hpp"
#include "catch.hpp"
#include "proofs_check/attention_case.hpp"
#include "proofs_check/run.hpp"

using namespace attnbounds;

namespace {

Polynomial taylor(long terms) {
  Polynomial p{{1}};
  for (long t = 1; t < terms; ++t) p.coefficients.push_back(p.coefficients.back() / t);
  return p;
}

}  // namespace

TEST_CASE("four Taylor terms give two keys of scores -1 and -2 the denominator 0, exactly") {
  CHECK(taylor(4)(Rational(-1)) == Rational(1, 3));
  CHECK(taylor(4)(Rational(-2)) == Rational(-1, 3));
  // Two more terms do not help in general, one does: T_5(-4) < 0 < T_4(x) for all x.
  CHECK(taylor(6)(Rational(-4)) < 0);
  CHECK(taylor(5)(Rational(-4)) > 0);
}

TEST_CASE(
    "a support basis with P(0) = 1 + 2^-10 is off by more than 1/2 on two large keys, with P(0) = 1 it is "
    "exact there") {
  const Matrix<double> q = column({1}), k = column({-10, -12});
  const auto output = [&](const Rational& at_zero) {
    const Matrix<Interval> w =
        support_basis_weights<Interval>(q, k, 1, Polynomial{{at_zero, 1, Rational(1, 2)}});
    return Interval((w(0, 0) - w(0, 1)) / (w(0, 0) + w(0, 1)));
  };
  const Interval exact = (exp(Interval(2)) - 1) / (exp(Interval(2)) + 1);
  CHECK(lower(absolute_value(output(1 + Rational(1, 1024)) - exact)) > 0.5);
  CHECK(upper(absolute_value(output(1) - exact)) < 1e-12);
}

TEST_CASE("the degree-3 Chebyshev interpolant of exp on [-1, 1] is not 1 at 0; that of degree 2 is") {
  // Interpolation at cos((2k+1) pi/(2g+2)): 0 is a node exactly when g is even. By symmetry the value at 0 of
  // the degree-3 one is a combination of cosh at the two positive nodes a > b: (a^2 cosh b - b^2 cosh a)/(a^2
  // - b^2).
  const WorkingPrecision guard(Bits{128});
  const Interval root = sqrt(Interval(2)), aa = (2 + root) / 4, bb = (2 - root) / 4;  // squares of the nodes
  const auto cosh_of = [](const Interval& x) { return Interval((exp(x) + exp(-x)) / 2); };
  const Interval at_zero = (aa * cosh_of(sqrt(bb)) - bb * cosh_of(sqrt(aa))) / (aa - bb);
  CHECK(upper(at_zero) < 0.996);
  CHECK(lower(at_zero) > 0.99);
}

TEST_CASE("tree_parents recognises trees of pairs on all variables") {
  CHECK(tree_parents({4, {{0, 1}, {2, 1}, {1, 3}}}) == std::vector<long>{-1, 0, 1, 1});
  CHECK(tree_parents({3, {{0, 1}, {1, 2}, {2, 0}}}).empty());  // a cycle
  CHECK(tree_parents({3, {{0, 1, 2}, {1, 2}}}).empty());       // a product of three
  CHECK(tree_parents({4, {{0, 1}, {2, 3}, {3, 2}}}).empty());  // not connected
}

TEST_CASE("poly-attention with x1 x2 is attention, with x1 x2 x3 tensor attention, exactly") {
  Stream stream(0, "poly-special-cases");
  const Polynomial w = taylor(5);
  PolyAttentionInput<Rational> in;
  for (int a = 0; a < 3; ++a) {
    in.q.push_back(matrix_from<Rational>(stream.uniform_matrix(3, 2, 1)));
    if (a > 0) in.v.push_back(matrix_from<Rational>(stream.uniform_matrix(3, 2, 1)));
  }
  CHECK(poly_attention({3, {{0, 1, 2}}}, in, w) ==
        tensor_attention(in.q[0], in.q[1], in.q[2], in.v[0], in.v[1], Mask::none, w));
  in.q.pop_back();
  in.v.pop_back();
  CHECK(poly_attention({2, {{0, 1}}}, in, w) == attention(in.q[0], in.q[1], in.v[0], Mask::none, w));
}

TEST_CASE("every claim of the sampling neighbours is verified or statistical, and its twin refuted") {
  for (const Claim& c : all_claims()) {
    const bool ours = c.paper.starts_with("liang-shi-song-zhou-2024-private") ||
                      c.paper == "bharadwaj-et-al-2023" || c.paper == "gupta-et-al-2025" ||
                      c.paper == "heinsen-kozachkov-2026" || c.paper == "aliakbarpour-et-al-2025" ||
                      c.paper == "chakrabarti-pitassi-alman-2026";
    if (!ours) continue;
    INFO(c.id);
    const ClaimResult r = run_claim(c, {1});  // another seed than verify's
    CHECK(verdict_name(c.standing, r.verdict) ==
          std::string(c.standing == Standing::statistical ? "statistical" : "verified"));
    CHECK(r.twin_refuted());
  }
}
