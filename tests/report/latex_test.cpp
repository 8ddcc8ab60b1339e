// The LaTeX of a run: compiled for real where pdflatex is installed (in the article that \inputs it, alone
// with booktabs and longtable, and as the document), without a missing reference and without an overfull box.
#include <fstream>
#include <regex>

#include "catch.hpp"
#include "cli/program.hpp"
#include "numeric/exact_text.hpp"
#include "proofs_check/claim.hpp"
#include "report/bibliography.hpp"
#include "report/formats.hpp"
#include "report/mathml.hpp"
#include "report/report.hpp"

using namespace attnbounds;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
bool installed(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

struct Run {
  TemporaryFolder folder;
  fs::path path = folder.path / "run";
  Run() {
    fs::copy(ATTNBOUNDS_SOURCE_DIR "/tests/data/run", path);
    std::ofstream(path / "propagation.jsonl")
        << R"({"series": "random", "standing": "proved", "n": 4, "d": 2, "delta": "1/1000", "layer": 1, "forward": {"measured": 0.001, "bound_tokens": 0.01, "bound_states": 0.5, "bound_norms": "infinity"}, "backward": {"measured": 0.001, "bound_tokens": 0.01, "bound_states": 0.5, "bound_norms": "infinity"}, "weights": {"measured": 0.001, "bound_tokens": 0.01, "bound_states": 0.5, "bound_norms": 1}, "growth": {"measured": 1, "bound_tokens": 2, "bound_states": 3, "bound_norms": 4}, "least_singular_value": 0.25, "verdict": "verified"})"
        << "\n";
    std::ofstream thresholds(path / "thresholds.jsonl");
    for (const int log2_n : {10, 20})
      for (const char* kappa : {"0.5", "1"})
        thresholds
            << R"({"record":"point","kind":"matrix","problem":"forward","c":"0x1p+0","C":"0x1p+0","log_n":{"lower":")"
            << 0.693147180559945309 * log2_n << R"(","upper":")" << 0.693147180559945309 * log2_n
            << R"("},"kappa_decimal":)" << kappa << R"(,"exponent":{"lower":"1.5","upper":"1.6"}})"
            << "\n";
    for (const auto& [problem, c] : {std::pair("gradient", "1"), std::pair("forward", "1/2"),
                                     std::pair("forward", "1"), std::pair("forward", "2")})
      for (const char* kappa : {"0.125", "8"})
        thresholds
            << R"({"record":"point","kind":"matrix","problem":")" << problem << R"(","c":")" << c
            << R"(","C":"1","log_n":{"lower":"20","upper":"20"},"kappa_decimal":)" << kappa
            << R"(,"exponent":{"lower":"1.5","upper":"1.6"},"limit_exponent":{"lower":"1.5","upper":"1.6"}})"
            << "\n";
    thresholds
        << R"({"record":"kappa_star","kind":"matrix","problem":"gradient","c":"1","C":"1","log_n":{"lower":"20","upper":"20"},"pays_decimal":0.25,"limit":{"lower":"0.25","upper":"0.25"},"hard_direct":{"lower":"7","upper":"7"}})"
        << "\n";
    std::ofstream(path / "hyper_attention.jsonl")
        << R"({"input":"planted-orthogonal, spread anchors","kind":"planted","n":128,"keys":254,"block":16,"samples":63,"seed":0,"alpha":{"lower":"253.766","upper":"253.767"},"alpha_over_keys":{"lower":"0.999082","upper":"0.999083"},"kappa":{"lower":"2179.3","upper":"2179.31"},"kappa_outside_blocks":{"lower":"1.61911e+39","upper":"1.61912e+39"},"spectral_error":{"lower":"0.0886949","upper":"0.088695"},"entry_error":{"lower":"0.999541","upper":"0.999542"},"planted_weight":{"lower":"0.999541","upper":"0.999542"},"gap":{"lower":"0.999537","upper":"0.999538"},"planted_row_stands_out":false})"
        << "\n";
    write_report(path, {ReportFormat::latex});
  }
  void put(const std::string& file, const std::string& text) const { std::ofstream(path / file) << text; }
  /// The log of the last pass of pdflatex, bibtex in between where there are sources.
  std::string log_of(const std::string& document, bool sources = true) const {
    const std::string tex = "cd '" + path.string() +
                            "' && max_print_line=10000 pdflatex -interaction=nonstopmode " + document +
                            " >/dev/null 2>&1";
    const std::string all =
        tex + "; " + (sources ? "bibtex " + document + " >/dev/null 2>&1; " : "") + tex + "; " + tex;
    std::system(all.c_str());
    return contents(path / (document + ".log"));
  }
};

std::string complaints(const std::string& log) {
  static const std::regex pattern("(^|\n)(!|Overfull|LaTeX Warning|Package [a-z]+ Warning)[^\n]*");
  std::string found;
  for (std::sregex_iterator i(log.begin(), log.end(), pattern), end; i != end; ++i) found += i->str();
  return found;
}

}  // namespace

TEST_CASE(
    "the report's LaTeX compiles in an article that inputs it, every reference resolved, nothing overfull") {
  if (!installed("pdflatex") || !installed("bibtex")) return;
  const Run run;
  run.put("article.tex",
          "\\documentclass{article}\n\\input{report-preamble}\n\\begin{document}\n"
          "\\attnClaims{} claims, ratio \\attnRatio{example-2026/sharp}, degree \\attnDegree{8,1e-06}, head "
          "\\attnHeadBound{layer0-head7}, see Table~\\ref{tab:attnbounds-claims} and "
          "Claim~\\ref{attnbounds:example-2026/sharp}.\n"
          "\\input{report}\n\\bibliographystyle{plain}\n\\bibliography{report}\n\\end{document}\n");
  const std::string log = run.log_of("article");
  CHECK(complaints(log) == "");
  CHECK(has(log, "Output written on article.pdf"));
  const std::string document = run.log_of("report-document");
  CHECK(complaints(document) == "");
  CHECK(has(document, "Output written on report-document.pdf"));
}

