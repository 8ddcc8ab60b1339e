// The measured mode of `attnbounds phase` as tasks, on instances with entries of B = kappa (log n)^{1/p}. The
// lines, by "record":
//   time     polynomial attention with its guarantee n^{-C} max|V| against exact attention on random entries:
//            degree, rank and bound; the times are estimates and stand under "timing". Beyond `most_rows`
//            tokens both are timed on that many queries (exact: against all keys) and scaled.
//   rank     the epsilon-rank of the attention matrix, epsilon = n^{-C}, from both sides (epsilon_rank.hpp)
//   decide   a hard instance (reductions/hard) decided by methods of fixed rank: the polynomial of the
//   largest
//            degree with C(d+g, g) <= rank, and the truncated singular value decomposition
#pragma once

#include "numeric/parallel.hpp"
#include "phase/exponent.hpp"
#include "sweep/task.hpp"

namespace attnbounds {

struct MeasuredGrid {
  std::vector<AttentionKind> kinds;
  std::vector<long> n;
  std::vector<Rational> kappa;
  Rational c = 1, C = 1;
  std::vector<std::string> families;  // random, light-bulb, planted-orthogonal, planted-gap
  std::vector<long> ranks;            // of decide
  long rank_n = 1024, decide_n = 512, most_rows = 4096;
  long repeats = 3;  // instances a point of decide
  std::uint64_t seed = 0;
  ThreadCount threads;  // inside a task; timings mean nothing when tasks run beside each other
};

std::vector<SweepTask> measured_tasks(const MeasuredGrid& grid);

}  // namespace attnbounds
