// Markdown (GitHub's): the same order as the page, each claim with its details under its id.
#include "report/formats.hpp"
#include "report/neighbours_figure.hpp"
#include "report/tables.hpp"
#include "report/threshold_figure.hpp"

namespace attnbounds {
namespace {

std::string table_text(const Table& table) {
  std::string text = "|", rule = "|";
  for (const Column& c : table.columns) {
    text += " " + markdown_escaped(c.title) + " |";
    rule += c.align == Align::right ? " ---: |" : " :--- |";
  }
  text += "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (const std::string& cell : row) text += " " + markdown_escaped(cell) + " |";
    text += "\n";
  }
  return text;
}

std::string item(const std::string& title, const std::string& text) {
  return "- " + markdown_escaped(title) + ": " + markdown_escaped(text) + "\n";
}
std::string facts_text(const std::string& title,
                       const std::vector<std::pair<std::string, std::string>>& facts) {
  std::string text = "- " + markdown_escaped(title) + "\n";
  for (const auto& [key, value] : facts) text += "  " + item(key, value);
  return text;
}

/// A paragraph of its own, if certificates were asked for.
std::string sentence_text(const std::vector<CertificateMark>& marks) {
  const std::string sentence = certificate_sentence(marks);
  return sentence.empty() ? "" : "\n" + markdown_escaped(sentence) + "\n";
}

std::string claim_text(const ClaimRecord& c) {
  std::string text = "\n### " + markdown_escaped(c.id) + "\n\n" + markdown_escaped(c.statement) + "\n\n";
  text += item("verdict",
               std::string(c.verdict_name()) + (c.status.empty() ? "" : " (standing: " + c.status + ")"));
  if (!c.source.empty()) text += item("source", c.source);
  if (!c.file.empty()) text += item("file", c.file);
  std::string hypotheses;
  for (const std::string& h : c.hypotheses) hypotheses += (hypotheses.empty() ? "" : "; ") + h;
  text += item("hypotheses", hypotheses.empty() ? "none" : hypotheses);
  for (const auto& [key, value] : constant_facts(c)) text += item("constant found, " + key, value);
  const char* worst = c.verdict == Verdict::refuted     ? "counterexample"
                      : c.verdict == Verdict::undecided ? "undecided instance"
                                                        : "worst instance";
  if (const auto facts = witness_facts(c.worst_instance); !facts.empty()) text += facts_text(worst, facts);
  text += item("false twin", (c.twin.empty() ? "none recorded" : c.twin) +
                                 (c.twin_refuted() ? ", refuted" : ", NOT refuted"));
  if (const auto facts = witness_facts(c.twin_witness); !facts.empty())
    text += facts_text("counterexample of the twin", facts);
  if (!c.certificate.said.empty()) text += item("certificate", mark_text(c.certificate));
  if (!c.twin_certificate.said.empty())
    text += item("certificate of the twin", mark_text(c.twin_certificate));
  return text;
}

}  // namespace

std::string markdown_escaped(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '&') result += "&amp;";
    else if (c == '<') result += "&lt;";
    else if (c == '>') result += "&gt;";
    else if (std::string("\\`*_[]|~$").find(c) != std::string::npos) result += std::string("\\") + c;
    else if (i == 0 && (c == '#' || c == '+' || c == '-') && text.size() > 1) result += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) result += ' ';
    else result += c;
  }
  return result;
}

