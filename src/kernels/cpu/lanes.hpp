// Vectors of 64 bytes (8 doubles, 16 floats) in one, two or no registers, and what the kernels do with them.
// A vector is kept as `parts` of the processor's own width (AVX-512: one, AVX2 with FMA: two halves,
// elsewhere an array and std::fma). Every operation is IEEE's, and the sum over lanes has one order
// everywhere: fold the upper half of the lanes onto the lower one until one is left (log2(lanes) roundings a
// term). So results are the same bytes on every processor. Where a mask of all lanes is given, GCC 12 would
// else warn of its own header. Only the sources of this folder include this file: others are compiled for
// another processor.
#pragma once

#include <cmath>
#include <utility>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace attnbounds::cpu {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
inline namespace avx512 {
#elif defined(__AVX2__) && defined(__FMA__)
inline namespace avx2 {
#else
inline namespace portable {
#endif

template <class T>
constexpr long lanes = 64 / static_cast<long>(sizeof(T));  // the order of sums is defined in these

#if defined(__AVX512F__) && defined(__AVX512DQ__)
constexpr long vector_bytes = 64, vector_registers = 32;
#elif defined(__AVX2__) && defined(__FMA__)
constexpr long vector_bytes = 32, vector_registers = 16;
#else
constexpr long vector_bytes = 64, vector_registers = 16;
#endif

/// Lanes of the processor's own vectors, and how many of them make 64 bytes.
template <class T>
constexpr long width = vector_bytes / static_cast<long>(sizeof(T));
constexpr long parts = 64 / vector_bytes;

template <class T>
struct Vec;

#if defined(__AVX512F__) && defined(__AVX512DQ__)
template <>
struct Vec<double> {
  __m512d x;
  static Vec zero() { return {_mm512_setzero_pd()}; }
  static Vec load(const double* p) { return {_mm512_loadu_pd(p)}; }
  static Vec all(double v) { return {_mm512_set1_pd(v)}; }
  void store(double* p) const { _mm512_storeu_pd(p, x); }
  friend Vec operator+(Vec a, Vec b) { return {_mm512_add_pd(a.x, b.x)}; }
  friend Vec operator-(Vec a, Vec b) { return {_mm512_sub_pd(a.x, b.x)}; }
  friend Vec operator*(Vec a, Vec b) { return {_mm512_mul_pd(a.x, b.x)}; }
  friend Vec operator/(Vec a, Vec b) { return {_mm512_div_pd(a.x, b.x)}; }
  friend Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_pd(a.x, b.x, c.x)}; }
  friend Vec max(Vec a, Vec b) { return {_mm512_maskz_max_pd(0xFF, a.x, b.x)}; }  // b where either is NaN
  friend Vec min(Vec a, Vec b) { return {_mm512_maskz_min_pd(0xFF, a.x, b.x)}; }
  friend Vec abs(Vec a) { return {_mm512_abs_pd(a.x)}; }
  friend Vec sqrt(Vec a) { return {_mm512_maskz_sqrt_pd(0xFF, a.x)}; }
  friend Vec where_less(Vec a, Vec b, Vec x, Vec v) {  // x where a < b, else v
    return {_mm512_mask_mov_pd(v.x, _mm512_cmp_pd_mask(a.x, b.x, _CMP_LT_OQ), x.x)};
  }
  /// v 2^j for j in the low bits of `shifted` (an integer plus 1.5 2^52); v and the result are normal.
  friend Vec times_power(Vec v, Vec shifted) {
    return {_mm512_castsi512_pd(_mm512_add_epi64(
        _mm512_castpd_si512(v.x), _mm512_maskz_slli_epi64(0xFF, _mm512_castpd_si512(shifted.x), 52)))};
  }
};
template <>
struct Vec<float> {
  __m512 x;
  static Vec zero() { return {_mm512_setzero_ps()}; }
  static Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Vec all(float v) { return {_mm512_set1_ps(v)}; }
  void store(float* p) const { _mm512_storeu_ps(p, x); }
  friend Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.x, b.x)}; }
  friend Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.x, b.x)}; }
  friend Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.x, b.x)}; }
  friend Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.x, b.x)}; }
  friend Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.x, b.x, c.x)}; }
  friend Vec max(Vec a, Vec b) { return {_mm512_maskz_max_ps(0xFFFF, a.x, b.x)}; }
  friend Vec min(Vec a, Vec b) { return {_mm512_maskz_min_ps(0xFFFF, a.x, b.x)}; }
  friend Vec abs(Vec a) { return {_mm512_abs_ps(a.x)}; }
  friend Vec sqrt(Vec a) { return {_mm512_maskz_sqrt_ps(0xFFFF, a.x)}; }
  friend Vec where_less(Vec a, Vec b, Vec x, Vec v) {
    return {_mm512_mask_mov_ps(v.x, _mm512_cmp_ps_mask(a.x, b.x, _CMP_LT_OQ), x.x)};
  }
  friend Vec times_power(Vec v, Vec shifted) {
    return {_mm512_castsi512_ps(_mm512_add_epi32(
        _mm512_castps_si512(v.x), _mm512_maskz_slli_epi32(0xFFFF, _mm512_castps_si512(shifted.x), 23)))};
  }
};

