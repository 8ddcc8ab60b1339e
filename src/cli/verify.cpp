// attnbounds verify: checks the claims and the real heads. One row a claim; with --out, the run's log and
// its report.
#include <fmt/format.h>

#include <map>
#include <sstream>

#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/ranks.hpp"
#include "cli/terminal.hpp"
#include "cli/verify_card.hpp"
#include "cli/verify_paper.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "proofs_check/certificate/run_certificates.hpp"
#include "proofs_check/degrees.hpp"
#include "proofs_check/heads.hpp"
#include "proofs_check/hyper_attention.hpp"
#include "proofs_check/propagation.hpp"
#include "proofs_check/run.hpp"
#include "report/report.hpp"
#include "sweep/neighbours.hpp"
#include "sweep/theory.hpp"

namespace attnbounds {
namespace {

struct Options {
  std::vector<std::string> papers, claims, cards;
  std::string paper_claims, level = "quick", out, data = ATTNBOUNDS_SOURCE_DIR "/tests/data/heads",
                            head_epsilon = "1e-3", layers = ATTNBOUNDS_SOURCE_DIR "/tests/data/layers",
                            weights, certificates;
  bool resume = false;
  CommonOptions common;
};

std::string key_of(std::string paper) {
  std::replace(paper.begin(), paper.end(), '_', '-');  // the folder's name is welcome too
  return paper;
}

bool names_paper(const Options& options, const std::string& key) {
  return std::any_of(options.papers.begin(), options.papers.end(),
                     [&](const std::string& p) { return key_of(p) == key; });
}

std::vector<const Claim*> chosen_claims(const Options& options) {
  for (const std::string& id : options.claims) claim_by_id(id);
  for (const std::string& p : options.papers)
    if (std::none_of(papers().begin(), papers().end(),
                     [&](const Paper& paper) { return paper.key == key_of(p); }))
      throw InputError("--paper", "a paper of `attnbounds claims`", "'" + p + "'");
  std::vector<const Claim*> chosen;
  for (const Claim& c : all_claims()) {
    const bool named = std::count(options.claims.begin(), options.claims.end(), c.id) > 0;
    if (named || names_paper(options, c.paper) || (options.claims.empty() && options.papers.empty()))
      chosen.push_back(&c);
  }
  return chosen;
}

void print_row(const Json& line) {
  const Json& ratio = line.at("ratio");
  const std::string id = line.at("id");
  // A long id has a line of its own: its end is what tells it from its neighbours.
  fmt::print("{:<35}{}{:>6} {:>9} {:>5} {:<11} {}\n", id, id.size() > 35 ? "\n" + std::string(36, ' ') : " ",
             line.at("instances").get<long>(),
             ratio.is_null() ? "-" : ratio.at("decimal").get<std::string>().substr(0, 9),
             line.at("precision") == 0 ? "exact" : std::to_string(line.at("precision").get<long>()),
             in_colour(fmt::format("{:<11}", line.at("verdict").get<std::string>())),
             in_colour(line.at("twin_refuted").get<bool>() ? "yes" : "NO"));
  for (const auto& [name, c] : line.at("constants").items())
    say("    {}:  {} in [{}, {}]\n", name, c.at("meaning").get<std::string>(),
        c.at("lower").get<std::string>(), c.at("upper").get<std::string>());
}

/// A decimal that was rounded up, with fewer digits, rounded up again.
std::string shorter(const Json& decimal, int digits) {
  return decimal_up(upper(enclose(rational_from_text(decimal.get<std::string>(), "decimal"))), digits);
}

void print_heads(const std::vector<Json>& heads) {
  fmt::print("\n{:<13} {:>6} {:>6} {:>8} {:>4} {:>9} {:<10} {:>8} {:>8}\n", "head", "B", "B/s", "half-w.",
             "deg", "rank", "method", "bound", "error");
  for (const Json& h : heads)
    fmt::print("{:<13.13} {:>6.2f} {:>6} {:>8} {:>4} {:>9} {:<10} {:>8.1e} {:>8}\n",
               h.at("head").get<std::string>(), h.at("B").get<double>(),
               shorter(h.at("B_over_sqrt_log_n").at("upper"), 3), shorter(h.at("half_width").at("upper"), 4),
               h.at("least").at("degree").get<long>(), shorter(h.at("least").at("rank_decimal"), 3),
               h.at("method").get<std::string>(), h.at("bound").get<double>(),
               shorter(h.at("error").at("upper"), 2));
  fmt::print(
      "B/s: B/sqrt(log n); half-w.: half-width of the scores after shifts;\n"
      "deg, rank: least for the budget\n");
}

/// The last layer of every series.
void print_propagation(const std::vector<Json>& lines) {
  const auto text = [](const Json& x) {
    return x.is_number() ? fmt::format("{:.3g}", x.get<double>()) : "inf";
  };
  fmt::print("\n{:<23} {:>2} {:>8} {:>8} {:>8} {:>8} {:>8} {}\n", "layers", "m", "error", "growth", "tokens",
             "states", "norms", "standing");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Json& j = lines[i];
    if (i + 1 < lines.size() && lines[i + 1].at("series") == j.at("series")) continue;
    const Json& growth = j.at("growth");
    fmt::print("{:<23.23} {:>2} {:>8} {:>8} {:>8} {:>8} {:>8} {}\n", j.at("series").get<std::string>(),
               j.at("layer").get<long>(), text(j.at("forward").at("measured")), text(growth.at("measured")),
               text(growth.at("bound_tokens")), text(growth.at("bound_states")),
               text(growth.at("bound_norms")), j.at("standing").get<std::string>());
  }
  fmt::print("growth of the error a layer: measured, and of the three proved recursions\n");
}

/// What went wrong, a line each on standard error.
void complain(const std::vector<Json>& lines, const std::vector<Json>& heads,
              const std::vector<Json>& propagation) {
  for (const Json& line : lines) {
    const std::string id = line.at("id");
    if (line.at("verdict") == "refuted" || line.at("verdict") == "undecided")
      fmt::print(stderr, "{}: {}: {}\n", id, line.at("verdict").get<std::string>(),
                 line.at("worst_instance").dump());
    if (!line.at("twin_refuted").get<bool>())
      fmt::print(stderr, "{}: its false twin ({}) was not refuted: the check cannot fail\n", id,
                 line.at("twin").at("name").get<std::string>());
  }
  for (const Json& head : heads)
    if (head.at("verdict") != "verified")
      fmt::print(stderr, "{}: {}: error {} against bound {}, budget {}\n", head.at("head").get<std::string>(),
                 head.at("verdict").get<std::string>(), head.at("error").dump(), head.at("bound").dump(),
                 head.at("budget").dump());
  for (const Json& line : propagation)
    if (line.at("verdict") != "verified")
      fmt::print(stderr, "{}, layer {}: {}: {}\n", line.at("series").get<std::string>(),
                 line.at("layer").get<long>(), line.at("verdict").get<std::string>(), line.dump());
}

std::string lines_text(const std::vector<Json>& lines) {
  std::string text;
  for (const Json& line : lines) text += line.dump() + "\n";
  return text;
}

/// What the checker says of all certificates; DIR/certificates.jsonl of --out says where they are.
std::vector<Json> certify(RunCertificates& certificates, const std::string& out) {
  std::vector<Json> checked = certificates.check();
  if (out.empty()) return checked;
  for (Json& line : checked)
    line["directory"] = std::filesystem::relative(certificates.directory(), out).generic_string();
  write_file_atomically(std::filesystem::path(out) / "certificates.jsonl", lines_text(checked));
  return checked;
}

Json certificate_counts(const std::vector<Json>& certified) {
  Json counts = {{"verified", 0}, {"rejected", 0}, {"not checked", 0}, {"none", 0}};
  for (const Json& line : certified) {
    Json& count = counts[line.at("verdict").get<std::string>()];
    count = count.get<long>() + 1;
  }
  return counts;
}

ExitStatus status_of(Verdict verdict) {
  return verdict == Verdict::verified  ? ExitStatus::answered
         : verdict == Verdict::refuted ? ExitStatus::refuted
                                       : ExitStatus::undecided;
}

/// Naming claims or papers leaves out the heads and the layers, which belong to the whole run, and
/// HyperAttention's rows, unless its paper is named.
enum class Scope { whole, named };

/// The points of the report's pictures: the threshold of matrix and tensor attention at c = C = 1, then what
/// the neighbouring theorems need beside them.
std::vector<SweepTask> threshold_tasks(DegreeProofs proofs) {
  TheoryGrid grid;
  grid.proofs = proofs;
  grid.kinds = {AttentionKind::matrix, AttentionKind::tensor};
  for (const char* n :
       {"2^10", "2^14", "2^20", "2^28", "2^40", "2^57", "2^80", "2^114", "2^161", "2^228", "2^400"})
    grid.n.push_back({n});
  for (const long eighths : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32}) grid.kappa.push_back(Rational(eighths, 8));
  grid.c = grid.C = {1};
  std::vector<SweepTask> tasks = theory_tasks(grid);
  for (const SweepTask& task : neighbour_tasks(proofs))
    if (std::none_of(tasks.begin(), tasks.end(), [&](const SweepTask& t) { return t.name == task.name; }))
      tasks.push_back(task);
  return tasks;
}

