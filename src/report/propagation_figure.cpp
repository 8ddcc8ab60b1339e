#include "report/propagation_figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace attnbounds {
namespace {

// Colours that the colour-blind tell apart (Okabe, Ito).
constexpr const char* kMeasured = "#0072b2";
struct Line {
  const char *title, *colour;
  double ErrorAgainstBounds::*value;
};
constexpr Line kLines[] = {{"bound, token by token", "#d55e00", &ErrorAgainstBounds::tokens},
                           {"bound, constants from states", "#009e73", &ErrorAgainstBounds::states},
                           {"bound, constants from norms", "#cc79a7", &ErrorAgainstBounds::norms}};
constexpr double kHighest = 1e40;  // a bound above it says nothing; it leaves the picture

std::vector<std::string> names_of(const std::vector<PropagationRecord>& rows) {
  std::vector<std::string> names;
  for (const PropagationRecord& r : rows)
    if (std::find(names.begin(), names.end(), r.series) == names.end()) names.push_back(r.series);
  return names;
}

std::string cell(double x) { return x > 0 && x < kHighest ? fmt::format("{:.6g}", x) : "NaN"; }
std::string data_of(const std::string& block, const std::vector<PropagationRecord>& rows,
                    const std::string& series, ErrorAgainstBounds PropagationRecord::*pass) {
  std::string data = "$" + block + " << EOD\n";
  for (const PropagationRecord& r : rows)
    if (r.series == series) {
      const ErrorAgainstBounds& x = r.*pass;
      data += fmt::format("{} {} {} {} {}\n", r.layer, cell(x.measured), cell(x.tokens), cell(x.states),
                          cell(x.norms));
    }
  return data + "EOD\n";
}
std::string curves(const std::string& block) {
  std::string text = "plot ";
  for (std::size_t i = 0; i < std::size(kLines); ++i)
    text += fmt::format(
        "${} using 1:{} with linespoints pointtype 6 pointsize 0.5 linecolor '{}' title '{}', \\\n  ", block,
        i + 3, kLines[i].colour, kLines[i].title);
  return text + fmt::format(
                    "${} using 1:2 with linespoints pointtype 7 pointsize 0.6 linewidth 1.5 linecolor '{}' "
                    "title 'measured'\n",
                    block, kMeasured);
}
/// Text inside a gnuplot string: no quote, no escape, no markup.
std::string plain(const std::string& text) {
  std::string result;
  for (const char c : text)
    result +=
        std::isalnum(static_cast<unsigned char>(c)) || std::string(" ,.=-/").find(c) != std::string::npos
            ? c
            : ' ';
  return result;
}
std::string preamble(int width, int height) {
  return fmt::format(
      "# Drawn by: gnuplot -d FILE > FIGURE.svg\n"
      "set encoding utf8\n"
      "set terminal svg size {},{} dynamic enhanced font 'sans-serif,12' background '#ffffff'\n",
      width, height);
}
constexpr const char* kAxes =
    "set logscale y\nset format y '10^{%L}'\nset grid linecolor '#dddddd'\nset border 3\nset tics nomirror\n";

}  // namespace

std::vector<PropagationRecord> shown_series(const std::vector<PropagationRecord>& rows) {
  std::vector<PropagationRecord> shown;
  for (const PropagationRecord& r : rows)
    if (r.series == "random" || r.series == "trained-like" || r.series == "adversarial" ||
        r.series.rfind("real", 0) == 0)
      shown.push_back(r);
  return shown;
}

