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
      "timeout 300 '" ATTNBOUNDS_BINARY_DIR "/" + program + "' " + arguments + " >" + out + " 2>" + err;
  const int raw = std::system(command.c_str());
  return {WIFEXITED(raw) ? WEXITSTATUS(raw) : -1, contents(out), contents(err)};
}

}  // namespace
