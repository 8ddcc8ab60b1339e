#include "report/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "numeric/exact_text.hpp"

namespace attnbounds {

const char* const kHeadsCaption =
    "B: the largest entry of Q, K, V; B/√(log n) is rounded to nearest. X: half the spread of a row's scores "
    "⟨q, k⟩/d, "
    "the largest over the rows; “actual” is a proved enclosure's upper end, “bound” what the fast method "
    "proves "
    "without forming the scores. Least degree and rank C(d+g, g): the fewest with which a polynomial meets ε "
    "at the "
    "actual X, proved from both sides. Error bound: guaranteed by the method that the program chose; true "
    "error: "
    "proved upper end, against the exact result. Bounds are rounded up. Verified: true error ≤ error bound ≤ "
    "ε·max|V|.";
const char* const kWorstInputsCaption =
    "The worst inputs that a search found in the box of entries of size at most B. Error: max|output − "
    "exact| at "
    "the "
    "worst input, proved, rounded up; nothing is claimed about inputs that were not tried. Of its guarantee: "
    "the "
    "largest error/guarantee over all evaluations, where the program states one.";
const char* const kHyperAttentionCaption =
    "HyperAttention on hard and on real instances. P = D⁻¹A, n queries, m keys: α = m max_j |P e_j|² is the "
    "column "
    "assumption's parameter (m^o(1) is asked for), κ the ratio of the largest to the smallest row sum of A, "
    "here "
    "of all entries and of those outside the hashed blocks; w is the planted key's weight in the planted row "
    "(α ≥ "
    "m w²), gap the distance of that row's exact output from every other. These are proved: w and gap "
    "rounded "
    "down, the others up. The errors, the spectral one divided by |P||V| and the entrywise one by the "
    "largest "
    "|V|, and whether the planted row's output is the largest, are enclosed after the fact for the output of "
    "one "
    "seed: statistical, another seed gives others.";
const char* const kStarsCaption =
    "κ*(n): a proved lower end, rounded to nearest; below it the polynomial method pays. Certificate: that "
    "the "
    "degree at κ* suffices, and that one less than the degree where it no longer pays does not; the rest is "
    "arithmetic with C(d+g, g) and n, which attnbounds-check does not do again.";
const char* const kPropagationCaption =
    "The error through the layers of a transformer whose softmax weights are off by relative δ in every "
    "head: "
    "measured (for small networks an enclosure's upper end, for real weights in double) against three proved "
    "recursions of docs/gradients.md: with constants from norms of the weights and the largest entry, from "
    "the "
    "exact states besides, and token by token in Euclidean norms. Forward: the largest entry of T̃ − T after "
    "each "
    "layer. Backward: the sum of |dL/dT̃ − dL/dT| at each layer's input, for half the squared distance from "
    "the "
    "input as loss. A bound that leaves the picture says nothing there.";
const char* const kGrowthCaption =
    "Growth of the forward error a layer, (e_m/e_1)^{1/(m−1)}, against the depth m: measured, and of each "
    "proved "
    "recursion. It settles at a constant above 1 for weights that do not shrink errors: the hidden constant "
    "of the "
    "theorem is exponential in m. Behind layer norm a bound stops growing at the trivial cap.";
const char* const kPropagationTableCaption =
    "Each series at its last layer m. Error: largest entry of T̃ − T; its best bound is the least of the "
    "three "
    "recursions, rounded to nearest. Growth a layer is over depths 1 to m. Least σ: the smallest singular "
    "value of a "
    "softmax matrix of layer m, an estimate: not 0 where attention has full rank. Standing: proved "
    "(intervals) or "
    "estimate (double). A certificate is about the recursions with constants from norms, forward and "
    "backward, "
    "and from states, forward; the recursion token by token and measured errors have none.";
const char* const kPapersCaption =
    "A row a paper. Holding: claims verified, or supported where they are sampled, of those checked. "
    "Sharpest bound: "
    "the claim with the largest observed/bound at most 1, and that ratio, rounded up. Failed as printed: "
    "what the "
    "paper prints, or its published code does, that a verified claim or its refuted twin shows to be false; "
    "the "
    "claims' details have the counterexamples.";
const char* const kClaimsCaption =
    "Ratio: the largest observed/bound over the instances, rounded up; at most 1 where verified, and near 1 "
    "where the "
    "bound is sharp. Precision: the largest that an instance needed. Twin: every claim carries a false "
    "variant that "
    "the same check must refute.";
const char* const kStandings =
    "Standing says what a verdict “verified” means. Proved: the statement is about finitely many cases, and "
    "each "
    "was decided. Checked: it is about infinitely many cases, proved on paper; instances were decided with "
    "enclosures "
    "or exact arithmetic. Statistical: it holds with a probability, and was sampled; its verdict reads so, "
    "never "
    "verified. Open: no proof is "
    "known; instances "
    "were decided.";

std::string figure_caption(ErrorKind kind) {
  const bool relative = kind == ErrorKind::relative;
  return fmt::format(
      "Least degree of a polynomial within {} error ε of e^x on [−X, X]. Points: proved from both sides (a "
      "polynomial of "
      "that degree meets ε, none of one degree less does). Dashed: the formula of the theorem (Aggarwal, "
      "Alman 2022), "
      "which holds up to constants. Solid: an estimate, not proved: n − 1 for the n that solves {} = "
      "log(1/ε), where the "
      "leading term of the best error meets ε.",
      name(kind), relative ? "n arcosh(n/X) − √(n² − X²)" : "n arsinh(n/X) − √(n² + X²)");
}

std::string rounded_up(const std::optional<Rational>& x, int digits) {
  if (!x) return kNone;
  if (*x == 0) return "0";
  const WorkingPrecision guard(Bits{128});
  return decimal_up(upper(enclose(*x)), digits);
}
std::string rounded_down(const std::optional<Rational>& x, int digits) {
  if (!x) return kNone;
  if (*x == 0) return "0";
  const WorkingPrecision guard(Bits{128});
  return decimal_down(lower(enclose(*x)), digits);
}
std::string rounded(double x, int digits) {
  if (!std::isfinite(x)) return kNone;
  const std::string text = fmt::format("{:#.{}g}", x, digits);  // zeros kept: 5.00 beside 4.99
  return text.back() == '.' ? text.substr(0, text.size() - 1) : text;
}
std::string seconds_text(const std::optional<double>& seconds) {
  return seconds ? fmt::format("{:.2f}", *seconds) : kNone;
}
std::string precision_text(const ClaimRecord& claim) {
  if (!claim.precision) return kNone;
  return *claim.precision == 0 ? "exact" : fmt::format("{} bits", *claim.precision);
}
std::string twin_text(const ClaimRecord& claim) { return claim.twin_refuted() ? "refuted" : "NOT refuted"; }

namespace {

double against_threshold(const HeadRecord& h) {
  return nearest(h.largest_entry) / std::sqrt(std::log(static_cast<double>(h.n)));
}
bool fewer_features_than_keys(const HeadRecord& h) { return h.least && h.least->rank < h.n; }

std::string whole_or_rounded_up(const std::optional<Rational>& x) {
  if (!x || *x >= 10000000) return rounded_up(x, 3);
  return fmt::format("{}", static_cast<long>(nearest(*x)));
}
/// The table without a column in which all rows agree.
Table without_common(Table table, const std::string& title) {
  const auto column = std::find_if(table.columns.begin(), table.columns.end(),
                                   [&](const Column& c) { return c.title == title; }) -
                      table.columns.begin();
  for (const auto& row : table.rows)
    if (row.at(static_cast<std::size_t>(column)) != table.rows.front().at(static_cast<std::size_t>(column)))
      return table;
  table.throughout += (table.throughout.empty() ? "" : ", ") + title + " = " +
                      table.rows.front().at(static_cast<std::size_t>(column));
  table.columns.erase(table.columns.begin() + column);
  for (auto& row : table.rows) row.erase(row.begin() + column);
  return table;
}
std::string plural(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// A word a shell takes as it is.
std::string shell_word(const std::string& text) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) || std::strchr("/_.-", c); };
  if (!text.empty() && text[0] != '-' && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string side_text(const Json& side) {
  if (side.is_string()) return side.get<std::string>();
  if (side.is_object() && side.contains("lower") && side.contains("upper") && side["lower"].is_string() &&
      side["upper"].is_string())
    return "in [" + side["lower"].get<std::string>() + ", " + side["upper"].get<std::string>() + "]";
  return side.dump();
}
/// JSON as people write it: no quotes around numbers given as text.
std::string plain(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [key, item] : value.items())
    text += (text.empty() ? "" : ", ") + (value.is_object() ? key + " = " : "") + plain(item);
  return (value.is_object() ? "{" : "[") + text + (value.is_object() ? "}" : "]");
}

}  // namespace

