// The measured mode of `attnbounds phase` as tasks, on instances with entries of B = kappa (log n)^{1/p}. The
// lines, by "record":
//   time     polynomial attention with its guarantee n^{-C} max|V| against fused exact attention: degree,
//   rank
//            and bound; the times are estimates and stand under "timing". Matrix attention beyond `most_rows`
//            tokens: the kernels are timed on that many and scaled; the polynomial is that of all tokens, the
//            bound that of the timed ones. Tensor: exact attention is timed on 32 queries.
//   rank     the epsilon-rank of the attention matrix, epsilon = n^{-C}, from both sides (epsilon_rank.hpp);
//            beyond `rank_n` tokens (tensor: 64) from below by `probe_rows` of its rows
//   decide   a hard instance decided by methods of fixed rank: the polynomial of the largest degree with
//            C(d+g, g) <= rank, and the truncated singular value decomposition
// Families: `random` entries at d = c log n, and the hard ones (reductions/hard) with their own d, 8 log n or
// more where the bias needs it. A line says "missed" where a family has no instance of that size.
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
  std::vector<std::string> records;   // time, rank, decide
  std::vector<std::string> families;  // random, light-bulb, planted-orthogonal, planted-gap
  std::vector<long> ranks;            // of decide
  long rank_n = 1024, decide_n = 512, most_rows = 4096, probe_rows = 128;
  long repeats = 3;  // instances a point of decide
  std::uint64_t seed = 0;
  ThreadCount threads;  // inside a task; timings mean nothing when tasks run beside each other
};

std::vector<SweepTask> measured_tasks(const MeasuredGrid& grid);

}  // namespace attnbounds
