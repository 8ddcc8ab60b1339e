// Every task runs once, whoever calls: in a row, from inside a task, beside another call, after an exception.
#include "numeric/parallel.hpp"

#include <stdexcept>
#include <vector>

#include "catch.hpp"

using namespace attnbounds;

namespace {

std::vector<int> calls_of_each(long count, unsigned threads) {
  std::vector<std::atomic<int>> calls(count);
  parallel_for(count, {threads}, [&](long i) { ++calls[i]; });
  return {calls.begin(), calls.end()};
}

}  // namespace

TEST_CASE("every task runs once, call after call, for any number of threads") {
  for (const unsigned threads : {0U, 1U, 2U, 3U, 8U})
    for (const long count : {0L, 1L, 2L, 7L, 1000L})
      for (int again = 0; again < 20; ++again)
        REQUIRE(calls_of_each(count, threads) == std::vector<int>(count, 1));
}

TEST_CASE("a task may call, and so may another thread") {
  std::atomic<long> sum{0};
  const auto nested = [&] {
    parallel_for(5, {3}, [&](long i) {
      parallel_for(4, {2},
                   [&](long j) { parallel_for(3, {2}, [&](long k) { sum += 100 * i + 10 * j + k; }); });
    });
  };
  constexpr long once = 100 * 10 * 12 + 10 * 6 * 15 + 3 * 20;
  nested();
  CHECK(sum == once);
  {
    std::vector<std::jthread> beside;
    for (int t = 0; t < 4; ++t) beside.emplace_back([&] { nested(); });
  }
  CHECK(sum == 5 * once);
}

TEST_CASE("an exception of a task comes back after all threads have left, and the next call works") {
  for (int again = 0; again < 50; ++again) {
    std::atomic<int> inside{0};
    CHECK_THROWS_AS(parallel_for(64, {4},
                                 [&](long i) {
                                   ++inside;
                                   if (i == 9) {
                                     --inside;
                                     throw std::domain_error("task 9");
                                   }
                                   --inside;
                                 }),
                    std::domain_error);
    CHECK(inside == 0);
    REQUIRE(calls_of_each(64, 4) == std::vector<int>(64, 1));
  }
}
