// Programs that draw and set: gnuplot, latexmk. Run apart, with no settings of the user's and no input.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace attnbounds {

/// Runs words[0] (found by PATH) in `folder`, its output into `folder`/`output`. 0 if it ran well, the error
/// number if it could not be started, -1 if it failed. Besides PATH it sees LC_ALL=C, HOME and TMPDIR in
/// `folder`, and fixed times for what writes dates.
int run_apart(std::vector<std::string> words, const std::filesystem::path& folder,
              const std::filesystem::path& output);

/// Runs a program with the caller's environment and keeps what it says. Errors: InputError if it cannot be
/// started.
struct Said {
  int status = 0;
  std::string output, errors;
};
Said run_and_listen(std::vector<std::string> words, const std::filesystem::path& folder);

}  // namespace attnbounds
