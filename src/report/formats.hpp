// The report in each format, as one text. Everything that comes from the run is escaped here.
#pragma once

#include <map>
#include <string>

#include "report/gnuplot.hpp"
#include "report/run_record.hpp"

namespace attnbounds {

struct Figures {
  std::map<ErrorKind, Figure> degrees;  // least degree against X
  std::optional<Figure> threshold, neighbours, propagation, growth;
};

/// Text as content or attribute value of HTML: nothing in it is markup. Control characters become U+FFFD.
std::string html_escaped(const std::string& text);
/// Text in a cell or a paragraph of Markdown (GitHub's): nothing in it is markup, and it is one line.
std::string markdown_escaped(const std::string& text);
std::string latex_escaped(const std::string& text);
std::string csv_field(const std::string& text);  // RFC 4180

/// A page with one figure (inline SVG or a paragraph) and its caption.
std::string figure_page(const std::string& title, const std::string& figure, const std::string& caption);

std::string html_report(const RunRecord& run, const Figures& figures);
std::string markdown_report(const RunRecord& run, const Figures& figures);
/// report.tex, to be \input into any article; report-preamble.tex, its packages and the run's numbers as
/// macros; report.bib; report-document.tex, the whole as a document. File name and text.
std::map<std::string, std::string> latex_report(const RunRecord& run);
std::string claims_csv(const RunRecord& run);
std::string papers_csv(const RunRecord& run);
std::string heads_csv(const RunRecord& run);
std::string degrees_csv(const RunRecord& run);
std::string hyper_attention_csv(const std::vector<HyperAttentionRecord>& rows);
std::string propagation_csv(const std::vector<PropagationRecord>& rows);

}  // namespace attnbounds
