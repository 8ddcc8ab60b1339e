// Shrinking is our own (greedy: the first smaller case that still shows the failure, until there is none).
// RapidCheck's is tied to its own random source, which is not counter-based: a case would no longer be named
// by (seed, claim, index), and its results would depend on the order in which instances run.
#include "proofs_check/run.hpp"

#include <fstream>
#include <mutex>
#include <sstream>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/stopwatch.hpp"
#include "numeric/zoo.hpp"
#include "proofs_check/as_printed.hpp"

namespace attnbounds {
namespace {

constexpr int kShrinkBudget = 2000;  // evaluations
constexpr int kDigits = 6;

struct Outcome {
  Compared compared;  // of the comparison that refutes, is undecided, or has the largest ratio
  std::optional<double> ratio;
  std::size_t comparison = 0;
  Bits precision;  // the largest over the comparisons
  Verdict verdict() const { return compared.decision.verdict; }
};

/// left / right, or what is certainly above it, rounded up; 0 if left <= 0 <= right; none if right may be
/// <= 0 < left.
std::optional<double> ratio_of(const Compared& compared) {
  const Decision& d = compared.decision;
  if (!is_finite(d.left) || !is_finite(d.right)) return {};
  const Rational observed = compared.exact ? compared.exact->first : to_rational(upper(d.left));
  const Rational bound = compared.exact ? compared.exact->second : to_rational(lower(d.right));
  if (observed <= 0 && bound >= 0) return 0.0;
  if (bound <= 0) return {};
  return round_up(Rational(observed / bound));
}

Outcome judge(const std::vector<Comparison>& comparisons, const AnyCase& c, const Found& found) {
  const auto rank = [](Verdict v) { return v == Verdict::refuted ? 2 : v == Verdict::undecided ? 1 : 0; };
  Outcome worst;
  for (std::size_t k = 0; k < comparisons.size(); ++k) {
    const Compared compared = comparisons[k].decide(c, found);
    const std::optional<double> ratio = ratio_of(compared);
    const Verdict verdict = compared.decision.verdict;
    const Bits precision = std::max(worst.precision, compared.decision.precision);
    if (k == 0 || rank(verdict) > rank(worst.verdict()) ||
        (verdict == worst.verdict() && ratio && (!worst.ratio || *ratio > *worst.ratio)))
      worst = {compared, ratio, k, {}};
    worst.precision = precision;
  }
  return worst;
}

const std::string* broken_hypothesis(const Claim& claim, const AnyCase& c,
                                     const std::optional<std::string>& dropped) {
  for (const Hypothesis& h : claim.hypotheses)
    if (h.name != dropped && !h.holds(c) && !bug(Bug::hypotheses_unchecked)) return &h.name;
  return nullptr;
}

AnyCase draw_case(const Claim& claim, const Instances& instances, const RunSettings& settings,
                  std::size_t index, const std::optional<std::string>& dropped = {}) {
  Draw draw{Stream(settings.seed, dropped ? claim.id + " without " + *dropped : claim.id, index), index,
            settings.level};
  AnyCase c = instances.draw(draw);
  if (const std::string* broken = broken_hypothesis(claim, c, dropped))
    throw std::logic_error(claim.id + ": instance " + std::to_string(index) +
                           " breaks the hypothesis: " + *broken);
  return c;
}

Witness witness_of(const Claim& claim, const std::vector<Comparison>& comparisons, const AnyCase& c,
                   std::size_t index, const Outcome& outcome) {
  return {index, comparisons[outcome.comparison].name, claim.describe(c), outcome.compared, 0};
}

Witness shrunk(const Claim& claim, const std::vector<Comparison>& comparisons, AnyCase c, std::size_t index,
               Outcome outcome, const Found& found, const std::optional<std::string>& dropped = {}) {
  int steps = 0, evaluations = 0;
  for (bool smaller_found = true; smaller_found && evaluations < kShrinkBudget;) {
    smaller_found = false;
    for (const AnyCase& candidate : claim.smaller(c)) {
      if (++evaluations > kShrinkBudget) break;
      if (broken_hypothesis(claim, candidate, dropped)) continue;
      const Outcome o = judge(comparisons, candidate, found);
      if (o.verdict() != Verdict::refuted) continue;
      c = candidate;
      outcome = o;
      ++steps;
      smaller_found = true;
      break;
    }
  }
  Witness w = witness_of(claim, comparisons, c, index, outcome);
  w.shrink_steps = steps;
  return w;
}

Found find_constants(const Claim& claim, const std::vector<AnyCase>& cases, ThreadCount threads) {
  Found found;
  for (const ConstantToFind& constant : claim.constants) {
    std::vector<Interval> values(cases.size());
    parallel_for(cases.size(), threads, [&](long i) {
      const WorkingPrecision guard(Bits{128});
      values[i] = constant.of(cases[i]);
    });
    const WorkingPrecision guard(Bits{128});
    const Interval sign = constant.extreme == Extreme::largest ? 1 : -1;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const auto best = found.find(constant.name);
      if (best == found.end()) found[constant.name] = {values[i], i};
      else {
        FoundConstant& b = best->second;
        if (upper(values[i] * sign) > upper(b.value * sign)) b.attained_at = i;
        b.value =
            constant.extreme == Extreme::largest ? maximum(b.value, values[i]) : minimum(b.value, values[i]);
      }
    }
  }
  return found;
}

TwinResult run_twin(const Claim& claim, const RunSettings& settings, const std::vector<AnyCase>& cases,
                    const Found& found, std::size_t likely) {
  TwinResult result{claim.twin.name, Verdict::undecided, {}};
  if (bug(Bug::twin_not_tried)) return {claim.twin.name, Verdict::refuted, {}};
  const std::vector<Comparison> comparisons{claim.twin.comparison};
  const auto& own = claim.twin.instances;
  const auto& dropped = claim.twin.dropped_hypothesis;
  const std::size_t count = own ? own->count(settings.level) : cases.size();
  const auto case_at = [&](long i) { return own ? draw_case(claim, *own, settings, i, dropped) : cases[i]; };
  // The claim's worst instance first, then all in blocks; the smallest index of the first block decides.
  std::vector<std::size_t> order;
  if (likely < count) order.push_back(likely);
  for (std::size_t i = 0; i < count; ++i) order.push_back(i);
  bool undecided = false;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    end = begin == 0 ? 1 : std::min(order.size(), begin + 64);
    std::vector<Outcome> outcomes(end - begin);
    std::vector<AnyCase> drawn(end - begin);
    parallel_for(end - begin, settings.threads, [&](long i) {
      drawn[i] = case_at(order[begin + i]);
      outcomes[i] = judge(comparisons, drawn[i], found);
    });
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      undecided = undecided || outcomes[i].verdict() == Verdict::undecided;
      if (outcomes[i].verdict() != Verdict::refuted) continue;
      result.verdict = Verdict::refuted;
      result.witness = shrunk(claim, comparisons, drawn[i], order[begin + i], outcomes[i], found, dropped);
      return result;
    }
  }
  result.verdict = undecided ? Verdict::undecided : Verdict::verified;
  return result;
}

