// The CUDA kernels, emulated: the same indexing and the same operations as on a GPU. Outputs against
// enclosures and against the CPU's kernels, with no tolerance but the bounds that were proved; bytes that do
// not depend on the order of threads; and plans that are broken on purpose, to see that these tests can fail.
#include <cstring>
#include <optional>

#include "attention/enclosure.hpp"
#include "attention/gradient_enclosure.hpp"
#include "catch.hpp"
#include "kernels/cuda/bounds.hpp"
#include "kernels/cuda/emulator.hpp"
#include "kernels/cuda/methods.hpp"
#include "kernels/device_attention.hpp"
#include "kernels/device_jobs.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/gradient.hpp"
#include "kernels/gradient_attention.hpp"
#include "kernels/gradient_plan.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "kernels/polynomial_attention.hpp"
#include "kernels/tensor_attention.hpp"
#include "numeric/random.hpp"
#include "polynomial/exponential.hpp"
#include "uniform_attention.hpp"

using namespace attnbounds;
using cuda::Plain;

namespace {

template <class T>
using Input = UniformAttention<T>;

/// One token, one feature, sizes around a block's, more columns than a pass, shifts, repeated keys.
template <class T>
std::vector<Input<T>> edges() {
  Stream draw(0, "edges");
  std::vector<Input<T>> inputs{uniform<T>(draw, 1, 1, 1, 1, 1),     uniform<T>(draw, 1, 1, 3, 2, 2),
                               uniform<T>(draw, 65, 65, 1, 1, 1),   uniform<T>(draw, 130, 130, 2, 3, 1.5),
                               uniform<T>(draw, 257, 257, 4, 4, 1), uniform<T>(draw, 64, 64, 3, 9, 1),
                               uniform<T>(draw, 40, 40, 9, 17, 1)};
  Input<T> shifted = uniform<T>(draw, 70, 70, 2, 2, 1);
  shifted.k.array() += T(4096);
  inputs.push_back(shifted);
  Input<T> repeated = uniform<T>(draw, 70, 70, 3, 2, 1);
  repeated.k = repeated.k.row(0).replicate(70, 1).eval();
  inputs.push_back(repeated);
  return inputs;
}

template <class T>
void check_guarantee(const Input<T>& in, const BoundedOutput<T>& ours, const BoundedOutput<T>& cpu,
                     Mask mask) {
  REQUIRE(ours.bound.is_finite());
  const Interval error = true_error(in, ours, mask);
  INFO("bytes " << sizeof(T) << " n " << in.q.rows() << " d " << in.q.cols() << " dv " << in.v.cols()
                << " bound " << ours.bound.value() << " error " << round_up(error));
  CHECK(lower(error) <= Real(ours.bound.value()));
  REQUIRE(cpu.bound.is_finite());
  const double apart =
      (ours.output.template cast<double>() - cpu.output.template cast<double>()).cwiseAbs().maxCoeff();
  CHECK(apart * (1 - 0x1p-50) <= (ours.bound + cpu.bound).value());
}

template <class T>
std::optional<CertifiedPolynomial> polynomial_for(const ScoreRange<T>& range, long degree) {
  try {
    return exp_polynomial_in_doubles({degree}, std::max(range.half_width.exact(), Rational(1) / 1024));
  } catch (const std::exception&) {
    return {};
  }
}

template <class T>
void check_all() {
  int checked = 0;
  for (const Input<T>& in : edges<T>()) {
    const ScoreRange<T> range = score_range(in.q, in.k);
    for (const Mask mask : {Mask::none, Mask::causal}) {
      check_guarantee(in, exact_attention_on(Device::emulated, in.q, in.k, in.v, range, mask),
                      exact_attention(in.q, in.k, in.v, mask), mask);
      for (const long degree : {0L, 1L, 4L, in.q.cols() > 4 ? 3L : 9L})
        if (const auto polynomial = polynomial_for(range, degree)) {
          check_guarantee(
              in, polynomial_attention_on(Device::emulated, in.q, in.k, in.v, range, *polynomial, mask),
              polynomial_attention(in.q, in.k, in.v, range, PolynomialPlan(in.q.cols(), *polynomial), mask),
              mask);
          ++checked;
        }
    }
  }
  CHECK(checked >= 40);
}

template <class T>
cuda::AttentionJob<T> job_of(const Input<T>& in, cuda::Masking mask) {
  const cuda::Rowwise<T> q{in.q.data(), in.q.rows(), in.q.cols()}, k{in.k.data(), in.k.rows(), in.k.cols()};
  return {q, k, {in.v.data(), in.v.rows(), in.v.cols()}, cuda::free_shift(q, k).scaling, 1, 1, mask};
}
const std::vector<double> exp_section{1, 1, 0.5, 1.0 / 6, 1.0 / 24, 1.0 / 120};

template <class X>
bool same_bytes(const std::vector<X>& a, const std::vector<X>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(X)) == 0;
}
struct InOrder {
  explicit InOrder(cuda::ThreadOrder order) { cuda::emulation::thread_order() = order; }
  ~InOrder() { cuda::emulation::thread_order() = cuda::ThreadOrder::forward; }
};
template <class Run>
void check_orders(const Run& run) {
  const auto forward = run();
  for (const auto order : {cuda::ThreadOrder::backward, cuda::ThreadOrder::odd_first}) {
    const InOrder in_order(order);
    CHECK(same_bytes(run(), forward));
  }
}

}  // namespace

