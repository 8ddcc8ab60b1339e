// The fast kernels against enclosures of exact attention: no tolerance but the bound that was proved.
#include <cstring>

#include "attention/attention.hpp"
#include "attention/enclosure.hpp"
#include "catch.hpp"
#include "kernels/cpu/feature_sums.hpp"
#include "kernels/cpu/score_rows.hpp"
#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "kernels/polynomial_attention.hpp"
#include "kernels/score_interval.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"
#include "polynomial/exponential.hpp"

using namespace attnbounds;

namespace {

AttentionInput uniform_input(Stream& draw, Eigen::Index n, Eigen::Index m, Eigen::Index d, Eigen::Index dv,
                             double bound) {
  return {draw.uniform_matrix(n, d, bound), draw.uniform_matrix(m, d, bound), draw.uniform_matrix(m, dv, 1)};
}

// true error <= bound, both proved
void check_guarantee(const AttentionInput& in, const AttentionResult& result, Mask mask = Mask::none) {
  REQUIRE(result.bound.is_finite());
  const Rational scale = std::max(result.bound.exact(), Rational(1) / (Integer(1) << 1100));
  const Interval error = largest_error(result.output, attention_enclosure(in, mask, scale / 1024)).interval();
  INFO("n " << in.q.rows() << " m " << in.k.rows() << " d " << in.q.cols() << " X "
            << result.half_width.value() << " degree " << result.degree.value << " bound "
            << result.bound.value() << " error " << round_up(error));
  CHECK(lower(error) <= Real(result.bound.value()));
}

/// q' and k', as the loops see them.
Matrix<double> seen_queries(const Matrix<double>& q, const ScoreRange<double>& range) {
  Matrix<double> seen = q;
  for (Eigen::Index l = 0; l < q.cols(); ++l) seen.col(l) *= range.query_scale[static_cast<std::size_t>(l)];
  return seen;
}
Matrix<double> seen_keys(const Matrix<double>& k, const ScoreRange<double>& range) {
  Matrix<double> seen = k;
  for (Eigen::Index l = 0; l < k.cols(); ++l) {
    seen.col(l).array() -= range.centre[static_cast<std::size_t>(l)];
    seen.col(l) *= range.key_scale[static_cast<std::size_t>(l)];
  }
  return seen;
}

std::vector<AttentionInput> adversarial_inputs() {
  std::vector<AttentionInput> inputs;
  Stream draw(0, "adversarial");
  inputs.push_back(uniform_input(draw, 1, 1, 1, 1, 1));
  inputs.push_back(uniform_input(draw, 7, 1, 3, 2, 1));  // one key
  inputs.push_back(uniform_input(draw, 40, 33, 1, 5, 1.5));
  inputs.push_back(uniform_input(draw, 33, 65, 3, 1, 1));
  inputs.push_back(uniform_input(draw, 300, 700, 2, 3, 1.5));  // several blocks and groups
  AttentionInput in = uniform_input(draw, 30, 30, 2, 2, 1);
  in.k.array() += 1e6;  // a large mean that cancels
  inputs.push_back(in);
  in = uniform_input(draw, 30, 30, 2, 2, 1);
  in.k.array() += 0.1;
  in.k = in.k.row(0).replicate(30, 1).eval();  // the same key thirty times
  inputs.push_back(in);
  in = uniform_input(draw, 20, 20, 2, 2, 1);
  in.q *= 0x1p-1040;  // denormal queries
  inputs.push_back(in);
  in = uniform_input(draw, 20, 20, 2, 2, 1);
  in.q *= 0x1p600;
  in.k *= 0x1p-600;  // features would overflow and vanish without the scaling
  inputs.push_back(in);
  in = uniform_input(draw, 20, 20, 2, 2, 1);
  in.v *= 0x1p1023;
  inputs.push_back(in);
  in = uniform_input(draw, 20, 20, 2, 2, 1);
  in.v *= 0x1p-1060;
  inputs.push_back(in);
  in = uniform_input(draw, 20, 20, 2, 2, 1);
  in.v.setZero();
  inputs.push_back(in);
  in = uniform_input(draw, 20, 20, 2, 1, 1);
  for (Eigen::Index j = 0; j < 20; ++j) in.v(j, 0) = j % 2 == 0 ? 1 : -1;  // cancelling values
  inputs.push_back(in);
  in = uniform_input(draw, 16, 64, 1, 1, 1);  // scores at the ends of the interval: X is attained
  for (Eigen::Index j = 0; j < 64; ++j) in.k(j, 0) = j == 0 ? -2 : 2;
  for (Eigen::Index j = 0; j < 64; ++j) in.v(j, 0) = j == 0 ? -1 : 1;
  in.q.setConstant(1);
  inputs.push_back(in);
  return inputs;
}

}  // namespace

