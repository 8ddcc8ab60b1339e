#include "phase/epsilon_rank.hpp"

#include <cmath>

#include "catch.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/monomials.hpp"
#include "polynomial/least_degree.hpp"

using namespace attnbounds;

namespace {

AttentionInput random_input(Eigen::Index n, Eigen::Index d, double B, std::uint64_t seed) {
  Stream stream(seed, "epsilon-rank-test");
  AttentionInput input;
  input.q = stream.uniform_matrix(n, d, B);
  input.k = stream.uniform_matrix(n, d, B);
  input.v = stream.uniform_matrix(n, d, 1);
  return input;
}

EpsilonRank rank_of(const AttentionInput& input, const Rational& epsilon) {
  return epsilon_rank(attention_matrix(input), input.q.cols(), epsilon, Stream(1, "sketch"));
}

}  // namespace

TEST_CASE("uniform attention has epsilon-rank 1") {
  AttentionInput input = random_input(40, 3, 1, 1);
  input.k.setZero();
  for (const Rational& epsilon : {Rational(1, 2), Rational(1, 1000000)}) {
    const EpsilonRank rank = rank_of(input, epsilon);
    CHECK(rank.every_v.at_least == 1);
    CHECK(rank.every_v.at_most == 1);
    CHECK(rank.relative.at_most == 1);
  }
}

TEST_CASE("k distinct keys far apart give epsilon-rank k, from both sides") {
  for (const long distinct : {2L, 3L, 5L}) {
    AttentionInput input;
    const Eigen::Index n = 60;
    input.q = Matrix<double>::Zero(n, distinct);
    for (Eigen::Index i = 0; i < n; ++i) input.q(i, i % distinct) = 8;
    input.k = input.q;
    input.v = Matrix<double>::Ones(n, 1);
    const EpsilonRank rank = rank_of(input, Rational(1, 100));
    CHECK(rank.every_v.at_least == distinct);
    CHECK(rank.every_v.at_most == distinct);
  }
}

TEST_CASE("entries of P^ are within rho of the softmax in intervals") {
  const AttentionInput input = random_input(6, 4, 3, 2);
  const AttentionMatrix a = attention_matrix(input);
  CHECK(a.relative_error.value() < 1e-12);
  const WorkingPrecision precision(Bits{128});
  for (Eigen::Index i = 0; i < 6; ++i) {
    std::vector<Interval> weights;
    Interval sum = 0;
    for (Eigen::Index j = 0; j < 6; ++j) {
      Interval score = 0;
      for (Eigen::Index l = 0; l < 4; ++l) score += enclose(input.q(i, l)) * enclose(input.k(j, l));
      weights.push_back(exp(score / 4));
      sum += weights.back();
    }
    for (Eigen::Index j = 0; j < 6; ++j) {
      const Interval off =
          absolute_value(weights[static_cast<std::size_t>(j)] / sum - enclose(a.entries(i, j)));
      CHECK(upper(off) <= lower(enclose(a.relative_error.value()) * enclose(a.entries(i, j))));
    }
  }
}

TEST_CASE("no low-rank matrix within epsilon has less than the proved rank: polynomials, truncations") {
  for (const double B : {0.3, 0.8, 1.5}) {
    const AttentionInput input = random_input(70, 3, B, 3);
    const AttentionMatrix a = attention_matrix(input);
    for (const Rational& epsilon : {Rational(1, 10), Rational(1, 1000)}) {
      const EpsilonRank rank = rank_of(input, epsilon);
      INFO("B = " << B << ": every V " << rank.every_v.at_least << " … " << rank.every_v.at_most
                  << ", relative " << rank.relative.at_least << " … " << rank.relative.at_most);
      CHECK(rank.every_v.at_least <= rank.every_v.at_most);
      CHECK(rank.relative.at_least <= rank.relative.at_most);
      CHECK(rank.every_v.at_most <= rank.relative.at_most);  // an R of the second sense is one of the first
      const Degree g =
          least_degree(a.half_width.exact(), largest_perturbation(epsilon), ErrorKind::relative).degree;
      CHECK(rank.every_v.at_least <= monomial_rank(3, g));
      // An exact truncation with one rank less than proved must break the bound.
      Eigen::BDCSVD<Eigen::MatrixXd> svd(Eigen::MatrixXd(a.entries),
                                         Eigen::ComputeThinU | Eigen::ComputeThinV);
      const Eigen::Index k = rank.every_v.at_least - 1;
      const Eigen::MatrixXd rest =
          Eigen::MatrixXd(a.entries) - svd.matrixU().leftCols(k) * svd.singularValues().head(k).asDiagonal() *
                                           svd.matrixV().leftCols(k).transpose();
      CHECK(rest.cwiseAbs().rowwise().sum().maxCoeff() > nearest(epsilon));
    }
  }
}

