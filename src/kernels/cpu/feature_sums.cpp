#include "kernels/cpu/feature_sums.hpp"

#include <algorithm>
#include <array>

#include "kernels/cpu/lanes.hpp"

namespace attnbounds::cpu {
namespace {

constexpr long most_columns = vector_registers >= 32 ? 13 : 6;  // of a tile

/// Tokens of a tile of keys: fewer where many monomials have children, so that these stay in the second
/// cache.
template <class T>
long key_tile(long stored) {
  long vectors = vectors_of_a_tile;
  while (vectors > 8 && stored * vectors * 64 > (512L << 10)) vectors /= 2;
  return vectors * lanes<T>;
}

// ---- keys

template <class T>
struct KeyRun {
  const T *parent, *variable, *values;
  T* child;
  long child_step;  // stride, or 0: a monomial without children is not kept
  long count, tokens, stride;
  double *hi, *lo;
};

template <class T, long A, long C>
[[gnu::always_inline]] inline void key_group(const KeyRun<T>& run, long at) {
  constexpr long sums = A * C, padded = round_up(sums, width<T>);
  const T *values = run.values, *variables = run.variable;
  const long stride = run.stride, child_step = run.child_step, tokens = run.tokens;
  Vec<T> total[padded];
  for (long part = 0; part < parts; ++part) {
    Vec<T> sum[sums];
    unrolled<sums>([&](long e) __attribute__((always_inline)) { sum[e] = Vec<T>::zero(); });
    const T* parent = run.parent + at * stride;
    T* child = run.child + at * child_step;
    for (long s = part * width<T>; s < tokens; s += lanes<T>) {
      const Vec<T> variable = in_register(Vec<T>::load(variables + s));
      Vec<T> feature[A];
      unrolled<A>([&](long a) __attribute__((always_inline)) {
        feature[a] = Vec<T>::load(parent + a * stride + s) * variable;
        feature[a].store(child + a * child_step + s);
      });
      unrolled<C>([&](long c) __attribute__((always_inline)) {
        const Vec<T> value = in_register(Vec<T>::load(values + c * stride + s));
        unrolled<A>([&](long a) __attribute__((always_inline)) {
          sum[a * C + c] = fma(feature[a], value, sum[a * C + c]);
        });
      });
    }
    unrolled<sums>([&](long e)
                       __attribute__((always_inline)) { total[e] = part == 0 ? sum[e] : total[e] + sum[e]; });
  }
  for (long e = sums; e < padded; ++e) total[e] = Vec<T>::zero();
  T folded[padded];
  for (long e = 0; e < padded; e += width<T>) lane_sums(total + e).store(folded + e);
  double *hi = run.hi + at * C, *lo = run.lo + at * C;
  constexpr long whole = sizeof(T) == 8 ? sums / width<double> * width<double> : 0;
  if constexpr (whole > 0)
    for (long e = 0; e < whole; e += width<double>)
      compensated_add(hi + e, lo + e, Vec<double>::load(folded + e));
  for (long e = whole; e < sums; ++e) compensated_add(hi[e], lo[e], static_cast<double>(folded[e]));
}

template <class T, long C>
void key_run(const KeyRun<T>& run) {
  constexpr long A = vector_registers < 32 ? (C <= 6 ? 2 : 1) : C <= 6 ? 4 : 2;
  long at = 0;
  for (; at + A <= run.count; at += A) key_group<T, A, C>(run, at);
  if constexpr (A > 2)
    if (at + 2 <= run.count) {
      key_group<T, 2, C>(run, at);
      at += 2;
    }
  if (at < run.count) key_group<T, 1, C>(run, at);
}

template <class T>
auto key_run_of(long columns) {
  static constexpr auto table = []<long... I>(std::integer_sequence<long, I...>) {
    return std::array<void (*)(const KeyRun<T>&), sizeof...(I)>{&key_run<T, I + 1>...};
  }
  (std::make_integer_sequence<long, most_columns>{});
  return table[static_cast<std::size_t>(columns - 1)];
}

/// Degree 1: the monomials are 1 and the variables, in this order. They are used as they are loaded.
bool are_variables(const Features& features) {
  return features.run_count > 0 && features.rank == features.dimension + 1;
}

}  // namespace

ColumnTiles::ColumnTiles(long columns_of_all)
    : columns(columns_of_all), count((columns_of_all + most_columns - 1) / most_columns) {}
long ColumnTiles::first(long tile) const {
  return tile * (columns / count) + std::min(tile, columns % count);
}

// ---- KeySums

template <class T>
KeySums<T>::KeySums(const Features& features, long value_columns)
    : features_(features),
      tiles_(value_columns + 1),
      tile_(key_tile<T>(tiles_.count > 1 || are_variables(features) ? features.rank : features.parents)),
      stride_(tile_ + lanes<T>),                           // not a power of two: rows would meet in the cache
      stored_(are_variables(features) ? features.rank + 1  // and the row of ones
              : tiles_.count > 1      ? features.rank
                                      : features.parents),
      hi_(static_cast<std::size_t>(features.rank * tiles_.columns), 0.0),
      lo_(hi_) {}

template <class T>
void KeySums<T>::add(View<T> keys, View<T> values, long first, long last, Coordinates<T> key_coordinates,
                     T value_scale) {
  for (long start = first; start < last; start += tile_)
    add_tile(keys, values, start, std::min(last, start + tile_), key_coordinates, value_scale);
}

template <class T>
void KeySums<T>::add_tile(View<T> keys, View<T> values, long first, long last, Coordinates<T> key_coordinates,
                          T value_scale) {
  const long tokens = round_up(last - first, lanes<T>), ones = features_.dimension;
  if (!workspace_)  // 4 rows of monomials more, for those that are not kept
    workspace_ = std::make_shared<Workspace>(Workspace{Buffer<T>((features_.dimension + 1) * stride_),
                                                       Buffer<T>(tiles_.columns * stride_),
                                                       Buffer<T>((stored_ + 4) * stride_)});
  T *v = workspace_->values.data(), *f = workspace_->monomials.data();
  T* x = are_variables(features_) ? f + stride_ : workspace_->x.data();
  load_tokens(keys, first, last, tokens, stride_, key_coordinates, x);
  const long value_columns = tiles_.columns - 1;
  const std::vector<T> scales(static_cast<std::size_t>(value_columns), value_scale);
  load_tokens(values, first, last, tokens, stride_, {nullptr, value_scale == 1 ? nullptr : scales.data()}, v);
  for (long t = 0; t < tokens; ++t) {
    v[value_columns * stride_ + t] = first + t < last ? 1 : 0;
    x[ones * stride_ + t] = f[t] = 1;
  }
  for (long tile = 0; tile < tiles_.count; ++tile) {
    const long C = tiles_.width_of(tile), column = tiles_.first(tile);
    const auto kernel = key_run_of<T>(C);
    const auto run = [&](const MonomialRun& r, bool stored) {
      const long at = features_.rank * column + r.child * C;
      kernel({f + r.parent * stride_, x + r.variable * stride_, v + column * stride_,
              f + (stored ? r.child : stored_) * stride_, stored ? stride_ : 0, r.count, tokens, stride_,
              hi_.data() + at, lo_.data() + at});
    };
    if (tile > 0 || are_variables(features_)) {  // the monomials stand: each times 1
      run({0, 0, features_.rank, ones}, false);
      continue;
    }
    run({0, 0, 1, ones}, false);
    for (long r = 0; r < features_.run_count; ++r) run(features_.runs[r], features_.runs[r].child < stored_);
  }
}

template <class T>
void KeySums<T>::add(const KeySums& later) {
  for (std::size_t e = 0; e < hi_.size(); ++e) {
    compensated_add(hi_[e], lo_[e], later.hi_[e]);
    lo_[e] += later.lo_[e];
  }
}

template <class T>
KeySums<T> KeySums<T>::copy() const {
  KeySums other = *this;
  other.workspace_.reset();
  return other;
}

template <class T>
std::vector<double> KeySums<T>::sums() const {
  std::vector<double> result(hi_.size());
  for (long tile = 0; tile < tiles_.count; ++tile) {
    const long C = tiles_.width_of(tile), column = tiles_.first(tile);
    for (long a = 0; a < features_.rank; ++a)
      for (long c = 0; c < C; ++c) {
        const std::size_t from = static_cast<std::size_t>(features_.rank * column + a * C + c);
        result[static_cast<std::size_t>(a * tiles_.columns + column + c)] = hi_[from] + lo_[from];
      }
  }
  return result;
}

double folded_sum(const double* eight) {
  Vec<double> v[width<double>];
  for (Vec<double>& x : v) {
    x = Vec<double>::load(eight);
    if constexpr (parts == 2) x = x + Vec<double>::load(eight + width<double>);
  }
  double sums[width<double>];
  lane_sums(v).store(sums);
  return sums[width<double> - 1];
}

// ---- QuerySums

namespace {
template <class T>
constexpr long query_vectors(long columns) {
  return vector_registers < 32 || columns > 6 ? 2 : 4;
}
}  // namespace

template <class T, long C, long V>
struct QueryTile {
  using Segment = typename QuerySums<T>::Segment;
  static constexpr long tile = V * width<T>;

