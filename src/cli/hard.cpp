// attnbounds hard: hard attention instances at B = K (log n)^{1/p}, with known answers.
#include <fmt/format.h>

#include <memory>

#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "numeric/exact_text.hpp"
#include "reductions/hard/families.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string output, kappa = "2";
  HardRequest request;
};

ExitStatus run(const Options& options) {
  HardRequest request = options.request;
  request.kappa = rational_from_text(options.kappa, "--kappa");
  request.seed = options.seed;
  if (options.threads > 0) request.threads = {options.threads};
  const nlohmann::ordered_json instance = make_hard(request, options.output);
  if (options.json) {
    nlohmann::ordered_json object = {{"path", options.output}};
    object.update(instance);
    print_json(object);
    return ExitStatus::answered;
  }
  say("{}: {}, n = {}, d = {}, answer {}\n  entries    B = {:.4f} = {:.4f} (log n)^({})\n  gap        "
      "{:.6g}, decided by outputs off by less than {:.6g}\n",
      options.output, request.family, instance["n"].get<long>(), instance["d"].get<long>(),
      instance["answer"].get<std::string>(), instance["B"].get<double>(), instance["kappa"].get<double>(),
      instance["exponent"].get<std::string>(), instance["gap"].get<double>(),
      instance["epsilon"].get<double>());
  return ExitStatus::answered;
}

}  // namespace

Command add_hard(CLI::App& app) {
  CLI::App* command = app.add_subcommand("hard", "hard attention instances with known answers");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--family", options->request.family,
                   "planted-orthogonal (planted-pair, planted-triple), light-bulb, planted-gap, random-cnf")
      ->required();
  command->add_option("--n", options->request.n, "tokens: queries, and keys with the anchor")->required();
  command->add_option("--d", options->request.d,
                      "columns, or clauses of random-cnf (default 8 log n; at the satisfiability threshold)");
  command->add_option("--kappa", options->kappa, "entries B = K (log n)^(1/arity), exact")
      ->capture_default_str();
  command->add_option("--arity", options->request.arity, "2: matrix attention; 3: tensor attention")
      ->check(CLI::IsMember({2, 3}))
      ->capture_default_str();
  command->add_option("--width", options->request.width, "k of random-cnf: literals a clause")
      ->capture_default_str();
  command->add_option("--out", options->output, "the folder to make")->required();
  command->footer(
      "Examples:\n"
      "  attnbounds hard --family light-bulb --n 256 --d 96 --kappa 2 --out bulb\n"
      "  attnbounds decide bulb\n"
      "  attnbounds hard --family planted-triple --n 32 --d 16 --arity 3 --out triple");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
