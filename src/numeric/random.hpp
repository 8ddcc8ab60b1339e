// Seeded randomness: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as
// 1, 2, 3") and distributions of our own, because those of the standard library differ between compilers.
// A Stream is named by (seed, name, index). With h = FNV-1a 64 of the name's bytes,
//   (k, c) = Philox_seed(h, index),   block t of the stream = Philox_k(t, c),
// 64 bits each, low half first. Philox_seed is a permutation of 128 bits, so two streams of one seed share
// (k, c) only if they share h and index. Every draw is the same on every machine, compiler and thread count:
// only integers, IEEE + - * / sqrt, and a correctly rounded logarithm are used. Cost: 5 ns per 64 bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "numeric/matrix.hpp"

namespace attnbounds {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;
PhiloxCounter philox4x32_10(const PhiloxCounter& counter, const PhiloxKey& key);

/// FNV-1a, 64 bits.
constexpr std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

class Stream {
 public:
  Stream(std::uint64_t seed, std::string_view name, std::uint64_t index = 0);

  std::uint64_t bits();                    // 64 independent fair bits
  std::uint64_t below(std::uint64_t end);  // uniform on 0, …, end - 1; std::invalid_argument if end = 0
  int sign();                              // -1 or 1
  double unit();                           // a multiple of 2^-53, uniform on [-1, 1)
  /// bound * unit(), rounded: in [-bound, bound]. std::invalid_argument if bound is negative or not finite.
  double uniform(double bound);
  double normal();  // mean 0, variance 1

  std::vector<std::size_t> permutation(std::size_t size);
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t left = items.size(); left > 1; --left) {
      using std::swap;
      swap(items[left - 1], items[below(left)]);
    }
  }

  // Entries are drawn row by row.
  Matrix<double> uniform_matrix(Eigen::Index rows, Eigen::Index columns, double bound);
  Matrix<double> normal_matrix(Eigen::Index rows, Eigen::Index columns);

 private:
  PhiloxKey key_{};
  std::uint64_t high_counter_ = 0, next_block_ = 0;
  std::optional<std::uint64_t> spare_bits_;
  std::optional<double> spare_normal_;
};

}  // namespace attnbounds
