#include "report/run_record.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <sstream>
#include <tuple>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "reductions/receipt/receipt.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 64;         // levels of nesting; deeper text is an attack on the stack, not a run
constexpr std::size_t kQuoted = 40;  // characters of a wrong value that the error shows

std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', true);
  if (text.size() > kQuoted) text = text.substr(0, kQuoted) + "...";
  return text;
}

Json parse(const std::string& text, const std::string& place) {
  const auto depth_is_limited = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kDeepest) throw InputError(place, "JSON nested at most 64 deep", "deeper nesting");
    return true;
  };
  try {
    Json value = Json::parse(text, depth_is_limited);
    if (!value.is_object()) throw InputError(place, "a JSON object", shown(value));
    return value;
  } catch (const Json::parse_error& error) {
    throw InputError(place, "a JSON object",
                     "text that breaks off or goes wrong at byte " + std::to_string(error.byte));
  } catch (const Json::exception&) {
    throw InputError(place, "a JSON object", "a number out of range");
  }
}

/// The fields of one object, each checked, each error naming file, line and key.
class Fields {
 public:
  Fields(Json object, std::string place) : object_(std::move(object)), place_(std::move(place)) {}

  const std::string& place() const { return place_; }
  const Json& whole() const { return object_; }
  std::string place(const std::string& key) const { return place_ + ", \"" + key + "\""; }
  [[noreturn]] void expected(const std::string& what, const std::string& key) const {
    const auto found = object_.find(key);
    throw InputError(place(key), what, found == object_.end() ? "nothing" : shown(*found));
  }
  /// The value, or null where it is missing.
  const Json& value(const std::string& key) const {
    static const Json null;
    const auto found = object_.find(key);
    return found == object_.end() ? null : *found;
  }

  std::string text(const std::string& key) const {
    if (!value(key).is_string()) expected("text", key);
    return value(key).get<std::string>();
  }
  std::string text_or_nothing(const std::string& key) const { return value(key).is_null() ? "" : text(key); }
  std::vector<std::string> texts(const std::string& key) const {
    std::vector<std::string> list;
    if (value(key).is_null()) return list;
    if (!value(key).is_array()) expected("a list of texts", key);
    for (const Json& item : value(key)) {
      if (!item.is_string()) expected("a list of texts", key);
      list.push_back(item.get<std::string>());
    }
    return list;
  }
  Json object_or_null(const std::string& key) const {
    if (!value(key).is_null() && !value(key).is_object()) expected("an object", key);
    return value(key);
  }
  Fields object(const std::string& key) const { return {object_or_null(key), place(key)}; }

  std::optional<long> count_or_nothing(const std::string& key) const {
    const Json& v = value(key);
    if (v.is_null()) return {};
    if (!v.is_number_integer() || v < 0 || v > 1000000000000000) expected("a whole number >= 0", key);
    return v.get<long>();
  }
  long count(const std::string& key) const {
    if (value(key).is_null()) expected("a whole number >= 0", key);
    return *count_or_nothing(key);
  }
  /// A JSON number or exact text >= 0; of an enclosure {"lower", "upper"} the upper end.
  std::optional<Rational> number_or_nothing(const std::string& key) const {
    const Json& v = value(key);
    if (v.is_null()) return {};
    if (v.is_object()) return Fields(v, place(key)).number("upper");
    Rational x;
    if (v.is_string()) x = rational_from_text(v.get<std::string>(), place(key));
    else if (v.is_number_unsigned()) x = Rational(v.get<std::uint64_t>());
    else if (v.is_number_float()) x = to_rational(v.get<double>());
    else expected("a number >= 0", key);
    if (x < 0) expected("a number >= 0", key);
    return x;
  }
  Rational number(const std::string& key) const {
    if (value(key).is_null()) expected("a number >= 0", key);
    return *number_or_nothing(key);
  }
  std::optional<double> seconds_or_nothing(const std::string& key) const {
    const std::optional<Rational> x = number_or_nothing(key);
    return x ? std::optional(nearest(*x)) : std::nullopt;
  }

