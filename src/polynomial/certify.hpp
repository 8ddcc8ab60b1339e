// Proofs of what a polynomial, or no polynomial, of degree g achieves for exp on [-X, X], in t = x/X.
//
// Upper bound. r = P e^{-Xt} - 1 (relative) or P - e^{Xt} (absolute). r' vanishes where Q = P' - X P does, a
// polynomial of degree <= g, respectively where Q = P' - X e^{Xt} does, which by Rolle has at most g zeros
// (its g-th derivative -X^{g+1} e^{Xt} has none). So g disjoint brackets [t_i - rho, t_i + rho] on whose ends
// Q has opposite signs hold all critical points, one each, and M = sup |r| is attained there or at an end.
// From t_i to the critical point r changes by at most rho^2/2 sup |r''|, and Markov's inequalities for P, P''
// in terms of M itself give M <= (m + kappa)/(1 - kappa) with m = max |r| over the t_i and the ends
// (docs/certificates.md has the constants and the proof).  O(g^2), no subdivision, no sampling.
//
// Lower bound (de la Vallee Poussin). Any polynomial of degree <= g has sum w_i P(t_i) = 0 on g+2 points,
// w_i = 1/prod_{j != i}(t_i - t_j); hence its error is at least |sum w_i e^{X t_i}| / sum |w_i| W(t_i),
// W = e^{Xt} (relative) or 1 (absolute).
#pragma once

#include <optional>
#include <vector>

#include "polynomial/exchange.hpp"

namespace attnbounds {

/// What the upper bound needs: everything exact (dyadic).
struct UpperCertificate {
  Polynomial polynomial;                  // in t
  std::vector<Rational> critical_points;  // g of them, increasing, inside (-1, 1)
  Rational radius;
};

/// What the lower bound needs: g+2 increasing points of [-1, 1].
struct LowerCertificate {
  Degree degree;
  std::vector<Rational> points;
};

UpperCertificate upper_certificate(const Exchange& exchange, const Rational& half_width, ErrorKind kind,
                                   Bits guard);
LowerCertificate lower_certificate(const Exchange& exchange, const Rational& half_width, ErrorKind kind,
                                   Bits guard);

/// An interval whose upper end is proved to be at least sup |r|; nullopt if the certificate's conditions
/// could not be established (a sign unknown, brackets that meet). `error_bits` about -log2 of the error.
std::optional<Interval> prove_upper(const UpperCertificate& certificate, const Rational& half_width,
                                    ErrorKind kind, const AccuracyPlan& plan);

/// An interval whose lower end is proved to be at most the best error at the certificate's degree.
Interval prove_lower(const LowerCertificate& certificate, const Rational& half_width, ErrorKind kind,
                     const AccuracyPlan& plan);

/// The best error at degree g, enclosed to relative width about 2^-guard, with both certificates.
struct BestError {
  Degree degree;
  ErrorKind kind;
  Rational half_width;
  Interval error;
  UpperCertificate upper;
  LowerCertificate lower;
};

/// Exchange and proof; the guard is doubled (up to 8 times the given one) when a condition cannot be shown.
/// Errors: std::runtime_error if even then it cannot.
BestError best_error(Degree g, const Rational& half_width, ErrorKind kind, Bits guard = {40});

}  // namespace attnbounds
