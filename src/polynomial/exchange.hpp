// The Remez exchange for exp on [-X, X], in the scaled variable t = x/X of [-1, 1] and in barycentric form.
//
// With a reference t_0 < ... < t_n, n = g+1, and w_i = 1/prod_{j != i}(t_i - t_j), the polynomial of degree g
// that misses exp by the same amount h, with alternating signs and weight W (W = e^{Xt} for the relative
// error, 1 for the absolute one), has  h = -sum w_i e^{X t_i} / sum (-1)^i w_i W_i.  A step computes h, the
// derivatives of the error at every node (barycentric differentiation, no linear solve, no monomials), and
// moves each inner node by Newton's method to its extremum: O(g^2) operations, quadratic convergence.
//
// Two facts make it fast. (1) In the weighted form the Lebesgue function is small on a good reference, so the
// working precision is log2(1/E) and some guard bits, whatever X is: e^{-X} and e^{X} never meet in one sum.
// (2) The start: the error behaves like cos(n theta - X sin theta) for the relative weight and cos(n theta)
// for the absolute one, t = cos theta (with the Caratheodory-Fejer phase of the next coefficient), so the
// extrema of that function, solutions of Kepler's equation, are a reference that needs few steps.
// Rejected: sampling the error on a grid (slower, and blind near ties); starting from Chebyshev extrema with
// the relative weight (exponentially bad on wide intervals).
// Nothing here is proved; certify.hpp proves what comes out.
#pragma once

#include <vector>

#include "polynomial/polynomial.hpp"

namespace attnbounds {

/// How accurate nodes, coefficients and arithmetic must be so that certify.hpp can prove the best error at
/// degree g to relative accuracy about 2^-guard. Binary digits after the point, for t in [-1, 1].
struct AccuracyPlan {
  long radius = 0;        // critical points are known to 2^-radius
  long nodes = 0;         // working precision of the exchange
  long coefficients = 0;  // coefficients of the polynomial in t are multiples of 2^-coefficients
};
AccuracyPlan accuracy_plan(Degree g, double half_width, ErrorKind kind, Bits guard);

/// What the exchange converged to: n+1 = g+2 points in [-1, 1], both ends among them.
struct Exchange {
  Degree degree;
  std::vector<Real> reference;  // increasing; the polynomial that is levelled on it is (nearly) the best one
  std::vector<Real> extrema;    // where that polynomial's error is extremal; the next reference
  Real levelled_error;          // |h| on the reference: approximates the best error from below
  int steps = 0;
};

/// log of the best error at degree g, from the leading term 2 J_{g+1}(X) (relative) or 2 I_{g+1}(X)
/// (absolute) and its uniform asymptotics. An estimate.
Estimate log_best_error(Degree g, double half_width, ErrorKind kind);

/// Runs the exchange to relative accuracy about 2^-guard of the error. X > 0.
/// Errors: std::runtime_error if it does not converge (relative errors within 1e-30 of 1).
Exchange remez_exchange(Degree g, const Rational& half_width, ErrorKind kind, Bits guard);

}  // namespace attnbounds
