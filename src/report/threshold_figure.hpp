// The threshold drawn: certified exponent over (log n, kappa) and, over it, kappa*(n), its limit, and the
// kappa at which the direct reduction decides orthogonal vectors; the window between is open.
#pragma once

#include <optional>

#include "report/heat_map.hpp"
#include "report/run_record.hpp"

namespace attnbounds {

/// A point or a kappa* of a sweep (record "point" or "kappa_star" of phase.jsonl), as far as it is drawn.
struct ThresholdRecord {
  std::string kind;    // matrix, tensor
  std::string series;  // parameters that a figure holds fixed: problem, c, C
  double log_n = 0, kappa = 0;
  std::optional<double> exponent;               // of a point, its proved upper end
  std::optional<double> star, limit, hard;      // of a kappa*: proved lower end of kappa*; limit; direct route
};

/// nullopt for other records. Errors: InputError naming `place` and the key.
std::optional<ThresholdRecord> threshold_record(const Json& line, const std::string& place);

/// Panels matrix and tensor, of the first series; no panels if no kind has two values of n and two of kappa.
HeatMapFigure threshold_figure(const std::vector<ThresholdRecord>& records);

extern const char* const kThresholdCaption;

}  // namespace attnbounds
