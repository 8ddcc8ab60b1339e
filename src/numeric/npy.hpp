// NumPy .npy files, formats 1.0, 2.0 and 3.0: float64 or float32, little-endian, C order, two-dimensional.
// A reader of our own, because the usual ones (xtensor's, cnpy) do not validate: they trust the shape, read
// past a truncated file and take Fortran order for C order. Here a file is read exactly or refused.
#pragma once

#include <filesystem>
#include <string>

#include "numeric/matrix.hpp"

namespace attnbounds {

enum class NpyType { float64, float32 };

/// The entries, exactly (every float32 is a double). Errors: InputError naming the file and the field.
Matrix<double> read_npy(const std::filesystem::path& path);

/// The bytes of an .npy file. float32 rounds to nearest, ties to even. Errors: std::domain_error if the
/// matrix is empty or an entry is not finite in the type asked for.
std::string npy_bytes(const Matrix<double>& matrix, NpyType type = NpyType::float64);

/// Writes them, whole or not at all. Errors: also InputError, if the file cannot be written.
void write_npy(const std::filesystem::path& path, const Matrix<double>& matrix,
               NpyType type = NpyType::float64);

}  // namespace attnbounds
