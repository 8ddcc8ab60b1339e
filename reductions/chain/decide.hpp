// Deciding a folder through attention alone (or gradients alone): the answer comes from certified outputs,
// the witness from the row that stands out, the map back and a check against the formula.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "numeric/parallel.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

enum class DecisionMethod { exact, polynomial };

struct Answer {
  bool satisfiable = false;
  std::vector<int> literals;  // of the formula, if there is one
  std::vector<long> tuple;    // of vectors, one of each family
  Interval gap;               // what the instance promises between a yes and a no
  long queries = 0;           // calls of attention or of the gradient
  long raised = 0;            // outputs that needed more than double precision
  double nearest = 0;         // least proved distance of what was read to the decision value
  double error_bound = 0;     // of the outputs that were read
  std::string from;           // "attention" or "gradient"
};

/// Errors: InputError (also files that differ from their receipts); Undecided (also where the polynomial
/// method has no polynomial of a proved error within epsilon); ContradictedPromise.
Answer decide(const std::filesystem::path& folder, DecisionMethod method, ThreadCount threads = all_cores());

/// The outputs say yes and there is no witness, or the witness fails: the folder breaks its promise.
class ContradictedPromise : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace attnbounds
