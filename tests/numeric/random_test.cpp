// The golden values come from a second implementation (Python integers, mpmath's logarithm).
#include "numeric/random.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "catch.hpp"

using namespace attnbounds;

namespace {
const char* const kName = "alman-song-2023/forward-error";
}

TEST_CASE("Philox4x32-10 gives Random123's known answers") {
  CHECK(philox4x32_10({0, 0, 0, 0}, {0, 0}) == PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32_10({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("FNV-1a gives its published values") {
  STATIC_REQUIRE(fnv1a("") == 0xcbf29ce484222325);
  STATIC_REQUIRE(fnv1a("a") == 0xaf63dc4c8601ec8c);
  STATIC_REQUIRE(fnv1a("foobar") == 0x85944171f73967e8);
}

TEST_CASE("a stream gives the same draws on every machine") {
  {
    Stream s(0, kName);
    for (std::uint64_t golden :
         {0x1983551251d3f9ffu, 0x393859a0230500a3u, 0x4f122f5017ef976au, 0x6ba508e99cdb3a16u})
      CHECK(s.bits() == golden);
  }
  {
    Stream s(0xfedcba9876543210, kName, 7);
    CHECK(s.bits() == 0xfefc2626c9625bbe);
    CHECK(s.bits() == 0x281711c514f49a77);
  }
  {
    Stream s(0, kName);
    for (double golden : {-0x1.99f2abb6b8b02p-1, -0x1.1b1e997f73ec0p-1, -0x1.876e857f40836p-2})
      CHECK(s.unit() == golden);
  }
  {
    Stream s(0, kName);
    for (std::uint64_t golden : {1, 3, 4, 6, 4, 9, 6, 2, 3, 7, 4, 9}) CHECK(s.below(10) == golden);
  }
  CHECK(Stream(0, kName).permutation(8) == std::vector<std::size_t>{4, 7, 5, 6, 3, 2, 1, 0});
  {
    Stream s(0, kName);
    for (double golden : {-0x1.1671ae40fa23dp-2, -0x1.80998e835756ap-3, -0x1.bbeb8518b5094p+0,
                          -0x1.715b82bcb2c65p-1, -0x1.98a5a638709a2p+0, 0x1.25314bd368d78p-1})
      CHECK(s.normal() == golden);
  }
}

TEST_CASE("a matrix is drawn row by row from the stream") {
  const Matrix<double> m = Stream(0, kName).uniform_matrix(2, 3, 0.5);
  Stream s(0, kName);
  for (Eigen::Index i = 0; i < 2; ++i)
    for (Eigen::Index j = 0; j < 3; ++j) CHECK(m(i, j) == s.unit() / 2);
  const Matrix<double> z = Stream(0, kName).normal_matrix(3, 2);
  Stream t(0, kName);
  for (Eigen::Index i = 0; i < 3; ++i)
    for (Eigen::Index j = 0; j < 2; ++j) CHECK(z(i, j) == t.normal());
}

TEST_CASE("streams of another seed, name or index share no draw among their first thousand") {
  std::set<std::uint64_t> seen;
  std::size_t draws = 0;
  for (auto& stream : {Stream(0, "a"), Stream(0, "b"), Stream(0, "a", 1), Stream(1, "a"), Stream(0, ""),
                       Stream(std::uint64_t{1} << 32, "a"), Stream(0, "a", std::uint64_t{1} << 32)}) {
    Stream s = stream;
    for (int i = 0; i < 1000; ++i, ++draws) seen.insert(s.bits());
  }
  CHECK(seen.size() == draws);  // a collision of random 64-bit words has probability below 2^-38
}

TEST_CASE("unit numbers are multiples of 2^-53 on [-1, 1), of both signs") {
  Stream s(1, "unit");
  bool negative = false, positive = false, odd = false;
  for (int i = 0; i < 10000; ++i) {
    const double x = s.unit();
    REQUIRE(x >= -1);
    REQUIRE(x < 1);
    const double multiple = std::ldexp(x, 53);
    REQUIRE(multiple == std::floor(multiple));
    negative |= x < 0;
    positive |= x > 0;
    odd |= std::fmod(multiple, 2) != 0;
  }
  CHECK((negative && positive && odd));
}

TEST_CASE("uniform numbers stay within their bound at every size of it") {
  Stream s(2, "uniform");
  for (double bound : {0.0, 5e-324, 1e-310, 0.1, 1.0 / 3, 1.7976931348623157e308})
    for (int i = 0; i < 1000; ++i) REQUIRE(std::fabs(s.uniform(bound)) <= bound);
  CHECK_THROWS_AS(s.uniform(-1), std::invalid_argument);
  CHECK_THROWS_AS(s.uniform(std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(s.uniform(HUGE_VAL), std::invalid_argument);
}

TEST_CASE("numbers below n reach every value and no other") {
  Stream s(3, "below");
  for (std::uint64_t end : {1u, 2u, 3u, 7u, 8u, 9u}) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(s.below(end));
    CHECK(seen.size() == end);
    CHECK(*seen.rbegin() == end - 1);
  }
  const std::uint64_t wide = (std::uint64_t{1} << 63) + 1;  // half of all draws are rejected
  for (int i = 0; i < 100; ++i) CHECK(s.below(wide) < wide);
  CHECK_THROWS_AS(s.below(0), std::invalid_argument);
}

TEST_CASE("a shuffle keeps the items and reaches every order") {
  Stream s(4, "shuffle");
  std::set<std::vector<std::size_t>> orders;
  for (int i = 0; i < 500; ++i) {
    std::vector<std::size_t> order = s.permutation(4);
    orders.insert(order);
    std::sort(order.begin(), order.end());
    REQUIRE(order == std::vector<std::size_t>{0, 1, 2, 3});
  }
  CHECK(orders.size() == 24);
  CHECK(s.permutation(0).empty());
}
