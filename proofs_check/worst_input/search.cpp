#include "proofs_check/worst_input/search.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "attention/enclosure.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/random.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
using Json = nlohmann::ordered_json;

constexpr std::size_t kept = 12, children = 16;
constexpr int shrink_budget = 400;

void validate(const SearchSettings& s) {
  const auto positive = [](const char* option, double x) {
    if (!(x > 0) || !std::isfinite(x)) throw InputError(option, "a number above 0", std::to_string(x));
  };
  positive("--n", static_cast<double>(s.n));
  positive("--d", static_cast<double>(s.d));
  positive("--bound", s.box);
  if (s.n > 4096 || s.d > 4096) throw InputError("--n, --d", "at most 4096", "more");
  if (s.evaluations == 0) throw InputError("--budget", "at least one evaluation", "0");
}

std::pair<Index, Index> output_shape(const ProgramInput& in) {
  if (in.kind == ProgramKind::gradient) return {in.matrices[0].cols(), in.matrices[1].cols()};
  return {in.matrices[0].rows(), in.matrices[in.kind == ProgramKind::tensor ? 3 : 2].cols()};
}

/// The scale that a claim is relative to.
Rational value_scale(const ProgramInput& in) {
  if (in.kind == ProgramKind::gradient) return 1;
  const Rational v = to_rational(max_abs(in.matrices[in.kind == ProgramKind::tensor ? 3 : 2]));
  return in.kind == ProgramKind::tensor ? Rational(v * to_rational(max_abs(in.matrices[4]))) : v;
}

// ---- Moves.

double moved_entry(double x, const Matrix<double>& m, double box, Stream& s) {
  const double infinity = std::numeric_limits<double>::infinity();
  switch (s.below(10)) {
    case 0:
      return s.sign() * box;
    case 1:
      return s.sign() * 0.0;
    case 2:
      return -x;
    case 3:
      return std::nextafter(x, s.sign() * infinity);
    case 4:
      return std::ldexp(x, s.sign() * static_cast<int>(1 + s.below(4)));
    case 5:
      return m.data()[s.below(static_cast<std::uint64_t>(m.size()))];
    case 6:
      return s.uniform(box);
    case 7:
      return static_cast<double>(static_cast<float>(x)) + s.sign() * std::abs(x) * 0x1p-25;  // float's ties
    default:
      return x + s.sign() * box * std::ldexp(1.0, -static_cast<int>(s.below(30)));
  }
}

ProgramInput child_of(const std::vector<FoundInput>& population, const SearchSettings& settings, Stream& s,
                      std::string& origin) {
  // The better half twice as often.
  const auto pick = [&] { return std::min(s.below(population.size()), s.below(population.size())); };
  const FoundInput& parent = population[pick()];
  origin = parent.origin;
  ProgramInput child = parent.input;
  if (s.below(4) == 0) {  // rows of another parent
    const ProgramInput& other = population[pick()].input;
    for (std::size_t a = 0; a < child.matrices.size(); ++a)
      for (Index i = 0; i < child.matrices[a].rows(); ++i)
        if (s.sign() < 0) child.matrices[a].row(i) = other.matrices[a].row(i);
  }
  for (std::uint64_t moves = 1 + s.below(3); moves > 0; --moves) {
    Matrix<double>& m = child.matrices[s.below(child.matrices.size())];
    const Index i = static_cast<Index>(s.below(static_cast<std::uint64_t>(m.rows()))),
                l = static_cast<Index>(s.below(static_cast<std::uint64_t>(m.cols())));
    switch (s.below(6)) {
      case 0:
        m.row(i) = m.row(static_cast<Index>(s.below(static_cast<std::uint64_t>(m.rows()))));
        break;
      case 1: {
        const double scale = std::ldexp(1.0, s.sign() * static_cast<int>(1 + s.below(3)));
        m.row(i) *= scale;
        break;
      }
      default:
        m(i, l) = moved_entry(m(i, l), m, settings.box, s);
    }
    for (Index e = 0; e < m.size(); ++e) m.data()[e] = std::clamp(m.data()[e], -settings.box, settings.box);
  }
  return child;
}

// ---- State.

Json fingerprint(const Program& program, const SearchSettings& s) {
  return {{"format", "attnbounds-search"},
          {"program", program.name},
          {"kind", name(s.kind)},
          {"n", s.n},
          {"d", s.d},
          {"bound", exact_text(s.box)},
          {"entries", name(s.entries)},
          {"seed", s.seed},
          {"objective", s.objective == Objective::error ? "error" : "guarantee"},
          {"claimed", s.claimed ? exact_text(*s.claimed) : ""}};
}

