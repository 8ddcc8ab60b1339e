// Least degrees on a finer grid than the claims', for the plot of degree against X.
#pragma once

#include "proofs_check/run.hpp"

namespace attnbounds {

/// One line {"half_width", "epsilon", "error_kind", "degree", "theory"} a point, replacing the file; the
/// lines' least-degree certificates into `certificates`, unless it is empty.
void write_degrees(const std::filesystem::path& file, const RunSettings& settings,
                   const std::filesystem::path& certificates = {});

/// The name of a point in certificates.jsonl, such as "relative 4 0.001", and of its file.
std::string degree_name(const Json& line);
std::filesystem::path degree_certificate(const std::filesystem::path& certificates, const Json& line);

}  // namespace attnbounds
