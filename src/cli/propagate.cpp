// attnbounds propagate: the error through the layers of a transformer whose softmax weights have relative
// error delta, measured against the proved recursions of docs/gradients.md, forward and backward. Random
// layers are run in intervals: the measured errors are enclosures, the bounds are proved. Given real weights
// (the folder that tests/data/make_heads.py --weights writes), everything is in double: estimates.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "attention/propagation.hpp"
#include "cli/command.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "numeric/proved.hpp"
#include "numeric/random.hpp"
#include "report/gnuplot.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

struct Options : CommonOptions {
  long layers = 0, n = 8, d = 4, heads = 1;
  std::string delta = "1e-6", scale = "1/4", mlp = "none", signs = "aligned", weights, data, plot;
  bool causal = false, no_residual = false, layer_norm = false;
};

struct Network {
  std::vector<Layer<double>> layers;
  Matrix<double> input;
};

// ---- Networks.

Network random_network(const Options& options, double scale) {
  Stream draw(options.seed, "propagate");
  Network network;
  network.input = draw.uniform_matrix(options.n, options.d, 1);
  for (long l = 0; l < options.layers; ++l) {
    Layer<double> layer;
    layer.mask = options.causal ? Mask::causal : Mask::none;
    layer.residual = options.no_residual ? Residual::none : Residual::added;
    for (long h = 0; h < options.heads; ++h)
      layer.heads.push_back({draw.uniform_matrix(options.d, options.d, scale),
                             draw.uniform_matrix(options.d, options.d, scale),
                             {}});
    if (options.mlp != "none")
      layer.mlp = Mlp<double>{
          draw.uniform_matrix(options.d, 2 * options.d, scale), draw.uniform_matrix(1, 2 * options.d, scale),
          draw.uniform_matrix(2 * options.d, options.d, scale), draw.uniform_matrix(1, options.d, scale),
          options.mlp == "relu" ? Activation::relu : Activation::gelu};
    if (options.layer_norm) {
      const LayerNorm<double> norm{Matrix<double>::Ones(1, options.d), Matrix<double>::Zero(1, options.d),
                                   0x1p-20};
      layer.attention_norm = norm;
      if (layer.mlp) layer.mlp_norm = norm;
    }
    network.layers.push_back(layer);
  }
  return network;
}

