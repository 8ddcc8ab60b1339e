#include "proofs_check/propagation.hpp"

#include <fmt/format.h>

#include <Eigen/SVD>

#include "attention/token_propagation.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {

using Index = Eigen::Index;

// ---- Networks.

Network random_network(std::uint64_t seed, const NetworkShape& shape) {
  Stream draw(seed, "propagate");
  const double scale = nearest(shape.scale);
  Network network;
  network.input = draw.uniform_matrix(shape.n, shape.d, 1);
  for (long l = 0; l < shape.layers; ++l) {
    Layer<double> layer;
    layer.mask = shape.mask;
    layer.residual = shape.residual;
    for (long h = 0; h < shape.heads; ++h)
      layer.heads.push_back(
          {draw.uniform_matrix(shape.d, shape.d, scale), draw.uniform_matrix(shape.d, shape.d, scale), {}});
    if (shape.mlp != RowMap::none)
      layer.mlp = Mlp<double>{
          draw.uniform_matrix(shape.d, 2 * shape.d, scale), draw.uniform_matrix(1, 2 * shape.d, scale),
          draw.uniform_matrix(2 * shape.d, shape.d, scale), draw.uniform_matrix(1, shape.d, scale),
          shape.mlp == RowMap::relu ? Activation::relu : Activation::gelu};
    if (shape.layer_norm) {
      const LayerNorm<double> norm{Matrix<double>::Ones(1, shape.d), Matrix<double>::Zero(1, shape.d),
                                   0x1p-20};
      layer.attention_norm = norm;
      if (layer.mlp) layer.mlp_norm = norm;
    }
    network.layers.push_back(layer);
  }
  return network;
}

Network trained_like_network(std::uint64_t seed, const NetworkShape& shape) {
  Stream draw(seed, "propagate trained-like");
  const Index d = shape.d, rank = std::max<Index>(1, d / 2), hidden = 4 * d;
  const auto with_deviation = [&](Index rows, Index columns, double deviation) {
    return draw.uniform_matrix(rows, columns, std::sqrt(3.0) * deviation);
  };
  const double by_width = 1 / std::sqrt(static_cast<double>(d)),
               factor = static_cast<double>(d) / std::sqrt(static_cast<double>(rank));
  Network network;
  network.input = draw.uniform_matrix(shape.n, d, 1);
  for (long l = 0; l < shape.layers; ++l) {
    Layer<double> layer;
    layer.mask = shape.mask;
    for (long h = 0; h < shape.heads; ++h) {
      const Matrix<double> q = with_deviation(d, rank, by_width), k = with_deviation(d, rank, by_width),
                           v = with_deviation(d, rank, by_width), o = with_deviation(rank, d, by_width / 2),
                           b = with_deviation(1, rank, 0.25);
      layer.heads.push_back({factor * q * k.transpose(), v * o, factor * b * k.transpose()});
    }
    layer.mlp =
        Mlp<double>{with_deviation(d, hidden, by_width), with_deviation(1, hidden, 0.25),
                    with_deviation(hidden, d, by_width / 4), with_deviation(1, d, 0.25), Activation::gelu};
    layer.attention_norm = layer.mlp_norm =
        LayerNorm<double>{Matrix<double>::Ones(1, d), Matrix<double>::Zero(1, d), 0x1p-20};
    network.layers.push_back(layer);
  }
  return network;
}

Network adversarial_network(long layers) {
  constexpr double kappa = 0.7717;  // kappa tanh(kappa) = 1/2, where kappa sech^2(kappa) is the largest
  Network network;
  network.input.resize(2, 1);
  network.input << 1, -1;
  double size = 1;
  for (long l = 0; l < layers; ++l) {
    Layer<double> layer;
    layer.heads.push_back(
        {Matrix<double>::Constant(1, 1, kappa / (size * size)), Matrix<double>::Constant(1, 1, 0.5), {}});
    network.layers.push_back(layer);
    size *= 1 + std::tanh(kappa) / 2;
  }
  return network;
}