TEST_CASE("attention on a device keeps its guarantee in float and double, masked or not, at the edges") {
  check_all<double>();
  check_all<float>();
}

TEST_CASE("fused exact attention on a device follows the running maximum where e^s would overflow") {
  Stream draw(0, "large scores");
  for (const long dv : {2L, 11L})  // both kernels
    for (const double bound : {10.0, 300.0}) {
      Input<double> in = uniform<double>(draw, 40, 150, 2, dv, bound);
      in.k.col(0) = Eigen::VectorXd::LinSpaced(150, -bound, bound);  // maxima that keep rising
      check_guarantee(
          in, exact_attention_on(Device::emulated, in.q, in.k, in.v, score_range(in.q, in.k), Mask::none),
          exact_attention(in.q, in.k, in.v), Mask::none);
      const Input<float> square = uniform<float>(draw, 70, 70, 3, dv, bound / 4);
      check_guarantee(square,
                      exact_attention_on(Device::emulated, square.q, square.k, square.v,
                                         score_range(square.q, square.k), Mask::causal),
                      exact_attention(square.q, square.k, square.v, Mask::causal), Mask::causal);
    }
}

TEST_CASE("features of 70 coordinates, outputs of 70 columns, on a device") {
  Stream draw(3, "wide");
  const Input<double> in = uniform<double>(draw, 70, 90, 70, 70, 1);
  const ScoreRange<double> range = score_range(in.q, in.k);
  check_guarantee(in, exact_attention_on(Device::emulated, in.q, in.k, in.v, range, Mask::none),
                  exact_attention(in.q, in.k, in.v), Mask::none);
  if (const auto line = polynomial_for(range, 1))
    check_guarantee(in, polynomial_attention_on(Device::emulated, in.q, in.k, in.v, range, *line, Mask::none),
                    polynomial_attention(in.q, in.k, in.v, range, PolynomialPlan(70, *line)), Mask::none);
}

