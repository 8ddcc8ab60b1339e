// LaTeX of a run. report.tex is the body of an article: \input it, and the packages of report-preamble.tex
// make it look as intended; with booktabs and longtable alone it compiles too (boxes become rules, figures a
// sentence). Numbers are macros: \attnRatio{claim}, \attnDegree{X,eps}, …, defined once from the run's log.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "report/bibliography.hpp"
#include "report/formats.hpp"
#include "report/least_degree_figure.hpp"
#include "report/mathml.hpp"
#include "report/neighbours_figure.hpp"
#include "report/propagation_figure.hpp"
#include "report/tables.hpp"
#include "report/threshold_figure.hpp"

namespace attnbounds {
namespace {

constexpr std::size_t kShown = 240;  // characters of a datum in a box; the whole stands in the run's log

std::string code_point(const std::string& character) {
  unsigned point = static_cast<unsigned char>(character[0]) & (0xffu >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i)
    point = point << 6 | (static_cast<unsigned char>(character[i]) & 0x3fu);
  return fmt::format("{:04X}", point);
}

// ---- Text.

/// Escaped, with places to break a line in what has no spaces: ids, paths, numbers, matrices.
std::string breakable(const std::string& text) {
  std::string result, run;
  const auto flush = [&] {
    result += latex_escaped(run);
    run.clear();
  };
  std::size_t since = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    run += c;
    ++since;
    if (c == ' ') since = 0;
    const bool next_starts_character = i + 1 == text.size() || (text[i + 1] & 0xc0) != 0x80;
    if (next_starts_character && i + 1 < text.size() &&
        (std::string("/-_.,:;]=").find(c) != std::string::npos || since >= 12)) {
      flush();
      result += "\\attnbreak{}";
      since = 0;
    }
  }
  flush();
  return result;
}

std::string shown(const std::string& text) {
  if (text.size() <= kShown) return breakable(text);
  std::size_t end = kShown;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;  // not inside a character
  return breakable(text.substr(0, end)) + "\\ldots{} (whole in \\texttt{claims.jsonl})";
}

/// The statement as its claim writes it, where that is LaTeX which we know; else its plain words.
std::string statement_of(const ClaimRecord& c) {
  if (!html_from_latex(c.latex)) return latex_escaped(c.statement);
  std::string text;
  for (std::size_t at = 0; at < c.latex.size();) {
    const std::size_t open = std::min(c.latex.find('$', at), c.latex.size());
    text += latex_escaped(c.latex.substr(at, open - at));
    if (open == c.latex.size()) break;
    const std::size_t close = c.latex.find('$', open + 1);
    text += c.latex.substr(open, close + 1 - open);
    at = close + 1;
  }
  return text;
}

/// What a macro's argument may hold: no character that TeX reads in its own way.
std::string key_of(const std::string& text) {
  std::string key;
  for (const char c : text)
    key +=
        std::isalnum(static_cast<unsigned char>(c)) || std::string("/-.,+=^* ").find(c) != std::string::npos
            ? c
            : '-';
  return key;
}
std::string key_of(const Rational& x) { return fmt::format("{}", nearest(x)); }

// ---- Numbers as macros.

struct Number {
  std::string macro, key, value, origin;
};

std::string end_of(const Json& constant, const char* end) {
  return constant.is_object() && constant.contains(end) && constant[end].is_string()
             ? constant[end].get<std::string>()
             : std::string();
}

std::vector<Number> numbers_of(const RunRecord& run) {
  std::vector<Number> list;
  const auto add = [&](const char* macro, const std::string& key, const std::string& value,
                       const std::string& origin) {
    if (!value.empty() && value != kNone) list.push_back({macro, key, latex_escaped(value), origin});
  };
  const auto count = [&](Verdict v) {
    return std::to_string(std::count_if(run.claims.begin(), run.claims.end(),
                                        [v](const ClaimRecord& c) { return c.verdict == v; }));
  };
  add("Seed", "", run.seed, "run.json");
  add("Level", "", run.level, "run.json");
  add("Claims", "", std::to_string(run.claims.size()), "claims.jsonl");
  add("Verified", "", count(Verdict::verified), "claims.jsonl");
  add("Refuted", "", count(Verdict::refuted), "claims.jsonl");
  add("Undecided", "", count(Verdict::undecided), "claims.jsonl");
  add("TwinsRefuted", "",
      std::to_string(std::count_if(run.claims.begin(), run.claims.end(),
                                   [](const ClaimRecord& c) { return c.twin_refuted(); })),
      "claims.jsonl");
  for (const auto& [library, version] : run.versions) add("Version", key_of(library), version, "run.json");
  const auto certified = [](const std::string& file, const CertificateMark& mark) {
    return file + (mark.said.empty() ? "" : ", certificate: " + mark.said);
  };
  for (const ClaimRecord& c : run.claims) {
    const std::string key = key_of(c.id), origin = certified("claims.jsonl", c.certificate);
    add("Verdict", key, name(c.verdict), origin);
    add("Standing", key, c.status, origin);
    add("Instances", key, c.instances ? std::to_string(*c.instances) : "", origin);
    add("Ratio", key, c.ratio, origin + ", rounded up");
    add("Precision", key, precision_text(c), origin);
    if (c.constants.is_object())
      for (const auto& [constant, value] : c.constants.items()) {
        add("ConstantLower", key + "/" + key_of(constant), end_of(value, "lower"), origin + ", rounded down");
        add("ConstantUpper", key + "/" + key_of(constant), end_of(value, "upper"), origin + ", rounded up");
      }
  }
  for (const HeadRecord& h : run.heads) {
    const std::string key = key_of(h.name), origin = certified("heads.jsonl", h.certificate);
    add("HeadBound", key, rounded_up(h.bound, 3), origin + ", rounded up");
    add("HeadError", key, rounded_up(h.error, 3), origin + ", rounded up");
    if (h.least) add("HeadDegree", key, std::to_string(h.least->degree.value), origin);
    if (h.least) add("HeadRank", key, rounded_up(h.least->rank, 4), origin + ", rounded up");
  }
  for (const DegreeRecord& d : run.degrees)
    add(d.kind == ErrorKind::relative ? "Degree" : "DegreeAbsolute",
        key_of(d.half_width) + "," + key_of(d.epsilon), std::to_string(d.degree.value),
        certified("degrees.jsonl", d.certificate));
  std::set<std::string> stars;
  for (const ThresholdRecord& t : run.thresholds)
    if (t.star && t.series == run.thresholds.front().series) {
      const double exponent = t.log_n / std::log(2.0);
      const bool power = std::abs(exponent - std::round(exponent)) < 1e-9;
      const std::string key =
          t.kind + "," +
          (power ? fmt::format("2^{}", std::lround(exponent)) : fmt::format("{:.6g}", exponent));
      if (stars.insert(key).second)
        add("KappaStar", key, rounded(*t.star, 5),
            certified("thresholds.jsonl", t.certificate) + ", to nearest of a proved lower end");
    }
  for (std::size_t i = 0; i < run.propagation.size(); ++i) {
    const PropagationRecord& p = run.propagation[i];
    const std::string key = key_of(p.series) + "," + std::to_string(p.layer);
    const std::string origin = certified("propagation.jsonl", p.certificate) + ", " + p.standing;
    add("LayerError", key, rounded(p.forward.measured, 3), "propagation.jsonl, " + p.standing);
    add("LayerBound", key, rounded(p.forward.best(), 3), origin);
  }
  return list;
}

std::string definitions(const RunRecord& run) {
  const std::vector<Number> numbers = numbers_of(run);
  std::string text =
      "\\makeatletter\n"
      "\\ifdefined\\attnNumber\\else\n"
      "% A number of the run, by the word of its macro and its key; an unknown key is an error.\n"
      "\\newcommand*\\attnNumber[2]{\\ifcsname attn@#1@#2\\endcsname\\csname attn@#1@#2\\endcsname\\else\n"
      "  \\PackageError{attnbounds}{this run has no #1 of `#2'}{The keys stand in "
      "report-preamble.tex.}\\textbf{??}\\fi}\n"
      "\\newcommand*\\attn@set[3]{\\expandafter\\gdef\\csname attn@#1@#2\\endcsname{#3}}\n";
  std::set<std::string> macros;
  for (const Number& n : numbers)
    if (macros.insert(n.macro).second)
      text += n.key.empty() ? "\\newcommand*\\attn" + n.macro + "{\\attnNumber{" + n.macro + "}{}}\n"
                            : "\\newcommand*\\attn" + n.macro + "[1]{\\attnNumber{" + n.macro + "}{#1}}\n";
  for (const Number& n : numbers)
    text += "\\attn@set{" + n.macro + "}{" + n.key + "}{" + n.value + "}% " + n.origin + "\n";
  return text + "\\fi\n\\makeatother\n";
}

/// What the body needs and an article may not have.
constexpr const char* kFallbacks = R"tex(\ifcsname longtable\endcsname\else
  \errmessage{attnbounds: load booktabs and longtable, or \string\input{report-preamble} before \string\begin{document}}
\fi
\providecommand\attnbreak{\hspace{0pt}}
\providecommand\tfrac[2]{\frac{#1}{#2}}
\providecommand\binom[2]{{#1\choose#2}}
\providecommand\text[1]{\mbox{#1}}
\providecommand\gtrless{\mathrel{<\!\!>}}
\providecommand\gtrsim{\mathrel{>\!\!\sim}}
\providecommand\lesssim{\mathrel{<\!\!\sim}}
\ifcsname attnclaim\endcsname\else
  \newcounter{attnclaim}
  \newenvironment{attnclaim}[3]{\par\medskip\noindent\rule{\linewidth}{0.8pt}\par\nobreak\noindent
    \refstepcounter{attnclaim}\textbf{Claim \theattnclaim} (\texttt{#1}): #3\label{attnbounds:#2}\par\nobreak}
    {\par\nobreak\noindent\rule{\linewidth}{0.4pt}\par\medskip}
\fi
\providecommand\attnfact[2]{\par\noindent\hangindent=1em\hangafter=1\textit{#1:} #2}
)tex";

constexpr const char* kPackages = R"tex(\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb,booktabs,longtable,xcolor}
\usepackage{pgfplots}
\pgfplotsset{compat=1.17}
\usepgfplotslibrary{patchplots}
\usepackage{tcolorbox}
\tcbuselibrary{breakable,skins}
\newtcolorbox[auto counter]{attnclaim}[3]{breakable, enhanced, colback=white, colframe=black!60, boxrule=0.4pt,
  left=6pt, right=6pt, top=4pt, bottom=4pt, before skip=10pt, fonttitle=\bfseries\small, fontupper=\small,
  before upper={\sloppy\setlength{\parskip}{2pt}},
  title={Claim~\thetcbcounter\hfill #3\par\normalfont\small\ttfamily #1}, label={attnbounds:#2}}
)tex";

// ---- Tables.

/// A heading of several words stands in several lines.
std::string stacked(const Column& c) {
  if (c.latex.find(' ') == std::string::npos) return c.latex;
  std::string lines;
  bool formula = false;
  for (const char letter : c.latex) {
    formula ^= letter == '$';
    lines += letter == ' ' && !formula ? std::string("\\\\") : std::string(1, letter);
  }
  return std::string("\\shortstack[") + (c.align == Align::right ? "r" : "l") + "]{" + lines + "}";
}

std::string longtable(const Table& table, const std::string& caption, const std::string& label,
                      const std::vector<std::pair<std::string, double>>& widths,
                      const std::set<std::string>& left_out = {}) {
  std::string text = "\\begin{longtable}{@{}", header;
  const auto is_out = [&](const Column& c) { return left_out.count(c.title) > 0; };
  for (const Column& c : table.columns) {
    if (is_out(c)) continue;
    const auto wide =
        std::find_if(widths.begin(), widths.end(), [&](const auto& w) { return w.first == c.title; });
    text += wide != widths.end()      ? fmt::format("p{{{}\\linewidth}}", wide->second)
            : c.align == Align::right ? "r"
                                      : "l";
    header += (header.empty() ? "" : " & ") + stacked(c);
  }
  header += " \\\\\n\\midrule\n";
  text += "@{}}\n\\caption{" + latex_escaped(caption) + "}\\label{" + label + "}\\\\\n\\toprule\n" + header +
          "\\endfirsthead\n\\toprule\n" + header + "\\endhead\n\\bottomrule\n\\endlastfoot\n";
  for (const auto& row : table.rows) {
    std::string cells;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (is_out(table.columns[i])) continue;
      const bool wide = std::any_of(widths.begin(), widths.end(),
                                    [&](const auto& w) { return w.first == table.columns[i].title; });
      cells += (cells.empty() ? "" : " & ") +
               (wide ? "{\\raggedright " + breakable(row[i]) + "\\par}" : latex_escaped(row[i]));
    }
    text += cells + " \\\\\n";
  }
  return text + "\\end{longtable}\n";
}

/// A caption may break where a line must: set ragged, in a group of its own.
std::string table_block(const std::string& table) {
  return "{\\scriptsize\\setlength{\\tabcolsep}{2pt}\\sloppy\n" + table + "}\n";
}

// ---- Claims.

std::string fact(const std::string& title, const std::string& text) {
  return text.empty() ? "" : "\\attnfact{" + title + "}{" + text + "}\n";
}
std::string joined(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& t : texts) text += (text.empty() ? "" : "; ") + breakable(t);
  return text;
}
std::string facts(const std::vector<std::pair<std::string, std::string>>& list) {
  std::string text;
  for (const auto& [key, value] : list)
    if (key != "LaTeX") text += (text.empty() ? "" : "; ") + breakable(key) + ": " + shown(value);
  return text;
}

std::string claim_box(const ClaimRecord& c) {
  const std::string key = key_of(c.id);
  const auto macro = [&](const char* name, bool there) {
    return there ? std::string("\\attn") + name + "{" + key + "}" : std::string("--");
  };
  std::string text = "\\begin{attnclaim}{" + breakable(c.id) + "}{" + key + "}{\\attnVerdict{" + key + "}" +
                     (c.status.empty() ? "" : " (\\attnStanding{" + key + "})") + "}\n" + statement_of(c) +
                     "\n";
  text += fact("Source", (c.paper.empty() ? "" : "\\cite{" + key_of(c.paper) + "}. ") + breakable(c.source));
  text += fact("Hypotheses", c.hypotheses.empty() ? "none" : joined(c.hypotheses));
  text += fact("Finite form checked",
               (c.comparisons.empty() ? breakable(c.statement) : joined(c.comparisons)) + ", on " +
                   macro("Instances", c.instances.has_value()) +
                   " instances (level \\attnLevel{}, seed \\attnSeed{}), " +
                   (c.precision && *c.precision > 0 ? "enclosures at up to " : "arithmetic: ") +
                   macro("Precision", c.precision.has_value()) + "; observed/bound at most " +
                   macro("Ratio", !c.ratio.empty()));
  if (c.constants.is_object())
    for (const auto& [constant, value] : c.constants.items()) {
      if (end_of(value, "lower").empty() || end_of(value, "upper").empty()) continue;
      const std::string full = key + "/" + key_of(constant);
      text +=
          fact("Constant", breakable(constant) +
                               (value.contains("meaning") && value["meaning"].is_string()
                                    ? ", " + breakable(value["meaning"].get<std::string>())
                                    : "") +
                               ", in [\\attnConstantLower{" + full + "}, \\attnConstantUpper{" + full + "}]" +
                               (value.contains("attained_at")
                                    ? ", attained at instance " + latex_escaped(value["attained_at"].dump())
                                    : ""));
    }
  text += fact(c.verdict == Verdict::refuted     ? "Counterexample"
               : c.verdict == Verdict::undecided ? "Undecided instance"
                                                 : "Worst instance",
               facts(witness_facts(c.worst_instance)));
  text +=
      fact("False twin",
           (c.twin.empty() ? "none recorded" : breakable(c.twin)) +
               (c.twin_refuted() ? ", refuted by: " + facts(witness_facts(c.twin_witness))
                                 : ", \\textbf{not refuted}: this check has not been shown able to fail"));
  text += fact("Certificate", latex_escaped(mark_text(c.certificate))) +
          fact("Certificate of the twin", latex_escaped(mark_text(c.twin_certificate)));
  return text + "\\end{attnclaim}\n";
}

std::string figure(const std::string& picture, const std::string& caption, const std::string& label) {
  if (picture.empty()) return "";
  return "\\begin{figure}[htbp]\n\\centering\n\\ifdefined\\pgfplotsset\n" + picture +
         "\\else The figure needs pgfplots with its library patchplots "
         "(report-preamble.tex).\\fi\n\\caption{" +
         latex_escaped(caption) + "}\\label{" + label + "}\n\\end{figure}\n";
}

std::string sentence(const std::vector<CertificateMark>& marks) {
  const std::string text = certificate_sentence(marks);
  return text.empty() ? "" : "\n\\noindent " + latex_escaped(text) + "\n";
}

std::string stars_block(const std::vector<ThresholdRecord>& thresholds) {
  const Table stars = stars_table(thresholds);
  if (stars.rows.empty()) return "";
  return table_block(longtable(stars, stars.throughout + kStarsCaption, "tab:attnbounds-stars", {}));
}

std::string recheck_appendix(const RunRecord& run) {
  std::string text =
      "\\paragraph{How to re-check.} The commands below do everything again; RUN stands for a new directory. "
      "Seed "
      "\\attnSeed{} and level \\attnLevel{} fix every instance, verdict and number on any machine and any "
      "number of "
      "threads; the hashes leave out the seconds and must "
      "agree.\n\\begin{quote}\\footnotesize\\raggedright\n";
  for (std::string command : recheck_commands(run)) {
    std::string line;
    for (const char c : command + "\n")
      if (c == '\n') {
        text += "\\texttt{" + breakable(line) + "}\\\\\n";
        line.clear();
      } else {
        line += c;
      }
  }
  text += "\\end{quote}\n\\noindent Versions: ";
  for (std::size_t i = 0; i < run.versions.size(); ++i)
    text += (i ? ", " : "") + latex_escaped(run.versions[i].first) + " \\attnVersion{" +
            key_of(run.versions[i].first) + "}";
  text += ".\n\nResults, SHA-256 without seconds:\n\\begin{quote}\\scriptsize\\raggedright\n";
  for (const auto& [file, hash] : run.files)
    text += "\\texttt{" + breakable(file) + "}: \\texttt{" + breakable(hash) + "}\\\\\n";
  text += "\\end{quote}\n";
  for (const std::string& note : run.notes) text += "Note: " + latex_escaped(note) + "\n\n";
  return text;
}

std::string section(const std::string& title, const std::string& content) {
  return content.empty() ? "" : "\\subsection*{" + title + "}\n" + content + "\n";
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
                                                             {"≥", "$\\ge$"},
                                                             {"Γ", "$\\Gamma$"},
                                                             {"α", "$\\alpha$"},
                                                             {"⁻", "$^{-}$"},
                                                             {"¹", "$^{1}$"},
                                                             {"δ", "$\\delta$"},
                                                             {"σ", "$\\sigma$"},
                                                             {"φ", "$\\varphi$"},
                                                             {"λ", "$\\lambda$"},
                                                             {"∞", "$\\infty$"},
                                                             {"→", "$\\to$"},
                                                             {"∃", "$\\exists$"},
                                                             {"∀", "$\\forall$"},
                                                             {"⊘", "$\\oslash$"},
                                                             {"‖", "$\\|$"},
                                                             {"×", "$\\times$"},
                                                             {"±", "$\\pm$"},
                                                             {"…", "\\ldots{}"},
                                                             {"̃", "\\~{}"},
                                                             {"’", "'"},
                                                             {"‘", "`"}};
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
                                                      {'"', "{\\char34}"}};
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
    else if (length == 1 || character[0] == '\xc3') result += character;  // ASCII and Latin letters
    else result += "{[U+" + code_point(character) + "]}";                 // pdflatex would stop at it
  }
  return result;
}

std::map<std::string, std::string> latex_report(const RunRecord& run) {
  const std::string made =
      "% attnbounds report, seed " + run.seed + ", level " + latex_escaped(run.level) + ".\n";
  const std::string numbers = definitions(run);
  std::string body =
      made +
      "% The body of an article: \\input{report}. Before \\begin{document}, \\input{report-preamble} loads "
      "the\n"
      "% packages and defines the numbers for the article's own text; without it booktabs and longtable must "
      "be\n"
      "% loaded. \\bibliography{report} holds the sources. Labels: attnbounds:CLAIM, tab:attnbounds-..., "
      "fig:attnbounds-....\n" +
      numbers + kFallbacks + "\\begingroup\\sloppy\n" + section("What this run verified", [&] {
        std::string text = latex_escaped(summary(run)) + "\n";
        for (const std::string& warning : warnings(run))
          text += "\n\\noindent\\textbf{" + breakable(warning) + "}\n";
        return text;
      }());
  if (!run.heads.empty()) {
    const Table heads = heads_table(run.heads);
    body += section("Where practice stands: real attention heads",
                    latex_escaped(reading_of_heads(run.heads)) + "\n\n" +
                        table_block(longtable(heads, heads.throughout + kHeadsCaption, "tab:attnbounds-heads",
                                              {{"head", 0.11}, {"method", 0.125}}, {"X, bound", "B"})));
  }
  if (!run.worst_inputs.empty())
    body += section(
        "The worst inputs of attention programs",
        table_block(longtable(worst_inputs_table(run.worst_inputs), kWorstInputsCaption,
                              "tab:attnbounds-worst-inputs", {{"program", 0.22}, {"found from", 0.18}})));
  const HeatMapFigure threshold = threshold_figure(run.thresholds);
  if (!threshold.panels.empty())
    body += section("The threshold",
                    figure(heat_map_picture(threshold), kThresholdCaption, "fig:attnbounds-threshold") +
                        stars_block(run.thresholds) + sentence(marks_of(run.thresholds)));
  if (const HeatMapFigure neighbours = neighbours_figure(run.thresholds); !neighbours.panels.empty())
    body +=
        section("The neighbouring theorems",
                latex_escaped(reading_of_neighbours(run.thresholds)) + "\n\n" +
                    figure(heat_map_picture(neighbours), kNeighboursCaption, "fig:attnbounds-neighbours"));
  if (!run.hyper_attention.empty()) {
    const Table table = hyper_attention_table(run.hyper_attention);
    body += section(
        "HyperAttention's assumptions",
        latex_escaped(reading_of_hyper_attention(run.hyper_attention)) + "\n\n" +
            table_block(longtable(table, table.throughout + kHyperAttentionCaption,
                                  "tab:attnbounds-hyper-attention", {{"input", 0.15}}, {"n", "α/keys"})) +
            sentence(marks_of(run.hyper_attention)));
  }
  std::string degrees;
  for (const ErrorKind kind : {ErrorKind::relative, ErrorKind::absolute})
    degrees += figure(least_degree_pgfplots(run.degrees, kind), figure_caption(kind),
                      std::string("fig:attnbounds-degree-") + name(kind)) +
               sentence(marks_of(run.degrees, kind));
  body += section("Least degree against the half-width", degrees);
  if (!run.propagation.empty())
    body += section("Error through the layers",
                    latex_escaped(reading_of_propagation(run.propagation)) + "\n\n" +
                        figure(error_propagation_pgfplots(shown_series(run.propagation)), kPropagationCaption,
                               "fig:attnbounds-propagation") +
                        table_block(longtable(propagation_table(run.propagation), kPropagationTableCaption,
                                              "tab:attnbounds-propagation", {{"weights", 0.16}},
                                              {"n", "d", "least σ", "tokens", "states", "norms"})) +
                        sentence(marks_of(run.propagation)));
  if (!run.claims.empty())
    body += section(
        "Paper by paper",
        table_block(longtable(papers_table(run.claims), kPapersCaption, "tab:attnbounds-papers",
                              {{"paper", 0.13}, {"sharpest bound", 0.3}, {"failed as printed", 0.24}})));
  if (!run.claims.empty()) {
    std::string claims =
        table_block(longtable(claims_table(run.claims), std::string(kClaimsCaption) + " " + kStandings,
                              "tab:attnbounds-claims", {{"claim", 0.31}}, {"seconds", "twin's certificate"}));
    for (const ClaimRecord& c : run.claims) claims += claim_box(c);
    body += section("Claims", claims);
  }
  body += section("Appendix: the run", recheck_appendix(run)) + "\\endgroup\n";

  std::map<std::string, std::string> sources;
  for (const ClaimRecord& c : run.claims)
    if (!c.paper.empty()) sources.emplace(c.paper, c.source);
  std::string bibliography;
  for (const auto& [key, citation] : sources) bibliography += bibtex_entry(key_of(key), citation) + "\n";

  return {{"report.tex", body},
          {"report-preamble.tex", made +
                                      "% \\input before \\begin{document}: the packages of report.tex, and "
                                      "the run's numbers as macros,\n"
                                      "% such as \\attnClaims{} or \\attnRatio{CLAIM}.\n" +
                                      kPackages + numbers},
          {"report.bib", bibliography},
          {"report-document.tex",
           made +
               "% The report as a document: latexmk -pdf report-document, or attnbounds report DIR --format "
               "pdf.\n"
               "\\documentclass[10pt]{article}\n\\usepackage[a4paper,margin=2.2cm]{geometry}\n"
               "\\input{report-preamble}\n\\usepackage[hidelinks]{hyperref}\n\\pagestyle{plain}\n"
               "\\title{attnbounds: report of a run}\n\\author{seed \\attnSeed{}, level "
               "\\attnLevel{}}\n\\date{}\n\\begin{document}\n\\maketitle\n\\input{report}\n" +
               (sources.empty() ? std::string() : "\\bibliographystyle{plain}\n\\bibliography{report}\n") +
               "\\end{document}\n"}};
}

}  // namespace attnbounds