std::string error_propagation_script(const std::vector<PropagationRecord>& rows) {
  const std::vector<std::string> names = names_of(rows);
  if (names.empty()) return {};
  const auto high = static_cast<int>(names.size());
  std::string script =
      preamble(1000, 350 * high) + kAxes + "set xlabel 'layer'\nset key below horizontal samplen 1.5\n";
  std::string plots;
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const auto& [pass, title, which] :
         {std::tuple("forward", "forward", &PropagationRecord::forward),
          std::tuple("backward", "backward, layer by layer from the last", &PropagationRecord::backward)}) {
      const std::string block = fmt::format("{}{}", pass, i);
      script += data_of(block, rows, names[i], which);
      plots += fmt::format("set title '{}: {}'\nset ylabel '{}'\n", plain(names[i]), title,
                           which == &PropagationRecord::forward ? "largest error of a state"
                                                                : "error of the gradient, 1-norm");
      plots += curves(block);
    }
  }
  return script + fmt::format("set multiplot layout {},2\n", high) + plots + "unset multiplot\n";
}

std::string growth_with_depth_script(const std::vector<PropagationRecord>& rows) {
  std::vector<PropagationRecord> deep;
  for (const PropagationRecord& r : rows)
    if (r.layer > 1) deep.push_back(r);
  const std::vector<std::string> names = names_of(deep);
  if (names.empty()) return {};
  const auto wide = static_cast<int>(names.size());
  std::string script = preamble(std::max(520, 400 * wide), 400) + kAxes +
                       "set xlabel 'depth m'\nset ylabel '(e_m/e_1)^{1/(m-1)}'\n"
                       "set key below horizontal samplen 1.5\n";
  std::string plots;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string block = fmt::format("growth{}", i);
    script += data_of(block, deep, names[i], &PropagationRecord::growth);
    plots += fmt::format("set title '{}'\n", plain(names[i])) + curves(block);
  }
  return script + fmt::format("set multiplot layout 1,{}\n", wide) + plots + "unset multiplot\n";
}

namespace {

std::string pgfplots_panel(const std::vector<PropagationRecord>& rows, const std::string& series,
                           ErrorAgainstBounds PropagationRecord::*pass, const std::string& title) {
  const auto line = [&](const char* colour, double ErrorAgainstBounds::*value, const char* mark) {
    std::string points;
    for (const PropagationRecord& r : rows)
      if (const double x = r.series == series ? r.*pass.*value : 0; x > 0 && x < kHighest)
        points += fmt::format("({},{:.5g})", r.layer, x);
    return points.empty() ? std::string()
                          : fmt::format("\\addplot[color={}, mark={}, mark size=1.1pt] coordinates {{{}}};\n",
                                        colour, mark, points);
  };
  long last = 0;
  for (const PropagationRecord& r : rows)
    if (r.series == series) last = std::max(last, r.layer);
  std::string plots;
  for (const auto& [bound, colour] : {std::pair(&ErrorAgainstBounds::tokens, "red!75!black"),
                                      std::pair(&ErrorAgainstBounds::states, "green!50!black"),
                                      std::pair(&ErrorAgainstBounds::norms, "violet")})
    plots += line(colour, bound, "o");
  return fmt::format(
             "\\begin{{tikzpicture}}\n\\begin{{axis}}[ymode=log, width=0.48\\linewidth, "
             "height=0.29\\linewidth, "
             "title={{{}}}, title style={{font=\\scriptsize, align=center, text width=0.4\\linewidth}}, "
             "xlabel={{layer}}, xmin=0, xmax={},  tick label style={{font=\\scriptsize}}, grid=major]\n",
             title, last + 1) +
         plots + line("blue!70!black", &ErrorAgainstBounds::measured, "*") +
         "\\end{axis}\n\\end{tikzpicture}%\n";
}

}  // namespace

std::string error_propagation_pgfplots(const std::vector<PropagationRecord>& rows) {
  std::string text;
  for (const std::string& series : names_of(rows))
    text +=
        pgfplots_panel(rows, series, &PropagationRecord::forward, plain(series) + ": forward") + "\\hfill\n" +
        pgfplots_panel(rows, series, &PropagationRecord::backward, plain(series) + ": backward") + "\\par\n";
  return text;
}

}  // namespace attnbounds