/// Sums over the lanes of v[0], …, v[7], in this order.
inline Vec<double> lane_sums(const Vec<double>* v) {
  const auto halves = [](__m512d a, __m512d b) {
    return _mm512_add_pd(_mm512_maskz_shuffle_f64x2(0xFF, a, b, 0x44),
                         _mm512_maskz_shuffle_f64x2(0xFF, a, b, 0xEE));
  };
  const auto quarters = [](__m512d a, __m512d b) {
    return _mm512_add_pd(_mm512_maskz_shuffle_f64x2(0xFF, a, b, 0x88),
                         _mm512_maskz_shuffle_f64x2(0xFF, a, b, 0xDD));
  };
  const __m512d even = quarters(halves(v[0].x, v[2].x), halves(v[4].x, v[6].x)),
                odd = quarters(halves(v[1].x, v[3].x), halves(v[5].x, v[7].x));
  return {
      _mm512_add_pd(_mm512_maskz_unpacklo_pd(0xFF, even, odd), _mm512_maskz_unpackhi_pd(0xFF, even, odd))};
}
/// Of v[0], …, v[15].
inline Vec<float> lane_sums(const Vec<float>* v) {
  const auto halves = [](__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_maskz_shuffle_f32x4(0xFFFF, a, b, 0x44),
                         _mm512_maskz_shuffle_f32x4(0xFFFF, a, b, 0xEE));
  };
  const auto quarters = [](__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_maskz_shuffle_f32x4(0xFFFF, a, b, 0x88),
                         _mm512_maskz_shuffle_f32x4(0xFFFF, a, b, 0xDD));
  };
  const auto four = [&](long j) {
    return quarters(halves(v[j].x, v[4 + j].x), halves(v[8 + j].x, v[12 + j].x));
  };
  const auto pairs = [](__m512 a, __m512 b) {
    const __m512d x = _mm512_castps_pd(a), y = _mm512_castps_pd(b);
    return _mm512_add_ps(_mm512_castpd_ps(_mm512_maskz_unpacklo_pd(0xFF, x, y)),
                         _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(0xFF, x, y)));
  };
  const __m512 first = pairs(four(0), four(1)), second = pairs(four(2), four(3));
  return {_mm512_add_ps(_mm512_maskz_shuffle_ps(0xFFFF, first, second, 0x88),
                        _mm512_maskz_shuffle_ps(0xFFFF, first, second, 0xDD))};
}
#elif defined(__AVX2__) && defined(__FMA__)
template <>
struct Vec<double> {
  __m256d x;
  static Vec zero() { return {_mm256_setzero_pd()}; }
  static Vec load(const double* p) { return {_mm256_loadu_pd(p)}; }
  static Vec all(double v) { return {_mm256_set1_pd(v)}; }
  void store(double* p) const { _mm256_storeu_pd(p, x); }
  friend Vec operator+(Vec a, Vec b) { return {_mm256_add_pd(a.x, b.x)}; }
  friend Vec operator-(Vec a, Vec b) { return {_mm256_sub_pd(a.x, b.x)}; }
  friend Vec operator*(Vec a, Vec b) { return {_mm256_mul_pd(a.x, b.x)}; }
  friend Vec operator/(Vec a, Vec b) { return {_mm256_div_pd(a.x, b.x)}; }
  friend Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_pd(a.x, b.x, c.x)}; }
  friend Vec max(Vec a, Vec b) { return {_mm256_max_pd(a.x, b.x)}; }
  friend Vec min(Vec a, Vec b) { return {_mm256_min_pd(a.x, b.x)}; }
  friend Vec abs(Vec a) { return {_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.x)}; }
  friend Vec sqrt(Vec a) { return {_mm256_sqrt_pd(a.x)}; }
  friend Vec where_less(Vec a, Vec b, Vec x, Vec v) {
    return {_mm256_blendv_pd(v.x, x.x, _mm256_cmp_pd(a.x, b.x, _CMP_LT_OQ))};
  }
  friend Vec times_power(Vec v, Vec shifted) {
    return {_mm256_castsi256_pd(
        _mm256_add_epi64(_mm256_castpd_si256(v.x), _mm256_slli_epi64(_mm256_castpd_si256(shifted.x), 52)))};
  }
};
template <>
struct Vec<float> {
  __m256 x;
  static Vec zero() { return {_mm256_setzero_ps()}; }
  static Vec load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static Vec all(float v) { return {_mm256_set1_ps(v)}; }
  void store(float* p) const { _mm256_storeu_ps(p, x); }
  friend Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.x, b.x)}; }
  friend Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.x, b.x)}; }
  friend Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.x, b.x)}; }
  friend Vec operator/(Vec a, Vec b) { return {_mm256_div_ps(a.x, b.x)}; }
  friend Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.x, b.x, c.x)}; }
  friend Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.x, b.x)}; }
  friend Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.x, b.x)}; }
  friend Vec abs(Vec a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0F), a.x)}; }
  friend Vec sqrt(Vec a) { return {_mm256_sqrt_ps(a.x)}; }
  friend Vec where_less(Vec a, Vec b, Vec x, Vec v) {
    return {_mm256_blendv_ps(v.x, x.x, _mm256_cmp_ps(a.x, b.x, _CMP_LT_OQ))};
  }
  friend Vec times_power(Vec v, Vec shifted) {
    return {_mm256_castsi256_ps(
        _mm256_add_epi32(_mm256_castps_si256(v.x), _mm256_slli_epi32(_mm256_castps_si256(shifted.x), 23)))};
  }
};