Json enclosure_json(const Interval& x) {
  return {{"lower", decimal_down(lower(x), kDigits)}, {"upper", decimal_up(upper(x), kDigits)}};
}

Json exact_enclosure_json(const Interval& x) {
  Json j = enclosure_json(x);
  j["exact_lower"] = exact_text(lower(x));
  j["exact_upper"] = exact_text(upper(x));
  return j;
}

}  // namespace

Json Witness::to_json() const {
  Json j = {{"index", index}, {"comparison", comparison}, {"instance", instance}};
  j["left"] = enclosure_json(compared.decision.left);
  j["right"] = enclosure_json(compared.decision.right);
  if (compared.exact) {
    j["left"] = exact_text(compared.exact->first);
    j["right"] = exact_text(compared.exact->second);
  }
  if (shrink_steps > 0) j["shrink_steps"] = shrink_steps;
  return j;
}

ClaimResult run_claim(const Claim& claim, const RunSettings& settings, const InstanceProgress& progress) {
  const Stopwatch stopwatch;
  if (claim.comparisons.empty() || claim.twin.name.empty())
    throw std::logic_error(claim.id + ": a claim needs a comparison and a false twin");
  const std::size_t count = claim.instances.count(settings.level);
  std::vector<AnyCase> cases(count);
  std::vector<Outcome> outcomes(count);
  std::atomic<std::size_t> done{0};
  const Found none;
  parallel_for(count, settings.threads, [&](long i) {
    cases[i] = draw_case(claim, claim.instances, settings, i);
    outcomes[i] = judge(claim.comparisons, cases[i], none);
    if (progress) progress(++done, count);
  });

  ClaimResult result;
  result.instances = count;
  result.verdict = count == 0 ? Verdict::undecided : Verdict::verified;  // nothing tried, nothing verified
  std::size_t worst = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Outcome& o = outcomes[i];
    result.precision = std::max(result.precision, o.precision);
    if (o.ratio && (!result.ratio || *o.ratio > *result.ratio)) {
      result.ratio = o.ratio;
      if (result.verdict == Verdict::verified) worst = i;
    }
    if (o.verdict() == Verdict::refuted && result.verdict != Verdict::refuted &&
        !bug(Bug::counterexample_passed_over)) {
      result.verdict = Verdict::refuted;
      worst = i;
    } else if (o.verdict() == Verdict::undecided && result.verdict == Verdict::verified) {
      result.verdict = Verdict::undecided;
      worst = i;
    }
  }
  if (result.verdict == Verdict::refuted)
    result.worst = shrunk(claim, claim.comparisons, cases[worst], worst, outcomes[worst], none);
  else if (count > 0)
    result.worst = witness_of(claim, claim.comparisons, cases[worst], worst, outcomes[worst]);
  result.constants = find_constants(claim, cases, settings.threads);
  result.twin = run_twin(claim, settings, cases, result.constants, worst);
  result.seconds = stopwatch.seconds();
  return result;
}

