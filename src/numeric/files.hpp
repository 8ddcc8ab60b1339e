// Whole files: read with the place in the error, written so that a killed run leaves either the old file or
// the new one. Folders for the time of a computation.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace attnbounds {

/// A new folder that is removed, with everything in it, at the end of its life. Errors: InputError.
struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
};

/// The bytes of a regular file. Errors: InputError.
std::string read_file(const std::filesystem::path& path);

/// Writes a new file beside `path`, then renames it over `path`. What is not a regular file (a pipe,
/// /dev/stdout) is written directly, since it must not be replaced. Errors: InputError; `path` is untouched.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace attnbounds
