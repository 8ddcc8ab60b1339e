// The files that a certificate speaks of: they stand beside it and are named with their SHA-256.
#pragma once

#include <filesystem>

#include "reading.hpp"

namespace checker {

struct Folder {
  std::filesystem::path path;
};

/// The bytes of a regular file of at most 64 MiB. Errors: Malformed, with this place.
std::string bytes_of(const std::filesystem::path& path, const std::string& place);

/// 64 hexadecimal digits (FIPS 180-4, by Nettle).
std::string sha256(const std::string& bytes);

/// {"file": a name in the folder, "sha256": …}: its bytes. Errors: Malformed; Rejected if the hash differs.
std::string hashed_file(const Field& field, const Folder& folder);

/// The matrix of such a file: npy 1.0 to 3.0, little-endian float64 or float32, C order, finite entries.
Matrix hashed_matrix(const Field& field, const Folder& folder);

}  // namespace checker
