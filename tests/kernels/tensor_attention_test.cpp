// Tensor attention's kernels against enclosures of the exact values: no tolerance but the bound that was
// proved.
#include "kernels/tensor_attention.hpp"

#include <cstring>

#include "attention/attention.hpp"
#include "attention/enclosure.hpp"
#include "catch.hpp"
#include "kernels/device.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/tensor_moments.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"
#include "polynomial/exponential.hpp"

using namespace attnbounds;

namespace {

using Index = Eigen::Index;

struct Sizes {
  Index n, m1, m2, d, columns;
};
TensorAttentionInput uniform_input(Stream& draw, Sizes s, double bound) {
  return {draw.uniform_matrix(s.n, s.d, bound), draw.uniform_matrix(s.m1, s.d, bound),
          draw.uniform_matrix(s.m2, s.d, bound), draw.uniform_matrix(s.m1, s.columns, 1),
          draw.uniform_matrix(s.m2, s.columns, 1)};
}

void check_guarantee(const TensorAttentionInput& in, const AttentionResult& result, Mask mask = Mask::none) {
  REQUIRE(result.bound.is_finite());
  const Rational scale = std::max(result.bound.exact(), Rational(1) / (Integer(1) << 1100));
  const Interval error =
      largest_error(result.output, tensor_attention_enclosure(in, mask, scale / 1024)).interval();
  INFO("n " << in.q.rows() << " d " << in.q.cols() << " X " << result.half_width.value() << " degree "
            << result.degree.value << " bound " << result.bound.value() << " error " << round_up(error));
  CHECK(lower(error) <= Real(result.bound.value()));
}

std::vector<TensorAttentionInput> adversarial_inputs() {
  Stream draw(0, "adversarial tensor");
  std::vector<TensorAttentionInput> inputs{
      uniform_input(draw, {1, 1, 1, 1, 1}, 1), uniform_input(draw, {5, 1, 7, 3, 2}, 1),
      uniform_input(draw, {9, 13, 1, 1, 3}, 1.2), uniform_input(draw, {20, 17, 33, 2, 1}, 1)};
  TensorAttentionInput in = uniform_input(draw, {6, 9, 8, 2, 2}, 1);
  in.k1 = in.k1.cwiseAbs();  // all products positive: the shift of pairs pays
  in.k2 = in.k2.cwiseAbs();
  inputs.push_back(in);
  in = uniform_input(draw, {6, 9, 8, 2, 2}, 1);
  in.k1.setConstant(0.3);  // repeated keys: every score of a row is a constant plus that of k2
  in.k2 = in.k2.row(0).replicate(8, 1).eval();
  inputs.push_back(in);
  in = uniform_input(draw, {6, 5, 6, 2, 2}, 1);
  in.q *= 0x1p-1040;
  inputs.push_back(in);
  in = uniform_input(draw, {6, 5, 6, 2, 2}, 1);
  in.q *= 0x1p900;
  in.k1 *= 0x1p-500;
  in.k2 *= 0x1p-400;
  inputs.push_back(in);
  in = uniform_input(draw, {6, 5, 6, 2, 2}, 1);
  in.v1 *= 0x1p1000;
  in.v2 *= 0x1p-1020;
  inputs.push_back(in);
  in = uniform_input(draw, {6, 5, 6, 2, 2}, 1);
  in.v1 *= 0x1p-1060;
  inputs.push_back(in);
  in = uniform_input(draw, {6, 5, 6, 2, 2}, 1);
  in.v2.setZero();
  inputs.push_back(in);
  in = uniform_input(draw, {4, 6, 6, 1, 1}, 1);  // scores at both ends of the interval, cancelling values
  in.q.setConstant(1);
  in.k1.setConstant(1);
  for (Index j = 0; j < 6; ++j) in.k2(j, 0) = in.v1(j, 0) = in.v2(j, 0) = j % 2 == 0 ? 1 : -1;
  inputs.push_back(in);
  return inputs;
}

}  // namespace