// The model has scores Q K^T/sqrt(head dimension), Q = T W_Q + b_Q, K = T W_K + b_K. Here scores are divided
// by the width of T, so W_h = W_Q W_K^T width/sqrt(head dimension), u_h = b_Q W_K^T times the same; b_K
// cancels in softmax; W_V,h = W_V W_O, and the rows of f sum to 1, so b_V W_O + b_O is a bias of the output.
Network real_network(const std::filesystem::path& folder, long most_layers) {
  const std::filesystem::path file = folder / "model.json";
  const auto json = nlohmann::json::parse(read_file(file), nullptr, false);
  const auto number = [&](const char* key) -> double {
    if (!json.is_object() || !json.contains(key) || !json[key].is_number())
      throw InputError(file.string(), std::string("a number \"") + key + "\"", "none");
    return json[key].get<double>();
  };
  const long layers = std::lround(number("layers")), heads = std::lround(number("heads")),
             size = std::lround(number("head_dimension"));
  if (most_layers > layers)
    throw InputError("--layers", fmt::format("at most {} (of {})", layers, file.string()),
                     std::to_string(most_layers));
  Network network;
  network.input = read_npy(folder / "T0.npy");
  const Index width = network.input.cols();
  if (heads < 1 || size < 1 || heads * size != width)
    throw InputError(file.string(), fmt::format("heads * head_dimension = {}, the columns of T0", width),
                     fmt::format("{} * {}", heads, size));
  const double factor = static_cast<double>(width) / std::sqrt(static_cast<double>(size));
  for (long l = 0; l < (most_layers > 0 ? most_layers : layers); ++l) {
    const std::filesystem::path room = folder / ("layer" + std::to_string(l));
    const auto matrix = [&](const char* name, Index rows, Index columns) {
      const std::filesystem::path path = room / (std::string(name) + ".npy");
      Matrix<double> m = read_npy(path);
      if (m.rows() == columns && m.cols() == 1 && rows == 1) m.transposeInPlace();
      if ((rows >= 0 && m.rows() != rows) || (columns >= 0 && m.cols() != columns))
        throw InputError(path.string(), fmt::format("{} x {}", rows, columns),
                         fmt::format("{} x {}", m.rows(), m.cols()));
      return m;
    };
    const Matrix<double> q = matrix("W_Q", width, width), k = matrix("W_K", width, width),
                         v = matrix("W_V", width, width), o = matrix("W_O", width, width),
                         b_q = matrix("b_Q", 1, width), b_v = matrix("b_V", 1, width);
    Layer<double> layer;
    for (long h = 0; h < heads; ++h) {
      const auto part = [&](const Matrix<double>& m) -> Matrix<double> {
        return m.middleCols(h * size, size);
      };
      layer.heads.push_back({factor * part(q) * part(k).transpose(), part(v) * o.middleRows(h * size, size),
                             factor * part(b_q) * part(k).transpose()});
    }
    layer.output_bias = b_v * o + matrix("b_O", 1, width);
    const double epsilon = number("layer_norm_eps");
    layer.attention_norm =
        LayerNorm<double>{matrix("ln_att_gamma", 1, width), matrix("ln_att_beta", 1, width), epsilon};
    const Matrix<double> w1 = matrix("W_1", width, -1);
    layer.mlp = Mlp<double>{w1, matrix("b_1", 1, w1.cols()), matrix("W_2", w1.cols(), width),
                            matrix("b_2", 1, width), Activation::gelu};
    layer.mlp_norm =
        LayerNorm<double>{matrix("ln_mlp_gamma", 1, width), matrix("ln_mlp_beta", 1, width), epsilon};
    network.layers.push_back(layer);
  }
  return network;
}

// ---- Perturbed weights e^s (1 + delta sigma): random signs, or signs that push the first column of T W_V
// up.

using Signs = std::vector<std::vector<Matrix<double>>>;
Signs signs_of(const Network& network, const Options& options) {
  Signs signs;
  const auto traces = forward(network.layers, network.input);
  for (size_t l = 0; l < network.layers.size(); ++l) {
    signs.emplace_back();
    for (size_t h = 0; h < network.layers[l].heads.size(); ++h) {
      Stream draw(options.seed, "propagate signs", l << 16 | h);
      const Index n = network.input.rows();
      Matrix<double> sigma(n, n);
      const Matrix<double> values = traces[l].input * network.layers[l].heads[h].w_v;
      for (Index i = 0; i < n; ++i) {
        const double mean = traces[l].f[h].row(i).dot(values.col(0));
        for (Index j = 0; j < n; ++j)
          sigma(i, j) = options.signs == "random" ? draw.sign() : values(j, 0) < mean ? -1 : 1;
      }
      signs.back().push_back(sigma);
    }
  }
  return signs;
}
template <class Scalar>
struct Perturbed {
  const Matrix<double>* sigma;
  Scalar delta;
  Scalar operator()(const Scalar& s, Index i, Index j) const {
    using std::exp;
    const Scalar off = scalar_from<Scalar>(to_rational((*sigma)(i, j))) * delta;
    return exp(s) * (scalar_from<Scalar>(1) + off);
  }
};
template <class Scalar>
struct PerturbedHeads {
  const Signs* signs;
  Scalar delta;
  Perturbed<Scalar> operator()(Index layer, Index head) const { return {&(*signs)[layer][head], delta}; }
};

// ---- A row a layer. Values are upper ends, rounded up; the verdict compares the enclosures.

struct Row {
  Verdict kept = Verdict::verified;
  double state = 0, forward = 0, forward_states = 0, forward_norms = 0;
  double gradient = 0, backward = 0, backward_states = 0, backward_norms = 0, weights = 0, weights_states = 0;
};

