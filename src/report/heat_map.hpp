// Heat maps with curves over them, for a page (gnuplot's SVG) and for a paper (pgfplots with its data beside
// it). A cell is a rectangle of its own, so that axes may be logarithmic and grids uneven.
#pragma once

#include <string>
#include <vector>

#include "report/gnuplot.hpp"

namespace attnbounds {

struct Cell {
  double x_low, x_high, y_low, y_high, value;
};
struct Curve {
  std::string label;
  std::vector<std::pair<double, double>> points;
  enum class Style { solid, dashed, dotted } style = Style::solid;
};
struct Note {
  std::string text;
  double x, y;
};
struct Tick {
  double at;
  std::string text;
};

struct HeatMap {
  std::string title, x_label, y_label;
  std::vector<Tick> x_ticks, y_ticks;  // of y: none are powers of two
  std::vector<Cell> cells;             // none: curves alone
  std::vector<Curve> curves;
  std::vector<Note> notes;
  double turning = 1, reach = 1;  // blue below, orange above; colours end at turning -+ reach
  double y_low = 0, y_high = 1;
};

/// Panels side by side, each with its colour bar if it has cells. Axes are logarithmic.
struct HeatMapFigure {
  std::string value_label;
  std::vector<HeatMap> panels;
};

/// Edges between neighbouring centres (geometric means), for the cells of a logarithmic axis.
std::vector<double> edges_between(const std::vector<double>& centres);

std::string heat_map_script(const HeatMapFigure& figure);

/// The panels as tikzpictures with their data in place, for a document that loads pgfplots and its library
/// patchplots.
std::string heat_map_picture(const HeatMapFigure& figure);

/// name.tex and its data, name-cells-K.csv and name-curves-K.csv; file name first. The .tex is a whole
/// document (class article) whose first line says what made it; its picture can be taken out as it is.
std::vector<std::pair<std::string, std::string>> heat_map_pgfplots(
    const HeatMapFigure& figure, const std::string& name, const std::string& maker = "attnbounds phase");

}  // namespace attnbounds
