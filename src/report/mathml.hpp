// Statements with LaTeX mathematics in them ("text $x \le y$ text"), for a page: MathML, which browsers
// render themselves, so that the page stays self-contained. Covers what claims and cards write; a command
// that is not in the table is no statement, and the same reader tells LaTeX output what it may copy as it is.
#pragma once

#include <optional>
#include <string>

namespace attnbounds {

/// HTML with a <math> for each $…$, everything else escaped; nothing if some command is unknown, a brace or
/// dollar is unbalanced, or the text is empty. Cost: linear in the text.
std::optional<std::string> html_from_latex(const std::string& text);

/// The formula between the dollars alone, as one <math>.
std::optional<std::string> mathml_from_latex(const std::string& formula);

}  // namespace attnbounds
