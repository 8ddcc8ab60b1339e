#include "kernels/hyper_attention.hpp"

#include <bit>

#include "attention/attention.hpp"
#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

AttentionInput drawn(Eigen::Index n, Eigen::Index m) {
  Stream stream(0, "hyper-attention test");
  AttentionInput in;
  in.q = stream.uniform_matrix(n, 4, 2);
  in.k = stream.uniform_matrix(m, 4, 2);
  in.v = stream.uniform_matrix(m, 3, 1);
  return in;
}

}  // namespace

TEST_CASE("buckets at neighbouring places of the Gray code differ in one bit") {
  std::vector<std::uint64_t> bucket_at(1U << 10);
  for (std::uint64_t bucket = 0; bucket < bucket_at.size(); ++bucket) {
    REQUIRE(gray_place(bucket) < bucket_at.size());
    bucket_at[gray_place(bucket)] = bucket;
  }
  for (std::size_t place = 1; place < bucket_at.size(); ++place)
    CHECK(std::popcount(bucket_at[place] ^ bucket_at[place - 1]) == 1);
}

TEST_CASE("sortLSH cuts keys into blocks of the size asked for, and queries into as many") {
  const SortedBlocks blocks = sort_by_hashes(drawn(50, 70), {.block = 16});
  CHECK(blocks.count == 5);
  std::vector<long> keys(5, 0), queries(5, 0);
  for (const long b : blocks.of_key) ++keys.at(static_cast<std::size_t>(b));
  for (const long b : blocks.of_query) ++queries.at(static_cast<std::size_t>(b));
  CHECK(keys == std::vector<long>{16, 16, 16, 16, 6});
  CHECK(queries == std::vector<long>{10, 10, 10, 10, 10});
}

TEST_CASE("a query and the key that points the same way get the same bucket") {
  AttentionInput in = drawn(32, 32);
  in.k = 3 * in.q;  // the signs of all hyperplanes agree: sorted alike
  const SortedBlocks blocks = sort_by_hashes(in, {.block = 4});
  for (Eigen::Index i = 0; i < 32; ++i) CHECK(blocks.heavy(i, i));
}

TEST_CASE("one block of all keys is exact attention") {
  const AttentionInput in = drawn(20, 30);
  const Matrix<double> fast = hyper_attention(in, {.block = 30, .samples = 10});
  CHECK(max_abs(Matrix<double>(fast - attention(in.q, in.k, in.v))) < 1e-13);
}

TEST_CASE("sampling converges, by both kinds of columns, at the rate of the square root") {
  const AttentionInput in = drawn(20, 60);
  const Matrix<double> exact = attention(in.q, in.k, in.v);
  for (const ColumnSampling sampling : {ColumnSampling::uniform, ColumnSampling::by_value_norm}) {
    const auto squared_error = [&](long samples) {
      double sum = 0;
      for (std::uint64_t seed = 0; seed < 40; ++seed)
        sum += (hyper_attention(in, {.block = 8, .samples = samples, .sampling = sampling, .seed = seed}) -
                exact)
                   .squaredNorm();
      return sum / 40;
    };
    const double ratio = squared_error(100) / squared_error(1600);
    CHECK(ratio > 8);
    CHECK(ratio < 32);
  }
}

TEST_CASE("the same seed gives the same bytes, another seed others; settings out of range are refused") {
  const AttentionInput in = drawn(20, 30);
  CHECK(hyper_attention(in, {.block = 4, .samples = 8, .seed = 1}) ==
        hyper_attention(in, {.block = 4, .samples = 8, .seed = 1}));
  CHECK(hyper_attention(in, {.block = 4, .samples = 8, .seed = 1}) !=
        hyper_attention(in, {.block = 4, .samples = 8, .seed = 2}));
  CHECK_THROWS_AS(hyper_attention(in, {.block = 0, .samples = 0}), InputError);
  CHECK_THROWS_AS(hyper_attention(in, {.hyperplanes = 63}), InputError);
}
