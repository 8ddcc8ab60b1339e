#include "report/heat_map.hpp"

#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "report/threshold_figure.hpp"

using namespace attnbounds;

namespace {

Json point(const char* kind, double log_n, double kappa, const char* exponent) {
  return {{"record", "point"},
          {"kind", kind},
          {"problem", "forward"},
          {"c", "0x1p+0"},
          {"C", "0x1p+0"},
          {"log_n", {{"lower", std::to_string(log_n)}, {"upper", std::to_string(log_n)}}},
          {"kappa_decimal", kappa},
          {"exponent", {{"lower", "1"}, {"upper", exponent}}}};
}

std::vector<ThresholdRecord> four_points() {
  std::vector<ThresholdRecord> records;
  for (const double log_n : {10.0, 20.0})
    for (const double kappa : {0.25, 1.0})
      records.push_back(*threshold_record(point("matrix", log_n, kappa, kappa < 1 ? "1.5" : "2.75"), "line"));
  return records;
}

}  // namespace

TEST_CASE("edges lie between centres, geometrically") {
  const std::vector<double> edges = edges_between({1, 4, 16});
  REQUIRE(edges.size() == 4);
  CHECK(edges[0] == Approx(0.5));
  CHECK(edges[1] == Approx(2));
  CHECK(edges[2] == Approx(8));
  CHECK(edges[3] == Approx(32));
}

TEST_CASE("the threshold's panel has a cell a point and turns at the exact method's exponent") {
  const HeatMapFigure figure = threshold_figure(four_points());
  REQUIRE(figure.panels.size() == 1);
  CHECK(figure.panels[0].cells.size() == 4);
  CHECK(figure.panels[0].turning == 2);
  CHECK(figure.panels[0].cells[0].value == 1.5);
  CHECK(threshold_figure({}).panels.empty());
}

TEST_CASE("a drawn heat map is inert SVG; its pgfplots data has four corners a cell") {
  const HeatMapFigure figure = threshold_figure(four_points());
  const Figure drawn = draw(heat_map_script(figure), "test");
  if (!drawn.missing.empty()) WARN(drawn.missing);
  else CHECK(!danger_in_svg(drawn.svg));
  const auto files = heat_map_pgfplots(figure, "name");
  REQUIRE(files.size() == 3);
  CHECK(std::count(files[0].second.begin(), files[0].second.end(), '\n') == 1 + 4 * 4);
  CHECK(files[2].first == "name.tex");
  CHECK(files[2].second.find("name-cells-1.csv") != std::string::npos);
}

TEST_CASE("malformed threshold lines name the place and what is wrong") {
  Json line = point("matrix", 10, 1, "2");
  line["kind"] = "cubic";
  CHECK_THROWS_AS(threshold_record(line, "thresholds.jsonl:3"), InputError);
  line = point("matrix", 10, 1, "2");
  line.erase("exponent");
  CHECK_THROWS_AS(threshold_record(line, "thresholds.jsonl:3"), InputError);
  CHECK(!threshold_record({{"record", "crossover"}}, "thresholds.jsonl:3"));
}