TEST_CASE("bytes do not depend on the order of the threads of a block") {
  Stream draw(1, "orders");
  for (const auto mask : {cuda::Masking::none, cuda::Masking::causal}) {
    const Input<double> narrow = uniform<double>(draw, 140, 140, 3, 4, 1),
                        wide = uniform<double>(draw, 40, 40, 5, 20, 1);
    const Input<float> floats = uniform<float>(draw, 140, 140, 2, 2, 1);
    check_orders([&] {
      return cuda::run_polynomial<cuda::Emulator, Plain<double>>(job_of(narrow, mask), exp_section, {})
          .output;
    });
    check_orders([&] {
      return cuda::run_polynomial<cuda::Emulator, Plain<float>>(job_of(floats, mask), exp_section,
                                                                {0, 2, 256})
          .output;
    });
    check_orders([&] {
      return cuda::run_polynomial<cuda::Emulator, Plain<double>>(job_of(wide, mask), {1, 1, 0.5}, {}).output;
    });
    check_orders([&] {
      return cuda::run_polynomial<cuda::Emulator, cuda::OnTensorCores>(job_of(floats, mask), exp_section, {})
          .output;
    });
    check_orders([&] { return cuda::run_exact<cuda::Emulator>(job_of(narrow, mask)).output; });
    check_orders([&] { return cuda::run_exact<cuda::Emulator>(job_of(wide, mask)).output; });
  }
}

TEST_CASE("other cuts of the tokens and of the rows change bytes, not the guarantee") {
  Stream draw(2, "tunings");
  const Input<double> in = uniform<double>(draw, 600, 600, 2, 3, 1);
  const ScoreRange<double> range = score_range(in.q, in.k);
  const auto polynomial = polynomial_for(range, 12);
  REQUIRE(polynomial);
  const std::vector<double> coefficients = coefficients_in_doubles(polynomial->polynomial);
  const ValueScale<double> values = value_scale(in.v);
  for (const Mask mask : {Mask::none, Mask::causal}) {
    cuda::AttentionJob<double> job =
        job_of(in, mask == Mask::causal ? cuda::Masking::causal : cuda::Masking::none);
    job.scaling = {range.centre, range.key_scale, range.query_scale};
    job.down = values.down;
    job.up = values.up;
    const BoundedOutput<double> cpu =
        polynomial_attention(in.q, in.k, in.v, range, PolynomialPlan(2, *polynomial), mask);
    for (const cuda::Tuning tuning :
         {cuda::Tuning{0, 1, 256}, {0, 3, 256}, {1L << 16, 1024, 32}, {1L << 16, 7, 1}}) {
      const auto result = cuda::run_polynomial<cuda::Emulator, Plain<double>>(job, coefficients, tuning);
      const cuda::Bound bound = cuda::polynomial_bound(
          result, {coefficients, polynomial->half_width.convert_to<double>(), polynomial->error.value()},
          {range.half_width.value(), range.perturbation.value(), range.largest_query.value()},
          {values.largest.value(), values.scaled.value(), values.up}, 2, 600, job.mask);
      BoundedOutput<double> ours;
      ours.output = Eigen::Map<const Matrix<double>>(result.output.data(), 600, 3);
      ours.bound_approximation = UpperBound::exactly(bound.approximation);
      ours.bound_rounding = UpperBound::exactly(bound.rounding);
      ours.bound = ours.bound_approximation + ours.bound_rounding;
      check_guarantee(in, ours, cpu, mask);
    }
  }
}

namespace {

constexpr Arithmetic arithmetics[] = {Arithmetic::in_double, Arithmetic::in_float, Arithmetic::mixed};

TensorAttentionInput tensor_input(Stream& draw, long n, long m1, long m2, long d, long dv, double shift) {
  const auto keys = [&](long rows) {
    return Matrix<double>(draw.uniform_matrix(rows, d, 1).array() + shift);
  };
  return {draw.uniform_matrix(n, d, 1), keys(m1), keys(m2), draw.uniform_matrix(m1, dv, 3),
          draw.uniform_matrix(m2, dv, 1)};
}

/// Within its own bound of the enclosures, and within both bounds of the CPU.
void check_tensor(const TensorAttentionInput& in, const AttentionResult& ours, const AttentionResult& cpu,
                  Mask mask) {
  REQUIRE(ours.bound.is_finite());
  const Interval error =
      largest_error(ours.output, tensor_attention_enclosure(in, mask, ours.bound.exact() / 1024)).interval();
  INFO("degree " << ours.degree.value << " bound " << ours.bound.value() << " error " << round_up(error));
  CHECK(lower(error) <= Real(ours.bound.value()));
  CHECK((ours.output - cpu.output).cwiseAbs().maxCoeff() * (1 - 0x1p-50) <= (ours.bound + cpu.bound).value());
}

}  // namespace

