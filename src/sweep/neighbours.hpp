// The theory's points behind the report's figure of the neighbouring theorems (docs/neighbours.md, 1 and 2):
//   LoRA              scores divided by d are at most Gamma^2 and the features are those of the matrix
//   gradient,
//                     so its six gradients are problem gradient at kappa = Gamma/sqrt(log n), from 1/16 to
//                     the kappa at which gradients decide orthogonal vectors by the direct reduction
//   latent diffusion  tokens in a subspace of d0 = c log n dimensions: problem forward at d = d0, kappa fixed
#pragma once

#include "sweep/theory.hpp"

namespace attnbounds {

std::vector<SweepTask> neighbour_tasks(DegreeProofs proofs = DegreeProofs::none);

}  // namespace attnbounds
