// The fast gradients against enclosures of the exact ones: no tolerance but the bound that was proved.
#include "kernels/gradient_kernels.hpp"

#include <cstring>

#include "attention/enclosure.hpp"
#include "attention/gradient_enclosure.hpp"
#include "catch.hpp"
#include "kernels/device.hpp"
#include "kernels/gradient_attention.hpp"
#include "kernels/kept.hpp"
#include "kernels/monomials.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

using Index = Eigen::Index;

struct Sizes {
  Index n, m2, m3, d, columns;
};
MatrixLossInput matrix_loss(Stream& draw, Sizes s, double bound) {
  return {draw.uniform_matrix(s.n, s.d, bound),   draw.uniform_matrix(s.m2, s.d, bound),
          draw.uniform_matrix(s.m2, s.d, bound),  draw.uniform_matrix(s.d, s.d, 1),
          draw.uniform_matrix(s.d, s.columns, 1), draw.uniform_matrix(s.n, s.columns, bound)};
}
TensorLossInput tensor_loss(Stream& draw, Sizes s, double bound) {
  return {draw.uniform_matrix(s.n, s.d, bound),      draw.uniform_matrix(s.m2, s.d, bound),
          draw.uniform_matrix(s.m3, s.d, bound),     draw.uniform_matrix(s.m2, s.d, bound),
          draw.uniform_matrix(s.m3, s.d, bound),     draw.uniform_matrix(s.d, s.d * s.d, 1),
          draw.uniform_matrix(s.d, s.columns, 1),    draw.uniform_matrix(s.d, s.columns, 1),
          draw.uniform_matrix(s.n, s.columns, bound)};
}
/// lambda times the embedding of the identity: column (a, a) of row a.
Matrix<double> diagonal(Index d, double lambda) {
  Matrix<double> x = Matrix<double>::Zero(d, d * d);
  for (Index a = 0; a < d; ++a) x(a, a * d + a) = lambda;
  return x;
}

std::vector<MatrixLossInput> matrix_losses() {
  Stream draw(0, "matrix losses");
  std::vector<MatrixLossInput> all{
      matrix_loss(draw, {1, 1, 1, 1, 1}, 1), matrix_loss(draw, {7, 9, 0, 2, 3}, 1),
      matrix_loss(draw, {9, 1, 0, 3, 1}, 1), matrix_loss(draw, {5, 40, 0, 1, 2}, 1.3)};
  MatrixLossInput in = matrix_loss(draw, {6, 8, 0, 2, 2}, 1);
  in.e.setZero();
  all.push_back(in);
  in.a2 = in.a2.row(0).replicate(8, 1).eval();  // repeated keys: the gradient is 0
  all.push_back(in);
  in = matrix_loss(draw, {6, 8, 0, 2, 2}, 1);
  in.x.setZero();  // all scores 0
  all.push_back(in);
  in = matrix_loss(draw, {6, 8, 0, 2, 2}, 1);
  in.a3.setZero();
  all.push_back(in);
  in = matrix_loss(draw, {6, 8, 0, 2, 2}, 1);
  in.a2.array() += 1000;  // a mean that shifts away
  all.push_back(in);
  in = matrix_loss(draw, {6, 8, 0, 2, 2}, 1);
  in.a1 *= 0x1p100;
  in.a2 *= 0x1p-100;
  in.a3 *= 0x1p150;
  in.e *= 0x1p150;
  all.push_back(in);
  return all;
}
std::vector<TensorLossInput> tensor_losses() {
  Stream draw(0, "tensor losses");
  std::vector<TensorLossInput> all{tensor_loss(draw, {1, 1, 1, 1, 1}, 1),
                                   tensor_loss(draw, {4, 5, 3, 2, 2}, 0.8),
                                   tensor_loss(draw, {3, 1, 6, 2, 1}, 0.8)};
  TensorLossInput in = tensor_loss(draw, {5, 4, 6, 2, 2}, 1);
  in.x = diagonal(2, 1);
  all.push_back(in);
  in.e.setZero();
  all.push_back(in);
  in.a2 = in.a2.cwiseAbs();
  in.a3 = in.a3.cwiseAbs();  // products of one sign: the shift of pairs
  all.push_back(in);
  in = tensor_loss(draw, {5, 4, 6, 2, 2}, 1);
  in.x.setZero();
  all.push_back(in);
  in = tensor_loss(draw, {5, 4, 6, 2, 2}, 0.7);
  in.x.col(1).setZero();
  in.x.col(2).setZero();
  in.a2 = in.a2.row(0).replicate(4, 1).eval();
  all.push_back(in);
  return all;
}

