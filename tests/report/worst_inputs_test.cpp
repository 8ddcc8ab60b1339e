// The table of worst inputs: in every format that has tables, the last line of a program counts, and a wrong
// line is an error with its place.
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"
#include "numeric/exact_text.hpp"
#include "report/report.hpp"

using namespace attnbounds;

namespace {

std::string line(const std::string& program, const std::string& error) {
  return R"({"program":")" + program +
         R"(","kind":"matrix","n":8,"d":4,"bound":"0x2p+0","evaluations":2000,"violations":0,"error":)" +
         error + R"(,"failure":"","origin":"aligned rows","share":"0x1p-1"})" + "\n";
}

}  // namespace

TEST_CASE(
    "the worst inputs of a run are a table in html, markdown and LaTeX; the last line of a program counts") {
  const TemporaryFolder folder;
  const fs::path run = folder.path / "run";
  fs::copy(ATTNBOUNDS_SOURCE_DIR "/tests/data/run", run);
  const std::set<ReportFormat> formats{ReportFormat::html, ReportFormat::markdown, ReportFormat::latex};
  write_report(run, formats);
  CHECK(contents(run / "report.md").find("worst inputs") == std::string::npos);  // none was searched
  std::ofstream(run / "worst_inputs.jsonl")
      << line("mine", R"({"lower":"1/4","upper":"1/3"})") << line("mine", R"({"lower":"1/8","upper":"1/7"})")
      << line("theirs", "null");
  write_report(run, formats);
  for (const char* file : {"report.html", "report.md", "report.tex"}) {
    INFO(file);
    const std::string text = contents(run / file);
    CHECK(text.find("0.143") != std::string::npos);  // 1/7, rounded up
    CHECK(text.find("0.334") == std::string::npos);
    CHECK(text.find("theirs") != std::string::npos);
  }
  std::ofstream(run / "worst_inputs.jsonl") << R"({"program":"mine","kind":"matrix","n":-1})"
                                            << "\n";
  CHECK_THROWS_WITH(write_report(run, formats), Catch::Matchers::Contains("worst_inputs.jsonl:1, \"n\""));
}
