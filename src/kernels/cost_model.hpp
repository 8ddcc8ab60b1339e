// Seconds of the two ways to attention on this machine, from a linear model that is fitted once: what
// `automatic` chooses by. Results depend on it through the choice alone.
//   exact         a score costs e_0 + e_1 d + e_2 d_v
//   polynomial    a token costs p_0 d + p_1 r + p_2 r (d_v + 1), r = C(d+g, g); the polynomial and its
//   weights, once,
//                 s_0 + s_1 r, on one thread
//   causal        half the scores, times a factor; the polynomial's times a factor and 64 scores a token
// Fitted to medians of a dozen small cases, least relative squares, about a second of work.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>

#include "attention/input.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds {

/// The sizes that cost depends on.
struct AttentionShape {
  Eigen::Index queries = 0, keys = 0, dimension = 0, columns = 0;
  Mask mask = Mask::none;
  ThreadCount threads;
};

struct CostModel {
  std::array<double, 3> exact{};  // seconds, one thread
  std::array<double, 3> polynomial{};
  std::array<double, 2> preparation{};
  double causal_exact = 1, causal_polynomial = 1;
  std::string origin;  // for people

  double exact_seconds(const AttentionShape& shape) const;
  double polynomial_seconds(const AttentionShape& shape, double rank) const;
};

/// Constants of one AVX2 core: used where nothing was measured. Never measures.
const CostModel& reference_cost_model();

/// Measures: about a second of one thread's work.
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