void check_guarantee(const AttentionResult& result, const Matrix<Interval>& exact, const Rational& width) {
  INFO("method " << name(result.method) << " degree " << result.degree.value << " bound "
                 << result.bound.value() << " = " << result.bound_approximation.value() << " + "
                 << result.bound_rounding.value());
  REQUIRE(result.bound.is_finite());
  const WorkingPrecision precision(Bits{256});
  const Enclosure error = largest_error(result.output, exact);
  CHECK(to_rational(error.upper()) <= result.bound.exact() + width);
}
template <class Input>
void check_both(const Input& in) {
  const auto plan = gradient_plan(gradient_input(in));
  const Rational width = rational_from_text("1e-60", "width");
  const Matrix<Interval> exact = gradient_enclosure(in, width);
  check_guarantee(exact_gradient(*plan), exact, width);
  {
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    check_guarantee(exact_gradient(*plan), exact, width);
  }
  for (const Rational& delta : {Rational(2, 5), Rational(1, 100), Rational(1, 1000000)}) {
    const auto polynomial = kept_exp_polynomial(half_width(*plan).exact(), delta, {40});
    REQUIRE(polynomial);
    check_guarantee(polynomial_gradient(*plan, *polynomial), exact, width);
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    check_guarantee(polynomial_gradient(*plan, *polynomial), exact, width);
  }
}

}  // namespace

TEST_CASE("fast and fused gradients keep their guarantee on random and adversarial losses") {
  for (const MatrixLossInput& in : matrix_losses()) check_both(in);
  for (const TensorLossInput& in : tensor_losses()) check_both(in);
}

TEST_CASE("fused gradients are good to a few units of rounding, also where scores are large") {
  Stream draw(0, "sharp losses");
  for (const double bound : {1.0, 4.0}) {
    MatrixLossInput in = matrix_loss(draw, {40, 600, 0, 3, 2}, bound);
    const AttentionResult result = exact_gradient(*gradient_plan(gradient_input(in)));
    const Matrix<Interval> exact = gradient_enclosure(in, rational_from_text("1e-40", "width"));
    const WorkingPrecision precision(Bits{256});
    check_guarantee(result, exact, rational_from_text("1e-40", "width"));
    CHECK(result.bound.value() <= 1e-8);
  }
}

