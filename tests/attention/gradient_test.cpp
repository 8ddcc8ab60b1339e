#include "attention/gradient.hpp"

#include "attention/gradient_enclosure.hpp"
#include "catch.hpp"
#include "forward_derivative.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"
#include "polynomial/polynomial.hpp"

using namespace attnbounds;

namespace {

using Index = Eigen::Index;

MatrixLossInput random_loss(std::uint64_t index, Index n, Index m, Index d, double bound) {
  Stream draw(0, "gradient_test", index);
  return {draw.uniform_matrix(n, d, bound), draw.uniform_matrix(m, d, bound),
          draw.uniform_matrix(m, d, bound), draw.uniform_matrix(d, d, bound),
          draw.uniform_matrix(d, 2, bound), draw.uniform_matrix(n, 2, bound)};
}
TensorLossInput random_tensor_loss(std::uint64_t index, Index n, Index m2, Index m3, Index d, double bound) {
  Stream draw(0, "gradient_test tensor", index);
  return {draw.uniform_matrix(n, d, bound),  draw.uniform_matrix(m2, d, bound),
          draw.uniform_matrix(m3, d, bound), draw.uniform_matrix(m2, d, bound),
          draw.uniform_matrix(m3, d, bound), draw.uniform_matrix(d, d * d, bound),
          draw.uniform_matrix(d, 2, bound),  draw.uniform_matrix(d, 2, bound),
          draw.uniform_matrix(n, 2, bound)};
}

// Names and members, so that every input of a loss is checked by the same loop.
template <class Scalar>
std::vector<std::pair<const char*, Matrix<Scalar>*>> inputs(MatrixLoss<Scalar>& in) {
  return {{"x", &in.x}, {"a1", &in.a1}, {"a2", &in.a2}, {"a3", &in.a3}, {"y", &in.y}};
}
template <class Scalar>
std::vector<Matrix<Scalar>> in_order(const MatrixLossGradient<Scalar>& g) {
  return {g.x, g.a1, g.a2, g.a3, g.y};
}
template <class Scalar>
std::vector<std::pair<const char*, Matrix<Scalar>*>> inputs(TensorLoss<Scalar>& in) {
  return {{"x", &in.x},   {"a1", &in.a1}, {"a2", &in.a2}, {"a3", &in.a3},
          {"a4", &in.a4}, {"a5", &in.a5}, {"y1", &in.y1}, {"y2", &in.y2}};
}
template <class Scalar>
std::vector<Matrix<Scalar>> in_order(const TensorLossGradient<Scalar>& g) {
  return {g.x, g.a1, g.a2, g.a3, g.a4, g.a5, g.y1, g.y2};
}

/// Tensor attention as a loss <G, Att(Q, K1, K2, V1, V2)>, by the definition in attention.hpp.
struct PairInput {
  Matrix<double> q, k1, k2, v1, v2, g;
};
template <class Scalar>
struct Pairs {
  Matrix<Scalar> q, k1, k2, v1, v2, g;
};
template <class Scalar>
Pairs<Scalar> loss_over(const PairInput& in) {
  const auto m = [](const Matrix<double>& x) { return matrix_from<Scalar>(x); };
  return {m(in.q), m(in.k1), m(in.k2), m(in.v1), m(in.v2), m(in.g)};
}
template <class Scalar>
Scalar loss(const Pairs<Scalar>& in, const Exponential& weight = {}, Mask mask = Mask::none) {
  const Matrix<Scalar> att = tensor_attention(in.q, in.k1, in.k2, in.v1, in.v2, mask, weight);
  Scalar sum = scalar_from<Scalar>(0);
  for (Index i = 0; i < att.size(); ++i) sum += in.g.data()[i] * att.data()[i];
  return sum;
}
template <class Scalar>
TensorAttentionGradient<Scalar> loss_gradient(const Pairs<Scalar>& in, const Exponential& weight = {},
                                              Mask mask = Mask::none) {
  return tensor_attention_gradient(in.q, in.k1, in.k2, in.v1, in.v2, in.g, weight, mask);
}
template <class Scalar>
std::vector<std::pair<const char*, Matrix<Scalar>*>> inputs(Pairs<Scalar>& in) {
  return {{"q", &in.q}, {"k1", &in.k1}, {"k2", &in.k2}, {"v1", &in.v1}, {"v2", &in.v2}};
}
template <class Scalar>
std::vector<Matrix<Scalar>> in_order(const TensorAttentionGradient<Scalar>& g) {
  return {g.q, g.k1, g.k2, g.v1, g.v2};
}
PairInput random_pairs(std::uint64_t index, Index n, Index m1, Index m2, Index d) {
  Stream draw(0, "gradient_test pairs", index);
  return {draw.uniform_matrix(n, d, 1.5),  draw.uniform_matrix(m1, d, 1.5), draw.uniform_matrix(m2, d, 1.5),
          draw.uniform_matrix(m1, d, 1.5), draw.uniform_matrix(m2, d, 1.5), draw.uniform_matrix(n, d, 1)};
}

/// Largest |closed form - forward-mode derivative| over all entries of all inputs.
template <class Input>
Wide against_forward_mode(const Input& input, Mask mask = Mask::none) {
  auto closed_input = loss_over<Wide>(input);
  const auto closed = in_order(loss_gradient(closed_input, Exponential(), mask));
  auto in = loss_over<Forward>(input);
  Wide largest = 0;
  size_t which = 0;
  for (const auto& [name, matrix] : inputs(in)) {
    for (Index k = 0; k < matrix->size(); ++k) {
      const Forward kept = matrix->data()[k];
      matrix->data()[k] = variable(Wide(kept));
      const Wide difference = loss(in, Exponential(), mask).derivative(1) - closed[which].data()[k];
      largest = std::max(largest, Wide(abs(difference)));
      matrix->data()[k] = kept;
    }
    ++which;
  }
  return largest;
}

/// Largest |closed form - central difference| at 512 bits, step 2^-80: the truncation is about 2^-160.
template <class Input>
Real against_differences(const Input& input, Mask mask = Mask::none) {
  const WorkingPrecision precision(Bits{512});
  auto in = loss_over<Real>(input);
  const auto closed = in_order(loss_gradient(in, Exponential(), mask));
  const Real step = ldexp(Real(1), -80);
  Real largest = 0;
  size_t which = 0;
  for (const auto& [name, matrix] : inputs(in)) {
    for (Index k = 0; k < matrix->size(); ++k) {
      const Real kept = matrix->data()[k];
      matrix->data()[k] = kept + step;
      const Real above = loss(in, Exponential(), mask);
      matrix->data()[k] = kept - step;
      const Real below = loss(in, Exponential(), mask);
      matrix->data()[k] = kept;
      largest = std::max(largest, Real(abs(Real((above - below) / (2 * step) - closed[which].data()[k]))));
    }
    ++which;
  }
  return largest;
}

/// Entries of the interval gradient (60 bits) that miss the gradient in Real at 400 bits.
template <class Input>
int not_contained(const Input& input, Mask mask = Mask::none) {
  std::vector<Matrix<Real>> fine;
  {
    const WorkingPrecision precision(Bits{400});
    fine = in_order(loss_gradient(loss_over<Real>(input), Exponential(), mask));
  }
  const WorkingPrecision precision(Bits{60});
  const auto enclosed = in_order(loss_gradient(loss_over<Interval>(input), Exponential(), mask));
  int missed = 0;
  for (size_t which = 0; which < fine.size(); ++which)
    for (Index k = 0; k < fine[which].size(); ++k) {
      const Interval& x = enclosed[which].data()[k];
      if (lower(x) > fine[which].data()[k] || upper(x) < fine[which].data()[k]) ++missed;
      if (!(width(x) < Real(1e-9))) ++missed;  // an enclosure of everything would prove nothing
    }
  return missed;
}

const Polynomial even{{Rational(1), Rational(1), Rational(1, 2)}};  // positive everywhere

}  // namespace