// ---- Certificates.

std::string mark_text(const CertificateMark& mark) {
  return mark.said + (mark.reason.empty() ? "" : ": " + mark.reason);
}

namespace {

bool any_asked_for(const std::vector<CertificateMark>& marks) {
  return std::any_of(marks.begin(), marks.end(), [](const CertificateMark& m) { return !m.said.empty(); });
}
std::ptrdiff_t count_of(const std::vector<CertificateMark>& marks, const char* said) {
  return std::count_if(marks.begin(), marks.end(), [&](const CertificateMark& m) { return m.said == said; });
}
/// A column, if any certificates were asked for.
void add_certificates(Table& table, const std::vector<CertificateMark>& marks,
                      const char* title = "certificate") {
  if (!any_asked_for(marks)) return;
  table.columns.push_back({title, title, Align::left});
  for (std::size_t i = 0; i < marks.size(); ++i)
    table.rows[i].push_back(marks[i].said.empty() ? kNone : marks[i].said);
}
template <class Record, class Of>
std::vector<CertificateMark> marks_over(const std::vector<Record>& records, Of of) {
  std::vector<CertificateMark> marks;
  for (const Record& r : records) marks.push_back(of(r));
  return marks;
}

}  // namespace

std::string certificate_sentence(const std::vector<CertificateMark>& marks) {
  if (!any_asked_for(marks)) return "";
  std::string text = fmt::format("Certificates, by attnbounds-check: {} checked", count_of(marks, "checked"));
  for (const char* said : {"rejected", "not checked"})
    if (const auto count = count_of(marks, said); count > 0) text += fmt::format(", {} {}", count, said);
  std::map<std::string, std::size_t> none;
  for (const CertificateMark& m : marks)
    if (m.said.empty() || m.said == "no certificate") ++none[m.reason.empty() ? "not asked for" : m.reason];
  for (const auto& [reason, count] : none) text += fmt::format("; {} without one: {}", count, reason);
  return text + ".";
}