TEST_CASE("tensor attention's matrix is n x m1 m2, and its rank is that of the pairs") {
  TensorAttentionInput input;
  Stream stream(5, "tensor");
  for (Matrix<double>* m : {&input.q, &input.k1, &input.k2}) *m = stream.uniform_matrix(7, 3, 1.2);
  for (Matrix<double>* m : {&input.v1, &input.v2}) *m = stream.uniform_matrix(7, 2, 1);
  const AttentionMatrix a = attention_matrix(input);
  REQUIRE(a.entries.rows() == 7);
  REQUIRE(a.entries.cols() == 49);
  double score = 0, sum = 0;
  for (Eigen::Index x = 0; x < 7; ++x)
    for (Eigen::Index y = 0; y < 7; ++y) {
      double s = 0;
      for (Eigen::Index l = 0; l < 3; ++l) s += input.q(2, l) * input.k1(x, l) * input.k2(y, l) / 3;
      sum += std::exp(s);
      if (x == 4 && y == 1) score = std::exp(s);
    }
  CHECK(a.entries(2, 4 * 7 + 1) == Approx(score / sum));
  const EpsilonRank rank = epsilon_rank(a, 3, Rational(1, 100), Stream(1, "sketch"));
  CHECK(rank.every_v.at_least >= 1);
  CHECK(rank.every_v.at_most <= 7);
}

TEST_CASE("rows of the matrix never prove more than the whole matrix allows") {
  const auto compare = [](const EpsilonRank& probe, const EpsilonRank& whole, long rows) {
    INFO(rows << " rows prove " << probe.every_v.at_least << ", " << probe.relative.at_least
              << "; the whole is at most " << whole.every_v.at_most << ", " << whole.relative.at_most);
    CHECK(probe.every_v.at_least <= whole.every_v.at_most);
    CHECK(probe.relative.at_least <= whole.relative.at_most);
    CHECK(probe.every_v.at_least <= rows);
    CHECK(probe.every_v.at_most >= whole.every_v.at_least);
    CHECK(probe.relative.at_most >= whole.relative.at_least);
  };
  for (const double B : {0.3, 0.8, 1.5, 3.0}) {
    const AttentionInput input = random_input(70, 3, B, 3);
    for (const Rational& epsilon : {Rational(1, 10), Rational(1, 1000)}) {
      const EpsilonRank whole = rank_of(input, epsilon);
      for (const long rows : {1L, 8L, 40L, 70L, 1000L})
        compare(probed_epsilon_rank(input, epsilon, rows, Stream(2, "probe")), whole, std::min(rows, 70L));
      // All rows: nothing is lost from below.
      const EpsilonRank all = probed_epsilon_rank(input, epsilon, 70, Stream(2, "probe"));
      CHECK(all.every_v.at_least == whole.every_v.at_least);
      CHECK(all.relative.at_least == whole.relative.at_least);
    }
  }
  TensorAttentionInput tensor;
  Stream stream(5, "tensor");
  for (Matrix<double>* m : {&tensor.q, &tensor.k1, &tensor.k2}) *m = stream.uniform_matrix(20, 3, 1.2);
  for (Matrix<double>* m : {&tensor.v1, &tensor.v2}) *m = stream.uniform_matrix(20, 2, 1);
  const EpsilonRank whole = epsilon_rank(attention_matrix(tensor), 3, Rational(1, 100), Stream(1, "sketch"));
  for (const long rows : {1L, 5L, 20L})
    compare(probed_epsilon_rank(tensor, Rational(1, 100), rows, Stream(2, "probe")), whole, rows);
}

TEST_CASE("rows that see k distinct queries far apart prove rank k") {
  AttentionInput input;
  input.q = Matrix<double>::Zero(60, 5);
  for (Eigen::Index i = 0; i < 60; ++i) input.q(i, i % 5) = 8;
  input.k = input.q;
  input.v = Matrix<double>::Ones(60, 1);
  CHECK(probed_epsilon_rank(input, Rational(1, 100), 60, Stream(1, "probe")).every_v.at_least == 5);
  CHECK(probed_epsilon_rank(input, Rational(1, 100), 30, Stream(1, "probe")).every_v.at_least == 5);
  CHECK(probed_epsilon_rank(input, Rational(1, 100), 2, Stream(1, "probe")).every_v.at_least <= 2);
}

TEST_CASE("from above a probe speaks of all rows, not only of those it saw") {
  AttentionInput input = random_input(60, 5, 1, 4);
  input.q.setZero();  // most rows attend to all keys alike; the last ten do not
  for (Eigen::Index i = 50; i < 60; ++i) input.q(i, i % 5) = 8;
  for (Eigen::Index j = 0; j < 60; ++j) input.k.row(j) = 8 * Matrix<double>::Identity(5, 5).row(j % 5);
  const EpsilonRank whole = rank_of(input, Rational(1, 100));
  REQUIRE(whole.every_v.at_least >= 5);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    const EpsilonRank probe = probed_epsilon_rank(input, Rational(1, 100), 1, Stream(seed, "probe"));
    CHECK(probe.every_v.at_most >= whole.every_v.at_least);
    CHECK(probe.relative.at_most >= whole.relative.at_least);
    CHECK(probe.every_v.at_least == 1);
  }
}

TEST_CASE("what is within epsilon row by row is not held against all rows together") {
  AttentionInput input;  // every row is within 4/5 of epsilon of uniform attention: rank 1
  input.q = Matrix<double>::Identity(40, 40) * std::sqrt(40 * std::log(1.33));
  input.k = input.q;
  input.v = Matrix<double>::Ones(40, 1);
  CHECK(rank_of(input, Rational(1, 50)).every_v.at_least == 1);
  for (const long rows : {10L, 30L})
    CHECK(probed_epsilon_rank(input, Rational(1, 50), rows, Stream(1, "probe")).every_v.at_least == 1);
  // Within a fifth of that it is not.
  CHECK(rank_of(input, Rational(1, 250)).every_v.at_least > 1);
}
