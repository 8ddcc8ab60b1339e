// Two figures of the error through the layers of a transformer: layer by layer, forward and backward, proved
// against measured; and the growth factor a layer against the depth.
#pragma once

#include "report/gnuplot.hpp"
#include "report/run_record.hpp"

namespace attnbounds {

/// The series that the report's first figure shows: one of each kind of weights.
std::vector<PropagationRecord> shown_series(const std::vector<PropagationRecord>& rows);

// gnuplot scripts, data included; empty if there is nothing to draw.
std::string error_propagation_script(const std::vector<PropagationRecord>& rows);
/// A row a series, forward and backward, as tikzpictures for pgfplots: measured filled, the bounds hollow.
std::string error_propagation_pgfplots(const std::vector<PropagationRecord>& rows);
std::string growth_with_depth_script(const std::vector<PropagationRecord>& rows);

}  // namespace attnbounds
