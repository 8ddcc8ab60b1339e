// attnbounds verify --paper-claims FILE: the numbers of a paper, derived again.
#pragma once

#include "cli/command.hpp"

namespace attnbounds {

/// Prints the review and, with `out`, writes badge.html, badge.md, badge.tex and review.json there. Answered,
/// refuted (a number does not agree) or undecided. Errors: InputError.
ExitStatus verify_paper(const std::string& file, const std::string& out, const CommonOptions& options);

}  // namespace attnbounds