Verdict within(double measured, double bound) {
  return measured <= bound ? Verdict::verified : Verdict::refuted;
}
Verdict within(const Interval& measured, const Interval& bound) {
  return is_finite(bound) ? at_most(measured, bound) : Verdict::verified;
}
Verdict both(Verdict a, Verdict b) {
  if (a == Verdict::refuted || b == Verdict::refuted) return Verdict::refuted;
  return a == Verdict::undecided || b == Verdict::undecided ? Verdict::undecided : Verdict::verified;
}

double above(double x) { return x; }
double above(const Interval& x) { return is_finite(x) ? round_up(x) : INFINITY; }

template <class Scalar>
std::vector<Row> propagate(const Network& network, const Signs& signs, const Rational& exact_delta) {
  const auto layers = layers_over<Scalar>(network.layers);
  const Matrix<Scalar> input = matrix_from<Scalar>(network.input);
  const Scalar delta = scalar_from<Scalar>(exact_delta), zero = scalar_from<Scalar>(0);
  const auto exact = forward(layers, input);
  const auto near = forward(layers, input, PerturbedHeads<Scalar>{&signs, delta});
  const size_t m = layers.size();
  // Loss 1/2 |T_m - T_0|_F^2. (1/2 |T_m|_F^2 will not do: behind a layer norm its gradient is 0.)
  const Matrix<Scalar> upstream = squared_loss(exact.back().output, input).gradient;
  const auto gradients = backward(layers, exact, upstream);
  const auto near_gradients = backward(layers, near, squared_loss(near.back().output, input).gradient);

  struct Measured {
    Scalar forward, backward, weights;
  };
  std::vector<Row> rows(m);
  std::vector<Measured> measured;
  for (size_t l = 0; l < m; ++l) {
    Measured x{largest_size<Scalar>(near[l].output - exact[l].output),
               one_norm<Scalar>(near_gradients[l].input - gradients[l].input), zero};
    for (size_t h = 0; h < gradients[l].heads.size(); ++h) {
      const auto &a = gradients[l].heads[h], &b = near_gradients[l].heads[h];
      x.weights =
          larger(x.weights, larger(largest_size<Scalar>(b.w - a.w), largest_size<Scalar>(b.w_v - a.w_v)));
    }
    rows[l].state = above(largest_size(exact[l].output));
    rows[l].gradient = above(one_norm(gradients[l].input));
    rows[l].forward = above(x.forward);
    rows[l].backward = above(x.backward);
    rows[l].weights = above(x.weights);
    measured.push_back(x);
  }
  for (const ConstantsFrom from : {ConstantsFrom::states, ConstantsFrom::norms}) {
    const bool states = from == ConstantsFrom::states;
    std::vector<LayerConstants<Scalar>> constants;
    std::vector<ForwardErrors<Scalar>> errors;
    Scalar e = zero;
    for (size_t l = 0; l < m; ++l) {
      constants.push_back(layer_constants(layers[l], exact[l], from));
      errors.push_back(forward_errors(constants.back(), e, delta));
      e = errors.back().output;
      (states ? rows[l].forward_states : rows[l].forward_norms) = above(e);
      rows[l].kept = both(rows[l].kept, within(measured[l].forward, e));
    }
    const Scalar count = scalar_from<Scalar>(input.size());
    GradientErrors<Scalar> g{one_norm(upstream), Scalar(count * e)};
    for (size_t l = m; l-- > 0;) {
      const BackwardErrors<Scalar> step = backward_errors(constants[l], errors[l], g);
      g = step.input;
      // The exact gradient's norm is known after a run; from norms alone it is the recursion's.
      if (states) g.norm = one_norm(gradients[l].input);
      (states ? rows[l].backward_states : rows[l].backward_norms) = above(g.error);
      Scalar largest = zero;
      for (size_t h = 0; h < step.w.size(); ++h) largest = larger(largest, larger(step.w[h], step.w_v[h]));
      if (states) rows[l].weights_states = above(largest);
      rows[l].kept = both(rows[l].kept,
                          both(within(measured[l].backward, g.error), within(measured[l].weights, largest)));
    }
  }
  return rows;
}