  static void flush(const Vec<T>* sum, bool first, double* hi, double* lo) {
    if constexpr (sizeof(T) == 8) {
      for (long e = 0; e < V * C; ++e) {
        if (first) {
          sum[e].store(hi + e * width<T>);
          Vec<double>::zero().store(lo + e * width<T>);
        } else {
          compensated_add(hi + e * width<T>, lo + e * width<T>, sum[e]);
        }
      }
    } else {
      T values[V * C * width<T>];
      for (long e = 0; e < V * C; ++e) sum[e].store(values + e * width<T>);
      for (long e = 0; e < V * C * width<T>; ++e) {
        if (first) hi[e] = static_cast<double>(values[e]), lo[e] = 0;
        else hi[e] += static_cast<double>(values[e]);
      }
    }
  }

  static void run(const std::vector<Segment>& segments, long stored, const T* x, T* f, const T* weighted,
                  double* hi, double* lo) {
    Vec<T> sum[V * C];  // column c, vector v at [c * V + v]
    unrolled<V * C>([&](long e) __attribute__((always_inline)) { sum[e] = Vec<T>::zero(); });
    bool first = true;
    for (const Segment& s : segments) {
      const T *parent = f + s.parent * tile, *w = weighted + s.child * C;
      const auto products = [&](const auto& feature_of) __attribute__((always_inline)) {
        for (long i = 0; i < s.count; ++i, parent += tile, w += C) {
          Vec<T> feature[V];
          unrolled<V>([&](long v) __attribute__((always_inline)) {
            feature[v] = feature_of(i, v, Vec<T>::load(parent + v * width<T>));
          });
          unrolled<C>([&](long c) __attribute__((always_inline)) {
            const Vec<T> weight = in_register(Vec<T>::all(w[c]));
            unrolled<V>([&](long v) __attribute__((always_inline)) {
              sum[c * V + v] = fma(feature[v], weight, sum[c * V + v]);
            });
          });
        }
      };
      if (s.variable < 0) {
        products([](long, long, Vec<T> there) { return there; });
      } else {
        Vec<T> variable[V];
        unrolled<V>([&](long v) __attribute__((always_inline)) {
          variable[v] = Vec<T>::load(x + s.variable * tile + v * width<T>);
        });
        T* child = f + (s.stored ? s.child : stored) * tile;
        const long step = s.stored ? tile : 0;
        products([&](long i, long v, Vec<T> of_parent) __attribute__((always_inline)) {
          const Vec<T> feature = of_parent * variable[v];
          feature.store(child + i * step + v * width<T>);
          return feature;
        });
      }
      if (!s.flush) continue;
      if constexpr (sizeof(T) == 8)
        if (first && &s == &segments.back()) {  // all there is
          unrolled<V * C>([&](long e) __attribute__((always_inline)) { sum[e].store(hi + e * width<T>); });
          return;
        }
      flush(sum, first, hi, lo);
      first = false;
      unrolled<V * C>([&](long e) __attribute__((always_inline)) { sum[e] = Vec<T>::zero(); });
    }
    for (long e = 0; e < V * C * width<T>; ++e) hi[e] += lo[e];
  }
};

template <class T>
std::vector<typename QuerySums<T>::Segment> QuerySums<T>::segments(std::vector<MonomialRun> runs,
                                                                   long stored) {
  std::vector<Segment> result;
  const long rank = runs.back().child + runs.back().count;
  for (const MonomialRun& r : runs)
    for (long i = 0; i < r.count;) {
      const long child = r.child + i;
      const long count = std::min(r.count - i, monomials_of_a_flush<T> - child % monomials_of_a_flush<T>);
      const long end = child + count;
      result.push_back({child, r.parent + i, count, r.variable, child < stored,
                        end == rank || end % monomials_of_a_flush<T> == 0});
      i += count;
    }
  return result;
}

template <class T>
QuerySums<T>::QuerySums(const Features& features, const std::vector<double>& weighted, long columns)
    : features_(features),
      tiles_(columns),
      tile_(query_vectors<T>(tiles_.width_of(0)) * width<T>),
      stored_(tiles_.count > 1 || are_variables(features) ? features.rank : features.parents),
      weighted_(features.rank * columns) {
  const MonomialRun one{0, 0, 1, features.dimension};  // the monomial 1 is 1 times the row of ones
  std::vector<MonomialRun> runs{one};
  runs.insert(runs.end(), features.runs, features.runs + features.run_count);
  later_pass_ = segments({{0, 0, features.rank, -1}}, 0);
  first_pass_ = are_variables(features) ? later_pass_ : segments(runs, stored_);
  if (!are_variables(features)) first_pass_.front().stored = true;
  weigh(weighted);
}

template <class T>
void QuerySums<T>::weigh(const std::vector<double>& weighted) {
  for (long tile = 0; tile < tiles_.count; ++tile) {
    const long C = tiles_.width_of(tile), column = tiles_.first(tile);
    for (long a = 0; a < features_.rank; ++a)
      for (long c = 0; c < C; ++c)
        weighted_[features_.rank * column + a * C + c] =
            static_cast<T>(weighted[static_cast<std::size_t>(a * tiles_.columns + column + c)]);
  }
}

// Where the monomials are 1 and the variables they are the tokens as these are loaded.
template <class T>
QuerySums<T>::Workspace::Workspace(const QuerySums& s)
    : monomials_((s.stored_ + s.features_.dimension + 2) * s.tile_),
      sums_(2 * s.tiles_.columns * s.tile_),
      x_((are_variables(s.features_) ? 1 : s.stored_ + 1) * s.tile_) {
  std::fill(monomials_.data(), monomials_.data() + s.tile_, T(1));
  const long ones = x_ + s.features_.dimension * s.tile_;
  std::fill(monomials_.data() + ones, monomials_.data() + ones + s.tile_, T(1));
}
template <class T>
T* QuerySums<T>::Workspace::x() {
  return monomials_.data() + x_;
}

template <class T>
void QuerySums<T>::evaluate(Workspace& workspace) const {
  T *x = workspace.x(), *f = workspace.monomials_.data();
  double *sums = workspace.sums(), *low = sums + tiles_.columns * tile_;
  using Kernel = void (*)(const std::vector<Segment>&, long, const T*, T*, const T*, double*, double*);
  // One number of vectors for all column tiles, so that they share the monomials.
  static constexpr auto table = []<long... I>(std::integer_sequence<long, I...>) {
    return std::array<std::array<Kernel, sizeof...(I)>, 2>{
        {{&QueryTile<T, I + 1, 2>::run...},
         {&QueryTile<T, (I < 6 ? I + 1 : 1), (vector_registers < 32 ? 2 : 4)>::run...}}};
  }
  (std::make_integer_sequence<long, most_columns>{});
  const bool four = tile_ == 4 * width<T>;
  for (long tile = 0; tile < tiles_.count; ++tile) {
    const long C = tiles_.width_of(tile), column = tiles_.first(tile);
    table[four ? 1 : 0][static_cast<std::size_t>(C - 1)](tile == 0 ? first_pass_ : later_pass_, stored_, x, f,
                                                         weighted_.data() + features_.rank * column,
                                                         sums + column * tile_, low + column * tile_);
  }
}

template <class T>
std::vector<double> query_sums(const QuerySums<T>& sums, View<T> queries, long first, long last,
                               Coordinates<T> coordinates) {
  typename QuerySums<T>::Workspace workspace(sums);
  const long columns = sums.columns(), tile = sums.tile();
  std::vector<double> rows(static_cast<std::size_t>((last - first) * columns));
  for (long start = first; start < last; start += tile) {
    const long end = std::min(last, start + tile);
    load_tokens(queries, start, end, tile, tile, coordinates, workspace.x());
    sums.evaluate(workspace);
    for (long t = 0; t < end - start; ++t)
      for (long c = 0; c < columns; ++c)
        rows[static_cast<std::size_t>((start - first + t) * columns + c)] = workspace.sums()[c * tile + t];
  }
  return rows;
}

template class KeySums<double>;
template class KeySums<float>;
template class QuerySums<double>;
template class QuerySums<float>;
template std::vector<double> query_sums(const QuerySums<double>&, View<double>, long, long,
                                        Coordinates<double>);
template std::vector<double> query_sums(const QuerySums<float>&, View<float>, long, long, Coordinates<float>);

}  // namespace attnbounds::cpu