// The model has scores Q K^T/sqrt(head dimension), Q = T W_Q + b_Q, K = T W_K + b_K. Here scores are divided
// by the width of T, so W_h = W_Q W_K^T width/sqrt(head dimension), u_h = b_Q W_K^T times the same; b_K
// cancels in softmax; W_V,h = W_V W_O, and the rows of f sum to 1, so b_V W_O + b_O is a bias of the output.
Network real_network(const std::filesystem::path& given, long most_layers) {
  const std::filesystem::path folder = given.filename() == "model.json" ? given.parent_path() : given;
  const std::filesystem::path file = folder / "model.json";
  const auto json = nlohmann::json::parse(read_file(file), nullptr, false);
  const auto number = [&](const char* key) -> double {
    if (!json.is_object() || !json.contains(key) || !json[key].is_number())
      throw InputError(file.string(), std::string("a number \"") + key + "\"", "none");
    return json[key].get<double>();
  };
  const long layers = std::lround(number("layers")), heads = std::lround(number("heads")),
             size = std::lround(number("head_dimension"));
  if (layers < 1 || layers > 1024)
    throw InputError(file.string(), "\"layers\" from 1 to 1024", std::to_string(layers));
  if (most_layers > layers)
    throw InputError("--layers", fmt::format("at most {} (of {})", layers, file.string()),
                     std::to_string(most_layers));
  Network network;
  network.input = read_npy(folder / "T0.npy");
  const Index width = network.input.cols(), joined = heads * size;
  if (heads < 1 || size < 1 || joined > width)
    throw InputError(file.string(),
                     fmt::format("heads * head_dimension from 1 to {}, the columns of T0", width),
                     fmt::format("{} * {}", heads, size));
  const bool whole = json.contains("mlp");  // else the attention parts alone
  const double factor = static_cast<double>(width) / std::sqrt(static_cast<double>(size));
  for (long l = 0; l < (most_layers > 0 ? most_layers : layers); ++l) {
    const std::filesystem::path room = folder / ("layer" + std::to_string(l));
    const auto matrix = [&](const char* name, Index rows, Index columns) {
      const std::filesystem::path path = room / (std::string(name) + ".npy");
      Matrix<double> m = read_npy(path);
      if (m.rows() == columns && m.cols() == 1 && rows == 1) m.transposeInPlace();
      if (m.rows() != rows || (columns >= 0 && m.cols() != columns))
        throw InputError(path.string(),
                         fmt::format("{} x {}", rows, columns < 0 ? "any" : std::to_string(columns)),
                         fmt::format("{} x {}", m.rows(), m.cols()));
      if (!m.allFinite()) throw InputError(path.string(), "finite numbers", "NaN or an infinity");
      return m;
    };
    const Matrix<double> q = matrix("W_Q", width, joined), k = matrix("W_K", width, joined),
                         v = matrix("W_V", width, joined), o = matrix("W_O", joined, width),
                         b_q = matrix("b_Q", 1, joined), b_v = matrix("b_V", 1, joined);
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
    if (whole) {
      const Matrix<double> w1 = matrix("W_1", width, -1);
      layer.mlp = Mlp<double>{w1, matrix("b_1", 1, w1.cols()), matrix("W_2", w1.cols(), width),
                              matrix("b_2", 1, width), Activation::gelu};
      layer.mlp_norm =
          LayerNorm<double>{matrix("ln_mlp_gamma", 1, width), matrix("ln_mlp_beta", 1, width), epsilon};
    }
    network.layers.push_back(layer);
  }
  return network;
}

std::optional<double> replay_difference(const Network& network, const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / "T1.npy")) return {};
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

// ---- Perturbed weights.