TEST_CASE(
    "tensor scores lie within the half-width after the shift of pairs, and the sizes are upper bounds") {
  for (const TensorAttentionInput& in : adversarial_inputs()) {
    const TensorScores scores = tensor_scores(in);
    const auto scaled = [](const Matrix<double>& m, const ScaledColumns& s) {
      const std::vector<double> rows = scaled_rows(m, s, 0, m.rows());
      return matrix_from<Rational>(Eigen::Map<const Matrix<double>>(rows.data(), m.rows(), m.cols()));
    };
    const Matrix<Rational> q = scaled(in.q, scores.queries), k1 = scaled(in.k1, scores.keys1),
                           k2 = scaled(in.k2, scores.keys2);
    for (Index i = 0; i < q.rows(); ++i)
      for (Index a = 0; a < k1.rows(); ++a)
        for (Index b = 0; b < k2.rows(); ++b) {
          Rational shifted = 0, size = 0;
          for (Index l = 0; l < q.cols(); ++l) {
            const Rational c =
                scores.interval.centre.empty() ? Rational(0) : to_rational(scores.interval.centre[l]);
            shifted += q(i, l) * (k1(a, l) * k2(b, l) - c);
            size += abs(q(i, l)) * (abs(Rational(k1(a, l) * k2(b, l))) + abs(c));
          }
          CHECK(abs(Rational(shifted / q.cols())) <= scores.interval.half_width.exact());
          CHECK(Rational(size / q.cols()) <= scores.interval.size.exact());
        }
  }
  Stream draw(0, "positive keys");
  TensorAttentionInput in = uniform_input(draw, {30, 30, 30, 3, 1}, 1);
  in.k1 = in.k1.cwiseAbs();
  in.k2 = in.k2.cwiseAbs();
  const TensorScores scores = tensor_scores(in);
  CHECK(!scores.interval.centre.empty());
  CHECK(scores.interval.half_width.value() < 0.75 * scores.interval.size.value());
}

TEST_CASE("binomial sums shift the moments of pairs exactly, over small integers") {
  const auto monomials = monomials_of(2, {4});
  const double pairs[3][2] = {{1, -2}, {3, 0}, {-1, 2}};
  const std::vector<double> centre{1, -1};
  std::vector<double> table(monomials->tree.rank, 0), expected(table);
  for (const auto& p : pairs)
    for (Index a = 0; a < monomials->tree.rank; ++a) {
      double plain = 1, shifted = 1;
      for (Index l = 0; l < 2; ++l)
        for (long t = 0; t < monomials->exponent[a * 2 + l]; ++t) {
          plain *= p[l];
          shifted *= p[l] - centre[l];
        }
      table[a] += plain;
      expected[a] += shifted;
    }
  CHECK(shifted_moments(*monomials, table, 1, centre) == expected);
}

TEST_CASE("a cube root is an upper bound of the root, to a few units of the last place") {
  for (const double x : {1e-300, 2e-40, 0.125, 0.3, 1.0, 27.0, 1e200}) {
    const double root = cube_root(UpperBound::exactly(x)).value();
    const Rational r = to_rational(root);
    CHECK(r * r * r >= to_rational(x));
    CHECK(r * r * r <= to_rational(x) * Rational(1000000001, 1000000000));
  }
}

