// What tensor attention and both gradients are made of: moments over tokens, sum_j x_j^a y_jc for all
// monomials a of degree <= g, in blocks of tokens that stay in the cache (kernels/cpu/feature_sums.hpp), and
// polynomials of tokens evaluated from them. Nothing of size n is stored. In T = float tokens, values and
// weights are rounded from double to float once, features and the sums of a tile are floats, and all other
// sums doubles: so a term has most of its roundings in T and the others in double (TermRoundings).
#pragma once

#include <functional>
#include <type_traits>

#include "kernels/cpu/feature_sums.hpp"
#include "kernels/cuda/kernels.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/kept.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

using cuda::TermRoundings;
/// (1 + gamma^T_narrow)(1 + gamma^double_wide) - 1. In double all roundings are alike.
template <class T>
UpperBound gamma(TermRoundings roundings);
/// Of an entry that was shifted and scaled in double, on its way to T.
template <class T>
constexpr long roundings_of_entries = sizeof(T) == 8 ? 0 : 1;

/// x in T: where that is no change, the numbers themselves; else rounded once, into `room`.
template <class T>
cpu::View<T> rows_in(const std::vector<double>& x, std::vector<T>& room, Eigen::Index rows,
                     Eigen::Index columns) {
  if constexpr (std::is_same_v<T, double>) return {x.data(), rows, columns};
  else {
    room.assign(x.begin(), x.end());
    return {room.data(), rows, columns};
  }
}

/// w_a = c_|a| (|a|!/a!) d^-|a|, t + 3 roundings: c_t d^-t by t divisions, the multinomial, their product.
constexpr long weight_roundings(long degree) { return degree + 3; }
std::vector<double> rounded_weights(const Monomials& monomials, const std::vector<double>& coefficients,
                                    double d);
/// The coefficients of a polynomial whose coefficients are doubles. Errors: std::domain_error if one is not.
std::vector<double> coefficients_in_doubles(const Polynomial& polynomial);
/// sum_t |c_t| y^t
UpperBound absolute_polynomial(const std::vector<double>& coefficients, UpperBound y);

/// A block of tokens: their variables and further columns, both row by row.
struct TokenBlock {
  std::vector<double> variables, columns;
};

/// A set of tokens; `block(first, last, group)` gives tokens [first, last). Calls of one group come in order,
/// on one thread at a time: it may keep sums of its own for each group.
struct Tokens {
  Eigen::Index count, columns;
  std::function<TokenBlock(Eigen::Index, Eigen::Index, Eigen::Index)> block;
};
constexpr Eigen::Index most_groups = 16;

/// Of each set, sum_j x_j^a [y_j, 1]_c at [a * (columns + 1) + c]. Fixed order: same bytes for any number of
/// threads. A term passes through at most moment_roundings<T>(g) roundings from x and y on, for count <=
/// 2^26. T = double or float.
template <class T = double>
std::vector<std::vector<double>> moments(const Monomials& monomials, const std::vector<Tokens>& sets,
                                         ThreadCount threads);
constexpr Eigen::Index most_tokens = 1L << 26;
constexpr Eigen::Index block_of_tokens = 1024;

/// In double, roundings_of_a_term counts the way of keys and of queries; each is at most that. In float they
/// are told apart, as each counts: entries (a degree of x, and y; or the table's) and what the products with
/// features do in float; in double two compensated sums, of tiles and of groups, or a sum over the groups of
/// monomials.
template <class T = double>
constexpr TermRoundings moment_roundings(long degree) {
  if (sizeof(T) == 8) return {cpu::roundings_of_a_term<T>(degree), 0};
  return {(degree + 1) * roundings_of_entries<T> + cpu::key_roundings<T>(degree), 4};
}
template <class T = double>
constexpr TermRoundings evaluation_roundings(long degree, long rank) {
  if (sizeof(T) == 8) return {cpu::roundings_of_a_term<T>(degree), 0};
  return {(degree + 1) * roundings_of_entries<T> + cpu::query_roundings<T>(degree),
          rank / cpu::monomials_of_a_flush<T> + 1};
}

/// Rows sum_a x_i^a T_ac, c < columns, of blocks of tokens.
template <class T = double>
class RowEvaluation {
 public:
  RowEvaluation(const Monomials& monomials, const std::vector<double>& table, Eigen::Index columns);
  /// `variables`: tokens row by row. Element (i, c) at [i * columns + c].
  std::vector<double> rows(const std::vector<double>& variables) const;

 private:
  Eigen::Index dimension_;
  cpu::QuerySums<T> sums_;
  std::function<std::vector<double>(const std::vector<double>&)>
      on_device_;  // instead, where this thread has one
};

/// The free shift of pairs: turns moments of products p = k1 o k2 into those of p - c, in place over a copy.
/// sum (p - c)^a = sum_b C(a, b) (-c)^(a-b) sum p^b, a coordinate at a time; a term passes through 2g
/// roundings.
std::vector<double> shifted_moments(const Monomials& monomials, std::vector<double> table,
                                    Eigen::Index columns, const std::vector<double>& centre);

}  // namespace attnbounds
