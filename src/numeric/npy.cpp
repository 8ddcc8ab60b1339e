// The file: "\x93NUMPY", major, minor, header length (2 bytes in 1.0, 4 in 2.0 and 3.0, low byte first), the
// header (a Python dictionary with the keys descr, fortran_order and shape), the entries.
#include "numeric/npy.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::uint64_t kLongestHeader = 65536;  // that of a matrix has about 60 bytes

std::uint64_t from_little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void append_little_endian(std::string& text, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(value >> 8 * i & 0xff);
}

// Text of the file inside a message of one line.
std::string excerpt(std::string_view text) {
  std::string result = "'";
  for (const char c : text.substr(0, 60)) result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > 60 ? "…'" : "'");
}

struct Header {
  std::string descr, order, shape;  // the values as they stand in the file
};

// Splits  {'key': value, …}  at the commas outside parentheses, brackets and quotes.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  Header header() {
    std::optional<std::string> descr, order, shape;
    expect('{');
    while (peek() != '}') {
      const std::string key = value(':');
      expect(':');
      std::optional<std::string>* const field = key == "'descr'"           ? &descr
                                                : key == "'fortran_order'" ? &order
                                                : key == "'shape'"         ? &shape
                                                                           : nullptr;
      if (field == nullptr || *field) fail();
      *field = value(',');
      if (peek() == ',') ++at_;
    }
    expect('}');
    if (text_.find_first_not_of(" \n", at_) != std::string_view::npos) fail();
    if (!descr || !order || !shape) fail();
    return {*descr, *order, *shape};
  }

 private:
  char peek() {
    at_ = std::min(text_.find_first_not_of(' ', at_), text_.size());
    if (at_ == text_.size()) fail();
    return text_[at_];
  }
  void expect(char c) {
    if (peek() != c) fail();
    ++at_;
  }
  std::string value(char end) {
    peek();
    const std::size_t start = at_;
    int depth = 0;
    bool in_quotes = false;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\'') in_quotes = !in_quotes;
      if (in_quotes) continue;
      if (depth == 0 && (c == end || c == '}')) break;
      if (c == '(' || c == '[' || c == '{') ++depth;
      if (c == ')' || c == ']' || c == '}') --depth;
    }
    if (at_ == text_.size()) fail();
    const std::string_view text = text_.substr(start, at_ - start);
    return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
  }
  [[noreturn]] void fail() const {
    throw InputError(file_ + ": header", "a dictionary of 'descr', 'fortran_order' and 'shape'",
                     excerpt(text_));
  }

  std::string_view text_;
  std::string file_;
  std::size_t at_ = 0;
};

NpyType type_of(const std::string& descr, const std::string& file) {
  if (descr == "'<f8'") return NpyType::float64;
  if (descr == "'<f4'") return NpyType::float32;
  const std::string found = descr == "'>f8'" || descr == "'>f4'" ? "big-endian " + descr : excerpt(descr);
  throw InputError(file + ": dtype", "'<f8' (float64) or '<f4' (float32), little-endian", found);
}

struct Shape {
  std::uint64_t rows = 0, columns = 0;
};

Shape shape_of(const std::string& text, const std::string& file) {
  const auto fail = [&]() -> InputError {
    return {file + ": shape", "two dimensions, such as (512, 64)", excerpt(text)};
  };
  std::size_t at = 0;
  const auto skip_spaces = [&] { at = std::min(text.find_first_not_of(' ', at), text.size()); };
  const auto expect = [&](char c) {
    skip_spaces();
    if (at == text.size() || text[at++] != c) throw fail();
  };
  const auto extent = [&] {
    skip_spaces();
    const std::size_t start = at;
    std::uint64_t value = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      value = value * 10 + static_cast<std::uint64_t>(text[at] - '0');
      if (value >> 48 != 0) throw InputError(file + ": shape", "a shape that fits in memory", excerpt(text));
    }
    if (at == start) throw fail();
    return value;
  };
  Shape shape;
  expect('(');
  shape.rows = extent();
  expect(',');
  shape.columns = extent();
  skip_spaces();
  if (at < text.size() && text[at] == ',') ++at;
  expect(')');
  if (at != text.size()) throw fail();
  if (shape.rows == 0 || shape.columns == 0)
    throw InputError(file + ": shape", "at least one row and one column", excerpt(text));
  return shape;
}

}  // namespace