Signs perturbation_signs(const Network& network, SignKind kind, std::uint64_t seed) {
  Signs signs;
  const auto traces = forward(network.layers, network.input);
  for (size_t l = 0; l < network.layers.size(); ++l) {
    signs.emplace_back();
    for (size_t h = 0; h < network.layers[l].heads.size(); ++h) {
      Stream draw(seed, "propagate signs", l << 16 | h);
      const Index n = network.input.rows();
      Matrix<double> sigma(n, n);
      const Matrix<double> values = traces[l].input * network.layers[l].heads[h].w_v;
      for (Index i = 0; i < n; ++i) {
        const double mean = traces[l].f[h].row(i).dot(values.col(0));
        for (Index j = 0; j < n; ++j)
          sigma(i, j) = kind == SignKind::random ? draw.sign() : values(j, 0) < mean ? -1 : 1;
      }
      signs.back().push_back(sigma);
    }
  }
  return signs;
}
namespace {

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

// ---- A row a layer.

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

/// The smallest singular value of the softmax matrices, in double.
double least_singular_value(const std::vector<Matrix<double>>& f) {
  double least = INFINITY;
  for (const Matrix<double>& m : f)
    least = std::fmin(least, Eigen::BDCSVD<Eigen::MatrixXd>(m).singularValues().minCoeff());
  return least;
}

template <class Scalar>
std::vector<PropagationRow> propagate(const Network& network, const Signs& signs,
                                      const Rational& exact_delta) {
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
  std::vector<PropagationRow> rows(m);
  std::vector<Measured> measured;
  const auto in_double = forward(network.layers, network.input);
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
    rows[l].least_singular = least_singular_value(in_double[l].f);
    measured.push_back(x);
  }
  const auto keep = [&](size_t l, const Scalar& error, const Scalar& bound) {
    rows[l].kept = both(rows[l].kept, within(error, bound));
  };
  const auto largest_pair = [&](const std::vector<Scalar>& w, const std::vector<Scalar>& w_v) {
    Scalar largest = zero;
    for (size_t h = 0; h < w.size(); ++h) largest = larger(largest, larger(w[h], w_v[h]));
    return largest;
  };
  for (const ConstantsFrom from : {ConstantsFrom::states, ConstantsFrom::norms}) {
    double Bounds::*const which = from == ConstantsFrom::states ? &Bounds::states : &Bounds::norms;
    std::vector<LayerConstants<Scalar>> constants;
    std::vector<ForwardErrors<Scalar>> errors;
    Scalar e = zero;
    for (size_t l = 0; l < m; ++l) {
      constants.push_back(layer_constants(layers[l], exact[l], from));
      errors.push_back(forward_errors(constants.back(), e, delta));
      e = errors.back().output;
      rows[l].forward_bounds.*which = above(e);
      keep(l, measured[l].forward, e);
    }
    const Scalar count = scalar_from<Scalar>(input.size());
    GradientErrors<Scalar> g{one_norm(upstream), Scalar(count * e)};
    for (size_t l = m; l-- > 0;) {
      const BackwardErrors<Scalar> step = backward_errors(constants[l], errors[l], g);
      g = step.input;
      // The exact gradient's norm is known after a run; from norms alone it is the recursion's.
      if (from == ConstantsFrom::states) g.norm = one_norm(gradients[l].input);
      rows[l].backward_bounds.*which = above(g.error);
      const Scalar largest = largest_pair(step.w, step.w_v);
      rows[l].weights_bounds.*which = above(largest);
      keep(l, measured[l].backward, g.error);
      keep(l, measured[l].weights, largest);
    }
  }
  // Token by token. An entry is at most its row's Euclidean norm; |.|_1 of a row at most sqrt(d) times it.
  std::vector<TokenConstants<Scalar>> constants;
  std::vector<TokenErrors<Scalar>> errors;
  PerToken<Scalar> e(static_cast<size_t>(input.rows()), zero);
  for (size_t l = 0; l < m; ++l) {
    constants.push_back(token_constants(layers[l], exact[l]));
    errors.push_back(token_forward(constants.back(), e, delta));
    e = errors.back().output;
    rows[l].forward_bounds.tokens = above(largest_of(e));
    keep(l, measured[l].forward, largest_of(e));
  }
  TokenGradients<Scalar> g{row_norms(upstream), e};
  for (size_t l = m; l-- > 0;) {
    const TokenBackward<Scalar> step =
        token_backward(constants[l], errors[l], g, row_norms(gradients[l].middle));
    g = {row_norms(gradients[l].input), step.error};
    Scalar total = zero;
    for (const Scalar& x : g.error) total += x;
    total *= root(constants[l].width);
    const Scalar largest = largest_pair(step.w, step.w_v);
    rows[l].backward_bounds.tokens = above(total);
    rows[l].weights_bounds.tokens = above(largest);
    keep(l, measured[l].backward, total);
    keep(l, measured[l].weights, largest);
  }
  return rows;
}

}  // namespace

double Bounds::best() const { return std::fmin(norms, std::fmin(states, tokens)); }

std::vector<PropagationRow> propagate_enclosed(const Network& network, const Signs& signs,
                                               const Rational& delta) {
  const WorkingPrecision precision(
      Bits{96 + 32 * static_cast<long>(network.layers.size())});  // intervals widen with every layer
  return propagate<Interval>(network, signs, delta);
}
std::vector<PropagationRow> propagate_estimated(const Network& network, const Signs& signs,
                                                const Rational& delta) {
  return propagate<double>(network, signs, delta);
}
Verdict verdict_of(const std::vector<PropagationRow>& rows) {
  Verdict kept = Verdict::verified;
  for (const PropagationRow& r : rows) kept = both(kept, r.kept);
  return kept;
}

double growth_a_layer(double first, double last, size_t layers) {
  return layers < 2 ? 1.0 : std::pow(last / first, 1.0 / static_cast<double>(layers - 1));
}

// ---- As JSON.

namespace {

Json number_or_infinity(double x) { return std::isfinite(x) ? Json(x) : Json("infinity"); }
Json bounds_json(double measured, const Bounds& bounds) {
  return {{"measured", number_or_infinity(measured)},
          {"bound_tokens", number_or_infinity(bounds.tokens)},
          {"bound_states", number_or_infinity(bounds.states)},
          {"bound_norms", number_or_infinity(bounds.norms)}};
}

}  // namespace

