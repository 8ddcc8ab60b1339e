// The threshold, as finite numbers. For p = 2 (matrix) or 3 (tensor attention) fix d = c log n,
// B = kappa (log n)^{1/p} and a relative error n^{-C} of every weight. The polynomial method needs degree g,
// the least one for scores in [-X, X], X = B^p = kappa^p log n, has rank r = C(d+g, g), and costs n^{1 +
// psi}, psi = log r / log n, against n^p for the exact one. kappa*(n, c, C) is where psi reaches p - 1: from
// there on the method does not pay.
//
// As n grows, the relative Bessel sandwich (docs/degree.md) gives g/log n -> gamma,
//     gamma arcosh(gamma/kappa^p) - sqrt(gamma^2 - kappa^{2p}) = C,
// and Stirling psi -> (c + gamma) log(c + gamma) - c log c - gamma log gamma.
// It is the rank of this construction, not a lower bound on every method.
#pragma once

#include <optional>
#include <string>

#include "polynomial/least_degree.hpp"

namespace attnbounds {

enum class AttentionKind { matrix, tensor };
inline long order(AttentionKind kind) { return kind == AttentionKind::matrix ? 2 : 3; }
const char* name(AttentionKind kind);

/// What is computed: outputs, or the loss gradient with respect to X, whose f o q has rank r d (matrix) or
/// r d^2 (tensor).
enum class Problem { forward, gradient };
const char* name(Problem problem);

/// n = base^exponent, kept as text because it need not fit any number: "1024", "2^400", "e^1000".
struct TokenCount {
  std::string text;
  Interval log() const;  // natural log, at the working precision
};
/// Errors: InputError unless 2 <= n.
TokenCount token_count(const std::string& text, const std::string& place);

/// d = max(1, round(c log n)).
long dimension(const TokenCount& n, const Rational& c);

/// Degrees up to this take some milliseconds by exchange; beyond, the sandwich's window is within a per cent.
constexpr long kQuickExchange = 64;

/// One point of the theory: B = kappa (log n)^{1/p}, or B itself.
struct PhasePoint {
  AttentionKind kind = AttentionKind::matrix;
  Problem problem = Problem::forward;
  TokenCount n;
  Rational kappa, c, C;
  std::optional<Rational> B = {};          // in place of kappa
  long largest_exchange = kQuickExchange;  // X and degree up to which the least degree is found exactly
};

Rational half_width_ratio(const PhasePoint& point);  // kappa^p = X/log n, where there is no B

struct PhaseValue {
  long dimension = 0;    // d = max(1, round(c log n))
  Rational half_width;   // X, rounded up
  Degree degree;         // proved to suffice
  Degree degree_needed;  // proved to be needed
  // What the two proofs are about: half_width and epsilon from below; low_half_width and epsilon from above.
  Rational low_half_width, low_epsilon, high_epsilon;
  std::optional<BestError> at, below;  // the proofs, where the degrees were found by exchange
  Integer rank;                        // C(d + degree, degree)
  Interval log_features;    // log of rank (forward), rank d (matrix gradient), rank d^2 (tensor gradient)
  Interval log_operations;  // log of p n features (2d + 3), d value columns: polynomial_cost
  Interval log_exact_operations;  // log of n^p (4d + 30) (forward), d^{p-1} times that (gradient): exact_cost
  Interval exponent;              // 1 + psi; its ends belong to degree_needed and degree
  Verdict pays;                   // exponent < p: verified, refuted, or undecided (the sandwich's window)
  Verdict fewer_operations;       // operations < those of the exact method, likewise
};

/// Errors: std::domain_error for parameters out of range (kappa >= 0, c > 0, C > 0, X <= 10^6).
PhaseValue phase_value(const PhasePoint& point);

/// Where along n = 2^k the method pays (exponent < p) at fixed kappa or B, c, C; every k up to 64, then steps
/// of an eighth up to `last`; and where its operations are fewer than the exact method's. "Pays" and "does
/// not", "fewer" and "not" are proved; 0 where there is no such k.
struct Crossover {
  long first_pays = 0, last_pays = 0, first_does_not_pay = 0, last_does_not_pay = 0, scanned_to = 0;
  long first_fewer_operations = 0, last_fewer_operations = 0, last_not_fewer_operations = 0;
};
Crossover crossover(PhasePoint point, long last);

/// Encloses kappa*: below the lower end the method pays, above the upper end it does not. Found by halving to
/// relative width `tolerance`; wider where the degree jumps across the line. Its kappa is ignored.
struct KappaStar {
  Rational pays, does_not_pay;
};
KappaStar kappa_star(PhasePoint point, const Rational& tolerance);

}  // namespace attnbounds
