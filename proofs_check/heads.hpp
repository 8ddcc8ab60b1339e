// Real attention heads: where practice stands against the threshold B = Theta(sqrt(log n)), what degree and
// rank the polynomial method needs there, and whether the guaranteed attention keeps its word on them.
#pragma once

#include "attention/input.hpp"
#include "proofs_check/run.hpp"

namespace attnbounds {

/// The folders of `data` that hold an instance.json, sorted by name. Errors: InputError if there is none.
std::vector<std::filesystem::path> head_folders(const std::filesystem::path& data);

/// Q, K, V of a head. Errors: InputError.
AttentionInput head_input(const std::filesystem::path& folder);

/// One line of heads.jsonl. `epsilon`: the budget is epsilon max|V|. The verdict is verified when the proved
/// error is at most the bound and the bound at most the budget. `certificates`: the folder that gets
/// HEAD/certificate.json (its attention, if its bound is finite), HEAD/least_degree.json and
/// HEAD/least_degree_for_bound.json; none are written without one.
Json measure_head(const std::filesystem::path& folder, const Rational& epsilon, const RunSettings& settings,
                  const std::optional<std::filesystem::path>& certificates = {});
/// Those of them that are there.
std::vector<std::filesystem::path> head_certificates(const std::filesystem::path& certificates,
                                                     const std::string& head);

}  // namespace attnbounds
