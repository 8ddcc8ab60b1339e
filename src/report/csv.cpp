// Comma-separated values, RFC 4180 but for line ends, which are "\n". Numbers are exact where the run has
// them.
#include "numeric/exact_text.hpp"
#include "report/formats.hpp"
#include "report/tables.hpp"

namespace attnbounds {
namespace {

std::string row(const std::vector<std::string>& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) text += (i ? "," : "") + csv_field(fields[i]);
  return text + "\n";
}
template <class Count>
std::string count(const std::optional<Count>& x) {
  return x ? std::to_string(*x) : "";
}
std::string decimal(double x) { return Json(x).dump(); }  // shortest text that reads back as x
std::string decimal(const std::optional<double>& x) { return x ? decimal(*x) : ""; }
std::string exact(const std::optional<Rational>& x) { return x ? exact_text(*x) : ""; }
std::string decimal(const std::optional<Rational>& x) { return x ? decimal(nearest(*x)) : ""; }
/// An upper bound as a decimal that is still one.
std::string bound(const std::optional<Rational>& x) { return x ? rounded_up(x, 17) : ""; }

}  // namespace

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string claims_csv(const RunRecord& run) {
  std::string text =
      row({"id", "paper", "status", "verdict", "instances", "ratio", "ratio_exact", "precision", "twin",
           "twin_verdict", "seconds", "statement", "source", "file", "certificate", "twin_certificate"});
  for (const ClaimRecord& c : run.claims)
    text += row({c.id, c.paper, c.status, c.verdict_name(), count(c.instances), c.ratio, c.ratio_exact,
                 count(c.precision), c.twin, name(c.twin_verdict), decimal(c.seconds), c.statement, c.source,
                 c.file, c.certificate.said, c.twin_certificate.said});
  return text;
}

std::string papers_csv(const RunRecord& run) {
  const Table table = papers_table(run.claims);
  std::vector<std::string> titles;
  for (const Column& c : table.columns) titles.push_back(c.title);
  std::string text = row(titles);
  for (std::vector<std::string> fields : table.rows) {
    for (std::string& field : fields)
      if (field == kNone) field.clear();
    text += row(fields);
  }
  return text;
}

std::string heads_csv(const RunRecord& run) {
  std::string text = row({"head",
                          "layer",
                          "index",
                          "n",
                          "d",
                          "B",
                          "B_exact",
                          "half_width",
                          "half_width_bound",
                          "epsilon",
                          "least_degree",
                          "least_rank",
                          "least_degree_for_bound",
                          "least_rank_for_bound",
                          "method",
                          "budget",
                          "bound",
                          "bound_exact",
                          "error",
                          "verdict",
                          "reason",
                          "certificate"});
  const auto degree = [](const auto& least) { return least ? std::to_string(least->degree.value) : ""; };
  const auto rank = [](const auto& least) { return least ? least->rank.str() : ""; };
  for (const HeadRecord& h : run.heads)
    text += row({h.name,
                 count(h.layer),
                 count(h.index),
                 std::to_string(h.n),
                 std::to_string(h.d),
                 decimal(h.largest_entry),
                 exact_text(h.largest_entry),
                 bound(h.half_width),
                 bound(h.half_width_bound),
                 h.epsilon_text,
                 degree(h.least),
                 rank(h.least),
                 degree(h.least_for_bound),
                 rank(h.least_for_bound),
                 h.method,
                 decimal(h.budget),
                 bound(h.bound),
                 exact(h.bound),
                 bound(h.error),
                 name(h.verdict),
                 h.reason,
                 h.certificate.said});
  return text;
}

std::string degrees_csv(const RunRecord& run) {
  std::string text = row({"error_kind", "half_width", "epsilon", "degree", "theory", "certificate"});
  for (const DegreeRecord& d : run.degrees)
    text += row({name(d.kind), decimal(d.half_width), decimal(d.epsilon), std::to_string(d.degree.value),
                 decimal(d.theory), d.certificate.said});
  return text;
}

std::string hyper_attention_csv(const std::vector<HyperAttentionRecord>& rows) {
  std::vector<std::string> titles = {"input", "kind", "n", "keys", "block", "samples", "seed"};
  for (const char* what : {"alpha", "alpha_over_keys", "kappa", "kappa_outside_blocks", "planted_weight",
                           "gap", "spectral_error", "entry_error"})
    for (const char* end : {"_lower", "_upper"}) titles.push_back(std::string(what) + end);
  titles.insert(titles.end(), {"planted_row_stands_out", "certificate"});
  std::string text = row(titles);
  for (const HyperAttentionRecord& h : rows) {
    std::vector<std::string> fields = {h.input,
                                       h.kind,
                                       std::to_string(h.n),
                                       std::to_string(h.keys),
                                       std::to_string(h.block),
                                       std::to_string(h.samples),
                                       h.seed};
    for (const std::optional<ProvedEnds>& x :
         {std::optional(h.alpha), std::optional(h.alpha_over_keys), h.kappa, h.kappa_outside_blocks,
          h.planted_weight, h.gap, std::optional(h.spectral_error), std::optional(h.entry_error)}) {
      fields.push_back(x ? rounded_down(x->lower, 17) : "");
      fields.push_back(x ? bound(x->upper) : "");
    }
    fields.push_back(h.stands_out ? *h.stands_out ? "yes" : "no" : "");
    fields.push_back(h.certificate.said);
    text += row(fields);
  }
  return text;
}

std::string propagation_csv(const std::vector<PropagationRecord>& rows) {
  std::vector<std::string> titles = {"series", "standing", "n", "d", "delta", "layer"};
  for (const char* pass : {"forward", "backward", "weights", "growth"})
    for (const char* what : {"", "_bound_tokens", "_bound_states", "_bound_norms"})
      titles.push_back(std::string(pass) + what);
  titles.insert(titles.end(), {"least_singular_value", "verdict", "certificate"});
  std::string text = row(titles);
  const auto size = [](double x) { return std::isfinite(x) ? decimal(x) : "infinity"; };
  for (const PropagationRecord& r : rows) {
    std::vector<std::string> fields = {
        r.series, r.standing, std::to_string(r.n), std::to_string(r.d), r.delta, std::to_string(r.layer)};
    for (const ErrorAgainstBounds& x : {r.forward, r.backward, r.weights, r.growth})
      for (const double value : {x.measured, x.tokens, x.states, x.norms}) fields.push_back(size(value));
    fields.push_back(decimal(r.least_singular_value));
    fields.push_back(name(r.verdict));
    fields.push_back(r.certificate.said);
    text += row(fields);
  }
  return text;
}

}  // namespace attnbounds