TEST_CASE("the factorised gradient is the closed form with polynomial weights, exactly over the rationals") {
  Stream draw(0, "factorised gradient");
  const MatrixLossInput input = [&] {
    MatrixLossInput in = matrix_loss(draw, {3, 4, 0, 2, 2}, 1);
    for (Matrix<double>* m : {&in.a1, &in.a2, &in.a3, &in.x, &in.y, &in.e})
      *m = (*m * 8).array().round().matrix() / 8;  // short rationals
    return in;
  }();
  const MatrixLoss<Rational> in = loss_over<Rational>(input);
  Polynomial p{{Rational(7, 4), Rational(1, 2), Rational(1, 3), Rational(1, 5)}};
  const MonomialTree tree = monomial_tree(2, {3});
  const std::vector<Rational> weights = monomial_weights(tree, p);
  const Matrix<Rational> x = in.a1 * in.x, h = in.a3 * in.y;
  const auto row = [](const Matrix<Rational>& m, Index i) {
    return std::vector<Rational>(m.row(i).begin(), m.row(i).end());
  };
  const auto value = [&](Index j, Index l) { return l < 2 ? h(j, l) : Rational(1); };
  Matrix<Rational> g = Matrix<Rational>::Constant(2, 2, Rational(0));
  for (Index i = 0; i < 3; ++i) {
    const auto q = monomials(tree, row(x, i));
    std::vector<Rational> sums(3, Rational(0)), gamma(3, Rational(0));
    Matrix<Rational> functional = Matrix<Rational>::Constant(3, 2, Rational(0));
    for (Index j = 0; j < 4; ++j) {
      const auto k = monomials(tree, row(in.a2, j));
      for (Index m = 0; m < tree.rank; ++m)
        for (Index l = 0; l < 3; ++l) {
          sums[l] += weights[m] * q[m] * k[m] * value(j, l);
          for (Index b = 0; b < 2; ++b)
            functional(l, b) += weights[m] * q[m] * k[m] * value(j, l) * in.a2(j, b);
        }
    }
    for (Index l = 0; l < 2; ++l) {
      const Rational mean = sums[l] / sums[2], c = mean - in.e(i, l);
      gamma[l] = c / sums[2];
      gamma[2] -= c * mean / sums[2];
    }
    for (Index a = 0; a < 2; ++a)
      for (Index b = 0; b < 2; ++b)
        for (Index l = 0; l < 3; ++l) g(a, b) += in.a1(i, a) * gamma[l] * functional(l, b) / 2;
  }
  CHECK(g == loss_gradient(in, p).x);
}

TEST_CASE("gradients and bounds are the same bytes for any number of threads") {
  Stream draw(0, "gradient threads");
  const MatrixLossInput in = matrix_loss(draw, {3000, 2600, 0, 3, 2}, 1);
  const auto plan = gradient_plan(gradient_input(in));
  const auto polynomial = kept_exp_polynomial(half_width(*plan).exact(), Rational(1, 10000), {40});
  const AttentionResult one = polynomial_gradient(*plan, *polynomial, ThreadCount{1}),
                        exact = exact_gradient(*plan, ThreadCount{1});
  for (const unsigned threads : {2u, 5u}) {
    const AttentionResult many = polynomial_gradient(*plan, *polynomial, ThreadCount{threads}),
                          exact_many = exact_gradient(*plan, ThreadCount{threads});
    CHECK(std::memcmp(one.output.data(), many.output.data(), sizeof(double) * one.output.size()) == 0);
    CHECK(std::memcmp(exact.output.data(), exact_many.output.data(), sizeof(double) * exact.output.size()) ==
          0);
    CHECK(one.bound.value() == many.bound.value());
  }
}

TEST_CASE("gradients in float: the same bytes for any number of threads, within both bounds of double's") {
  Stream draw(0, "gradient threads in float");
  const auto check = [](const auto& in) {
    const auto plan = gradient_plan(gradient_input(in));
    const auto polynomial = kept_exp_polynomial(half_width(*plan).exact(), Rational(1, 1000000), {40});
    const AttentionResult wide = polynomial_gradient(*plan, *polynomial);
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    const AttentionResult one = polynomial_gradient(*plan, *polynomial, ThreadCount{1});
    for (const unsigned threads : {2u, 5u}) {
      const AttentionResult many = polynomial_gradient(*plan, *polynomial, ThreadCount{threads});
      CHECK(std::memcmp(one.output.data(), many.output.data(), sizeof(double) * one.output.size()) == 0);
      CHECK(one.bound.value() == many.bound.value());
    }
    const double difference = (one.output - wide.output).cwiseAbs().maxCoeff();
    CHECK(difference <= (one.bound_rounding + wide.bound_rounding).value());
    CHECK(difference > 0);  // floats they are: a gradient that cancels may be better than double's bound
    CHECK(one.bound_rounding.value() > 0x1p20 * wide.bound_rounding.value());
  };
  check(matrix_loss(draw, {3000, 2600, 0, 3, 2}, 1));
  TensorLossInput in = tensor_loss(draw, {1500, 1200, 1300, 2, 2}, 0.8);
  check(in);  // a dense X: four variables
  in.x = diagonal(2, 1);
  check(in);
}