TEST_CASE("tensor attention on a device keeps its guarantee, with and without the shift of pairs") {
  Stream draw(4, "tensor");
  for (const double shift : {0.0, 1.0}) {
    const TensorAttentionInput in = tensor_input(draw, 20, 30, 25, 3, 2, shift);
    const TensorScores scores = tensor_scores(in);
    CHECK(scores.interval.centre.empty() == (shift == 0));
    for (const long degree : {2L, 6L}) {
      const CertifiedPolynomial polynomial =
          exp_polynomial_in_doubles({degree}, scores.interval.half_width.exact());
      const AttentionResult cpu = polynomial_tensor_attention(in, scores, polynomial);
      for (const Arithmetic arithmetic : arithmetics) {
        INFO(name(arithmetic));
        const OnDevice device(Device::emulated, arithmetic);
        const AttentionResult ours = polynomial_tensor_attention(in, scores, polynomial);
        check_tensor(in, ours, cpu, Mask::none);
        CHECK(ours.bound_approximation.value() <= cpu.bound_approximation.value() * (1 + 1e-9));
        if (arithmetic != Arithmetic::in_double) {
          CHECK(ours.bound_rounding.value() > 1e-7);  // a float's
          CHECK(ours.bound_rounding.value() < 1e-1);
        }
      }
    }
  }
}

TEST_CASE("fused exact tensor attention on a device keeps its guarantee, masked or not, at the edges") {
  Stream draw(14, "exact tensor");
  struct Sizes {
    long n, m1, m2, d, dv;
    double shift;
  };
  for (const Sizes& s : {Sizes{1, 1, 1, 1, 1, 0},
                         {3, 20, 70, 3, 2, 0},
                         {130, 17, 65, 2, 5, 0},
                         {18, 18, 18, 4, 4, 0},
                         {9, 9, 9, 6, 9, 0},
                         {5, 5, 5, 20, 11, 0},
                         {70, 70, 70, 1, 1, 3},
                         {20, 20, 20, 3, 2, 40}}) {
    const TensorAttentionInput in = tensor_input(draw, s.n, s.m1, s.m2, s.d, s.dv, s.shift);
    for (const Mask mask : {Mask::none, Mask::causal}) {
      if (mask == Mask::causal && (s.n != s.m1 || s.n != s.m2)) continue;
      const TensorScores scores = tensor_scores(in, PairShift::none);
      const AttentionResult cpu = exact_tensor_attention(in, scores, mask);
      REQUIRE(cpu.bound.is_finite());
      for (const Arithmetic arithmetic : {Arithmetic::in_double, Arithmetic::in_float}) {
        INFO(name(arithmetic) << " n " << s.n << " d " << s.d << " dv " << s.dv << " shift " << s.shift);
        const OnDevice device(Device::emulated, arithmetic);
        check_tensor(in, exact_tensor_attention(in, scores, mask), cpu, mask);
      }
    }
  }
  // beyond the features that a thread holds, the CPU's
  const TensorAttentionInput many = tensor_input(draw, 3, 3, 3, 33, 1, 0);
  const TensorScores scores = tensor_scores(many);
  const AttentionResult cpu = exact_tensor_attention(many, scores);
  const OnDevice device(Device::emulated);
  CHECK(exact_tensor_attention(many, scores).output == cpu.output);
}

