#include "cli/terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>

namespace attnbounds {
namespace {

bool colours_wanted() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value == nullptr ? "" : value);
  };
  return isatty(STDOUT_FILENO) != 0 && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
}

std::size_t width(std::string_view text) {  // code points: bytes that do not continue one
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Names in a column of their own; a longer name has its description on the next line.
std::string entry(const std::string& name, const std::string& description, std::size_t column) {
  std::istringstream lines(wrapped(description, kColumns - column));
  const std::string indent(column, ' ');
  std::string text = "  " + name;
  bool beside = width(text) < column;
  if (beside) text.append(column - width(text), ' ');
  for (std::string line; std::getline(lines, line); beside = false)
    text += beside ? line : "\n" + indent + line;
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::string in_colour(const std::string& text) {
  static const bool wanted = colours_wanted();
  if (!wanted) return text;
  const std::string_view green[] = {"verified", "statistical", "yes", "met", "holds"},
                         red[] = {"refuted", "rejected", "NO", "MISSED", "REFUTED"}, yellow[] = {"undecided"};
  const std::string word = text.substr(0, text.find(' '));
  const auto among = [&](const auto& words) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
  };
  const char* code = among(green) ? "32" : among(red) ? "31" : among(yellow) ? "33" : nullptr;
  return code == nullptr ? text : "\033[" + std::string(code) + "m" + text + "\033[0m";
}

std::string wrapped(const std::string& text, std::size_t columns) {
  std::istringstream words(text);
  std::string result, line;
  for (std::string word; words >> word;) {
    if (!line.empty() && width(line) + 1 + width(word) > columns) {
      result += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return result + line;
}

std::string fitted(const std::string& text) {
  std::string result;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    if (width(line) <= kColumns) result += line;
    else {
      const std::size_t first = line.find_first_not_of(' '), gap = line.find("  ", first);
      const std::size_t value = gap == std::string::npos ? first + 4 : line.find_first_not_of(' ', gap);
      const std::size_t hang = std::min(value, kColumns / 2), head = gap == std::string::npos ? first : value;
      const std::string rest = wrapped(line.substr(head), kColumns - std::max(hang, head));
      result +=
          line.substr(0, head) + CLI::detail::find_and_replace(rest, "\n", "\n" + std::string(hang, ' '));
    }
    if (end < text.size()) result += '\n';
    start = end + 1;
  }
  return result;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  const std::string name = make_option_name(option, is_positional), text = name + make_option_opts(option);
  if (width(text) + 2 <= kColumns) return entry(text, make_option_desc(option), get_column_width());
  std::string broken;  // many choices, {a,b,c}: also after commas
  for (const char c : text) broken += c == ',' ? ", " : std::string(1, c);
  return entry(CLI::detail::find_and_replace(wrapped(broken, kColumns - 6), "\n", "\n      "),
               make_option_desc(option), get_column_width());
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return entry(command->get_name(), command->get_description(), get_column_width());
}

std::string HelpFormatter::make_description(const CLI::App* command) const {
  return wrapped(command->get_description(), kColumns) + "\n";
}

}  // namespace attnbounds
