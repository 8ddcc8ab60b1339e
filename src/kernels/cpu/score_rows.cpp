#include "kernels/cpu/score_rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cpu/feature_sums.hpp"
#include "kernels/cpu/lanes.hpp"

namespace attnbounds::cpu {
namespace {

constexpr long vectors = 2;  // of a tile
constexpr long keys_together =
    vector_registers >= 32 ? 4 : 2;  // scores in registers: vectors x keys_together

template <class T>
struct ExpConstants;
template <>
struct ExpConstants<double> {
  static constexpr double log2_e = 0x1.71547652b82fep+0, hi = 0x1.62e42fefa39efp-1,
                          lo = 0x1.abc9e3b39803fp-56, to_integer = 0x1.8p52, least_exponent = -1000,
                          no_maximum_needed = 500;
  static constexpr double coefficients[] = {1.0,
                                            1.0,
                                            1.0 / 2,
                                            1.0 / 6,
                                            1.0 / 24,
                                            1.0 / 120,
                                            1.0 / 720,
                                            1.0 / 5040,
                                            1.0 / 40320,
                                            1.0 / 362880,
                                            1.0 / 3628800,
                                            1.0 / 39916800,
                                            1.0 / 479001600,
                                            1.0 / 6227020800.0};
};
template <>
struct ExpConstants<float> {
  static constexpr float log2_e = 0x1.715476p+0F, hi = 0x1.62e43p-1F, lo = -0x1.05c61p-29F,
                         to_integer = 0x1.8p23F, least_exponent = -100, no_maximum_needed = 40;
  static constexpr float coefficients[] = {1.0F,      1.0F,       1.0F / 2,   1.0F / 6,
                                           1.0F / 24, 1.0F / 120, 1.0F / 720, 1.0F / 5040};
};

/// p = e^r and the integer j as `shifted`, for N vectors at once (their chains overlap).
template <class T, long N>
[[gnu::always_inline]] inline void exp_parts(const Vec<T>* s, Vec<T>* p, Vec<T>* shifted) {
  using K = ExpConstants<T>;
  constexpr long degree = static_cast<long>(std::size(K::coefficients)) - 1;
  const Vec<T> to_integer = Vec<T>::all(K::to_integer);
  Vec<T> r[N];
  unrolled<N>([&](long i) __attribute__((always_inline)) {
    shifted[i] = fma(s[i], Vec<T>::all(K::log2_e), to_integer);
    const Vec<T> j = shifted[i] - to_integer;
    r[i] = fma(j, Vec<T>::all(-K::lo), fma(j, Vec<T>::all(-K::hi), s[i]));
    p[i] = Vec<T>::all(K::coefficients[degree]);
  });
  unrolled<degree>([&](long t) __attribute__((always_inline)) {
    const Vec<T> c = Vec<T>::all(K::coefficients[degree - 1 - t]);
    unrolled<N>([&](long i) __attribute__((always_inline)) { p[i] = fma(p[i], r[i], c); });
  });
}

enum class Weight { exponential, online, polynomial };

/// Scores of keys [at, at + K) and a tile of queries.
template <class T, long K>
[[gnu::always_inline]] inline void score_block(const T* queries, const T* keys, long dimension, Vec<T>* s) {
  constexpr long V = vectors, tile = V * width<T>;
  unrolled<K * V>([&](long e) __attribute__((always_inline)) { s[e] = Vec<T>::zero(); });
  for (long l = 0; l < dimension; ++l) {
    Vec<T> q[V];
    unrolled<V>([&](long v) __attribute__((always_inline)) {
      q[v] = in_register(Vec<T>::load(queries + l * tile + v * width<T>));
    });
    unrolled<K>([&](long k) __attribute__((always_inline)) {
      const Vec<T> key = in_register(Vec<T>::all(keys[l * keys_of_a_block + k]));
      unrolled<V>([&](long v)
                      __attribute__((always_inline)) { s[k * V + v] = fma(q[v], key, s[k * V + v]); });
    });
  }
}

/// Weights of a block of keys for a tile of queries, without a maximum, at [key * tile + lane].
template <class T, Weight weight, bool masked>
void weigh(const T* queries, const T* keys, long dimension, long count, const std::vector<T>& coefficients,
           const T* row_index, long first_key, T* weights) {
  constexpr long K = keys_together, V = vectors, tile = V * width<T>;
  for (long at = 0; at < count; at += K) {
    Vec<T> s[K * V], p[K * V], shifted[K * V];
    score_block<T, K>(queries, keys + at, dimension, s);
    if constexpr (weight == Weight::polynomial) {
      unrolled<K * V>([&](long e)
                          __attribute__((always_inline)) { p[e] = Vec<T>::all(coefficients.back()); });
      for (long t = static_cast<long>(coefficients.size()) - 2; t >= 0; --t) {
        const Vec<T> c = in_register(Vec<T>::all(coefficients[static_cast<std::size_t>(t)]));
        unrolled<K * V>([&](long e) __attribute__((always_inline)) { p[e] = fma(p[e], s[e], c); });
      }
    } else {
      exp_parts<T, K * V>(s, p, shifted);
      unrolled<K * V>([&](long e) __attribute__((always_inline)) { p[e] = times_power(p[e], shifted[e]); });
    }
    unrolled<K * V>([&](long e) __attribute__((always_inline)) {
      if constexpr (masked)
        p[e] = where_less(Vec<T>::load(row_index + e % V * width<T>),
                          Vec<T>::all(static_cast<T>(first_key + at + e / V)), Vec<T>::zero(), p[e]);
      p[e].store(weights + at * tile + e * width<T>);
    });
  }
}

/// The same with the running maximum: exponent_ (one a row) rises to that of the block's largest score, and
/// `factor` is 2^(old - new), exactly (0 becomes 2^least where even the exponent is out of range).
template <class T, bool masked>
void weigh_online(const T* queries, const T* keys, long dimension, long count, T lowest, const T* row_index,
                  long first_key, bool fresh, T* exponent, T* factor, T* weights) {
  using E = ExpConstants<T>;
  constexpr long K = keys_together, V = vectors, tile = V * width<T>;
  const Vec<T> to_integer = Vec<T>::all(E::to_integer), least = Vec<T>::all(E::least_exponent);
  Vec<T> largest[V];
  for (Vec<T>& x : largest) x = Vec<T>::all(lowest);
  const auto visible = [&](long e, long at, Vec<T> x, T unseen) {
    return where_less(Vec<T>::load(row_index + e % V * width<T>),
                      Vec<T>::all(static_cast<T>(first_key + at + e / V)), Vec<T>::all(unseen), x);
  };
  for (long at = 0; at < count; at += K) {
    Vec<T> s[K * V];
    score_block<T, K>(queries, keys + at, dimension, s);
    for (long e = 0; e < K * V; ++e) {
      if constexpr (masked) s[e] = visible(e, at, s[e], lowest);
      if (at + e / V < count) largest[e % V] = max(s[e], largest[e % V]);
      s[e].store(weights + at * tile + e * width<T>);
    }
  }
  Vec<T> now[V];
  for (long v = 0; v < V; ++v) {
    const Vec<T> top = fma(largest[v], Vec<T>::all(E::log2_e), to_integer) - to_integer;
    const Vec<T> old = fresh ? top : Vec<T>::load(exponent + v * width<T>);
    now[v] = max(top, old);
    now[v].store(exponent + v * width<T>);
    times_power(Vec<T>::all(1), max(old - now[v], least) + to_integer).store(factor + v * width<T>);
  }
  for (long at = 0; at < count; at += K) {
    Vec<T> s[K * V], p[K * V], shifted[K * V];
    for (long e = 0; e < K * V; ++e) s[e] = Vec<T>::load(weights + at * tile + e * width<T>);
    exp_parts<T, K * V>(s, p, shifted);
    for (long e = 0; e < K * V; ++e) {
      const Vec<T> j = max((shifted[e] - to_integer) - now[e % V], least);
      p[e] = times_power(p[e], j + to_integer);
      if constexpr (masked) p[e] = visible(e, at, p[e], 0);
      p[e].store(weights + at * tile + e * width<T>);
    }
  }
}

/// Sums of `count` weighted values, columns [0, C), onto hi and lo.
template <class T, long C>
void weighted_sums(const T* weights, const T* values, long value_stride, long count, double* hi, double* lo,
                   long stride) {
  constexpr long V = vectors, tile = V * width<T>;
  Vec<T> sum[C * V];
  unrolled<C * V>([&](long e) __attribute__((always_inline)) { sum[e] = Vec<T>::zero(); });
  for (long j = 0; j < count; ++j) {
    Vec<T> w[V];
    unrolled<V>([&](long v) __attribute__((always_inline)) {
      w[v] = in_register(Vec<T>::load(weights + j * tile + v * width<T>));
    });
    unrolled<C>([&](long c) __attribute__((always_inline)) {
      const Vec<T> value = in_register(Vec<T>::all(values[j * value_stride + c]));
      unrolled<V>([&](long v)
                      __attribute__((always_inline)) { sum[c * V + v] = fma(w[v], value, sum[c * V + v]); });
    });
  }
  if constexpr (sizeof(T) == 8) {
    unrolled<C * V>([&](long e) __attribute__((always_inline)) {
      const long at = e / V * stride + e % V * width<T>;
      compensated_add(hi + at, lo + at, sum[e]);
    });
  } else {
    T block[C * tile];
    // Unrolled: a loop would keep the sums in memory, for every key.
    unrolled<C * V>([&](long e) __attribute__((always_inline)) { sum[e].store(block + e * width<T>); });
    for (long c = 0; c < C; ++c)
      for (long t = 0; t < tile; ++t) hi[c * stride + t] += static_cast<double>(block[c * tile + t]);
  }
}

template <class T>
auto weighted_sums_of(long columns) {
  static constexpr auto table = []<long... I>(std::integer_sequence<long, I...>) {
    return std::array<void (*)(const T*, const T*, long, long, double*, double*, long), sizeof...(I)>{
        &weighted_sums<T, I + 1>...};
  }
  (std::make_integer_sequence < long, vector_registers >= 32 ? 13 : 6 > {});
  return table[static_cast<std::size_t>(columns - 1)];
}

}  // namespace

template <class T>
void exp_of(T* x, long count) {
  for (long i = 0; i < count; i += width<T>) {
    T block[width<T>] = {};
    std::copy(x + i, x + std::min(count, i + width<T>), block);
    Vec<T> s = Vec<T>::load(block), p, shifted;
    exp_parts<T, 1>(&s, &p, &shifted);
    times_power(p, shifted).store(block);
    std::copy(block, block + std::min(width<T>, count - i), x + i);
  }
}

template <class T>
ScoreRows<T>::ScoreRows(const Scores<T>& scores, std::vector<T> coefficients, double half_width)
    : scores_(scores),
      coefficients_(std::move(coefficients)),
      online_(coefficients_.empty() && !(half_width <= ExpConstants<T>::no_maximum_needed)) {}

template <class T>
long ScoreRows<T>::tile() const {
  return vectors * width<T>;
}
template <class T>
long ScoreRows<T>::columns() const {
  return scores_.values.columns + 1;
}

template <class T>
ScoreRows<T>::Group::Group(const ScoreRows& rows)
    : rows_(rows),
      queries_(static_cast<std::size_t>(rows.scores_.queries.columns * rows_of_a_group)),
      keys_(static_cast<std::size_t>(rows.scores_.queries.columns * keys_of_a_block)),
      values_(static_cast<std::size_t>(rows.columns() * keys_of_a_block)),
      weights_(static_cast<std::size_t>(keys_of_a_block * rows.tile())),
      row_index_(rows_of_a_group),
      hi_(static_cast<std::size_t>(rows.columns() * rows_of_a_group)),
      lo_(hi_),
      exponent_(rows_of_a_group) {}

template <class T>
long ScoreRows<T>::Group::stride() const {
  return rows_of_a_group;
}

template <class T>
void ScoreRows<T>::Group::start(long first_row, long last_row, long position) {
  first_ = first_row;
  last_ = last_row;
  position_ = position;
  fresh_ = true;
  std::fill(hi_.begin(), hi_.end(), 0.0);
  std::fill(lo_.begin(), lo_.end(), 0.0);
  const long d = rows_.scores_.queries.columns, tile = rows_.tile();
  const T dimension = static_cast<T>(d);
  for (long t = 0; t < (last_row - first_row + tile - 1) / tile; ++t) {
    T* q = queries_.data() + t * d * tile;
    load_tokens(rows_.scores_.queries, first_row + t * tile, std::min(last_row, first_row + (t + 1) * tile),
                tile, tile, {nullptr, rows_.scores_.query_scale}, q);
    for (long e = 0; e < d * tile; ++e) q[e] /= dimension;
    for (long i = 0; i < tile; ++i)
      row_index_[static_cast<std::size_t>(t * tile + i)] = static_cast<T>(t * tile + i);
  }
}

template <class T>
void ScoreRows<T>::Group::add(long first_key, long last_key, bool causal) {
  for (long j = first_key; j < last_key; j += keys_of_a_block) {
    if (causal && j >= position_ + last_ - first_) return;
    block(j, std::min(last_key, j + keys_of_a_block), causal);
  }
}

template <class T>
void ScoreRows<T>::Group::block(long first_key, long last_key, bool causal) {
  const Scores<T>& in = rows_.scores_;
  const long d = in.queries.columns, tile = rows_.tile(), columns = rows_.columns(),
             count = last_key - first_key;
  // Keys beyond the last of a register block are zeros: their weights are finite and not used.
  load_tokens(in.keys, first_key, last_key, keys_of_a_block, keys_of_a_block, in.key_coordinates,
              keys_.data());
  for (long key = 0; key < count; ++key) {  // rows of values stay rows: their entries are broadcast
    const T* value = in.values.data + (first_key + key) * (columns - 1);
    T* row = values_.data() + key * columns;
    for (long c = 0; c < columns - 1; ++c) row[c] = value[c] * in.value_scale;
    row[columns - 1] = 1;
  }
  const ColumnTiles tiles(columns);
  const bool polynomial = !rows_.coefficients_.empty();
  std::vector<T> factor(static_cast<std::size_t>(tile));
  for (long t = 0; t * tile < last_ - first_; ++t) {
    const bool masked = causal && last_key - 1 > position_ + t * tile;
    if (masked && first_key > position_ + t * tile + tile - 1) continue;  // all of it after the tile's rows
    const T *q = queries_.data() + t * d * tile, *index = row_index_.data() + t * tile;
    T* w = weights_.data();
    const long key = first_key - position_;  // rows and keys counted from the first row: small numbers
    const std::vector<T>& p = rows_.coefficients_;
    double *hi = hi_.data() + t * tile, *lo = lo_.data() + t * tile;
    if (rows_.online_) {
      const T lowest = static_cast<T>(-most_score<T>);
      T* exponent = exponent_.data() + t * tile;
      if (masked)
        weigh_online<T, true>(q, keys_.data(), d, count, lowest, index, key, fresh_, exponent, factor.data(),
                              w);
      else
        weigh_online<T, false>(q, keys_.data(), d, count, lowest, index, key, fresh_, exponent, factor.data(),
                               w);
      for (long c = 0; c < columns; ++c)
        for (long i = 0; i < tile; ++i) {
          hi[c * rows_of_a_group + i] *= static_cast<double>(factor[static_cast<std::size_t>(i)]);
          lo[c * rows_of_a_group + i] *= static_cast<double>(factor[static_cast<std::size_t>(i)]);
        }
    } else if (polynomial) {
      if (masked) weigh<T, Weight::polynomial, true>(q, keys_.data(), d, count, p, index, key, w);
      else weigh<T, Weight::polynomial, false>(q, keys_.data(), d, count, p, index, key, w);
    } else {
      if (masked) weigh<T, Weight::exponential, true>(q, keys_.data(), d, count, p, index, key, w);
      else weigh<T, Weight::exponential, false>(q, keys_.data(), d, count, p, index, key, w);
    }
    for (long c = 0; c < tiles.count; ++c) {
      const long column = tiles.first(c);
      weighted_sums_of<T>(tiles.width_of(c))(w, values_.data() + column, columns, count,
                                             hi + column * rows_of_a_group, lo + column * rows_of_a_group,
                                             rows_of_a_group);
    }
  }
  fresh_ = false;
}

template <class T>
const double* ScoreRows<T>::Group::sums() {
  for (std::size_t e = 0; e < hi_.size(); ++e) {
    hi_[e] += lo_[e];
    lo_[e] = 0;
  }
  return hi_.data();
}

template void exp_of(double*, long);
template void exp_of(float*, long);
template class ScoreRows<double>;
template class ScoreRows<float>;

}  // namespace attnbounds::cpu