TEST_CASE("bytes of tensor attention do not depend on the order of the threads of a block") {
  Stream draw(15, "tensor orders");
  const TensorAttentionInput in = tensor_input(draw, 40, 40, 40, 3, 4, 0);
  const TensorScores scores = tensor_scores(in);
  const DeviceTensorAttention device(in, scores);
  for (const auto mask : {cuda::Masking::none, cuda::Masking::causal})
    check_orders([&] { return cuda::run_exact_tensor<cuda::Emulator>(device.job, mask).output; });
  const FloatTensorAttention in_float(in, scores, device.first, device.second);
  check_orders([&] {
    return cuda::run_tensor<cuda::Emulator, cuda::OnTensorCores>(in_float.job, exp_section, {}).output;
  });
}

TEST_CASE("attention in float and on tensor cores, from doubles, keeps its guarantee at the edges") {
  int checked = 0;
  for (const Input<double>& in : edges<double>()) {
    const AttentionInput input{in.q, in.k, in.v};
    const ScoreRange<double> range = score_range(in.q, in.k);
    for (const Mask mask : {Mask::none, Mask::causal}) {
      const AttentionResult exact = exact_attention(input, range, mask);
      {
        const OnDevice device(Device::emulated, Arithmetic::in_float);
        check_guarantee(in, exact_attention(input, range, mask), exact, mask);
      }
      for (const long degree : {0L, in.q.cols() > 4 ? 3L : 7L})
        if (const auto polynomial = polynomial_for(range, degree)) {
          const AttentionResult cpu = polynomial_attention(input, range, *polynomial, mask);
          for (const Arithmetic arithmetic : {Arithmetic::in_float, Arithmetic::mixed}) {
            INFO(name(arithmetic) << " degree " << degree << (mask == Mask::causal ? " causal" : ""));
            const OnDevice device(Device::emulated, arithmetic);
            check_guarantee(in, polynomial_attention(input, range, *polynomial, mask), cpu, mask);
            ++checked;
          }
        }
    }
  }
  CHECK(checked >= 40);
}

TEST_CASE(
    "a budget that the device's arithmetic meets is met in it, and one that it cannot is met otherwise") {
  Stream draw(18, "budgets");
  const Input<double> in = uniform<double>(draw, 60, 60, 2, 2, 0.5);
  const AttentionInput input{in.q, in.k, in.v};
  const TensorAttentionInput tensor = tensor_input(draw, 6, 40, 40, 2, 2, 0);
  for (const Arithmetic arithmetic : arithmetics) {
    const OnDevice device(Device::emulated, arithmetic);
    INFO(name(arithmetic));
    AttentionRequest request;
    request.epsilon = Rational(1, 1000);
    request.method = MethodChoice::polynomial;
    const AttentionResult result = guaranteed_attention(input, request);
    CHECK(result.bound <= Rational(1, 1000));
    CHECK((result.bound_rounding.value() > 1e-8) == (arithmetic != Arithmetic::in_double));
    CHECK(guaranteed_attention(tensor, request).bound <= Rational(3, 1000));
    request.method = MethodChoice::exact;
    request.epsilon = Rational(1, 1L << 36);  // no float's: intervals
    const AttentionResult exact = guaranteed_attention(input, request);
    CHECK(exact.bound <= request.epsilon);
    CHECK((exact.reason.find("in float its proved error") != std::string::npos) ==
          (arithmetic == Arithmetic::in_float));
    request.method = MethodChoice::polynomial;
    if (arithmetic != Arithmetic::in_double)
      CHECK_THROWS_AS(guaranteed_attention(input, request), BudgetMissed);
  }
}

