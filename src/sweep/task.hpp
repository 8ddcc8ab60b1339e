// A sweep is a list of independent tasks. A task is named by its parameters; its result is one JSON object
// that depends on the name alone (seeds included), so a sweep can be cut, resumed and spread in any way.
// Measured times stand under the key "timing" and are kept in a file of their own.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "numeric/proved.hpp"

namespace attnbounds {

using SweepJson = nlohmann::ordered_json;

struct SweepTask {
  std::string name;
  Estimate seconds;  // one core, before it is run
  std::function<SweepJson()> run;
};

/// {"lower", "upper"}: decimals rounded outwards.
SweepJson rounded_enclosure(const Interval& x, int digits = 12);

}  // namespace attnbounds