TEST_CASE(
    "the perturbation bound is an upper bound of 2 tanh(log(rho)/4), to a few units of the last place") {
  CHECK(perturbation_bound(UpperBound()).value() == 0);
  CHECK(perturbation_bound(UpperBound::exactly(1)).value() == 2);
  const WorkingPrecision precision(Bits{400});
  for (const double delta : {5e-324, 1e-300, 1e-17, 1e-8, 0.1, 0.5, 0.9, 0.999999, 1 - 0x1p-53}) {
    const Interval d = enclose(delta), exact = Interval(2) * d / (1 + sqrt(Interval(1 - d * d)));
    const double bound = perturbation_bound(UpperBound::exactly(delta)).value();
    CHECK(Real(bound) >= upper(exact));
    CHECK(Real(bound) <= upper(exact) * Real(delta > 0.9999999 ? 1.1 : 1 + 1e-12) + Real(1e-322));
  }
  for (const char* text : {"1e-6", "1e-300", "0.5", "1.9", "2", "7"}) {
    const Rational epsilon = rational_from_text(text, "epsilon");
    const double delta = round_down(largest_perturbation(epsilon));
    CHECK(perturbation_bound(UpperBound::exactly(delta)).exact() <= epsilon * Rational(1000001, 1000000));
  }
}

TEST_CASE("exp of the fused kernels has relative error below 3 u, in double and in float") {
  Stream draw(0, "exp of the fused kernels");
  const WorkingPrecision precision(Bits{128});
  Real worst = 0, worst_float = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    double x = trial % 4 == 0   ? draw.uniform(500)
               : trial % 4 == 1 ? draw.uniform(1)
                                : -0.35 + trial * 0.7 / 20000;
    const auto error = [](double computed, double at) {
      const Interval exact = exp(enclose(at));
      return upper(absolute_value(Interval((enclose(computed) - exact) / exact)));
    };
    double y = x;
    cpu::exp_of(&y, 1);
    worst = std::max(worst, error(y, x));
    float f = static_cast<float>(trial % 4 == 0 ? x / 12.5 : x), e = f;
    cpu::exp_of(&e, 1);
    worst_float = std::max(worst_float, error(e, f));
  }
  CHECK(worst <= Real(cpu::exp_error_in_roundoffs * 0x1p-53));
  CHECK(worst_float <= Real(cpu::exp_error_in_roundoffs * 0x1p-24));
  CHECK(worst >= Real(0x1p-54));  // the test can see an error
}

TEST_CASE("exp of the softmax rows has relative error below 8 u") {
  Stream draw(0, "exp");
  Real worst = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    const double x = trial < 1400 ? -0.5 * trial : -std::fabs(draw.uniform(trial % 2 == 0 ? 1 : 708));
    const WorkingPrecision precision(Bits{128});
    const Interval exact = exp(enclose(std::max(x, -708.0)));
    worst = std::max(worst,
                     upper(absolute_value(Interval((enclose(cpu::exp_of_nonpositive(x)) - exact) / exact))));
  }
  CHECK(worst <= Real(cpu::exp_relative_error));
  CHECK(cpu::exp_of_nonpositive(0) == 1);
  CHECK(cpu::exp_of_nonpositive(-1e300) <= cpu::exp_absolute_error);
}

