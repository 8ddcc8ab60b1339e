// What tensor attention and both gradients are made of: moments over tokens, sum_j x_j^a y_jc for all
// monomials a of degree <= g, in blocks of tokens that stay in the cache (kernels/cpu/feature_sums.hpp), and
// polynomials of tokens evaluated from them. Nothing of size n is stored.
#pragma once

#include <functional>

#include "kernels/cpu/feature_sums.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/kept.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

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
/// threads. A term passes through at most moment_roundings(g) roundings from x and y on, for count <= 2^26.
std::vector<std::vector<double>> moments(const Monomials& monomials, const std::vector<Tokens>& sets,
                                         ThreadCount threads);
constexpr Eigen::Index most_tokens = 1L << 26;
constexpr Eigen::Index block_of_tokens = 1024;

/// roundings_of_a_term counts the way of keys and of queries; each is at most that.
constexpr long moment_roundings(long degree) { return cpu::roundings_of_a_term<double>(degree); }
constexpr long evaluation_roundings(long degree) { return cpu::roundings_of_a_term<double>(degree); }

/// Rows sum_a x_i^a T_ac, c < columns, of blocks of tokens.
class RowEvaluation {
 public:
  RowEvaluation(const Monomials& monomials, const std::vector<double>& table, Eigen::Index columns);
  /// `variables`: tokens row by row. Element (i, c) at [i * columns + c].
  std::vector<double> rows(const std::vector<double>& variables) const;

 private:
  Eigen::Index dimension_;
  cpu::QuerySums<double> sums_;
  std::function<std::vector<double>(const std::vector<double>&)>
      on_device_;  // instead, where this thread has one
};

/// The free shift of pairs: turns moments of products p = k1 o k2 into those of p - c, in place over a copy.
/// sum (p - c)^a = sum_b C(a, b) (-c)^(a-b) sum p^b, a coordinate at a time; a term passes through 2g
/// roundings.
std::vector<double> shifted_moments(const Monomials& monomials, std::vector<double> table,
                                    Eigen::Index columns, const std::vector<double>& centre);

}  // namespace attnbounds