/// Sums over the lanes of v[0], …, v[3]: what is left after the halves of 8 lanes have been folded.
inline Vec<double> lane_sums(const Vec<double>* v) {
  const auto halves = [](__m256d a, __m256d b) {
    return _mm256_add_pd(_mm256_permute2f128_pd(a, b, 0x20), _mm256_permute2f128_pd(a, b, 0x31));
  };
  const __m256d even = halves(v[0].x, v[2].x), odd = halves(v[1].x, v[3].x);
  return {_mm256_add_pd(_mm256_unpacklo_pd(even, odd), _mm256_unpackhi_pd(even, odd))};
}
inline Vec<float> lane_sums(const Vec<float>* v) {  // of v[0], …, v[7]
  const auto halves = [&](long j) {
    return _mm256_castps_pd(_mm256_add_ps(_mm256_permute2f128_ps(v[j].x, v[4 + j].x, 0x20),
                                          _mm256_permute2f128_ps(v[j].x, v[4 + j].x, 0x31)));
  };
  const auto pairs = [](__m256d a, __m256d b) {
    return _mm256_add_ps(_mm256_castpd_ps(_mm256_unpacklo_pd(a, b)),
                         _mm256_castpd_ps(_mm256_unpackhi_pd(a, b)));
  };
  const __m256 first = pairs(halves(0), halves(1)), second = pairs(halves(2), halves(3));
  return {_mm256_add_ps(_mm256_shuffle_ps(first, second, 0x88), _mm256_shuffle_ps(first, second, 0xDD))};
}
#else
template <class T>
struct Bits;
template <>
struct Bits<double> {
  using Integer = unsigned long long;
  static constexpr int mantissa = 52;
};
template <>
struct Bits<float> {
  using Integer = unsigned;
  static constexpr int mantissa = 23;
};
template <class T>
struct Vec {
  T x[64 / sizeof(T)];
  template <class F>
  static Vec each(const F& f) {
    Vec r;
    for (long i = 0; i < lanes<T>; ++i) r.x[i] = f(i);
    return r;
  }
  static Vec zero() { return all(0); }
  static Vec load(const T* p) {
    return each([&](long i) { return p[i]; });
  }
  static Vec all(T v) {
    return each([&](long) { return v; });
  }
  void store(T* p) const {
    for (long i = 0; i < lanes<T>; ++i) p[i] = x[i];
  }
  friend Vec operator+(const Vec& a, const Vec& b) {
    return each([&](long i) { return a.x[i] + b.x[i]; });
  }
  friend Vec operator-(const Vec& a, const Vec& b) {
    return each([&](long i) { return a.x[i] - b.x[i]; });
  }
  friend Vec operator*(const Vec& a, const Vec& b) {
    return each([&](long i) { return a.x[i] * b.x[i]; });
  }
  friend Vec operator/(const Vec& a, const Vec& b) {
    return each([&](long i) { return a.x[i] / b.x[i]; });
  }
  friend Vec fma(const Vec& a, const Vec& b, const Vec& c) {
    return each([&](long i) { return std::fma(a.x[i], b.x[i], c.x[i]); });
  }
  friend Vec max(const Vec& a, const Vec& b) {
    return each([&](long i) { return a.x[i] > b.x[i] ? a.x[i] : b.x[i]; });
  }
  friend Vec min(const Vec& a, const Vec& b) {
    return each([&](long i) { return a.x[i] < b.x[i] ? a.x[i] : b.x[i]; });
  }
  friend Vec abs(const Vec& a) {
    return each([&](long i) { return std::fabs(a.x[i]); });
  }
  friend Vec sqrt(const Vec& a) {
    return each([&](long i) { return std::sqrt(a.x[i]); });
  }
  friend Vec where_less(const Vec& a, const Vec& b, const Vec& x, const Vec& v) {
    return each([&](long i) { return a.x[i] < b.x[i] ? x.x[i] : v.x[i]; });
  }
  friend Vec times_power(const Vec& v, const Vec& shifted) {
    return each([&](long i) {
      using Integer = typename Bits<T>::Integer;
      return __builtin_bit_cast(
          T, static_cast<Integer>(__builtin_bit_cast(Integer, v.x[i]) +
                                  (__builtin_bit_cast(Integer, shifted.x[i]) << Bits<T>::mantissa)));
    });
  }
};
template <class T>
Vec<T> lane_sums(const Vec<T>* v) {
  return Vec<T>::each([&](long k) {
    Vec<T> fold = v[k];
    for (long half = lanes<T> / 2; half > 0; half /= 2)
      for (long i = 0; i < half; ++i) fold.x[i] += fold.x[i + half];
    return fold.x[0];
  });
}
#endif

/// Keeps v in a register where GCC would load it again from memory for each of its uses.
template <class T>
[[gnu::always_inline]] inline Vec<T> in_register(Vec<T> v) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
  asm("" : "+v"(v.x));
#elif defined(__AVX2__) && defined(__FMA__)
  asm("" : "+x"(v.x));
#endif
  return v;
}

/// f(0), …, f(N - 1), with constants.
template <long N, class F>
[[gnu::always_inline]] inline void unrolled(const F& f) {
  [&]<long... I>(std::integer_sequence<long, I...>) __attribute__((always_inline)) { (f(I), ...); }
  (std::make_integer_sequence<long, N>{});
}

constexpr long round_up(long x, long multiple) { return (x + multiple - 1) / multiple * multiple; }

}  // inline namespace
}  // namespace attnbounds::cpu
