// attnbounds challenge --search: the worst input of an attention program.
#pragma once

#include "cli/command.hpp"

namespace attnbounds {

struct ChallengeSearchOptions : CommonOptions {
  long n = 8, d = 4;
  std::string bound = "1", kind = "matrix", entries = "float64", objective = "error", claims, library, out;
  std::vector<std::string> kernels;
  std::vector<int> descriptors;  // requests, answers
  std::size_t budget = 2000;
  double limit = 600;
  bool serve = false, resume = false;
};

void add_search_options(CLI::App& command, ChallengeSearchOptions& options);
ExitStatus challenge_search(const ChallengeSearchOptions& options, const std::vector<std::string>& command);

}  // namespace attnbounds
