#include "kernels/cpu/tokens.hpp"

#include <algorithm>

#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/lanes.hpp"

namespace attnbounds::cpu {
namespace {

/// The scale may be there without a centre.
template <class T>
T moved(T x, long l, const Coordinates<T>& to) {
  if (to.centre) x -= to.centre[l];
  return to.scale ? x * to.scale[l] : x;
}

#if defined(__AVX512F__) && defined(__AVX512DQ__)
// Eight tokens by four columns: rows 0|2, 1|3, 4|6, 5|7 are joined, so that two rounds of shuffles do. Floats
// are shuffled as doubles, which is exact.
template <long columns, class T>
void load_eight(const T* rows, long row_stride, T* out, long stride, const T* centre, const T* scale) {
  constexpr __mmask8 mask = static_cast<__mmask8>((1 << columns) - 1);
  const auto row = [&](long t) {
    const T* p = rows + t * row_stride;
    if constexpr (sizeof(T) == 8) return columns == 4 ? _mm256_loadu_pd(p) : _mm256_maskz_loadu_pd(mask, p);
    else return _mm256_cvtps_pd(columns == 4 ? _mm_loadu_ps(p) : _mm_maskz_loadu_ps(mask, p));
  };
  const auto joined = [&](long a, long b) {
    return _mm512_maskz_insertf64x4(0xFF, _mm512_castpd256_pd512(row(a)), row(b), 1);
  };
  const __m512d z0 = joined(0, 2), z1 = joined(1, 3), z2 = joined(4, 6), z3 = joined(5, 7);
  const __m512d a = _mm512_maskz_unpacklo_pd(0xFF, z0, z1), b = _mm512_maskz_unpackhi_pd(0xFF, z0, z1),
                c = _mm512_maskz_unpacklo_pd(0xFF, z2, z3), d = _mm512_maskz_unpackhi_pd(0xFF, z2, z3);
  const auto put = [&](long k, __m512d x) {
    if constexpr (sizeof(T) == 8) {
      if (centre) x = _mm512_sub_pd(x, _mm512_set1_pd(centre[k]));
      if (scale) x = _mm512_mul_pd(x, _mm512_set1_pd(scale[k]));
      _mm512_storeu_pd(out + k * stride, x);
    } else {
      __m256 y = _mm512_maskz_cvtpd_ps(0xFF, x);
      if (centre) y = _mm256_sub_ps(y, _mm256_set1_ps(centre[k]));
      if (scale) y = _mm256_mul_ps(y, _mm256_set1_ps(scale[k]));
      _mm256_storeu_ps(out + k * stride, y);
    }
  };
  put(0, _mm512_maskz_shuffle_f64x2(0xFF, a, c, 0x88));
  if constexpr (columns > 1) put(1, _mm512_maskz_shuffle_f64x2(0xFF, b, d, 0x88));
  if constexpr (columns > 2) put(2, _mm512_maskz_shuffle_f64x2(0xFF, a, c, 0xDD));
  if constexpr (columns > 3) put(3, _mm512_maskz_shuffle_f64x2(0xFF, b, d, 0xDD));
}
/// Whole eights of tokens; returns how many tokens that were.
template <class T>
long load_eights(const T* rows, long columns, long tokens, T* out, long stride, const Coordinates<T>& to) {
  const long whole = tokens / 8 * 8;
  for (long l = 0; l < columns; l += 4) {
    const T *centre = to.centre ? to.centre + l : nullptr, *scale = to.scale ? to.scale + l : nullptr;
    const auto all = [&](auto load) {
      for (long t = 0; t < whole; t += 8)
        load(rows + t * columns + l, columns, out + l * stride + t, stride, centre, scale);
    };
    switch (columns - l) {
      case 1:
        all(load_eight<1, T>);
        break;
      case 2:
        all(load_eight<2, T>);
        break;
      case 3:
        all(load_eight<3, T>);
        break;
      default:
        all(load_eight<4, T>);
    }
  }
  return whole;
}
void store_eight(const double* in, long stride, long columns, double* rows, long row_stride) {
  const __mmask8 mask = static_cast<__mmask8>((1 << columns) - 1);
  const auto column = [&](long k) {
    return k < columns ? _mm512_loadu_pd(in + k * stride) : _mm512_setzero_pd();
  };
  const __m512d c0 = column(0), c1 = column(1), c2 = column(2), c3 = column(3);
  const __m512d even = _mm512_maskz_unpacklo_pd(0xFF, c0, c1), odd = _mm512_maskz_unpackhi_pd(0xFF, c0, c1),
                even2 = _mm512_maskz_unpacklo_pd(0xFF, c2, c3), odd2 = _mm512_maskz_unpackhi_pd(0xFF, c2, c3);
  const __m512i low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                high = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  const auto put = [&](long t, __m512d two) {  // tokens t and t + 2
    _mm256_mask_storeu_pd(rows + t * row_stride, mask, _mm512_maskz_extractf64x4_pd(0xFF, two, 0));
    _mm256_mask_storeu_pd(rows + (t + 2) * row_stride, mask, _mm512_maskz_extractf64x4_pd(0xFF, two, 1));
  };
  put(0, _mm512_permutex2var_pd(even, low, even2));
  put(1, _mm512_permutex2var_pd(odd, low, odd2));
  put(4, _mm512_permutex2var_pd(even, high, even2));
  put(5, _mm512_permutex2var_pd(odd, high, odd2));
}
constexpr bool eights = true;
#else
template <class T>
long load_eights(const T*, long, long, T*, long, const Coordinates<T>&) {
  return 0;
}
void store_eight(const double*, long, long, double*, long) {}
constexpr bool eights = false;
#endif

constexpr long block = 256;              // tokens of a scan
constexpr long block_stride = 256 + 16;  // rows 2^k bytes apart would meet in the cache

}  // namespace

template <class T>
void load_tokens(View<T> m, long first, long last, long padded, long stride, Coordinates<T> coordinates,
                 T* transposed) {
  const long tokens = last - first, columns = m.columns;
  const T* rows = m.data + first * columns;
  const long done = load_eights(rows, columns, tokens, transposed, stride, coordinates);
  for (long t = done; t < tokens; ++t)
    for (long l = 0; l < columns; ++l)
      transposed[l * stride + t] = moved(rows[t * columns + l], l, coordinates);
  if (padded > tokens)
    for (long l = 0; l < columns; ++l)
      std::fill(transposed + l * stride + tokens, transposed + l * stride + padded, T(0));
}

template <class T>
void store_tokens(const T* transposed, long stride, long columns, long tokens, T* rows) {
  long done = 0;
  if constexpr (eights && sizeof(T) == 8)
    for (; done + 8 <= tokens; done += 8)
      for (long l = 0; l < columns; l += 4)
        store_eight(transposed + done + l * stride, stride, std::min(4L, columns - l),
                    rows + done * columns + l, columns);
  for (long t = done; t < tokens; ++t)
    for (long l = 0; l < columns; ++l) rows[t * columns + l] = transposed[l * stride + t];
}

template <class T>
void ColumnRange<T>::include(const ColumnRange& other) {
  for (std::size_t l = 0; l < least.size(); ++l) {
    least[l] = std::min(least[l], other.least[l]);
    most[l] = std::max(most[l], other.most[l]);
  }
}

// Some rows together are d vectors; entry e of them belongs to column e mod d.
template <class T>
ColumnRange<T> column_range(View<T> m, long first, long last) {
  const long d = m.columns, together = width<T>;
  const T* data = m.data + first * d;
  ColumnRange<T> range{std::vector<T>(data, data + d), std::vector<T>(data, data + d)};
  const long rows = last - first, whole = rows / together;
  const auto entry = [&](long l, T x) {
    const auto at = static_cast<std::size_t>(l);
    range.least[at] = std::min(range.least[at], x);
    range.most[at] = std::max(range.most[at], x);
  };
  if (whole > 0) {
    Buffer<T> least(d * together), most(d * together);
    std::copy(data, data + d * together, least.data());
    std::copy(data, data + d * together, most.data());
    for (long r = 1; r < whole; ++r) {
      const T* p = data + r * d * together;
      for (long e = 0; e < d * together; e += together) {
        const Vec<T> x = Vec<T>::load(p + e);
        min(Vec<T>::load(least.data() + e), x).store(least.data() + e);
        max(Vec<T>::load(most.data() + e), x).store(most.data() + e);
      }
    }
    for (long e = 0; e < d * together; ++e) entry(e % d, least[e]), entry(e % d, most[e]);
  }
  for (long e = whole * together * d; e < rows * d; ++e) entry(e % d, data[e]);
  return range;
}

template <class T>
T largest_entry(View<T> m, long first, long last) {
  const T* p = m.data + first * m.columns;
  const long size = (last - first) * m.columns;
  Vec<T> most[4] = {Vec<T>::zero(), Vec<T>::zero(), Vec<T>::zero(), Vec<T>::zero()};
  long e = 0;
  for (; e + 4 * width<T> <= size; e += 4 * width<T>)
    unrolled<4>([&](long i) __attribute__((always_inline)) {
      most[i] = max(most[i], abs(Vec<T>::load(p + e + i * width<T>)));
    });
  T lane[width<T>], largest = 0;
  max(max(most[0], most[1]), max(most[2], most[3])).store(lane);
  for (const T x : lane) largest = std::max(largest, x);
  for (; e < size; ++e) largest = std::max(largest, std::fabs(p[e]));
  return largest;
}

namespace {
template <class T>
constexpr T underflow_guard = sizeof(T) == 8 ? T(0x1p-1000) : T(0x1p-120F);

template <class T>
T largest_lane(Vec<T> v) {
  T lane[width<T>], largest = 0;
  v.store(lane);
  for (const T x : lane) largest = std::max(largest, x);
  return largest;
}
}  // namespace

template <class T>
T largest_square(View<T> m, long first, long last, Coordinates<T> coordinates) {
  const long d = m.columns;
  Buffer<T> x(d * block_stride);
  Vec<T> most = Vec<T>::zero();
  for (long start = first; start < last; start += block) {
    const long end = std::min(last, start + block), padded = round_up(end - start, width<T>);
    load_tokens(m, start, end, padded, block_stride, coordinates, x.data());
    for (long t = 0; t < padded; t += width<T>) {
      Vec<T> sum = Vec<T>::all(underflow_guard<T>);
      for (long l = 0; l < d; ++l) {
        const Vec<T> entry = Vec<T>::load(x.data() + l * block_stride + t);
        sum = fma(entry, entry, sum);
      }
      most = max(sum, most);
    }
  }
  return largest_lane(most);
}

template <class T>
QueryScan<T> query_scan(View<T> q, long first, long last, const T* scale, const T* box, T longest_key) {
  const long d = q.columns;
  Buffer<T> x(d * block_stride);
  Vec<T> half_width = Vec<T>::zero(), sums = half_width, largest = half_width;
  const Vec<T> longest = Vec<T>::all(longest_key);
  for (long start = first; start < last; start += block) {
    const long end = std::min(last, start + block), padded = round_up(end - start, width<T>);
    load_tokens(q, start, end, padded, block_stride, {}, x.data());
    for (long t = 0; t < padded; t += width<T>) {
      Vec<T> square = Vec<T>::all(underflow_guard<T>), hoelder = Vec<T>::zero(), sum = hoelder;
      for (long l = 0; l < d; ++l) {
        const Vec<T> entry = Vec<T>::load(x.data() + l * block_stride + t),
                     size = abs(entry * Vec<T>::all(scale[l]));
        square = fma(entry, entry, square);
        hoelder = fma(size, Vec<T>::all(box[l]), hoelder);
        sum = sum + size;
        largest = max(size, largest);
      }
      half_width = max(min(sqrt(square) * longest, hoelder), half_width);  // hoelder where the other is NaN
      sums = max(sum, sums);
    }
  }
  return {largest_lane(half_width), largest_lane(sums), largest_lane(largest)};
}

#define ATTNBOUNDS_TOKENS(T)                                                      \
  template void load_tokens(View<T>, long, long, long, long, Coordinates<T>, T*); \
  template void store_tokens(const T*, long, long, long, T*);                     \
  template struct ColumnRange<T>;                                                 \
  template ColumnRange<T> column_range(View<T>, long, long);                      \
  template T largest_entry(View<T>, long, long);                                  \
  template T largest_square(View<T>, long, long, Coordinates<T>);                 \
  template QueryScan<T> query_scan(View<T>, long, long, const T*, const T*, T)
ATTNBOUNDS_TOKENS(double);
ATTNBOUNDS_TOKENS(float);
#undef ATTNBOUNDS_TOKENS

}  // namespace attnbounds::cpu
