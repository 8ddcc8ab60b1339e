// attnbounds challenge: anyone's attention program on hard instances; where does it stop deciding them?
// COMMAND gets two more arguments: the instance's folder and the path of the npy it must write (n x 1).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/challenge_search.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "numeric/stopwatch.hpp"
#include "proofs_check/worst_input/external.hpp"
#include "reductions/attention/decision.hpp"
#include "report/gnuplot.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Options : ChallengeSearchOptions {
  std::vector<std::string> words;
  std::string plot;
  bool search = false;
};

/// How a program did on one instance.
struct Trial {
  std::string instance;
  double kappa = 0, bound = 0, epsilon = 0;
  double error = HUGE_VAL;  // at least max |output - exact|
  bool decides = false;     // every output on its side of the decision value
  double seconds = 0;
  std::string failure;  // why there is no output
};

Trial try_program(const Options& options, const fs::path& folder, const std::vector<std::string>& command,
                  const fs::path& scratch, ThreadCount threads) {
  Trial trial;
  trial.instance = folder.string();
  std::string kind;
  Rational decision;
  try {
    const Json instance = Json::parse(read_file(folder / "instance.json"));
    kind = instance.at("kind");
    trial.kappa = instance.at("kappa");
    trial.bound = instance.at("B");
    trial.epsilon = instance.at("epsilon");
    decision = rational_from_text(instance.at("decision").get<std::string>(), "decision");
  } catch (const Json::exception& error) {
    throw InputError((folder / "instance.json").string(), "kind, kappa, B, epsilon and decision",
                     error.what());
  }
  if (kind != "matrix" && kind != "tensor")
    throw InputError(folder.string(), "a matrix or tensor instance", "'" + kind + "'");
  const auto read = [&](const char* name) { return read_npy(folder / name); };
  const SidedOutputs exact =
      kind == "matrix"
          ? sides_of(AttentionInput{read("q.npy"), read("k.npy"), read("v.npy")}, decision, threads)
          : sides_of(TensorAttentionInput{read("q.npy"), read("k.npy"), read("k2.npy"), read("v.npy"),
                                          read("v2.npy")},
                     decision, threads);
  const fs::path out = scratch / "output.npy";
  const Stopwatch stopwatch;
  trial.failure = run_program(command, fs::absolute(folder), out, options.limit);
  trial.seconds = stopwatch.seconds();
  if (!trial.failure.empty()) return trial;
  Matrix<double> answer;
  try {
    answer = read_npy(out);
    fs::remove(out);
  } catch (const InputError& error) {
    trial.failure = error.what();
    return trial;
  }
  if (answer.rows() != static_cast<Eigen::Index>(exact.sides.size()) || answer.cols() != 1) {
    trial.failure = "output of another shape";
    return trial;
  }
  trial.error = 0;
  trial.decides = true;
  for (std::size_t i = 0; i < exact.sides.size(); ++i) {
    const double y = answer(static_cast<Eigen::Index>(i), 0);
    trial.error = std::max({trial.error, y - exact.ranges[i].lower, exact.ranges[i].upper - y});
    const Rational value = to_rational(y);
    if (exact.sides[i] == Side::above ? value <= decision : value >= decision) trial.decides = false;
  }
  return trial;
}

std::string plot_script(const std::vector<Trial>& trials) {
  std::string script =
      "set terminal svg size 640,420\nset logscale y\nset format y '%.0e'\nset xlabel 'B/(log n)^{1/p}'\n"
      "set ylabel 'largest error'\nset key bottom right\n$data << END\n";
  for (const Trial& t : trials)
    if (std::isfinite(t.error))
      script += fmt::format("{} {} {} {}\n", t.kappa, std::max(t.error, 1e-17), std::max(t.epsilon, 1e-17),
                            t.decides ? 1 : 0);
  return script +
         "END\nplot $data using 1:3 with linespoints lc rgb '#888888' pt 7 ps 0.4 title 'error that still "
         "decides', "
         "$data using 1:($4 == 1 ? $2 : 1/0) with points pt 7 lc rgb '#1a7f37' title 'program: decides', "
         "$data using 1:($4 == 0 ? $2 : 1/0) with points pt 6 lc rgb '#c4314b' title 'program: does not'\n";
}

