// Monomial features (the polynomial method of Alman, Song 2023). For P(x) = sum_t c_t x^t, by the multinomial
// theorem,  P(<q,k>/d) = sum_{|a| <= g} w_a q^a k^a,  w_a = c_{|a|} (|a|!/a!) d^{-|a|},
// so P(Q K^T / d) = U1 U2^T of rank at most r = C(d+g, g). (The papers' C(2(g+d), 2g) counts the monomials of
// q and k together.)
// Order: by degree; within degree t, group l = 0 … d-1 is x_l times the monomials of degree t-1 in x_0 … x_l,
// which are a prefix of the degree before. So each monomial is one multiplication of an earlier one, and all
// of them are g d runs over contiguous memory. Cost of the features of a token: r multiplications.
#pragma once

#include <vector>

#include "kernels/cpu/monomial_run.hpp"
#include "numeric/matrix.hpp"
#include "polynomial/polynomial.hpp"

namespace attnbounds {

/// C(d+g, g), exactly: the number of monomials of degree <= g in d variables.
Integer monomial_rank(Eigen::Index dimension, Degree degree);
/// The same in double, for models of cost.
double rank_about(Eigen::Index dimension, Degree degree);

struct MonomialTree {
  Eigen::Index dimension = 0;
  Degree degree;
  Eigen::Index rank = 0;
  std::vector<MonomialRun> runs;     // in this order, after the monomial 1 at index 0
  std::vector<long> degree_of;       // |a|
  std::vector<Integer> multinomial;  // |a|!/a!
};

/// Errors: std::length_error if the rank exceeds 2^24.
MonomialTree monomial_tree(Eigen::Index dimension, Degree degree);

/// The tree for the loops in kernels/cpu; it must outlive them.
inline cpu::Features features_of(const MonomialTree& tree) {
  cpu::Features features{tree.runs.data(), static_cast<long>(tree.runs.size()), tree.rank, tree.dimension, 1};
  for (const MonomialRun& run : tree.runs)
    if (run.parent + run.count > features.parents) features.parents = run.parent + run.count;
  return features;
}

/// x^a for all a, over any scalar.
template <class Scalar>
std::vector<Scalar> monomials(const MonomialTree& tree, const std::vector<Scalar>& x) {
  std::vector<Scalar> feature(tree.rank, scalar_from<Scalar>(1));
  for (const MonomialRun& run : tree.runs)
    for (long i = 0; i < run.count; ++i) feature[run.child + i] = feature[run.parent + i] * x[run.variable];
  return feature;
}

/// w_a for all a, exactly. The polynomial has at most the tree's degree.
std::vector<Rational> monomial_weights(const MonomialTree& tree, const Polynomial& polynomial);

/// The query's side of the features: w_a q^a. The key's side is monomials(tree, k).
template <class Scalar>
std::vector<Scalar> query_features(const MonomialTree& tree, const Polynomial& polynomial,
                                   const std::vector<Scalar>& query) {
  std::vector<Scalar> feature = monomials(tree, query);
  const std::vector<Rational> weight = monomial_weights(tree, polynomial);
  for (Eigen::Index a = 0; a < tree.rank; ++a) feature[a] = feature[a] * scalar_from<Scalar>(weight[a]);
  return feature;
}

}  // namespace attnbounds
