// Products on tensor cores, and what is promised of them.
// One call, D = C + A B, with A 16 x 8, B 8 x 8, C and D 16 x 8: mma.sync.m16n8k8, operands TF32 (11
// significant bits), C and D float. NVIDIA documents the operands and the accumulator's type, not its
// roundings. Measured (Fasi, Higham, Mikaitis, Pranesh 2021, "Numerical behavior of NVIDIA tensor cores",
// V100, T4, A100): products are exact; addends are aligned to the largest and cut, not rounded; the sum is
// cut, too. So we assume only:
//   (TC) the 8 products are exact. They are added to C in groups, in any order, of any sizes; a group's k'
//   products
//        and the sum so far are each cut by less than 2^-23 of the largest of them, and the group's sum is
//        cut by less than 2^-23 of itself.
// A group adds at most (k' + 1) 2^-23 of the largest addend and 2^-23 of the sum; neither exceeds the sum of
// absolute values (grown by what was cut before), so each group counts k' + 2 roundings of unit 2^-23, 8
// groups of one at most 24:                     |D - (C + A B)| <= gamma_24(2^-23) (|C| + |A||B|). Rounding
// to nearest, truncation, and sums of 4 and 4 or of 8 are all covered. Underflow aside (entries here are
// scaled; a product below 2^-126 may be lost, which is counted as 2^-125 each).
//   TF32 halves   x = hi + lo + e, hi = tf32(x), lo = tf32(x - hi): |e| <= 2^-22 |x|, |lo| <= 2^-11 |x|
//   (nearest, ties
//                 away; x - hi is exact). hi hi + hi lo + lo hi then misses at most
//                 (2 2^-22 + 2^-22 + 2^-33) |x||y| of x y: `split_error` = 3.01 2^-22.
// The emulator's model of (TC) is the measured one: one group of 8, all addends cut at 2^-23 of the largest's
// power of two, the sum cut to 24 bits.
#pragma once

#include <cstdint>
#include <cstring>

#include "block.hpp"

namespace attnbounds::cuda {

constexpr double cut = 0x1p-23;         // the unit of (TC)
constexpr long cuts_of_a_product = 24;  // of one call
constexpr double split_error = 3.01 * 0x1p-22;

/// x to the 11 significant bits of TF32, to nearest, ties away from zero.
ATTNBOUNDS_BOTH inline float tf32(float x) {
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x1000U) & ~0x1FFFU;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}
struct Tf32Halves {
  float high, low;
};
ATTNBOUNDS_BOTH inline Tf32Halves halves(float x) {
  const float high = tf32(x);
  return {high, tf32(x - high)};
}

/// c + the sum of 8 products, as (TC) was measured. Arguments are TF32.
inline float cut_sum(float c, const float* a, const float* b) {
  double addend[9], largest = 0;  // products of 11 bits are exact in double
  for (int k = 0; k < 8; ++k) addend[k] = static_cast<double>(a[k]) * static_cast<double>(b[k]);
  addend[8] = static_cast<double>(c);
  for (const double x : addend) largest = std::fabs(x) > largest ? std::fabs(x) : largest;
  if (!(largest > 0) || !std::isfinite(largest))
    return static_cast<float>(addend[0] + addend[8] + largest * 0);
  const double unit = std::ldexp(1.0, std::ilogb(largest) - 23);
  double sum = 0;  // of at most 9 numbers of 24 bits on one grid: exact
  for (const double x : addend) sum += std::trunc(x / unit) * unit;
  if (sum == 0) return 0;
  const double place = std::ldexp(1.0, std::ilogb(sum) - 23);
  return static_cast<float>(std::trunc(sum / place) * place);
}

/// Tiles spread over the 32 lanes of a warp as mma.sync has them; the emulator has all entries.
///   C, D (16 x 8)   lane t: rows t/4 and t/4 + 8, columns 2 (t mod 4) and the next
///   A (16 x 8)      lane t: rows t/4 and t/4 + 8, columns t mod 4 and t mod 4 + 4
///   B (8 x 8)       lane t: rows t mod 4 and t mod 4 + 4, column t/4
/// Each visits its entries: body(row, column, entry).
template <class X, bool on_device>
struct SumTile;
template <bool on_device>
struct LeftTile;
template <bool on_device>
struct RightTile;

