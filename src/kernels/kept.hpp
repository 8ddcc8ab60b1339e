// What a process makes once and uses for many inputs: monomial trees with their tables, and polynomials for
// exp with their certificates.
#pragma once

#include <memory>
#include <vector>

#include "kernels/monomials.hpp"

namespace attnbounds {

/// A monomial tree with what the kernels look up in it. Kept: trees of one (d, g) are built once a process.
struct Monomials {
  MonomialTree tree;
  std::vector<double> multinomial;  // |a|!/a!, rounded
  std::vector<long> up;             // a + e_l at [a * d + l], where |a| < g
  std::vector<long> exponent;       // a_l at [a * d + l]
};
std::shared_ptr<const Monomials> monomials_of(Eigen::Index dimension, Degree degree);

/// Polynomials for exp that were certified before in this process, by (X, delta): X is rounded up and delta
/// down a little first, so that nearby requests share one. nullptr if no degree up to the limit is within
/// delta, or if X > 40, where rounding in double-double alone exceeds every budget.
std::shared_ptr<const CertifiedPolynomial> kept_exp_polynomial(const Rational& half_width,
                                                               const Rational& delta, Degree limit);

}  // namespace attnbounds
