// What was measured, over (n, kappa): where the polynomial kernel wins, what rank the attention matrix has,
// and where methods of fixed rank still decide hard instances; the theory's kappa*(n) drawn through.
#pragma once

#include <utility>

#include "report/heat_map.hpp"
#include "report/run_record.hpp"

namespace attnbounds {

/// kappa*(n) of one kind at the d of one family, to be drawn over the measurements.
struct ThresholdCurve {
  std::string kind, family, label;
  std::vector<std::pair<double, double>> points;  // (log2 n, kappa)
};

/// File name, caption and figure of each: measured-time, measured-rank, measured-decide; those without two
/// values of n and kappa are left out. `lines` are those of phase.jsonl with their "timing" put back.
struct MeasuredFigure {
  std::string name, caption;
  HeatMapFigure figure;
};
std::vector<MeasuredFigure> measured_figures(const std::vector<Json>& lines,
                                             const std::vector<ThresholdCurve>& thresholds);

}  // namespace attnbounds
