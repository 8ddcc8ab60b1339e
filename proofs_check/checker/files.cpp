#include "files.hpp"

#include <nettle/sha2.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <regex>

namespace checker {

std::string bytes_of(const std::filesystem::path& path, const std::string& place) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw Malformed(place, "a readable file", "none");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Malformed(place, "a readable file", "none");
  std::string text, block(1 << 16, '\0');
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())), file.gcount() > 0) {
    text.append(block, 0, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kLargestFile) throw Malformed(place, "at most 64 MiB", "more");
  }
  if (file.bad()) throw Malformed(place, "a readable file", "a read error");
  return text;
}

std::string sha256(const std::string& bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  std::uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_digest(&context, sizeof digest, digest);
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string hashed_file(const Field& field, const Folder& folder) {
  const std::string& name = field["file"].text();
  if (name.empty() || name.size() > 200 || name[0] == '.' || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos)
    field["file"].expected("the name of a file beside the certificate");
  const std::string bytes = bytes_of(folder.path / name, field.place + ".file " + quoted(name));
  const std::string found = sha256(bytes);
  if (field["sha256"].text() != found)
    throw Rejected(field.place + ".sha256: " + quoted(name) + " has SHA-256 " + found);
  return bytes;
}

Matrix hashed_matrix(const Field& field, const Folder& folder) {
  const std::string bytes = hashed_file(field, folder), place = field.place;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0 || byte(6) < 1 || byte(6) > 3)
    throw Malformed(place, "an npy file", "another");
  const std::size_t start = byte(6) == 1 ? 10 : 12;
  std::size_t length = byte(8) | byte(9) << 8;
  if (start == 12) length |= byte(10) << 16 | byte(11) << 24;
  if (length > 4096 || bytes.size() < start + length) throw Malformed(place, "an npy header", "a broken one");
  const std::string header = bytes.substr(start, length);
  // As NumPy writes it, to the letter: a key twice or a comment would let two readers see two matrices.
  static const std::regex form(
      "\\{'descr': '<f([48])', 'fortran_order': False, 'shape': \\(([0-9]{1,9}), ([0-9]{1,9})\\), \\} *\n?");
  std::smatch found;
  if (!std::regex_match(header, found, form))
    throw Malformed(place, "float64 or float32, C order, two-dimensional", "another npy");
  Matrix m;
  m.rows = std::stol(found[2]);
  m.columns = std::stol(found[3]);
  const std::size_t size = found[1] == "8" ? 8 : 4, count = static_cast<std::size_t>(m.rows * m.columns);
  if (m.rows < 1 || m.columns < 1 || m.rows * m.columns > kMostEntries ||
      bytes.size() != start + length + count * size)
    throw Malformed(place, "the bytes that its shape says, at most 2^22 entries", "others");
  const char* at = bytes.data() + start + length;
  for (std::size_t i = 0; i < count; ++i, at += size) {
    double entry;
    float single;
    if (size == 8) std::memcpy(&entry, at, 8);
    else std::memcpy(&single, at, 4), entry = static_cast<double>(single);
    if (!std::isfinite(entry))
      throw Malformed(place + " entry " + std::to_string(i), "a finite number", "none");
    m.entries.emplace_back(0);
    arf_set_d(m.entries.back().get(), entry);
  }
  return m;
}

}  // namespace checker
