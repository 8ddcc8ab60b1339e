// The threshold's claims run along sequences n = 2^10, …, e^L; kappa may fall along them. A case is a point
// of the theory with its certified degrees and exponent (src/phase).
#pragma once

#include "phase/limit.hpp"
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {

struct ThresholdCase {
  PhasePoint point;
  PhaseValue value;
};
inline Json describe(const ThresholdCase& c) {
  return {{"kind", name(c.point.kind)},          {"n", c.point.n.text},
          {"kappa", json_number(c.point.kappa)}, {"c", json_number(c.point.c)},
          {"C", json_number(c.point.C)},         {"d", c.value.dimension},
          {"degree", c.value.degree.value},      {"degree_needed", c.value.degree_needed.value}};
}
inline ThresholdCase evaluated(const PhasePoint& point) { return {point, phase_value(point)}; }

inline Interval log_n(const ThresholdCase& c) { return c.point.n.log(); }
/// d/log n, for the d that was used.
inline Interval ratio_of_dimension(const ThresholdCase& c) { return Interval(c.value.dimension) / log_n(c); }

/// c = C = 1 at the quick level, more pairs beyond.
inline std::vector<std::pair<Rational, Rational>> pairs_of(Level level) {
  std::vector<std::pair<Rational, Rational>> pairs{{1, 1}, {Rational(1, 2), 2}};
  if (level != Level::quick) pairs.insert(pairs.end(), {{2, Rational(1, 2)}, {4, 1}, {1, 4}});
  return pairs;
}

}  // namespace attnbounds