TEST_CASE("shifted scores are the true ones less a shift of the row, and within the half-width") {
  for (const AttentionInput& in : adversarial_inputs()) {
    const ShiftedScores scores = shift_scores(in.q, in.k);
    const auto q = matrix_from<Rational>(in.q), k = matrix_from<Rational>(in.k),
               shifted_q = matrix_from<Rational>(scores.queries),
               shifted_k = matrix_from<Rational>(scores.keys);
    for (Eigen::Index i = 0; i < std::min<Eigen::Index>(in.q.rows(), 8); ++i) {
      const auto at = [&](const Matrix<Rational>& a, const Matrix<Rational>& b, Eigen::Index j) {
        Rational sum = 0;
        for (Eigen::Index l = 0; l < a.cols(); ++l) sum += a(i, l) * b(j, l);
        return Rational(sum / a.cols());
      };
      const Rational first_shift = at(q, k, 0) - at(shifted_q, shifted_k, 0);
      for (Eigen::Index j = 0; j < std::min<Eigen::Index>(in.k.rows(), 40); ++j) {
        const Rational shifted = at(shifted_q, shifted_k, j);
        CHECK(abs(shifted) <= scores.row_half_width[i].exact());
        // each is within zeta of (true - common shift), so two differ by at most 2 zeta
        CHECK(abs(Rational(at(q, k, j) - shifted - first_shift)) <= 2 * scores.row_perturbation[i].exact());
      }
    }
    const Enclosure actual = actual_half_width(in.q, in.k);
    CHECK(actual.lower() <= Real(scores.half_width.value()) * Real(1 + 1e-9) + Real(1e-300));
  }
}

TEST_CASE("polynomial attention keeps its guarantee on random and adversarial inputs") {
  std::vector<AttentionInput> inputs = adversarial_inputs();
  Stream draw(0, "polynomial attention");
  for (int trial = 0; trial < 20; ++trial) {
    const auto size = [&](int most) { return static_cast<Eigen::Index>(draw.below(most) + 1); };
    const Eigen::Index d = size(4);
    inputs.push_back(
        uniform_input(draw, size(40), size(70), d, size(4), 0.25 * static_cast<double>(draw.below(9))));
  }
  for (const AttentionInput& in : inputs) {
    const ScoreRange<double> scores = score_range(in.q, in.k);
    for (const long g : {1L, 2L, 5L, 9L}) {
      const Rational x = scores.half_width.value() == 0
                             ? Rational(0)
                             : std::max(scores.half_width.exact(), Rational(1) / (1L << 40));
      std::optional<CertifiedPolynomial> polynomial;
      try {
        polynomial = exp_polynomial_in_doubles({g}, x);
      } catch (const std::exception&) {
        continue;  // no such polynomial on this interval
      }
      check_guarantee(in, polynomial_attention(in, scores, *polynomial));
      if (in.q.rows() == in.k.rows())
        check_guarantee(in, polynomial_attention(in, scores, *polynomial, Mask::causal), Mask::causal);
    }
  }
}

TEST_CASE(
    "polynomial attention is polynomial attention: its output lies within the rounding bound of the exact "
    "one") {
  Stream draw(0, "rounding");
  for (int trial = 0; trial < 12; ++trial) {
    AttentionInput in = uniform_input(draw, 9, 40, 2, 2, trial % 2 == 0 ? 1 : 3);
    const ScoreRange<double> scores = score_range(in.q, in.k);
    const CertifiedPolynomial p =
        exp_polynomial_in_doubles({trial % 2 == 0 ? 3 : 12}, scores.half_width.exact());
    const AttentionResult result = polynomial_attention(in, scores, p);
    const Matrix<Rational> exact = attention(matrix_from<Rational>(seen_queries(in.q, scores)),
                                             matrix_from<Rational>(seen_keys(in.k, scores)),
                                             matrix_from<Rational>(in.v), Mask::none, p.polynomial);
    for (Eigen::Index e = 0; e < exact.size(); ++e)
      CHECK(abs(Rational(exact.data()[e] - to_rational(result.output.data()[e]))) <=
            result.bound_rounding.exact());
  }
}

TEST_CASE("exact attention counts the rounding of large terms that cancel in the score") {
  Stream draw(0, "cancelling terms");
  for (const double size : {1e5, 1e8}) {
    const Eigen::Index d = 64;
    AttentionInput in = uniform_input(draw, 30, 12, d, 2, 0);
    in.q = Matrix<double>::Constant(30, d, size) + draw.uniform_matrix(30, d, 1);
    in.q.rightCols(d / 2) *= -1;
    in.k = Matrix<double>::Constant(12, d, 1) + draw.uniform_matrix(12, d, 1 / size);
    in.k.row(11) *= -1;  // so that no shift makes the terms small
    check_guarantee(in, exact_attention(in, score_range(in.q, in.k)));
  }
}

