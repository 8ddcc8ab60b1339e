// What the program prints for people: colour on a terminal only, help that fits 80 columns.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

namespace attnbounds {

/// Terminals of 80 columns show every table and help text in whole lines.
constexpr std::size_t kColumns = 80;

/// `text` in the colour of its first word: what holds is green, what does not is red, what is not known
/// yellow. Plain where standard output is not a terminal, or NO_COLOR is set (no-color.org), or TERM is dumb.
std::string in_colour(const std::string& text);

/// Lines of at most `columns` characters (UTF-8), broken at spaces; a longer word stands alone.
std::string wrapped(const std::string& text, std::size_t columns);

/// Lines longer than 80 columns broken at spaces; the rest of a line `name   value` hangs under its value.
std::string fitted(const std::string& text);

/// Whole lines on standard output, fitted.
template <class... Values>
void say(fmt::format_string<Values...> format, Values&&... values) {
  std::fputs(fitted(fmt::format(format, std::forward<Values>(values)...)).c_str(), stdout);
}

/// CLI11's help with its descriptions wrapped.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_description(const CLI::App* command) const override;
};

}  // namespace attnbounds