std::vector<CertificateMark> marks_of(const std::vector<DegreeRecord>& degrees, ErrorKind kind) {
  std::vector<CertificateMark> marks;
  for (const DegreeRecord& d : degrees)
    if (d.kind == kind) marks.push_back(d.certificate);
  return marks;
}
std::vector<CertificateMark> marks_of(const std::vector<ThresholdRecord>& thresholds) {
  return marks_over(thresholds, [](const ThresholdRecord& t) { return t.certificate; });
}
std::vector<CertificateMark> marks_of(const std::vector<PropagationRecord>& rows) {
  std::vector<CertificateMark> marks;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (i + 1 == rows.size() || rows[i + 1].series != rows[i].series) marks.push_back(rows[i].certificate);
  return marks;
}
std::vector<CertificateMark> marks_of(const std::vector<HyperAttentionRecord>& rows) {
  return marks_over(rows, [](const HyperAttentionRecord& h) { return h.certificate; });
}

// ---- Tables.

Table heads_table(const std::vector<HeadRecord>& heads) {
  Table table{{{"head", "head", Align::left},
               {"n", "$n$"},
               {"d", "$d$"},
               {"B", "$B$"},
               {"B/√(log n)", "$B/\\sqrt{\\log n}$"},
               {"X, actual", "$X$, actual"},
               {"X, bound", "$X$, bound"},
               {"ε", "$\\varepsilon$"},
               {"least degree", "least degree"},
               {"rank", "rank"},
               {"method", "method", Align::left},
               {"error bound", "error bound"},
               {"true error ≤", "true error $\\le$"},
               {"verdict", "verdict", Align::left}},
              {},
              {}};
  for (const HeadRecord& h : heads)
    table.rows.push_back(
        {h.name, std::to_string(h.n), std::to_string(h.d), rounded(nearest(h.largest_entry), 4),
         rounded(against_threshold(h), 3), rounded_up(h.half_width, 4), rounded_up(h.half_width_bound, 4),
         fmt::format("{:g}", nearest(h.epsilon)), h.least ? std::to_string(h.least->degree.value) : kNone,
         h.least ? whole_or_rounded_up(h.least->rank) : kNone, h.method, rounded_up(h.bound, 3),
         rounded_up(h.error, 3), name(h.verdict)});
  add_certificates(table, marks_over(heads, [](const HeadRecord& h) { return h.certificate; }));
  for (const char* title : {"n", "d", "ε"}) table = without_common(std::move(table), title);
  if (!table.throughout.empty()) table.throughout = "Throughout: " + table.throughout + ". ";
  return table;
}