  template <class Choice>
  Choice one_of(const std::string& key, std::initializer_list<Choice> choices) const {
    std::string names;
    for (const Choice c : choices) {
      if (value(key) == name(c)) return c;
      names += (names.empty() ? "" : ", ") + std::string(name(c));
    }
    expected("one of " + names, key);
  }
  Verdict verdict(const std::string& key) const {
    return one_of(key, {Verdict::verified, Verdict::refuted, Verdict::undecided});
  }

 private:
  Json object_;
  std::string place_;
};

/// Calls `take` with every object of a JSON-lines file.
void for_each_line(const fs::path& file, std::vector<std::string>& notes,
                   const std::function<void(const Fields&)>& take) {
  const std::string text = read_file(file);
  long number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end == std::string::npos ? end : end - begin);
    begin = end == std::string::npos ? text.size() : end + 1;
    const std::string place = file.string() + ":" + std::to_string(number);
    Json object;
    if (end == std::string::npos && !Json::accept(line)) {
      notes.push_back(file.filename().string() + ", line " + std::to_string(number) +
                      ": the last line is cut, as a killed run leaves it; it is left out.");
      return;
    }
    take(Fields(parse(line, place), place));
  }
}

ClaimRecord claim_of(const Fields& line) {
  ClaimRecord c;
  c.id = line.text("id");
  if (c.id.empty()) line.expected("an id", "id");
  c.paper = line.text_or_nothing("paper");
  c.statement = line.text("statement");
  c.latex = line.text_or_nothing("latex");
  c.source = line.text_or_nothing("source");
  c.file = line.text_or_nothing("file");
  c.corrects = line.text_or_nothing("corrects");
  c.status = line.text_or_nothing("status");
  if (const auto known = {"", "proved", "checked", "statistical", "open"};
      std::find(known.begin(), known.end(), c.status) == known.end())
    line.expected("one of proved, checked, statistical, open", "status");
  c.hypotheses = line.texts("hypotheses");
  c.comparisons = line.texts("comparisons");
  // "statistical": a sampled claim that holds; it is shown as that, never as verified.
  c.verdict = c.status == "statistical" && line.text("verdict") == "statistical" ? Verdict::verified
                                                                                 : line.verdict("verdict");
  c.instances = line.count_or_nothing("instances");
  c.precision = line.count_or_nothing("precision");
  if (!line.object_or_null("ratio").is_null()) {
    const Fields ratio = line.object("ratio");
    c.ratio = ratio.text("decimal");
    c.ratio_exact = ratio.text_or_nothing("exact upper");
    rational_from_text(c.ratio, line.place("ratio"));
  }
  c.worst_instance = line.object_or_null("worst_instance");
  c.constants = line.object_or_null("constants");
  c.seconds = line.seconds_or_nothing("seconds");
  const Fields twin = line.object("twin");
  c.twin = twin.text_or_nothing("name");
  c.twin_witness = twin.object_or_null("witness");
  // The twin's verdict, or at least whether it was refuted; where both are given they must agree.
  const Json& refuted = line.value("twin_refuted");
  if (!refuted.is_null() && !refuted.is_boolean()) line.expected("true or false", "twin_refuted");
  if (!twin.value("verdict").is_null()) c.twin_verdict = twin.verdict("verdict");
  else if (refuted == true) c.twin_verdict = Verdict::refuted;
  if (!refuted.is_null() && refuted != c.twin_refuted())
    line.expected("agreement with the twin's verdict, " + std::string(name(c.twin_verdict)), "twin_refuted");
  return c;
}

std::optional<DegreeAndRank> degree_and_rank(const Fields& line, const std::string& key) {
  if (line.object_or_null(key).is_null()) return {};
  const Fields pair = line.object(key);
  return DegreeAndRank{{pair.count("degree")}, pair.number("rank")};
}

