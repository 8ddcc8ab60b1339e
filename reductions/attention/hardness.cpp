#include "reductions/attention/hardness.hpp"

#include <cmath>
#include <stdexcept>

namespace attnbounds {
namespace {

constexpr int kFieldsTried = 3;  // a larger field has a better gap and a larger dimension
constexpr long kLargestRoot = 1000;
constexpr int kShares = 200;

/// log R: of 3, or of 4 ceil(sqrt n), which is in 4 sqrt n [1, 1 + 1/sqrt n].
Interval log_margin(const Interval& log_n, DecidedBy by) {
  if (by == DecidedBy::outputs) return log(Interval(3));
  return log(Interval(4)) + log_n / 2 + hull(Interval(0), exp(-log_n / 2));
}

/// log T + 2 log R.
Interval separation(long arity, const Interval& log_n, DecidedBy by) {
  return (arity - 1) * log_n + 2 * log_margin(log_n, by);
}

/// log n of an instance with n genuine keys and an anchor: log(n + 1) in log n + (0, 1/n).
Interval log_tokens(const Interval& log_n) { return log_n + hull(Interval(0), exp(-log_n)); }

/// The first alphabets of a code that have characteristic > T' and, for l nodes, more points than zeros.
std::vector<long> alphabets(CodeKind code, long arity, long nodes, long columns) {
  std::vector<long> found;
  const auto room = [&](long field) {
    const CodeSize size = code_size(code, arity, nodes, field);
    return size.degree < size.points;
  };
  for (long q = code == CodeKind::reed_solomon ? columns + 1 : 2; found.size() < kFieldsTried; ++q) {
    const long characteristic = characteristic_of(q);
    if (code == CodeKind::reed_solomon ? characteristic != q || !room(q)
                                       : characteristic <= columns || !room(q * q))
      continue;
    found.push_back(code == CodeKind::reed_solomon ? q : q * q);
  }
  return found;
}

}  // namespace

Interval direct_kappa(long arity, const Interval& log_n, long d, DecidedBy by) {
  if (d < 2) throw std::domain_error("an instance has a coordinate and a bias column");
  return exp(log(separation(arity, log_n, by) * d / log_tokens(log_n)) / arity);
}

std::optional<GapHardness> gap_kappa(CodeKind code, long arity, const Interval& log_n, long dimension,
                                     const Rational& alpha, DecidedBy by) {
  std::optional<GapHardness> best;
  const Interval log_share = log(separation(arity, log_n, by) / log_tokens(log_n));
  for (long columns = 1; columns <= dimension; ++columns) {
    const long nodes = (dimension + columns - 1) / columns;
    if (columns > 1 && (dimension + columns - 2) / (columns - 1) == nodes) continue;  // fewer columns do
    for (const long field : alphabets(code, arity, nodes, columns)) {
      const CodeSize size = code_size(code, arity, nodes, field);
      const Interval log_field = log(Interval(field)), log_advices = size.advice_dimension * log_field;
      if (!(upper(log_advices) <= lower(Interval(enclose(alpha) * log_n)))) continue;
      const Interval wide = (arity - 1) * columns * log_field;
      const Interval log_d = log(Interval(size.points)) + wide + log(1 + exp(-wide));  // e <= N
      const Interval log_kappa = (log_share + log_d - log(Interval(size.points - size.degree))) / arity;
      if (!best || upper(log_kappa) < upper(best->log_kappa))
        best = GapHardness{nodes, columns, field, log_kappa, log_d, Interval(log_advices / log_n)};
    }
  }
  return best;
}

std::optional<TowerHardness> tower_limit_kappa(long arity, const Rational& c, const Rational& alpha,
                                               DecidedBy by) {
  const double p = static_cast<double>(arity);
  // (log T + 2 log R)/log n -> p - 1, or p: log R of the gradients' margin is half of log n.
  const double share = by == DecidedBy::outputs ? p - 1 : p;
  std::optional<TowerHardness> best;
  for (long q = 3; q <= kLargestRoot; ++q) {
    if (characteristic_of(q) != q) continue;
    const double genus = 1 / static_cast<double>(q - 1), log_field = 2 * std::log(static_cast<double>(q));
    for (int k = 1; k < kShares; ++k) {
      const double lambda = (1 / p - genus) * k / kShares;  // p (lambda + genus) < 1
      if (lambda <= 0) continue;
      // a log Q <= alpha log n fixes N/log n; then l T' >= c log n.
      const double points = nearest(alpha) / ((p - 1) * (lambda + genus) * log_field);
      const double columns = std::ceil(nearest(c) / (lambda * points));
      if (columns >= static_cast<double>(q)) continue;
      const double log_kappa =
          (std::log(share) + (p - 1) * columns * log_field - std::log(1 - p * (lambda + genus))) / p;
      if (!best || log_kappa < best->log_kappa.value)
        best = TowerHardness{q, static_cast<long>(columns), lambda, Estimate(log_kappa)};
    }
  }
  return best;
}

}  // namespace attnbounds