Table worst_inputs_table(const std::vector<WorstInputRecord>& inputs) {
  Table table{{{"program", "program", Align::left},
               {"kind", "kind", Align::left},
               {"n", "$n$"},
               {"d", "$d$"},
               {"B", "$B$"},
               {"evaluations", "evaluations"},
               {"worst error", "worst error"},
               {"of its guarantee", "of its guarantee"},
               {"violations", "violations"},
               {"found from", "found from", Align::left}},
              {},
              {}};
  for (const WorstInputRecord& w : inputs)
    table.rows.push_back({w.program, w.kind, std::to_string(w.n), std::to_string(w.d),
                          rounded(nearest(w.box), 3), std::to_string(w.evaluations),
                          w.error ? rounded_up(w.error, 3) : w.failure, rounded_up(w.share, 3),
                          std::to_string(w.violations), w.origin});
  return table;
}

Table hyper_attention_table(const std::vector<HyperAttentionRecord>& rows) {
  Table table{{{"input", "input", Align::left},
               {"n", "$n$"},
               {"keys", "keys"},
               {"α", "$\\alpha$"},
               {"α/keys", "$\\alpha$/keys"},
               {"κ", "$\\kappa$"},
               {"κ, blocks removed", "$\\kappa$, blocks removed"},
               {"w", "$w$"},
               {"gap", "gap"},
               {"spectral error", "spectral error"},
               {"entry error", "entry error"},
               {"planted row stands out", "planted row stands out", Align::left}},
              {},
              {}};
  const auto above = [](const std::optional<ProvedEnds>& x) { return x ? rounded_up(x->upper, 3) : kNone; };
  const auto below = [](const std::optional<ProvedEnds>& x) { return x ? rounded_down(x->lower, 3) : kNone; };
  for (const HyperAttentionRecord& h : rows)
    table.rows.push_back({h.input, std::to_string(h.n), std::to_string(h.keys), above(h.alpha),
                          above(h.alpha_over_keys), above(h.kappa), above(h.kappa_outside_blocks),
                          below(h.planted_weight), below(h.gap), above(h.spectral_error),
                          above(h.entry_error), h.stands_out ? *h.stands_out ? "yes" : "no" : kNone});
  if (!rows.empty())
    table.throughout = fmt::format("Blocks of {} keys, a quarter of the keys sampled, seed {}. ",
                                   rows.front().block, rows.front().seed);
  return table;
}

