// The lemmas of claim-instance certificates: each reads an instance, checks its hypotheses and returns its
// quantities by their names: exactly where they are rational, else in balls at the current precision. Scores
// are exact: balls begin with exp. Errors: Malformed, Rejected, Undecided.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "../softmax.hpp"

namespace checker {

// Exact arithmetic grows with its numbers: an instance is small, or refused.
inline constexpr std::size_t kMostNumbers = 256;
inline constexpr std::size_t kMostPairs = 1 << 14;  // of queries and keys
inline constexpr double kMostValuesOfAnInstance = 4096;
inline constexpr unsigned long kMostBits = 1024;  // of a numerator or denominator

struct Number {
  Ball ball;
  std::optional<Fraction> exact;
  Number(const Ball& b) : ball(b) {}
  Number(const Fraction& f) : ball(f), exact(f) {}
};
using Quantities = std::map<std::string, Number>;
using Lemma = Quantities(const Field& instance);

// lemmas_degree.cpp: polynomials as approximations of exp
Lemma alternation, taylor_section, even_taylor_section, taylor_tail, degree_formula, best_absolute_error,
    best_relative_error;
// lemmas_threshold.cpp: the threshold in closed form
Lemma degree_from_above, degree_from_below, small_entries, constant_kappa, kappa_star;
// lemmas_weights.cpp: averages under exact and approximate weights
Lemma softmax_perturbation, forward_error, tree_forward_error, perturbed_keys, kernel_of_relative_error,
    kernel_of_values_not_negative, taylor_denominator, odd_taylor_denominator, taylor_attention,
    relevant_keys, support_basis, support_basis_of_any_constant, subspace, row_ratio, spectral_split,
    normalisation, prefix_features, prefix_features_of_any_set, covariance_perturbation, third_moment,
    layer_norm, tree_of_moments, double_double;
// lemmas_gradient.cpp: losses, their gradients, derivatives along a line
Lemma gradient_error, adapter_gradient_error, embedding, along_scale, quadrature, variance_form, closed_form,
    trace_identity, adapter_closed_form, adapter_gradients;
// lemmas_layers.cpp: attention layers
Lemma one_layer_gradient, network_errors;
// lemmas_exact.cpp: over the rationals
Lemma feature_map, rank_of_polynomial, gradient_rank, sensitivity, factored_sums, prefix_representation,
    tree_attention, triangle_by_its_tree, support_decomposition, key_shift, score_range, decoder,
    column_norms, column_sampling, leverage, leverage_of_any_columns, leverage_with_a_constant,
    largest_product, node_sums, node_sums_of_any_field, tree_cover, sum_of_products;

// lemmas_reduction.cpp: formulas, families of vectors, planted instances and decisions
Lemma threshold_of_gap, threshold_of_formula, threshold_of_unsatisfiable_formula, planted_tuple, wrong_answer,
    decision_from_gradients, split_and_list_counts, merlin_arthur, sparsification, tree_depth;

using Fractions = std::vector<Fraction>;
using Exact = Table<Fraction>;

// Reading.
Fraction number(const Field& field);
Fraction positive(const Field& field);
Fraction proper(const Field& field);                           // above 0, below 1
Fractions numbers(const Field& field, std::size_t count = 0);  // not empty; `count` of them, if given
Exact table(const Field& field, std::size_t rows = 0, std::size_t columns = 0);  // the same
std::vector<long> indices(const Field& field, long below);                       // 0 … below - 1, not empty
Fractions polynomial(const Field& field);  // of degree at most 8: evaluated exactly

// Arithmetic of vectors of Fractions or Balls.
template <class T>
T sum(const std::vector<T>& x) {
  T total{};
  for (const T& a : x) total = total + a;
  return total;
}
template <class T>
std::vector<T> sizes(std::vector<T> x) {
  for (T& a : x) a = absolute_value(a);
  return x;
}
template <class T>
std::vector<T> shares(const std::vector<T>& weights) {
  return scaled(T(1) / sum(weights), weights);
}
template <class T>
T mean(const std::vector<T>& weights, const std::vector<T>& x) {
  return dot(weights, x) / sum(weights);
}
/// The largest difference of the two means of a column.
template <class T>
T moved(const std::vector<T>& near, const std::vector<T>& exact, const Table<T>& columns) {
  T largest;
  for (const std::vector<T>& x : columns)
    largest = maximum(largest, absolute_value(mean(near, x) - mean(exact, x)));
  return largest;
}
template <class T>
T covariance(const std::vector<T>& weights, const std::vector<T>& x, const std::vector<T>& y) {
  return mean(weights, times(x, y)) - mean(weights, x) * mean(weights, y);
}
template <class T>
T value_at(const Fractions& coefficients, const T& x) {
  T value;
  for (auto c = coefficients.rbegin(); c != coefficients.rend(); ++c) value = value * x + T(*c);
  return value;
}

Fraction largest(const Fractions& x);
Fraction range(const Fractions& x);
Fractions ranges(const Exact& m);  // of the columns
bool all_positive(const Fractions& x);
Exact unit(std::size_t size);
Exact without_large_rows(Exact m, const Fraction& limit);  // those with an entry above it are set to 0
Exact orthogonal_columns(const Exact& m);                  // a basis of their span, as rows
void require_zeros_and_ones(const Exact& m, const std::string& place);
/// <q_i, k_j>/d; d = columns, if not given. Errors: Rejected: shapes, too many pairs.
Exact scores(const Exact& q, const Exact& k, std::size_t d = 0);
Row exponentials(const Fractions& scores);
Ball spectral_norm(const Rows& m);  // an enclosure that narrows with the precision
Exact values_of(const Fractions& polynomial, Exact scores);
Exact with_ones(Exact m);  // one more column
/// Rows weighted by a polynomial of the scores, divided by their sums. Errors: Rejected where one is 0.
Exact weighted(const Exact& scores, const Fractions& polynomial);

using OfStep = std::function<Ball(const Ball&)>;
/// The mean value theorem: (L(t) - L(-t))/2t, t = 2^-16, lies among the slopes over [-t, t]: no farther from
/// the middle of their ball than its radius.
void add_mean_value(Quantities& q, const std::string& of, const OfStep& loss, const OfStep& slope);
Rows moved_along(const Exact& m, const Exact& direction, const Ball& t);

/// Attention by an attention polynomial h of the families q^0 (queries), q^1, … of tokens: a product of h
/// scores a tuple of tokens by sum_l prod_a q^a_l/d, and the values of a tuple are prod_a v^a. x0 x1 is
/// matrix attention, x0 x1 x2 tensor attention.
struct PolyAttention {
  Table<long> products;
  std::vector<Exact> q, v;
  Table<std::size_t> tuples;  // a token of each family, 0 for the query's
  Exact columns;              // the tuples' values, a row an output
  Fraction largest_value;     // prod_a max|v^a|
  PolyAttention(Table<long> h, std::vector<Exact> tokens, std::vector<Exact> values);
  Fractions scores(std::size_t query, const std::vector<std::size_t>& tuple) const;  // of the products
};
PolyAttention attention_of(const Field& in);  // fields q k v, q k1 k2 v1 v2, or variables products q v
/// `edges` are pairs and form a tree on all variables.
void require_tree(const PolyAttention& h, const Table<long>& edges);

}  // namespace checker
