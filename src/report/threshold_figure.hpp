// The threshold drawn: certified exponent over (log n, kappa) and, over it, kappa*(n), its limit, and the
// kappa at which the direct reduction decides orthogonal vectors; the window between is open.
#pragma once

#include "report/heat_map.hpp"
#include "report/run_record.hpp"

namespace attnbounds {

/// Panels matrix and tensor, of the first series; no panels if no kind has two values of n and two of kappa.
HeatMapFigure threshold_figure(const std::vector<ThresholdRecord>& records);

/// The same over a longer axis, with the gap routes.
HeatMapFigure routes_figure(const std::vector<ThresholdRecord>& records);
/// Exponent over kappa, a curve an n, and the limit.
HeatMapFigure exponents_figure(const std::vector<ThresholdRecord>& records);

extern const char *const kThresholdCaption, *const kRoutesCaption, *const kExponentsCaption;

}  // namespace attnbounds
