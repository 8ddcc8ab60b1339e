#include "report/pdf.hpp"

#include <cerrno>
#include <sstream>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "report/program.hpp"

namespace attnbounds {
namespace {

/// TeX's first line of complaint.
std::string complaint(const std::filesystem::path& log) {
  std::error_code error;
  if (!std::filesystem::exists(log, error)) return "no log";
  std::istringstream lines(read_file(log));
  for (std::string line; std::getline(lines, line);)
    if (line.rfind("! ", 0) == 0) return line.substr(2);
  return "an error without a message";
}

}  // namespace

std::string pdf_of(const std::map<std::string, std::string>& latex_files) {
  const TemporaryFolder folder;
  for (const auto& [file, text] : latex_files) write_file_atomically(folder.path / file, text);
  const std::string document = "report-document";
  const std::vector<std::string> pdflatex{"pdflatex", "-interaction=nonstopmode", "-halt-on-error",
                                          "-no-shell-escape", document};
  int failure =
      run_apart({"latexmk", "-norc", "-pdf", "-interaction=nonstopmode", "-halt-on-error", document},
                folder.path, "said");
  if (failure == ENOENT) {
    for (int pass = 0; pass < 3; ++pass) {
      failure = run_apart(pdflatex, folder.path, "said");
      if (failure != 0) break;
      if (pass == 0) run_apart({"bibtex", document}, folder.path, "said-of-sources");
    }
    if (failure == ENOENT)
      throw InputError("--format pdf", "latexmk or pdflatex to be installed (./run report --pdf installs it)",
                       "neither");
  }
  const std::filesystem::path pdf = folder.path / (document + ".pdf");
  std::error_code error;
  if (failure != 0 || !std::filesystem::exists(pdf, error))
    throw InputError("report-document.tex", "a document that TeX sets",
                     complaint(folder.path / (document + ".log")));
  return read_file(pdf);
}

}  // namespace attnbounds
