// The report in each format, as one text. Everything that comes from the run is escaped here.
#pragma once

#include <map>
#include <string>

#include "report/gnuplot.hpp"
#include "report/run_record.hpp"

namespace attnbounds {

struct Figures {
  std::map<ErrorKind, Figure> degrees;  // least degree against X
  std::optional<Figure> propagation, growth;
};

/// Text as content or attribute value of HTML: nothing in it is markup. Control characters become U+FFFD.
std::string html_escaped(const std::string& text);
/// Text in a cell or a paragraph of Markdown (GitHub's): nothing in it is markup, and it is one line.
std::string markdown_escaped(const std::string& text);
std::string latex_escaped(const std::string& text);
std::string csv_field(const std::string& text);  // RFC 4180

std::string html_report(const RunRecord& run, const Figures& figures);
std::string markdown_report(const RunRecord& run, const Figures& figures);
std::string latex_report(const RunRecord& run);  // booktabs and longtable, to be \input
std::string claims_csv(const RunRecord& run);
std::string heads_csv(const RunRecord& run);
std::string degrees_csv(const RunRecord& run);
std::string propagation_csv(const std::vector<PropagationRecord>& rows);

}  // namespace attnbounds