template <int rows>
struct WholeTile {
  template <class X, class F>
  static void each(X (&entry)[rows][8], const F& body) {
    for (int row = 0; row < rows; ++row)
      for (int column = 0; column < 8; ++column) body(row, column, entry[row][column]);
  }
};
template <class X>
struct SumTile<X, false> {
  X entry[16][8] = {};
  template <class F>
  void each(const F& body) {
    WholeTile<16>::each(entry, body);
  }
};
template <>
struct LeftTile<false> {
  float entry[16][8] = {};
  template <class F>
  void each(const F& body) {
    WholeTile<16>::each(entry, body);
  }
};
template <>
struct RightTile<false> {
  float entry[8][8] = {};
  template <class F>
  void each(const F& body) {
    WholeTile<8>::each(entry, body);
  }
};

inline void add_entries(SumTile<double, false>& total, const SumTile<float, false>& part) {
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column)
      total.entry[row][column] += static_cast<double>(part.entry[row][column]);
}
/// d += a b; entries of a and b are TF32.
inline void add_product(SumTile<float, false>& d, const LeftTile<false>& a, const RightTile<false>& b) {
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column) {
      float right[8];
      for (int k = 0; k < 8; ++k) right[k] = b.entry[k][column];
      d.entry[row][column] = cut_sum(d.entry[row][column], a.entry[row], right);
    }
}

#if defined(__CUDACC__)
ATTNBOUNDS_BOTH inline int lane() {
#if defined(__CUDA_ARCH__)
  return static_cast<int>(threadIdx.x % 32);
#else
  return 0;
#endif
}
template <class X>
struct SumTile<X, true> {
  X entry[4] = {};
  template <class F>
  ATTNBOUNDS_BOTH void each(const F& body) {
    const int row = lane() / 4, column = 2 * (lane() % 4);
    body(row, column, entry[0]);
    body(row, column + 1, entry[1]);
    body(row + 8, column, entry[2]);
    body(row + 8, column + 1, entry[3]);
  }
};
template <>
struct LeftTile<true> {
  float entry[4] = {};
  template <class F>
  ATTNBOUNDS_BOTH void each(const F& body) {
    const int row = lane() / 4, column = lane() % 4;
    body(row, column, entry[0]);
    body(row + 8, column, entry[1]);
    body(row, column + 4, entry[2]);
    body(row + 8, column + 4, entry[3]);
  }
};
template <>
struct RightTile<true> {
  float entry[2] = {};
  template <class F>
  ATTNBOUNDS_BOTH void each(const F& body) {
    body(lane() % 4, lane() / 4, entry[0]);
    body(lane() % 4 + 4, lane() / 4, entry[1]);
  }
};
ATTNBOUNDS_BOTH inline void add_entries(SumTile<double, true>& total, const SumTile<float, true>& part) {
  ATTNBOUNDS_UNROLL
  for (int e = 0; e < 4; ++e) total.entry[e] += static_cast<double>(part.entry[e]);
}
ATTNBOUNDS_BOTH inline void add_product(SumTile<float, true>& d, const LeftTile<true>& a,
                                        const RightTile<true>& b) {
#if defined(__CUDA_ARCH__)
  std::uint32_t left[4], right[2];
  memcpy(left, a.entry, sizeof left);
  memcpy(right, b.entry, sizeof right);
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, "
      "%1, %2, "
      "%3};"
      : "+f"(d.entry[0]), "+f"(d.entry[1]), "+f"(d.entry[2]), "+f"(d.entry[3])
      : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right[0]), "r"(right[1]));
#endif
}
#endif

/// x of floats into its halves, in place and beside.
template <class Tile>
ATTNBOUNDS_BOTH inline void split(Tile& high, Tile& low) {
  low = high;
  low.each([](int, int, float& entry) { entry = halves(entry).low; });
  high.each([](int, int, float& entry) { entry = halves(entry).high; });
}

/// total += x y for x (16 x 8) and y (8 x 8) of floats: lo hi, hi lo, hi hi in one float tile that starts at
/// 0, then added in double. By (TC) the small products pass through at most 72 cuts, the large ones through
/// 24, and with |hi| <= (1 + 2^-11)|x|, |lo| <= 2^-11 |x| the tile misses at most
///   (24.05 + 0.08) 2^-23 + split_error <= 31 2^-23 = 62 2^-24      of |x||y|
/// (second order included): `roundings_of_a_split_product` roundings of float.
constexpr long roundings_of_a_split_product = 62;
template <bool on_device>
ATTNBOUNDS_BOTH inline void add_split_product(SumTile<double, on_device>& total,
                                              const LeftTile<on_device>& x_high,
                                              const LeftTile<on_device>& x_low,
                                              const RightTile<on_device>& y_high,
                                              const RightTile<on_device>& y_low) {
  SumTile<float, on_device> part;
  add_product(part, x_low, y_high);
  add_product(part, x_high, y_low);
  add_product(part, x_high, y_high);
  add_entries(total, part);
}

}  // namespace attnbounds::cuda
