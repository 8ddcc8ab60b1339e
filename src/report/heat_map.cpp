#include "report/heat_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/formats.hpp"

namespace attnbounds {
namespace {

/// A label's ^{…}, which gnuplot raises, raised in LaTeX.
std::string raised(const std::string& label) {
  const std::size_t open = label.find("^{"), close = label.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return latex_escaped(label);
  return latex_escaped(label.substr(0, open)) + "\\textsuperscript{" +
         latex_escaped(label.substr(open + 2, close - open - 2)) + "}" + raised(label.substr(close + 1));
}

constexpr const char* kCurveColours[] = {"#000000", "#7b1fa2", "#006d2c", "#c51b7d", "#e08214", "#2166ac"};
// The same for pgfplots.
constexpr const char* kCurveNames[] = {"black", "violet", "green!40!black", "magenta", "orange", "blue"};

std::string number(double x) { return fmt::format("{:.8g}", x); }

double cut(double value, const HeatMap& map) {
  return std::clamp(value, map.turning - map.reach, map.turning + map.reach);
}

struct Range {
  double low, high;
};
Range x_range(const HeatMap& map) {
  Range range{HUGE_VAL, 0};
  for (const Cell& cell : map.cells) {
    range.low = std::min(range.low, cell.x_low);
    range.high = std::max(range.high, cell.x_high);
  }
  if (map.cells.empty())
    for (const Curve& curve : map.curves)
      for (const auto& [x, y] : curve.points) {
        range.low = std::min(range.low, x);
        range.high = std::max(range.high, x);
      }
  return range;
}

/// Powers of two on the logarithmic axis of y: 1/4, 1/2, 1, 2.
std::vector<Tick> y_ticks(const HeatMap& map) {
  if (!map.y_ticks.empty()) return map.y_ticks;
  std::vector<Tick> ticks;
  for (int k = -12; k <= 12; ++k)
    if (const double at = std::ldexp(1.0, k); map.y_low <= at && at <= map.y_high)
      ticks.push_back({at, k < 0 ? fmt::format("1/{}", 1 << -k) : fmt::format("{}", 1 << k)});
  return ticks;
}

std::string dash(Curve::Style style) {
  return style == Curve::Style::solid ? "1" : style == Curve::Style::dashed ? "2" : "3";
}

}  // namespace

std::vector<double> edges_between(const std::vector<double>& centres) {
  std::vector<double> edges;
  const std::size_t last = centres.size() - 1;
  const double first_ratio = centres.size() > 1 ? std::sqrt(centres[1] / centres[0]) : 1.5;
  const double last_ratio = centres.size() > 1 ? std::sqrt(centres[last] / centres[last - 1]) : 1.5;
  edges.push_back(centres[0] / first_ratio);
  for (std::size_t i = 0; i < last; ++i) edges.push_back(std::sqrt(centres[i] * centres[i + 1]));
  edges.push_back(centres[last] * last_ratio);
  return edges;
}

std::string heat_map_script(const HeatMapFigure& figure) {
  const std::size_t columns = std::min<std::size_t>(2, figure.panels.size()),
                    rows = (figure.panels.size() + columns - 1) / std::max<std::size_t>(1, columns);
  const double width = 1.0 / static_cast<double>(columns), height = 1.0 / static_cast<double>(rows);
  std::string data, plots;
  for (std::size_t k = 0; k < figure.panels.size(); ++k) {
    const HeatMap& map = figure.panels[k];
    data += fmt::format("$cells{} << EOD\n", k);
    for (const Cell& c : map.cells)
      data += fmt::format("{} {} {} {} {}\n", number(c.x_low), number(c.x_high), number(c.y_low),
                          number(c.y_high), number(cut(c.value, map)));
    data += "EOD\n";
    std::string curves =
        map.cells.empty()
            ? ""
            : fmt::format(
                  "$cells{} using (sqrt($1*$2)):(sqrt($3*$4)):1:2:3:4:5 with boxxyerror fillcolor "
                  "palette notitle",
                  k);
    for (std::size_t j = 0; j < map.curves.size(); ++j) {
      data += fmt::format("$curve{}_{} << EOD\n", k, j);
      for (const auto& [x, y] : map.curves[j].points) data += number(x) + " " + number(y) + "\n";
      data += "EOD\n";
      curves += fmt::format(
          "{}$curve{}_{} using 1:2 with lines dashtype {} linewidth 2.2 linecolor '{}' title '{}'",
          curves.empty() ? "" : ", \\\n  ", k, j, dash(map.curves[j].style),
          kCurveColours[j % std::size(kCurveColours)], map.curves[j].label);
    }
    std::string ticks, labels, heights;
    for (const Tick& t : y_ticks(map))
      heights += fmt::format("{}'{}' {}", heights.empty() ? "" : ", ", t.text, number(t.at));
    for (const Tick& t : map.x_ticks)
      ticks += fmt::format("{}'{}' {}", ticks.empty() ? "" : ", ", t.text, number(t.at));
    for (std::size_t j = 0; j < map.notes.size(); ++j)
      labels += fmt::format("set label {} '{}' at {},{} center front font 'sans-serif,13'\n", j + 1,
                            map.notes[j].text, number(map.notes[j].x), number(map.notes[j].y));
    const Range x = x_range(map);
    plots += fmt::format(
        "set size {:.4f},{:.4f}\nset origin {:.4f},{:.4f}\nunset label\n{}set cbrange [{}:{}]\n"
        "set title '{}'\nset xlabel '{}'\nset ylabel '{}'\nset xtics ({})\nset ytics ({})\n"
        "set xrange [{}:{}]\nset yrange [{}:{}]\n"
        "plot {}\n",
        width, height, width * static_cast<double>(k % columns),
        1 - height * static_cast<double>(k / columns + 1), labels, number(map.turning - map.reach),
        number(map.turning + map.reach), map.title, map.x_label, map.y_label, ticks, heights, number(x.low),
        number(x.high), number(map.y_low), number(map.y_high), curves);
  }
  return fmt::format(
      "# Drawn by: gnuplot -d FILE > FIGURE.svg\n"
      "set encoding utf8\n"
      "set terminal svg size {},{} dynamic enhanced font 'sans-serif,14' background '#ffffff'\n"
      "{}"
      "set logscale xy\nset style fill solid noborder\n"
      "set palette defined (0 '#2166ac', 1 '#92c5de', 2 '#f7f7f7', 3 '#fdae61', 4 '#b35806')\n"
      "set cblabel '{}'\n"
      "set border 15 front\nset tics out nomirror front\nset key below vertical maxrows 3 reverse Left "
      "samplen 2.5\n"
      "set multiplot\n{}unset multiplot\n",
      580 * columns, 520 * rows, data, figure.value_label, plots);
}

namespace {

/// The panels, and the tables of numbers that they name: files beside the document, or written out in place.
enum class Data { beside, in_place };
struct Panels {
  std::string pictures;
  std::vector<std::pair<std::string, std::string>> files;
};

Panels pgfplots_panels(const HeatMapFigure& figure, const std::string& name, Data where) {
  std::vector<std::pair<std::string, std::string>> files;
  std::string pictures;
  for (std::size_t k = 0; k < figure.panels.size(); ++k) {
    const HeatMap& map = figure.panels[k];
    const std::string cells_file = fmt::format("{}-cells-{}.csv", name, k + 1),
                      curves_file = fmt::format("{}-curves-{}.csv", name, k + 1);
    std::string cells = "x,y,value\n", curves = "curve,x,y\n", drawn, ticks, tick_labels, heights,
                height_labels, notes;
    for (const Cell& c : map.cells) {  // four corners a cell
      const std::string value = number(cut(c.value, map));
      for (const auto& [x, y] : {std::pair(c.x_low, c.y_low), std::pair(c.x_high, c.y_low),
                                 std::pair(c.x_high, c.y_high), std::pair(c.x_low, c.y_high)})
        cells += number(x) + "," + number(y) + "," + value + "\n";
    }
    for (std::size_t j = 0; j < map.curves.size(); ++j) {
      const Curve& curve = map.curves[j];
      for (const auto& [x, y] : curve.points) curves += fmt::format("{},{},{}\n", j, number(x), number(y));
      std::string source = fmt::format(
          "table[col sep=comma, x=x, y=y, restrict expr to domain={{\\thisrow{{curve}}}}{{{}:{}}}] {{{}}}", j,
          j, curves_file);
      if (where == Data::in_place) {
        source = "coordinates {";
        for (const auto& [x, y] : curve.points) source += "(" + number(x) + "," + number(y) + ")";
        source += "}";
      }
      drawn += fmt::format("  \\addplot[very thick, mark=none, {}{}] {};\n  \\addlegendentry{{{}}}\n",
                           kCurveNames[j % std::size(kCurveNames)],
                           curve.style == Curve::Style::solid    ? ""
                           : curve.style == Curve::Style::dashed ? ", dashed"
                                                                 : ", dotted",
                           source, raised(curve.label));
    }
    for (const Tick& t : map.x_ticks) {
      ticks += (ticks.empty() ? "" : ",") + number(t.at);
      tick_labels += (tick_labels.empty() ? "" : ",") + ("$" + t.text + "$");
    }
    for (const Tick& t : y_ticks(map)) {
      heights += (heights.empty() ? "" : ",") + number(t.at);
      height_labels += (height_labels.empty() ? "" : ",") + ("$" + t.text + "$");
    }
    for (const Note& note : map.notes)
      notes += fmt::format("  \\node[font=\\small] at (axis cs:{},{}) {{{}}};\n", number(note.x),
                           number(note.y), latex_escaped(note.text));
    const Range x = x_range(map);
    pictures += fmt::format(
        "\\begin{{tikzpicture}}\n"
        "\\begin{{axis}}[xmode=log, ymode=log, {}, title={{{}}}, xlabel={{{}}}, "
        "ylabel={{{}}},\n"
        "  xmin={}, xmax={}, ymin={}, ymax={}, xtick={{{}}}, xticklabels={{{}}},\n"
        "  ytick={{{}}}, yticklabels={{{}}}, minor tick num=0, point meta min={}, point meta max={},\n"
        "{}"
        "  legend style={{font=\\scriptsize, at={{(0.5,-0.2)}}, anchor=north, cells={{anchor=west}}}},\n"
        "  colormap={{threshold}}{{rgb255=(33,102,172) rgb255=(146,197,222) rgb255=(247,247,247) "
        "rgb255=(253,174,97) rgb255=(179,88,6)}}]\n"
        "{}{}{}\\end{{axis}}\n\\end{{tikzpicture}}%\n",
        where == Data::beside ? "width=8.6cm, height=7.6cm" : "width=0.72\\linewidth, height=0.47\\linewidth",
        latex_escaped(map.title), latex_escaped(map.x_label), latex_escaped(map.y_label), number(x.low),
        number(x.high), number(map.y_low), number(map.y_high), ticks, tick_labels, heights, height_labels,
        number(map.turning - map.reach), number(map.turning + map.reach),
        map.cells.empty() ? ""
                          : fmt::format("  colorbar, colorbar style={{ylabel={{{}}}, ymode=linear}},\n",
                                        latex_escaped(figure.value_label)),
        map.cells.empty()
            ? ""
            : fmt::format(
                  "  \\addplot[patch, patch type=rectangle, shader=flat, draw=none, forget plot, point "
                  "meta=explicit] table[col sep=comma, x=x, y=y, meta=value] {{{}}};\n",
                  where == Data::beside ? cells_file : "\n" + cells),
        drawn, notes);
    if (where == Data::in_place) pictures += "\\par\\medskip\n";
    if (!map.cells.empty()) files.emplace_back(cells_file, cells);
    files.emplace_back(curves_file, curves);
  }
  return {pictures, files};
}

}  // namespace

std::string heat_map_picture(const HeatMapFigure& figure) {
  return pgfplots_panels(figure, "", Data::in_place).pictures;
}

std::vector<std::pair<std::string, std::string>> heat_map_pgfplots(const HeatMapFigure& figure,
                                                                   const std::string& name,
                                                                   const std::string& maker) {
  auto [pictures, files] = pgfplots_panels(figure, name, Data::beside);
  files.emplace_back(name + ".tex",
                     "% Made by " + maker +
                         ". pdflatex or lualatex; the data stands beside it.\n"
                         "\\documentclass{article}\n\\usepackage[a4paper,landscape,margin=1cm]{geometry}"
                         "\n\\usepackage{pgfplots}\n"
                         "\\pgfplotsset{compat=1.17}\n\\usepgfplotslibrary{patchplots}\n\\pagestyle{empty}"
                         "\n\\begin{document}\n\\noindent\n" +
                         pictures + "\\end{document}\n");
  return files;
}

}  // namespace attnbounds