TEST_CASE("exact attention in double keeps its guarantee, masked or not") {
  Stream draw(0, "exact attention");
  std::vector<AttentionInput> inputs = adversarial_inputs();
  for (const double bound : {0.5, 4.0, 30.0}) inputs.push_back(uniform_input(draw, 70, 70, 3, 3, bound));
  for (const AttentionInput& in : inputs) {
    const ScoreRange<double> scores = score_range(in.q, in.k);
    check_guarantee(in, exact_attention(in, scores));
    if (in.q.rows() == in.k.rows())
      check_guarantee(in, exact_attention(in, scores, Mask::causal), Mask::causal);
  }
}

TEST_CASE("outputs and bounds are the same bytes for any number of threads") {
  Stream draw(0, "threads");
  const AttentionInput in = uniform_input(draw, 1500, 3000, 3, 3, 1.5);
  const ScoreRange<double> scores = score_range(in.q, in.k);
  const CertifiedPolynomial p = exp_polynomial_in_doubles({6}, scores.half_width.exact());
  const AttentionResult one = polynomial_attention(in, scores, p, Mask::none, ThreadCount{1});
  const AttentionResult exact_one = exact_attention(in, scores, Mask::none, ThreadCount{1});
  for (const unsigned threads : {2u, 3u, 7u}) {
    const AttentionResult many = polynomial_attention(in, scores, p, Mask::none, ThreadCount{threads});
    const AttentionResult exact_many = exact_attention(in, scores, Mask::none, ThreadCount{threads});
    CHECK(std::memcmp(one.output.data(), many.output.data(), sizeof(double) * one.output.size()) == 0);
    CHECK(one.bound.value() == many.bound.value());
    CHECK(std::memcmp(exact_one.output.data(), exact_many.output.data(),
                      sizeof(double) * one.output.size()) == 0);
    CHECK(exact_one.bound.value() == exact_many.bound.value());
  }
}

TEST_CASE("automatic picks the least degree within the budget, or exact, and the budget holds") {
  Stream draw(0, "automatic");
  const AttentionInput in = uniform_input(draw, 2000, 2000, 2, 2, 1);
  AttentionRequest request;
  request.epsilon = Rational(1, 1000000);
  const AttentionResult fast = guaranteed_attention(in, request);
  CHECK(fast.method == AttentionMethod::polynomial);
  CHECK(fast.bound <= request.epsilon * to_rational(max_abs(in.v)));
  const CertifiedPolynomial below =
      exp_polynomial_in_doubles({fast.degree.value - 1}, fast.half_width.exact());
  CHECK_FALSE(perturbation_bound(below.error) <= request.epsilon);

  request.epsilon = rational_from_text("1e-400", "epsilon");
  const AttentionInput small = uniform_input(draw, 5, 5, 2, 2, 1);
  const AttentionResult best = guaranteed_attention(small, request);
  CHECK(best.method == AttentionMethod::exact);
  CHECK(best.bound.value() <= 0x1p-53);  // the output's own rounding: the budget is honestly missed
  CHECK(best.bound.value() > 0);

  request.epsilon = Rational(1, 1000);
  request.method = MethodChoice::polynomial;
  request.mask = Mask::causal;
  const AttentionResult causal = guaranteed_attention(small, request);
  CHECK(causal.method == AttentionMethod::polynomial);
  check_guarantee(small, causal, Mask::causal);
  request.mask = Mask::none;
  const AttentionResult forced = guaranteed_attention(small, request);
  CHECK(forced.method == AttentionMethod::polynomial);
  check_guarantee(small, forced);
  request.epsilon = 0;
  CHECK_THROWS_AS(guaranteed_attention(small, request), InputError);
}

TEST_CASE("scores beyond the range of a double are left to the enclosures") {
  AttentionInput in;
  in.q = Matrix<double>::Constant(2, 1, 1e300);
  in.k.resize(2, 1);
  in.k << 1e300, -1e300;
  in.v.resize(2, 1);
  in.v << 3, 5;
  AttentionRequest request;
  request.epsilon = Rational(1, 1000);
  const AttentionResult result = guaranteed_attention(in, request);
  CHECK(result.output(0, 0) == 3);
  CHECK(result.bound <= Rational(1, 1000));
}