Matrix<double> read_npy(const fs::path& path) {
  const std::string name = path.string();
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    throw InputError(name, "a .npy file", fs::exists(path, error) ? "something else" : "no such file");
  const std::uint64_t file_size = fs::file_size(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(name, "a readable file", "one that cannot be opened");

  // Every size is compared with what the file still holds before memory is asked for it.
  std::uint64_t left = file_size;
  const auto take = [&](std::uint64_t size, const std::string& field, const std::string& expected) {
    if (size > left) throw InputError(name + ": " + field, expected, std::to_string(left) + " bytes");
    std::string bytes(size, '\0');
    if (!file.read(bytes.data(), static_cast<std::streamsize>(size)))
      throw InputError(name + ": " + field, expected, "a file that ends early");
    left -= size;
    return bytes;
  };

  if (const std::string magic = take(std::min<std::uint64_t>(left, 6), "magic", ""); magic != kMagic)
    throw InputError(name, "a .npy file (its first bytes are \\x93NUMPY)", excerpt(magic));
  const std::string version = take(2, "version", "2 bytes");
  const int major = static_cast<unsigned char>(version[0]), minor = static_cast<unsigned char>(version[1]);
  if (major < 1 || major > 3 || minor != 0)
    throw InputError(name + ": version", "1.0, 2.0 or 3.0",
                     std::to_string(major) + "." + std::to_string(minor));
  const std::size_t length_size = major == 1 ? 2 : 4;
  const std::uint64_t length =
      from_little_endian(take(length_size, "header length", std::to_string(length_size) + " bytes"));
  if (length > kLongestHeader)
    throw InputError(name + ": header length", "at most " + std::to_string(kLongestHeader) + " bytes",
                     std::to_string(length));
  const std::string text = take(length, "header", std::to_string(length) + " bytes");

  const Header header = HeaderReader(text, name).header();
  const NpyType type = type_of(header.descr, name);
  if (header.order != "False")
    throw InputError(name + ": fortran_order", "False (C order)", excerpt(header.order));
  const Shape shape = shape_of(header.shape, name);

  const std::uint64_t item = type == NpyType::float64 ? 8 : 4;
  const std::string expected_data = std::to_string(shape.rows) + " x " + std::to_string(shape.columns) +
                                    " entries of " + std::to_string(item) + " bytes";
  if (shape.columns > left / item || shape.rows > left / item / shape.columns ||
      shape.rows * shape.columns * item != left)
    throw InputError(name + ": data", expected_data, std::to_string(left) + " bytes");

  Matrix<double> matrix(static_cast<Eigen::Index>(shape.rows), static_cast<Eigen::Index>(shape.columns));
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    const std::string row = take(shape.columns * item, "data", expected_data);
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
      const std::uint64_t bits =
          from_little_endian(std::string_view(row).substr(static_cast<std::size_t>(j) * item, item));
      matrix(i, j) = type == NpyType::float64 ? std::bit_cast<double>(bits)
                                              : std::bit_cast<float>(static_cast<std::uint32_t>(bits));
      if (!std::isfinite(matrix(i, j)))
        throw InputError(name + ": row " + std::to_string(i) + ", column " + std::to_string(j),
                         "a finite number", std::isnan(matrix(i, j)) ? "NaN" : "infinity");
    }
  }
  return matrix;
}

std::string npy_bytes(const Matrix<double>& matrix, NpyType type) {
  if (matrix.size() == 0) throw std::domain_error("an empty matrix is not written");
  const bool is_double = type == NpyType::float64;
  std::string header = std::string("{'descr': '") + (is_double ? "<f8" : "<f4") +
                       "', 'fortran_order': False, 'shape': (" + std::to_string(matrix.rows()) + ", " +
                       std::to_string(matrix.cols()) + "), }";
  // Padded so that the entries start at a multiple of 64 bytes, as NumPy does.
  header.append((bug(Bug::npy_header_off_by_one) ? 62 : 63) - (kMagic.size() + 4 + header.size()) % 64, ' ');
  header += '\n';

  std::string bytes(kMagic);
  bytes += {'\x01', '\x00'};
  append_little_endian(bytes, header.size(), 2);
  bytes += header;
  bytes.reserve(bytes.size() + static_cast<std::size_t>(matrix.size()) * (is_double ? 8 : 4));
  for (Eigen::Index i = 0; i < matrix.size(); ++i) {
    const double entry = matrix.data()[i];
    const auto rounded = static_cast<float>(entry);
    if (!std::isfinite(is_double ? entry : rounded))
      throw std::domain_error("an entry that is not finite is not written");
    if (is_double) append_little_endian(bytes, std::bit_cast<std::uint64_t>(entry), 8);
    else append_little_endian(bytes, std::bit_cast<std::uint32_t>(rounded), 4);
  }
  return bytes;
}

void write_npy(const fs::path& path, const Matrix<double>& matrix, NpyType type) {
  write_file_atomically(path, npy_bytes(matrix, type));
}

}  // namespace attnbounds
