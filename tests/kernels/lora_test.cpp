#include "kernels/lora.hpp"

#include <array>

#include "catch.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

LoraLossInput drawn(Stream& stream, Eigen::Index n, Eigen::Index d, Eigen::Index r) {
  const auto matrix = [&](Eigen::Index rows, Eigen::Index columns) {
    return stream.uniform_matrix(rows, columns, 1);
  };
  const auto adapter = [&] {
    return Adapter<double>{matrix(d, d), matrix(d, r), matrix(r, d), Rational(1, r)};
  };
  return {matrix(n, d), matrix(n, d), matrix(n, d), adapter(), adapter(), adapter(), matrix(n, d)};
}
std::array<const BoundedMatrix*, 6> parts(const LoraGradientResult& g) {
  return {&g.q.b, &g.q.a, &g.k.b, &g.k.a, &g.v.b, &g.v.a};
}

}  // namespace

TEST_CASE("the fast LoRA gradients lie within their bounds of the closed form, and the bounds are near") {
  Stream stream(0, "lora kernel");
  const WorkingPrecision guard(Bits{96});
  for (const auto& [n, d, r] : {std::tuple(40, 3, 2), std::tuple(64, 2, 1), std::tuple(1, 1, 1)}) {
    const LoraLossInput in = drawn(stream, n, d, r);
    const LoraGradientResult fast = polynomial_lora_gradient(in, Rational(1, 1L << 30), {1});
    const LoraGradient<Interval> exact = lora_gradient(loss_over<Interval>(in));
    const std::array<const Matrix<Interval>*, 6> right{&exact.q.b, &exact.q.a, &exact.k.b,
                                                       &exact.k.a, &exact.v.b, &exact.v.a};
    for (std::size_t i = 0; i < 6; ++i) {
      const BoundedMatrix& part = *parts(fast)[i];
      const Interval error = max_abs(Matrix<Interval>(matrix_from<Interval>(part.value) - *right[i]));
      CHECK(part.bound.is_finite());
      CHECK(upper(error) <= Real(part.bound.value()));
      CHECK(part.bound.value() < 1e-5);
    }
  }
}

TEST_CASE("the fast LoRA gradients agree with the quadratic ones at 2000 tokens") {
  Stream stream(0, "lora kernel, many tokens");
  const LoraLossInput in = drawn(stream, 2000, 3, 1);
  const LoraGradientResult fast = polynomial_lora_gradient(in, Rational(1, 1L << 34));
  const LoraGradient<double> plain = lora_gradient(in);
  const std::array<const Matrix<double>*, 6> right{&plain.q.b, &plain.q.a, &plain.k.b,
                                                   &plain.k.a, &plain.v.b, &plain.v.a};
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(max_abs(Matrix<double>(parts(fast)[i]->value - *right[i])) <= parts(fast)[i]->bound.value() + 1e-9);
}

TEST_CASE("LoRA gradients: the same bytes for any number of threads; what cannot be proved is refused") {
  Stream stream(0, "lora kernel, threads");
  LoraLossInput in = drawn(stream, 300, 2, 1);
  const LoraGradientResult one = polynomial_lora_gradient(in, Rational(1, 1024), {1}),
                           three = polynomial_lora_gradient(in, Rational(1, 1024), {3});
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(parts(one)[i]->value == parts(three)[i]->value);
    CHECK(parts(one)[i]->bound.value() == parts(three)[i]->bound.value());
  }
  in.q.frozen *= 1e9;
  CHECK_THROWS_AS(polynomial_lora_gradient(in, Rational(1, 1024)), BudgetMissed);
}