/// What a run measures besides claims and heads: small tasks, each on one thread. The result: {"lines", and
/// with --certificates "proofs", a list of `proofs_of`}.
struct Measurement {
  std::string file;  // of the run, where the lines belong
  std::string name;
  std::function<Json()> measure;
};
Json one_line(const Json& line) { return {{"lines", Json::array({line})}}; }
Json one_line(const Json& line, const Json& proofs) {
  return {{"lines", Json::array({line})}, {"proofs", Json::array({proofs})}};
}
std::vector<Measurement> measurements(const Options& options, const RunSettings& settings, Scope scope) {
  std::vector<Measurement> list;
  const bool certifying = !options.certificates.empty();
  const auto add = [&](const char* file, const std::string& name, std::function<Json()> measure) {
    list.push_back({file, name + (certifying ? " certified" : ""), std::move(measure)});
  };
  if (scope == Scope::whole)
    for (const PropagationSeries& series : propagation_series(settings, options.layers, options.weights))
      add("propagation.jsonl", "layers " + series.name + " " + options.weights,
          [series, certifying]() -> Json {
            Json result = {{"lines", series.measure()}};
            if (!certifying) return result;
            const Json proofs = series.no_certificate.empty() ? series.prove() : Json::object();
            Json files = Json::object();
            for (const auto& [constants, certificate] : proofs.items())
              files[proof_file("layers", series.name + " " + constants)] = certificate;
            result["proofs"] = Json::array({proofs_of("layers", series.name, files, series.no_certificate)});
            return result;
          });
  if (options.out.empty()) return list;
  if (scope == Scope::whole || names_paper(options, "han-et-al-2023-hyperattention"))
    for (const HyperAttentionRow& row : hyper_attention_rows(settings, options.data))
      add("hyper_attention.jsonl", row.name, [row, certifying]() -> Json {
        const Json line = row.measure();
        if (!certifying) return one_line(line);
        return one_line(line, proofs_of("hyper-attention", line.at("input"), Json::object(),
                                        "the checker has neither spectral norms nor the sampled method"));
      });
  for (const DegreePoint& point : degree_points())
    add("degrees.jsonl",
        std::string("degree ") + name(point.kind) + " " + exact_text(point.half_width) + " " +
            exact_text(point.epsilon),
        [point, certifying]() -> Json {
          const PlottedDegree degree = plotted_degree(point);
          if (!certifying) return one_line(degree.line);
          const std::string name = degree_name(degree.line);
          return one_line(degree.line,
                          proofs_of("degree", name, {{proof_file("degrees", name), degree.certificate}}));
        });
  for (const SweepTask& task : threshold_tasks(certifying ? DegreeProofs::with : DegreeProofs::none))
    add("thresholds.jsonl", "threshold " + task.name, [task]() -> Json {
      Json line = task.run();
      if (!line.contains("proofs")) return one_line(line);
      Json files = Json::object();
      for (const auto& [side, certificate] : line["proofs"].items())
        files[proof_file("thresholds", task.name + " " + side)] = certificate;
      line.erase("proofs");
      return one_line(line, proofs_of("threshold", task.name, files, "no degree that the checker can prove"));
    });
  return list;
}

