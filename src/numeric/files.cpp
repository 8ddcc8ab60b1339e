#include "numeric/files.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) { return error == 0 ? "an error of the file system" : std::strerror(error); }

void write(const fs::path& target, std::string_view text, const fs::path& asked_for) {
  errno = 0;
  std::ofstream file(target, std::ios::binary | std::ios::trunc);
  if (file) file.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (file) file.close();
  if (!file) throw InputError(asked_for.string(), "a file that can be written", reason(errno));
}

// Unique among the threads and processes that may write beside the same file.
fs::path beside(const fs::path& path) {
  static std::atomic<unsigned> count{0};
  fs::path result = path;
  result += ".partial-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
  return result;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  std::string pattern = (fs::temp_directory_path(error) / "attnbounds-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr)
    throw InputError(pattern, "a temporary folder that can be made (TMPDIR)",
                     error ? error.message() : reason(errno));
  path = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

std::string read_file(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    throw InputError(path.string(), "a regular file", fs::exists(path, error) ? "something else" : "nothing");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string bytes(fs::file_size(path), '\0');
  if (file) file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw InputError(path.string(), "a readable file", reason(errno));
  return bytes;
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) throw InputError(path.string(), "a file to write", "a directory");
  if (fs::exists(status) && !fs::is_regular_file(status)) return write(path, text, path);
  // A symbolic link stays one: its target is replaced.
  const fs::path target = fs::exists(status) ? fs::canonical(path) : path;
  const fs::path partial = beside(target);
  try {
    write(partial, text, path);
    fs::rename(partial, target, error);
    if (error) throw InputError(path.string(), "a file that can be written", error.message());
  } catch (...) {
    fs::remove(partial, error);
    throw;
  }
}

}  // namespace attnbounds