TEST_CASE(
    "polynomial tensor attention keeps its guarantee on random and adversarial inputs, in all three "
    "precisions") {
  std::vector<TensorAttentionInput> inputs = adversarial_inputs();
  Stream draw(0, "polynomial tensor attention");
  for (int trial = 0; trial < 12; ++trial) {
    const auto size = [&](int most) { return static_cast<Index>(draw.below(most) + 1); };
    const Index d = size(3), n = size(12), m1 = size(16), m2 = size(16), columns = size(3);
    inputs.push_back(uniform_input(draw, {n, m1, m2, d, columns}, 0.3 * static_cast<double>(draw.below(5))));
  }
  for (const TensorAttentionInput& in : inputs) {
    const TensorScores scores = tensor_scores(in);
    for (const long g : {1L, 3L, 6L}) {
      const Rational x = scores.interval.half_width.value() == 0
                             ? Rational(0)
                             : std::max(scores.interval.half_width.exact(), Rational(1) / (1L << 40));
      std::optional<CertifiedPolynomial> polynomial;
      try {
        polynomial = exp_polynomial_in_doubles({g}, x);
      } catch (const std::exception&) {
        continue;  // no such polynomial on this interval
      }
      check_guarantee(in, polynomial_tensor_attention(in, scores, *polynomial));
      check_guarantee(in, polynomial_tensor_attention_twofold(in, scores, *polynomial));
      const OnDevice in_float(Device::cpu, Arithmetic::in_float);
      check_guarantee(in, polynomial_tensor_attention(in, scores, *polynomial));
    }
  }
}

TEST_CASE(
    "the tensor kernel's output lies within its rounding bound of polynomial attention over the rationals") {
  Stream draw(0, "tensor rounding");
  for (int trial = 0; trial < 6; ++trial) {
    TensorAttentionInput in = uniform_input(draw, {4, 7, 6, 2, 2}, trial % 2 == 0 ? 1 : 1.8);
    if (trial >= 3) in.k1 = in.k1.cwiseAbs(), in.k2 = in.k2.cwiseAbs();  // shifted pairs
    const TensorScores scores = tensor_scores(in);
    const CertifiedPolynomial p =
        exp_polynomial_in_doubles({trial % 2 == 0 ? 3 : 11}, scores.interval.half_width.exact());
    const auto q = matrix_from<Rational>(in.q), k1 = matrix_from<Rational>(in.k1),
               k2 = matrix_from<Rational>(in.k2), v1 = matrix_from<Rational>(in.v1),
               v2 = matrix_from<Rational>(in.v2);
    Matrix<Rational> exact(4, 2);
    for (Index i = 0; i < 4; ++i) {
      Rational shift = 0, sum = 0, weighted[2] = {0, 0};
      for (Index l = 0; l < 2 && !scores.interval.centre.empty(); ++l)
        shift += q(i, l) * to_rational(scores.interval.centre[l]) /
                 (to_rational(scores.keys1.factor[l]) * to_rational(scores.keys2.factor[l]) * 2);
      for (Index a = 0; a < 7; ++a)
        for (Index b = 0; b < 6; ++b) {
          const Rational w = p.polynomial(Rational(tensor_score(q, i, k1, a, k2, b) - shift));
          sum += w;
          for (Index c = 0; c < 2; ++c) weighted[c] += w * v1(a, c) * v2(b, c);
        }
      for (Index c = 0; c < 2; ++c) exact(i, c) = weighted[c] / sum;
    }
    const AttentionResult once = polynomial_tensor_attention(in, scores, p),
                          twice = polynomial_tensor_attention_twofold(in, scores, p);
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    const AttentionResult narrow = polynomial_tensor_attention(in, scores, p);
    CHECK(twice.bound_rounding.value() < 1e-14);
    for (Index e = 0; e < exact.size(); ++e) {
      CHECK(abs(Rational(exact.data()[e] - to_rational(once.output.data()[e]))) <=
            once.bound_rounding.exact());
      CHECK(abs(Rational(exact.data()[e] - to_rational(twice.output.data()[e]))) <=
            twice.bound_rounding.exact());
      const Rational of_floats = abs(Rational(exact.data()[e] - to_rational(narrow.output.data()[e])));
      CHECK(of_floats <= narrow.bound_rounding.exact());
      CHECK(of_floats > once.bound_rounding.exact());  // floats they are
    }
  }
}

