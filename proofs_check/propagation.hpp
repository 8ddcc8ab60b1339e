// The error through the layers of a transformer whose softmax weights have relative error delta, measured
// against the proved recursions of docs/gradients.md, forward and backward, layer by layer: what
// `attnbounds propagate` prints and what a run keeps in propagation.jsonl. Small networks are run in
// intervals (measured errors are enclosures, bounds are proved); real weights in double, as estimates.
#pragma once

#include <filesystem>

#include "attention/transformer.hpp"
#include "proofs_check/run.hpp"

namespace attnbounds {

struct Network {
  std::vector<Layer<double>> layers;
  Matrix<double> input;
};

enum class RowMap { none, relu, gelu };
struct NetworkShape {
  long layers = 1, n = 8, d = 4, heads = 1;
  Rational scale = Rational(1, 4);
  RowMap mlp = RowMap::none;
  Mask mask = Mask::none;
  Residual residual = Residual::added;
  bool layer_norm = false;
};

/// Entries uniform on [-scale, scale].
Network random_network(std::uint64_t seed, const NetworkShape& shape);
/// As in trained networks: W = W_Q W_K^T d/sqrt(h) of rank h = d/2, scores of about unit size, query biases,
/// GELU, layer norm after both parts. Uses layers, n, d, heads, mask of the shape.
Network trained_like_network(std::uint64_t seed, const NetworkShape& shape);
/// Two tokens +-R, one feature, W_V = 1/2, W = kappa/R^2 with kappa sech^2(kappa) the largest: a common error
/// of both tokens grows by 1 + (1 + kappa sech^2 kappa)/2 = 1.724 a layer.
Network adversarial_network(long layers);
/// The folder that tests/data/make_heads.py --weights writes, or tests/data/layers. `most_layers` 0: all.
/// Errors: InputError.
Network real_network(const std::filesystem::path& folder, long most_layers);
/// How far the forward pass is from the hidden states T1, T2, ... of the folder; nothing if it has none.
std::optional<double> replay_difference(const Network& network, const std::filesystem::path& folder);

/// Weights e^s (1 + delta sigma): random signs, or signs that push the first column of T W_V up.
enum class SignKind { aligned, random };
using Signs = std::vector<std::vector<Matrix<double>>>;  // a layer, a head
Signs perturbation_signs(const Network& network, SignKind kind, std::uint64_t seed);

/// A recursion's constants: norms of weights and |T|_max; the exact states besides; or token by token.
struct Bounds {
  double norms = 0, states = 0, tokens = 0;
  double best() const;
};
/// Upper ends, rounded up (enclosures), or as measured (double). Infinite where a recursion says nothing.
struct PropagationRow {
  Verdict kept = Verdict::verified;
  double state = 0, gradient = 0;  // |T_l|_max, |dL/dT_{l-1}|_1
  double forward = 0, backward = 0, weights = 0;
  Bounds forward_bounds, backward_bounds, weights_bounds;
  double least_singular = 0;  // of the softmax matrices of the layer, an estimate
};
std::vector<PropagationRow> propagate_enclosed(const Network& network, const Signs& signs,
                                               const Rational& delta);
std::vector<PropagationRow> propagate_estimated(const Network& network, const Signs& signs,
                                                const Rational& delta);
Verdict verdict_of(const std::vector<PropagationRow>& rows);

/// (last/first)^(1/(m-1)) over the first m layers; 1 for one layer.
double growth_a_layer(double first, double last, size_t layers);

/// A row as JSON, `layer` from 1.
Json row_json(const std::vector<PropagationRow>& rows, size_t layer);

/// The series of a run, a line a layer: random, trained-like and adversarial weights to depth 32; the width,
/// layer norm and sharp (full-rank) attention; the committed layers of a real transformer; and all of
/// `weights` where it is not empty.
struct PropagationSeries {
  std::string name;
  std::function<std::vector<Json>()> measure;
  std::string no_certificate;   // why there is none; if empty:
  std::function<Json()> prove;  // by constants ("states", "norms"), certificates of these recursions
};
std::vector<PropagationSeries> propagation_series(const RunSettings& settings,
                                                  const std::filesystem::path& real_layers,
                                                  const std::filesystem::path& weights);

}  // namespace attnbounds