TEST_CASE(
    "fused gradients in float are within both bounds of those in double, where scores are small enough") {
  Stream draw(0, "fused gradients in float");
  const auto check = [](const auto& in, bool are_floats) {
    const auto plan = gradient_plan(gradient_input(in));
    const AttentionResult wide = exact_gradient(*plan);
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    const AttentionResult one = exact_gradient(*plan, ThreadCount{1}),
                          two = exact_gradient(*plan, ThreadCount{2});
    CHECK(one.output == two.output);
    CHECK(one.bound.value() == two.bound.value());
    CHECK((one.output - wide.output).cwiseAbs().maxCoeff() <= (one.bound + wide.bound).value());
    CHECK((one.output != wide.output) == are_floats);
    CHECK((one.bound.value() > 0x1p20 * wide.bound.value()) == are_floats);
  };
  check(matrix_loss(draw, {300, 270, 0, 3, 2}, 1), true);
  check(matrix_loss(draw, {150, 270, 0, 2, 2}, 8), true);  // scores of some 60: below a running maximum
  TensorLossInput in = tensor_loss(draw, {150, 70, 90, 2, 2}, 1);
  check(in, true);
  in.x *= 200;
  check(in, false);  // pairs of keys: no maximum, so floats could overflow
}

TEST_CASE("shapes that do not fit are refused by the gradients") {
  Stream draw(0, "shapes");
  const GradientRequest request{Rational(1, 10), MethodChoice::automatic, ThreadCount{1}};
  TensorLossInput tensor = tensor_loss(draw, {3, 3, 3, 2, 2}, 1);
  tensor.x = Matrix<double>::Ones(2, 2);  // d x d where d x d^2 is asked for
  CHECK_THROWS_AS(guaranteed_gradient(tensor, request), InputError);
  MatrixLossInput matrix = matrix_loss(draw, {3, 3, 0, 2, 2}, 1);
  matrix.x = Matrix<double>::Ones(2, 3);
  CHECK_THROWS_AS(guaranteed_gradient(matrix, request), InputError);
  matrix = matrix_loss(draw, {3, 3, 0, 2, 2}, 1);
  matrix.e = Matrix<double>::Ones(4, 2);
  CHECK_THROWS_AS(guaranteed_gradient(matrix, request), InputError);
}

