// One self-contained page: style, script and figures inline, nothing fetched. The first printed page is the
// reading of the heads. The script only sorts the claims and unfolds them for printing.
#include <fmt/format.h>

#include <algorithm>

#include "report/formats.hpp"
#include "report/mathml.hpp"
#include "report/neighbours_figure.hpp"
#include "report/tables.hpp"
#include "report/threshold_figure.hpp"

namespace attnbounds {
namespace {

constexpr const char* kStyle = R"css(
:root { color-scheme: light; --ink: #1c2126; --faint: #5b6570; --line: #d8dde2; --ground: #f6f7f8; --link: #0b5c97;
  --verified: #17692f; --verified-ground: #e3f3e7; --refuted: #9c1c1c; --refuted-ground: #fbe5e4;
  --undecided: #7a5200; --undecided-ground: #fdf0d2; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 75rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.65rem; line-height: 1.2; margin: 0 0 .35rem; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; padding-top: .7rem; border-top: 1px solid var(--line); }
p { margin: .5rem 0; max-width: 48rem; }
.faint, figcaption, .caption { color: var(--faint); font-size: .875rem; }
.summary { font-size: 1.1rem; font-weight: 600; }
.warnings { margin: .6rem 0; padding: .6rem 1rem .6rem 2rem; max-width: 48rem; background: var(--refuted-ground); color: var(--refuted); border-radius: .4rem; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .35rem .4rem; text-align: left; vertical-align: top; }
th { vertical-align: bottom; font-weight: 600; border-bottom: 2px solid var(--ink); }
tbody td { border-bottom: 1px solid var(--line); }
.number { text-align: right; white-space: nowrap; }
.heads td, .heads th { white-space: nowrap; }
.claims th { white-space: nowrap; }
.claims th:first-child { width: 32%; min-width: 14rem; }
.claims .row td { border-bottom: 0; padding-top: .6rem; }
.claims .more td { padding-top: 0; padding-bottom: .6rem; }
.claims .id { font-weight: 600; overflow-wrap: anywhere; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
th button::after { content: " ↕"; color: #9aa4ad; }
th[aria-sort=ascending] button::after { content: " ↑"; color: var(--ink); }
th[aria-sort=descending] button::after { content: " ↓"; color: var(--ink); }
.verdict { display: inline-block; padding: 0 .5em; border-radius: .8em; font-weight: 600; white-space: nowrap; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.statistical { color: var(--undecided); background: var(--undecided-ground); }
.verified { color: var(--verified); background: var(--verified-ground); }
.refuted { color: var(--refuted); background: var(--refuted-ground); }
.undecided { color: var(--undecided); background: var(--undecided-ground); }
math { font-size: 1.08em; }
summary math, dd math { max-width: 100%; overflow-x: auto; overflow-y: hidden; }
svg { max-width: 100%; }
a { color: var(--link); overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--faint); overflow-wrap: anywhere; }
summary::marker { color: var(--link); }
details h3 { font-size: .95rem; margin: 1rem 0 .25rem; }
dl { display: grid; grid-template-columns: minmax(6.5rem, max-content) minmax(0, 1fr); gap: .15rem 1rem; margin: .5rem 0; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
dd.data { font: .82rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; max-height: 9rem; overflow-y: auto; }
pre { background: var(--ground); padding: .75rem 1rem; border-radius: .4rem; overflow-x: auto; font-size: .82rem; line-height: 1.5; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 32rem), 1fr)); gap: 1rem 2rem; }
figure { margin: .5rem 0; max-width: 48rem; }
figure.wide { max-width: 75rem; }
figure svg { display: block; width: 100%; height: auto; }
@media (max-width: 44rem) {
  main { padding: 1rem .9rem 3rem; }
  .wide { display: none; }
  .claims, .claims thead, .claims tbody, .claims .more, .claims .more td { display: block; }
  .claims tr:not(.more) { display: grid; grid-template-columns: minmax(0, 1fr) 5.4rem 5.4rem; }
  .claims .verdict { white-space: normal; }
  .claims th, .claims td { padding-left: .2rem; padding-right: .2rem; }
  .claims th:first-child { width: auto; min-width: 0; }
  .claims .more td { border-bottom: 1px solid var(--line); }
  .heads td:first-child, .heads th:first-child { position: sticky; left: 0; background: #fff; }
  dl { grid-template-columns: 6rem minmax(0, 1fr); gap: .1rem .6rem; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
@media print {
  @page { margin: 14mm; }
  html { font-size: 9.5pt; }
  body { font-size: 1rem; }
  main { padding: 0; max-width: none; }
  .heads { font-size: 7.2pt; }
  .heads td, .heads th { padding: .2rem .25rem; }
  .heads th { white-space: normal; }
  th button::after { content: "" !important; }
  dd.data { max-height: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  #figures { break-before: page; }
  figure, .row, h2, h3 { break-inside: avoid; }
  .row, h2, h3 { break-after: avoid; }
}
)css";

constexpr const char* kScript = R"js(
for (const button of document.querySelectorAll('.claims th button'))
  button.addEventListener('click', () => {
    const head = button.parentNode, table = head.closest('table'), column = head.cellIndex;
    const up = head.getAttribute('aria-sort') !== 'ascending';
    const key = body => body.rows[0].cells[column].dataset.key;
    const order = (a, b) => isNaN(a - b) ? (a < b ? -1 : a > b ? 1 : 0) : a - b;
    const bodies = [...table.tBodies].sort((x, y) => (up ? 1 : -1) * order(key(x), key(y)));
    for (const other of table.querySelectorAll('th')) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    table.append(...bodies);
  });
let closed = [];
addEventListener('beforeprint', () => {
  closed = [...document.querySelectorAll('details:not([open]):not(.certificates)')];
  for (const d of closed) d.open = true;
});
addEventListener('afterprint', () => { for (const d of closed) d.open = false; });
)js";

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string paragraph(const std::string& text, const std::string& style = "") {
  if (text.empty()) return "";
  return "<p" + (style.empty() ? "" : " class=\"" + style + "\"") + ">" + html_escaped(text) + "</p>\n";
}

std::string facts_list(const Facts& facts) {
  std::string html = "<dl>\n";
  for (const auto& [title, text] : facts)
    html += "<dt>" + html_escaped(title) + "</dt><dd" + (text.size() > 100 ? " class=\"data\"" : "") + ">" +
            html_escaped(text) + "</dd>\n";
  return html + "</dl>\n";
}

std::string badge(const std::string& kind, const std::string& text) {
  return "<span class=\"verdict " + kind + "\">" + html_escaped(text) + "</span>";
}

std::string plain_table(const Table& table, const std::string& style) {
  std::string html = "<div class=\"scroll\"><table class=\"" + style + "\">\n<thead><tr>";
  const auto align = [&](std::size_t i) {
    return table.columns[i].align == Align::right ? " class=\"number\"" : "";
  };
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    html +=
        std::string("<th scope=\"col\"") + align(i) + ">" + html_escaped(table.columns[i].title) + "</th>";
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      html += std::string("<td") + align(i) + ">" +
              (table.columns[i].title == "verdict" ? badge(row[i], row[i]) : html_escaped(row[i])) + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table></div>\n";
}

std::string links(const CertificateMark& mark) {
  std::string html;
  for (const std::string& file : mark.files)
    html += " <a href=\"" + html_escaped(file) + "\">" + html_escaped(file) + "</a>";
  return html;
}

/// What the checker said of a figure's numbers: in sum, and unfolded number by number.
using NamedMark = std::pair<std::string, CertificateMark>;
std::string certificates_of(const std::vector<NamedMark>& numbers) {
  std::vector<CertificateMark> marks;
  std::string rows;
  for (const auto& [name, mark] : numbers) {
    marks.push_back(mark);
    rows += "<tr><td>" + html_escaped(name) + "</td><td>" + html_escaped(mark.said) + links(mark) +
            "</td></tr>\n";
  }
  const std::string sentence = certificate_sentence(marks);
  if (sentence.empty()) return "";
  return "<details class=\"certificates\"><summary>" + html_escaped(sentence) +
         "</summary>\n<table>\n<tbody>\n" + rows + "</tbody>\n</table>\n</details>\n";
}

std::string details_of(const ClaimRecord& c, const RunRecord& run) {
  Facts facts{{"source", c.source}, {"file", c.file}, {"standing", c.status}};
  std::string hypotheses;
  for (const std::string& h : c.hypotheses) hypotheses += (hypotheses.empty() ? "" : "; ") + h;
  facts.emplace_back("hypotheses", hypotheses.empty() ? "none" : hypotheses);
  if (c.instances) facts.emplace_back("instances", std::to_string(*c.instances));
  if (!c.ratio.empty())
    facts.emplace_back("ratio",
                       c.ratio + (c.ratio_exact.empty() ? "" : " (at most " + c.ratio_exact + ", exactly)"));
  facts.emplace_back("precision", precision_text(c));
  facts.emplace_back("seconds", seconds_text(c.seconds));
  const std::optional<std::string> statement = html_from_latex(c.latex);
  if (statement) facts.insert(facts.begin(), {"in words", c.statement});
  std::string html =
      "<details><summary>" + (statement ? *statement : html_escaped(c.statement)) + "</summary>\n";
  std::string list = "<dl>\n";
  for (const auto& [title, text] : facts)
    if (!text.empty()) list += "<dt>" + title + "</dt><dd>" + html_escaped(text) + "</dd>\n";
  html += list + "</dl>\n";
  if (const Facts constants = constant_facts(c); !constants.empty())
    html += "<h3>Constants found on these instances (enclosures)</h3>\n" + facts_list(constants);
  if (const Facts worst = witness_facts(c.worst_instance); !worst.empty())
    html += std::string("<h3>") +
            (c.verdict == Verdict::refuted     ? "Counterexample"
             : c.verdict == Verdict::undecided ? "Undecided instance"
                                               : "Worst instance") +
            "</h3>\n" + facts_list(worst);
  if (!c.twin.empty() || !c.twin_refuted()) {
    html += "<h3>False twin</h3>\n" + paragraph(c.twin.empty() ? "none recorded" : c.twin);
    const Facts witness = witness_facts(c.twin_witness);
    if (!c.twin_refuted())
      html += "<p>" + badge("refuted", "NOT refuted") + " This check has not been shown able to fail.</p>\n";
    else if (witness.empty()) html += paragraph("Refuted, as a false twin must be.");
    else html += paragraph("Refuted, as a false twin must be, by:") + facts_list(witness);
  }
  for (const auto& [title, mark] :
       {std::pair("Certificate", &c.certificate), std::pair("Certificate of the twin", &c.twin_certificate)})
    if (!mark->said.empty())
      html += std::string("<h3>") + title + "</h3>\n<p>" + html_escaped(mark_text(*mark)) + links(*mark) +
              "</p>\n";
  return html + "<h3>Check it again</h3>\n<pre><code>" + html_escaped(recheck_claim(run, c.id)) +
         "</code></pre>\n</details>";
}

/// What a column sorts by; what is missing sorts first.
std::string sort_key(const ClaimRecord& c, std::size_t column, const std::string& shown) {
  switch (column) {
    case 2:
      return c.verdict == Verdict::refuted ? "0" : c.verdict == Verdict::undecided ? "1" : "2";
    case 3:
      return c.instances ? std::to_string(*c.instances) : "-1";
    case 4:
      return c.ratio.empty() ? "-1" : c.ratio;
    case 5:
      return c.precision ? std::to_string(*c.precision) : "-1";
    case 7:
      return c.seconds ? fmt::format("{}", *c.seconds) : "-1";
    default:
      return shown;
  }
}

std::string claims_section(const RunRecord& run) {
  Table table = claims_table(run.claims);
  if (table.columns.back().title == "twin's certificate") {  // stands in the details
    table.columns.pop_back();
    for (auto& row : table.rows) row.pop_back();
  }
  const auto wide = [](std::size_t column) { return column != 0 && column != 2 && column != 6; };
  const auto style = [&](std::size_t i) {
    std::string words = table.columns[i].align == Align::right ? "number" : "";
    if (wide(i)) words += words.empty() ? "wide" : " wide";
    return words.empty() ? words : " class=\"" + words + "\"";
  };
  std::string html = "<section id=\"claims\">\n<h2>Claims</h2>\n";
  if (run.claims.empty()) return html + "<p>No claim was finished.</p>\n</section>\n";
  html += "<table class=\"claims\">\n<thead><tr>";
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    html += "<th scope=\"col\"" + style(i) + "><button type=\"button\">" + table.columns[i].title +
            "</button></th>";
  html += "</tr></thead>\n";
  for (std::size_t k = 0; k < run.claims.size(); ++k) {
    const ClaimRecord& c = run.claims[k];
    html += "<tbody>\n<tr class=\"row\">";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const std::string& shown = table.rows[k][i];
      html += "<td" + style(i) + " data-key=\"" + html_escaped(sort_key(c, i, shown)) + "\">";
      if (i == 0) html += "<span class=\"id\">" + html_escaped(shown) + "</span>";
      else if (i == 2) html += badge(c.sampled() ? "statistical" : name(c.verdict), shown);
      else if (i == 6) html += c.twin_refuted() ? html_escaped(shown) : badge("refuted", shown);
      else html += html_escaped(shown);
      html += "</td>";
    }
    html += fmt::format("</tr>\n<tr class=\"more\"><td colspan=\"{}\">", table.columns.size()) +
            details_of(c, run) + "</td></tr>\n</tbody>\n";
  }
  return html + "</table>\n" + paragraph(kClaimsCaption, "caption") + paragraph(kStandings, "caption") +
         "</section>\n";
}

std::string figures_section(const RunRecord& run, const Figures& figures) {
  std::string html = "<section id=\"figures\">\n<h2>Least degree against the half-width</h2>\n";
  if (figures.degrees.empty())
    return html + "<p>This run computed no least degrees, so there is no figure.</p>\n</section>\n";
  html += "<div class=\"figures\">\n";
  for (const auto& [kind, figure] : figures.degrees) {
    html += "<figure>\n";
    if (figure.svg.empty()) html += paragraph("The figure is left out: " + figure.missing + ".");
    else html += svg_inline(figure.svg, std::string(name(kind)) + "-");
    html += "<figcaption>" + html_escaped(figure_caption(kind)) + "</figcaption>\n";
    std::vector<NamedMark> numbers;
    for (const DegreeRecord& d : run.degrees)
      if (d.kind == kind)
        numbers.emplace_back(fmt::format("degree {}, X = {}, ε = {:g}", d.degree.value, nearest(d.half_width),
                                         nearest(d.epsilon)),
                             d.certificate);
    html += certificates_of(numbers) + "</figure>\n";
  }
  return html + "</div>\n</section>\n";
}

std::string threshold_section(const RunRecord& run, const std::optional<Figure>& figure) {
  if (!figure) return "";
  std::string html = "<section id=\"threshold\">\n<h2>The threshold</h2>\n<figure class=\"wide\">\n" +
                     (figure->svg.empty() ? paragraph("The figure is left out: " + figure->missing + ".")
                                          : svg_inline(figure->svg, "threshold-")) +
                     "<figcaption>" + html_escaped(kThresholdCaption) + "</figcaption>\n</figure>\n";
  if (const Table stars = stars_table(run.thresholds); !stars.rows.empty())
    html += plain_table(stars, "heads") + paragraph(stars.throughout + kStarsCaption, "caption");
  std::vector<NamedMark> numbers;
  for (const ThresholdRecord& t : run.thresholds)
    numbers.emplace_back(
        fmt::format("{}, {}, n = {}, c = {:g}, C = {:g}: ", t.kind, t.problem, t.n, t.c, t.C) +
            (t.star ? fmt::format("κ* = {}", rounded(*t.star, 5))
                    : fmt::format("degree at κ = {:g}", t.kappa)),
        t.certificate);
  return html + certificates_of(numbers) + "</section>\n";
}

/// The theorems beside the threshold's own: figure, tables.
std::string neighbours_section(const RunRecord& run, const std::optional<Figure>& figure) {
  std::string html;
  if (figure)
    html += paragraph(reading_of_neighbours(run.thresholds)) + "<figure class=\"wide\">\n" +
            (figure->svg.empty() ? paragraph("The figure is left out: " + figure->missing + ".")
                                 : svg_inline(figure->svg, "neighbours-")) +
            "<figcaption>" + html_escaped(kNeighboursCaption) + "</figcaption>\n</figure>\n";
  if (!run.hyper_attention.empty()) {
    const Table table = hyper_attention_table(run.hyper_attention);
    html += "<h3>HyperAttention's assumptions</h3>\n" +
            paragraph(reading_of_hyper_attention(run.hyper_attention)) + plain_table(table, "heads") +
            paragraph(table.throughout + kHyperAttentionCaption, "caption") +
            paragraph(certificate_sentence(marks_of(run.hyper_attention)), "caption");
  }
  return html.empty()
             ? html
             : "<section id=\"neighbours\">\n<h2>The neighbouring theorems</h2>\n" + html + "</section>\n";
}

std::string propagation_section(const RunRecord& run, const Figures& figures) {
  std::string html = "<section id=\"layers\">\n<h2>Error through the layers</h2>\n";
  if (run.propagation.empty()) return html + "<p>This run propagated no error.</p>\n</section>\n";
  html += paragraph(reading_of_propagation(run.propagation));
  for (const auto& [figure, prefix, caption] :
       {std::tuple(&figures.propagation, "layers-", kPropagationCaption),
        std::tuple(&figures.growth, "growth-", kGrowthCaption)}) {
    if (!*figure) continue;
    html += "<figure>\n";
    if ((*figure)->svg.empty()) html += paragraph("The figure is left out: " + (*figure)->missing + ".");
    else html += svg_inline((*figure)->svg, prefix);
    html += "<figcaption>" + html_escaped(caption) + "</figcaption>\n</figure>\n";
  }
  return html + plain_table(propagation_table(run.propagation), "heads") +
         paragraph(kPropagationTableCaption, "caption") +
         paragraph(certificate_sentence(marks_of(run.propagation)), "caption") + "</section>\n";
}

std::string heads_section(const RunRecord& run) {
  std::string html = "<section id=\"heads\">\n<h2>Where practice stands: real attention heads</h2>\n";
  if (run.heads.empty()) return html + "<p>This run measured no heads.</p>\n</section>\n";
  const Table table = heads_table(run.heads);
  return html + paragraph(reading_of_heads(run.heads)) + plain_table(table, "heads") +
         paragraph(table.throughout + kHeadsCaption, "caption") + "</section>\n";
}

std::string worst_inputs_section(const RunRecord& run) {
  if (run.worst_inputs.empty()) return "";
  return "<section id=\"worst-inputs\">\n<h2>The worst inputs of attention programs</h2>\n" +
         plain_table(worst_inputs_table(run.worst_inputs), "heads") +
         paragraph(kWorstInputsCaption, "caption") + "</section>\n";
}

std::string papers_section(const RunRecord& run) {
  if (run.claims.empty()) return "";
  return "<section id=\"papers\">\n<h2>Paper by paper</h2>\n" +
         plain_table(papers_table(run.claims), "papers") + paragraph(kPapersCaption, "caption") +
         "</section>\n";
}

std::string run_section(const RunRecord& run) {
  Facts facts{{"seed", run.seed}, {"level", run.level}};
  facts.insert(facts.end(), run.versions.begin(), run.versions.end());
  std::string html =
      "<section id=\"run\">\n<h2>The run, and how to check it again</h2>\n" + facts_list(facts);
  for (const std::string& note : run.notes) html += paragraph("Note: " + note);
  html += paragraph(
      "RUN stands for a new directory. The same seed gives the same instances, verdicts and numbers on any "
      "machine and any number of threads; the seconds are this machine's.");
  for (const std::string& command : recheck_commands(run))
    html += "<pre><code>" + html_escaped(command) + "</code></pre>\n";
  return html + "</section>\n";
}

}  // namespace

std::string html_escaped(const std::string& text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      case '\n':
      case '\t':
        html += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) html += "\xef\xbf\xbd";
        else html += c;
    }
  }
  return html;
}

