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

/// Largest |closed form - forward-mode derivative| over all entries of all inputs.
template <class Input>
Wide against_forward_mode(const Input& input) {
  auto closed_input = loss_over<Wide>(input);
  const auto closed = in_order(loss_gradient(closed_input));
  auto in = loss_over<Forward>(input);
  Wide largest = 0;
  size_t which = 0;
  for (const auto& [name, matrix] : inputs(in)) {
    for (Index k = 0; k < matrix->size(); ++k) {
      const Forward kept = matrix->data()[k];
      matrix->data()[k] = variable(Wide(kept));
      const Wide difference = loss(in).derivative(1) - closed[which].data()[k];
      largest = std::max(largest, Wide(abs(difference)));
      matrix->data()[k] = kept;
    }
    ++which;
  }
  return largest;
}

/// Largest |closed form - central difference| at 512 bits, step 2^-80: the truncation is about 2^-160.
template <class Input>
Real against_differences(const Input& input) {
  const WorkingPrecision precision(Bits{512});
  auto in = loss_over<Real>(input);
  const auto closed = in_order(loss_gradient(in));
  const Real step = ldexp(Real(1), -80);
  Real largest = 0;
  size_t which = 0;
  for (const auto& [name, matrix] : inputs(in)) {
    for (Index k = 0; k < matrix->size(); ++k) {
      const Real kept = matrix->data()[k];
      matrix->data()[k] = kept + step;
      const Real above = loss(in);
      matrix->data()[k] = kept - step;
      const Real below = loss(in);
      matrix->data()[k] = kept;
      largest = std::max(largest, Real(abs(Real((above - below) / (2 * step) - closed[which].data()[k]))));
    }
    ++which;
  }
  return largest;
}

/// Entries of the interval gradient (60 bits) that miss the gradient in Real at 400 bits.
template <class Input>
int not_contained(const Input& input) {
  std::vector<Matrix<Real>> fine;
  {
    const WorkingPrecision precision(Bits{400});
    fine = in_order(loss_gradient(loss_over<Real>(input)));
  }
  const WorkingPrecision precision(Bits{60});
  const auto enclosed = in_order(loss_gradient(loss_over<Interval>(input)));
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

TEST_CASE("the gradient with respect to E, entry by entry, is E - Att: the loss is a square") {
  const MatrixLossInput in = random_loss(6, 3, 3, 2, 1);
  auto exact = loss_over<Rational>(in);
  const auto att =
      attention<Rational, Polynomial>(exact.a1 * exact.x, exact.a2, exact.a3 * exact.y, Mask::none, even);
  const Rational before = loss(exact, even), step(1, 7);
  exact.e(1, 1) += step;
  CHECK(loss(exact, even) - before == step * (to_rational(in.e(1, 1)) - att(1, 1)) + step * step / 2);
}

TEST_CASE("gradients of tensor attention by every input equal forward-mode derivatives") {
  Stream draw(0, "tensor attention gradient");
  Matrix<double> m[5];
  for (int k = 0; k < 5; ++k) m[k] = draw.uniform_matrix(k % 2 == 1 ? 3 : 2, 2, 1.5);  // q, k1, k2, v1, v2
  const Matrix<double> q = m[0], k1 = m[1], k2 = m[2], v1 = m[3], v2 = m[4], g = draw.uniform_matrix(2, 2, 1);
  const auto wide = [](const Matrix<double>& x) { return matrix_from<Wide>(x); };
  const auto closed = tensor_attention_gradient(wide(q), wide(k1), wide(k2), wide(v1), wide(v2), wide(g));
  const Matrix<Wide> gradients[5] = {closed.q, closed.k1, closed.k2, closed.v1, closed.v2};
  Matrix<Forward> in[5] = {matrix_from<Forward>(q), matrix_from<Forward>(k1), matrix_from<Forward>(k2),
                           matrix_from<Forward>(v1), matrix_from<Forward>(v2)};
  Wide largest = 0;
  for (int which = 0; which < 5; ++which)
    for (Index k = 0; k < in[which].size(); ++k) {
      const Forward kept = in[which].data()[k];
      in[which].data()[k] = variable(Wide(kept));
      const auto att = tensor_attention(in[0], in[1], in[2], in[3], in[4]);
      Wide sum = 0;
      for (Index i = 0; i < att.size(); ++i)
        sum += scalar_from<Wide>(to_rational(g.data()[i])) * att.data()[i].derivative(1);
      largest = std::max(largest, Wide(abs(Wide(sum - gradients[which].data()[k]))));
      in[which].data()[k] = kept;
    }
  CHECK(largest < Wide("1e-50"));
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
