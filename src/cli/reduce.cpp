// attnbounds reduce: a formula (or orthogonal vectors) becomes an attention instance whose outputs decide it.
#include "reductions/chain/reduce.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "numeric/exact_text.hpp"
#include "reductions/hard/route_hardness.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string input, output, target = "attention", route = "direct", code = "reed-solomon", kappa, margin;
  std::optional<long> arity, sparsify;
  std::vector<long> protocol;
  bool routes = false;
};

ReduceRequest request_of(const Options& options) {
  ReduceRequest request;
  request.target = options.target == "ov"          ? Target::vectors
                   : options.target == "maxip"     ? Target::gap
                   : options.target == "attention" ? Target::attention
                                                   : Target::gradient;
  request.route = options.route == "gap" ? Route::gap : Route::direct;
  request.code = options.code == "hermitian" ? CodeKind::hermitian : CodeKind::reed_solomon;
  request.arity = options.arity;
  request.sparsify = options.sparsify;
  if (!options.kappa.empty() && !options.margin.empty())
    throw InputError("--margin", "one of --kappa and --margin", "both");
  if (!options.kappa.empty()) {
    request.kappa = rational_from_text(options.kappa, "--kappa");
    if (*request.kappa <= 0) throw InputError("--kappa", "a number above 0", "'" + options.kappa + "'");
  }
  if (!options.margin.empty()) request.margin = rational_from_text(options.margin, "--margin");
  if (!options.protocol.empty())
    request.protocol = {options.protocol[0], options.protocol[1], options.protocol[2]};
  return request;
}

/// The kappa of every route for this input, without reducing it.
ExitStatus print_routes(const Options& options) {
  const auto [vectors, dimension, arity] = vector_sizes(options.input, options.arity);
  const std::vector<RouteHardness> routes = route_hardness(vectors, dimension, arity);
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const RouteHardness& r : routes) {
      list.push_back({{"route", r.route},
                      {"arity", arity},
                      {"n", r.tokens},
                      {"d", r.columns},
                      {"kappa", r.kappa},
                      {"limit", r.limit}});
      if (r.protocol)
        list.back()["protocol"] = {{"nodes", r.protocol->nodes},
                                   {"columns", r.protocol->columns},
                                   {"field", r.protocol->field},
                                   {"log2_advices", r.log2_advices}};
    }
    print_json({{"vectors", vectors}, {"dimension", dimension}, {"routes", list}});
    return ExitStatus::answered;
  }
  say("{} vectors of dimension {} a family: least kappa at which yes and no part, B = kappa (log n)^(1/{})\n",
      vectors, dimension, arity);
  for (const RouteHardness& r : routes) {
    fmt::print("  {:13} n = {:<9} d = {:<8} kappa = {:<8.4f} -> {:.4f} as n grows\n", r.route, r.tokens,
               r.columns, r.kappa, r.limit);
    if (r.protocol)
      fmt::print("                l, T, Q = {}, {}, {}, 2^{:.1f} instances\n", r.protocol->nodes,
                 r.protocol->columns, r.protocol->field, r.log2_advices);
  }
  return ExitStatus::answered;
}

ExitStatus run(const Options& options) {
  if (options.routes) return print_routes(options);
  if (options.output.empty()) throw InputError("--out", "a folder to make", "none");
  const nlohmann::ordered_json instance = reduce(options.input, request_of(options), options.output);
  if (options.json) {
    nlohmann::ordered_json object = {{"path", options.output}};
    object.update(instance);
    print_json(object);
    return ExitStatus::answered;
  }
  fmt::print("{}: {}, n = {}, d = {}\n", options.output, instance["kind"].get<std::string>(),
             instance["n"].get<long>(), instance["d"].get<long>());
  if (instance.contains("sparsification"))
    say("  sparsified {} leaves of at most {} clauses (bound {}), from {} clauses\n",
        instance["sparsification"]["leaves"].get<long>(),
        instance["sparsification"]["most_clauses_of_a_leaf"].get<long>(),
        instance["sparsification"]["bound"].get<long>(), instance["sparsification"]["clauses"].get<long>());
  if (instance.contains("protocol"))
    say("  protocol   {}, l = {}, T = {}, field of {}, {} advices: inner product {} or at most {}\n",
        instance["protocol"]["code"].get<std::string>(), instance["protocol"]["nodes"].get<long>(),
        instance["protocol"]["columns"].get<long>(), instance["protocol"]["field"].get<long>(),
        instance["protocol"]["advices"].get<long>(), instance["protocol"]["yes"].get<long>(),
        instance["protocol"]["no"].get<long>());
  if (instance.contains("B"))
    say("  entries    B = {:.4f} = {:.4f} (log n)^({})\n  gap        {:.6f}, decided by outputs off by less "
        "than {:.6f}\n",
        instance["B"].get<double>(), instance["kappa"].get<double>(), instance["exponent"].get<std::string>(),
        instance["gap"].get<double>(), instance["epsilon"].get<double>());
  return ExitStatus::answered;
}

}  // namespace

Command add_reduce(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("reduce", "a formula or orthogonal vectors, as an attention instance");
  auto options = std::make_shared<Options>();
  command->add_option("IN", options->input, "DIMACS CNF, or vectors (p ov K N D)")->required();
  command->add_option("--out", options->output, "the folder to make");
  command->add_flag("--routes", options->routes,
                    "only list each route's kappa for this input; writes nothing");
  command->add_option("--to", options->target, "ov, maxip, attention or gradient")
      ->check(CLI::IsMember({"ov", "maxip", "attention", "gradient"}))
      ->capture_default_str();
  command->add_option("--arity", options->arity, "2: pairs, matrix attention; 3: triples, tensor attention")
      ->check(CLI::IsMember({2, 3}));
  command->add_option("--route", options->route, "direct, or over the gap inner product")
      ->check(CLI::IsMember({"direct", "gap"}))
      ->capture_default_str();
  command->add_option("--kappa", options->kappa,
                      "entries B = K (log n)^(1/arity), exact (default: from the margin)");
  command->add_option("--margin", options->margin,
                      "R: a yes gives an output >= R/(R+1), a no only <= 1/(R+1) (3)");
  command->add_option("--sparsify", options->sparsify,
                      "first branch on sunflowers of THETA^c petals of c literals: one instance a leaf");
  command
      ->add_option("--code", options->code,
                   "of the gap route: reed-solomon, or hermitian (Q = q^2, q^3 checks)")
      ->check(CLI::IsMember({"reed-solomon", "hermitian"}))
      ->capture_default_str();
  command
      ->add_option("--protocol", options->protocol,
                   "l T Q of the gap route (default: the smallest dimension)")
      ->expected(3);
  command->footer(
      "Examples:\n"
      "  attnbounds reduce examples/four_variables.cnf --out four\n"
      "  attnbounds reduce examples/four_variables.cnf --route gap --out gap\n"
      "  attnbounds reduce examples/four_variables.cnf --routes\n"
      "  attnbounds decide four");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