/// The results of tasks other than claims by the task's name, kept in DIR/tasks.jsonl while the run lasts.
class FinishedTasks {
 public:
  FinishedTasks(std::filesystem::path file, RunLog::Resume resume) : file_(std::move(file)) {
    std::string kept;
    if (resume == RunLog::Resume::yes && std::filesystem::exists(file_)) {
      std::istringstream lines(read_file(file_));
      for (std::string text; std::getline(lines, text);) {
        const Json line = Json::parse(text, nullptr, false);  // a line cut by a kill does not parse: redone
        if (!line.is_object() || !line.contains("task") || !line.contains("result")) continue;
        results_[line["task"].get<std::string>()] = line["result"];
        kept += text + "\n";
      }
    }
    write_file_atomically(file_, kept);
  }
  const Json* find(const std::string& task) const {
    const auto found = results_.find(task);
    return found == results_.end() ? nullptr : &found->second;
  }
  void append(const std::string& task, const Json& result) {
    append_line(file_, {{"task", task}, {"result", result}});
  }
  void remove() { std::filesystem::remove(file_); }

 private:
  std::filesystem::path file_;
  std::map<std::string, Json> results_;
};

// Everything is an independent task: claims and heads one at a time on a rank, each with the rank's threads;
// then the measurements, one a thread.
ExitStatus verify(const Options& options) {
  const RunSettings settings{options.common.seed, level_from_text(options.level),
                             options.common.threads > 0 ? ThreadCount{options.common.threads}
                             : rank_count() > 1         ? ThreadCount{1}
                                                        : all_cores()};
  if (!options.paper_claims.empty()) {
    if (!options.claims.empty() || !options.papers.empty() || !options.cards.empty())
      throw InputError("--paper-claims", "a claims file alone", "--claim, --paper or --card besides");
    return verify_paper(options.paper_claims, options.out, options.common);
  }
  if (!options.cards.empty()) {
    if (!options.claims.empty() || !options.papers.empty())
      throw InputError("--card", "cards alone", "--claim or --paper besides");
    return verify_cards(options.cards, settings, options.out, options.common);
  }
  const std::vector<const Claim*> chosen = chosen_claims(options);
  if (options.resume && options.out.empty())
    throw InputError("--resume", "a run's directory in --out", "none");
  const Scope scope = options.claims.empty() && options.papers.empty() ? Scope::whole : Scope::named;
  const Rational epsilon = rational_from_text(options.head_epsilon, "--head-eps");
  if (epsilon <= 0) throw InputError("--head-eps", "a number above 0", "'" + options.head_epsilon + "'");
  const std::vector<std::filesystem::path> folders =
      scope == Scope::whole ? head_folders(options.data) : std::vector<std::filesystem::path>{};
  const std::size_t count = chosen.size() + folders.size();
  const std::vector<Measurement> measured = measurements(options, settings, scope);
  const std::filesystem::path heads_file = std::filesystem::path(options.out) / "heads.jsonl";
  const bool certifying = !options.certificates.empty();
  const std::filesystem::path head_proofs = std::filesystem::path(options.certificates) / "heads";
  const auto head_task = [&](std::size_t i) {
    return "head " + folders[i].string() + " " + exact_text(epsilon) + (certifying ? " certified" : "");
  };
  const auto head_name = [&](std::size_t i) { return folders[i].filename().string(); };
  std::optional<RunLog> log;
  std::optional<FinishedTasks> kept;
  std::vector<Json> lines(chosen.size()), heads(folders.size()), measurement(measured.size()), propagation;
  std::vector<long> todo, todo_measured;
  for (std::size_t i = 0; i < count; ++i) todo.push_back(static_cast<long>(i));
  for (std::size_t i = 0; i < measured.size(); ++i) todo_measured.push_back(static_cast<long>(i));
  if (is_first_rank() && !options.out.empty()) {
    const RunLog::Resume resume = options.resume ? RunLog::Resume::yes : RunLog::Resume::no;
    log.emplace(options.out, settings, chosen, resume);
    kept.emplace(std::filesystem::path(options.out) / "tasks.jsonl", resume);
    std::erase_if(todo, [&](long number) {
      const auto i = static_cast<std::size_t>(number);
      const Json* line =
          i < chosen.size() ? log->finished(chosen[i]->id) : kept->find(head_task(i - chosen.size()));
      if (line && certifying && i >= chosen.size() &&
          head_certificates(head_proofs, head_name(i - chosen.size())).empty())
        return false;  // they went elsewhere, or were removed
      if (line) (i < chosen.size() ? lines[i] : heads[i - chosen.size()]) = *line;
      return line != nullptr;
    });
    std::erase_if(todo_measured, [&](long i) {
      const Json* result = kept->find(measured[static_cast<std::size_t>(i)].name);
      if (!result || !result->contains("lines")) return false;  // not done, or by an earlier program
      measurement[static_cast<std::size_t>(i)] = *result;
      return true;
    });
    std::string found;
    for (const Json& head : heads)
      if (!head.is_null()) found += head.dump() + "\n";
    write_file_atomically(heads_file, found);
    std::filesystem::remove(std::filesystem::path(options.out) / "certificates.jsonl");  // of an earlier run
  }
  std::vector<Json> certified;
  std::optional<RunCertificates> certificates;
  if (is_first_rank() && !options.certificates.empty())
    certificates.emplace(options.certificates, checker_beside_this_program());
  {
    Progress progress(options.common.quiet || !is_first_rank() ? Progress::Mode::silent
                                                               : Progress::Mode::automatic);
    std::atomic<std::size_t> finished{count - todo.size()};
    const auto task = [&](long number) {
      const auto i = static_cast<std::size_t>(number);
      if (i >= chosen.size()) {
        const std::filesystem::path& folder = folders[i - chosen.size()];
        progress.at(static_cast<double>(finished) / static_cast<double>(count), folder.filename().string());
        return measure_head(folder, epsilon, settings, certifying ? std::optional(head_proofs) : std::nullopt)
            .dump();
      }
      const Claim& claim = *chosen[i];
      return log_line(claim, run_claim(claim, settings,
                                       [&](std::size_t done, std::size_t instances) {
                                         const double within =
                                             static_cast<double>(done) / static_cast<double>(instances);
                                         progress.at((static_cast<double>(finished) + within) /
                                                         static_cast<double>(count),
                                                     claim.id);
                                       }))
          .dump();
    };
    run_tasks(todo, {1}, task, [&](long number, const std::string& text) {
      const auto i = static_cast<std::size_t>(number);
      ++finished;
      Json& line = i < chosen.size() ? lines[i] : heads[i - chosen.size()];
      line = Json::parse(text);
      if (log && i < chosen.size()) log->append(line);
      else if (log) {
        kept->append(head_task(i - chosen.size()), line);
        append_line(heads_file, line);
      }
    });
    progress.at(0.98, "layers, degrees and thresholds");
    run_tasks(
        todo_measured, settings.threads,
        [&](long i) { return measured[static_cast<std::size_t>(i)].measure().dump(); },
        [&](long number, const std::string& text) {
          const auto i = static_cast<std::size_t>(number);
          measurement[i] = Json::parse(text);
          if (kept) kept->append(measured[i].name, measurement[i]);
        });
    if (!is_first_rank()) return ExitStatus::answered;
    std::map<std::string, std::vector<Json>> of_file;
    for (std::size_t i = 0; i < measured.size(); ++i)
      for (const Json& line : measurement[i].at("lines")) of_file[measured[i].file].push_back(line);
    propagation = of_file["propagation.jsonl"];
    if (log) {
      log->rewrite(lines);  // they came in any order
      write_file_atomically(heads_file, lines_text(heads));
      for (const char* file :
           {"propagation.jsonl", "hyper_attention.jsonl", "degrees.jsonl", "thresholds.jsonl"})
        if (!of_file[file].empty() || scope == Scope::whole)
          write_file_atomically(std::filesystem::path(options.out) / file, lines_text(of_file[file]));
      kept->remove();
    }
    if (certificates) {
      for (std::size_t i = 0; i < folders.size(); ++i)
        certificates->add("head", head_name(i), head_certificates(head_proofs, head_name(i)),
                          "its files are not where this process can see them");
      for (const Json& line : lines) certificates->add_claim(line, settings);
      for (const Json& result : measurement)
        for (const Json& proofs : result.at("proofs")) certificates->add(proofs);
      certified = certify(*certificates, options.out);
    }
  }
  if (options.common.json) {
    Json j = {{"seed", settings.seed}, {"level", name(settings.level)}, {"versions", versions()}};
    j["claims"] = Json::array();
    for (const Json& line : lines) j["claims"].push_back(verify_entry(line));
    j["heads"] = heads;
    j["propagation"] = propagation;
    if (certificates) j["certificates"] = certificate_counts(certified);
    print_json(j);
  } else {
    fmt::print("{:<35} {:>6} {:>9} {:>5} {:<11} {}\n", "claim", "tried", "ratio", "bits", "verdict",
               "twin ref.");
    for (const Json& line : lines) print_row(line);
    if (!heads.empty()) print_heads(heads);
    if (!propagation.empty()) print_propagation(propagation);
    if (certificates) {
      const Json counts = certificate_counts(certified);
      say("certificates: {} verified by attnbounds-check, {} rejected, {} not checked; {} numbers have "
          "none\n",
          counts["verified"].get<long>(), counts["rejected"].get<long>(), counts["not checked"].get<long>(),
          counts["none"].get<long>());
    }
    fmt::print("seed {}, level {}\n", settings.seed, name(settings.level));
    if (log) fmt::print("report: {}\n", (std::filesystem::path(options.out) / "report.html").string());
  }
  complain(lines, heads, propagation);
  bool rejected = false;
  for (const Json& line : certified)
    if (line.at("verdict") == "rejected") {
      rejected = true;
      fmt::print(stderr, "certificate of {} {}: rejected: {}\n", line.at("subject").get<std::string>(),
                 line.at("name").get<std::string>(), line.at("reason").get<std::string>());
    }
  if (log) write_report(options.out, {ReportFormat::html, ReportFormat::markdown, ReportFormat::csv});
  heads.insert(heads.end(), propagation.begin(), propagation.end());
  return rejected ? ExitStatus::refuted : status_of(overall_verdict(lines, heads));
}

}  // namespace