TEST_CASE("values and scores of any size, rounded to float after scaling, keep the guarantee") {
  Stream draw(16, "sizes");
  for (const double size : {0x1p-300, 0x1p200}) {
    Input<double> in = uniform<double>(draw, 20, 20, 2, 2, 1);
    in.v *= size;
    in.q *= size;
    in.k /= size;
    const AttentionInput input{in.q, in.k, in.v};
    const ScoreRange<double> range = score_range(in.q, in.k);
    const auto polynomial = polynomial_for(range, 6);
    REQUIRE(polynomial);
    for (const Mask mask : {Mask::none, Mask::causal}) {
      const AttentionResult cpu = polynomial_attention(input, range, *polynomial, mask);
      for (const Arithmetic arithmetic : {Arithmetic::in_float, Arithmetic::mixed}) {
        const OnDevice device(Device::emulated, arithmetic);
        const AttentionResult ours = polynomial_attention(input, range, *polynomial, mask);
        CHECK(ours.bound.value() < 1e-2 * size);
        check_guarantee(in, ours, cpu, mask);
      }
    }
  }
}

namespace {

template <class Loss>
void check_gradient(const Loss& loss, long degree) {
  const GradientInput input = gradient_input(loss);
  const auto plan = gradient_plan(input);
  const CertifiedPolynomial polynomial = exp_polynomial_in_doubles({degree}, half_width(*plan).exact());
  const AttentionResult cpu = polynomial_gradient(*plan, polynomial);
  REQUIRE(cpu.bound.is_finite());
  const Matrix<Interval> exact = gradient_enclosure(loss, cpu.bound.exact() / 1024);
  UpperBound in_double;
  for (const Arithmetic arithmetic : arithmetics) {
    const OnDevice device(Device::emulated, arithmetic);
    const AttentionResult ours = polynomial_gradient(*plan, polynomial);
    REQUIRE(ours.bound.is_finite());
    CHECK(ours.bound_approximation.value() <= cpu.bound_approximation.value() * 1.01);
    if (arithmetic == Arithmetic::in_double) in_double = ours.bound_rounding;
    else CHECK(ours.bound_rounding.value() > 1e4 * in_double.value());
    const Interval error = largest_error(ours.output, exact).interval();
    INFO(name(arithmetic) << " degree " << degree << " bound " << ours.bound.value() << " of it rounding "
                          << ours.bound_rounding.value() << " error " << round_up(error));
    CHECK(lower(error) <= Real(ours.bound.value()));
    CHECK((ours.output - cpu.output).cwiseAbs().maxCoeff() * (1 - 0x1p-50) <=
          (ours.bound + cpu.bound).value());
  }
}

}  // namespace

TEST_CASE("gradients of the matrix loss on a device keep the guarantee of the CPU's") {
  Stream draw(5, "matrix gradient");
  for (const long n : {3L, 150L}) {
    const auto matrix = [&](long rows, long columns) { return draw.uniform_matrix(rows, columns, 1); };
    const MatrixLossInput loss{matrix(n, 3), matrix(n, 3), matrix(n, 3),
                               matrix(3, 3), matrix(3, 3), matrix(n, 3)};
    for (const long degree : {3L, 8L}) check_gradient(loss, degree);
  }
}

TEST_CASE("gradients by Q, K and V on a device are within both bounds of the CPU's") {
  Stream draw(17, "attention gradient");
  const auto matrix = [&] { return draw.uniform_matrix(40, 2, 1); };
  const AttentionInput in{matrix(), matrix(), matrix()};
  const Matrix<double> upstream = matrix();
  const AttentionGradientRequest request{Rational(1, 1000), MethodChoice::polynomial};
  const AttentionGradientResult cpu = guaranteed_attention_gradient(in, upstream, request);
  const OnDevice device(Device::emulated);
  const AttentionGradientResult ours = guaranteed_attention_gradient(in, upstream, request);
  const auto check = [](const BoundedGradient& a, const BoundedGradient& b) {
    REQUIRE((a.bound() + b.bound()).is_finite());
    CHECK((a.gradient - b.gradient).cwiseAbs().maxCoeff() * (1 - 0x1p-50) <= (a.bound() + b.bound()).value());
    CHECK(a.gradient != b.gradient);  // other sums
  };
  check(ours.q, cpu.q);
  check(ours.k, cpu.k);
  check(ours.v, cpu.v);
}

