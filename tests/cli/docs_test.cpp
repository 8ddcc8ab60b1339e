// The guide says what the programs say. In the code blocks of README.md and docs/*.md (indented, or fenced as
// console or sh),
//   $ COMMAND      is run, and the lines under it are its output, with the exit status if that is not 0;
//   attnbounds …   is run where the page is one of the guide, and exits with 0. With words in capitals (FILE,
//                  DIR, COMMAND) or … it is a pattern: its subcommand and options exist.
// The commands of a page run in order, in one empty folder in which examples/ and build/ stand. What differs
// from machine to machine, seconds and hashes, is `…` on the page; a line `…` stands for any number of lines.
//   ATTNBOUNDS_FILL_DOCS=1 build/tests/test_cli "[docs]"     writes the outputs into the pages
#include <algorithm>
#include <cstdlib>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

#include "catch.hpp"
#include "cli/program.hpp"

namespace {

const fs::path kRoot = ATTNBOUNDS_SOURCE_DIR;

// Pages whose bare commands are run too. On the others they are patterns: they take hours, or need a GPU.
const std::set<std::string> kGuide = {"README.md",       "docs/README.md",       "docs/install.md",
                                      "docs/tour.md",    "docs/rigor.md",        "docs/new_claim.md",
                                      "docs/library.md", "docs/certificates.md", "docs/report.md"};

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

bool starts(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

/// A command on a page, and where its output stands: lines first … last - 1.
struct Shown {
  std::string command;
  bool transcript = false;  // its output is shown
  std::size_t line = 0, first = 0, last = 0;
  std::string indent;
};

std::vector<Shown> commands_of(const std::vector<std::string>& lines) {
  std::vector<Shown> found;
  std::string fence;
  bool inside = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (starts(lines[i], "```")) {
      inside = !inside;
      fence = inside ? lines[i].substr(3) : "";
      continue;
    }
    const bool indented = !inside && starts(lines[i], "    ");
    if (!indented && !(inside && (fence == "console" || fence == "sh"))) continue;
    const std::string indent = indented ? "    " : "";
    const auto text = [&](std::size_t k) {
      return lines[k].substr(std::min(indent.size(), lines[k].size()));
    };
    const bool transcript = starts(text(i), "$ ");
    if (!transcript && !std::regex_search(text(i), std::regex("^(build/)?attnbounds(-check)? "))) continue;
    Shown shown{text(i).substr(transcript ? 2 : 0), transcript, i + 1, i + 1, i + 1, indent};
    while (!shown.command.empty() && shown.command.back() == '\\' && i + 1 < lines.size())
      shown.command += "\n" + text(++i);
    shown.first = shown.last = i + 1;
    const auto ends = [&](std::size_t k) {
      return indented ? !lines[k].empty() && !starts(lines[k], indent) : starts(lines[k], "```");
    };
    while (transcript && shown.last < lines.size() && !ends(shown.last) && !starts(text(shown.last), "$ "))
      ++shown.last;
    while (shown.last > shown.first && lines[shown.last - 1].empty()) --shown.last;
    found.push_back(shown);
    i = std::max(i, shown.last - 1);
  }
  return found;
}

bool is_pattern(const std::string& command) {
  if (!std::regex_search(command, std::regex("^(build/)?attnbounds"))) return false;
  const std::string before_comment = command.substr(0, command.find(" #"));
  return std::regex_search(before_comment, std::regex(R"((^|[ \[/'])[A-Z]+([ \],./']|$)|…)"));
}

/// What is printed, without what depends on the machine.
std::vector<std::string> said(const Answer& answer) {
  std::string text =
      std::regex_replace(answer.output, std::regex(R"((seconds"?:?  *)[0-9][0-9.e+-]*)"), "$1…");
  text = std::regex_replace(text, std::regex("[0-9a-f]{64}"), "…");
  std::vector<std::string> lines = lines_of(text);
  for (std::string& line : lines) line = line.substr(0, line.find_last_not_of(' ') + 1);
  if (answer.status != 0) lines.push_back("(exit status " + std::to_string(answer.status) + ")");
  return lines;
}

bool same_line(const std::string& shown, const std::string& line) {
  if (shown.find("…") == std::string::npos) return shown == line;
  std::string pattern = std::regex_replace(shown, std::regex(R"([.^$|()\[\]{}*+?\\])"), R"(\$&)");
  return std::regex_match(line, std::regex(std::regex_replace(pattern, std::regex("…"), ".+")));
}

bool agree(const std::vector<std::string>& shown, const std::vector<std::string>& lines, std::size_t i = 0,
           std::size_t k = 0) {
  if (i == shown.size()) return k == lines.size();
  const std::size_t word = shown[i].find_first_not_of(' ');
  if (word != std::string::npos && shown[i].substr(word) == "…") {
    for (std::size_t to = k; to <= lines.size(); ++to)
      if (agree(shown, lines, i + 1, to)) return true;
    return false;
  }
  return k < lines.size() && same_line(shown[i], lines[k]) && agree(shown, lines, i + 1, k + 1);
}

std::vector<std::string> shown_output(const std::vector<std::string>& lines, const Shown& shown) {
  std::vector<std::string> output;
  for (std::size_t k = shown.first; k < shown.last; ++k)
    output.push_back(lines[k].substr(std::min(shown.indent.size(), lines[k].size())));
  return output;
}

/// What is wrong with a pattern: "" if its subcommand and options exist.
std::string fault_of_pattern(const std::string& command) {
  const std::string call = command.substr(0, std::min(command.find(" -- "), command.find(" #")));
  std::smatch words;
  if (!std::regex_search(call, words, std::regex("attnbounds ([a-z-]+)"))) return "";  // attnbounds-check
  const Answer help = run_program("attnbounds", words[1].str() + " --help");
  if (help.output.find("Usage: attnbounds " + words[1].str() + " ") == std::string::npos)
    return "no subcommand " + words[1].str();
  std::string fault;
  const std::regex option("--[a-zA-Z0-9][a-zA-Z0-9-]*");
  for (std::sregex_iterator at(call.begin(), call.end(), option), end; at != end; ++at)
    if (!std::regex_search(help.output, std::regex(at->str() + "([ ,=]|$|\n)")))
      fault += "no option " + at->str() + " of " + words[1].str() + "; ";
  return fault;
}

void check_page(const std::string& page, bool fill) {
  std::vector<std::string> lines = lines_of(contents(kRoot / page));
  const Workplace workplace;
  std::vector<std::pair<Shown, std::vector<std::string>>> to_fill;
  for (const Shown& shown : commands_of(lines)) {
    INFO(page << ":" << shown.line << ": " << shown.command);
    if (is_pattern(shown.command) || (!shown.transcript && kGuide.count(page) == 0)) {
      CHECK(fault_of_pattern(shown.command) == "");
      continue;
    }
    if (starts(shown.command, "./run")) continue;  // minutes: below, under --long
    const Answer answer = workplace.shell(shown.command);
    const auto output = said(answer);
    INFO(joined(output));
    if (!shown.transcript) CHECK(answer.status == 0);
    else if (fill && answer.status != 2 && !agree(shown_output(lines, shown), output))
      to_fill.emplace_back(shown, output);
    else CHECK(agree(shown_output(lines, shown), output));
  }
  if (to_fill.empty()) return;
  for (auto at = to_fill.rbegin(); at != to_fill.rend(); ++at) {
    auto& [shown, output] = *at;
    for (std::string& line : output) line = line.empty() ? line : shown.indent + line;
    lines.erase(lines.begin() + static_cast<long>(shown.first),
                lines.begin() + static_cast<long>(shown.last));
    lines.insert(lines.begin() + static_cast<long>(shown.first), output.begin(), output.end());
  }
  std::ofstream(kRoot / page) << joined(lines);
}

std::vector<std::string> pages() {
  std::vector<std::string> list = {"README.md"};
  for (const auto& entry : fs::directory_iterator(kRoot / "docs"))
    if (entry.path().extension() == ".md") list.push_back("docs/" + entry.path().filename().string());
  std::sort(list.begin(), list.end());
  return list;
}

}  // namespace