TEST_CASE("fused exact tensor attention keeps its guarantee, masked or not, for small and for huge scores") {
  Stream draw(0, "exact tensor attention");
  std::vector<TensorAttentionInput> inputs = adversarial_inputs();
  for (const double bound : {0.5, 3.0, 12.0})
    inputs.push_back(uniform_input(draw, {12, 12, 12, 3, 3}, bound));
  inputs.push_back(uniform_input(draw, {2, 70, 530, 2, 9}, 1));  // several blocks, stretches and column tiles
  for (const TensorAttentionInput& in : inputs) {
    const TensorScores scores = tensor_scores(in);
    check_guarantee(in, exact_tensor_attention(in, scores));
    if (in.q.rows() == in.k1.rows() && in.q.rows() == in.k2.rows())
      check_guarantee(in, exact_tensor_attention(in, scores, Mask::causal), Mask::causal);
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    check_guarantee(in, exact_tensor_attention(in, scores));
    if (in.q.rows() == in.k1.rows() && in.q.rows() == in.k2.rows())
      check_guarantee(in, exact_tensor_attention(in, scores, Mask::causal), Mask::causal);
  }
}

TEST_CASE("fused exact causal tensor attention over several groups of rows keeps its guarantee") {
  Stream draw(0, "exact causal tensor attention");
  const TensorAttentionInput in = uniform_input(draw, {150, 150, 150, 1, 1}, 1);
  const TensorScores scores = tensor_scores(in, PairShift::none);
  const AttentionResult wide = exact_tensor_attention(in, scores, Mask::causal);
  check_guarantee(in, wide, Mask::causal);
  CHECK(wide.bound.value() < 1e-12);
  const OnDevice in_float(Device::cpu, Arithmetic::in_float);
  const AttentionResult narrow = exact_tensor_attention(in, scores, Mask::causal);
  const double difference = (wide.output - narrow.output).cwiseAbs().maxCoeff();
  CHECK(difference <= (wide.bound + narrow.bound).value());
  CHECK(difference > wide.bound.value());  // floats they are
  CHECK(narrow.bound.value() < 1e-4);
}

TEST_CASE(
    "fused exact tensor attention in float is within both bounds of that in double, up to scores of 40") {
  Stream draw(0, "exact tensor attention in float");
  for (const double bound : {1.0, 3.0, 3.5}) {
    const TensorAttentionInput in = uniform_input(draw, {130, 140, 70, 1, 2}, bound);
    const TensorScores scores = tensor_scores(in);
    const AttentionResult wide = exact_tensor_attention(in, scores);
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    const AttentionResult narrow = exact_tensor_attention(in, scores);
    const double difference = (wide.output - narrow.output).cwiseAbs().maxCoeff();
    CHECK(difference <= (wide.bound + narrow.bound).value());
    // 3.5^3 > 40: then the double kernel answers
    CHECK((difference > 0) == (scores.interval.size.value() <= 40));
    CHECK((narrow.bound.value() > 1e-6) == (scores.interval.size.value() <= 40));
  }
}