struct State {
  std::size_t evaluations = 0, failures = 0, violations = 0;
  std::optional<double> largest_share;
  std::vector<FoundInput> population;  // best first
};

void save(const std::filesystem::path& file, const Json& mark, const State& state) {
  Json j = mark;
  j["evaluations"] = state.evaluations;
  j["failures"] = state.failures;
  j["violations"] = state.violations;
  j["largest_share"] = state.largest_share ? Json(exact_text(*state.largest_share)) : Json();
  j["population"] = Json::array();
  for (const FoundInput& f : state.population)
    j["population"].push_back({{"origin", f.origin}, {"input", input_json(f.input)}});
  write_file_atomically(file, j.dump() + "\n");
}

std::optional<State> load(const std::filesystem::path& file, const Json& mark, const Program& program,
                          const SearchSettings& settings) {
  if (!std::filesystem::exists(file)) return {};
  const Json j = Json::parse(read_file(file), nullptr, false);
  const bool object = !j.is_discarded() && j.is_object();
  for (const auto& [key, value] : mark.items())
    if (!object || j.value(key, Json()) != value)
      throw InputError(file.string(), "the state of this search (" + key + " " + value.dump() + ")",
                       object ? j.value(key, Json()).dump() : "no JSON object");
  State state;
  try {
    state.evaluations = j.at("evaluations");
    state.failures = j.at("failures");
    state.violations = j.at("violations");
    if (!j.at("largest_share").is_null())
      state.largest_share =
          nearest(rational_from_text(j.at("largest_share").get<std::string>(), file.string()));
    for (const Json& f : j.at("population")) {
      FoundInput found{input_from_json(f.at("input"), settings.kind, file.string()), {}, f.at("origin")};
      found.measured = measure(program, found.input, settings);
      state.population.push_back(std::move(found));
    }
  } catch (const Json::exception& error) {
    throw InputError(file.string(), "evaluations and population", error.what());
  }
  return state;
}

// ---- Shrinking.

std::vector<ProgramInput> smaller_inputs(const ProgramInput& in) {
  std::vector<ProgramInput> list;
  const auto& m = in.matrices;
  const bool causal = in.kind == ProgramKind::causal, gradient = in.kind == ProgramKind::gradient;
  // Which matrices share their rows: queries (and E), keys and values, the second keys and values.
  std::vector<std::vector<std::size_t>> groups;
  if (causal) groups = {{0, 1, 2}};
  else if (in.kind == ProgramKind::tensor) groups = {{0}, {1, 3}, {2, 4}};
  else if (gradient) groups = {{0, 5}, {1, 2}};
  else groups = {{0}, {1, 2}};
  for (const auto& group : groups)
    for (Index i = 0; m[group[0]].rows() > 1 && i < m[group[0]].rows(); ++i) {
      list.push_back(in);
      for (const std::size_t a : group) list.back().matrices[a] = without_row(m[a], i);
    }
  if (!gradient) {  // columns of the values
    const std::vector<std::size_t> values =
        in.kind == ProgramKind::tensor ? std::vector<std::size_t>{3, 4} : std::vector<std::size_t>{2};
    for (Index l = 0; m[values[0]].cols() > 1 && l < m[values[0]].cols(); ++l) {
      list.push_back(in);
      for (const std::size_t a : values) list.back().matrices[a] = without_column(m[a], l);
    }
  }
  for (std::size_t a = 0; a < m.size(); ++a)
    for (Index e = 0; e < m[a].size(); ++e) {
      const double x = m[a].data()[e];
      for (const double y : {0.0, std::trunc(x), std::ldexp(std::trunc(std::ldexp(x, 4)), -4),
                             std::ldexp(std::trunc(std::ldexp(x, 16)), -16)})
        if (y != x && (y == 0 || std::abs(y) <= std::abs(x))) {
          list.push_back(in);
          list.back().matrices[a].data()[e] = y;
          break;
        }
    }
  return list;
}

FoundInput shrunk(const Program& program, FoundInput found, const SearchSettings& settings) {
  const bool violation = violates(found.measured), finite = found.measured.comparable;
  const double goal = found.measured.score / 2;
  int evaluations = 0;
  for (bool smaller_found = true; smaller_found && evaluations < shrink_budget;) {
    smaller_found = false;
    for (const ProgramInput& candidate : smaller_inputs(found.input)) {
      if (++evaluations > shrink_budget) break;
      Measured m = measure(program, candidate, settings);
      const bool still = violation ? violates(m)
                         : finite  ? m.comparable && m.score >= goal
                                   : std::isinf(m.score);
      if (!still) continue;
      found.input = candidate;
      found.measured = std::move(m);
      smaller_found = true;
      break;
    }
  }
  return found;
}

}  // namespace

