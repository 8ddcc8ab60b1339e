#include "kernels/cpu/double_double_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#ifdef __FMA__
#include <immintrin.h>
#endif

namespace attnbounds::cpu {
namespace {

constexpr long lanes = 4;  // whatever the processor: the order of the sums must not depend on it
typedef double Lanes __attribute__((vector_size(32)));
typedef std::int64_t Integers __attribute__((vector_size(32)));

inline Lanes load(const double* p) {
  Lanes x;
  std::memcpy(&x, p, sizeof x);
  return x;
}
inline void store(double* p, const Lanes& x) { std::memcpy(p, &x, sizeof x); }

inline Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
#ifdef __FMA__
  return (Lanes)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
  Lanes r;
  for (int i = 0; i < lanes; ++i) r[i] = std::fma(a[i], b[i], c[i]);
  return r;
#endif
}

struct LanePair {
  Lanes high, low;
};

inline LanePair two_sum(const Lanes& a, const Lanes& b) {
  const Lanes s = a + b, b_part = s - a, a_part = s - b_part;
  return {s, (a - a_part) + (b - b_part)};
}
inline LanePair fast_two_sum(const Lanes& a, const Lanes& b) {
  const Lanes s = a + b;
  return {s, b - (s - a)};
}
inline LanePair two_product(const Lanes& a, const Lanes& b) {
  const Lanes p = a * b;
  return {p, fma(a, b, -p)};
}
inline LanePair sum(const LanePair& x, const LanePair& y) {  // AccurateDWPlusDW, 3 u^2/(1 - 4 u)
  const LanePair s = two_sum(x.high, y.high), t = two_sum(x.low, y.low);
  const LanePair v = fast_two_sum(s.high, s.low + t.high);
  return fast_two_sum(v.high, t.low + v.low);
}
inline LanePair sum(const LanePair& x, const Lanes& y) {  // DWPlusFP, 2 u^2
  const LanePair s = two_sum(x.high, y);
  return fast_two_sum(s.high, x.low + s.low);
}
/// c + r t for |r t| < |c|/4: 3.1 u^2 |c|, not normalised (|low| <= 4 u |high|).
inline LanePair add_product(const LanePair& c, const LanePair& r, const LanePair& t) {
  const LanePair p = two_product(r.high, t.high);
  const Lanes low = fma(r.high, t.low, fma(r.low, t.high, p.low));
  const LanePair s = fast_two_sum(c.high, p.high);
  return {s.high, (c.low + low) + s.low};
}

inline Lanes all(double x) { return Lanes{} + x; }

inline LanePair exponential(const PowersOfTwo& powers, LanePair x) {
  // ln 2/256 = first + second + third + 2^-136: the first two of 35 bits, so that k times them is exact.
  constexpr double first = 0x1.62e42fef8p-9, second = 0x1.1cf79abc8p-44, third = 0x1.e3b39803f2f6bp-80;
  constexpr double per_unit = 0x1.71547652b82fep+8, to_integer = 0x1.8p52;
  const Integers inside = x.high > all(double_double_exp_floor);
  x.high = inside ? x.high : all(double_double_exp_floor);
  x.low = inside ? x.low : Lanes{};
  const Lanes shifted = x.high * per_unit + to_integer, k = shifted - to_integer;
  const LanePair step = fast_two_sum(k * first, k * second);
  const LanePair r = sum(sum(x, LanePair{-step.high, -step.low}), -(k * third));

  // e^r - 1 = r t_1, t_1 = 1 + r t_2, t_2 = 1/2 + r t_3, t_3 = 1/6 + r t_4, t_4 = 1/24 + r (…) in double
  const Lanes h = r.high;
  Lanes tail = h * 0x1.71de3a556c734p-19 + 0x1.a01a01a01a01ap-16;
  tail = h * tail + 0x1.a01a01a01a01ap-13;
  tail = h * tail + 0x1.6c16c16c16c17p-10;
  tail = h * tail + 0x1.1111111111111p-7;
  LanePair t = fast_two_sum(all(0x1.5555555555555p-5), h * tail + 0x1.5555555555555p-59);
  t = add_product({all(0x1.5555555555555p-3), all(0x1.5555555555555p-57)}, r, t);
  t = add_product({all(0.5), Lanes{}}, r, t);
  t = add_product({all(1.0), Lanes{}}, r, t);
  const LanePair p = two_product(h, t.high);
  const LanePair z{p.high, fma(h, t.low, fma(r.low, t.high, p.low))};

  Integers bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  const double *high = powers.high, *low = powers.low;
  const Integers i = bits & 255;
  const LanePair power{{high[i[0]], high[i[1]], high[i[2]], high[i[3]]},
                       {low[i[0]], low[i[1]], low[i[2]], low[i[3]]}};
  const LanePair w = add_product(power, power, z);
  const LanePair normal = fast_two_sum(w.high, w.low);
  // 2^{floor(k/256)}: `shifted` is 1.5 2^52 + k, whose bits are those of 1.5 2^52 plus k.
  std::int64_t base_bits;
  std::memcpy(&base_bits, &to_integer, sizeof base_bits);
  const Integers exponent = (((bits - base_bits) >> 8) + 1023) << 52;
  Lanes scale;
  std::memcpy(&scale, &exponent, sizeof scale);
  return {normal.high * scale, normal.low * scale};
}

inline Pair two_sum(double a, double b) {
  const double s = a + b, b_part = s - a, a_part = s - b_part;
  return {s, (a - a_part) + (b - b_part)};
}
inline Pair fast_two_sum(double a, double b) {
  const double s = a + b;
  return {s, b - (s - a)};
}
Pair sum(Pair x, Pair y) {
  const Pair s = two_sum(x.high, y.high), t = two_sum(x.low, y.low);
  const Pair v = fast_two_sum(s.high, s.low + t.high);
  return fast_two_sum(v.high, t.low + v.low);
}
Pair sum_of_lanes(const LanePair& x) {
  Pair lane[lanes];
  for (int i = 0; i < lanes; ++i) lane[i] = {x.high[i], x.low[i]};
  return sum(sum(lane[0], lane[2]), sum(lane[1], lane[3]));
}

// h + l += the pair's product with v, the low parts in double; exact but for the roundings of low parts.
inline void accumulate(LanePair& total, const LanePair& w, const Lanes& v) {
  const LanePair p = two_product(w.high, v);
  const LanePair s = two_sum(total.high, p.high);
  total = {s.high, total.low + (s.low + fma(w.low, v, p.low))};
}

}  // namespace

