#include "numeric/npy.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <regex>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"

namespace attnbounds {
namespace {

static_assert(std::endian::native == std::endian::little, "npy.cpp copies little-endian numbers");
constexpr std::string_view magic{"\x93NUMPY", 6};

std::string captured(const std::string& header, const char* pattern, const std::string& place,
                     const char* expected) {
  std::smatch match;
  if (!std::regex_search(header, match, std::regex(pattern)))
    throw InputError(place, expected, "'" + header + "'");
  return match[1];
}

template <class Number>
Matrix<double> entries(const char* bytes, Eigen::Index rows, Eigen::Index columns) {
  Matrix<Number> m(rows, columns);
  if (m.size() > 0) std::memcpy(m.data(), bytes, sizeof(Number) * static_cast<size_t>(m.size()));
  return m.template cast<double>();
}

}  // namespace

Matrix<double> read_npy(const std::filesystem::path& path) {
  const std::string bytes = read_file(path), place = path.string();
  if (bytes.size() < 10 || std::string_view(bytes).substr(0, 6) != magic)
    throw InputError(place, "an npy file", "other bytes");
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) throw InputError(place, "npy format 1, 2 or 3", std::to_string(version));
  const size_t length_bytes = version == 1 ? 2 : 4, start = 8 + length_bytes;
  size_t length = 0;
  for (size_t i = 0; i < length_bytes && 8 + i < bytes.size(); ++i)
    length |= static_cast<size_t>(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
  if (bytes.size() < start + length || length > 65536)
    throw InputError(place, "a header of " + std::to_string(length) + " bytes", "a truncated file");
  std::string header = bytes.substr(start, length);
  while (!header.empty() && (header.back() == '\n' || header.back() == ' ')) header.pop_back();

  const std::string type = captured(header, "'descr': *'([^']*)'", place, "a header with 'descr'");
  if (type != "<f8" && type != "<f4") throw InputError(place, "float64 or float32 (<f8, <f4)", type);
  if (captured(header, "'fortran_order': *(True|False)", place, "a header with 'fortran_order'") == "True")
    throw InputError(place, "C order", "Fortran order");
  const std::string shape = captured(header, "'shape': *\\(([^)]*)\\)", place, "a header with 'shape'");
  std::smatch sizes;
  if (!std::regex_match(shape, sizes, std::regex(" *([0-9]{1,12}) *, *([0-9]{1,12}) *,? *")))
    throw InputError(place, "two dimensions", "shape (" + shape + ")");
  const Eigen::Index rows = std::stol(sizes[1]), columns = std::stol(sizes[2]);
  const size_t width = type == "<f8" ? 8 : 4;
  const Integer expected = Integer(rows) * columns * static_cast<long>(width);
  if (expected != Integer(bytes.size() - start - length))
    throw InputError(place, expected.str() + " bytes of numbers",
                     std::to_string(bytes.size() - start - length));
  const char* numbers = bytes.data() + start + length;
  return width == 8 ? entries<double>(numbers, rows, columns) : entries<float>(numbers, rows, columns);
}

std::string npy_bytes(const Matrix<double>& matrix) {
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" + std::to_string(matrix.rows()) +
                       ", " + std::to_string(matrix.cols()) + "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes(magic);
  bytes += {'\x01', '\x00', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(matrix.data()),
               sizeof(double) * static_cast<size_t>(matrix.size()));
  return bytes;
}

}  // namespace attnbounds
