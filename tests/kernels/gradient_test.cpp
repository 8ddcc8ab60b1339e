#include "kernels/gradient.hpp"

#include "attention/enclosure.hpp"
#include "attention/gradient_enclosure.hpp"
#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

using Index = Eigen::Index;

MatrixLossInput random_loss(std::uint64_t index, Index n, Index m, Index d, double bound) {
  Stream draw(0, "kernels gradient_test", index);
  return {draw.uniform_matrix(n, d, bound), draw.uniform_matrix(m, d, bound),
          draw.uniform_matrix(m, d, bound), draw.uniform_matrix(d, d, bound),
          draw.uniform_matrix(d, 2, bound), draw.uniform_matrix(n, 2, bound)};
}
TensorLossInput random_tensor_loss(std::uint64_t index, Index n, Index m2, Index m3, Index d, double bound) {
  Stream draw(0, "kernels gradient_test tensor", index);
  return {draw.uniform_matrix(n, d, bound),  draw.uniform_matrix(m2, d, bound),
          draw.uniform_matrix(m3, d, bound), draw.uniform_matrix(m2, d, bound),
          draw.uniform_matrix(m3, d, bound), draw.uniform_matrix(d, d * d, bound),
          draw.uniform_matrix(d, 2, bound),  draw.uniform_matrix(d, 2, bound),
          draw.uniform_matrix(n, 2, bound)};
}

template <class Input>
void check_guarantee(const Input& input, const GradientRequest& request, AttentionMethod expected) {
  const AttentionResult result = guaranteed_gradient(input, request);
  CHECK(result.method == expected);
  CHECK(result.bound <= request.epsilon);
  const Rational width = rational_from_text("1e-60", "width");  // of the reference; the bound may be 0
  const Matrix<Interval> exact = gradient_enclosure(input, width);
  const WorkingPrecision precision(Bits{256});
  const Enclosure error = largest_error(result.output, exact);
  CHECK(to_rational(error.upper()) <= result.bound.exact() + width);
}

}  // namespace

TEST_CASE("polynomial and exact gradients keep their guarantee, for both losses") {
  for (const char* epsilon : {"1/10", "1e-4", "1e-9"}) {
    const Rational e = rational_from_text(epsilon, "epsilon");
    check_guarantee(random_loss(0, 6, 5, 2, 1), {e, MethodChoice::polynomial, all_cores()},
                    AttentionMethod::polynomial);
    check_guarantee(random_loss(0, 6, 5, 2, 1), {e, MethodChoice::exact, all_cores()},
                    AttentionMethod::exact);
    check_guarantee(random_tensor_loss(0, 3, 4, 3, 2, 0.75), {e, MethodChoice::polynomial, all_cores()},
                    AttentionMethod::polynomial);
    check_guarantee(random_tensor_loss(0, 3, 4, 3, 2, 0.75), {e, MethodChoice::exact, all_cores()},
                    AttentionMethod::exact);
  }
}

TEST_CASE("where doubles prove less than the budget, the polynomial gradient in intervals keeps it") {
  const Rational e = rational_from_text("1e-16", "epsilon");
  const GradientRequest request{e, MethodChoice::polynomial, all_cores()};
  check_guarantee(random_loss(0, 6, 5, 2, 0.5), request, AttentionMethod::polynomial);
  check_guarantee(random_tensor_loss(0, 3, 4, 3, 2, 0.5), request, AttentionMethod::polynomial);
  CHECK(guaranteed_gradient(random_tensor_loss(0, 3, 4, 3, 2, 0.5), request).reason.find("in intervals") !=
        std::string::npos);
}

TEST_CASE("auto takes the polynomial where it is cheaper, and the exact way for a few tokens") {
  const Rational e(1, 100);
  CHECK(guaranteed_gradient(random_loss(1, 3, 3, 2, 1), {e, MethodChoice::automatic, all_cores()}).method ==
        AttentionMethod::exact);
  CHECK(guaranteed_gradient(random_loss(1, 2000, 2000, 1, 0.5), {e, MethodChoice::automatic, all_cores()})
            .method == AttentionMethod::polynomial);
}

TEST_CASE("a polynomial gradient that cannot meet the budget is refused, not returned") {
  CHECK_THROWS_AS(guaranteed_gradient(random_loss(2, 3, 3, 4, 30),
                                      {Rational(1, 1000), MethodChoice::polynomial, all_cores()}),
                  BudgetMissed);
}

TEST_CASE("degenerate instances: one token, zero matrices") {
  check_guarantee(random_loss(3, 1, 1, 1, 1), {Rational(1, 1000), MethodChoice::polynomial, all_cores()},
                  AttentionMethod::polynomial);
  MatrixLossInput zero = random_loss(4, 3, 3, 2, 1);
  zero.a3.setZero();
  check_guarantee(zero, {Rational(1, 1000), MethodChoice::polynomial, all_cores()},
                  AttentionMethod::polynomial);
}