ExitStatus run(const Options& options, const std::vector<std::string>& command) {
  if (options.words.empty()) throw InputError("INSTANCE", "at least one folder", "none");
  if (command.empty()) throw InputError("COMMAND", "a program after --", "none");
  const ThreadCount threads = options.threads > 0 ? ThreadCount{options.threads} : all_cores();
  const TemporaryFolder scratch;
  std::vector<Trial> trials;
  for (const std::string& folder : options.words)
    trials.push_back(try_program(options, folder, command, scratch.path, threads));
  std::stable_sort(trials.begin(), trials.end(),
                   [](const Trial& a, const Trial& b) { return a.kappa < b.kappa; });
  // The largest kappa such that everything up to it is decided. What the exact outputs do not tell (epsilon =
  // 0) counts for nobody.
  std::optional<double> survives;
  for (const Trial& t : trials) {
    if (t.epsilon == 0) continue;
    if (!t.decides) break;
    survives = t.kappa;
  }
  if (!options.plot.empty()) {
    const Figure figure = draw(plot_script(trials), "challenge");
    if (figure.svg.empty()) std::fprintf(stderr, "attnbounds: no plot: %s\n", figure.missing.c_str());
    else write_file_atomically(options.plot, figure.svg);
  }
  if (options.json) {
    Json list = Json::array();
    for (const Trial& t : trials) {
      list.push_back({{"instance", t.instance},
                      {"kappa", t.kappa},
                      {"B", t.bound},
                      {"epsilon", t.epsilon},
                      {"error", nullptr},
                      {"decides", t.decides},
                      {"seconds", t.seconds},
                      {"failure", t.failure}});
      if (std::isfinite(t.error)) list.back()["error"] = t.error;
    }
    Json object = {{"survives_to_kappa", nullptr}, {"instances", list}};
    if (survives) object["survives_to_kappa"] = *survives;
    print_json(object);
    return ExitStatus::answered;
  }
  fmt::print("{:>8} {:>9} {:>11} {:>11}  {}\n", "kappa", "B", "allowed", "error", "decides");
  for (const Trial& t : trials)
    fmt::print("{:8.3f} {:9.3f} {:11.3g} {:11.3g}  {}{}\n", t.kappa, t.bound, t.epsilon, t.error,
               t.epsilon == 0 ? "nobody can"
               : t.decides    ? "yes"
                              : "no",
               t.failure.empty() ? "" : " (" + t.failure + ")");
  if (survives) fmt::print("\nits answers decide everything up to B = {:.3f} (log n)^(1/p)\n", *survives);
  else fmt::print("\nits answers do not decide the easiest of these\n");
  return ExitStatus::answered;
}

}  // namespace

Command add_challenge(CLI::App& app, const std::vector<std::string>& command_words) {
  CLI::App* command =
      app.add_subcommand("challenge", "anyone's attention program on hard instances: INSTANCE… -- COMMAND…");
  auto options = std::make_shared<Options>();
  command->add_flag("--search", options->search,
                    "look for the program's worst input instead (docs/challenge.md)");
  add_search_options(*command, *options);
  command->add_option("INSTANCE", options->words, "folders that `hard` or `reduce` made");
  command->add_option("--plot", options->plot, "write the error against B/(log n)^(1/p) here, svg");
  command->add_option("--limit", options->limit, "seconds that COMMAND may take on an instance")
      ->capture_default_str();
  command->footer(
      "COMMAND gets two more arguments: the folder of an instance (q.npy, k.npy, v.npy)\n"
      "and the path of the npy that it must write.\n\n"
      "Examples:\n"
      "  attnbounds hard --family light-bulb --n 64 --d 48 --kappa 1 --out bulb\n"
      "  attnbounds challenge bulb -- build/examples/fixed_degree 16\n"
      "  attnbounds challenge --search --n 3 --d 2 --bound 1 --kernel taylor-4 \\\n"
      "    --budget 200 --out found");
  add_common_options(*command, *options);
  return {command, [options, command_words] {
            return options->search ? challenge_search(*options, command_words) : run(*options, command_words);
          }};
}

}  // namespace attnbounds