HeadRecord head_of(const Fields& line) {
  HeadRecord h;
  h.name = line.text("head");
  h.layer = line.count_or_nothing("layer");
  h.index = line.count_or_nothing("index");
  h.n = line.count("n");
  h.d = line.count("d");
  h.largest_entry = line.number(line.value("B_exact").is_null() ? "B" : "B_exact");
  h.half_width = line.number_or_nothing("half_width");
  h.half_width_bound = line.number_or_nothing("half_width_bound");
  h.least = degree_and_rank(line, "least");
  h.least_for_bound = degree_and_rank(line, "least_for_bound");
  h.method = line.text("method");
  h.reason = line.text_or_nothing("reason");
  h.epsilon_text = line.text("epsilon");
  h.epsilon = line.number("epsilon");
  h.budget = line.number_or_nothing("budget");
  h.bound = line.number_or_nothing(line.value("bound_exact").is_null() ? "bound" : "bound_exact");
  h.error = line.number_or_nothing("error");
  h.verdict = line.verdict("verdict");
  return h;
}

DegreeRecord degree_of(const Fields& line) {
  DegreeRecord d;
  d.kind = line.one_of("error_kind", {ErrorKind::relative, ErrorKind::absolute});
  d.half_width = line.number("half_width");
  d.epsilon = line.number("epsilon");
  if (d.epsilon == 0) line.expected("a number > 0", "epsilon");
  d.degree = {line.count("degree")};
  d.theory = line.seconds_or_nothing("theory");
  return d;
}

WorstInputRecord worst_input_of(const Fields& line) {
  WorstInputRecord w;
  w.program = line.text("program");
  w.kind = line.text("kind");
  w.origin = line.text_or_nothing("origin");
  w.failure = line.text_or_nothing("failure");
  w.n = line.count("n");
  w.d = line.count("d");
  w.evaluations = line.count("evaluations");
  w.violations = line.count("violations");
  w.box = line.number("bound");
  w.error = line.number_or_nothing("error");
  w.share = line.number_or_nothing("share");
  return w;
}

std::optional<ProvedEnds> ends_or_nothing(const Fields& line, const std::string& key) {
  if (line.object_or_null(key).is_null()) return {};
  const Fields pair = line.object(key);
  const ProvedEnds ends{pair.number("lower"), pair.number("upper")};
  if (ends.lower > ends.upper) line.expected("lower <= upper", key);
  return ends;
}
ProvedEnds ends_of(const Fields& line, const std::string& key) {
  if (line.object_or_null(key).is_null()) line.expected("an enclosure", key);
  return *ends_or_nothing(line, key);
}
HyperAttentionRecord hyper_attention_of(const Fields& line) {
  HyperAttentionRecord h;
  h.input = line.text("input");
  h.kind = line.text("kind");
  if (const auto known = {"uniform", "planted", "head"};
      std::find(known.begin(), known.end(), h.kind) == known.end())
    line.expected("one of uniform, planted, head", "kind");
  h.n = line.count("n");
  h.keys = line.count("keys");
  h.block = line.count("block");
  h.samples = line.count("samples");
  if (!line.value("seed").is_number_unsigned()) line.expected("a whole number >= 0", "seed");
  h.seed = line.value("seed").dump();
  h.alpha = ends_of(line, "alpha");
  h.alpha_over_keys = ends_of(line, "alpha_over_keys");
  h.kappa = ends_or_nothing(line, "kappa");
  h.kappa_outside_blocks = ends_or_nothing(line, "kappa_outside_blocks");
  h.spectral_error = ends_of(line, "spectral_error");
  h.entry_error = ends_of(line, "entry_error");
  h.planted_weight = ends_or_nothing(line, "planted_weight");
  h.gap = ends_or_nothing(line, "gap");
  if (const Json& found = line.value("planted_row_stands_out"); !found.is_null()) {
    if (!found.is_boolean()) line.expected("true or false", "planted_row_stands_out");
    h.stands_out = found.get<bool>();
  }
  return h;
}

