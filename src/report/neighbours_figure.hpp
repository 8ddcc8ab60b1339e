// The neighbouring theorems drawn from the threshold's proved points (docs/neighbours.md, 1 and 2): the
// certified exponent of LoRA's gradients against the norm Gamma, with the norm from which the direct
// reduction decides orthogonal vectors; and that of latent diffusion's forward pass against the dimension of
// the tokens' subspace.
#pragma once

#include "report/heat_map.hpp"
#include "report/run_record.hpp"

namespace attnbounds {

/// Of matrix attention at C = 1: the gradient's points at c = 1, and the forward points of the first kappa
/// that has three c or more. A panel is left out where a run has no such points.
HeatMapFigure neighbours_figure(const std::vector<ThresholdRecord>& records);

/// A sentence a panel: where the methods stop paying, and where the reduction starts, at each n.
std::string reading_of_neighbours(const std::vector<ThresholdRecord>& records);

extern const char* const kNeighboursCaption;

}  // namespace attnbounds
