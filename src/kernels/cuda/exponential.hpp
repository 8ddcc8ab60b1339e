// e^x as 2^j p, p = e^r in (0.7, 1.42), by the constants, the operations and so the proof of
// kernels/cpu/score_rows.hpp: error below 3 u for |x| <= 2^40 (float: 2^14). Only fused multiply-adds.
#pragma once

#include <cstdint>
#include <cstring>

#include "block.hpp"

namespace attnbounds::cuda {

constexpr double exp_error_in_roundoffs = 3;
template <class T>
constexpr double most_score = sizeof(T) == 8 ? 0x1p40 : 0x1p14;

template <class T>
struct ExpConstants;
template <>
struct ExpConstants<double> {
  static constexpr double log2_e = 0x1.71547652b82fep+0, hi = 0x1.62e42fefa39efp-1,
                          lo = 0x1.abc9e3b39803fp-56, to_integer = 0x1.8p52, least = -1000;
  ATTNBOUNDS_BOTH static double section(double r) {
    double p = 1.0 / 6227020800.0;
    p = fused(p, r, 1.0 / 479001600);
    p = fused(p, r, 1.0 / 39916800);
    p = fused(p, r, 1.0 / 3628800);
    p = fused(p, r, 1.0 / 362880);
    p = fused(p, r, 1.0 / 40320);
    p = fused(p, r, 1.0 / 5040);
    p = fused(p, r, 1.0 / 720);
    p = fused(p, r, 1.0 / 120);
    p = fused(p, r, 1.0 / 24);
    p = fused(p, r, 1.0 / 6);
    p = fused(p, r, 0.5);
    p = fused(p, r, 1.0);
    return fused(p, r, 1.0);
  }
};
template <>
struct ExpConstants<float> {
  static constexpr float log2_e = 0x1.715476p+0F, hi = 0x1.62e43p-1F, lo = -0x1.05c61p-29F,
                         to_integer = 0x1.8p23F, least = -100;
  ATTNBOUNDS_BOTH static float section(float r) {
    float p = 1.0F / 5040;
    p = fused(p, r, 1.0F / 720);
    p = fused(p, r, 1.0F / 120);
    p = fused(p, r, 1.0F / 24);
    p = fused(p, r, 1.0F / 6);
    p = fused(p, r, 0.5F);
    p = fused(p, r, 1.0F);
    return fused(p, r, 1.0F);
  }
};

/// The integer nearest to x log2(e), as a T.
template <class T>
ATTNBOUNDS_BOTH inline T exponent_of(T x) {
  const T magic = ExpConstants<T>::to_integer;
  return fused(x, ExpConstants<T>::log2_e, magic) - magic;
}

/// 2^j for an integer j, not below the least exponent: 2^least instead.
template <class T>
ATTNBOUNDS_BOTH inline T power_of_two(T j) {
  const T kept = j < ExpConstants<T>::least ? ExpConstants<T>::least : j;
  T result;
  if constexpr (sizeof(T) == 8) {
    const std::int64_t bits = (static_cast<std::int64_t>(kept) + 1023) << 52;
    memcpy(&result, &bits, sizeof(T));
  } else {
    const std::int32_t bits = (static_cast<std::int32_t>(kept) + 127) << 23;
    memcpy(&result, &bits, sizeof(T));
  }
  return result;
}

/// 2^-exponent e^x; below 2^least of that, 2^least p.
template <class T>
ATTNBOUNDS_BOTH inline T exp_below(T x, T exponent) {
  using E = ExpConstants<T>;
  const T j = exponent_of(x), r = fused(j, -E::lo, fused(j, -E::hi, x));
  return E::section(r) * power_of_two(j - exponent);
}

}  // namespace attnbounds::cuda