Measured measure(const Program& program, const ProgramInput& input, const SearchSettings& settings) {
  Measured m;
  ProgramAnswer answer = program.run(input);
  m.guarantee = answer.guarantee;
  const WorkingPrecision precision(Bits{160});
  if (!m.guarantee && settings.claimed)
    m.guarantee = Guarantee{round_down(*settings.claimed * value_scale(input)), {}, {}};
  if (!answer.failure.empty()) {
    m.failure = answer.failure;
    m.score = (m.failure == kNotFinite ? 1 : -1) * std::numeric_limits<double>::infinity();
    return m;
  }
  const auto [rows, columns] = output_shape(input);
  if (answer.output.rows() != rows || answer.output.cols() != columns) {
    m.failure = "output of another shape";
    m.score = -std::numeric_limits<double>::infinity();
    return m;
  }
  if (!answer.output.allFinite()) {
    m.failure = kNotFinite;
    m.score = std::numeric_limits<double>::infinity();
    return m;
  }
  m.comparable = true;
  m.error = largest_error(answer.output, exact_output(input)).interval();
  // A guarantee far below the output's scale (keys that are all equal: the gradient is 0) asks for more bits.
  if (m.guarantee && m.guarantee->bound > 0 && !(upper(m.error) <= m.guarantee->bound) && !violates(m))
    m.error =
        largest_error(answer.output, exact_output(input, to_rational(m.guarantee->bound) * dyadic(1, -10)))
            .interval();
  m.score = nearest(midpoint(m.error));
  if (settings.objective == Objective::guarantee && m.guarantee)
    m.score = m.guarantee->bound > 0 ? m.score / m.guarantee->bound
              : m.score > 0          ? std::numeric_limits<double>::max()
                                     : 0;
  return m;
}

bool violates(const Measured& m) {
  if (m.failure == kNotFinite) return m.guarantee.has_value();
  return m.comparable && m.guarantee && std::isfinite(m.guarantee->bound) &&
         to_rational(lower(m.error)) > to_rational(m.guarantee->bound);
}

ProgramInput rounded(ProgramInput input, EntryType type, double box) {
  if (type == EntryType::float64) return input;
  for (Matrix<double>& m : input.matrices)
    for (Index e = 0; e < m.size(); ++e) m.data()[e] = rounded_entry(m.data()[e], type, box);
  return input;
}

std::string violated_term(const Measured& m, const std::vector<RelationResult>& relations) {
  const Guarantee& g = *m.guarantee;
  if (!g.approximation || !g.rounding) return "bound";
  if (*g.approximation == 0) return "rounding";
  if (*g.rounding == 0) return "approximation";
  // Keys in another order, or values scaled by a power of two, leave the approximation as it is: what changes
  // is rounding, at most once in either run.
  for (const RelationResult& r : relations)
    if ((r.name == "invariance/key-permutation" || r.name == "invariance/value-scaling") &&
        r.failure.empty() && to_rational(lower(r.difference)) > 2 * to_rational(*g.rounding))
      return "rounding";
  return "bound";
}

