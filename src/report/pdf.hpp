// The report as a PDF: the files of `latex_report` set by latexmk, or by pdflatex and bibtex where it is
// missing.
#pragma once

#include <map>
#include <string>

namespace attnbounds {

/// The bytes of the PDF; the same files give the same bytes with the same TeX. Errors: InputError if no TeX
/// is installed, or with TeX's first complaint.
std::string pdf_of(const std::map<std::string, std::string>& latex_files);

}  // namespace attnbounds