TEST_CASE("with booktabs and longtable alone the body compiles too") {
  if (!installed("pdflatex")) return;
  const Run run;
  run.put("bare.tex",
          "\\documentclass{article}\n\\usepackage{booktabs,longtable}\n\\begin{document}\n\\input{report}\n"
          "\\bibliographystyle{plain}\\bibliography{report}\n\\end{document}\n");
  const std::string log = run.log_of("bare");
  CHECK(complaints(log) == "");
  CHECK(has(log, "Output written on bare.pdf"));
}

TEST_CASE("a number that the run does not have stops the article with its name") {
  if (!installed("pdflatex")) return;
  const Run run;
  run.put("wrong.tex",
          "\\documentclass{article}\n\\input{report-preamble}\n\\begin{document}\n\\attnDegree{7,1e-99}"
          "\n\\end{document}\n");
  CHECK(has(run.log_of("wrong", false), "this run has no Degree of `7,1e-99'"));
}

TEST_CASE("the macros carry the run's numbers, and the text uses the macros") {
  const Run run;
  const std::string preamble = contents(run.path / "report-preamble.tex"),
                    body = contents(run.path / "report.tex");
  for (const std::string& text : {preamble, body}) {
    CHECK(has(text, "\\attn@set{Seed}{}{7}"));
    CHECK(has(text, "\\attn@set{Verified}{}{3}"));
    CHECK(has(text, "\\attn@set{Ratio}{example-2026/sharp}{1}"));
  }
  CHECK(has(body, "observed/bound at most \\attnRatio{example-2026/sharp}"));
  CHECK(has(body, "seed \\attnSeed{}"));
  for (const char* file : {"claims.jsonl", "heads.jsonl", "degrees.jsonl"}) CHECK(has(body, file));
}

TEST_CASE("nothing of the run becomes a command of TeX's") {
  const Run run;
  run.put(
      "claims.jsonl",
      R"({"id":"a/\\input{x}","paper":"a","statement":"100% \\input{/etc/passwd} $ & ₿","latex":"$\\input{x}$","verdict":"verified","twin":{"name":"t","verdict":"refuted"}})"
      "\n");
  write_report(run.path, {ReportFormat::latex});
  const std::string body = contents(run.path / "report.tex");
  CHECK_FALSE(has(body, "\\input{/etc"));
  CHECK_FALSE(has(body, "\\input{x}"));
  CHECK(has(body, "[U+20BF]"));
}

TEST_CASE("the hash of the results does not see the seconds, and sees everything else") {
  CHECK(results_hash("{\"id\":\"a\",\"seconds\":1}\n") == results_hash("{\"id\":\"a\",\"seconds\":2.5}\n"));
  CHECK(results_hash("{\"id\":\"a\",\"seconds\":1}\n") != results_hash("{\"id\":\"b\",\"seconds\":1}\n"));
  CHECK(results_hash("{\"id\":\"a\"}\n") != results_hash("{\"id\":\"a\"}\n{\"id\":\"a\"}\n"));
}

TEST_CASE("every source of the catalogue has an entry with authors and a year") {
  for (const Paper& paper : papers()) {
    const std::string entry = bibtex_entry(paper.key, paper.citation);
    INFO(entry);
    CHECK(has(entry, "{" + paper.key + ",\n"));
    CHECK(has(entry, "author = {"));
    CHECK(has(entry, "year = {"));
  }
  CHECK(has(bibtex_entry("x-2030", "Xu, Yang et al. 2030, arXiv 3001.12345, Lemma 2"),
            "eprint = {3001.12345}"));
  CHECK(has(bibtex_entry("card", "my notes"), "note = {my notes}"));
}

TEST_CASE("every statement of the catalogue is rendered") {
  for (const Claim& claim : all_claims()) {
    INFO(claim.id << ": " << claim.latex);
    CHECK(html_from_latex(claim.latex).has_value());
  }
}

TEST_CASE("formulas become MathML with balanced elements, and what is unknown becomes nothing") {
  CHECK(
      *mathml_from_latex("x_i^2 \\le \\frac{1}{2}") ==
      "<math><mrow><msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup><mo>≤</mo><mfrac><mrow><mn>1</mn></mrow>"
      "<mrow><mn>2</mn></mrow></mfrac></mrow></math>");
  CHECK(*html_from_latex("a < b: $x$") == "a &lt; b: <math><mrow><mi>x</mi></mrow></math>");
  for (const char* text : {"", "$x", "$\\input{x}$", "$\\def\\x{y}$", "${x$", "$x}$", "$\\frac{1}$", "a % b",
                           "$\\begin{pmatrix} 1 & 2$", "$\\text{$x$}$"}) {
    INFO(text);
    CHECK_FALSE(html_from_latex(text).has_value());
  }
  CHECK(*mathml_from_latex("\\tfrac12n") ==
        "<math><mrow><mfrac><mn>1</mn><mn>2</mn></mfrac><mi>n</mi></mrow></math>");
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "{";
  CHECK_FALSE(mathml_from_latex(deep).has_value());
}
