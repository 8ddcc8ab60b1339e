// The rival Sollya (https://www.sollya.org), run as a program on a script: remez, then the certified supnorm.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "proofs_check/checker/least_degree.hpp"

namespace attnbounds::bench {

inline bool has_sollya() { return std::system("command -v sollya >/dev/null 2>&1") == 0; }

enum class SollyaOutcome { finished, stopped, failed };

struct SollyaRun {
  SollyaOutcome outcome;
  double error_upper = 0;  // of its polynomial, by supnorm
};

/// remez at this degree, precision and interval, then supnorm to relative width 2^-40; stopped after `limit`.
inline SollyaRun sollya_best_error(long g, long half_width, checker::ErrorKind kind, long bits,
                                   int limit_seconds) {
  std::string folder = (std::filesystem::temp_directory_path() / "attnbounds-sollya-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return {SollyaOutcome::failed};
  const std::string X = std::to_string(half_width), degree = std::to_string(g),
                    script = folder + "/script.sollya";
  const bool relative = kind == checker::ErrorKind::relative;
  std::ofstream(script) << "prec = " << bits << "!;\n"
                        << "I = [-" << X << ";" << X << "];\n"
                        << "p = "
                        << (relative ? "remez(1, " + degree + ", I, exp(-x));\n"
                                     : "remez(exp(x), " + degree + ", I);\n")
                        << "s = supnorm(p, exp(x), I, " << (relative ? "relative" : "absolute")
                        << ", 2^(-40));\n"
                        << "display = decimal!;\nprint(round(sup(s), 53, RU));\n";
  const int raw = std::system(
      ("timeout " + std::to_string(limit_seconds) + " sollya " + script + " >" + folder + "/out 2>&1")
          .c_str());
  SollyaRun run{SollyaOutcome::failed};
  if (WIFEXITED(raw) && WEXITSTATUS(raw) == 124) run.outcome = SollyaOutcome::stopped;
  std::string line;
  for (std::ifstream out(folder + "/out"); std::getline(out, line);) {
    char* end = nullptr;
    const double value = std::strtod(line.c_str(), &end);
    if (end != line.c_str() && *end == '\0' && value > 0) run = {SollyaOutcome::finished, value};
  }
  std::filesystem::remove_all(folder);
  return run;
}

}  // namespace attnbounds::bench