Json log_line(const Claim& claim, const ClaimResult& result) {
  Json j;
  j["id"] = claim.id;
  j["paper"] = claim.paper;
  j["statement"] = claim.statement;
  j["latex"] = claim.latex;
  j["source"] = claim.source();
  j["file"] = claim.file;
  j["hypotheses"] = Json::array();
  for (const Hypothesis& h : claim.hypotheses) j["hypotheses"].push_back(h.name);
  j["comparisons"] = Json::array();
  for (const Comparison& x : claim.comparisons) j["comparisons"].push_back(x.name);
  if (const auto printed = failures_as_printed().find(claim.id); printed != failures_as_printed().end())
    j["corrects"] = printed->second;
  j["status"] = name(claim.standing);
  j["verdict"] = verdict_name(claim.standing, result.verdict);
  j["instances"] = result.instances;
  if (result.ratio)
    j["ratio"] = {{"decimal", decimal_up(Real(*result.ratio), kDigits)},
                  {"exact upper", exact_text(*result.ratio)}};
  else j["ratio"] = nullptr;
  j["worst_instance"] = result.worst ? result.worst->to_json() : Json();
  j["precision"] = result.precision.count;
  j["twin"] = {{"name", result.twin.name}, {"verdict", name(result.twin.verdict)}};
  j["twin"]["witness"] = result.twin.witness ? result.twin.witness->to_json() : Json();
  j["twin_refuted"] = result.twin_refuted();
  j["constants"] = Json::object();
  for (const ConstantToFind& c : claim.constants) {
    const auto found = result.constants.find(c.name);
    if (found == result.constants.end()) continue;
    Json entry = exact_enclosure_json(found->second.value);
    entry["meaning"] = c.meaning;
    entry["attained_at"] = found->second.attained_at;
    j["constants"][c.name] = entry;
  }
  j["seconds"] = result.seconds;
  return j;
}

Json verify_entry(const Json& line) {
  Json j;
  for (const char* key : {"id", "verdict", "instances"}) j[key] = line.at(key);
  const Json& ratio = line.at("ratio");
  j["ratio"] = nullptr;
  if (!ratio.is_null()) {
    j["ratio"] = round_up(rational_from_text(ratio.at("exact upper").get<std::string>(), "ratio"));
    j["ratio_exact"] = ratio.at("exact upper");
  }
  for (const char* key : {"worst_instance", "precision", "twin_refuted", "twin", "constants", "seconds"})
    j[key] = line.at(key);
  return j;
}

