// Figures by gnuplot, run as a separate program: a script in, an SVG out, or a reason why there is none.
#pragma once

#include <optional>
#include <string>

namespace attnbounds {

/// A figure, or why it is missing.
struct Figure {
  std::string script;  // what gnuplot was given; a reader can change it and run it again
  std::string svg;     // empty if missing
  std::string missing;
};

/// Runs the script without the user's settings. Its terminal must be svg. The SVG is checked to be inert and
/// self-contained (`danger_in_svg`).
Figure draw(const std::string& script, const std::string& title);

/// What makes an SVG unfit to stand in a page: a script, an event handler, anything fetched from elsewhere.
std::optional<std::string> danger_in_svg(const std::string& svg);

/// The SVG as a part of an HTML page: without the XML declaration, its ids prefixed so that two figures in a
/// page do not refer to each other.
std::string svg_inline(const std::string& svg, const std::string& prefix);

}  // namespace attnbounds
