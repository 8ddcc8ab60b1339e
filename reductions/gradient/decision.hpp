// Forward -> gradient: the decision read off gradients alone (Alman, Song 2024, arXiv 2402.04497, with the
// repairs of docs/reductions.md; tensor loss: Liang, Shi, Song, Zhou 2024, arXiv 2405.16411). Loss L(X) =
// 1/2 |Att(A1 X, A2, A3 Y) - E|_F^2 with Y = I, E = 0, X = lambda I and 0/1 values A3 of one column; tensor
// loss: keys A2, A3, values A4 (/) A5, X = lambda I the d x d^2 matrix with X_{a,(a,a)} = lambda. f(lambda) =
// 2 L(lambda I) = sum_i y_i(lambda)^2,
//     f'(lambda) = 2 <dL/dX, I> = 2 tr dL/dX = 2 sum_a (dL/dX)_{a,a} or (dL/dX)_{a,(a,a)},
//     f(1) = f(0) + int_0^1 f',
// f(0) known (uniform weights), the integral by Gauss-Legendre with K nodes: K gradient calls.
// Quadrature error. Let X be the largest half-range of a row's scores and h = pi/(3 X). For |Im lambda| <= h,
// after the free shift, Re e^{lambda x} >= 1/2 |e^{lambda x}|, so |y_i| <= 2, |f| <= 4 n, and by Cauchy
// |f'| <= 8 n/h where |Im lambda| <= h/2, |f''| <= 8 n/h^2 on the real line. Expanding f' in Chebyshev
// polynomials on the ellipse of that strip, K >= 2 (pairs of keys are keys: nothing changes for the tensor
// loss):
//     |Gauss_K - int f'| <= (32/15)(8 n/h) rho^{-2K}/(1 - rho^{-2}),   rho = h + sqrt(1 + h^2).
// Gradients with an error of eps in each entry add at most 2 d eps, as the weights are positive with sum 1.
// The forward instance has margin R = 4 ceil(sqrt n) (n outputs):
//     YES: f(1) >= (R/(R+1))^2 >= (4/5)^2;   NO: f(1) <= n/(R+1)^2 < 1/16.
// Decision value 1/3; a gradient oracle may err by eps = 1/(16 d) in each entry (2 d eps = 1/8), and the
// quadrature by 1/16.
#pragma once

#include "numeric/matrix.hpp"
#include "numeric/parallel.hpp"
#include "numeric/proved.hpp"
#include "reductions/gradient/gauss_legendre.hpp"

namespace attnbounds {

/// A1 n x d; keys A2 (m x d), or A2 and A3; values of one column, 0 or 1, A3, or A4 and A5. Y = I, E = 0.
struct GradientInstance {
  Matrix<double> a1;
  std::vector<Matrix<double>> keys, values;
};

/// Errors: InputError for shapes that do not fit, and values other than 0 and 1.
void validate(const GradientInstance& instance);

/// f(lambda) from the definition of attention, at the working precision: what the decision is checked
/// against.
Interval total_square(const GradientInstance& instance, const Rational& lambda);

/// Margin of the forward instance, from its number of outputs.
Rational gradient_margin(long outputs);
inline Rational gradient_decision_value() { return Rational(1, 3); }

/// dL/dX at X = lambda I in intervals: the reference for fast_oracle.hpp, which the decision calls.
class GradientOracle {
 public:
  explicit GradientOracle(const GradientInstance& instance, ThreadCount threads = all_cores());
  /// Encloses the entries (a, a), or (a, (a, a)), of dL/dX. Cost n m d interval operations, m keys or pairs.
  std::vector<Interval> diagonal(double lambda) const;
  /// Largest half-range of a row's scores at X = I, at least.
  Interval half_range() const { return half_range_; }

 private:
  GradientInstance instance_;  // two families of keys; the matrix loss has one row of ones for the second
  ThreadCount threads_;
  std::vector<std::vector<Interval>> scores_;  // [i][j m3 + k], less their row's largest
  Interval half_range_;
};

/// The bound above on |Gauss_K - int f'|, K >= 2 nodes, scores of that half-range.
Interval quadrature_error(long outputs, const Interval& half_range, long nodes);

struct QuadraturePlan {
  long nodes = 2;
  Interval error;  // of the exact rule
};
/// The fewest nodes proved to err by at most `allowed`. Errors: InputError beyond 4000 nodes.
QuadraturePlan plan_quadrature(long outputs, const Interval& half_range, const Rational& allowed);

struct GradientDecision {
  Interval at_zero, at_one;  // f(0), f(1), the latter from gradients alone
  QuadraturePlan plan;
  long queries = 0;
};
/// `extra_error` is what each gradient entry may be off by, beyond its enclosure.
GradientDecision total_square_from_gradients(const GradientInstance& instance,
                                             const Rational& extra_error = 0,
                                             ThreadCount threads = all_cores());

}  // namespace attnbounds
