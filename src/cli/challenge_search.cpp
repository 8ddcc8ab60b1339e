#include "cli/challenge_search.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "proofs_check/run.hpp"
#include "proofs_check/worst_input/external.hpp"
#include "proofs_check/worst_input/kernels.hpp"
#include "proofs_check/worst_input/search.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::vector<Program> programs_of(const ChallengeSearchOptions& o, const std::vector<std::string>& command,
                                 ProgramKind kind, const fs::path& scratch) {
  const int forms = (command.empty() ? 0 : 1) + (o.library.empty() ? 0 : 1) + (o.kernels.empty() ? 0 : 1) +
                    (o.descriptors.empty() ? 0 : 1);
  if (forms != 1)
    throw InputError("challenge --search", "one program: -- COMMAND…, --library, --kernel or --descriptors",
                     std::to_string(forms) + " of them");
  std::vector<Program> programs;
  for (const std::string& kernel : o.kernels) programs.push_back(named_kernel(kernel, kind));
  if (!o.library.empty()) programs.push_back(library_program(o.library));
  if (!o.descriptors.empty())
    programs.push_back(served_program(Descriptors{o.descriptors[0], o.descriptors[1]}, scratch, o.limit));
  if (!command.empty())
    programs.push_back(o.serve ? served_program(command, scratch, o.limit)
                               : command_program(command, scratch, o.limit));
  return programs;
}

std::string error_text(const Measured& m) {
  return m.comparable ? "in [" + decimal_down(lower(m.error), 6) + ", " + decimal_up(upper(m.error), 6) + "]"
                      : m.failure;
}

void print_result(const Program& program, const SearchResult& r, const SearchSettings& s) {
  say("{} ({}, n = {}, d = {}, B = {}): {} evaluations, {} without a finite output\n", program.name,
      name(s.kind), s.n, s.d, s.box, r.evaluations, r.failures);
  say("  worst error  {}   from: {}\n", error_text(r.worst.measured), r.worst.origin);
  if (const auto& g = r.worst.measured.guarantee)
    say("  guarantee    {:.6g}{}\n", g->bound,
        violates(r.worst.measured) ? "   VIOLATED: " + violated_term(r.worst.measured, r.relations) : "");
  if (r.largest_share) fmt::print("  error/guarantee at most {:.6g} on all evaluations\n", *r.largest_share);
  if (r.violations > 0) fmt::print("  violations   {}\n", r.violations);
  const auto& shrunk = r.shrunk;
  fmt::print("  shrunk       {}\n", error_text(shrunk.measured));
  for (std::size_t i = 0; i < shrunk.input.matrices.size(); ++i) {
    const Matrix<double>& m = shrunk.input.matrices[i];
    std::string rows;
    for (Eigen::Index row = 0; row < m.rows(); ++row) {
      rows += row == 0 ? "[" : "; ";
      for (Eigen::Index l = 0; l < m.cols(); ++l) rows += (l == 0 ? "" : " ") + exact_text(m(row, l));
    }
    say("    {:<4}  {}]\n", matrix_names(s.kind)[i], rows);
  }
  for (const RelationResult& relation : r.relations)
    fmt::print("  {:<28} {}\n", relation.name,
               relation.failure.empty() ? "differs by at most " + decimal_up(upper(relation.difference), 4)
                                        : relation.failure);
}

/// The line of worst_inputs.jsonl, which a report makes a row of.
Json report_line(const Program& program, const SearchResult& r, const SearchSettings& s) {
  Json line = {{"program", program.name},
               {"kind", name(s.kind)},
               {"n", s.n},
               {"d", s.d},
               {"bound", exact_text(s.box)},
               {"evaluations", r.evaluations},
               {"violations", r.violations},
               {"error", nullptr},
               {"failure", r.worst.measured.failure},
               {"origin", r.worst.origin},
               {"share", nullptr}};
  if (r.worst.measured.comparable) {
    const Interval& error = r.worst.measured.error;
    line["error"] = {{"lower", exact_text(lower(error))}, {"upper", exact_text(upper(error))}};
  }
  if (r.largest_share) line["share"] = exact_text(*r.largest_share);
  return line;
}

}  // namespace

