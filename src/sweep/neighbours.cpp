#include "sweep/neighbours.hpp"

#include "reductions/attention/hardness.hpp"

namespace attnbounds {
namespace {

/// Rounded up to a short exact number.
Rational decides_from(const TokenCount& n) {
  const WorkingPrecision precision(Bits{128});
  const Interval kappa = direct_kappa(2, n.log(), dimension(n, 1), DecidedBy::gradients);
  return dyadic(scaled_floor(to_rational(upper(kappa)), 10) + 1, -10);
}

void append(std::vector<SweepTask>& tasks, const TheoryGrid& grid) {
  const std::vector<SweepTask> more = theory_tasks(grid);
  tasks.insert(tasks.end(), more.begin(), more.end());
}

}  // namespace

std::vector<SweepTask> neighbour_tasks(DegreeProofs proofs) {
  const std::vector<TokenCount> tokens{{"2^20"}, {"2^40"}, {"2^161"}};
  std::vector<SweepTask> tasks;
  TheoryGrid lora;
  lora.proofs = proofs;
  lora.kinds = {AttentionKind::matrix};
  lora.problem = Problem::gradient;
  lora.c = lora.C = {1};
  for (const TokenCount& n : tokens) {
    lora.n = {n};
    lora.kappa.clear();
    for (const long sixteenths : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256})
      if (Rational(sixteenths, 16) < decides_from(n)) lora.kappa.push_back(Rational(sixteenths, 16));
    lora.kappa.push_back(decides_from(n));
    append(tasks, lora);
  }
  TheoryGrid diffusion;
  diffusion.proofs = proofs;
  diffusion.kinds = {AttentionKind::matrix};
  diffusion.n = tokens;
  diffusion.kappa = {Rational(1, 2)};
  diffusion.C = {1};
  for (const long eighths : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64})
    diffusion.c.push_back(Rational(eighths, 8));
  diffusion.stars = Stars::none;
  append(tasks, diffusion);
  return tasks;
}

}  // namespace attnbounds