/// Real weights: how far the forward pass is from the hidden states that were exported with them.
double replay_difference(const Network& network, const std::filesystem::path& folder) {
  const auto traces = forward(network.layers, network.input);
  double largest = 0;
  for (size_t l = 0; l < traces.size(); ++l) {
    const Matrix<double> exported = read_npy(folder / fmt::format("T{}.npy", l + 1));
    if (exported.rows() != network.input.rows() || exported.cols() != network.input.cols())
      throw InputError(fmt::format("T{}.npy", l + 1), "the shape of T0.npy", "another");
    largest = std::fmax(largest, max_abs(Matrix<double>(exported - traces[l].output)));
  }
  return largest;
}

// ---- Output.

std::string csv(const std::vector<Row>& rows) {
  std::string text =
      "layer,state,forward,forward_bound_states,forward_bound_norms,gradient,backward,backward_bound_states,"
      "backward_bound_norms,weights,weights_bound_states\n";
  for (size_t l = 0; l < rows.size(); ++l) {
    const Row& r = rows[l];
    text += fmt::format("{},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g}\n", l + 1,
                        r.state, r.forward, r.forward_states, r.forward_norms, r.gradient, r.backward,
                        r.backward_states, r.backward_norms, r.weights, r.weights_states);
  }
  return text;
}

std::string plot_script(const std::vector<Row>& rows) {
  std::string script =
      "set terminal svg size 720,420 font 'sans-serif,12'\nset logscale y\nset format y '10^{%L}'\nset key "
      "top left\n"
      "set xlabel 'layer'\nset ylabel 'largest error'\nset grid\n$rows << EOD\n";
  for (size_t l = 0; l < rows.size(); ++l)
    script += fmt::format("{} {:.6g} {:.6g} {:.6g}\n", l + 1, rows[l].forward, rows[l].forward_states,
                          std::fmin(rows[l].forward_norms, 1e300));
  return script +
         "EOD\nplot $rows using 1:2 with linespoints lc rgb '#0072b2' title 'measured', \\\n"
         "  $rows using 1:3 with linespoints lc rgb '#d55e00' title 'bound, constants from states', \\\n"
         "  $rows using 1:4 with linespoints lc rgb '#009e73' title 'bound, constants from norms'\n";
}

/// (last/first)^(1/(m-1))
double growth(double first, double last, size_t layers) {
  return layers < 2 ? 1.0 : std::pow(last / first, 1.0 / static_cast<double>(layers - 1));
}

