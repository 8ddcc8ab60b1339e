// The theory mode of `attnbounds phase` as tasks. The lines, by "record":
//   point        a point (n, kappa or B, c, C): degree, rank, operations, time, exponent and its limit
//   kappa_star   kappa*(n, c, C), and kappa at which each reduction decides orthogonal vectors
//   crossover    where along n = 2^k the method pays at fixed kappa or B
// With proofs, a point and a kappa* have the key "proofs": certificates (docs/certificates.md) of the point's
// exponent, of the two points at the ends of kappa*; none where the checker has no proof of a degree.
#pragma once

#include "phase/exponent.hpp"
#include "sweep/task.hpp"

namespace attnbounds {

enum class Crossovers { none, with };
enum class Stars { none, with };  // kappa* of every n

enum class DegreeProofs { none, with };

struct TheoryGrid {
  std::vector<AttentionKind> kinds;
  Problem problem = Problem::forward;
  std::vector<TokenCount> n;
  std::vector<Rational> kappa, B, c, C;  // B in place of kappa where it is not empty
  Stars stars = Stars::with;
  Crossovers crossovers = Crossovers::none;
  DegreeProofs proofs = DegreeProofs::none;
  long crossover_last = 400;  // 2^400
  long largest_exchange = kQuickExchange;
  Estimate operations_a_second{1e10};
};

std::vector<SweepTask> theory_tasks(const TheoryGrid& grid);

/// The name of the task that gave a line of record point or kappa_star, by its parameters.
std::string theory_name(const SweepJson& line);

}  // namespace attnbounds