Json row_json(const std::vector<PropagationRow>& rows, size_t layer) {
  const PropagationRow &r = rows.at(layer - 1), &first = rows.front();
  Json j = {{"layer", layer}, {"state", r.state}};
  j["forward"] = bounds_json(r.forward, r.forward_bounds);
  j["backward"] = bounds_json(r.backward, r.backward_bounds);
  j["backward"]["gradient"] = r.gradient;
  j["weights"] = bounds_json(r.weights, r.weights_bounds);
  const auto growth = [&](double Bounds::*which) {
    return growth_a_layer(first.forward_bounds.*which, r.forward_bounds.*which, layer);
  };
  j["growth"] = bounds_json(growth_a_layer(first.forward, r.forward, layer),
                            {growth(&Bounds::norms), growth(&Bounds::states), growth(&Bounds::tokens)});
  j["least_singular_value"] = r.least_singular;
  j["verdict"] = name(r.kept);
  return j;
}

std::vector<PropagationSeries> propagation_series(const RunSettings& settings,
                                                  const std::filesystem::path& real_layers,
                                                  const std::filesystem::path& weights) {
  struct Series {
    std::string name;
    Network network;
    Rational delta;
    SignKind signs = SignKind::aligned;
    std::uint64_t seed = 0;
    enum class Arithmetic { intervals, doubles } arithmetic = Arithmetic::intervals;
  };
  const Rational small(1, 1000000), least(1, 1000000000);
  std::vector<Series> list;
  const auto add = [&](std::string name, Network network, std::uint64_t seed) {
    list.push_back({std::move(name), std::move(network), small, SignKind::aligned, seed});
  };
  const long more = settings.level == Level::quick ? 1 : settings.level == Level::standard ? 3 : 10;
  add("adversarial", adversarial_network(32), settings.seed);
  for (long k = 0; k < more; ++k) {
    const std::uint64_t seed = settings.seed + static_cast<std::uint64_t>(k);
    const std::string mark = k == 0 ? "" : fmt::format(", draw {}", k + 1);
    NetworkShape shape;
    shape.layers = 32;
    shape.n = 5;
    shape.d = 3;
    add("random" + mark, random_network(seed, shape), seed);
    shape.heads = 2;
    shape.d = 4;
    add("trained-like" + mark, trained_like_network(seed, shape), seed);
    shape = {};
    shape.n = 5;
    shape.layers = 6;
    for (const long d : {2, 4, 8}) {
      shape.d = d;
      add(fmt::format("random, d = {}", d) + mark, random_network(seed, shape), seed);
    }
    shape.d = 4;
    shape.layer_norm = true;
    add("random, layer norm" + mark, random_network(seed, shape), seed);
    shape.layer_norm = false;
    shape.scale = 2;
    shape.layers = 4;
    add("random, sharp attention" + mark, random_network(seed, shape), seed);
  }
  const auto add_real = [&](const std::string& name, const std::filesystem::path& folder) {
    list.push_back({name, real_network(folder, 0), least, SignKind::aligned, settings.seed,
                    Series::Arithmetic::doubles});
  };
  if (!real_layers.empty()) add_real("real, one head a layer", real_layers);
  if (!weights.empty()) add_real("real, all heads", weights);

  const auto measure = [](const Series& series) {
    std::vector<Json> lines;
    const Signs signs = perturbation_signs(series.network, series.signs, series.seed);
    const bool proved = series.arithmetic == Series::Arithmetic::intervals;
    const auto rows = proved ? propagate_enclosed(series.network, signs, series.delta)
                             : propagate_estimated(series.network, signs, series.delta);
    for (size_t l = 1; l <= rows.size(); ++l) {
      Json line = {{"series", series.name},
                   {"standing", proved ? "proved" : "estimate"},
                   {"n", series.network.input.rows()},
                   {"d", series.network.input.cols()},
                   {"delta", exact_text(series.delta)}};
      line.update(row_json(rows, l));
      lines.push_back(std::move(line));
    }
    return lines;
  };
  const auto prove = [](const Series& series) -> Json {
    const auto& [layers, input] = series.network;
    return {{"states", layers_certificate(layers, input, input, series.delta, ConstantsFrom::states)},
            {"norms", layers_certificate(layers, input, input, series.delta, ConstantsFrom::norms)}};
  };
  std::vector<PropagationSeries> all;
  for (const Series& series : list)
    all.push_back({series.name, [series, measure] { return measure(series); },
                   series.arithmetic == Series::Arithmetic::doubles
                       ? "an estimate, in double"
                       : beyond_layers_certificate(series.network.layers),
                   [series, prove] { return prove(series); }});
  return all;
}

}  // namespace attnbounds