std::string reading_of_hyper_attention(const std::vector<HyperAttentionRecord>& rows) {
  const auto count = [&](auto holds) { return std::count_if(rows.begin(), rows.end(), holds); };
  const auto heads = count([](const auto& h) { return h.kind == "head"; });
  const auto heavy = count([](const auto& h) { return h.kind == "head" && h.alpha.lower > h.keys; });
  const auto planted = count([](const auto& h) { return h.gap.has_value(); });
  const auto found = count([](const auto& h) { return h.gap && h.stands_out == true; });
  std::optional<Rational> spectral;
  for (const HyperAttentionRecord& h : rows)
    if (h.gap && h.stands_out == false && (!spectral || *spectral < h.spectral_error.upper))
      spectral = h.spectral_error.upper;
  std::string text;
  if (heads > 0)
    text = fmt::format("α exceeds the number of keys on {} of {}.", heavy,
                       plural(static_cast<std::size_t>(heads), "head"));
  if (planted > 0)
    text += fmt::format(
                "{}The sampled output shows the planted row in {} of the {} instances whose exact outputs do",
                text.empty() ? "" : " ", found, planted) +
            (spectral ? ", though where it does not its relative spectral error is at most " +
                            rounded_up(spectral, 2)
                      : "") +
            ".";
  return text;
}

Table propagation_table(const std::vector<PropagationRecord>& rows) {
  Table table{{{"weights", "weights", Align::left},
               {"standing", "standing", Align::left},
               {"n", "$n$"},
               {"d", "$d$"},
               {"m", "$m$"},
               {"error", "error"},
               {"best bound", "best bound"},
               {"growth", "growth"},
               {"tokens", "tokens"},
               {"states", "states"},
               {"norms", "norms"},
               {"backward", "backward"},
               {"its bound", "its bound"},
               {"least σ", "least $\\sigma$"},
               {"verdict", "verdict", Align::left}},
              {},
              {}};
  const auto shown = [](double x) { return std::isfinite(x) ? fmt::format("{:.3g}", x) : std::string("∞"); };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + 1 < rows.size() && rows[i + 1].series == rows[i].series) continue;  // not the last layer
    const PropagationRecord& r = rows[i];
    Verdict verdict = Verdict::verified;
    const PropagationRecord* first = &r;  // the backward error is largest at the first layer
    for (const PropagationRecord& other : rows)
      if (other.series == r.series) {
        if (other.layer < first->layer) first = &other;
        if (other.verdict == Verdict::refuted || verdict == Verdict::verified) verdict = other.verdict;
      }
    table.rows.push_back({r.series, r.standing, std::to_string(r.n), std::to_string(r.d),
                          std::to_string(r.layer), shown(r.forward.measured), shown(r.forward.best()),
                          shown(r.growth.measured), shown(r.growth.tokens), shown(r.growth.states),
                          shown(r.growth.norms), shown(first->backward.measured),
                          shown(first->backward.best()), shown(r.least_singular_value), name(verdict)});
  }
  add_certificates(table, marks_of(rows));
  return table;
}

Table stars_table(const std::vector<ThresholdRecord>& thresholds) {
  Table table{{{"attention", "attention", Align::left},
               {"problem", "problem", Align::left},
               {"c", "$c$"},
               {"C", "$C$"},
               {"n", "$n$"},
               {"κ*", "$\\kappa^*$"}},
              {},
              {}};
  std::vector<CertificateMark> marks;
  for (const ThresholdRecord& t : thresholds)
    if (t.star) {
      table.rows.push_back(
          {t.kind, t.problem, fmt::format("{:g}", t.c), fmt::format("{:g}", t.C), t.n, rounded(*t.star, 5)});
      marks.push_back(t.certificate);
    }
  if (table.rows.empty()) return table;
  add_certificates(table, marks);
  for (const char* title : {"c", "C"}) table = without_common(std::move(table), title);
  if (!table.throughout.empty()) table.throughout = "Throughout: " + table.throughout + ". ";
  return table;
}

std::string reading_of_propagation(const std::vector<PropagationRecord>& rows) {
  const auto kept = std::count_if(rows.begin(), rows.end(),
                                  [](const PropagationRecord& r) { return r.verdict == Verdict::verified; });
  std::string text = fmt::format("Errors within all their bounds, forward and backward: {} of {} layers.",
                                 kept, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].series.rfind("real", 0) != 0 || (i > 0 && rows[i - 1].series == rows[i].series)) continue;
    long far = 0, layers = 0;
    for (const PropagationRecord& r : rows)
      if (r.series == rows[i].series) {
        ++layers;
        if (r.forward.best() < 1 && far == layers - 1) far = layers;  // less than a state's own size
      }
    text +=
        fmt::format(" Weights “{}”: the bound on a state's error stays below 1 for {} of {} layers (δ = {}).",
                    rows[i].series, far, layers, rows[i].delta);
  }
  return text;
}