TEST_CASE("gradients of the tensor loss on a device keep the guarantee of the CPU's") {
  Stream draw(6, "tensor gradient");
  const auto matrix = [&](long rows, long columns) { return draw.uniform_matrix(rows, columns, 1); };
  const long n = 20, d = 2;
  Matrix<double> x =
      Matrix<double>::Zero(d, d * d);  // of rank-d type: the columns of (X2 (x) X3) on the diagonal
  for (long l = 0; l < d; ++l) x.col(l * d + l) = matrix(d, 1);
  const TensorLossInput sparse{matrix(n, d), matrix(n, d), matrix(n, d), matrix(n, d), matrix(n, d), x,
                               matrix(d, d), matrix(d, d), matrix(n, d)};
  check_gradient(sparse, 6);
  TensorLossInput dense = sparse;
  dense.x = matrix(d, d * d) / 4;
  check_gradient(dense, 4);
}

TEST_CASE("plans that are broken on purpose are noticed: an index, a parent, a chunk, a cut") {
  Stream draw(7, "broken");
  const Input<double> in = uniform<double>(draw, 300, 300, 3, 2, 1);
  const std::vector<double> coefficients{1, 1, 0.5, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720};
  using Method = cuda::PolynomialAttention<cuda::Emulator, Plain<double>>;
  struct Breakable : Method {
    using Method::Method;
    using Method::parts;
  };
  for (const auto mask : {cuda::Masking::none, cuda::Masking::causal}) {
    const auto job = job_of(in, mask);
    const auto run = [&](const auto& change) {
      cuda::Emulator emulator;
      Breakable method(emulator, job, coefficients, {});
      change(method);
      method.run();
      return method.result().output;
    };
    const std::vector<double> right = run([](auto&) {});
    const auto largest_change = [&](const auto& change) {
      try {
        const std::vector<double> wrong = run(change);
        double largest = 0;
        for (std::size_t e = 0; e < wrong.size(); ++e)
          largest = std::fmax(largest, std::fabs(wrong[e] - right[e]));
        return largest;
      } catch (const cuda::EmulatorError&) {
        return 1.0;  // out of bounds, a race, or unwritten memory
      }
    };
    const double guaranteed = 1e-9;  // of the rounding; the polynomial is the same
    const auto entries = [](const auto& array) -> std::vector<int>& { return array.array->values; };
    CHECK(largest_change([&](auto& m) {
            std::swap(entries(m.parts().plan.task_back)[1], entries(m.parts().plan.task_back)[2]);
          }) > guaranteed);
    CHECK(largest_change([&](auto& m) {
            --entries(m.parts().plan.task_front)[static_cast<std::size_t>(m.parts().plan.plan.tasks - 1)];
          }) > guaranteed);
    CHECK(largest_change([&](auto& m) { entries(m.parts().plan.front_parent).back() -= 1; }) > guaranteed);
    CHECK(largest_change([&](auto& m) { entries(m.parts().plan.back_variable).back() -= 1; }) > guaranteed);
    if (mask == cuda::Masking::none)  // the last token comes before no chunk
      CHECK(largest_change([&](auto& m) { --m.parts().moments.shape.tokens; }) > guaranteed);
    CHECK(largest_change([&](auto& m) { --m.parts().moments.shape.groups; }) > guaranteed);
    CHECK(largest_change([&](auto& m) { m.parts().moments.shape.tokens_of_a_group -= 5; }) > guaranteed);
    CHECK(largest_change([&](auto& m) { --m.parts().moments.shape.chunk_tasks; }) > guaranteed);
  }
}