TEST_CASE("every command of the guide runs, and its output is what the page says", "[docs]") {
  const char* only = std::getenv("ATTNBOUNDS_DOCS_PAGE");
  for (const std::string& page : pages())
    if (only == nullptr || page == only) check_page(page, std::getenv("ATTNBOUNDS_FILL_DOCS") != nullptr);
}

TEST_CASE("the guide's pages are there, and every link of a page leads to a file", "[docs]") {
  for (const std::string& page : kGuide) CHECK(fs::exists(kRoot / page));
  for (const std::string& page : pages()) {
    const std::string text = contents(kRoot / page);
    const std::regex link(R"(\]\(([A-Za-z0-9_./-]+)(#[^)]*)?\))");
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
      const std::string target = (*at)[1];
      INFO(page << ": " << target);
      CHECK(fs::exists((kRoot / page).parent_path() / target));
    }
  }
}

TEST_CASE("what the test of the guide reads, and what it would notice", "[docs]") {
  const auto found =
      commands_of({"text", "", "    $ attnbounds a", "    out  1", "", "    $ attnbounds b \\", "      --x",
                   "", "```console", "$ c", "d", "```", "    attnbounds e FILE", "```cpp", "$ no", "```"});
  REQUIRE(found.size() == 4);
  CHECK(found[0].command == "attnbounds a");
  CHECK(found[0].last == 4);
  CHECK(found[1].command == "attnbounds b \\\n  --x");
  CHECK(found[1].first == found[1].last);
  CHECK(found[2].last == 11);
  CHECK(is_pattern(found[3].command));
  CHECK_FALSE(is_pattern("awk 'END { print NR }' x"));
  CHECK_FALSE(is_pattern("attnbounds reduce examples/four_variables.cnf --out four  # a CNF"));
  CHECK(agree({"a 1", "…", "b", ""}, {"a 1", "x", "y", "b", ""}));
  CHECK(agree({"seconds …"}, {"seconds …"}));
  CHECK(agree({"time … s (1)"}, {"time 12 s (1)"}));
  CHECK_FALSE(agree({"a 1", "…", "b"}, {"a 2", "x", "b"}));
  CHECK_FALSE(agree({"a 1"}, {"a 1", "b"}));
  CHECK_FALSE(agree({"time … s (1)"}, {"time 12 s (2)"}));
  CHECK(said({0, "seconds exponent\n", ""}) == std::vector<std::string>{"seconds exponent"});
  CHECK(said({1, "seconds    0.031\n", ""}) == std::vector<std::string>{"seconds    …", "(exit status 1)"});
  CHECK(fault_of_pattern("attnbounds degree --interval X --eps E") == "");
  CHECK(fault_of_pattern("attnbounds degree --intervals X") != "");
  CHECK(fault_of_pattern("attnbounds degrees --interval X") != "");
}

TEST_CASE("README's sample is what ./run verify prints", "[.long][docs]") {
  const std::vector<std::string> lines = lines_of(contents(kRoot / "README.md"));
  const auto shown = commands_of(lines);
  const auto sample =
      std::find_if(shown.begin(), shown.end(), [](const Shown& s) { return s.command == "./run verify"; });
  REQUIRE(sample != shown.end());
  const Workplace workplace;
  const auto output = said(workplace.shell("attnbounds verify --quiet --out run"));
  INFO(joined(output));
  CHECK(agree(shown_output(lines, *sample), output));
}
