// attnbounds propagate: the error through the layers of a transformer whose softmax weights have relative
// error delta, measured against the proved recursions of docs/gradients.md, forward and backward. Random
// layers are run in intervals: the measured errors are enclosures, the bounds are proved. Given real weights
// (the folder that tests/data/make_heads.py --weights writes), everything is in double: estimates.
#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "proofs_check/propagation.hpp"
#include "report/formats.hpp"
#include "report/propagation_figure.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  long layers = 0, n = 8, d = 4, heads = 1;
  std::string kind = "random", delta = "1e-6", scale = "1/4", mlp = "none", signs = "aligned", weights, data,
              plot;
  bool causal = false, no_residual = false, layer_norm = false;
};

Network network_of(const Options& options) {
  if (!options.weights.empty()) return real_network(options.weights, options.layers);
  if (options.kind == "adversarial") return adversarial_network(options.layers);
  NetworkShape shape{options.layers, options.n, options.d, options.heads,
                     rational_from_text(options.scale, "--scale")};
  shape.mlp = options.mlp == "relu" ? RowMap::relu : options.mlp == "gelu" ? RowMap::gelu : RowMap::none;
  shape.mask = options.causal ? Mask::causal : Mask::none;
  shape.residual = options.no_residual ? Residual::none : Residual::added;
  shape.layer_norm = options.layer_norm;
  return options.kind == "trained-like" ? trained_like_network(options.seed, shape)
                                        : random_network(options.seed, shape);
}

void check(const Options& options) {
  const bool real = !options.weights.empty();
  if (!real && options.layers < 1) throw InputError("--layers", "at least 1", std::to_string(options.layers));
  if (options.layers < 0 || options.layers > 1024)
    throw InputError("--layers", "1 to 1024", std::to_string(options.layers));
  if (options.n < 2 || options.n > 4096)  // softmax over one key is 1, whatever its weight: there is no error
    throw InputError("--n", "2 to 4096 (softmax of one token is exact)", std::to_string(options.n));
  for (const auto& [option, value] : {std::pair("--d", options.d), std::pair("--heads", options.heads)})
    if (value < 1 || value > 4096) throw InputError(option, "1 to 4096", std::to_string(value));
  if (options.d < 2 && (options.layer_norm || options.kind == "trained-like"))
    throw InputError("--d", "at least 2 with layer norm (of one feature it is constant)",
                     std::to_string(options.d));
  if (rational_from_text(options.scale, "--scale") <= 0)
    throw InputError("--scale", "a number above 0", "'" + options.scale + "'");
  if (!real && static_cast<double>(options.layers) * static_cast<double>(options.n * options.d) *
                       static_cast<double>(options.n + options.d) * static_cast<double>(options.heads) >
                   1e8)
    throw InputError("--layers --n --d --heads", "L heads n d (n + d) at most 10^8 (intervals)", "more");
}

std::string ratio(double measured, const Bounds& bounds) {
  return std::isfinite(bounds.best()) && bounds.best() > 0 ? fmt::format("{:.1e}", measured / bounds.best())
                                                           : "-";
}
void print_pass(const char* title, const std::vector<PropagationRow>& rows, double PropagationRow::*measured,
                Bounds PropagationRow::*bounds) {
  fmt::print("\n  {:<28} {:>9} {:>9} {:>9} {:>9} {:>8}\n", title, "measured", "tokens", "states", "norms",
             "ratio");
  for (size_t l = 0; l < rows.size(); ++l) {
    const Bounds& b = rows[l].*bounds;
    fmt::print("  {:>28} {:>9.3e} {:>9.3e} {:>9.3e} {:>9.3e} {:>8}\n", l + 1, rows[l].*measured, b.tokens,
               b.states, b.norms, ratio(rows[l].*measured, b));
  }
}

