// attnbounds: parses the command line, runs one subcommand, and catches every error once.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/device_case.hpp"
#include "cli/ranks.hpp"
#include "cli/terminal.hpp"
#include "kernels/result.hpp"
#include "numeric/exact_text.hpp"
#include "polynomial/least_degree.hpp"
#include "reductions/chain/decide.hpp"

namespace attnbounds {

void add_common_options(CLI::App& app, CommonOptions& options) {
  app.add_flag("--json", options.json, "print one JSON object on standard output");
  app.add_flag("--quiet", options.quiet, "no progress bar");
  app.add_option("--seed", options.seed, "seed of every random choice")->capture_default_str();
  app.add_option("--threads", options.threads, "threads (0: all cores)")->capture_default_str();
}

nlohmann::ordered_json enclosure_json(const Interval& x, int digits) {
  return {{"lower", decimal_down(lower(x), digits)}, {"upper", decimal_up(upper(x), digits)}};
}

void print_json(const nlohmann::ordered_json& object) { std::printf("%s\n", object.dump(2).c_str()); }

}  // namespace attnbounds

namespace {

using attnbounds::ExitStatus;

int fail(const std::string& message, ExitStatus status) {
  if (!attnbounds::is_first_rank()) return static_cast<int>(status);  // every rank finds the same
  std::string line = message.substr(0, message.find_last_not_of(" \n\r\t") + 1);
  for (char& c : line)
    if (c == '\n' || c == '\r') c = ' ';
  std::fprintf(stderr, "attnbounds: %s\n", line.c_str());
  return static_cast<int>(status);
}

}  // namespace

int main(int argc, char** argv) {
  const attnbounds::Ranks ranks(&argc, &argv);
  CLI::App app{"attnbounds: verification suite for the theory of fast attention", "attnbounds"};
  app.set_version_flag("--version", ATTNBOUNDS_VERSION);
  app.require_subcommand(1);
  app.formatter(std::make_shared<attnbounds::HelpFormatter>());
  app.footer(
      "attnbounds SUBCOMMAND --help says more. Exit status: 0 answered and nothing refuted;\n"
      "1 refuted, or an error budget missed; 2 bad input (one line); 3 undecided.\n\n"
      "Examples:\n"
      "  attnbounds degree --interval 12 --eps 1e-12\n"
      "  attnbounds verify --claim aggarwal-alman-2022/least-degree");
  // challenge INSTANCE… -- COMMAND…: the command's own options are none of ours.
  char** const end = argv + argc;
  char** const separator = argc > 1 && std::string_view(argv[1]) == "challenge"
                               ? std::find(argv, end, std::string_view("--"))
                               : end;
  const std::vector<std::string> command_words(separator == end ? end : separator + 1, end);
  const std::vector<attnbounds::Command> commands = {
      attnbounds::add_attention(app),   attnbounds::add_challenge(app, command_words),
      attnbounds::add_claims(app),      attnbounds::add_completion(app),
      attnbounds::add_decide(app),      attnbounds::add_degree(app),
      attnbounds::add_device_case(app), attnbounds::add_gradient(app),
      attnbounds::add_hard(app),        attnbounds::add_phase(app),
      attnbounds::add_propagate(app),   attnbounds::add_reduce(app),
      attnbounds::add_report(app),      attnbounds::add_verify(app),
  };
  try {
    app.parse(static_cast<int>(separator - argv), argv);
  } catch (const CLI::Success& request) {  // --help, --version
    return app.exit(request);
  } catch (const CLI::ParseError& error) {
    return fail(error.what(), ExitStatus::bad_input);
  }
  try {
    for (const attnbounds::Command& command : commands)
      if (command.app->parsed()) return static_cast<int>(command.run());
  } catch (const attnbounds::InputError& error) {
    return fail(error.what(), ExitStatus::bad_input);
  } catch (const attnbounds::BudgetMissed& error) {
    return fail(error.what(), ExitStatus::refuted);
  } catch (const attnbounds::ContradictedPromise& error) {
    return fail(error.what(), ExitStatus::refuted);
  } catch (const attnbounds::Undecided& error) {
    return fail(std::string("undecided: ") + error.what(), ExitStatus::undecided);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", ExitStatus::bad_input);
  } catch (const std::exception& error) {
    return fail(error.what(), ExitStatus::bad_input);
  }
  return static_cast<int>(ExitStatus::bad_input);
}
