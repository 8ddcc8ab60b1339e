#include "kernels/cpu/feature_sums.hpp"

#include <algorithm>
#include <cstring>

namespace attnbounds::cpu {
namespace {

constexpr long T = block_tokens;
typedef double Lanes __attribute__((vector_size(32)));  // 4 tokens, on every processor
constexpr long lanes = 4;

inline Lanes load(const double* p) {
  Lanes x;
  std::memcpy(&x, p, sizeof x);
  return x;
}
inline void store(double* p, const Lanes& x) { std::memcpy(p, &x, sizeof x); }

// Tokens [first, first + 32) of a row-major matrix, transposed; zero beyond `last`.
void load_block(View m, long first, long last, double* transposed) {
  for (long l = 0; l < m.columns; ++l)
    for (long t = 0; t < T; ++t)
      transposed[l * T + t] = first + t < last ? m.data[(first + t) * m.columns + l] : 0.0;
}

void fill_features(const Features& features, const double* x, double* f) {
  for (long t = 0; t < T; ++t) f[t] = 1;
  for (long r = 0; r < features.run_count; ++r) {
    const MonomialRun& run = features.runs[r];
    Lanes variable[T / lanes];
    for (long s = 0; s < T / lanes; ++s) variable[s] = load(x + run.variable * T + s * lanes);
    const double* parent = f + run.parent * T;
    double* child = f + run.child * T;
    for (long i = 0; i < run.count; ++i, parent += T, child += T)
      for (long s = 0; s < T / lanes; ++s) store(child + s * lanes, load(parent + s * lanes) * variable[s]);
  }
}

// hi + lo += x, Knuth's two-sum: `lo` gathers what the additions to `hi` lose.
inline void compensated_add(double& hi, double& lo, double x) {
  const double sum = hi + x, back = sum - hi;
  lo += (hi - (sum - back)) + (x - back);
  hi = sum;
}

}  // namespace

std::vector<double> key_sums(const Features& features, View keys, View values, long first, long last) {
  const long columns = values.columns + 1, size = features.rank * columns;
  std::vector<double> x(features.dimension * T), v(columns * T), f(features.rank * T);
  std::vector<double> plain(size, 0.0), hi(size, 0.0), lo(size, 0.0);
  long blocks = 0;
  for (long start = first; start < last; start += T) {
    load_block(keys, start, last, x.data());
    load_block(values, start, last, v.data());
    for (long t = 0; t < T; ++t) v[values.columns * T + t] = start + t < last ? 1.0 : 0.0;
    fill_features(features, x.data(), f.data());
    for (long a = 0; a < features.rank; ++a) {
      Lanes feature[T / lanes];
      for (long s = 0; s < T / lanes; ++s) feature[s] = load(f.data() + a * T + s * lanes);
      double* sums = plain.data() + a * columns;
      for (long c = 0; c < columns; ++c) {
        const double* value = v.data() + c * T;
        Lanes even = feature[0] * load(value), odd = feature[1] * load(value + lanes);
        for (long s = 2; s < T / lanes; s += 2) {  // 3 additions
          even += feature[s] * load(value + s * lanes);
          odd += feature[s + 1] * load(value + (s + 1) * lanes);
        }
        even += odd;  // 3 more, down to one number
        sums[c] += (even[0] + even[2]) + (even[1] + even[3]);
      }
    }
    if (++blocks % blocks_of_a_flush == 0 || start + T >= last)
      for (long e = 0; e < size; ++e) {
        compensated_add(hi[e], lo[e], plain[e]);
        plain[e] = 0;
      }
  }
  for (long e = 0; e < size; ++e) hi[e] += lo[e];
  return hi;
}

std::vector<double> compensated_sum(const std::vector<std::vector<double>>& parts) {
  std::vector<double> hi(parts.front().size(), 0.0), lo(hi);
  for (const std::vector<double>& part : parts)
    for (size_t e = 0; e < hi.size(); ++e) compensated_add(hi[e], lo[e], part[e]);
  for (size_t e = 0; e < hi.size(); ++e) hi[e] += lo[e];
  return hi;
}

std::vector<double> query_sums(const Features& features, View queries, View weighted_sums, long first,
                               long last) {
  const long columns = weighted_sums.columns;
  std::vector<double> x(features.dimension * T), f(features.rank * T), hi(columns * T), lo(columns * T);
  std::vector<double> result((last - first) * columns);
  for (long start = first; start < last; start += T) {
    load_block(queries, start, last, x.data());
    fill_features(features, x.data(), f.data());
    std::fill(hi.begin(), hi.end(), 0.0);
    std::fill(lo.begin(), lo.end(), 0.0);
    for (long from = 0; from < features.rank; from += monomials_of_a_flush) {
      const long to = std::min(features.rank, from + monomials_of_a_flush);
      for (long c = 0; c < columns; c += 2) {
        const long second = std::min(c + 1, columns - 1);  // the last column may be done twice
        Lanes sum[2][T / lanes] = {};
        for (long a = from; a < to; ++a) {
          const double one = weighted_sums.data[a * columns + c],
                       two = weighted_sums.data[a * columns + second];
          for (long s = 0; s < T / lanes; ++s) {
            const Lanes feature = load(f.data() + a * T + s * lanes);
            sum[0][s] += feature * one;
            sum[1][s] += feature * two;
          }
        }
        for (long pair = 0; pair <= second - c; ++pair)
          for (long t = 0; t < T; ++t)
            compensated_add(hi[(c + pair) * T + t], lo[(c + pair) * T + t], sum[pair][t / lanes][t % lanes]);
      }
    }
    for (long t = 0; t < std::min(T, last - start); ++t)
      for (long c = 0; c < columns; ++c)
        result[(start - first + t) * columns + c] = hi[c * T + t] + lo[c * T + t];
  }
  return result;
}

}  // namespace attnbounds::cpu
