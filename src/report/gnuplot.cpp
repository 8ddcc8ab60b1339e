#include "report/gnuplot.hpp"

#include <cerrno>
#include <filesystem>
#include <regex>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "report/program.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

}  // namespace

Figure draw(const std::string& script, const std::string& title) {
  Figure figure{script, {}, {}};
  const TemporaryFolder folder;
  const fs::path input = folder.path / "figure.gnuplot", output = folder.path / "figure.svg";
  write_file_atomically(input, script);
  if (const int failure = run_apart({"gnuplot", "-d", input.string()}, folder.path, output.filename());
      failure != 0) {
    figure.missing = failure == ENOENT ? "gnuplot is not installed" : "gnuplot did not draw it";
    return figure;
  }
  std::string svg = read_file(output);
  if (svg.find("<svg") == std::string::npos || svg.find("</svg>") == std::string::npos) {
    figure.missing = "gnuplot did not draw an SVG";
    return figure;
  }
  if (const std::optional<std::string> danger = danger_in_svg(svg)) {
    figure.missing = "gnuplot's SVG contains " + *danger;
    return figure;
  }
  replace_all(svg, "<title>Gnuplot</title>", "<title>" + title + "</title>");
  replace_all(svg, "<svg ", "<svg role=\"img\" ");
  figure.svg = svg;
  return figure;
}

std::optional<std::string> danger_in_svg(const std::string& svg) {
  std::string text = svg;
  for (const char* name_space : {"\"http://www.w3.org/2000/svg\"", "\"http://www.w3.org/1999/xlink\""})
    replace_all(text, name_space, "");
  static const std::regex dangers(
      R"(<script|<foreignobject|<image|<iframe|<style|<!entity|<!doctype|@import|@font-face|javascript:|data:|//|\son[a-z]+\s*=|href\s*=\s*['"][^#'"])",
      std::regex::icase | std::regex::optimize);
  std::smatch found;
  if (std::regex_search(text, found, dangers)) return "'" + found.str() + "'";
  return {};
}

std::string svg_inline(const std::string& svg, const std::string& prefix) {
  std::string text = svg.substr(svg.find("<svg"));
  for (const char* quote : {"'", "\""}) {
    const std::string q = quote;
    replace_all(text, " id=" + q, " id=" + q + prefix);
    replace_all(text, "href=" + q + "#", "href=" + q + "#" + prefix);
    replace_all(text, "filter=" + q + "url(#", "filter=" + q + "url(#" + prefix);
  }
  return text;
}

}  // namespace attnbounds
