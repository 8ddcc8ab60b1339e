// Matrix attention in float and double, causal, at the edges: one token, one feature, repeated keys, large
// shifts, scores that need the running maximum. No tolerance but the bounds that were proved.
#include <cstring>
#include <optional>

#include "attention/enclosure.hpp"
#include "catch.hpp"
#include "kernels/device.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/polynomial_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"
#include "polynomial/exponential.hpp"
#include "uniform_attention.hpp"

using namespace attnbounds;

namespace {

template <class T>
using Input = UniformAttention<T>;

template <class T>
void check_guarantee(const Input<T>& in, const BoundedOutput<T>& result, Mask mask) {
  REQUIRE(result.bound.is_finite());
  const Interval error = true_error(in, result, mask);
  INFO("bytes " << sizeof(T) << " n " << in.q.rows() << " m " << in.k.rows() << " d " << in.q.cols() << " X "
                << result.half_width.value() << " bound " << result.bound.value() << " error "
                << round_up(error));
  CHECK(lower(error) <= Real(result.bound.value()));
}

template <class T>
std::vector<Input<T>> edges() {
  Stream draw(0, "edges");
  std::vector<Input<T>> inputs{uniform<T>(draw, 1, 1, 1, 1, 1),     uniform<T>(draw, 1, 1, 3, 2, 2),
                               uniform<T>(draw, 130, 130, 1, 1, 1), uniform<T>(draw, 257, 257, 2, 3, 1.5),
                               uniform<T>(draw, 64, 64, 3, 14, 1),  uniform<T>(draw, 40, 40, 2, 27, 1)};
  Input<T> shifted = uniform<T>(draw, 150, 150, 2, 2, 1);
  shifted.k.array() += T(4096);
  inputs.push_back(shifted);
  Input<T> repeated = uniform<T>(draw, 150, 150, 3, 2, 1);
  repeated.k = repeated.k.row(0).replicate(150, 1).eval();
  inputs.push_back(repeated);
  return inputs;
}

template <class T>
std::optional<PolynomialPlan> plan_for(const Input<T>& in, const ScoreRange<T>& range, long degree) {
  try {
    return PolynomialPlan(in.q.cols(), exp_polynomial_in_doubles(
                                           {degree}, std::max(range.half_width.exact(), Rational(1) / 1024)));
  } catch (const std::exception&) {
    return {};
  }
}

template <class T>
void check_polynomials() {
  int checked = 0;
  for (const Input<T>& in : edges<T>()) {
    const ScoreRange<T> range = score_range(in.q, in.k);
    for (const long degree : {1L, 4L, 9L})
      if (const auto plan = plan_for(in, range, degree))
        for (const Mask mask : {Mask::none, Mask::causal}) {
          check_guarantee(in, polynomial_attention(in.q, in.k, in.v, range, *plan, mask), mask);
          ++checked;
        }
  }
  CHECK(checked >= 30);
}

}  // namespace

TEST_CASE("polynomial attention keeps its guarantee in float and double, masked or not, at the edges") {
  check_polynomials<double>();
  check_polynomials<float>();
}

TEST_CASE("fused exact attention keeps its guarantee in float and double, masked or not, at the edges") {
  const auto check = [](const auto& inputs) {
    for (const auto& in : inputs)
      for (const Mask mask : {Mask::none, Mask::causal})
        check_guarantee(in, exact_attention(in.q, in.k, in.v, mask), mask);
  };
  check(edges<double>());
  check(edges<float>());
}

