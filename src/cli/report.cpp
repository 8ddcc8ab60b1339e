// attnbounds report: a run's log as pages and tables for people.
#include "report/report.hpp"

#include <cstdio>
#include <memory>

#include "cli/command.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string directory = ".", formats = "html,markdown,csv";
};

ExitStatus run(const Options& options) {
  const auto written = write_report(options.directory, report_formats_from_text(options.formats));
  if (options.json) {
    nlohmann::ordered_json files = nlohmann::ordered_json::array();
    for (const auto& path : written) files.push_back(path.string());
    print_json({{"files", files}});
  } else {
    for (const auto& path : written) std::printf("%s\n", path.string().c_str());
  }
  return ExitStatus::answered;
}

}  // namespace

Command add_report(CLI::App& app) {
  CLI::App* command = app.add_subcommand("report", "write the report of a run into its directory");
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->directory, "the run's directory (verify --out)")->capture_default_str();
  command->add_option("--format", options->formats, "html, markdown, csv, latex, pdf: one or several")
      ->capture_default_str();
  command->add_flag("--json", options->json, "print one JSON object on standard output: the files written");
  command->footer(
      "The exit status is that of the writing: 0 also where the run refuted a claim.\n\n"
      "Examples:\n"
      "  attnbounds verify --claim aggarwal-alman-2022/least-degree --out run\n"
      "  attnbounds report run --format html,markdown,csv,latex");
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
