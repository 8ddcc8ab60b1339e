// Files on a bare GPU node, read with the standard library: npy matrices, and what `attnbounds device-case`
// writes.
//   case.txt        lines "name value…": kind, arithmetic, coefficients, scales, bound; numbers are
//   hexadecimal
//                   floats, exact
//   q.npy …         the matrices that the kernels are given, float64 (numbers of float where that is the
//                   arithmetic), C order
//   enclosures.txt  a row a line, entries "lower upper", hexadecimal floats rounded outwards
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace attnbounds::cuda {

struct FileMatrix {
  std::vector<double> entries;
  long rows = 0, columns = 0;
};

[[noreturn]] inline void bad_file(const std::string& file, const std::string& expected) {
  throw std::runtime_error(file + ": expected " + expected);
}

inline FileMatrix read_npy(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0) bad_file(file, "an npy file");
  const bool first_version = bytes[6] == 1;
  const std::size_t start = first_version ? 10 : 12;
  std::size_t length = 0;
  for (std::size_t i = start; i-- > 8;) length = length * 256 + static_cast<unsigned char>(bytes[i]);
  if (start + length > bytes.size()) bad_file(file, "a whole header");
  const std::string header = bytes.substr(start, length);
  if (header.find("'<f8'") == std::string::npos || header.find("'fortran_order': False") == std::string::npos)
    bad_file(file, "float64 in C order");
  FileMatrix m;
  const std::size_t shape = header.find('(');
  if (shape == std::string::npos ||
      std::sscanf(header.c_str() + shape, "(%ld, %ld)", &m.rows, &m.columns) != 2 || m.rows < 1 ||
      m.columns < 1)
    bad_file(file, "two dimensions");
  const std::size_t count = static_cast<std::size_t>(m.rows) * static_cast<std::size_t>(m.columns);
  if (bytes.size() - start - length != count * sizeof(double))
    bad_file(file, std::to_string(count) + " numbers");
  m.entries.resize(count);
  for (std::size_t e = 0; e < count; ++e) {  // little-endian, as GPU nodes are
    std::uint64_t bits = 0;
    for (std::size_t b = 8; b-- > 0;)
      bits = bits << 8 | static_cast<unsigned char>(bytes[start + length + e * 8 + b]);
    static_assert(sizeof bits == sizeof(double));
    __builtin_memcpy(&m.entries[e], &bits, sizeof bits);
  }
  return m;
}

/// Lines "name number…", or "name word".
class CaseFile {
 public:
  explicit CaseFile(const std::string& file) : file_(file) {
    std::ifstream in(file);
    if (!in) bad_file(file, "a readable file");
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string name, word;
      words >> name;
      while (words >> word) lines_[name].push_back(word);
    }
  }
  std::string word(const std::string& name) const { return words(name).front(); }
  double number(const std::string& name) const { return numbers(name).front(); }
  std::vector<double> numbers(const std::string& name) const {
    std::vector<double> result;
    for (const std::string& word : words(name)) result.push_back(number_of(file_ + ", " + name, word));
    return result;
  }
  static double number_of(const std::string& place, const std::string& word) {
    char* end = nullptr;
    const double x = std::strtod(word.c_str(), &end);
    if (word.empty() || *end != '\0') bad_file(place, "a hexadecimal float, found '" + word + "'");
    return x;
  }

 private:
  const std::vector<std::string>& words(const std::string& name) const {
    const auto found = lines_.find(name);
    if (found == lines_.end()) bad_file(file_, "a line '" + name + " …'");
    return found->second;
  }
  std::string file_;
  std::map<std::string, std::vector<std::string>> lines_;
};

struct FileEnclosures {
  std::vector<double> lower, upper;
};
inline FileEnclosures read_enclosures(const std::string& file, long entries) {
  std::ifstream in(file);
  std::vector<double> numbers;
  for (std::string word; in >> word;) numbers.push_back(CaseFile::number_of(file, word));
  if (static_cast<long>(numbers.size()) != 2 * entries)
    bad_file(file, std::to_string(entries) + " enclosures");
  FileEnclosures result;
  for (std::size_t e = 0; e < numbers.size(); e += 2) {
    result.lower.push_back(numbers[e]);
    result.upper.push_back(numbers[e + 1]);
  }
  return result;
}

}  // namespace attnbounds::cuda
