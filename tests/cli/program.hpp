// The programs as their users run them: a command line in, exit status, standard output and error out.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "numeric/files.hpp"

namespace {

namespace fs = std::filesystem;

inline std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

using attnbounds::TemporaryFolder;

struct Answer {
  int status;
  std::string output, errors;
};

/// `program` stands in the build folder; a run of more than five minutes is ended (status 124).
inline Answer run_program(const std::string& program, const std::string& arguments) {
  const TemporaryFolder folder;
  const std::string out = (folder.path / "out").string(), err = (folder.path / "err").string();
  const std::string command =
      "timeout 900 '" ATTNBOUNDS_BINARY_DIR "/" + program + "' " + arguments + " >" + out + " 2>" + err;
  const int raw = std::system(command.c_str());
  return {WIFEXITED(raw) ? WEXITSTATUS(raw) : -1, contents(out), contents(err)};
}

/// A folder from which commands run as from the repository's root: examples/ and build/ stand in it.
struct Workplace {
  TemporaryFolder folder;
  Workplace() {
    fs::create_directory_symlink(ATTNBOUNDS_SOURCE_DIR "/examples", folder.path / "examples");
    fs::create_directory_symlink(ATTNBOUNDS_BINARY_DIR, folder.path / "build");
  }
  /// What bash says to `commands`, the built programs in its path, no terminal; `errors` stand in `output`,
  /// where a terminal has them.
  Answer shell(const std::string& commands) const {
    const TemporaryFolder scratch;
    const fs::path script = scratch.path / "script", out = scratch.path / "out";
    std::ofstream(script) << commands << "\n";
    const std::string line = "cd '" + folder.path.string() +
                             "' && PATH='" ATTNBOUNDS_BINARY_DIR ":'\"$PATH\" timeout 900 bash '" +
                             script.string() + "' >'" + out.string() + "' 2>&1 </dev/null";
    const int raw = std::system(line.c_str());
    return {WIFEXITED(raw) ? WEXITSTATUS(raw) : -1, contents(out), ""};
  }
};

}  // namespace
