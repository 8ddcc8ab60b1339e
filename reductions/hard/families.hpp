// Hard attention instances with known answers, at B = kappa (log n)^{1/p}:
//   planted-orthogonal   random 0/1 vectors, each bit 1 with probability 1/2 (p = 3: 4/5); one tuple is made
//                        orthogonal (refused where another is orthogonal by chance: a larger d helps)
//   light-bulb           uniform +-1 vectors, one pair of correlation 3/4 (p = 3: the third
//                        with the product of the other two)
//   planted-gap          random 0/1 vectors, each bit 1 with probability 1/2; one tuple shares 3/4 of its
//                        bits
//   random-cnf           random 3-CNF of p log2 n variables and d clauses (default 4.267 a variable), by the
//                        direct route; the answer is found by exhaustive search
// The promise (yes, no) is that of the instance: yes the planted score, no the largest other one, found by
// going through all tuples. Deciding means telling the planted row from the others: `decision` is the double
// midway between the planted row's output and the largest other one, gap their distance, epsilon half of
// it, all from certified outputs. epsilon = 0: at this kappa the exact outputs do not tell.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "numeric/parallel.hpp"
#include "numeric/scalars.hpp"

namespace attnbounds {

struct HardRequest {
  std::string family;
  long n = 64;            // vectors a family
  std::optional<long> d;  // dimension, or clauses
  Rational kappa = 2;
  std::uint64_t seed = 0;
  long arity = 2;
  ThreadCount threads = all_cores();
};

/// Writes the folder; returns its instance.json. Errors: InputError.
nlohmann::ordered_json make_hard(const HardRequest& request, const std::filesystem::path& folder);

}  // namespace attnbounds