TEST_CASE(
    "attention of doubles in float keeps its guarantee, masked or not, at the edges and for values of any "
    "size") {
  std::vector<Input<double>> inputs = edges<double>();
  Stream draw(0, "doubles in float");
  inputs.push_back(uniform<double>(draw, 140, 140, 2, 2, 1));
  inputs.back().v *= 0x1p300;
  inputs.back().k *= 0x1p-400;
  inputs.back().q *= 0x1p400;
  inputs.push_back(uniform<double>(draw, 140, 140, 2, 2, 1));
  inputs.back().v *= 0x1p-1060;
  inputs.push_back(uniform<double>(draw, 140, 140, 2, 2, 1));
  inputs.back().q *= 0x1p-160;  // q' is no float: scores move by less than 2^-149
  inputs.push_back(uniform<double>(draw, 140, 140, 2, 2, 1));
  inputs.back().v.setZero();
  for (const Input<double>& in : inputs) {
    const AttentionInput input{in.q, in.k, in.v};
    const ScoreRange<double> range = score_range(in.q, in.k);
    for (const Mask mask : {Mask::none, Mask::causal}) {
      const AttentionResult wide = exact_attention(input, range, mask);
      const OnDevice in_float(Device::cpu, Arithmetic::in_float);
      const AttentionResult narrow = exact_attention(input, range, mask);
      check_guarantee<double>(in, narrow, mask);
      if (in.q.rows() > 1 && max_abs(in.v) > 0x1p-1000) {
        CHECK(narrow.bound.value() > 0x1p20 * wide.bound.value());
        CHECK(narrow.output != wide.output);
      }
      for (const long degree : {1L, 4L, 9L})
        if (const auto plan = plan_for(in, range, degree)) {
          const AttentionResult one = polynomial_attention(input, range, plan->polynomial, mask,
                                                           ThreadCount{1}),
                                many = polynomial_attention(input, range, plan->polynomial, mask,
                                                            ThreadCount{3});
          check_guarantee<double>(in, one, mask);
          CHECK(one.output == many.output);
          CHECK(one.bound.value() == many.bound.value());
        }
    }
  }
}

TEST_CASE("fused exact attention follows the running maximum where e^s would overflow") {
  Stream draw(0, "large scores");
  for (const double bound : {10.0, 40.0, 300.0}) {
    Input<double> in = uniform<double>(draw, 70, 200, 2, 2, bound);
    in.k.col(0) = Eigen::VectorXd::LinSpaced(200, -bound, bound);  // maxima that keep rising
    check_guarantee(in, exact_attention(in.q, in.k, in.v), Mask::none);
    Input<double> square = uniform<double>(draw, 150, 150, 2, 2, bound);
    check_guarantee(square, exact_attention(square.q, square.k, square.v, Mask::causal), Mask::causal);
    const Input<float> narrow = uniform<float>(draw, 150, 150, 2, 2, bound / 4);
    check_guarantee(narrow, exact_attention(narrow.q, narrow.k, narrow.v, Mask::causal), Mask::causal);
  }
}

TEST_CASE("causal rows see their prefix only: what comes later does not change them") {
  Stream draw(0, "prefix");
  Input<double> in = uniform<double>(draw, 700, 700, 3, 2, 1);
  const ScoreRange<double> range = score_range(in.q, in.k);
  const PolynomialPlan plan = *plan_for(in, range, 5);
  const Matrix<double> before = polynomial_attention(in.q, in.k, in.v, range, plan, Mask::causal).output;
  const Matrix<double> exact_before = exact_attention(in.q, in.k, in.v, Mask::causal).output;
  for (const long i : {0L, 127L, 128L, 200L, 511L}) {
    Input<double> changed = in;
    changed.k.bottomRows(700 - i - 1) *= 0.5;
    changed.k.row(699) = in.k.row(699);  // keeps the box of the keys, and so the shift
    for (Eigen::Index j = i + 1; j < 700; ++j)
      for (Eigen::Index l = 0; l < 3; ++l)
        if (std::fabs(in.k(j, l)) >= 0.99 * in.k.col(l).cwiseAbs().maxCoeff()) changed.k(j, l) = in.k(j, l);
    changed.v.bottomRows(700 - i - 1).array() *= 0.25;
    changed.v(699, 0) = in.v(699, 0);
    const ScoreRange<double> same = range;
    const Matrix<double> after =
        polynomial_attention(changed.q, changed.k, changed.v, same, plan, Mask::causal).output;
    // The prefix is summed in another grouping only if it crosses chunks, which n alone decides.
    CHECK(std::memcmp(before.data(), after.data(), sizeof(double) * static_cast<std::size_t>((i + 1) * 2)) ==
          0);
    const Matrix<double> exact_after =
        exact_attention_rows(changed.q, changed.k, changed.v, same, Mask::causal, 0, 700, all_cores()).output;
    CHECK(std::memcmp(exact_before.data(), exact_after.data(),
                      sizeof(double) * static_cast<std::size_t>((i + 1) * 2)) == 0);
  }
}