std::string figure_page(const std::string& title, const std::string& figure, const std::string& caption) {
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'\">\n<title>" +
         html_escaped(title) + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n<main>\n<h1>" +
         html_escaped(title) + "</h1>\n<figure class=\"wide\">\n" + figure + "<figcaption>" +
         html_escaped(caption) + "</figcaption>\n</figure>\n</main>\n</body>\n</html>\n";
}

std::string html_report(const RunRecord& run, const Figures& figures) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'unsafe-inline'\">\n"
      "<title>attnbounds: run with seed " +
      html_escaped(run.seed) + ", level " + html_escaped(run.level) + "</title>\n<style>" + kStyle +
      "</style>\n</head>\n<body>\n<main>\n<header>\n<h1>attnbounds: what this run verified</h1>\n" +
      paragraph(summary(run), "summary") +
      paragraph(
          "Seed " + run.seed + ", level " + run.level +
              ". A claim is verified only by exact arithmetic or proved enclosures, refuted only by an exact "
              "instance, and undecided otherwise.",
          "faint");
  if (const auto list = warnings(run); !list.empty()) {
    html += "<ul class=\"warnings\">\n";
    for (const std::string& warning : list) html += "<li>" + html_escaped(warning) + "</li>\n";
    html += "</ul>\n";
  }
  html += "</header>\n" + heads_section(run) + worst_inputs_section(run) +
          threshold_section(run, figures.threshold) + neighbours_section(run, figures.neighbours) +
          figures_section(run, figures) + propagation_section(run, figures) + papers_section(run) +
          claims_section(run) + run_section(run);
  return html + "</main>\n<script>" + kScript + "</script>\n</body>\n</html>\n";
}

}  // namespace attnbounds