namespace {

/// An attention and the gradient of the loss by its output.
using AttentionLoss = std::pair<AttentionInput, Matrix<double>>;
AttentionLoss attention_loss(Stream& draw, Index n, Index m, Index d, Index columns, double bound) {
  return {AttentionInput{draw.uniform_matrix(n, d, bound), draw.uniform_matrix(m, d, bound),
                         draw.uniform_matrix(m, columns, 1)},
          draw.uniform_matrix(n, columns, 1)};
}
std::vector<AttentionLoss> attention_losses() {
  Stream draw(0, "attention gradients");
  std::vector<AttentionLoss> cases;
  const auto uniform = [&](Index n, Index m, Index d, Index columns, double bound) {
    return attention_loss(draw, n, m, d, columns, bound);
  };
  cases.push_back(uniform(1, 1, 1, 1, 1));
  cases.push_back(uniform(7, 9, 2, 3, 1));
  cases.push_back(uniform(30, 5, 3, 1, 1.5));
  cases.push_back(uniform(6, 700, 1, 2, 1));
  cases.push_back(uniform(6, 8, 2, 2, 1));
  cases.back().first.k = cases.back().first.k.row(0).replicate(8, 1).eval();
  cases.push_back(uniform(6, 8, 2, 2, 1));
  cases.back().first.k.array() += 100;
  cases.back().first.q *= 0x1p-200;
  cases.back().first.k *= 0x1p200;
  cases.back().second *= 0x1p300;
  cases.push_back(uniform(6, 8, 2, 2, 1));
  cases.back().second.setZero();
  cases.push_back(uniform(300, 300, 2, 1, 1));  // blocks and chunks of the causal kernel
  return cases;
}

AttentionGradient<Interval> exact_of(const AttentionLoss& loss, Mask mask) {
  return attention_gradient_enclosure(loss.first, loss.second, mask, Bits{256});
}
void check_guarantee(const AttentionGradientResult& result, const AttentionGradient<Interval>& exact,
                     const Matrix<double>& upstream) {
  const WorkingPrecision precision(Bits{256});
  for (const auto& [g, truth] :
       {std::pair(&result.q, &exact.q), std::pair(&result.k, &exact.k), std::pair(&result.v, &exact.v)}) {
    INFO(name(result.method) << " degree " << result.degree.value << " bound "
                             << g->bound_approximation.value() << " + " << g->bound_rounding.value());
    REQUIRE(g->bound().is_finite());
    CHECK(largest_error(g->gradient, *truth).upper() <=
          Real(g->bound().value()) + Real(1e-60) * Real(std::fmax(1, max_abs(upstream))));
  }
}
void check_both(const AttentionLoss& loss) {
  const auto& [in, upstream] = loss;
  for (const Mask mask : {Mask::none, Mask::causal}) {
    if (mask == Mask::causal && in.q.rows() != in.k.rows()) continue;
    const AttentionGradient<Interval> exact = exact_of(loss, mask);
    for (const Rational& delta : {Rational(1, 4), Rational(1, 1000), Rational(1, 1000000000)})
      check_guarantee(polynomial_attention_gradient(in, upstream, delta, mask), exact, upstream);
    check_guarantee(exact_attention_gradient(in, upstream, mask), exact, upstream);
  }
}

}  // namespace

TEST_CASE("the gradients by Q, K and V keep their guarantee, entry by entry of each") {
  const std::vector<AttentionLoss> cases = attention_losses();
  for (const AttentionLoss& loss : cases) check_both(loss);
  const AttentionInput& in = cases[1].first;
  CHECK_THROWS_AS(polynomial_attention_gradient(in, Matrix<double>::Ones(7, 2), Rational(1, 4)), InputError);
}

TEST_CASE("the gradients by Q, K and V keep their guarantee in float, masked or not") {
  const OnDevice in_float(Device::cpu, Arithmetic::in_float);
  for (const AttentionLoss& loss : attention_losses()) check_both(loss);
  Stream draw(7, "attention gradients in float");
  AttentionLoss loss = attention_loss(draw, 40, 40, 2, 2, 1);
  loss.first.v *= 0x1p200;  // neither is a float
  loss.second *= 0x1p-180;
  check_both(loss);
  loss = attention_loss(draw, 40, 40, 2, 2, 1);
  loss.first.v.col(1) *= 0x1p-60;
  loss.second.col(0) *= 0x1p-120;
  loss.second.topRows(20) *= 0x1p-100;
  check_both(loss);
  loss = attention_loss(draw, 12, 12, 1, 1, 1);
  loss.first.q *= 1e3;  // a constant key: these scores are one number, and queries are large
  loss.first.k.setOnes();
  check_both(loss);
  loss = attention_loss(draw, 150, 150, 2, 1, 3);  // scores of some 8
  for (const Mask mask : {Mask::none, Mask::causal})
    check_guarantee(exact_attention_gradient(loss.first, loss.second, mask), exact_of(loss, mask),
                    loss.second);
}

