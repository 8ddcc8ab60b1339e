#include "report/report.hpp"

#include <map>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "report/formats.hpp"
#include "report/least_degree_figure.hpp"
#include "report/neighbours_figure.hpp"
#include "report/pdf.hpp"
#include "report/propagation_figure.hpp"
#include "report/threshold_figure.hpp"

namespace attnbounds {

namespace fs = std::filesystem;

const char* name(ReportFormat format) {
  switch (format) {
    case ReportFormat::html:
      return "html";
    case ReportFormat::markdown:
      return "markdown";
    case ReportFormat::csv:
      return "csv";
    case ReportFormat::latex:
      return "latex";
    case ReportFormat::pdf:
      return "pdf";
  }
  return "";
}

std::set<ReportFormat> report_formats_from_text(const std::string& text) {
  std::set<ReportFormat> formats;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const std::size_t before = formats.size();
    for (const ReportFormat f : {ReportFormat::html, ReportFormat::markdown, ReportFormat::csv,
                                 ReportFormat::latex, ReportFormat::pdf})
      if (word == name(f)) formats.insert(f);
    if (formats.size() == before)
      throw InputError("--format", "html, markdown, csv, latex or pdf, each once, separated by commas",
                       "'" + text + "'");
    begin = end + 1;
  }
  return formats;
}

std::vector<fs::path> write_report(const fs::path& directory, const std::set<ReportFormat>& formats) {
  const RunRecord run = read_run(directory);
  const auto wanted = [&](ReportFormat f) { return formats.count(f) > 0; };
  std::map<fs::path, std::string> files;
  Figures figures;
  if (wanted(ReportFormat::html) || wanted(ReportFormat::markdown))
    for (const auto& [kind, file] : {std::pair(ErrorKind::relative, "figures/least_degree"),
                                     std::pair(ErrorKind::absolute, "figures/least_degree_absolute")}) {
      const std::string script = least_degree_script(run.degrees, kind);
      if (script.empty()) continue;
      const Figure& figure = figures.degrees[kind] =
          draw(script, std::string("Least degree against X, ") + name(kind) + " error");
      files[std::string(file) + ".gnuplot"] = figure.script;
      if (!figure.svg.empty()) files[std::string(file) + ".svg"] = figure.svg;
    }
  const HeatMapFigure threshold = threshold_figure(run.thresholds);
  if (!threshold.panels.empty()) {
    if (wanted(ReportFormat::html) || wanted(ReportFormat::markdown)) {
      figures.threshold = draw(heat_map_script(threshold), "The threshold");
      files["figures/threshold.gnuplot"] = figures.threshold->script;
      if (!figures.threshold->svg.empty()) files["figures/threshold.svg"] = figures.threshold->svg;
    }
  }
  if (const HeatMapFigure neighbours = neighbours_figure(run.thresholds); !neighbours.panels.empty()) {
    if (wanted(ReportFormat::html) || wanted(ReportFormat::markdown)) {
      figures.neighbours = draw(heat_map_script(neighbours), "The neighbouring theorems");
      files["figures/neighbours.gnuplot"] = figures.neighbours->script;
      if (!figures.neighbours->svg.empty()) files["figures/neighbours.svg"] = figures.neighbours->svg;
    }
    if (wanted(ReportFormat::latex))
      for (const auto& [file, text] : heat_map_pgfplots(neighbours, "neighbours", "attnbounds report"))
        files["figures/" + file] = text;
  }
  if (wanted(ReportFormat::html) || wanted(ReportFormat::markdown))
    for (const auto& [figure, script, file, title] :
         {std::tuple(&figures.propagation, error_propagation_script(shown_series(run.propagation)),
                     "figures/error_propagation", "Error through the layers"),
          std::tuple(&figures.growth, growth_with_depth_script(shown_series(run.propagation)),
                     "figures/growth_with_depth", "Growth of the error a layer")}) {
      if (script.empty()) continue;
      *figure = draw(script, title);
      files[std::string(file) + ".gnuplot"] = script;
      if (!(*figure)->svg.empty()) files[std::string(file) + ".svg"] = (*figure)->svg;
    }
  if (wanted(ReportFormat::html)) files["report.html"] = html_report(run, figures);
  if (wanted(ReportFormat::markdown)) files["report.md"] = markdown_report(run, figures);
  if (wanted(ReportFormat::latex))
    for (const auto& [file, text] : latex_report(run)) files[file] = text;
  if (wanted(ReportFormat::pdf)) files["report.pdf"] = pdf_of(latex_report(run));
  if (wanted(ReportFormat::csv)) {
    files["claims.csv"] = claims_csv(run);
    files["papers.csv"] = papers_csv(run);
    files["heads.csv"] = heads_csv(run);
    files["degrees.csv"] = degrees_csv(run);
    if (!run.hyper_attention.empty()) files["hyper_attention.csv"] = hyper_attention_csv(run.hyper_attention);
    files["propagation.csv"] = propagation_csv(run.propagation);
  }
  std::vector<fs::path> written;
  for (const auto& [file, text] : files) {
    const fs::path path = directory / file;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) throw InputError(path.parent_path().string(), "a directory that can be made", error.message());
    write_file_atomically(path, text);
    written.push_back(path);
  }
  return written;
}

}  // namespace attnbounds
