// LaTeX: two booktabs tables to be \input into an article that loads booktabs and longtable.
#include "report/formats.hpp"
#include "report/tables.hpp"

namespace attnbounds {
namespace {

std::string longtable(const Table& table, const std::string& caption, const std::string& label) {
  std::string text = "\\begin{longtable}{@{}", header;
  for (const Column& c : table.columns) {
    text += c.align == Align::right ? "r" : "l";
    header += (header.empty() ? "" : " & ") + c.latex;
  }
  header += " \\\\\n\\midrule\n";
  text += "@{}}\n\\caption{" + latex_escaped(caption) + "}\\label{" + label + "}\\\\\n\\toprule\n" + header +
          "\\endfirsthead\n\\toprule\n" + header + "\\endhead\n\\bottomrule\n\\endlastfoot\n";
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) text += (i ? " & " : "") + latex_escaped(row[i]);
    text += " \\\\\n";
  }
  return text + "\\end{longtable}\n";
}

}  // namespace

std::string latex_escaped(const std::string& text) {
  static const std::map<std::string, std::string> symbols = {// what our own sentences use beyond ASCII
                                                             {"–", "--"},
                                                             {"−", "$-$"},
                                                             {"√", "$\\surd$"},
                                                             {"ε", "$\\varepsilon$"},
                                                             {"⟨", "$\\langle$"},
                                                             {"⟩", "$\\rangle$"},
                                                             {"≤", "$\\le$"},
                                                             {"Θ", "$\\Theta$"},
                                                             {"“", "``"},
                                                             {"”", "''"},
                                                             {"²", "$^2$"},
                                                             {"κ", "$\\kappa$"},
                                                             {"∛", "$\\sqrt[3]{}$"},
                                                             {"·", "$\\cdot$"},
                                                             {"≥", "$\\ge$"}};
  static const std::map<char, std::string> special = {{'\\', "\\textbackslash{}"},
                                                      {'{', "\\{"},
                                                      {'}', "\\}"},
                                                      {'$', "\\$"},
                                                      {'&', "\\&"},
                                                      {'#', "\\#"},
                                                      {'^', "\\textasciicircum{}"},
                                                      {'_', "\\_"},
                                                      {'%', "\\%"},
                                                      {'~', "\\textasciitilde{}"},
                                                      {'<', "\\textless{}"},
                                                      {'>', "\\textgreater{}"},
                                                      {'|', "\\textbar{}"},
                                                      {'"', "\\textquotedbl{}"}};
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;  // of the UTF-8 character
    while (i + length < text.size() && (static_cast<unsigned char>(text[i + length]) & 0xc0) == 0x80)
      ++length;
    const std::string character = text.substr(i, length);
    i += length;
    if (const auto s = symbols.find(character); s != symbols.end()) result += s->second;
    else if (const auto c = special.find(character[0]); c != special.end()) result += c->second;
    else if (static_cast<unsigned char>(character[0]) < 0x20) result += ' ';
    else result += character;
  }
  return result;
}

std::string latex_report(const RunRecord& run) {
  std::string text = "% attnbounds report, seed " + run.seed + ", level " + latex_escaped(run.level) +
                     ".\n% Needs \\usepackage{booktabs,longtable} and UTF-8 input.\n" +
                     latex_escaped(summary(run)) + "\n\n";
  if (!run.heads.empty())
    text += latex_escaped(reading_of_heads(run.heads)) +
            "\n\n{\\footnotesize\\setlength{\\tabcolsep}{3pt}\n" +
            longtable(heads_table(run.heads), heads_table(run.heads).throughout + kHeadsCaption,
                      "tab:attnbounds-heads") +
            "}\n";
  if (!run.worst_inputs.empty())
    text +=
        "{\\footnotesize\\setlength{\\tabcolsep}{3pt}\n" +
        longtable(worst_inputs_table(run.worst_inputs), kWorstInputsCaption, "tab:attnbounds-worst-inputs") +
        "}\n";
  if (!run.claims.empty())
    text += "{\\footnotesize\n" +
            longtable(claims_table(run.claims), kClaimsCaption, "tab:attnbounds-claims") + "}\n";
  return text;
}

}  // namespace attnbounds
