// What every subcommand is: a function that adds itself to the parser and returns what to run when chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "numeric/exact_text.hpp"

namespace attnbounds::cli {

/// The contract of docs: 0 answered, 1 refuted or a budget missed, 2 bad usage or input, 3 undecided.
enum class ExitStatus { answered = 0, refuted = 1, bad_input = 2, undecided = 3 };

using Run = std::function<ExitStatus()>;
using AddCommand = std::pair<CLI::App*, Run> (*)(CLI::App& parser);

std::pair<CLI::App*, Run> add_verify(CLI::App& parser);
std::pair<CLI::App*, Run> add_claims(CLI::App& parser);

}  // namespace attnbounds::cli
