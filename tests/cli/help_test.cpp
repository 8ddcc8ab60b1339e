// Help, tables and colours as a person at a terminal meets them.
#include <algorithm>
#include <sstream>
#include <vector>

#include "catch.hpp"
#include "cli/program.hpp"

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

long columns(const std::string& line) {
  return std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

/// Lines of more than 80 columns, but for those that are one word (a path, an exact number) and its
/// indentation.
std::string too_long(const std::string& text) {
  std::string found;
  for (const std::string& line : lines_of(text)) {
    const auto first = line.find_first_not_of(' ');
    if (columns(line) > 80 && line.find(' ', first) != std::string::npos) found += line + "\n";
  }
  return found;
}

std::vector<std::string> subcommands() {
  std::vector<std::string> names;
  bool listed = false;
  for (const std::string& line : lines_of(run_program("attnbounds", "--help").output)) {
    if (line.empty()) listed = false;
    if (listed && line.rfind("   ", 0) != 0) names.push_back(line.substr(2, line.find(' ', 2) - 2));
    if (line == "Subcommands:") listed = true;
  }
  return names;
}

/// The lines under "Examples:", each with its continuations.
std::vector<std::string> examples_of(const std::string& help) {
  std::vector<std::string> examples;
  const auto at = help.find("Examples:\n");
  if (at == std::string::npos) return examples;
  bool goes_on = false;
  for (const std::string& line : lines_of(help.substr(at + 10))) {
    if (goes_on) examples.back() += "\n" + line;
    else if (line.rfind("  ", 0) == 0) examples.push_back(line);
    goes_on = !line.empty() && line.back() == '\\';
  }
  return examples;
}

}  // namespace

TEST_CASE("every subcommand's help fits 80 columns, and its examples run as they are printed") {
  const auto names = subcommands();
  REQUIRE(names.size() >= 14);
  for (const std::string& name : names) {
    const Answer help = run_program("attnbounds", name + " --help");
    INFO(name);
    CHECK(help.status == 0);
    CHECK(too_long(help.output) == "");
    const auto examples = examples_of(help.output);
    CHECK_FALSE(examples.empty());
    CHECK(std::any_of(examples.begin(), examples.end(),
                      [&](const std::string& e) { return has(e, "attnbounds " + name); }));
    const Workplace workplace;
    for (const std::string& example : examples) {
      const Answer answer = workplace.shell(example);
      INFO(example << "\n" << answer.output);
      CHECK(answer.status == 0);
      CHECK_FALSE(has(answer.output, "\033"));
      // Machine-readable output is as long as it is; attnbounds-check is a program of its own.
      if (!has(example, "--json") && !has(example, "attnbounds-check") && name != "completion" &&
          !has(example, "measured"))
        CHECK(too_long(answer.output) == "");
    }
  }
}

TEST_CASE("verdicts are coloured on a terminal, and there only; NO_COLOR and dumb terminals are honoured") {
  if (std::system("command -v script >/dev/null") != 0) return;  // gives a command a terminal of its own
  const Workplace workplace;
  const std::string command = "attnbounds verify --quiet --claim alman-song-2023/key-shift",
                    on_terminal = "script --quiet --return --command '" + command + "' /dev/null";
  CHECK(has(workplace.shell("unset NO_COLOR; TERM=xterm " + on_terminal).output, "\033[32mverified"));
  for (const char* setting : {"NO_COLOR=1 TERM=xterm ", "TERM=dumb "}) {
    INFO(setting);
    const Answer plain = workplace.shell(setting + on_terminal);
    CHECK(has(plain.output, "verified"));
    CHECK_FALSE(has(plain.output, "\033"));
  }
  CHECK_FALSE(has(workplace.shell("TERM=xterm " + command).output, "\033"));
  CHECK_FALSE(has(workplace.shell("TERM=xterm " + command + " --json").output, "\033"));
}

TEST_CASE("bash completes subcommands, options, choices, claims and papers, and leaves files to the shell") {
  const Workplace workplace;
  const auto completes = [&](const std::string& words) {  // the last word is being typed
    return workplace
        .shell("source <(attnbounds completion bash)\nCOMP_WORDS=(" + words +
               ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_attnbounds\nprintf '%s\\n' \"${COMPREPLY[@]}\"")
        .output;
  };
  const auto names = subcommands();
  const std::string offered = completes("attnbounds ''");
  for (const std::string& name : names) CHECK(has(offered, name + "\n"));
  CHECK(completes("attnbounds deg") == "degree\n");
  CHECK(completes("attnbounds degree --int") == "--interval\n");
  CHECK(completes("attnbounds degree --interval 12 --error ''") == "relative\nabsolute\n");
  CHECK(completes("attnbounds reduce x.cnf --arity ''") == "2\n3\n");
  CHECK(completes("attnbounds verify --claim aggarwal-alman-2022/least") ==
        "aggarwal-alman-2022/least-degree\n");
  CHECK(completes("attnbounds claims alman-song-2023/key") == "alman-song-2023/key-shift\n");
  CHECK(completes("attnbounds verify --paper alman-song-2024") ==
        "alman-song-2024-gradient\nalman-song-2024-tensor\n");
  CHECK(completes("attnbounds verify --level ''") == "quick\nstandard\nexhaustive\n");
  CHECK(completes("attnbounds attention --q ''") == "\n");  // files
  CHECK(completes("attnbounds report ''") == "\n");
}