TEST_CASE("causal tensor attention by prefix sums keeps its guarantee") {
  Stream draw(0, "causal tensor");
  std::vector<TensorAttentionInput> inputs;
  for (const TensorAttentionInput& in : adversarial_inputs())
    if (in.q.rows() == in.k1.rows() && in.q.rows() == in.k2.rows()) inputs.push_back(in);
  inputs.push_back(uniform_input(draw, {1, 1, 1, 3, 2}, 1));
  inputs.push_back(uniform_input(draw, {40, 40, 40, 3, 2}, 1));
  inputs.back().k1 = inputs.back().k1.cwiseAbs();  // where pairs would be shifted without a mask
  inputs.back().k2 = inputs.back().k2.cwiseAbs();
  for (const TensorAttentionInput& in : inputs)
    for (const long degree : {2L, 6L, 13L}) {
      const TensorScores scores = tensor_scores(in, PairShift::none);
      const Rational x = std::max(scores.interval.half_width.exact(), Rational(1, 1L << 30));
      const CertifiedPolynomial p = exp_polynomial_in_doubles({degree}, x);
      check_guarantee(in, polynomial_tensor_attention(in, scores, p, ThreadCount{1}, Mask::causal),
                      Mask::causal);
      const OnDevice in_float(Device::cpu, Arithmetic::in_float);
      check_guarantee(in, polynomial_tensor_attention(in, scores, p, ThreadCount{1}, Mask::causal),
                      Mask::causal);
    }
  // Several blocks and chunks: within both bounds of the fused exact kernel; the same for all threads.
  const TensorAttentionInput in = uniform_input(draw, {2300, 2300, 2300, 1, 1}, 1);
  const TensorScores scores = tensor_scores(in, PairShift::none);
  const CertifiedPolynomial p = exp_polynomial_in_doubles({9}, scores.interval.half_width.exact());
  const AttentionResult one = polynomial_tensor_attention(in, scores, p, ThreadCount{1}, Mask::causal),
                        many = polynomial_tensor_attention(in, scores, p, ThreadCount{5}, Mask::causal);
  CHECK(one.output == many.output);
  CHECK(one.bound.value() == many.bound.value());
  TensorAttentionInput few = in;  // the first rows see the first keys alone
  for (Matrix<double>* m : {&few.q, &few.k1, &few.k2, &few.v1, &few.v2}) *m = m->topRows(300).eval();
  const AttentionResult exact = exact_tensor_attention(few, tensor_scores(few), Mask::causal);
  CHECK((one.output.topRows(300) - exact.output).cwiseAbs().maxCoeff() <= (one.bound + exact.bound).value());
  const Index last = 2299;
  double numerator = 0, denominator = 0;
  for (Index j = 0; j <= last; ++j)
    for (Index k = 0; k <= last; ++k) {
      const double w = std::exp(in.q(last, 0) * in.k1(j, 0) * in.k2(k, 0));
      numerator += w * in.v1(j, 0) * in.v2(k, 0);
      denominator += w;
    }
  // 1e-9: this loop's own roundings
  CHECK(std::fabs(one.output(last, 0) - numerator / denominator) <= one.bound.value() + 1e-9);

  const OnDevice in_float(Device::cpu, Arithmetic::in_float);
  const AttentionResult narrow = polynomial_tensor_attention(in, scores, p, ThreadCount{1}, Mask::causal),
                        narrow_many =
                            polynomial_tensor_attention(in, scores, p, ThreadCount{5}, Mask::causal);
  CHECK(narrow.output == narrow_many.output);
  CHECK(narrow.bound.value() == narrow_many.bound.value());
  const double difference = (one.output - narrow.output).cwiseAbs().maxCoeff();
  CHECK(difference <= (one.bound_rounding + narrow.bound_rounding).value());
  CHECK(difference > one.bound_rounding.value());
  CHECK(narrow.bound_rounding.value() < 1e-3);
}

TEST_CASE("causal tensor attention's sums over more monomials than one pass of the lanes") {
  Stream draw(0, "causal tensor of large rank");
  const TensorAttentionInput in = uniform_input(draw, {12, 12, 12, 4, 2}, 1);
  const TensorScores scores = tensor_scores(in, PairShift::none);
  const CertifiedPolynomial p = exp_polynomial_in_doubles({14}, scores.interval.half_width.exact());
  const AttentionResult wide = polynomial_tensor_attention(in, scores, p, ThreadCount{1}, Mask::causal);
  CHECK(wide.rank == 3060);
  check_guarantee(in, wide, Mask::causal);
  const OnDevice in_float(Device::cpu, Arithmetic::in_float);
  check_guarantee(in, polynomial_tensor_attention(in, scores, p, ThreadCount{1}, Mask::causal), Mask::causal);
}

TEST_CASE("tensor outputs and bounds are the same bytes for any number of threads") {
  Stream draw(0, "tensor threads");
  const TensorAttentionInput in = uniform_input(draw, {1100, 1300, 1700, 2, 2}, 1);
  const TensorScores scores = tensor_scores(in);
  const CertifiedPolynomial p = exp_polynomial_in_doubles({5}, scores.interval.half_width.exact());
  const AttentionResult one = polynomial_tensor_attention(in, scores, p, ThreadCount{1});
  for (const unsigned threads : {2u, 5u}) {
    const AttentionResult many = polynomial_tensor_attention(in, scores, p, ThreadCount{threads});
    CHECK(std::memcmp(one.output.data(), many.output.data(), sizeof(double) * one.output.size()) == 0);
    CHECK(one.bound.value() == many.bound.value());
  }
}

