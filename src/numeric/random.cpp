#include "numeric/random.hpp"

#include <Random123/philox.h>
#include <mpfr.h>

#include <bit>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }
std::uint64_t join(std::uint32_t low, std::uint32_t high) { return low | std::uint64_t{high} << 32; }

// The C library's log may differ in the last bit between machines; MPFR's is correctly rounded.
double correctly_rounded_log(double x) {
  mpfr_t y;
  mpfr_init2(y, 53);
  mpfr_set_d(y, x, MPFR_RNDN);
  mpfr_log(y, y, MPFR_RNDN);
  const double result = mpfr_get_d(y, MPFR_RNDN);
  mpfr_clear(y);
  return result;
}

}  // namespace

PhiloxCounter philox4x32_10(const PhiloxCounter& counter, const PhiloxKey& key) {
  const philox4x32_ctr_t c = {{counter[0], counter[1], counter[2], counter[3]}};
  const philox4x32_key_t k = {{key[0], key[1]}};
  const philox4x32_ctr_t r = philox4x32_R(10, c, k);
  return {r.v[0], r.v[1], r.v[2], r.v[3]};
}

Stream::Stream(std::uint64_t seed, std::string_view name, std::uint64_t index) {
  const std::uint64_t hash = fnv1a(name);
  if (bug(Bug::reused_seed)) index = 0;
  if (bug(Bug::seed_ignored)) seed = 0;
  const PhiloxCounter start =
      philox4x32_10({low(hash), high(hash), low(index), high(index)}, {low(seed), high(seed)});
  key_ = {start[0], start[1]};
  high_counter_ = join(start[2], start[3]);
}

std::uint64_t Stream::bits() {
  if (spare_bits_) return *std::exchange(spare_bits_, std::nullopt);
  const PhiloxCounter block =
      philox4x32_10({low(next_block_), high(next_block_), low(high_counter_), high(high_counter_)}, key_);
  ++next_block_;
  spare_bits_ = join(block[2], block[3]);
  return join(block[0], block[1]);
}

// The top bits, as many as end - 1 has, drawn again until they are below end: fewer than two draws expected.
std::uint64_t Stream::below(std::uint64_t end) {
  if (end == 0) throw std::invalid_argument("a random number below 0");
  const auto width = std::bit_width(end - 1);
  if (width == 0) return 0;
  for (;;)
    if (const std::uint64_t x = bits() >> (64 - width); x < end) return x;
}

int Stream::sign() { return bits() >> 63 ? -1 : 1; }

double Stream::unit() {
  const auto k = static_cast<std::int64_t>(bits() >> 10);  // 54 bits
  return static_cast<double>(k - (std::int64_t{1} << 53)) * 0x1p-53;
}

double Stream::uniform(double bound) {
  if (!(bound >= 0) || !std::isfinite(bound))
    throw std::invalid_argument("the bound of a uniform number must be finite and >= 0");
  return bound * unit();
}

// Marsaglia's polar method: for a uniform point (x, y) of the unit disc, s = x^2 + y^2, the numbers
// x f and y f with f = sqrt(-2 log(s) / s) are independent normal deviates.
double Stream::normal() {
  if (spare_normal_) return *std::exchange(spare_normal_, std::nullopt);
  for (;;) {
    const double x = unit(), y = unit();
    const double s = x * x + y * y;
    if (s >= 1 || s == 0) continue;
    const double f = std::sqrt(-2 * correctly_rounded_log(s) / s);
    spare_normal_ = y * f;
    return x * f;
  }
}

std::vector<std::size_t> Stream::permutation(std::size_t size) {
  std::vector<std::size_t> items(size);
  std::iota(items.begin(), items.end(), std::size_t{0});
  shuffle(items);
  return items;
}

Matrix<double> Stream::uniform_matrix(Eigen::Index rows, Eigen::Index columns, double bound) {
  Matrix<double> m(rows, columns);
  for (Eigen::Index i = 0; i < m.size(); ++i) m.data()[i] = uniform(bound);
  return m;
}

Matrix<double> Stream::normal_matrix(Eigen::Index rows, Eigen::Index columns) {
  Matrix<double> m(rows, columns);
  for (Eigen::Index i = 0; i < m.size(); ++i) m.data()[i] = normal();
  return m;
}

}  // namespace attnbounds