SearchResult search_worst_input(const Program& program, const SearchSettings& asked,
                                const SearchProgress& progress) {
  validate(asked);
  SearchSettings settings = asked;
  settings.entries = std::max(asked.entries, program.entries);
  const ThreadCount threads =
      program.concurrency == Concurrency::any_thread ? settings.threads : ThreadCount{1};
  const Json mark = fingerprint(program, settings);
  SearchResult result;
  result.entries = settings.entries;
  State state;
  const auto note = [&](const Measured& m) {
    ++state.evaluations;
    if (!m.comparable) ++state.failures;
    if (violates(m)) ++state.violations;
    if (m.comparable && m.guarantee && m.guarantee->bound > 0 && std::isfinite(m.guarantee->bound)) {
      const double share = round_up(Rational(to_rational(upper(m.error)) / to_rational(m.guarantee->bound)));
      state.largest_share = std::max(state.largest_share.value_or(0), share);
    }
  };
  const auto select = [&](std::vector<FoundInput> more) {
    for (FoundInput& f : more) {
      note(f.measured);
      state.population.push_back(std::move(f));
    }
    std::stable_sort(
        state.population.begin(), state.population.end(),
        [](const FoundInput& a, const FoundInput& b) { return a.measured.score > b.measured.score; });
    const auto same = [](const FoundInput& a, const FoundInput& b) {
      return a.measured.score == b.measured.score && a.input.matrices == b.input.matrices;
    };
    state.population.erase(std::unique(state.population.begin(), state.population.end(), same),
                           state.population.end());
    if (state.population.size() > kept) state.population.resize(kept);
  };

  auto starts = structured_starts(settings);
  for (auto& [start_name, input] : starts) input = rounded(std::move(input), settings.entries, settings.box);
  std::optional<State> resumed;
  if (settings.state) resumed = load(*settings.state, mark, program, settings);
  if (resumed) {
    state = std::move(*resumed);
  } else {
    result.starts.resize(std::min(starts.size(), settings.evaluations));
    parallel_for(static_cast<long>(result.starts.size()), threads, [&](long i) {
      result.starts[i] = {starts[i].second, measure(program, starts[i].second, settings), starts[i].first};
    });
    select(result.starts);
  }
  // Whole generations only, and children are numbered by the evaluation that they are: so a search that was
  // killed, or is given a larger budget, goes on as if it had never stopped.
  while (state.evaluations + children <= settings.evaluations &&
         !std::isinf(state.population.front().measured.score)) {
    std::vector<FoundInput> made(children);
    parallel_for(static_cast<long>(children), threads, [&](long i) {
      Stream stream(settings.seed, "worst-input/child", state.evaluations + static_cast<std::size_t>(i));
      made[i].input = rounded(child_of(state.population, settings, stream, made[i].origin), settings.entries,
                              settings.box);
      made[i].measured = measure(program, made[i].input, settings);
    });
    select(std::move(made));
    if (settings.state) save(*settings.state, mark, state);
    if (progress) progress(state.evaluations, settings.evaluations, state.population.front().measured.score);
  }
  result.worst = state.population.front();
  result.evaluations = state.evaluations;
  result.failures = state.failures;
  result.violations = state.violations;
  result.largest_share = state.largest_share;
  result.shrunk = shrunk(program, result.worst, settings);
  result.relations = check_relations(program, result.worst.input, settings);
  return result;
}

namespace {

Json enclosed_json(const Interval& x) {
  return {{"lower", decimal_down(lower(x), 6)},
          {"upper", decimal_up(upper(x), 6)},
          {"exact_lower", exact_text(lower(x))},
          {"exact_upper", exact_text(upper(x))}};
}

Json found_json(const FoundInput& f, const std::vector<RelationResult>& relations) {
  Json j = {{"origin", f.origin}, {"error", nullptr}, {"failure", f.measured.failure}};
  if (f.measured.comparable) j["error"] = enclosed_json(f.measured.error);
  j["guarantee"] = nullptr;
  if (const auto& g = f.measured.guarantee) {
    j["guarantee"] = {{"bound", g->bound}};
    if (g->approximation) j["guarantee"]["approximation"] = *g->approximation;
    if (g->rounding) j["guarantee"]["rounding"] = *g->rounding;
  }
  j["violates"] = nullptr;
  if (violates(f.measured)) j["violates"] = violated_term(f.measured, relations);
  j["input"] = input_json(f.input);
  return j;
}

}  // namespace

nlohmann::ordered_json search_json(const SearchResult& r, const SearchSettings& s) {
  Json j = {{"seed", s.seed},
            {"kind", name(s.kind)},
            {"n", s.n},
            {"d", s.d},
            {"bound", s.box},
            {"entries", name(r.entries)},
            {"evaluations", r.evaluations},
            {"failures", r.failures},
            {"violations", r.violations},
            {"largest_share_of_guarantee", nullptr}};
  if (r.largest_share) j["largest_share_of_guarantee"] = *r.largest_share;
  j["worst"] = found_json(r.worst, r.relations);
  j["shrunk"] = found_json(r.shrunk, {});
  j["relations"] = Json::array();
  for (const RelationResult& relation : r.relations) {
    j["relations"].push_back(
        {{"name", relation.name}, {"difference", nullptr}, {"failure", relation.failure}});
    if (relation.failure.empty()) j["relations"].back()["difference"] = enclosed_json(relation.difference);
  }
  j["starts"] = Json::array();
  for (const FoundInput& f : r.starts) {
    j["starts"].push_back({{"name", f.origin}, {"error", nullptr}, {"failure", f.measured.failure}});
    if (f.measured.comparable) j["starts"].back()["error"] = decimal_up(upper(f.measured.error), 6);
  }
  return j;
}

}  // namespace attnbounds
