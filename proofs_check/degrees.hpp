// Least degrees on a finer grid than the claims', for the plot of degree against X.
#pragma once

#include "proofs_check/run.hpp"

namespace attnbounds {

/// One line {"half_width", "epsilon", "error_kind", "degree", "theory"} a point, replacing the file.
void write_degrees(const std::filesystem::path& file, const RunSettings& settings);

}  // namespace attnbounds