Table papers_table(const std::vector<ClaimRecord>& claims) {
  Table table{{{"paper", "paper", Align::left},
               {"claims holding", "claims holding"},
               {"sharpest bound", "sharpest bound", Align::left},
               {"observed/bound", "observed/ bound"},
               {"failed as printed", "failed as printed", Align::left}},
              {},
              {}};
  std::map<std::string, std::vector<const ClaimRecord*>> of_paper;
  for (const ClaimRecord& c : claims) of_paper[c.paper].push_back(&c);
  for (const auto& [paper, list] : of_paper) {
    std::size_t holding = 0;
    const ClaimRecord* sharpest = nullptr;
    Rational largest = -1;
    std::string failed;
    for (const ClaimRecord* c : list) {
      if (c->verdict != Verdict::verified) continue;
      ++holding;
      const Rational ratio = c->ratio.empty() ? Rational(-1) : rational_from_text(c->ratio, "ratio");
      if (ratio <= 1 && ratio > largest) {
        largest = ratio;
        sharpest = c;
      }
      if (!c->corrects.empty() && c->twin_refuted()) failed += (failed.empty() ? "" : "; ") + c->corrects;
    }
    table.rows.push_back(
        {paper.empty() ? kNone : paper, fmt::format("{} of {}", holding, list.size()),
         sharpest ? sharpest->id.substr(sharpest->id.find('/') + 1) + ": " + sharpest->statement : kNone,
         sharpest ? sharpest->ratio : kNone, failed.empty() ? kNone : failed});
  }
  return table;
}

Table claims_table(const std::vector<ClaimRecord>& claims) {
  Table table{{{"claim", "claim", Align::left},
               {"standing", "standing", Align::left},
               {"verdict", "verdict", Align::left},
               {"instances", "instances"},
               {"ratio", "ratio"},
               {"precision", "precision"},
               {"false twin", "false twin", Align::left},
               {"seconds", "seconds"}},
              {},
              {}};
  for (const ClaimRecord& c : claims)
    table.rows.push_back({c.id, c.status.empty() ? kNone : c.status, c.verdict_name(),
                          c.instances ? std::to_string(*c.instances) : kNone,
                          c.ratio.empty() ? kNone : c.ratio, precision_text(c), twin_text(c),
                          seconds_text(c.seconds)});
  const auto marks = marks_over(claims, [](const ClaimRecord& c) { return c.certificate; });
  const auto twins = marks_over(claims, [](const ClaimRecord& c) { return c.twin_certificate; });
  if (!any_asked_for(marks) && !any_asked_for(twins)) return table;
  for (const auto& [title, of] : {std::pair("certificate", &marks), {"twin's certificate", &twins}}) {
    table.columns.push_back({title, title, Align::left});
    for (std::size_t i = 0; i < claims.size(); ++i)
      table.rows[i].push_back((*of)[i].said.empty() ? kNone : (*of)[i].said);
  }
  return table;
}

/// How many of the run's numbers the independent checker has re-proved; nothing if none were asked for.
std::string certificates_text(const RunRecord& run) {
  std::vector<CertificateMark> marks;
  const auto more = [&](const std::vector<CertificateMark>& list) {
    marks.insert(marks.end(), list.begin(), list.end());
  };
  for (const ClaimRecord& c : run.claims) more({c.certificate, c.twin_certificate});
  more(marks_over(run.heads, [](const HeadRecord& h) { return h.certificate; }));
  for (const ErrorKind kind : {ErrorKind::relative, ErrorKind::absolute}) more(marks_of(run.degrees, kind));
  more(marks_of(run.thresholds));
  more(marks_of(run.propagation));
  more(marks_of(run.hyper_attention));
  if (!any_asked_for(marks)) return "";
  return fmt::format(
      " Certificates re-proved by attnbounds-check: {}; rejected: {}; not checked: {}; numbers without one: "
      "{}.",
      count_of(marks, "checked"), count_of(marks, "rejected"), count_of(marks, "not checked"),
      count_of(marks, "no certificate") + count_of(marks, ""));
}