TEST_CASE("gradients of the matrix loss with respect to every input equal forward-mode derivatives") {
  for (std::uint64_t seed = 0; seed < 3; ++seed)
    CHECK(against_forward_mode(random_loss(seed, 3, 4, 2, 1.5)) < Wide("1e-50"));
  CHECK(against_forward_mode(random_loss(9, 1, 1, 1, 1)) < Wide("1e-50"));
}

TEST_CASE("gradients of the tensor loss with respect to every input equal forward-mode derivatives") {
  CHECK(against_forward_mode(random_tensor_loss(0, 2, 3, 2, 2, 1.25)) < Wide("1e-50"));
  CHECK(against_forward_mode(random_tensor_loss(9, 1, 1, 1, 1, 1)) < Wide("1e-50"));
}

TEST_CASE("gradients of both losses equal central differences at 512 bits") {
  CHECK(against_differences(random_loss(4, 4, 3, 3, 1.5)) < ldexp(Real(1), -140));
  CHECK(against_differences(random_tensor_loss(4, 2, 2, 3, 2, 1.25)) < ldexp(Real(1), -140));
}

TEST_CASE("gradients over intervals contain the gradients at a higher precision, and are narrow") {
  CHECK(not_contained(random_loss(5, 5, 4, 3, 1.5)) == 0);
  CHECK(not_contained(random_tensor_loss(5, 3, 2, 3, 2, 1.25)) == 0);
}

TEST_CASE("gradients of tensor attention by Q, K1, K2, V1, V2, three ways") {
  const PairInput in = random_pairs(0, 2, 3, 2, 2);
  CHECK(against_forward_mode(in) < Wide("1e-50"));
  CHECK(against_differences(in) < ldexp(Real(1), -140));
  CHECK(not_contained(in) == 0);
}