void double_double_exp(const PowersOfTwo& powers, double* high, double* low, long count) {
  for (long i = 0; i < count; i += lanes) {
    const LanePair w = exponential(powers, {load(high + i), load(low + i)});
    store(high + i, w.high);
    store(low + i, w.low);
  }
}

DoubleDoubleRow double_double_row(const PowersOfTwo& powers, View<double> query, View<double> keys_transposed,
                                  View<double> values_transposed, long visible) {
  const long d = keys_transposed.rows, stride = keys_transposed.columns, columns = values_transposed.rows;
  const long blocks = (visible + keys_of_a_double_double_block - 1) / keys_of_a_double_double_block;
  const long count = blocks * keys_of_a_double_double_block;
  std::vector<double> high(count), low(count);
  const Lanes dimension = all(static_cast<double>(d));
  double largest = -INFINITY, least = INFINITY;
  for (long j = 0; j < count; j += lanes) {
    LanePair s{};
    for (long l = 0; l < d; ++l) {
      const LanePair p = two_product(all(query.data[l]), load(keys_transposed.data + l * stride + j));
      const LanePair t = two_sum(s.high, p.high);
      s = {t.high, s.low + (t.low + p.low)};
    }
    s = two_sum(s.high, s.low);
    // / d: DWDivFP, 3 u^2
    const Lanes quotient = s.high / dimension;
    const LanePair back = two_product(quotient, dimension);
    s = fast_two_sum(quotient, (((s.high - back.high) - back.low) + s.low) / dimension);
    store(high.data() + j, s.high);
    store(low.data() + j, s.low);
  }
  for (long j = 0; j < visible; ++j) {
    largest = std::fmax(largest, high[j]);
    least = std::fmin(least, high[j]);
  }
  const Lanes shift = all(-largest);

  std::vector<LanePair> total(columns + 1, LanePair{}), block(columns + 1);
  const Lanes index{0, 1, 2, 3};
  for (long from = 0; from < count; from += keys_of_a_double_double_block) {
    std::fill(block.begin(), block.end(), LanePair{});
    for (long j = from; j < from + keys_of_a_double_double_block; j += lanes) {
      LanePair w = exponential(powers, sum(LanePair{load(high.data() + j), load(low.data() + j)}, shift));
      const Integers seen = index + static_cast<double>(j) < all(static_cast<double>(visible));
      w = {seen ? w.high : Lanes{}, seen ? w.low : Lanes{}};
      for (long c = 0; c < columns; ++c)
        accumulate(block[c], w, load(values_transposed.data + c * stride + j));
      const LanePair s = two_sum(block[columns].high, w.high);
      block[columns] = {s.high, block[columns].low + (s.low + w.low)};
    }
    for (long c = 0; c <= columns; ++c) total[c] = sum(total[c], two_sum(block[c].high, block[c].low));
  }
  DoubleDoubleRow row{largest - least, {}};
  for (const LanePair& t : total) row.sums.push_back(sum_of_lanes(t));
  return row;
}

}  // namespace attnbounds::cpu