void add_search_options(CLI::App& command, ChallengeSearchOptions& o) {
  command.add_option("--n", o.n, "--search: tokens")->capture_default_str();
  command.add_option("--d", o.d, "--search: features")->capture_default_str();
  command.add_option("--bound", o.bound, "--search: B, the box |entries| <= B")->capture_default_str();
  command.add_option("--kind", o.kind, "--search: matrix, causal, tensor or gradient")->capture_default_str();
  command
      .add_option("--entries", o.entries, "--search: what entries are rounded to: float64, float32, bfloat16")
      ->capture_default_str();
  command.add_option("--budget", o.budget, "--search: evaluations")->capture_default_str();
  command
      .add_option("--objective", o.objective, "--search: error, or guarantee (error over the program's own)")
      ->capture_default_str();
  command.add_option("--claims", o.claims, "--search: E, the program claims an error of at most E max|V|");
  command.add_option("--library", o.library,
                     "--search: a shared library (examples/challenge/attnbounds_program.h)");
  command.add_option("--kernel", o.kernels, "--search: a kernel of this program, by name");
  command.add_flag("--serve", o.serve, "--search: COMMAND is started once and answers lines FOLDER<tab>OUT");
  command.add_option("--descriptors", o.descriptors, "--search: two open descriptors, requests and answers")
      ->expected(2);
  command.add_option("--out", o.out, "--search: folder for the worst input, the shrunk one and the state");
  command.add_flag("--resume", o.resume, "--search: go on from the state in --out");
}

ExitStatus challenge_search(const ChallengeSearchOptions& o, const std::vector<std::string>& command) {
  SearchSettings settings;
  settings.kind = program_kind_from_text(o.kind);
  settings.entries = entry_type_from_text(o.entries);
  settings.n = o.n;
  settings.d = o.d;
  settings.box = round_down(rational_from_text(o.bound, "--bound"));
  settings.evaluations = o.budget;
  settings.seed = o.seed;
  settings.threads = o.threads > 0 ? ThreadCount{o.threads} : all_cores();
  if (o.objective != "error" && o.objective != "guarantee")
    throw InputError("--objective", "error or guarantee", "'" + o.objective + "'");
  settings.objective = o.objective == "error" ? Objective::error : Objective::guarantee;
  if (!o.claims.empty()) {
    settings.claimed = rational_from_text(o.claims, "--claims");
    if (*settings.claimed <= 0) throw InputError("--claims", "a number above 0", "'" + o.claims + "'");
  }
  if (o.resume && o.out.empty()) throw InputError("--resume", "the folder of a search in --out", "none");

  const TemporaryFolder scratch;
  const std::vector<Program> programs = programs_of(o, command, settings.kind, scratch.path);
  Json list = Json::array();
  ExitStatus status = ExitStatus::answered;
  for (const Program& program : programs) {
    fs::path folder = o.out;
    if (!o.out.empty()) {
      if (programs.size() > 1) folder /= program.name;
      fs::create_directories(folder);
      settings.state = folder / "search.json";
      if (!o.resume) fs::remove(*settings.state);
    }
    SearchResult result;
    {
      Progress progress(o.quiet ? Progress::Mode::silent : Progress::Mode::automatic);
      result = search_worst_input(program, settings, [&](std::size_t done, std::size_t budget, double worst) {
        progress.at(static_cast<double>(done) / static_cast<double>(budget),
                    fmt::format("{} {:.3g}", program.name, worst));
      });
    }
    Json entry = {{"program", program.name}};
    entry.update(search_json(result, settings));
    if (!o.out.empty()) {
      write_instance(folder / "worst", result.worst.input);
      write_instance(folder / "shrunk", result.shrunk.input);
      write_file_atomically(folder / "result.json", entry.dump(2) + "\n");
    }
    if (!o.out.empty())
      append_line(fs::path(o.out) / "worst_inputs.jsonl", report_line(program, result, settings));
    if (o.json) list.push_back(entry);
    else print_result(program, result, settings);
    const bool not_finite = result.worst.measured.failure == kNotFinite;
    if (result.violations > 0 || not_finite) status = ExitStatus::refuted;
    else if (!result.worst.measured.comparable && status == ExitStatus::answered)
      status = ExitStatus::undecided;
  }
  if (o.json) print_json(programs.size() == 1 ? list.front() : Json{{"searches", list}});
  return status;
}

}  // namespace attnbounds
