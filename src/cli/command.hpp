// What every subcommand shares: the options of interface.md, exit statuses, JSON output.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "numeric/scalars.hpp"

namespace attnbounds {

enum class ExitStatus { answered = 0, refuted = 1, bad_input = 2, undecided = 3 };

/// Options that any subcommand takes. Shared pointers, because CLI11 fills them after registration.
struct CommonOptions {
  bool json = false;
  bool quiet = false;
  std::uint64_t seed = 0;
  unsigned threads = 0;  // 0: all cores
};

/// A subcommand as main() sees it: CLI11's node, and what to run when it was named.
struct Command {
  CLI::App* app;
  std::function<ExitStatus()> run;
};

void add_common_options(CLI::App& app, CommonOptions& options);

/// {"lower": "...", "upper": "..."}: decimals rounded outwards, `digits` significant digits.
nlohmann::ordered_json enclosure_json(const Interval& x, int digits = 20);

/// One JSON object on standard output, nothing else there.
void print_json(const nlohmann::ordered_json& object);

// One function a subcommand, each in its own file.
Command add_attention(CLI::App& app);
/// `command_words`: what stands after -- on the command line.
Command add_challenge(CLI::App& app, const std::vector<std::string>& command_words);
Command add_claims(CLI::App& app);
/// Describes all of `app`, when it is run.
Command add_completion(CLI::App& app);
Command add_decide(CLI::App& app);
Command add_degree(CLI::App& app);
Command add_gradient(CLI::App& app);
Command add_hard(CLI::App& app);
Command add_phase(CLI::App& app);
Command add_propagate(CLI::App& app);
Command add_reduce(CLI::App& app);
Command add_report(CLI::App& app);
Command add_verify(CLI::App& app);

}  // namespace attnbounds
