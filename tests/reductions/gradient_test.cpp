#include "attention/attention.hpp"
#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/gradient/decision.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"
#include "tests/reductions/formulas.hpp"

using namespace attnbounds;

namespace {

GradientInstance gradient_instance(const Formula& f) {
  const VectorFamilies ov = split_and_list(f, 2);
  const long n = ov.families[0].rows;
  const ThresholdParameters p =
      threshold_for_margin({n, n}, ov.dimension(), orthogonality_promise(), gradient_margin(n));
  const AttentionInput in = matrix_instance(p, {sign_matrix(ov.families[0]), sign_matrix(ov.families[1])});
  return {in.q, in.k, in.v};
}

/// f(lambda) from the definition of attention.
Interval total_square(const GradientInstance& in, const Rational& lambda) {
  const WorkingPrecision precision(Bits{192});
  const Matrix<Interval> q = matrix_from<Interval>(in.a1) * enclose(lambda);
  const Matrix<Interval> y =
      attention<Interval>(q, matrix_from<Interval>(in.a2), matrix_from<Interval>(in.a3));
  Interval sum = enclose(Rational(0));
  for (Eigen::Index i = 0; i < y.rows(); ++i) sum += y(i, 0) * y(i, 0);
  return sum;
}

}  // namespace

TEST_CASE("Gauss-Legendre rules integrate polynomials of degree below 2 K exactly, and not degree 2 K") {
  for (const long count : {1L, 2L, 3L, 10L, 41L}) {
    const QuadratureRule rule = gauss_legendre(count);
    const WorkingPrecision precision(Bits{256});
    CHECK(rule.node_error <= Rational(1, Integer(1) << 53));
    for (long degree = 0; degree <= 2 * count; ++degree) {
      Interval sum = enclose(Rational(0));
      for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
        const Rational x = to_rational(rule.nodes[k]), e = rule.node_error.exact();
        const Interval node = enclose(Real(approximate(x - e)), Real(approximate(x + e)));
        sum += rule.weights[k] * pow(node, static_cast<int>(degree));
      }
      INFO(count << " nodes, degree " << degree);
      if (degree < 2 * count) CHECK(contains(sum, Rational(1, degree + 1)));
      else if (count <= 10) CHECK_FALSE(contains(sum, Rational(1, degree + 1)));
    }
  }
  CHECK_THROWS_AS(gauss_legendre(0), std::length_error);
}

TEST_CASE("2 tr dL/dX is the derivative of f") {
  Stream stream(0, "trace-identity");
  for (int i = 0; i < 5; ++i) {
    const GradientInstance in{stream.uniform_matrix(4, 3, 2), stream.uniform_matrix(5, 3, 2),
                              (Matrix<double>(5, 1) << 1, 0, 1, 1, 0).finished()};
    const GradientOracle oracle(in);
    const WorkingPrecision precision(Bits{192});
    Interval trace = enclose(Rational(0));
    for (const Interval& entry : oracle.diagonal(0.5)) trace += entry;
    // A central difference: error h^2 |f'''|/6.
    const Rational h(1, 1 << 20);
    const Interval difference =
        (total_square(in, Rational(1, 2) + h) - total_square(in, Rational(1, 2) - h)) /
        enclose(Rational(2 * h));
    CHECK(std::abs(nearest(midpoint(Interval(2 * trace - difference)))) < 1e-8);
    CHECK(std::abs(nearest(midpoint(trace))) > 1e-6);
  }
}

TEST_CASE(
    "f(1) from gradients alone encloses f(1) and decides every formula, also from perturbed gradients") {
  Stream stream(0, "gradient-decision");
  for (int i = 0; i < 8; ++i) {
    const Formula f = random_formula(stream, 4, 1 + stream.below(7), 1 + stream.below(3));
    const GradientInstance in = gradient_instance(f);
    const Rational entry_error(1, 16 * in.a1.cols());
    const bool satisfiable = count_satisfying(f) > 0;
    INFO(dimacs_text(f));
    for (const Rational& extra : {Rational(0), entry_error}) {
      const GradientDecision d = total_square_from_gradients(in, extra);
      CHECK(overlap(d.at_one, total_square(in, 1)));
      CHECK((lower(d.at_one) > Real(0.3334)) == satisfiable);
      CHECK((upper(d.at_one) < Real(0.3333)) == !satisfiable);
    }
  }
}

TEST_CASE("too few nodes miss the integral, as the error bound says") {
  const GradientInstance in = gradient_instance(Formula{4, {{1, 2}, {-1, 3}, {-2, -4}, {3, 4}, {-3}}});
  const GradientOracle oracle(in);
  const QuadraturePlan plan = plan_quadrature(in.a1.rows(), oracle.half_range(), Rational(1, 16));
  CHECK(plan.nodes > 8);
  const QuadratureRule rule = gauss_legendre(2);
  const WorkingPrecision precision(Bits{128});
  Interval integral = enclose(Rational(0));
  for (std::size_t k = 0; k < rule.nodes.size(); ++k)
    for (const Interval& entry : oracle.diagonal(rule.nodes[k])) integral += 2 * rule.weights[k] * entry;
  const Interval true_integral = total_square(in, 1) - total_square(in, 0);
  CHECK(lower(absolute_value(integral - true_integral)) > Real(0.0625));
}
