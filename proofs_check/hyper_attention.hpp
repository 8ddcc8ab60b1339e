// HyperAttention on hard and on real instances: its parameters alpha and kappa, enclosed
// (attention/spectral.hpp), and the error of its output for one seed (kernels/hyper_attention.hpp), enclosed
// for that output. Inputs: uniform entries; every family of reductions/hard near its threshold, with one
// anchor and with spread anchors; the real heads. Cost O(n m d) intervals a row: a second or two for a head
// of 256 tokens.
#pragma once

#include "proofs_check/run.hpp"

namespace attnbounds {

struct HyperAttentionRow {
  std::string name;               // kept in tasks.jsonl
  std::function<Json()> measure;  // a line of hyper_attention.jsonl
};

/// At the quick level every third head, beyond it all of them. Errors: InputError.
std::vector<HyperAttentionRow> hyper_attention_rows(const RunSettings& settings,
                                                    const std::filesystem::path& heads);

}  // namespace attnbounds
