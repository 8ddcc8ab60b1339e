// The report of the run in tests/data/run (made by make_run.py): what it says, that it says it in the same
// bytes each time, that nothing of the run becomes markup, and what it answers to a broken run.
#include "report/report.hpp"

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"
#include "numeric/exact_text.hpp"
#include "report/formats.hpp"
#include "report/gnuplot.hpp"
#include "report/least_degree_figure.hpp"
#include "report/tables.hpp"

using namespace attnbounds;

namespace {

const std::set<ReportFormat> kAll{ReportFormat::html, ReportFormat::markdown, ReportFormat::csv,
                                  ReportFormat::latex};

/// A copy of the committed run that a test may spoil.
struct Run {
  TemporaryFolder folder;
  fs::path path = folder.path / "run";
  Run() { fs::copy(ATTNBOUNDS_SOURCE_DIR "/tests/data/run", path); }
  void put(const std::string& file, const std::string& text) const {
    std::ofstream(path / file, std::ios::binary) << text;
  }
  void append(const std::string& file, const std::string& text) const {
    put(file, contents(path / file) + text);
  }
  std::string report(const std::string& file) const {
    write_report(path, kAll);
    return contents(path / file);
  }
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string error_of(const Run& run) {
  try {
    write_report(run.path, kAll);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

struct WithoutPrograms {  // PATH leads nowhere while it lives
  std::string path = std::getenv("PATH");
  WithoutPrograms() { setenv("PATH", "/nonexistent", 1); }
  ~WithoutPrograms() { setenv("PATH", path.c_str(), 1); }
};

}  // namespace

TEST_CASE("the summary counts verdicts, unfinished claims, refuted twins and kept heads") {
  const RunRecord run = read_run(Run().path);
  CHECK(summary(run) ==
        "5 claims: 2 verified, 1 refuted, 1 undecided, 1 statistical; 1 planned but not finished. False "
        "twins refuted: 4 of "
        "5. "
        "Real heads within their guaranteed error: 3 of 4.");
  const auto list = warnings(run);
  REQUIRE(list.size() == 4);
  CHECK(list[0] == "Refuted: example-2026/printed-constant.");
  CHECK(has(list[1], "example-2026/hard-to-part: its false twin was not refuted"));
  CHECK(has(list[2], "layer0-head2: undecided"));
  CHECK(list[3] == "Planned but not finished: example-2026/never-reached.");
}

TEST_CASE(
    "claims stand in the order of the plan and heads in the order of layers, whatever the log's order") {
  const RunRecord run = read_run(Run().path);
  REQUIRE(run.claims.size() == 5);
  for (std::size_t i = 0; i < run.claims.size(); ++i) CHECK(run.claims[i].id == run.planned[i]);
  REQUIRE(run.heads.size() == 4);
  CHECK(run.heads.front().name == "layer0-head2");
  CHECK(run.heads.back().name == "layer5-head10");
}

TEST_CASE("the reading of the heads is two sentences with the threshold and the polynomial reach") {
  const std::string text = reading_of_heads(read_run(Run().path).heads);
  CHECK(has(text,
            "Over 4 heads (n = 256), B/√(log n) runs from 0.212 to 11.3, median 3.95, and is above 1 on 3:"));
  CHECK(has(text, "is 1 of 4 heads; the program answered 1 by the polynomial method and 3 exactly."));
  CHECK(count(text, ". ") + 1 == 2);
}

TEST_CASE("a rank equal to n is not within polynomial reach") {
  RunRecord run = read_run(Run().path);
  run.heads.resize(1);
  run.heads[0].least = DegreeAndRank{{1}, 256};
  CHECK(has(reading_of_heads(run.heads), "are 0 of 1 head;"));
  run.heads[0].least->rank = 255;
  CHECK(has(reading_of_heads(run.heads), "is 1 of 1 head;"));
}

TEST_CASE("bounds are shown rounded up") {
  CHECK(rational_from_text(rounded_up(Rational(1, 3), 3), "") > Rational(1, 3));
  CHECK(rounded_up(Rational(2, 3), 2) == "0.67");
  CHECK(rounded_up(Rational(1, 3), 2) == "0.34");
  CHECK(rounded_up(Rational(0), 2) == "0");
  CHECK(rounded_up(std::nullopt, 2) == kNone);
}

TEST_CASE("the same run gives the same bytes, wherever it lies") {
  const Run one, other;
  const auto files = write_report(one.path, kAll);
  write_report(other.path, kAll);
  CHECK(files.size() >= 7);
  for (const fs::path& file : files) {
    INFO(file);
    CHECK(contents(file) == contents(other.path / fs::relative(file, one.path)));
    CHECK_FALSE(has(contents(file), one.path.string()));
  }
  const std::string page = contents(one.path / "report.html");
  write_report(one.path, kAll);  // over itself
  CHECK(page == contents(one.path / "report.html"));
}

TEST_CASE("nothing of the run becomes markup in the page") {
  const std::string page = Run().report("report.html");
  CHECK(count(page, "<script") == 1);  // our own
  CHECK(count(page, "</script>") == 1);
  for (const char* markup : {"<img", "<b>", "<i>", "<iframe", "<link", "\"><script"})
    CHECK_FALSE(has(page, markup));
  CHECK(count(page, "<details>") == 5);
  CHECK(count(page, "</details>") == 5);
  CHECK(has(page, "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;"));
  CHECK(html_escaped(std::string("a\0b\x1b", 4)) ==
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd");
}

TEST_CASE("the page fetches nothing") {
  std::string page = Run().report("report.html");
  for (const char* name_space : {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"})
    while (has(page, name_space)) page.erase(page.find(name_space), std::string(name_space).size());
  for (const char* fetched : {"http:", "https:", "src=", "url(", "@import", "@font-face"}) {
    INFO(fetched);
    std::string text = page;
    if (const std::string harmless = "&lt;img src=x onerror"; has(text, harmless))
      text.erase(text.find(harmless), harmless.size());
    CHECK_FALSE(has(text, fetched));
  }
}

TEST_CASE("the page gives verdicts in words, and each claim with its twin's counterexample and its command") {
  const std::string page = Run().report("report.html");
  CHECK(has(page, "<span class=\"verdict refuted\">refuted</span>"));
  CHECK(has(page, "<span class=\"verdict undecided\">undecided</span>"));
  CHECK(has(page, "<span class=\"verdict refuted\">NOT refuted</span>"));
  CHECK(has(page, "<h3>Counterexample</h3>"));
  CHECK(has(page, "largest degree/F, in [1.51715, 1.51716], attained at instance 12"));
  CHECK(has(page, "attnbounds verify --claim example-2026/sharp --seed 7 --level quick"));
  CHECK(has(page, "attnbounds verify --seed 7 --level quick --out RUN --head-eps 1/1000"));
}

TEST_CASE("a Markdown table has one cell a column in every row, whatever the cells contain") {
  const std::string text = Run().report("report.md");
  CHECK_FALSE(has(text, "<script"));
  std::size_t tables = 0, bars = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] != '|') {
      bars = 0;
      continue;
    }
    const std::size_t here = count(line, "|") - count(line, "\\|");
    if (bars == 0) ++tables;
    else CHECK(here == bars);
    bars = here;
  }
  CHECK(tables == 3);  // heads, papers, claims
  CHECK(markdown_escaped("a|b\n*c*") == "a\\|b \\*c\\*");
}

TEST_CASE("a sampled claim reads statistical in every format, and only a sampled one may") {
  const Run run;
  run.append("claims.jsonl",
             R"({"id":"example-2026/sampled","statement":"s","status":"statistical","verdict":"statistical",)"
             R"("twin":{"name":"t","verdict":"refuted"}})"
             "\n");
  const RunRecord record = read_run(run.path);
  CHECK(record.claims.back().verdict_name() == std::string("statistical"));
  CHECK(has(run.report("report.html"), "class=\"verdict statistical\""));
  CHECK(has(contents(run.path / "report.md"), "statistical"));
  run.append("claims.jsonl", R"({"id":"example-2026/other","statement":"s","status":"checked",)"
                             R"("verdict":"statistical","twin":{"name":"t","verdict":"refuted"}})"
                             "\n");
  CHECK(has(error_of(run), "expected one of verified, refuted, undecided"));
}

TEST_CASE("CSV fields are quoted where they must be, and bounds stay bounds") {
  const Run run;
  const std::string claims = run.report("claims.csv"), heads = contents(run.path / "heads.csv");
  CHECK(csv_field("a,\"b\"\n") == "\"a,\"\"b\"\"\n\"");
  CHECK(csv_field("plain") == "plain");
  CHECK(has(claims,
            "example-2026/sharp,example-2026,checked,verified,200,1,0x1p+0,0,half the bound,refuted,0.25,"));
  CHECK(has(heads, "layer0-head7,0,7,256,32,8.124,"));
  CHECK(count(contents(run.path / "degrees.csv"), "\n") == 115);
}

TEST_CASE("LaTeX's special characters are escaped") {
  CHECK(latex_escaped("a_b & 50% {x} \\y") == "a\\_b \\& 50\\% \\{x\\} \\textbackslash{}y");
  CHECK(has(Run().report("report.tex"), "\\begin{longtable}"));
}

TEST_CASE("a line cut by a kill is noted and left out") {
  const Run run;
  run.append("claims.jsonl", R"({"id":"example-2026/never-re)");
  const RunRecord record = read_run(run.path);
  CHECK(record.claims.size() == 5);
  REQUIRE(record.notes.size() == 1);
  CHECK(has(record.notes[0], "claims.jsonl, line 6: the last line is cut"));
  CHECK(has(run.report("report.html"), "the last line is cut"));
}

TEST_CASE("a malformed line is an error that names file and line, and nothing is written") {
  const auto check = [](const std::string& file, const std::string& line, const std::string& expected) {
    const Run run;
    run.append(file, line + "\n");
    const std::string error = error_of(run);
    INFO(error);
    CHECK(has(error, expected));
    CHECK_FALSE(has(error, "\n"));
    CHECK_FALSE(fs::exists(run.path / "report.html"));
  };
  const std::string good = R"("id":"x","statement":"s","twin":{"name":"t","verdict":"refuted"})";
  check("claims.jsonl", R"({"id":"example-2026/never-re)", "claims.jsonl:6: expected a JSON object");
  check("claims.jsonl", "[]", "claims.jsonl:6: expected a JSON object, found []");
  check("claims.jsonl", "{}", "claims.jsonl:6, \"id\": expected text, found nothing");
  check("claims.jsonl", "{" + good + R"(,"verdict":"true"})",
        "expected one of verified, refuted, undecided, found \"true\"");
  check("claims.jsonl", "{" + good + R"(,"verdict":"verified","twin_refuted":false})",
        "agreement with the twin's verdict");
  check("claims.jsonl", R"({"id":"example-2026/sharp","statement":"s","verdict":"verified"})",
        "without an earlier line");
  check("claims.jsonl", "{\"id\":" + std::string(100000, '[') + "}", "nested at most 64 deep");
  check("claims.jsonl", "{" + good + ",\"verdict\":\"verified\",\"seconds\":1e999}",
        "claims.jsonl:6: expected a JSON object");
  check("heads.jsonl", R"({"head":"h","n":"many"})",
        "heads.jsonl:5, \"n\": expected a whole number >= 0, found \"many\"");
  check("degrees.jsonl", R"({"error_kind":"relative","half_width":1,"epsilon":0,"degree":1})",
        "expected a number > 0");
}

TEST_CASE("a folder that holds no run is an error") {
  const Run run;
  run.put("run.json", R"({"format":"attnbounds-run","version":2,"seed":0,"level":"quick"})");
  CHECK(has(error_of(run), "\"version\": expected 1, found 2"));
  run.put("run.json", R"({"format":"other"})");
  CHECK(has(error_of(run), "\"format\": expected"));
  fs::remove(run.path / "run.json");
  CHECK(has(error_of(run), "run.json: expected a regular file, found nothing"));
  CHECK_THROWS_AS(write_report(run.path / "nowhere", kAll), InputError);
}

TEST_CASE("a run without heads and degrees is reported as such") {
  const Run run;
  fs::remove(run.path / "heads.jsonl");
  run.put("degrees.jsonl", "");
  const std::string page = run.report("report.html");
  CHECK(has(page, "This run measured no heads."));
  CHECK(has(page, "there is no figure"));
  CHECK(has(page, "--claim example-2026/sharp"));
}

TEST_CASE("without gnuplot the report says that the figure is left out") {
  const Run run;
  const WithoutPrograms nothing;
  CHECK(has(run.report("report.html"), "The figure is left out: gnuplot is not installed."));
  CHECK(has(contents(run.path / "report.md"), "The figure is left out: gnuplot is not installed."));
  CHECK_FALSE(fs::exists(run.path / "figures/least_degree.svg"));
}

TEST_CASE("an SVG that runs or fetches anything is refused") {
  for (const char* svg : {"<svg><script>x</script></svg>", "<svg onload='x'/>", "<a xlink:href='http://x'/>",
                          "<image href='a.png'/>", "<use href=\"b.svg#c\"/>", "<style>@import 'x'</style>"}) {
    INFO(svg);
    CHECK(danger_in_svg(svg));
  }
  CHECK_FALSE(danger_in_svg("<svg xmlns=\"http://www.w3.org/2000/svg\"><use xlink:href='#gpPt6'/></svg>"));
}

TEST_CASE("the figure is drawn, with no date and no danger in it") {
  const RunRecord run = read_run(Run().path);
  const Figure figure = draw(least_degree_script(run.degrees, ErrorKind::relative), "Least degree");
  if (figure.missing == "gnuplot is not installed") return;
  REQUIRE(figure.missing.empty());
  CHECK_FALSE(danger_in_svg(figure.svg));
  CHECK(count(figure.svg, "#gpPt6") >= 57);  // a mark a point
  CHECK(has(figure.svg, "<title>Least degree</title>"));
  CHECK_FALSE(has(figure.svg, "20:"));
}

TEST_CASE("a script that gnuplot does not understand leaves a reason") {
  const Figure figure = draw("set nonsense\n", "x");
  CHECK(figure.svg.empty());
  CHECK_FALSE(figure.missing.empty());
}

TEST_CASE("the asymptotic degree solves its equation") {
  const double X = 7, epsilon = 1e-6, n = asymptotic_degree(X, epsilon, ErrorKind::relative).value + 1;
  CHECK(n * std::acosh(n / X) - std::sqrt(n * n - X * X) == Approx(std::log(1e6)));
  const double m = asymptotic_degree(X, epsilon, ErrorKind::absolute).value + 1;
  CHECK(m * std::asinh(m / X) - std::sqrt(m * m + X * X) == Approx(std::log(1e6)));
}

TEST_CASE("formats are a list of known names") {
  CHECK(report_formats_from_text("html,csv") == std::set{ReportFormat::html, ReportFormat::csv});
  for (const char* text : {"", "html,", "docx", "html,html", "html;csv"}) {
    INFO(text);
    CHECK_THROWS_AS(report_formats_from_text(text), InputError);
  }
}

TEST_CASE("report answers 0 and names its files; a bad run is one line and status 2") {
  const Run run;
  const Answer good = run_program("attnbounds", "report '" + run.path.string() + "' --format csv --json");
  CHECK(good.status == 0);
  CHECK(has(good.output, "claims.csv"));
  CHECK_FALSE(fs::exists(run.path / "report.html"));
  const Answer bad = run_program("attnbounds", "report /nonexistent");
  CHECK(bad.status == 2);
  CHECK(bad.output.empty());
  CHECK(count(bad.errors, "\n") == 1);
}

TEST_CASE("the picture of the README is an inert SVG") {
  const std::string svg = contents(ATTNBOUNDS_SOURCE_DIR "/docs/least_degree.svg");
  REQUIRE(has(svg, "</svg>"));
  CHECK_FALSE(danger_in_svg(svg));
}

namespace {

std::string propagation_line(const std::string& series, long layer, const std::string& bound,
                             const std::string& verdict = "verified") {
  const auto errors = [&](const char* measured) {
    return std::string("{\"measured\": ") + measured + ", \"bound_tokens\": " + bound +
           ", \"bound_states\": 0.5, \"bound_norms\": \"infinity\"}";
  };
  return "{\"series\": \"" + series +
         "\", \"standing\": \"proved\", \"n\": 4, \"d\": 2, \"delta\": \"1/1000\", " +
         "\"layer\": " + std::to_string(layer) + ", \"forward\": " + errors("0.001") +
         ", \"backward\": " + errors("0.002") + ", \"weights\": " + errors("0.003") +
         ", \"growth\": " + errors("1.5") + ", \"least_singular_value\": 0.25, \"verdict\": \"" + verdict +
         "\"}\n";
}

}  // namespace

TEST_CASE("the error through the layers stands in the report: figures, table, reading and CSV") {
  const Run run;
  run.put("propagation.jsonl", propagation_line("random", 1, "0.01") + propagation_line("random", 2, "0.02") +
                                   propagation_line("real, <b>one head</b>", 1, "0.25") +
                                   propagation_line("real, <b>one head</b>", 2, "\"infinity\""));
  const std::string page = run.report("report.html"), text = contents(run.path / "report.md"),
                    table = contents(run.path / "propagation.csv");
  for (const std::string& report : {page, text}) {
    CHECK(has(report, "Error through the layers"));
    CHECK(has(report, "Errors within all their bounds, forward and backward: 4 of 4 layers."));
    CHECK(has(report, "stays below 1 for 2 of 2 layers"));  // constants from states: 0.5
    CHECK(!has(report, "<b>one head"));
  }
  CHECK(has(contents(run.path / "figures/error_propagation.gnuplot"), "token by token"));
  CHECK(has(contents(run.path / "figures/growth_with_depth.gnuplot"), "depth m"));
  CHECK(has(table, "random,proved,4,2,1/1000,2,0.001,0.02,0.5,infinity"));
}

TEST_CASE("a bound that was not kept is a warning, and a malformed line of propagation.jsonl is named") {
  const Run run;
  run.put("propagation.jsonl", propagation_line("random", 1, "0.01", "refuted"));
  CHECK(warnings(read_run(run.path))[3] ==
        "Error through the layers, random weights, layer 1: refuted (error <= every bound).");
  run.put("propagation.jsonl", propagation_line("random", 1, "\"many\""));
  CHECK(has(error_of(run), "propagation.jsonl:1"));
  CHECK(has(error_of(run), "bound_tokens"));
}

TEST_CASE("every number shows whether its certificate was checked, and why it has none, in every format") {
  const Run run;
  run.put("propagation.jsonl",
          propagation_line("random", 1, "0.01") + propagation_line("with MLP", 1, "0.01"));
  std::string thresholds;
  for (const auto& [n, log_n] : {std::pair("2^10", "7"), {"2^20", "14"}})
    for (const auto& [kappa, decimal] : {std::pair("0x1p-1", "0.5"), {"0x1p+0", "1"}})
      thresholds += std::string(R"({"record":"point","kind":"matrix","problem":"forward","n":")") + n +
                    R"(","c":"0x1p+0","C":"0x1p+0","log_n":{"lower":")" + log_n + R"(","upper":")" + log_n +
                    R"("},"kappa":")" + kappa + R"(","kappa_decimal":)" + decimal +
                    R"(,"exponent":{"lower":"1.5","upper":"1.6"}})" + "\n";
  run.put("thresholds.jsonl",
          thresholds +
              R"({"record":"kappa_star","kind":"matrix","problem":"forward","n":"2^10","c":"0x1p+0",)"
              R"("C":"0x1p+0","log_n":{"lower":"7","upper":"7"},"pays_decimal":0.25,)"
              R"("limit":{"lower":"0.2","upper":"0.2"},"hard_direct":null})"
              "\n");
  run.put("hyper_attention.jsonl", "");
  const auto line = [](const std::string& subject, const std::string& name, const std::string& rest) {
    return R"({"subject":")" + subject + R"(","name":")" + name + R"(","directory":"proofs",)" + rest + "}\n";
  };
  const std::string checked = R"("files":["there.json"],"verdict":"verified","reason":"")";
  const auto none = [](const std::string& why) {
    return R"("files":[],"verdict":"none","reason":")" + why + "\"";
  };
  run.put("certificates.jsonl",
          line("claim", "example-2026/sharp", checked) +
              line("twin", "example-2026/sharp", none("too <b>odd</b>")) +
              line("head", "layer0-head2", checked) + line("degree", "relative 0.125 0.001", checked) +
              line("layers", "random", checked) + line("layers", "with MLP", none("it has an MLP")) +
              line("threshold", "point matrix forward c=0x1p+0 C=0x1p+0 n=2^10 kappa=0x1p-1", checked) +
              line("threshold", "point matrix forward c=0x1p+0 C=0x1p+0 n=2^10 kappa=0x1p+0",
                   none("beyond the limit")) +
              line("threshold", "kappa_star matrix forward c=0x1p+0 C=0x1p+0 n=2^10", checked));
  const RunRecord record = read_run(run.path);
  CHECK(has(summary(record), "re-proved by attnbounds-check: 6; rejected: 0; not checked: 0"));
  CHECK(certificate_sentence(marks_of(record.thresholds)) ==
        "Certificates, by attnbounds-check: 2 checked; 1 without one: beyond the limit; 2 without one: not "
        "asked "
        "for.");
  const std::string page = run.report("report.html"), text = contents(run.path / "report.md"),
                    tex = contents(run.path / "report.tex");
  for (const std::string& report : {page, text, tex}) {
    CHECK(has(report, "1 without one: beyond the limit"));
    CHECK(has(report, "1 checked; 1 without one: it has an MLP"));
    CHECK(!has(report, "<b>odd"));
  }
  CHECK(has(page, "no certificate: too &lt;b&gt;odd"));
  CHECK(
      has(page, "n = 2^10, c = 1, C = 1: degree at κ = 0.5</td><td>checked <a href=\"proofs/there.json\">"));
  CHECK(has(page, "n = 2^10, c = 1, C = 1: κ* = 0.25000</td><td>checked"));
  CHECK(has(text, "certificate of the twin: no certificate: too &lt;b&gt;odd"));
  CHECK(has(text, "| matrix | forward | 2^10 | 0.25000 | checked |"));
  CHECK(has(tex, "no certificate: too \\textless{}b"));
  CHECK(has(tex, "\\attn@set{KappaStar}{matrix,10.0989}{0.25000}% thresholds.jsonl, certificate: checked"));
  CHECK(has(contents(run.path / "propagation.csv"), ",verified,no certificate\n"));
}