// A column of the values that float hardly knows, and nothing else in the loss: what is lost in it is no
// small part of dQ and dK, and no relative rounding covers it.
TEST_CASE("what floats lose where they underflow is counted in the gradients by Q, K and V") {
  const OnDevice in_float(Device::cpu, Arithmetic::in_float);
  Stream draw(8, "attention gradients that underflow");
  for (const Index n : {3, 9, 200}) {
    AttentionLoss loss = attention_loss(draw, n, n, 2, 2, 1);
    loss.first.v.col(1) *= 0x1p-145;
    loss.second.col(0).setZero();
    const WorkingPrecision precision(Bits{256});
    for (const Mask mask : {Mask::none, Mask::causal}) {
      const auto& [in, upstream] = loss;
      const AttentionGradient<Interval> exact = exact_of(loss, mask);
      const auto check = [&](const AttentionGradientResult& result) {
        for (const auto& [g, truth] : {std::pair(&result.q, &exact.q), std::pair(&result.k, &exact.k),
                                       std::pair(&result.v, &exact.v)}) {
          REQUIRE(g->bound().is_finite());
          CHECK(largest_error(g->gradient, *truth).upper() <= Real(g->bound().value()));
        }
        CHECK(result.q.bound().value() < 1e-25);
        CHECK(result.k.bound().value() < 1e-25);
      };
      check(polynomial_attention_gradient(in, upstream, Rational(1, 1000000000), mask));
      check(exact_attention_gradient(in, upstream, mask));
    }
  }
}

TEST_CASE("gradients by Q, K and V in float: floats they are, within both bounds of double's, or double's") {
  Stream draw(9, "attention gradients in both");
  const auto differ = [](const AttentionGradientResult& a, const AttentionGradientResult& b) {
    const auto [x, y] = std::pair(&a, &b);
    bool any = false;
    for (const auto& [ours, theirs] :
         {std::pair(&x->q, &y->q), std::pair(&x->k, &y->k), std::pair(&x->v, &y->v)}) {
      CHECK((ours->gradient - theirs->gradient).cwiseAbs().maxCoeff() * (1 - 0x1p-50) <=
            (ours->bound() + theirs->bound()).value());
      any = any || ours->gradient != theirs->gradient;
    }
    return any;
  };
  const auto rounding = [](const AttentionGradientResult& g) {
    return maximum(g.q.bound_rounding, maximum(g.k.bound_rounding, g.v.bound_rounding)).value();
  };
  for (const Mask mask : {Mask::none, Mask::causal}) {
    const auto [in, upstream] = attention_loss(draw, 1500, 1500, 2, 2, 1);
    const auto polynomial = [&, &in = in, &upstream = upstream](unsigned threads) {
      return polynomial_attention_gradient(in, upstream, Rational(1, 1000000), mask, ThreadCount{threads});
    };
    const auto exact = [&, &in = in, &upstream = upstream](unsigned threads) {
      return exact_attention_gradient(in, upstream, mask, ThreadCount{threads});
    };
    const AttentionGradientResult wide = polynomial(2), wide_exact = exact(2);
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    const AttentionGradientResult one = polynomial(1), one_exact = exact(1);
    CHECK(differ(one, wide));
    CHECK(differ(one_exact, wide_exact));
    CHECK(rounding(one) > 0x1p20 * rounding(wide));
    CHECK(rounding(one_exact) > 0x1p20 * rounding(wide_exact));
    for (const unsigned threads : {2u, 5u})
      for (const auto& [a, b] : {std::pair(one, polynomial(threads)), std::pair(one_exact, exact(threads))}) {
        CHECK(a.q.gradient == b.q.gradient);
        CHECK(a.k.gradient == b.k.gradient);
        CHECK(a.v.gradient == b.v.gradient);
        CHECK(a.bound().value() == b.bound().value());
      }
  }
  // Scores of some 60: the two passes would need each other's row maxima, so the exact kernel is double's.
  const auto [in, upstream] = attention_loss(draw, 60, 60, 2, 2, 8);
  const AttentionGradientResult wide = exact_attention_gradient(in, upstream);
  const OnDevice in_float(Device::cpu, Arithmetic::in_float);
  CHECK(wide.half_width.value() > 40);
  CHECK(!differ(exact_attention_gradient(in, upstream), wide));
}