TEST_CASE("gradients under a causal mask, matrix and tensor, three ways") {
  const MatrixLossInput matrix = random_loss(11, 4, 4, 2, 1.5);
  const TensorLossInput tensor = random_tensor_loss(11, 3, 3, 3, 2, 1.25);
  const PairInput pairs = random_pairs(11, 3, 3, 3, 2);
  const auto three_ways = [](const auto& in) {
    CHECK(against_forward_mode(in, Mask::causal) < Wide("1e-50"));
    CHECK(against_differences(in, Mask::causal) < ldexp(Real(1), -140));
    CHECK(not_contained(in, Mask::causal) == 0);
  };
  three_ways(matrix);
  three_ways(tensor);
  three_ways(pairs);
}

TEST_CASE("under a causal mask the first row's output does not depend on later keys, nor does its gradient") {
  MatrixLossInput in = random_loss(12, 3, 3, 2, 1);
  in.a1.bottomRows(2).setZero();  // only the first query asks
  in.a3.bottomRows(2).setZero();
  const auto g = loss_gradient(in, Exponential(), Mask::causal);
  CHECK(g.x.cwiseAbs().maxCoeff() == 0);  // softmax over one key is 1
}

TEST_CASE("the gradient with respect to E, entry by entry, is E - Att: the loss is a square") {
  const MatrixLossInput in = random_loss(6, 3, 3, 2, 1);
  auto exact = loss_over<Rational>(in);
  const auto att =
      attention<Rational, Polynomial>(exact.a1 * exact.x, exact.a2, exact.a3 * exact.y, Mask::none, even);
  const Rational before = loss(exact, even), step(1, 7);
  exact.e(1, 1) += step;
  CHECK(loss(exact, even) - before == step * (to_rational(in.e(1, 1)) - att(1, 1)) + step * step / 2);
}

TEST_CASE(
    "the gradient by the scores is the third central moment's: rows of p sum to 0, over the rationals") {
  const MatrixLossInput in = random_loss(7, 4, 5, 2, 1);
  const auto exact = loss_over<Rational>(in);
  Matrix<Rational> s(4, 5);
  const Matrix<Rational> q = exact.a1 * exact.x;
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < 5; ++j) s(i, j) = score(q, i, exact.a2, j);
  const Matrix<Rational> p = softmax_pullback<Rational>(softmax_rows(s, Mask::none, even), s);
  for (Index i = 0; i < 4; ++i) CHECK(p.row(i).sum() == 0);
}

TEST_CASE("enclosures of gradients have the width asked for and overlap the definition's") {
  const Rational target = rational_from_text("1e-40", "width");
  const MatrixLossInput in = random_loss(8, 6, 5, 3, 2);
  const TensorLossInput t = random_tensor_loss(8, 3, 4, 3, 2, 1.5);
  const Matrix<Interval> matrix = gradient_enclosure(in, target), tensor = gradient_enclosure(t, target);
  const WorkingPrecision precision(Bits{300});
  const Matrix<Interval> by_definition = loss_gradient(loss_over<Interval>(in)).x,
                         tensor_by_definition = loss_gradient(loss_over<Interval>(t)).x;
  for (Index i = 0; i < matrix.size(); ++i) {
    CHECK(to_rational(width(matrix.data()[i])) <= target);
    CHECK(overlap(matrix.data()[i], by_definition.data()[i]));
  }
  for (Index i = 0; i < tensor.size(); ++i) {
    CHECK(to_rational(width(tensor.data()[i])) <= target);
    CHECK(overlap(tensor.data()[i], tensor_by_definition.data()[i]));
  }
}

TEST_CASE("instances whose shapes do not fit are refused with the matrix, the expectation and the shape") {
  MatrixLossInput in = random_loss(10, 3, 4, 2, 1);
  CHECK_NOTHROW(validate(in));
  in.x.resize(3, 3);
  in.x.setZero();
  CHECK_THROWS_WITH(validate(in), Catch::Matchers::Contains("X") && Catch::Matchers::Contains("2 x 2") &&
                                      Catch::Matchers::Contains("3 x 3"));
  in = random_loss(10, 3, 4, 2, 1);
  in.e(2, 1) = INFINITY;
  CHECK_THROWS_WITH(validate(in), Catch::Matchers::Contains("E[2,1]"));
  TensorLossInput t = random_tensor_loss(10, 2, 3, 2, 2, 1);
  CHECK_NOTHROW(validate(t));
  t.y2.resize(0, 0);
  CHECK_THROWS_WITH(validate(t), Catch::Matchers::Contains("Y2"));
  t = random_tensor_loss(10, 2, 3, 2, 2, 1);
  t.x.resize(2, 2);
  t.x.setZero();
  CHECK_THROWS_WITH(validate(t), Catch::Matchers::Contains("X") && Catch::Matchers::Contains("2 x 4"));
}
