#include "kernels/split_attention.hpp"

#include <cmath>

#include "catch.hpp"
#include "kernels/double_double_attention.hpp"
#include "kernels/inner_product_bound.hpp"
#include "numeric/npy.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

AttentionInput uniform_input(std::uint64_t seed, long n, long m, long d, long columns, double bound) {
  Stream stream(seed, "split attention");
  Matrix<double> q = stream.uniform_matrix(n, d, bound), k = stream.uniform_matrix(m, d, bound);
  return {q, k, stream.uniform_matrix(m, columns, 3)};
}

// Scores that one polynomial of small degree cannot reach: four clusters of queries and of keys.
AttentionInput clustered_input(std::uint64_t seed, long n, long d, double centre, double spread) {
  AttentionInput in = uniform_input(seed, n, n, d, 2, spread);
  Stream stream(seed, "clusters");
  const Matrix<double> q = stream.uniform_matrix(4, d, centre), k = stream.uniform_matrix(4, d, centre);
  for (long i = 0; i < n; ++i) {
    in.q.row(i) += q.row(static_cast<long>(stream.below(4)));
    in.k.row(i) += k.row(static_cast<long>(stream.below(4)));
  }
  return in;
}

void check_guarantee(const AttentionInput& in, const SplitAttention& split) {
  const auto exact = double_double_attention(in);
  REQUIRE(exact);
  REQUIRE(split.result.bound.is_finite());
  const Enclosure error = largest_error(split.result.output, *exact);
  INFO("bound " << split.result.bound.value() << ", error " << round_up(error.interval()));
  const WorkingPrecision precision(Bits{128});
  CHECK(at_most(error.interval(), enclose(split.result.bound.exact())) == Verdict::verified);
}

}  // namespace

TEST_CASE("the two-tree bound is above every inner product and within its slack of the largest") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const long d = 1 + static_cast<long>(seed) % 5;
    const AttentionInput in = uniform_input(seed, 60, 45, d, 1, std::ldexp(1.0, static_cast<int>(seed) - 10));
    Rational largest = 0;
    const auto Q = matrix_from<Rational>(in.q), K = matrix_from<Rational>(in.k);
    for (long i = 0; i < 60; ++i)
      for (long j = 0; j < 45; ++j) {
        Rational sum = 0;
        for (long l = 0; l < d; ++l) sum += Q(i, l) * K(j, l);
        largest = std::max(largest, Rational(abs(sum)));
      }
    for (const long splits : {0L, 5L, 100L, 100000L}) {
      const UpperBound bound = largest_inner_product(in.q, in.k, {0.01, splits});
      CHECK(bound.exact() >= largest);
      if (splits == 100000) CHECK(bound.exact() <= largest * Rational(102, 100));
    }
  }
}

TEST_CASE("split attention keeps its guarantee, whatever the groups") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const AttentionInput in =
        uniform_input(seed, 50 + 7 * static_cast<long>(seed), 64, 1 + static_cast<long>(seed) % 4, 3,
                      std::ldexp(1.0, static_cast<int>(seed % 3)));
    for (const long groups : {1L, 3L, 8L})
      for (const Rational& epsilon : {Rational(1, 20), Rational(1, 1000)}) {
        const auto split = split_attention(in, {epsilon, groups, groups, 1L << 14, 1, ThreadCount{2}});
        if (groups == 1 && !split) continue;  // more than degree 24 for one polynomial
        REQUIRE(split);
        check_guarantee(in, *split);
        CHECK(split->result.bound <= epsilon * to_rational(max_abs(in.v)));
      }
  }
}

TEST_CASE("splitting reaches scores that one polynomial of that rank cannot") {
  const AttentionInput in = clustered_input(3, 300, 3, 6, 0.4);
  CHECK_FALSE(split_attention(in, {Rational(1, 1000), 1, 1, 200, 1, ThreadCount{2}}));
  const auto split = split_attention(in, {Rational(1, 1000), 4, 4, 200, 1, ThreadCount{2}});
  REQUIRE(split);
  check_guarantee(in, *split);
  CHECK(split->result.bound <= Rational(1, 1000) * to_rational(max_abs(in.v)));
  CHECK(split->left_out > 0);  // groups of keys too light to matter
}

TEST_CASE("split attention is the same for any number of threads") {
  const AttentionInput in = clustered_input(4, 200, 4, 2, 0.3);
  const auto one = split_attention(in, {Rational(1, 100), 4, 4, 1L << 14, 1, ThreadCount{1}});
  const auto three = split_attention(in, {Rational(1, 100), 4, 4, 1L << 14, 1, ThreadCount{3}});
  CHECK(one->result.output == three->result.output);
  CHECK(one->result.bound.value() == three->result.bound.value());
}

TEST_CASE("split attention of equal tokens, of a zero V, and of one token") {
  AttentionInput in = uniform_input(5, 1, 1, 2, 2, 1);
  auto split = split_attention(in, {Rational(1, 100), 4, 4, 1000, 1, ThreadCount{1}});
  REQUIRE(split);
  check_guarantee(in, *split);
  in.q = Matrix<double>::Constant(20, 2, 1.5);
  in.k = Matrix<double>::Constant(10, 2, -0.75);
  in.v = Matrix<double>::Random(10, 2);
  split = split_attention(in, {Rational(1, 100), 4, 4, 1000, 1, ThreadCount{1}});
  REQUIRE(split);
  check_guarantee(in, *split);
  in.v.setZero();
  split = split_attention(in, {Rational(1, 100), 2, 2, 1000, 1, ThreadCount{1}});
  REQUIRE(split);
  CHECK(split->result.output.cwiseAbs().maxCoeff() == 0);
}

TEST_CASE("split attention on a real head") {
  const std::string folder = std::string(ATTNBOUNDS_SOURCE_DIR) + "/tests/data/heads/layer5-head2/";
  const AttentionInput in{read_npy(folder + "q.npy"), read_npy(folder + "k.npy"), read_npy(folder + "v.npy")};
  const auto split = split_attention(in, {Rational(1, 10), 16, 16, 1L << 16, 1, ThreadCount{2}});
  REQUIRE(split);
  check_guarantee(in, *split);
  CHECK(split->result.bound <= Rational(1, 10) * to_rational(max_abs(in.v)));
}
