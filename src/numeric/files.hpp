// Whole files: read with the place in the error, written so that a killed run leaves either the old file or
// the new one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace attnbounds {

/// The bytes of a regular file. Errors: InputError.
std::string read_file(const std::filesystem::path& path);

/// Writes a new file beside `path`, then renames it over `path`. What is not a regular file (a pipe,
/// /dev/stdout) is written directly, since it must not be replaced. Errors: InputError; `path` is untouched.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace attnbounds