std::string summary(const RunRecord& run) {
  const auto count = [&](Verdict v) {
    return std::count_if(run.claims.begin(), run.claims.end(),
                         [&](const ClaimRecord& c) { return c.verdict == v && !c.sampled(); });
  };
  const auto sampled =
      std::count_if(run.claims.begin(), run.claims.end(), [](const ClaimRecord& c) { return c.sampled(); });
  const auto twins = std::count_if(run.claims.begin(), run.claims.end(),
                                   [](const ClaimRecord& c) { return c.twin_refuted(); });
  std::string text =
      fmt::format("{}: {} verified, {} refuted, {} undecided", plural(run.claims.size(), "claim"),
                  count(Verdict::verified), count(Verdict::refuted), count(Verdict::undecided));
  if (sampled > 0) text += fmt::format(", {} statistical", sampled);
  if (!run.unfinished.empty()) text += fmt::format("; {} planned but not finished", run.unfinished.size());
  text += fmt::format(". False twins refuted: {} of {}.", twins, run.claims.size());
  text += certificates_text(run);
  if (run.heads.empty()) return text;
  const auto kept = std::count_if(run.heads.begin(), run.heads.end(),
                                  [](const HeadRecord& h) { return h.verdict == Verdict::verified; });
  return text + fmt::format(" Real heads within their guaranteed error: {} of {}.", kept, run.heads.size());
}

std::vector<std::string> warnings(const RunRecord& run) {
  std::vector<std::string> list;
  for (const ClaimRecord& c : run.claims)
    if (c.verdict == Verdict::refuted) list.push_back("Refuted: " + c.id + ".");
  for (const ClaimRecord& c : run.claims)
    if (!c.twin_refuted())
      list.push_back(c.id +
                     ": its false twin was not refuted, so this check has not been shown able to fail.");
  for (const HeadRecord& h : run.heads)
    if (h.verdict != Verdict::verified)
      list.push_back("Head " + h.name + ": " + name(h.verdict) + " (error <= bound <= budget).");
  for (const auto& [subject, reason] : run.rejected_certificates)
    list.push_back("The certificate of " + subject + " was rejected: " + reason);
  for (const PropagationRecord& r : run.propagation)
    if (r.verdict != Verdict::verified)
      list.push_back(fmt::format("Error through the layers, {} weights, layer {}: {} (error <= every bound).",
                                 r.series, r.layer, name(r.verdict)));
  if (!run.unfinished.empty()) {
    std::string ids;
    for (const std::string& id : run.unfinished) ids += (ids.empty() ? "" : ", ") + id;
    list.push_back("Planned but not finished: " + ids + ".");
  }
  return list;
}

std::string reading_of_heads(const std::vector<HeadRecord>& heads) {
  std::vector<double> ratios;
  std::vector<long> lengths;
  std::size_t known = 0, reached = 0, polynomial = 0;
  for (const HeadRecord& h : heads) {
    if (h.n > 1) ratios.push_back(against_threshold(h));
    lengths.push_back(h.n);
    known += h.least.has_value();
    reached += fewer_features_than_keys(h);
    polynomial += h.method == "polynomial";
  }
  std::sort(ratios.begin(), ratios.end());
  std::sort(lengths.begin(), lengths.end());
  std::string text;
  if (!ratios.empty()) {
    const std::size_t half = ratios.size() / 2;
    const double median = ratios.size() % 2 ? ratios[half] : (ratios[half - 1] + ratios[half]) / 2;
    const auto above = std::count_if(ratios.begin(), ratios.end(), [](double r) { return r > 1; });
    text = fmt::format(
        "Over {} (n = {}), B/√(log n) runs from {} to {}, median {}, and is above 1 on {}: the theorems, "
        "which are "
        "asymptotic and fix no constant, give almost linear time for B = o(√(log n)) and, under SETH, none "
        "at "
        "B = Θ(√(log n)) with d = Θ(log n). ",
        plural(ratios.size(), "head"),
        lengths.front() == lengths.back() ? std::to_string(lengths.front())
                                          : fmt::format("{} to {}", lengths.front(), lengths.back()),
        rounded(ratios.front(), 3), rounded(ratios.back(), 3), rounded(median, 3), above);
  }
  text += fmt::format(
      "Within polynomial reach, that is, with fewer features than keys (rank C(d+g, g) < n at the least "
      "degree g for ε "
      "at the actual half-width), {} {} of {}{}; the program answered {} by the polynomial method and {} "
      "exactly.",
      reached == 1 ? "is" : "are", reached, plural(heads.size(), "head"),
      known == heads.size() ? "" : fmt::format(" (the rank is unknown on {})", heads.size() - known),
      polynomial, heads.size() - polynomial);
  return text;
}

