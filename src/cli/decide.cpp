// attnbounds decide: answers a reduced instance from attention outputs alone, with a checked witness.
#include "reductions/chain/decide.hpp"

#include <fmt/format.h>

#include <memory>

#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "kernels/device.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/stopwatch.hpp"
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string folder, method = "exact", device = "cpu";
  bool certificate = false;
};

ExitStatus run(const Options& options) {
  const OnDevice device(device_from_text(options.device));
  const Stopwatch stopwatch;
  const ThreadCount threads = options.threads > 0 ? ThreadCount{options.threads} : all_cores();
  const Answer a =
      decide(options.folder, options.method == "exact" ? DecisionMethod::exact : DecisionMethod::polynomial,
             threads);
  if (options.certificate)
    write_file_atomically(std::filesystem::path(options.folder) / "certificate.json",
                          reduction_certificate(options.folder).dump(1) + "\n");
  const double seconds = stopwatch.seconds();
  if (options.json) {
    nlohmann::ordered_json object = {{"answer", a.satisfiable ? "sat" : "unsat"},
                                     {"witness", a.literals},
                                     {"tuple", a.tuple},
                                     {"gap", enclosure_json(a.gap)},
                                     {"queries", a.queries},
                                     {"from", a.from},
                                     {"method", options.method},
                                     {"nearest_output", a.nearest},
                                     {"error_bound", a.error_bound},
                                     {"raised", a.raised},
                                     {"seed", options.seed},
                                     {"seconds", seconds}};
    print_json(object);
    return ExitStatus::answered;
  }
  fmt::print("{}\n", a.satisfiable ? "sat" : "unsat");
  for (std::size_t i = 0; i < a.literals.size(); ++i)
    fmt::print("{}{}{}", i == 0 ? "v " : " ", a.literals[i], i + 1 == a.literals.size() ? " 0\n" : "");
  if (!a.tuple.empty()) fmt::print("  vectors    {}\n", fmt::join(a.tuple, ", "));
  say("  read from  {} ({} call{}), off by at most {:.3g}; nearest to the decision value {:.3g}\n", a.from,
      a.queries, a.queries == 1 ? "" : "s", a.error_bound, a.nearest);
  fmt::print("  gap        {}\n  seconds    {:.3f}\n", decimal_down(lower(a.gap), 6), seconds);
  return ExitStatus::answered;
}

}  // namespace

Command add_decide(CLI::App& app) {
  CLI::App* command = app.add_subcommand("decide", "decide a reduced instance through attention alone");
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->folder, "a folder that `reduce` or `hard` made")->required();
  command->add_option("--method", options->method, "exact, or polynomial attention to the instance's epsilon")
      ->check(CLI::IsMember({"exact", "polynomial"}))
      ->capture_default_str();
  command->add_option("--device", options->device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command->add_flag("--certificate", options->certificate,
                    "write DIR/certificate.json: the chain and the answer, for attnbounds-check");
  command->footer(
      "Exit status 1: a yes whose witness fails; 3: an output that no precision\n"
      "separates, or an instance (epsilon 0) whose exact outputs do not tell.\n\n"
      "Examples:\n"
      "  attnbounds reduce examples/four_variables.cnf --out four\n"
      "  attnbounds decide four");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
