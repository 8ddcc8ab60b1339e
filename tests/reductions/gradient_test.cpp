#include "attention/gradient.hpp"

#include <cmath>

#include "attention/attention.hpp"
#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/gradient/decision.hpp"
#include "reductions/gradient/fast_oracle.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"
#include "tests/reductions/formulas.hpp"

using namespace attnbounds;

namespace {

GradientInstance gradient_instance(const Formula& f, long arity) {
  const VectorFamilies ov = split_and_list(f, arity);
  const long n = ov.families[0].rows;
  const ThresholdParameters p =
      threshold_for_margin(std::vector<long>(static_cast<std::size_t>(arity), n), ov.dimension(),
                           orthogonality_promise(), gradient_margin(n));
  std::vector<SignMatrix> families;
  for (const BitMatrix& family : ov.families) families.push_back(sign_matrix(family));
  if (arity == 2) {
    const AttentionInput in = matrix_instance(p, families);
    return {in.q, {in.k}, {in.v}};
  }
  const TensorAttentionInput in = tensor_instance(p, families);
  return {in.q, {in.k1, in.k2}, {in.v1, in.v2}};
}

}  // namespace

TEST_CASE("the oracle's entries are those of dL/dX in closed form, matrix and tensor loss") {
  Stream stream(0, "closed-form");
  for (const long arity : {2L, 3L}) {
    GradientInstance in{stream.uniform_matrix(4, 3, 2),
                        {stream.uniform_matrix(5, 3, 2)},
                        {(Matrix<double>(5, 1) << 1, 0, 1, 1, 0).finished()}};
    const Matrix<double> one = Matrix<double>::Identity(1, 1), zero = Matrix<double>::Zero(4, 1);
    Matrix<double> gradient;
    Matrix<double> x = Matrix<double>::Zero(3, arity == 2 ? 3 : 9);
    for (Eigen::Index a = 0; a < 3; ++a) x(a, arity == 2 ? a : 4 * a) = 0.75;
    if (arity == 2) {
      gradient = loss_gradient(MatrixLoss<double>{in.a1, in.keys[0], in.values[0], x, one, zero}).x;
    } else {
      in.keys.push_back(stream.uniform_matrix(3, 3, 2));
      in.values.emplace_back((Matrix<double>(3, 1) << 1, 1, 0).finished());
      gradient = loss_gradient(TensorLoss<double>{in.a1, in.keys[0], in.keys[1], in.values[0], in.values[1],
                                                  x, one, one, zero})
                     .x;
    }
    const std::vector<Interval> diagonal = GradientOracle(in).diagonal(0.75);
    for (Eigen::Index a = 0; a < 3; ++a)
      CHECK(std::fabs(nearest(midpoint(diagonal[static_cast<std::size_t>(a)])) -
                      gradient(a, arity == 2 ? a : 4 * a)) < 1e-12);
  }
}

TEST_CASE("the fast oracle is within its bound of the enclosures, and its bound is small") {
  Stream stream(0, "fast-oracle");
  for (int i = 0; i < 16; ++i) {
    const double size = i % 4 == 0 ? 30 : 2;
    const Eigen::Index n = 1 + static_cast<Eigen::Index>(stream.below(70)),
                       d = 1 + static_cast<Eigen::Index>(stream.below(6));
    GradientInstance in{stream.uniform_matrix(n, d, size), {}, {}};
    for (int k = 0; k <= i % 2; ++k) {
      const Eigen::Index m = 1 + static_cast<Eigen::Index>(stream.below(9));
      in.keys.push_back(stream.uniform_matrix(m, d, size));
      Matrix<double> values(m, 1);
      for (Eigen::Index j = 0; j < m; ++j) values(j, 0) = static_cast<double>(stream.below(2));
      in.values.push_back(values);
    }
    const GradientOracle reference(in);
    const FastGradientOracle fast(in);
    CHECK(Real(fast.half_range().value()) >= upper(reference.half_range()));
    CHECK(fast.half_range().value() < 1.0001 * nearest(upper(reference.half_range())) + 1e-9);
    const double lambda = std::fabs(stream.uniform(1));
    const std::vector<Interval> exact = reference.diagonal(lambda);
    const BoundedDiagonal found = fast.diagonal(lambda);
    const WorkingPrecision precision(Bits{128});
    CHECK(found.entry_error.value() < 1e-4);
    Interval exact_sum = enclose(Rational(0)), sum = enclose(Rational(0));
    for (std::size_t l = 0; l < exact.size(); ++l) {
      CHECK(lower(absolute_value(exact[l] - enclose(found.entries[l]))) <= Real(found.entry_error.value()));
      exact_sum += exact[l];
      sum += enclose(found.entries[l]);
    }
    CHECK(lower(absolute_value(exact_sum - sum)) <= Real(found.sum_error.value()));
    CHECK(FastGradientOracle(in, ThreadCount{1}).diagonal(lambda).entries == found.entries);
  }
}

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

TEST_CASE("2 tr dL/dX is the derivative of f, matrix and tensor loss") {
  Stream stream(0, "trace-identity");
  for (int i = 0; i < 8; ++i) {
    GradientInstance in{stream.uniform_matrix(4, 3, 2),
                        {stream.uniform_matrix(5, 3, 2)},
                        {(Matrix<double>(5, 1) << 1, 0, 1, 1, 0).finished()}};
    if (i % 2 == 1) {
      in.keys.push_back(stream.uniform_matrix(3, 3, 2));
      in.values.emplace_back((Matrix<double>(3, 1) << 1, 1, 0).finished());
    }
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
  for (int i = 0; i < 12; ++i) {
    const Formula f = random_formula(stream, 4, 1 + stream.below(7), 1 + stream.below(3));
    const GradientInstance in = gradient_instance(f, 2 + i % 2);
    const Rational entry_error(1, 16 * in.a1.cols());
    const bool satisfiable = count_satisfying(f) > 0;
    INFO(dimacs_text(f));
    for (const Rational& extra : {Rational(0), entry_error}) {
      const GradientDecision d = total_square_from_gradients(in, extra);
      const WorkingPrecision precision(Bits{192});
      CHECK(overlap(d.at_one, total_square(in, 1)));
      CHECK((lower(d.at_one) > Real(0.3334)) == satisfiable);
      CHECK((upper(d.at_one) < Real(0.3333)) == !satisfiable);
    }
  }
}

TEST_CASE("too few nodes miss the integral, as the error bound says") {
  const GradientInstance in = gradient_instance(Formula{4, {{1, 2}, {-1, 3}, {-2, -4}, {3, 4}, {-3}}}, 2);
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
