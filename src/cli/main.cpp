// attnbounds: one binary, a file a subcommand. Errors become one line on standard error, here and nowhere else.
#include <cstdio>
#include <exception>

#include "cli/command.hpp"

namespace {

using namespace attnbounds::cli;

constexpr AddCommand kCommands[] = {add_verify, add_claims};

int say(const std::string& message, ExitStatus status) {
  std::fprintf(stderr, "attnbounds: %s\n", message.substr(0, message.find('\n')).c_str());
  return static_cast<int>(status);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App parser("attnbounds: the theory of fast attention, verified");
  parser.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Run>> commands;
  for (const AddCommand add : kCommands) commands.push_back(add(parser));
  try {
    parser.parse(argc, argv);
    for (const auto& [command, run] : commands)
      if (command->parsed()) return static_cast<int>(run());
  } catch (const CLI::CallForHelp& help) {
    return parser.exit(help);
  } catch (const CLI::ParseError& error) {
    return say(error.what(), ExitStatus::bad_input);
  } catch (const attnbounds::InputError& error) {
    return say(error.what(), ExitStatus::bad_input);
  } catch (const std::exception& error) {
    return say(error.what(), ExitStatus::undecided);
  }
  return static_cast<int>(ExitStatus::bad_input);
}
