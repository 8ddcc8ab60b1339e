// Seconds of the two ways to attention on this machine, from a linear model that is fitted once: what
// `automatic` chooses by. Results depend on it through the choice alone.
//   exact         a score costs e_0 + e_1 d + e_2 d_v
//   polynomial    a token costs p_0 d + p_1 r + p_2 r (d_v + 1), r = C(d+g, g); the polynomial and its
//   weights, once,
//                 s_0 + s_1 r, on one thread
//   causal        half the scores, times a factor; the polynomial's times a factor and 64 scores a token
// Tensor attention and gradients run the same two loops with other columns: their work is counted in weights
// (exact) and in tokens, features and products (polynomial), and a factor each tells how far they are from
// matrix attention's speed.
// Fitted to medians of two dozen small cases, least relative squares, about two seconds of work.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>

#include "attention/input.hpp"
#include "numeric/parallel.hpp"
#include "polynomial/polynomial.hpp"

namespace attnbounds {

/// The sizes that cost depends on.
struct AttentionShape {
  Eigen::Index queries = 0, keys = 0, dimension = 0, columns = 0;
  Mask mask = Mask::none;
  ThreadCount threads;
};

enum class KernelKind { attention, tensor, gradient };

/// Fused exact sums: so many weights, of scores with that many terms, into `columns` and the ones.
struct ExactWork {
  KernelKind kind = KernelKind::attention;
  double weights = 0, dimension = 0, columns = 0;
};
/// Sums with features: tokens times their dimension, times the rank, times rank and columns; weights of
/// scores inside the blocks of a causal kernel; the rank of what is prepared once.
struct FeatureWork {
  KernelKind kind = KernelKind::attention;
  double dimensions = 0, ranks = 0, products = 0;
  ExactWork inside = {};
  double rank = 0;
};

ExactWork exact_work(const TensorAttentionInput& in, Mask mask);
FeatureWork feature_work(const TensorAttentionInput& in, Degree degree, Mask mask);

/// A gradient's: rows see `keys` keys or pairs of them, made of `key_tokens` tokens, in scores of `variables`
/// terms that are not known to be 0.
struct GradientShape {
  double queries = 0, keys = 0, key_tokens = 0, variables = 0, dimension = 0, columns = 0;
};
GradientShape gradient_shape(const AttentionInput& in);
// Of dL/dX (kernels/gradient_kernels.hpp) and of the gradients by Q, K, V (kernels/gradient_attention.hpp).
ExactWork loss_gradient_exact_work(const GradientShape& sizes);
FeatureWork loss_gradient_feature_work(const GradientShape& sizes, Degree degree);
ExactWork attention_gradient_exact_work(const GradientShape& sizes, Mask mask);
FeatureWork attention_gradient_feature_work(const GradientShape& sizes, Degree degree, Mask mask);

struct CostModel {
  std::array<double, 3> exact{};  // seconds, one thread
  std::array<double, 3> polynomial{};
  std::array<double, 2> preparation{};
  double causal_exact = 1, causal_polynomial = 1;
  std::array<double, 2> tensor{1, 1}, gradient{1, 1};  // factors: exact, polynomial
  std::string origin;                                  // for people

  double exact_seconds(const AttentionShape& shape) const;
  double polynomial_seconds(const AttentionShape& shape, double rank) const;
  double seconds(const ExactWork& work, ThreadCount threads) const;
  double seconds(const FeatureWork& work, ThreadCount threads) const;
};

/// Constants of one AVX2 core: used where nothing was measured. Never measures.
const CostModel& reference_cost_model();

/// Measures: about two seconds of one thread's work.
CostModel measured_cost_model();

enum class Calibration { cached, anew };
/// The model of the user's cache folder (XDG_CACHE_HOME, or ~/.cache, attnbounds/cost-model.json); measured
/// and, if that can be written, stored there when it is missing, unreadable, of another processor, or to be
/// made anew.
CostModel machine_cost_model(Calibration calibration = Calibration::cached);

/// Where it is kept; nothing if neither variable is set.
std::optional<std::filesystem::path> cost_model_file();

// The file's text and back; nothing if it is not one of ours.
std::string cost_model_text(const CostModel& model);
std::optional<CostModel> cost_model_from_text(const std::string& text);

}  // namespace attnbounds
