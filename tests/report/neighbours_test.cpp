// The neighbouring theorems in the report: the figure from the threshold's points, HyperAttention's table,
// the table a paper a row.
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"
#include "numeric/exact_text.hpp"
#include "report/formats.hpp"
#include "report/neighbours_figure.hpp"
#include "report/report.hpp"
#include "report/tables.hpp"
#include "report/threshold_figure.hpp"

using namespace attnbounds;

namespace {

Json enclosure(const std::string& x) { return {{"lower", x}, {"upper", x}}; }
Json point(const char* problem, const char* c, double log_n, double kappa, const char* exponent) {
  return {{"record", "point"},
          {"kind", "matrix"},
          {"problem", problem},
          {"c", c},
          {"C", "1"},
          {"log_n", enclosure(std::to_string(log_n))},
          {"kappa_decimal", kappa},
          {"exponent", enclosure(exponent)},
          {"limit_exponent", enclosure("1.75")}};
}
Json star(const char* problem, double log_n, double pays, const char* hard) {
  return {{"record", "kappa_star"},
          {"kind", "matrix"},
          {"problem", problem},
          {"c", "1"},
          {"C", "1"},
          {"log_n", enclosure(std::to_string(log_n))},
          {"pays_decimal", pays},
          {"limit", enclosure("0.5")},
          {"hard_direct", enclosure(hard)}};
}
std::vector<Json> lora_lines() {
  return {point("gradient", "1", 16, 0.25, "1.5"), point("gradient", "1", 16, 1, "2.5"),
          point("gradient", "1", 16, 8, "7"), star("gradient", 16, 0.5, "7.9")};
}
std::vector<Json> diffusion_lines() {
  return {point("forward", "1/2", 16, 0.75, "1.5"), point("forward", "1", 16, 0.75, "1.75"),
          point("forward", "2", 16, 0.75, "2.25")};
}
std::vector<ThresholdRecord> records(const std::vector<Json>& lines) {
  std::vector<ThresholdRecord> list;
  for (const Json& line : lines) list.push_back(*threshold_record(line, "line"));
  return list;
}
std::vector<Json> joined(std::vector<Json> lines, const std::vector<Json>& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

Json hyper_line() {
  return {{"input", "light-bulb, <b>spread</b>"},
          {"kind", "planted"},
          {"n", 128},
          {"keys", 254},
          {"block", 16},
          {"samples", 63},
          {"seed", 7},
          {"alpha", {{"lower", "8.125"}, {"upper", "8.1875"}}},
          {"alpha_over_keys", {{"lower", "0.0322"}, {"upper", "0.03221"}}},
          {"kappa", enclosure("1.25")},
          {"kappa_outside_blocks", nullptr},
          {"planted_weight", {{"lower", "0.17999"}, {"upper", "0.18"}}},
          {"gap", {{"lower", "0.145"}, {"upper", "0.146"}}},
          {"spectral_error", {{"lower", "0.016"}, {"upper", "0.0161"}}},
          {"entry_error", enclosure("0.25")},
          {"planted_row_stands_out", false}};
}

struct Run {
  TemporaryFolder folder;
  fs::path path = folder.path / "run";
  Run() { fs::copy(ATTNBOUNDS_SOURCE_DIR "/tests/data/run", path); }
  void put(const std::string& file, const std::vector<Json>& lines) const {
    std::ofstream out(path / file);
    for (const Json& line : lines) out << line.dump() << "\n";
  }
  void report() const {
    write_report(path, {ReportFormat::html, ReportFormat::markdown, ReportFormat::latex, ReportFormat::csv});
  }
};
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the neighbours' figure has LoRA's panel over the norm and the diffusion's over the dimension") {
  const HeatMapFigure figure = neighbours_figure(records(joined(lora_lines(), diffusion_lines())));
  REQUIRE(figure.panels.size() == 2);
  const HeatMap &lora = figure.panels[0], &diffusion = figure.panels[1];
  REQUIRE(lora.curves.size() == 3);  // one n, the exact method, the reduction; sqrt(log n) = 4
  CHECK(lora.curves[0].points == std::vector<std::pair<double, double>>{{1, 1.5}, {4, 2.5}, {32, 7}});
  REQUIRE(lora.curves[2].points.size() == 1);  // the first point at or beyond the direct norm
  CHECK(lora.curves[2].points[0] == std::pair(32.0, 7.0));
  REQUIRE(lora.notes.size() == 2);  // "pays" left of kappa*, "open" between kappa* and the reduction
  CHECK(lora.notes[1].text == "open");
  CHECK(lora.notes[0].x < 2);
  CHECK((lora.notes[1].x > 2 && lora.notes[1].x < 32));
  CHECK(diffusion.curves[0].points ==
        std::vector<std::pair<double, double>>{{0.5, 1.5}, {1, 1.75}, {2, 2.25}});
  CHECK(has(diffusion.title, "0.75"));
}

TEST_CASE("the neighbours' figure leaves out a panel whose points a run does not have") {
  CHECK(neighbours_figure({}).panels.empty());
  CHECK(neighbours_figure(records(lora_lines())).panels.size() == 1);
  CHECK(neighbours_figure(records(diffusion_lines())).panels.size() == 1);
  std::vector<Json> other = lora_lines();  // another c is another figure
  for (Json& line : other) line["c"] = "2";
  CHECK(neighbours_figure(records(other)).panels.empty());
}

TEST_CASE("the reading names both norms at each n, and the dimension where diffusion stops paying") {
  const std::string text = reading_of_neighbours(records(joined(lora_lines(), diffusion_lines())));
  CHECK(has(text, "up to Γ = 2 (= 0.5 √(log n))"));
  CHECK(has(text, "decide orthogonal vectors from Γ = 31.6 (= 7.9 √(log n))"));
  CHECK(has(text, "d0 = 1.4 log n at n = 2^23.08"));  // geometrically half-way from 1 to 2
  CHECK(reading_of_neighbours({}).empty());
}

TEST_CASE("the neighbours stand in every format, with pgfplots and its data beside") {
  const Run run;
  run.put("thresholds.jsonl", joined(lora_lines(), diffusion_lines()));
  run.put("hyper_attention.jsonl", {hyper_line()});
  run.report();
  for (const char* file : {"report.html", "report.md", "report.tex"}) {
    INFO(file);
    const std::string text = contents(run.path / file);
    CHECK(has(text, "The neighbouring theorems"));
    CHECK(has(text, "Paper by paper"));
    CHECK(has(text, "statistical, another seed gives others"));
    CHECK(has(text, "8.19"));   // alpha, an upper end, rounded up
    CHECK(has(text, "0.179"));  // w, a lower end, rounded down
    CHECK(!has(text, "<b>spread"));
  }
  CHECK(has(contents(run.path / "figures/neighbours.gnuplot"), "LoRA"));
  CHECK(has(contents(run.path / "figures/neighbours.tex"), "neighbours-curves-2.csv"));
  CHECK(has(contents(run.path / "figures/neighbours-curves-1.csv"), "0,1,1.5\n"));
  const std::string csv = contents(run.path / "hyper_attention.csv");
  CHECK(has(csv, "\n\"light-bulb, <b>spread</b>\",planted,128,254,16,63,7,8.125,8.1875,"));
  CHECK(has(csv, ",,"));  // kappa outside the blocks: a row has nothing left
  CHECK(has(csv, ",no,\n"));
}

TEST_CASE(
    "the reading of HyperAttention counts heads above the number of keys and planted rows that are seen") {
  Json head = hyper_line();
  for (const char* key : {"planted_weight", "gap", "planted_row_stands_out"}) head.erase(key);
  head["kind"] = "head";
  head["alpha"] = {{"lower", "255"}, {"upper", "256"}};
  Json flat = head;
  flat["alpha"] = {{"lower", "253.9"}, {"upper", "256"}};  // not proved to exceed 254
  Json seen = hyper_line();
  seen["planted_row_stands_out"] = true;
  const Run run;
  run.put("hyper_attention.jsonl", {head, flat, hyper_line(), seen});
  CHECK(
      reading_of_hyper_attention(read_run(run.path).hyper_attention) ==
      "α exceeds the number of keys on 1 of 2 heads. The sampled output shows the planted row in 1 of the 2 "
      "instances whose exact outputs do, though where it does not its relative spectral error is at most "
      "0.017.");
}

TEST_CASE("a malformed line of hyper_attention.jsonl is named with its key") {
  const Run run;
  for (const auto& [key, value] :
       {std::pair("kind", Json("huge")), std::pair("n", Json(-1)), std::pair("alpha", Json()),
        std::pair("gap", Json{{"lower", "2"}, {"upper", "1"}}),
        std::pair("planted_row_stands_out", Json("no"))}) {
    Json line = hyper_line();
    line[key] = value;
    run.put("hyper_attention.jsonl", {hyper_line(), line});
    CHECK_THROWS_WITH(read_run(run.path),
                      Catch::Matchers::Contains("hyper_attention.jsonl:2, \"" + std::string(key)));
  }
}

TEST_CASE(
    "a paper's row has its sharpest verified bound, and what failed as printed only where the check refuted "
    "it") {
  ClaimRecord sharp, loose, broken;
  sharp.paper = loose.paper = broken.paper = "paper";
  sharp.id = "paper/sharp";
  sharp.statement = "a <= b";
  sharp.ratio = "0.99";
  sharp.verdict = loose.verdict = Verdict::verified;
  loose.id = "paper/loose";
  loose.ratio = "0.5";
  loose.corrects = "a <= b/2";
  loose.twin_verdict = Verdict::refuted;
  broken.id = "paper/broken";
  broken.ratio = "1.5";
  broken.corrects = "nothing was shown";
  broken.verdict = Verdict::refuted;
  broken.twin_verdict = Verdict::refuted;
  Table table = papers_table({loose, broken, sharp});
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows[0] == std::vector<std::string>{"paper", "2 of 3", "sharp: a <= b", "0.99", "a <= b/2"});
  loose.twin_verdict = Verdict::undecided;  // then nothing is shown of it
  CHECK(papers_table({loose}).rows[0].back() == kNone);
}