ExitStatus run(const Options& options) {
  const Rational delta = rational_from_text(options.delta, "--delta");
  if (delta <= 0 || delta >= 1) throw InputError("--delta", "a number in (0, 1)", "'" + options.delta + "'");
  const bool real = !options.weights.empty();
  if (!real && options.layers < 1) throw InputError("--layers", "at least 1", std::to_string(options.layers));
  for (const auto& [option, value] :
       {std::pair("--n", options.n), std::pair("--d", options.d), std::pair("--heads", options.heads)})
    if (value < 1 || value > 4096) throw InputError(option, "1 to 4096", std::to_string(value));
  if (options.layers < 0 || options.layers > 1024)
    throw InputError("--layers", "1 to 1024", std::to_string(options.layers));
  const Rational scale = rational_from_text(options.scale, "--scale");
  if (scale < 0) throw InputError("--scale", "a number that is not negative", "'" + options.scale + "'");
  if (!real && static_cast<double>(options.layers) * static_cast<double>(options.n * options.d) *
                       static_cast<double>(options.n + options.d) * static_cast<double>(options.heads) >
                   1e8)
    throw InputError("--layers --n --d --heads", "L heads n d (n + d) at most 10^8 (intervals)", "more");

  std::filesystem::path folder = options.weights;
  if (real && folder.filename() == "model.json") folder = folder.parent_path();
  const Network network =
      real ? real_network(folder, options.layers) : random_network(options, nearest(scale));
  const Signs signs = signs_of(network, options);
  std::vector<Row> rows;
  if (real) {
    if (delta < Rational(1, 1000000000))
      throw InputError("--delta", "at least 1e-9 with --weights (errors are measured in double)",
                       options.delta);
    rows = propagate<double>(network, signs, delta);
  } else {
    const WorkingPrecision precision(Bits{96 + 32 * options.layers});  // intervals widen with every layer
    rows = propagate<Interval>(network, signs, delta);
  }
  if (!options.data.empty()) write_file_atomically(options.data, csv(rows));
  if (!options.plot.empty()) {
    const Figure figure = draw(plot_script(rows), "error through the layers");
    if (figure.svg.empty()) throw InputError("--plot", "a figure by gnuplot", figure.missing);
    write_file_atomically(options.plot, figure.svg);
  }

  Verdict kept = Verdict::verified;
  for (const Row& r : rows) kept = both(kept, r.kept);
  std::optional<double> replay;
  if (real) replay = replay_difference(network, folder);
  const double measured = growth(rows.front().forward, rows.back().forward, rows.size()),
               proved = growth(rows.front().forward_states, rows.back().forward_states, rows.size());
  if (options.json) {
    const auto finite = [](double x) {
      return std::isfinite(x) ? nlohmann::ordered_json(x) : nlohmann::ordered_json("infinity");
    };
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (size_t l = 0; l < rows.size(); ++l) {
      const Row& r = rows[l];
      list.push_back({{"layer", l + 1},
                      {"state", r.state},
                      {"forward",
                       {{"measured", r.forward},
                        {"bound_states", finite(r.forward_states)},
                        {"bound_norms", finite(r.forward_norms)}}},
                      {"backward",
                       {{"gradient", r.gradient},
                        {"measured", r.backward},
                        {"bound_states", finite(r.backward_states)},
                        {"bound_norms", finite(r.backward_norms)}}},
                      {"weights", {{"measured", r.weights}, {"bound_states", finite(r.weights_states)}}}});
    }
    print_json({{"source", real ? options.weights : "random"},
                {"standing", real ? "estimate (double)" : "proved (intervals)"},
                {"seed", options.seed},
                {"delta", exact_text(delta)},
                {"growth_measured", measured},
                {"growth_bound", finite(proved)},
                {"verdict", name(kept)},
                {"replay_difference", replay ? nlohmann::ordered_json(*replay) : nlohmann::ordered_json()},
                {"layers", list}});
  } else {
    fmt::print(
        "  delta {}, {}\n\n  layer      |T|    forward: measured  bound(states)  bound(norms)   ratio    "
        "backward: measured  "
        "bound(states)  bound(norms)   ratio    weights: measured  bound\n",
        options.delta, real ? "real weights, in double: estimates" : "in intervals: proved");
    for (size_t l = 0; l < rows.size(); ++l) {
      const Row& r = rows[l];
      fmt::print(
          "  {:5}  {:7.3g}    {:17.3e}  {:13.3e}  {:12.3e}  {:6.1e}    {:18.3e}  {:13.3e}  {:12.3e}  {:6.1e} "
          "   {:17.3e}  {:.3e}\n",
          l + 1, r.state, r.forward, r.forward_states, r.forward_norms, r.forward / r.forward_states,
          r.backward, r.backward_states, r.backward_norms, r.backward / r.backward_states, r.weights,
          r.weights_states);
    }
    fmt::print("\n  growth of the error a layer: measured {:.4g}, bound {:.4g};  bounds {}\n", measured,
               proved,
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
  command->footer("Example: attnbounds propagate --layers 16 --n 6 --d 3 --delta 1e-6 --plot growth.svg");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