TEST_CASE("causal and float outputs are the same bytes for any number of threads") {
  Stream draw(0, "threads, causal");
  const Input<float> in = uniform<float>(draw, 5000, 5000, 3, 3, 1);
  const ScoreRange<float> range = score_range(in.q, in.k, ThreadCount{1});
  const PolynomialPlan plan = *plan_for(in, range, 6);
  for (const Mask mask : {Mask::none, Mask::causal}) {
    const BoundedOutput<float> one =
        polynomial_attention(in.q, in.k, in.v, range, plan, mask, ThreadCount{1});
    for (const unsigned threads : {2u, 5u}) {
      CHECK(score_range(in.q, in.k, ThreadCount{threads}).half_width.value() == range.half_width.value());
      const BoundedOutput<float> many =
          polynomial_attention(in.q, in.k, in.v, range, plan, mask, ThreadCount{threads});
      CHECK(std::memcmp(one.output.data(), many.output.data(),
                        sizeof(float) * static_cast<std::size_t>(one.output.size())) == 0);
      CHECK(one.bound.value() == many.bound.value());
    }
  }
}

template <class T>
void check_one_look() {
  for (const Input<T>& in : edges<T>()) {
    const ScoreRange<T> range = score_range(in.q, in.k);
    const auto plan = plan_for(in, range, 3);
    if (!plan) continue;
    for (const Mask mask : {Mask::none, Mask::causal}) {
      const BoundedOutput<T> two = polynomial_attention(in.q, in.k, in.v, range, *plan, mask),
                             one = polynomial_attention(in.q, in.k, in.v, *plan, mask);
      CHECK(one.half_width.value() == range.half_width.value());
      CHECK((one.bound.value() == two.bound.value() || !two.bound.is_finite()));
      CHECK(std::memcmp(one.output.data(), two.output.data(),
                        sizeof(T) * static_cast<std::size_t>(one.output.size())) == 0);
    }
    if (range.half_width.value() > 0x1p-10) {  // the plan's X, or more
      const PolynomialPlan narrow(in.q.cols(), exp_polynomial_in_doubles({3}, Rational(1) / 2048));
      CHECK_THROWS_AS(polynomial_attention(in.q, in.k, in.v, narrow), std::domain_error);
    }
  }
}

TEST_CASE("queries that are looked at on their way give the same bytes, bound and half-width") {
  check_one_look<double>();
  check_one_look<float>();
}

TEST_CASE("the half-width is that of the shifted keys, whether or not these need a second look") {
  Stream draw(0, "second look");
  const Input<double> in = uniform<double>(draw, 300, 500, 4, 1, 1);
  for (const double shift : {0.0, 0x1p-12, 0x1p-4, 100.0}) {
    Input<double> moved = in;
    moved.k.array() += shift;
    const ScoreRange<double> range = score_range(moved.q, moved.k);
    Rational largest = 0;  // of the exact scores after the shift that the kernel makes
    for (Eigen::Index i = 0; i < 300; ++i)
      for (Eigen::Index j = 0; j < 500; j += 7) {
        Rational score = 0;
        for (Eigen::Index l = 0; l < 4; ++l)
          score += to_rational(moved.q(i, l)) *
                   (to_rational(moved.k(j, l)) - to_rational(range.centre[static_cast<std::size_t>(l)]));
        largest = std::max(largest, Rational(abs(score) / 4));
      }
    CHECK(largest <= range.half_width.exact());
    CHECK(range.half_width.value() < 1.01 * score_range(in.q, in.k).half_width.value());
  }
}

TEST_CASE("the rounding bound of the kernels does not grow with the number of keys") {
  Stream draw(0, "rounding and n");
  double least = 1, most = 0;
  for (const long n : {200L, 2000L, 20000L}) {
    const Input<double> in = uniform<double>(draw, 50, n, 2, 1, 1);
    const ScoreRange<double> range = score_range(in.q, in.k);
    const PolynomialPlan plan(2, exp_polynomial_in_doubles({6}, Rational(1)));
    const double bound = polynomial_attention(in.q, in.k, in.v, range, plan).bound_rounding.value();
    least = std::min(least, bound);
    most = std::max(most, bound);
  }
  CHECK(most < 1.5 * least);
}

TEST_CASE("scaled Taylor sections keep their certificate at the ends of the interval, and are positive") {
  for (const long g : {1L, 2L, 5L})
    for (const char* x : {"1/10", "7/10"}) {
      const Rational X = rational_from_text(x, "x");
      const CertifiedPolynomial p = taylor_polynomial_in_doubles({g}, X);
      const WorkingPrecision precision(Bits{128});
      for (const Rational& at : {Rational(-X), Rational(-X / 3), Rational(0), Rational(X / 2), X})
        CHECK(upper(absolute_value(Interval(p.polynomial(enclose(at)) * exp(enclose(Rational(-at))) - 1))) <=
              Real(p.error.value()));
    }
  CHECK_THROWS_AS(taylor_polynomial_in_doubles({1}, Rational(1)), std::domain_error);  // 1 + x vanishes at -1
}
