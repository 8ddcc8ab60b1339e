// Near-threshold instances for HyperAttention's parameters: a planted pair (reductions/hard) with its one
// anchor, or with the anchor's weight spread over as many anchors as there are keys, so that no column is
// heavy but the planted ones.
#pragma once

#include <cmath>

#include "attention/spectral.hpp"
#include "kernels/hyper_attention.hpp"
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"
#include "reductions/hard/families.hpp"

namespace attnbounds {

enum class Anchors { one, spread };

struct NearThreshold {
  AttentionInput input;
  std::optional<long> planted_query, planted_key;  // none: an unsatisfiable formula
};

/// Columns after the vectors' are the bias: an anchor at -log n of the others' scores there weighs 1/n of it.
inline NearThreshold near_threshold(const HardRequest& request, Anchors anchors) {
  const HardInstance hard = hard_instance(request);
  const ThresholdParameters& p = hard.parameters;
  NearThreshold result{matrix_instance(p, hard.families), {}, {}};
  if (hard.planted) {
    result.planted_query = hard.planted->at(0);
    result.planted_key = hard.planted->at(1);
  }
  if (anchors == Anchors::one) return result;
  AttentionInput& in = result.input;
  const Eigen::Index genuine = in.k.rows() - 1, d = in.q.cols();
  const double bias = std::log(static_cast<double>(genuine)) * static_cast<double>(d) /
                      (p.entry * static_cast<double>(p.bias_columns));
  Matrix<double> k = Matrix<double>::Zero(2 * genuine, d), v = Matrix<double>::Zero(2 * genuine, in.v.cols());
  k.topRows(genuine) = in.k.topRows(genuine);
  v.topRows(genuine) = in.v.topRows(genuine);
  k.bottomRightCorner(genuine, p.bias_columns).setConstant(-bias);
  in.k = k;
  in.v = v;
  return result;
}

}  // namespace attnbounds
