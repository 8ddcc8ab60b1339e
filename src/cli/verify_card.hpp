// attnbounds verify --card FILE…: a user's own bounds.
#pragma once

#include "cli/command.hpp"
#include "proofs_check/run.hpp"

namespace attnbounds {

/// With `out`, a directory, the log of the cards and its report stand there, as those of a run of claims.
/// Errors: InputError. An error inside a card is shown with its line and a caret before it is thrown on.
ExitStatus verify_cards(const std::vector<std::string>& files, const RunSettings& settings,
                        const std::string& out, const CommonOptions& options);

}  // namespace attnbounds