Command add_verify(CLI::App& parser) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      parser.add_subcommand("verify", "check the claims, each with its false twin, and the real heads");
  command->add_option("--paper", options->papers, "claims of this paper only");
  command->add_option("--claim", options->claims, "this claim only");
  command->add_option("--card", options->cards, "check your own bounds instead: claim cards (docs/cards.md)");
  command->add_option("--paper-claims", options->paper_claims,
                      "derive the numbers of a paper again (docs/reviewer.md); --out gets its badge");
  command->add_option("--level", options->level, "quick, standard or exhaustive")
      ->check(CLI::IsMember({"quick", "standard", "exhaustive"}))
      ->capture_default_str();
  command->add_option("--out", options->out, "directory of the run's log and its report");
  command->add_option("--data", options->data, "folder of the real heads' instances");
  command->add_option("--head-eps", options->head_epsilon, "error budget of the heads, times max|V|")
      ->capture_default_str();
  command->add_option("--weights", options->weights,
                      "also all layers of real weights, as make_heads.py --weights writes them");
  command->add_option(
      "--certificates", options->certificates,
      "write a certificate for every number that has one here, and have attnbounds-check re-prove it");
  command->add_flag("--resume", options->resume, "keep the finished claims of the log in --out");
  command->footer(
      "Without --paper, --claim, --card or --paper-claims: all claims, the real heads,\n"
      "errors through layers.\n\n"
      "Examples:\n"
      "  attnbounds verify --claim alman-song-2023/key-shift --out run\n"
      "  attnbounds verify --paper alman-song-2024-tensor --level quick\n"
      "  attnbounds verify --card examples/cards/softmax_perturbation.card --out mine\n"
      "  attnbounds verify --paper-claims examples/paper/submission.claims --out badge");
  add_common_options(*command, options->common);
  return {command, [options] { return verify(*options); }};
}

}  // namespace attnbounds