TEST_CASE(
    "tensor attention in float: the same bytes for any number of threads, within both bounds of double's") {
  Stream draw(0, "tensor threads in float");
  TensorAttentionInput in = uniform_input(draw, {1100, 1300, 1700, 2, 2}, 1);
  for (const bool shifted : {false, true}) {
    if (shifted) in.k1 = in.k1.cwiseAbs(), in.k2 = in.k2.cwiseAbs();
    const TensorScores scores = tensor_scores(in);
    const CertifiedPolynomial p = exp_polynomial_in_doubles({9}, scores.interval.half_width.exact());
    const AttentionResult wide = polynomial_tensor_attention(in, scores, p);
    const OnDevice in_float(Device::cpu, Arithmetic::in_float);
    const AttentionResult one = polynomial_tensor_attention(in, scores, p, ThreadCount{1});
    for (const unsigned threads : {2u, 5u}) {
      const AttentionResult many = polynomial_tensor_attention(in, scores, p, ThreadCount{threads});
      CHECK(std::memcmp(one.output.data(), many.output.data(), sizeof(double) * one.output.size()) == 0);
      CHECK(one.bound.value() == many.bound.value());
    }
    CHECK((one.output - wide.output).cwiseAbs().maxCoeff() <=
          (one.bound_rounding + wide.bound_rounding).value());
    CHECK((one.output - wide.output).cwiseAbs().maxCoeff() > wide.bound_rounding.value());
    CHECK(one.bound_approximation.value() == wide.bound_approximation.value());
  }
}

TEST_CASE("automatic tensor attention takes the polynomial where it is cheaper, and the budget holds") {
  Stream draw(0, "automatic tensor");
  AttentionRequest request;
  request.epsilon = Rational(1, 1000000);
  const TensorAttentionInput large = uniform_input(draw, {200, 200, 200, 2, 2}, 1),
                             small = uniform_input(draw, {3, 3, 3, 2, 2}, 1);
  const auto budget = [&](const TensorAttentionInput& in) {
    return Rational(request.epsilon * to_rational(max_abs(in.v1)) * to_rational(max_abs(in.v2)));
  };
  const AttentionResult fast = guaranteed_attention(large, request);
  CHECK(fast.method == AttentionMethod::polynomial);
  CHECK(fast.bound <= budget(large));
  CHECK(guaranteed_attention(small, request).method == AttentionMethod::exact);

  request.method = MethodChoice::polynomial;
  const AttentionResult forced = guaranteed_attention(small, request);
  CHECK(forced.method == AttentionMethod::polynomial);
  check_guarantee(small, forced);
  request.epsilon = rational_from_text("3e-14", "epsilon");  // doubles prove about 1e-13: twice the digits do
  const AttentionResult twofold = guaranteed_attention(small, request);
  CHECK(twofold.bound <= budget(small));
  CHECK(twofold.reason.find("double-double") != std::string::npos);
  check_guarantee(small, twofold);
  request.epsilon = rational_from_text("1e-30", "epsilon");
  CHECK_THROWS_AS(guaranteed_attention(small, request), BudgetMissed);
  request.mask = Mask::causal;
  request.epsilon = Rational(1, 10);
  const AttentionResult causal = guaranteed_attention(small, request);
  CHECK(causal.method == AttentionMethod::polynomial);
  CHECK(causal.bound <= budget(small));
  check_guarantee(small, causal, Mask::causal);
  request.mask = Mask::none;
  TensorAttentionInput wrong = small;
  wrong.v2 = Matrix<double>::Ones(4, 2);
  CHECK_THROWS_AS(guaranteed_attention(wrong, request), InputError);
}
