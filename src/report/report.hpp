// The report of a run, written into its directory. The same run gives the same bytes.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace attnbounds {

enum class ReportFormat { html, markdown, csv, latex, pdf };
const char* name(ReportFormat format);
/// "html,csv": at least one. Errors: InputError.
std::set<ReportFormat> report_formats_from_text(const std::string& text);

/// html: report.html; markdown: report.md; csv: claims.csv, heads.csv, degrees.csv,
/// propagation.csv; latex: report.tex, report-preamble.tex, report.bib,
/// report-document.tex; pdf: report.pdf, set by latexmk or pdflatex and bibtex; with html or markdown also
/// figures/*.svg and the gnuplot scripts that drew them. Everything is made before anything is written.
/// Returns the paths written. Errors: InputError.
std::vector<std::filesystem::path> write_report(const std::filesystem::path& run_directory,
                                                const std::set<ReportFormat>& formats);

}  // namespace attnbounds