ExitStatus run(const Options& options) {
  const Rational delta = rational_from_text(options.delta, "--delta");
  if (delta <= 0 || delta >= 1) throw InputError("--delta", "a number in (0, 1)", "'" + options.delta + "'");
  check(options);
  const bool real = !options.weights.empty();
  if (real && delta < Rational(1, 1000000000))
    throw InputError("--delta", "at least 1e-9 with --weights (errors are measured in double)",
                     options.delta);
  const Network network = network_of(options);
  const Signs signs = perturbation_signs(
      network, options.signs == "random" ? SignKind::random : SignKind::aligned, options.seed);
  const auto rows =
      real ? propagate_estimated(network, signs, delta) : propagate_enclosed(network, signs, delta);
  const std::string source = real ? options.weights : options.kind;
  std::vector<Json> lines;
  for (size_t l = 1; l <= rows.size(); ++l) {
    Json line = {{"series", source},
                 {"standing", real ? "estimate" : "proved"},
                 {"n", network.input.rows()},
                 {"d", network.input.cols()},
                 {"delta", exact_text(delta)}};
    line.update(row_json(rows, l));
    lines.push_back(std::move(line));
  }
  const auto records = propagation_records(lines);
  Figure figure;
  if (!options.plot.empty()) {
    figure = draw(error_propagation_script(records), "Error through the layers");
    if (figure.svg.empty()) throw InputError("--plot", "a figure by gnuplot", figure.missing);
  }
  if (!options.data.empty()) write_file_atomically(options.data, propagation_csv(records));
  if (!options.plot.empty()) write_file_atomically(options.plot, figure.svg);

  const Verdict kept = verdict_of(rows);
  std::optional<double> replay;
  if (real) {
    const std::filesystem::path given = options.weights;
    replay = replay_difference(network, given.filename() == "model.json" ? given.parent_path() : given);
  }
  const PropagationRow &first = rows.front(), &last = rows.back();
  const double measured = growth_a_layer(first.forward, last.forward, rows.size()),
               proved = growth_a_layer(first.forward_bounds.best(), last.forward_bounds.best(), rows.size());
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (size_t l = 1; l <= rows.size(); ++l) list.push_back(row_json(rows, l));
    print_json({{"source", real ? options.weights : "random"},
                {"kind", real ? "real" : options.kind},
                {"standing", real ? "estimate (double)" : "proved (intervals)"},
                {"seed", options.seed},
                {"delta", exact_text(delta)},
                {"growth_measured", measured},
                {"growth_bound", std::isfinite(proved) ? Json(proved) : Json("infinity")},
                {"verdict", name(kept)},
                {"replay_difference", replay ? Json(*replay) : Json()},
                {"layers", list}});
  } else {
    say("  delta {}, {}; bounds: token by token, with constants from states, from norms\n", options.delta,
        real ? "real weights, in double: estimates" : options.kind + " weights, in intervals: proved");
    print_pass("forward, |T~ - T|", rows, &PropagationRow::forward, &PropagationRow::forward_bounds);
    print_pass("backward, |dL/dT~ - dL/dT|_1", rows, &PropagationRow::backward,
               &PropagationRow::backward_bounds);
    print_pass("dL/dW, dL/dW_V", rows, &PropagationRow::weights, &PropagationRow::weights_bounds);
    say("\n  growth of the error a layer: measured {:.4g}, bound {:.4g};  bounds {}\n", measured, proved,
        kept == Verdict::verified  ? "kept"
        : kept == Verdict::refuted ? "BROKEN"
                                   : "undecided");
    if (replay) fmt::print("  replay of the exported hidden states: differs by at most {:.2e}\n", *replay);
  }
  return kept == Verdict::verified  ? ExitStatus::answered
         : kept == Verdict::refuted ? ExitStatus::refuted
                                    : ExitStatus::undecided;
}

}  // namespace

Command add_propagate(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "propagate", "error through a multi-layer transformer against the proved recursions");
  auto options = std::make_shared<Options>();
  command->add_option("--layers", options->layers, "number of layers (with --weights: of the first ones)");
  command->add_option("--kind", options->kind, "weights: random, trained-like or adversarial")
      ->check(CLI::IsMember({"random", "trained-like", "adversarial"}))
      ->capture_default_str();
  command->add_option("--n", options->n, "tokens")->capture_default_str();
  command->add_option("--d", options->d, "features")->capture_default_str();
  command->add_option("--heads", options->heads, "heads a layer")->capture_default_str();
  command->add_option("--delta", options->delta, "relative error of the softmax weights, exact")
      ->capture_default_str();
  command->add_option("--scale", options->scale, "entries of random weights are uniform on [-scale, scale]")
      ->capture_default_str();
  command->add_option("--mlp", options->mlp, "none, relu or gelu")
      ->check(CLI::IsMember({"none", "relu", "gelu"}))
      ->capture_default_str();
  command->add_option("--signs", options->signs, "of the perturbation: aligned (adversarial) or random")
      ->check(CLI::IsMember({"aligned", "random"}))
      ->capture_default_str();
  command->add_flag("--causal", options->causal, "row i sees keys j <= i");
  command->add_flag("--no-residual", options->no_residual, "no residual connection");
  command->add_flag("--layer-norm", options->layer_norm, "layer norm after attention and after the MLP");
  command->add_option(
      "--weights", options->weights,
      "real weights: the folder (or its model.json) written by tests/data/make_heads.py --weights");
  command->add_option("--data", options->data, "write the rows here, CSV");
  command->add_option("--plot", options->plot, "write the figure here, SVG (needs gnuplot)");
  command->footer(
      "Examples:\n"
      "  attnbounds propagate --layers 16 --n 6 --d 3 --delta 1e-6 --data rows.csv\n"
      "  attnbounds propagate --layers 8 --kind adversarial --n 4 --d 2");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
