#include "kernels/cpu/softmax_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace attnbounds::cpu {
namespace {

inline double exponential(double x) {
  constexpr double log2_e = 0x1.71547652b82fep+0, hi = 0x1.62e42feep-1, lo = 0x1.a39ef35793c76p-33;
  constexpr double to_integer = 0x1.8p52;  // adding it rounds to an integer, kept in the low bits
  x = x > -708.0 ? x : -708.0;
  const double shifted = x * log2_e + to_integer, j = shifted - to_integer;
  const double r = (x - j * hi) - j * lo;
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  std::int64_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  const std::int64_t exponent = (bits + 1023) << 52;  // the integer j is in the low bits of `shifted`
  double scale;
  std::memcpy(&scale, &exponent, sizeof scale);
  return p * scale;
}

}  // namespace

double exp_of_nonpositive(double x) { return exponential(x); }
void exp_of_nonpositive(double* x, long count) {
  for (long i = 0; i < count; ++i) x[i] = exponential(x[i]);
}

}  // namespace attnbounds::cpu