TEST_CASE("the gradients by Q, K and V meet the budget by the way that was asked for, or say why not") {
  Stream draw(3, "guaranteed attention gradients");
  const AttentionInput in{draw.uniform_matrix(200, 2, 1), draw.uniform_matrix(200, 2, 1),
                          draw.uniform_matrix(200, 2, 1)};
  const Matrix<double> upstream = draw.uniform_matrix(200, 2, 1);
  for (const Mask mask : {Mask::none, Mask::causal})
    for (const MethodChoice method : {MethodChoice::automatic, MethodChoice::exact, MethodChoice::polynomial})
      for (const Rational& epsilon : {Rational(1, 10), Rational(1, 1000000)}) {
        const AttentionGradientResult result =
            guaranteed_attention_gradient(in, upstream, {epsilon, method, mask, ThreadCount{2}});
        CHECK(result.bound() <= epsilon);
        if (method == MethodChoice::exact) CHECK(result.method == AttentionMethod::exact);
        if (method == MethodChoice::polynomial) CHECK(result.method == AttentionMethod::polynomial);
        const WorkingPrecision precision(Bits{128});
        const AttentionGradient<Interval> exact = attention_gradient_enclosure(in, upstream, mask, Bits{128});
        CHECK(largest_error(result.k.gradient, exact.k).upper() <= Real(result.k.bound().value()));
      }
  CHECK_THROWS_AS(guaranteed_attention_gradient(in, upstream,
                                                {Rational(1) / Rational(Integer(1) << 90),
                                                 MethodChoice::polynomial, Mask::none, ThreadCount{1}}),
                  BudgetMissed);
  AttentionInput huge = in;  // beyond what the fused kernel proves: intervals
  huge.q = huge.q.topRows(20).eval() * 1e6;
  const AttentionGradientResult result = guaranteed_attention_gradient(
      huge, upstream.topRows(20), {Rational(1, 1000), MethodChoice::automatic, Mask::none, ThreadCount{1}});
  CHECK(result.bound() <= Rational(1, 1000));
}

TEST_CASE("gradients by Q, K and V are the same bytes for any number of threads, masked or not") {
  Stream draw(4, "attention gradient threads");
  const AttentionInput in{draw.uniform_matrix(2500, 2, 1), draw.uniform_matrix(2500, 2, 1),
                          draw.uniform_matrix(2500, 2, 1)};
  const Matrix<double> upstream = draw.uniform_matrix(2500, 2, 1);
  for (const Mask mask : {Mask::none, Mask::causal}) {
    const auto one = polynomial_attention_gradient(in, upstream, Rational(1, 1000), mask, ThreadCount{1}),
               four = polynomial_attention_gradient(in, upstream, Rational(1, 1000), mask, ThreadCount{4}),
               exact = exact_attention_gradient(in, upstream, mask, ThreadCount{1}),
               exact_four = exact_attention_gradient(in, upstream, mask, ThreadCount{4});
    for (const auto& [a, b] : {std::pair(&one, &four), std::pair(&exact, &exact_four)}) {
      CHECK(a->q.gradient == b->q.gradient);
      CHECK(a->k.gradient == b->k.gradient);
      CHECK(a->v.gradient == b->v.gradient);
      CHECK(a->bound().value() == b->bound().value());
    }
    CHECK((one.k.gradient - exact.k.gradient).cwiseAbs().maxCoeff() <= one.k.bound().value() * (1 + 1e-9));
  }
}