/// A number >= 0, or "infinity".
double size_of(const Fields& line, const std::string& key) {
  if (line.value(key) == "infinity") return std::numeric_limits<double>::infinity();
  return nearest(line.number(key));
}
ErrorAgainstBounds error_of(const Fields& line, const std::string& key) {
  const Fields x = line.object(key);
  return {size_of(x, "measured"), size_of(x, "bound_tokens"), size_of(x, "bound_states"),
          size_of(x, "bound_norms")};
}
PropagationRecord propagation_of(const Fields& line) {
  PropagationRecord p;
  p.series = line.text("series");
  p.standing = line.text("standing");
  if (p.standing != "proved" && p.standing != "estimate") line.expected("proved or estimate", "standing");
  p.layer = line.count("layer");
  p.n = line.count("n");
  p.d = line.count("d");
  p.delta = line.text("delta");
  p.forward = error_of(line, "forward");
  p.backward = error_of(line, "backward");
  p.weights = error_of(line, "weights");
  p.growth = error_of(line, "growth");
  p.least_singular_value = nearest(line.number("least_singular_value"));
  p.verdict = line.verdict("verdict");
  return p;
}

void read_plan(const fs::path& file, RunRecord& run) {
  const Fields plan(parse(read_file(file), file.string()), file.string());
  if (plan.value("format") != "attnbounds-run") plan.expected("\"attnbounds-run\"", "format");
  if (plan.value("version") != 1) plan.expected("1", "version");
  if (!plan.value("seed").is_number_unsigned()) plan.expected("a whole number >= 0", "seed");
  run.seed = plan.value("seed").dump();
  run.level = plan.text("level");
  const Json versions = plan.object_or_null("versions");
  for (const auto& [library, version] : versions.items()) {
    if (!version.is_string()) plan.expected("an object of texts", "versions");
    run.versions.emplace_back(library, version.get<std::string>());
  }
  run.planned = plan.texts("claims");
}

void read_claims(const fs::path& file, RunRecord& run) {
  for_each_line(file, run.notes, [&](const Fields& line) {
    ClaimRecord claim = claim_of(line);
    for (const ClaimRecord& earlier : run.claims)
      if (earlier.id == claim.id) line.expected("a claim without an earlier line", "id");
    run.claims.push_back(std::move(claim));
  });
  const auto position = [&](const std::string& id) {
    return std::find(run.planned.begin(), run.planned.end(), id) - run.planned.begin();
  };
  std::stable_sort(run.claims.begin(), run.claims.end(), [&](const ClaimRecord& a, const ClaimRecord& b) {
    return position(a.id) < position(b.id);
  });
  for (const ClaimRecord& c : run.claims)
    if (position(c.id) == static_cast<long>(run.planned.size()))
      run.notes.push_back("claims.jsonl: " + c.id + " is not in the plan of run.json.");
  for (const std::string& id : run.planned)
    if (std::none_of(run.claims.begin(), run.claims.end(), [&](const ClaimRecord& c) { return c.id == id; }))
      run.unfinished.push_back(id);
}

/// The record that a line of certificates.jsonl is about gets what the checker said.
void enter_certificate(const Fields& line, RunRecord& run) {
  const std::string subject = line.text("subject"), name = line.text("name"), verdict = line.text("verdict");
  CertificateMark mark{verdict == "verified" ? "checked"
                       : verdict == "none"   ? "no certificate"
                                             : verdict,
                       line.text_or_nothing("reason"), line.texts("files")};
  if (verdict == "rejected") run.rejected_certificates.emplace_back(subject + " " + name, mark.reason);
  for (std::string& file : mark.files)
    file = (fs::path(line.text_or_nothing("directory")) / file).generic_string();
  const auto enter = [&](const char* of, auto& records, auto name_of, auto certificate) {
    if (subject != of) return;
    for (auto& record : records)
      if (name_of(record) == name) record.*certificate = mark;
  };
  const auto id = [](const ClaimRecord& c) { return c.id; };
  enter("claim", run.claims, id, &ClaimRecord::certificate);
  enter("twin", run.claims, id, &ClaimRecord::twin_certificate);
  enter(
      "head", run.heads, [](const HeadRecord& h) { return h.name; }, &HeadRecord::certificate);
  enter(
      "degree", run.degrees,
      [](const DegreeRecord& d) {
        return attnbounds::name(d.kind) + (" " + Json(nearest(d.half_width)).dump()) + " " +
               Json(nearest(d.epsilon)).dump();
      },
      &DegreeRecord::certificate);
  enter(
      "threshold", run.thresholds, [](const ThresholdRecord& t) { return t.name; },
      &ThresholdRecord::certificate);
  enter(
      "layers", run.propagation, [](const PropagationRecord& p) { return p.series; },
      &PropagationRecord::certificate);
  enter(
      "hyper-attention", run.hyper_attention, [](const HyperAttentionRecord& h) { return h.input; },
      &HyperAttentionRecord::certificate);
}

}  // namespace

