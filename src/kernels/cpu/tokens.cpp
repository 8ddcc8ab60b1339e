#include "kernels/cpu/tokens.hpp"

#include <algorithm>
#include <cstdint>

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

/// Rows are read and written in order, but the processor's own prefetching stops at each page: asks for what
/// is `ahead` of `count` entries at p.
template <bool write, class T>
void fetch_ahead(const T* p, long count) {
  constexpr std::uintptr_t ahead = 4096, line = 64;
  const auto from = reinterpret_cast<std::uintptr_t>(p) + ahead;  // may lie behind the matrix: only a hint
  for (std::uintptr_t e = 0; e < static_cast<std::uintptr_t>(count) * sizeof(T); e += line)
    __builtin_prefetch(reinterpret_cast<const void*>(from + e), write);
}

#if defined(__AVX512F__) && defined(__AVX512DQ__)
// Eight tokens by four columns: rows 0|2, 1|3, 4|6, 5|7 are joined, so that two rounds of shuffles do. Floats
// are shuffled as doubles, which is exact.
template <long columns, bool centred, bool scaled, class T>
[[gnu::always_inline]] inline void load_eight(const T* rows, long row_stride, T* out, long stride,
                                              const T* centre, const T* scale) {
  constexpr __mmask8 mask = static_cast<__mmask8>((1 << columns) - 1);
  const auto row = [&](const T* p) {
    if constexpr (sizeof(T) == 8) return columns == 4 ? _mm256_loadu_pd(p) : _mm256_maskz_loadu_pd(mask, p);
    else return _mm256_cvtps_pd(columns == 4 ? _mm_loadu_ps(p) : _mm_maskz_loadu_ps(mask, p));
  };
  const T* const middle = rows + 4 * row_stride;
  const auto joined = [&](const T* p) {  // rows 0 and 2 from there
    return _mm512_maskz_insertf64x4(0xFF, _mm512_castpd256_pd512(row(p)), row(p + 2 * row_stride), 1);
  };
  const __m512d z0 = joined(rows), z1 = joined(rows + row_stride), z2 = joined(middle),
                z3 = joined(middle + row_stride);
  const __m512d a = _mm512_maskz_unpacklo_pd(0xFF, z0, z1), b = _mm512_maskz_unpackhi_pd(0xFF, z0, z1),
                c = _mm512_maskz_unpacklo_pd(0xFF, z2, z3), d = _mm512_maskz_unpackhi_pd(0xFF, z2, z3);
  const auto put = [&](long k, __m512d x) {
    if constexpr (sizeof(T) == 8) {
      if constexpr (centred) x = _mm512_sub_pd(x, _mm512_set1_pd(centre[k]));
      if constexpr (scaled) x = _mm512_mul_pd(x, _mm512_set1_pd(scale[k]));
      _mm512_storeu_pd(out + k * stride, x);
    } else {
      __m256 y = _mm512_maskz_cvtpd_ps(0xFF, x);
      if constexpr (centred) y = _mm256_sub_ps(y, _mm256_set1_ps(centre[k]));
      if constexpr (scaled) y = _mm256_mul_ps(y, _mm256_set1_ps(scale[k]));
      _mm256_storeu_ps(out + k * stride, y);
    }
  };
  put(0, _mm512_maskz_shuffle_f64x2(0xFF, a, c, 0x88));
  if constexpr (columns > 1) put(1, _mm512_maskz_shuffle_f64x2(0xFF, b, d, 0x88));
  if constexpr (columns > 2) put(2, _mm512_maskz_shuffle_f64x2(0xFF, a, c, 0xDD));
  if constexpr (columns > 3) put(3, _mm512_maskz_shuffle_f64x2(0xFF, b, d, 0xDD));
}
template <bool centred, bool scaled, class T>
void load_eights(const T* rows, long columns, long tokens, T* out, long stride, const Coordinates<T>& to) {
  for (long t = 0; t < tokens; t += 8, rows += 8 * columns, out += 8) {
    fetch_ahead<false>(rows, 8 * columns);
    const T *from = rows, *centre = to.centre, *scale = to.scale;
    T* at = out;
    const auto load = [&]<long count>(std::integral_constant<long, count>) __attribute__((always_inline)) {
      load_eight<count, centred, scaled>(from, columns, at, stride, centre, scale);
    };
    long left = columns;
    for (; left >= 4; left -= 4) {
      load(std::integral_constant<long, 4>());
      from += 4;
      at += 4 * stride;
      if constexpr (centred) centre += 4;
      if constexpr (scaled) scale += 4;
    }
    if (left == 3) load(std::integral_constant<long, 3>());
    else if (left == 2) load(std::integral_constant<long, 2>());
    else if (left == 1) load(std::integral_constant<long, 1>());
  }
}
/// Whole eights of tokens; returns how many tokens that were.
template <class T>
long load_eights(const T* rows, long columns, long tokens, T* out, long stride, const Coordinates<T>& to) {
  const long whole = tokens / 8 * 8;
  const auto load = to.centre ? (to.scale ? load_eights<true, true, T> : load_eights<true, false, T>)
                              : (to.scale ? load_eights<false, true, T> : load_eights<false, false, T>);
  load(rows, columns, whole, out, stride, to);
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
  const auto put_row = [&](long t, __m256d row) {
    if (columns == 4) _mm256_storeu_pd(rows + t * row_stride, row);  // a masked store is far slower
    else _mm256_mask_storeu_pd(rows + t * row_stride, mask, row);
  };
  const auto put = [&](long t, __m512d two) {  // tokens t and t + 2
    put_row(t, _mm512_maskz_extractf64x4_pd(0xFF, two, 0));
    put_row(t + 2, _mm512_maskz_extractf64x4_pd(0xFF, two, 1));
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

constexpr long block = 64;             // tokens of a scan: they stay in the first cache
constexpr long block_stride = 64 + 8;  // rows 2^k bytes apart would meet in the cache

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
    for (; done + 8 <= tokens; done += 8) {
      fetch_ahead<true>(rows + done * columns, 8 * columns);
      for (long l = 0; l < columns; l += 4)
        store_eight(transposed + done + l * stride, stride, std::min(4L, columns - l),
                    rows + done * columns + l, columns);
    }
  for (long t = done; t < tokens; ++t)
    for (long l = 0; l < columns; ++l) rows[t * columns + l] = transposed[l * stride + t];
}

template <class T>
T largest_entry(View<T> m, long first, long last) {
  const T* p = m.data + first * m.columns;
  const long size = (last - first) * m.columns;
  Vec<T> most[4] = {Vec<T>::zero(), Vec<T>::zero(), Vec<T>::zero(), Vec<T>::zero()};
  long e = 0;
  for (; e + 4 * width<T> <= size; e += 4 * width<T>) {
    fetch_ahead<false>(p + e, 4 * width<T>);
    unrolled<4>([&](long i) __attribute__((always_inline)) {
      most[i] = max(most[i], abs(Vec<T>::load(p + e + i * width<T>)));
    });
  }
  T lane[width<T>], largest = 0;
  max(max(most[0], most[1]), max(most[2], most[3])).store(lane);
  for (const T x : lane) largest = std::max(largest, x);
  for (; e < size; ++e) largest = std::max(largest, std::fabs(p[e]));
  return largest;
}

template <class T>
void KeyScan<T>::include(const KeyScan& other) {
  for (std::size_t l = 0; l < least.size(); ++l) {
    least[l] = std::min(least[l], other.least[l]);
    most[l] = std::max(most[l], other.most[l]);
  }
  square = std::max(square, other.square);
}

template <class T>
KeyScan<T> key_scan(View<T> k, long first, long last, const T* centre) {
  const long d = k.columns;
  Buffer<T> x(d * block_stride), least(d * width<T>), most(d * width<T>);
  T squares[block];
  for (long l = 0; l < d; ++l) {
    const Vec<T> one = Vec<T>::all(moved(k.data[first * d + l], l, Coordinates<T>{centre, nullptr}));
    one.store(least.data() + l * width<T>);
    one.store(most.data() + l * width<T>);
  }
  Vec<T> longest = Vec<T>::zero();
  for (long start = first; start < last; start += block) {
    const long end = std::min(last, start + block), padded = round_up(end - start, width<T>);
    load_tokens<T>(k, start, end, end - start, block_stride, {centre, nullptr}, x.data());
    for (long l = 0; l < d; ++l)  // up to whole lanes the last token once more
      std::fill(x.data() + l * block_stride + (end - start), x.data() + l * block_stride + padded,
                x[l * block_stride + (end - start) - 1]);
    std::fill(squares, squares + padded, square_guard<T>);
    for (long l = 0; l < d; ++l) {
      Vec<T> low = Vec<T>::load(least.data() + l * width<T>), high = Vec<T>::load(most.data() + l * width<T>);
      for (long t = 0; t < padded; t += width<T>) {
        const Vec<T> entry = Vec<T>::load(x.data() + l * block_stride + t);
        low = min(low, entry);
        high = max(high, entry);
        fma(entry, entry, Vec<T>::load(squares + t)).store(squares + t);
      }
      low.store(least.data() + l * width<T>);
      high.store(most.data() + l * width<T>);
    }
    for (long t = 0; t < padded; t += width<T>) longest = max(Vec<T>::load(squares + t), longest);
  }
  KeyScan<T> scan;
  for (long l = 0; l < d * width<T>; l += width<T>) {
    scan.least.push_back(*std::min_element(least.data() + l, least.data() + l + width<T>));
    scan.most.push_back(*std::max_element(most.data() + l, most.data() + l + width<T>));
  }
  longest.store(squares);
  scan.square = *std::max_element(squares, squares + width<T>);
  return scan;
}

template <class T>
void QueryScan<T>::include(const QueryScan& other) {
  for (long i = 0; i < lanes; ++i) {
    half_widths[i] = std::max(half_widths[i], other.half_widths[i]);
    sums[i] = std::max(sums[i], other.sums[i]);
    entries[i] = std::max(entries[i], other.entries[i]);
  }
}
template <class T>
T QueryScan<T>::largest(const T (&lane)[lanes]) {
  return *std::max_element(lane, lane + lanes);
}

namespace {
/// Not inlined: beside the loads GCC keeps the three maxima on the stack.
template <class T>
[[gnu::noinline]] void scan_and_scale(T* transposed, long dimension, long tokens, long stride,
                                      QueryMeasures<T> by, QueryScan<T>& scan) {
  const Vec<T> longest = Vec<T>::all(by.longest);
  Vec<T> half_width = Vec<T>::load(scan.half_widths), sums = Vec<T>::load(scan.sums),
         largest = Vec<T>::load(scan.entries);
  for (long t = 0; t < tokens; t += width<T>) {
    Vec<T> square = Vec<T>::all(square_guard<T>), hoelder = Vec<T>::zero(), sum = hoelder;
    for (long l = 0; l < dimension; ++l) {
      T* at = transposed + l * stride + t;
      const Vec<T> entry = Vec<T>::load(at), scaled = entry * Vec<T>::all(by.scale[l]), size = abs(scaled);
      scaled.store(at);
      square = fma(entry, entry, square);
      hoelder = fma(size, Vec<T>::all(by.box[l]), hoelder);
      sum = sum + size;
      largest = max(size, largest);
    }
    half_width = max(min(sqrt(square) * longest, hoelder), half_width);  // hoelder where the other is NaN
    sums = max(sum, sums);
  }
  half_width.store(scan.half_widths);
  sums.store(scan.sums);
  largest.store(scan.entries);
}
}  // namespace

template <class T>
void load_and_scan(View<T> q, long first, long last, long padded, long stride, QueryMeasures<T> by,
                   T* transposed, QueryScan<T>& scan) {
  load_tokens<T>(q, first, last, padded, stride, {}, transposed);
  scan_and_scale(transposed, q.columns, padded, stride, by, scan);
}

template <class T>
QueryScan<T> query_scan(View<T> q, long first, long last, QueryMeasures<T> by) {
  Buffer<T> x(q.columns * block_stride);
  QueryScan<T> scan;
  for (long start = first; start < last; start += block) {
    const long end = std::min(last, start + block);
    load_and_scan(q, start, end, round_up(end - start, width<T>), block_stride, by, x.data(), scan);
  }
  return scan;
}

#define ATTNBOUNDS_TOKENS(T)                                                                         \
  template void load_tokens(View<T>, long, long, long, long, Coordinates<T>, T*);                    \
  template void store_tokens(const T*, long, long, long, T*);                                        \
  template T largest_entry(View<T>, long, long);                                                     \
  template struct KeyScan<T>;                                                                        \
  template KeyScan<T> key_scan(View<T>, long, long, const T*);                                       \
  template struct QueryScan<T>;                                                                      \
  template void load_and_scan(View<T>, long, long, long, long, QueryMeasures<T>, T*, QueryScan<T>&); \
  template QueryScan<T> query_scan(View<T>, long, long, QueryMeasures<T>)
ATTNBOUNDS_TOKENS(double);
ATTNBOUNDS_TOKENS(float);
#undef ATTNBOUNDS_TOKENS

}  // namespace attnbounds::cpu