std::optional<DrawnAgain> drawn_again(const Claim& claim, const RunSettings& settings, const Json& witness,
                                      Of of) {
  if (!witness.is_object() || witness.contains("shrink_steps")) return {};
  const bool own = of == Of::twin && claim.twin.instances;
  const std::size_t index = witness.at("index").get<std::size_t>();
  DrawnAgain again{
      own ? draw_case(claim, *claim.twin.instances, settings, index, claim.twin.dropped_hypothesis)
          : draw_case(claim, claim.instances, settings, index)};
  if (claim.describe(again.instance) != witness.at("instance"))
    throw std::logic_error(claim.id + ": instance " + std::to_string(index) + " is not the one of the log");
  if (of == Of::twin) again.comparison = &claim.twin.comparison;
  for (const Comparison& c : claim.comparisons)
    if (of == Of::claim && c.name == witness.at("comparison")) again.comparison = &c;
  return again;
}

const char* verdict_name(Standing standing, Verdict verdict) {
  return standing == Standing::statistical && verdict == Verdict::verified ? name(standing) : name(verdict);
}

Verdict overall_verdict(const std::vector<Json>& claim_lines, const std::vector<Json>& head_lines) {
  Verdict overall = Verdict::verified;
  const auto meet = [&](const Json& line) {
    const bool toothless = line.contains("twin_refuted") && !line.at("twin_refuted").get<bool>();
    if (line.at("verdict") == "refuted" || toothless) overall = Verdict::refuted;
    else if (line.at("verdict") == "undecided" && overall == Verdict::verified) overall = Verdict::undecided;
  };
  for (const Json& line : claim_lines) meet(line);
  for (const Json& line : head_lines) meet(line);
  return overall;
}

Json versions() {
#if defined(__clang__)
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "gcc " __VERSION__;
#endif
  Json j;
  j["attnbounds"] = ATTNBOUNDS_VERSION;
  for (const auto& [library, version] : library_versions()) j[library] = version;
  j["compiler"] = compiler;
  return j;
}

void append_line(const std::filesystem::path& file, const Json& line) {
  std::ofstream out(file, std::ios::app);
  out << line.dump() << '\n' << std::flush;
  if (!out) throw InputError(file.string(), "a file that can be written", "a failed write");
}

RunLog::RunLog(std::filesystem::path directory, const RunSettings& settings,
               const std::vector<const Claim*>& planned, Resume resume)
    : file_(directory / "claims.jsonl") {
  const std::filesystem::path plan_file = directory / "run.json";
  std::string kept;
  if (resume == Resume::yes && std::filesystem::exists(plan_file) && std::filesystem::exists(file_)) {
    const Json earlier = Json::parse(read_file(plan_file), nullptr, false);
    if (earlier.is_discarded() || !earlier.is_object() || earlier.value("seed", Json()) != settings.seed ||
        earlier.value("level", Json()) != name(settings.level))
      throw InputError(
          plan_file.string(),
          "a run with seed " + std::to_string(settings.seed) + " and level " + name(settings.level),
          "another run");
    std::istringstream lines(read_file(file_));
    for (std::string text; std::getline(lines, text);) {
      const Json line = Json::parse(text, nullptr, false);  // a line cut by a kill does not parse: redone
      if (line.is_discarded() || !line.is_object() || !line.contains("seconds")) continue;
      finished_[line.at("id").get<std::string>()] = line;
      kept += text + "\n";
    }
  }
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw InputError(directory.string(), "a directory that can be made", error.message());
  Json plan = {
      {"format", "attnbounds-run"}, {"version", 1}, {"seed", settings.seed}, {"level", name(settings.level)}};
  plan["versions"] = versions();
  plan["claims"] = Json::array();
  for (const Claim* c : planned) plan["claims"].push_back(c->id);
  write_file_atomically(plan_file, plan.dump(2) + "\n");
  write_file_atomically(file_, kept);
}

const Json* RunLog::finished(const std::string& id) const {
  const auto line = finished_.find(id);
  return line == finished_.end() ? nullptr : &line->second;
}

void RunLog::append(const Json& line) { append_line(file_, line); }

void RunLog::rewrite(const std::vector<Json>& lines) {
  std::string text;
  for (const Json& line : lines) text += line.dump() + "\n";
  write_file_atomically(file_, text);
}

}  // namespace attnbounds
