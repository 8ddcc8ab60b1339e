// The two products of the polynomial method, on plain arrays, without ever storing n x r features:
//   KeySums    S = Psi(K)^T [V, 1],  S_ac = sum_j k_j^a [v_j, 1]_c        (r x (d_v + 1))
//   QuerySums  [N, D] = Phi(Q) T,    rows sum_a q_i^a T_ac                 (T = diag(w) S)
// Tokens are the lanes. A tile of tokens walks down the monomial tree; a monomial (its parent times one
// variable) is made in a register and goes at once into the products, A monomials by C columns of sums (keys)
// or V vectors of tokens by C columns (queries) at a time; only monomials that have children are stored, in
// the tile's buffer, which fits the second cache. More columns than registers: all monomials of the tile are
// stored and the columns done in several tiles.
//
// Roundings of one term w_a q^a k_j^a v_jc on its way (a fused multiply-add is one), in type T:
//   key features g-1; sum over a tile's tokens: at most 32 fused multiply-adds a lane, 4 folds of the lanes
//   (3 in double); sums of tiles and of groups compensated in double (Ogita, Rump, Oishi 2005, Sum2: error u
//   |s| + gamma_N^2 sum |s_i|, at most 2 u sum |s_i| for N <= 2^26 summands), which count 2 each; weight w_a,
//   its product, and the rounding of that to T: 3; query features g-1; sum over monomials: 128 fused
//   multiply-adds, beyond that compensated, 2 (double); 64, and beyond that plain sums in double, which count
//   1 (float; up to 2^28 of them, 2^-25 together).
// `roundings_of_a_term` adds these up. The order of every sum is fixed by n, d, g and C alone: same bytes for
// any number of threads and on every processor. Files in this folder are compiled for this processor and
// share no inline code with the rest (no Eigen).
#pragma once

#include <memory>
#include <vector>

#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/monomial_run.hpp"
#include "kernels/cpu/tokens.hpp"

namespace attnbounds::cpu {

constexpr long vectors_of_a_tile = 32;  // of 64 bytes, at most: the tokens of a tile of keys
template <class T>
constexpr long monomials_of_a_flush = sizeof(T) == 8 ? 128 : 64;
constexpr long most_summands = 1L << 26;

/// Those in T of a key's way to the sum of its tile, and of a query's to that of its monomials' group.
template <class T>
constexpr long key_roundings(long degree) {
  const long folds = sizeof(T) == 8 ? 3 : 4;
  return (degree > 1 ? degree - 1 : 0) + vectors_of_a_tile + folds;
}
template <class T>
constexpr long query_roundings(long degree) {
  return (degree > 1 ? degree - 1 : 0) + monomials_of_a_flush<T>;
}
/// The order of a compensated sum's summands costs 2 roundings of T = double, less than 1 of float.
template <class T>
constexpr long roundings_of_a_term(long degree) {
  const long compensated = sizeof(T) == 8 ? 2 : 1;
  return key_roundings<T>(degree) + 2 * compensated + 3 + query_roundings<T>(degree) + compensated;
}

/// hi + lo += x, Knuth's two-sum: `lo` gathers what the additions to `hi` lose.
inline void compensated_add(double& hi, double& lo, double x) {
  const double sum = hi + x, back = sum - hi;
  lo += (hi - (sum - back)) + (x - back);
  hi = sum;
}

/// The sum of eight lanes, in the order in which all kernels add them.
double folded_sum(const double* eight);

/// How `columns` are cut into tiles that fit the registers.
struct ColumnTiles {
  explicit ColumnTiles(long columns_of_all);
  long columns, count;
  long first(long tile) const;
  long width_of(long tile) const { return first(tile + 1) - first(tile); }
};

template <class T>
class KeySums {
 public:
  KeySums(const Features& features, long value_columns);
  KeySums(KeySums&&) = default;
  KeySums& operator=(KeySums&&) = default;
  /// Tokens [first, last), after those before. Values are multiplied by value_scale, a power of two.
  void add(View<T> keys, View<T> values, long first, long last, Coordinates<T> key_coordinates = {},
           T value_scale = 1);
  /// Gives back the memory that `add` works in: the sums alone are kept.
  void rest() { workspace_.reset(); }
  /// The same sums, to go on from; they share no memory.
  KeySums copy() const;
  /// The sums of another group, which come after all tokens so far.
  void add(const KeySums& later);
  /// hi + lo at [a * (value_columns + 1) + c]; the column of ones is the last.
  std::vector<double> sums() const;

 private:
  KeySums(const KeySums&) = default;  // would share the workspace: see copy()
  void add_tile(View<T> keys, View<T> values, long first, long last, Coordinates<T> key_coordinates,
                T value_scale);
  Features features_;
  ColumnTiles tiles_;
  long tile_, stride_, stored_;  // tokens of a tile, distance of rows, rows of monomials kept
  std::vector<double> hi_, lo_;  // a column tile after the other, each rank x its width
  struct Workspace {
    Buffer<T> x, values, monomials;
  };
  std::shared_ptr<Workspace> workspace_;
};

template <class T>
class QuerySums {
 public:
  /// `weighted` is T, rank x columns.
  QuerySums(const Features& features, const std::vector<double>& weighted, long columns);

  long tile() const { return tile_; }  // tokens of a tile
  long columns() const { return tiles_.columns; }
  /// What a thread needs besides.
  class Workspace {
   public:
    explicit Workspace(const QuerySums& sums);
    T* x();                                  // rows of `tile` tokens, as load_tokens leaves them
    double* sums() { return sums_.data(); }  // column c of token t at [c * tile + t]

   private:
    friend class QuerySums;
    Buffer<T> monomials_;  // then a row for those that are not kept, then x and a row of ones
    Buffer<double> sums_;  // and their low parts
    long x_;
  };
  /// Other weights in place of these.
  void weigh(const std::vector<double>& weighted);
  /// Row sums of the tokens in workspace.x(), into workspace.sums().
  void evaluate(Workspace& workspace) const;

 private:
  struct Segment {                        // of a run; after some the sums are flushed
    long child, parent, count, variable;  // variable < 0: the monomials are there
    bool stored, flush;
  };
  static std::vector<Segment> segments(std::vector<MonomialRun> runs, long stored);
  Features features_;
  ColumnTiles tiles_;
  long tile_, stored_;
  std::vector<Segment> first_pass_, later_pass_;
  Buffer<T> weighted_;  // a column tile after the other, each rank x its width
  template <class, long, long>
  friend struct QueryTile;
};

/// Row sums of tokens [first, last), row-major.
template <class T>
std::vector<double> query_sums(const QuerySums<T>& sums, View<T> queries, long first, long last,
                               Coordinates<T> coordinates = {});

}  // namespace attnbounds::cpu