std::vector<std::pair<std::string, std::string>> witness_facts(const Json& witness) {
  std::vector<std::pair<std::string, std::string>> facts;
  if (!witness.is_object()) return facts;
  const auto has = [&](const char* key) { return witness.contains(key) && !witness[key].is_null(); };
  if (has("comparison")) facts.emplace_back("comparison", plain(witness["comparison"]));
  if (has("left")) facts.emplace_back("left side", side_text(witness["left"]));
  if (has("right")) facts.emplace_back("right side", side_text(witness["right"]));
  if (has("index"))
    facts.emplace_back(
        "instance",
        plain(witness["index"]) +
            (has("shrink_steps") ? ", shrunk in " + plain(witness["shrink_steps"]) + " steps" : ""));
  if (has("instance") && witness["instance"].is_object()) {
    for (const auto& [key, value] : witness["instance"].items()) facts.emplace_back(key, plain(value));
  } else if (has("instance")) {
    facts.emplace_back("data", plain(witness["instance"]));
  }
  for (const auto& [key, value] : witness.items())  // whatever else a later version logs
    if (const auto known = {"comparison", "left", "right", "index", "shrink_steps", "instance"};
        std::find(known.begin(), known.end(), key) == known.end())
      facts.emplace_back(key, plain(value));
  return facts;
}

std::vector<std::pair<std::string, std::string>> constant_facts(const ClaimRecord& claim) {
  std::vector<std::pair<std::string, std::string>> facts;
  if (!claim.constants.is_object()) return facts;
  for (const auto& [key, c] : claim.constants.items()) {
    std::string text;
    if (c.is_object() && c.contains("lower") && c.contains("upper")) {
      if (c.contains("meaning")) text = plain(c["meaning"]) + ", ";
      text += side_text(c);
      if (c.contains("attained_at")) text += ", attained at instance " + plain(c["attained_at"]);
    } else {
      text = plain(c);
    }
    facts.emplace_back(key, text);
  }
  return facts;
}

std::vector<std::string> recheck_commands(const RunRecord& run) {
  std::string all =
      fmt::format("attnbounds verify --seed {} --level {} --out RUN", run.seed, shell_word(run.level));
  if (!run.heads.empty()) {  // a whole run; naming claims would leave the heads out
    all += " --head-eps " + shell_word(run.heads.front().epsilon_text);
  } else {
    for (const std::string& id : run.planned) all += " \\\n  --claim " + shell_word(id);
  }
  std::vector<std::string> commands{all, "attnbounds report RUN --format html,markdown,csv"};
  // One point of the figure, by the independent checker.
  const auto point = std::find_if(run.degrees.begin(), run.degrees.end(), [](const DegreeRecord& d) {
    return d.kind == ErrorKind::relative && d.half_width >= 8;
  });
  if (point != run.degrees.end())
    commands.push_back(fmt::format(
        "attnbounds degree --interval {} --eps {} --certificate proof.json\nattnbounds-check proof.json",
        nearest(point->half_width), nearest(point->epsilon)));
  return commands;
}

std::string recheck_claim(const RunRecord& run, const std::string& id) {
  return fmt::format("attnbounds verify --claim {} --seed {} --level {}", shell_word(id), run.seed,
                     shell_word(run.level));
}

}  // namespace attnbounds