double ErrorAgainstBounds::best() const { return std::min({tokens, states, norms}); }

std::vector<PropagationRecord> propagation_records(const std::vector<Json>& lines) {
  std::vector<PropagationRecord> records;
  for (const Json& line : lines) records.push_back(propagation_of(Fields(line, "propagation")));
  return records;
}

std::string results_hash(const std::string& json_lines) {
  std::string results;
  std::istringstream lines(json_lines);
  for (std::string text; std::getline(lines, text);) {
    Json line = Json::parse(text, nullptr, false);
    if (line.is_object()) line.erase("seconds");
    results += (line.is_discarded() ? text : line.dump()) + "\n";
  }
  return sha256(results);
}

RunRecord read_run(const fs::path& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    throw InputError(directory.string(), "the directory of a run (attnbounds verify --out)",
                     fs::exists(directory, error) ? "something else" : "nothing");
  RunRecord run;
  read_plan(directory / "run.json", run);
  read_claims(directory / "claims.jsonl", run);
  if (const fs::path file = directory / "heads.jsonl"; fs::exists(file, error))
    for_each_line(file, run.notes, [&](const Fields& line) { run.heads.push_back(head_of(line)); });
  if (const fs::path file = directory / "degrees.jsonl"; fs::exists(file, error))
    for_each_line(file, run.notes, [&](const Fields& line) { run.degrees.push_back(degree_of(line)); });
  if (const fs::path file = directory / "thresholds.jsonl"; fs::exists(file, error))
    for_each_line(file, run.notes, [&](const Fields& line) {
      if (auto r = threshold_record(line.whole(), line.place())) run.thresholds.push_back(std::move(*r));
    });
  if (const fs::path file = directory / "worst_inputs.jsonl"; fs::exists(file, error))
    for_each_line(file, run.notes, [&](const Fields& line) {
      WorstInputRecord w = worst_input_of(line);
      std::erase_if(run.worst_inputs, [&](const WorstInputRecord& earlier) {
        return std::tie(earlier.program, earlier.kind, earlier.n, earlier.d, earlier.box) ==
               std::tie(w.program, w.kind, w.n, w.d, w.box);
      });
      run.worst_inputs.push_back(std::move(w));
    });
  if (const fs::path file = directory / "hyper_attention.jsonl"; fs::exists(file, error))
    for_each_line(file, run.notes,
                  [&](const Fields& line) { run.hyper_attention.push_back(hyper_attention_of(line)); });
  if (const fs::path file = directory / "propagation.jsonl"; fs::exists(file, error))
    for_each_line(file, run.notes,
                  [&](const Fields& line) { run.propagation.push_back(propagation_of(line)); });
  std::stable_sort(run.heads.begin(), run.heads.end(), [](const HeadRecord& a, const HeadRecord& b) {
    return std::tie(a.layer, a.index, a.name) < std::tie(b.layer, b.index, b.name);
  });
  std::stable_sort(run.degrees.begin(), run.degrees.end(), [](const DegreeRecord& a, const DegreeRecord& b) {
    return std::tie(a.kind, b.epsilon, a.half_width) < std::tie(b.kind, a.epsilon, b.half_width);
  });
  if (const fs::path file = directory / "certificates.jsonl"; fs::exists(file, error))
    for_each_line(file, run.notes, [&](const Fields& line) { enter_certificate(line, run); });
  for (const char* file : {"claims.jsonl", "heads.jsonl", "degrees.jsonl", "thresholds.jsonl",
                           "hyper_attention.jsonl", "propagation.jsonl", "worst_inputs.jsonl"})
    if (fs::exists(directory / file, error))
      run.files.emplace_back(file, results_hash(read_file(directory / file)));
  return run;
}

}  // namespace attnbounds