std::string markdown_report(const RunRecord& run, const Figures& figures) {
  std::string text = "# attnbounds: what this run verified\n\n**" + markdown_escaped(summary(run)) +
                     "**\n\nSeed " + run.seed + ", level " + markdown_escaped(run.level) + ".\n";
  for (const std::string& warning : warnings(run)) text += "\n> " + markdown_escaped(warning) + "\n";

  text += "\n## Where practice stands: real attention heads\n\n";
  if (run.heads.empty()) text += "This run measured no heads.\n";
  else
    text += markdown_escaped(reading_of_heads(run.heads)) + "\n\n" + table_text(heads_table(run.heads)) +
            "\n" + markdown_escaped(heads_table(run.heads).throughout + kHeadsCaption) + "\n";

  if (!run.worst_inputs.empty())
    text += "\n## The worst inputs of attention programs\n\n" +
            table_text(worst_inputs_table(run.worst_inputs)) + "\n" + markdown_escaped(kWorstInputsCaption) +
            "\n";
  if (figures.threshold) {
    text += "\n## The threshold\n\n";
    if (figures.threshold->svg.empty())
      text += "The figure is left out: " + markdown_escaped(figures.threshold->missing) + ".\n";
    else text += "![The threshold](figures/threshold.svg)\n";
    text += "\n" + markdown_escaped(kThresholdCaption) + "\n";
    if (const Table stars = stars_table(run.thresholds); !stars.rows.empty())
      text += "\n" + table_text(stars) + "\n" + markdown_escaped(stars.throughout + kStarsCaption) + "\n";
    text += sentence_text(marks_of(run.thresholds));
  }

  if (figures.neighbours) {
    text += "\n## The neighbouring theorems\n\n" + markdown_escaped(reading_of_neighbours(run.thresholds)) +
            "\n\n";
    if (figures.neighbours->svg.empty())
      text += "The figure is left out: " + markdown_escaped(figures.neighbours->missing) + ".\n";
    else text += "![The neighbouring theorems](figures/neighbours.svg)\n";
    text += "\n" + markdown_escaped(kNeighboursCaption) + "\n";
  }
  if (!run.hyper_attention.empty()) {
    const Table table = hyper_attention_table(run.hyper_attention);
    text += "\n## HyperAttention's assumptions\n\n" +
            markdown_escaped(reading_of_hyper_attention(run.hyper_attention)) + "\n\n" + table_text(table) +
            "\n" + markdown_escaped(table.throughout + kHyperAttentionCaption) + "\n" +
            sentence_text(marks_of(run.hyper_attention));
  }

  text += "\n## Least degree against the half-width\n";
  if (figures.degrees.empty()) text += "\nThis run computed no least degrees, so there is no figure.\n";
  for (const auto& [kind, figure] : figures.degrees) {
    if (figure.svg.empty()) text += "\nThe figure is left out: " + markdown_escaped(figure.missing) + ".\n";
    else
      text += std::string("\n![Least degree against X, ") + name(kind) + " error](figures/least_degree" +
              (kind == ErrorKind::absolute ? "_absolute" : "") + ".svg)\n";
    text += "\n" + markdown_escaped(figure_caption(kind)) + "\n" + sentence_text(marks_of(run.degrees, kind));
  }

  text += "\n## Error through the layers\n\n";
  if (run.propagation.empty()) text += "This run propagated no error.\n";
  else {
    text += markdown_escaped(reading_of_propagation(run.propagation)) + "\n";
    for (const auto& [figure, file, caption] :
         {std::tuple(&figures.propagation, "error_propagation", kPropagationCaption),
          std::tuple(&figures.growth, "growth_with_depth", kGrowthCaption)}) {
      if (!*figure) continue;
      if ((*figure)->svg.empty())
        text += "\nThe figure is left out: " + markdown_escaped((*figure)->missing) + ".\n";
      else text += std::string("\n![Error through the layers](figures/") + file + ".svg)\n";
      text += "\n" + markdown_escaped(caption) + "\n";
    }
    text += "\n" + table_text(propagation_table(run.propagation)) + "\n" +
            markdown_escaped(kPropagationTableCaption) + "\n" + sentence_text(marks_of(run.propagation));
  }

  if (!run.claims.empty())
    text += "\n## Paper by paper\n\n" + table_text(papers_table(run.claims)) + "\n" +
            markdown_escaped(kPapersCaption) + "\n";
  text += "\n## Claims\n\n";
  if (run.claims.empty()) text += "No claim was finished.\n";
  else
    text += table_text(claims_table(run.claims)) + "\n" + markdown_escaped(kClaimsCaption) + "\n\n" +
            markdown_escaped(kStandings) + "\n";
  for (const ClaimRecord& c : run.claims) text += claim_text(c);

  text += "\n## The run, and how to check it again\n\n" + item("seed", run.seed) + item("level", run.level);
  for (const auto& [library, version] : run.versions) text += item(library, version);
  for (const std::string& note : run.notes) text += item("note", note);
  text += "\nRUN stands for a new directory; the seconds are this machine's.\n";
  for (const std::string& command : recheck_commands(run))
    text += "\n    " + [&] {
      std::string indented;
      for (char c : command) indented += c == '\n' ? "\n    " : std::string(1, c);
      return indented + "\n";
    }();
  return text;
}

}  // namespace attnbounds
