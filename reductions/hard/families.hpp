// Hard attention instances with known answers, at B = kappa (log n)^{1/p}:
//   planted-orthogonal   random 0/1 vectors, each bit 1 with probability 1/2 (p = 3: 4/5); one tuple is made
//                        orthogonal. Also under the names planted-pair (p = 2) and planted-triple (p = 3)
//   light-bulb           uniform +-1 vectors, one pair of correlation 3/4 (p = 3: the third with the product
//                        of the other two) [Valiant 1988; theory.md 6.6]
//   planted-gap          random 0/1 vectors, each bit 1 with probability 1/2; one tuple shares 3/4 of its
//                        bits
//   random-cnf           random k-CNF of p log2 n variables and d clauses (default: at the satisfiability
//                        threshold, 4.267 a variable for k = 3), by the direct route; the answer is found by
//                        exhaustive search
// A vector by which another tuple would do as well as the planted one is drawn again (refused where a hundred
// rounds do not help: a larger d does). Planted families have n queries and n keys, the last one an anchor,
// of d columns, the bias columns included; where these would be more than a quarter (small kappa), they stand
// beside d columns of vectors. The promise (yes, no) is that of the instance: yes the planted score, no the
// largest other one, found by going through all tuples. Deciding means telling the planted row from the
// others: `decision` is the double midway between the planted row's output and the largest other one, gap
// their distance, epsilon half of it, all from certified outputs. epsilon = 0: at this kappa the exact
// outputs do not tell.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "numeric/parallel.hpp"
#include "numeric/scalars.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/cnf/formula.hpp"

namespace attnbounds {

/// Columns of a planted family, in units of log n, where a request does not say.
constexpr long kHardColumns = 8;

struct HardRequest {
  std::string family;
  long n = 64;            // tokens
  std::optional<long> d;  // columns (default: kHardColumns log n), or clauses
  Rational kappa = 2;
  std::uint64_t seed = 0;
  long arity = 2;
  long width = 3;  // k of random-cnf, 2 to 7
  ThreadCount threads = all_cores();
};

struct HardInstance {
  std::vector<SignMatrix> families;
  std::optional<Tuple> planted;    // for a formula: an orthogonal tuple, if there is one
  std::optional<Formula> formula;  // of random-cnf
  ThresholdParameters parameters;  // with the promise
  long largest_other = 0;          // score
};
/// Errors: InputError.
HardInstance hard_instance(const HardRequest& request);

/// Writes the folder; returns its instance.json. Errors: InputError.
nlohmann::ordered_json make_hard(const HardRequest& request, const std::filesystem::path& folder);

}  // namespace attnbounds
