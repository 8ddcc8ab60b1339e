// NumPy's .npy files (format 1.0 to 3.0): two-dimensional, C order, little-endian float64 or float32.
#pragma once

#include <filesystem>
#include <string>

#include "numeric/matrix.hpp"

namespace attnbounds {

/// Errors: InputError naming the file, for anything else, truncated files and trailing bytes.
Matrix<double> read_npy(const std::filesystem::path& path);

/// The bytes of an .npy file, float64.
std::string npy_bytes(const Matrix<double>& matrix);

}  // namespace attnbounds
