// Reading a certificate: JSON whose every field is asked for by name and type, with the words that lead to
// it, and numbers read exactly, digit by digit. Time and memory are bounded whatever the file holds.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "balls.hpp"

namespace checker {

inline constexpr std::size_t kLargestFile = 64u << 20;  // bytes
inline constexpr std::size_t kMostValues = 200000;      // JSON values in a file
inline constexpr std::size_t kDeepestNesting = 8;
inline constexpr std::size_t kLongestNumber = 20000;  // characters
inline constexpr long kLargestExponent = 1000000;     // of a hexadecimal float
inline constexpr long kMostEntries = 1L << 22;        // of a matrix

/// The file is not a certificate of this format: place, what was expected, what was found.
struct Malformed : std::runtime_error {
  Malformed(const std::string& place, const std::string& expected, const std::string& found)
      : std::runtime_error(place + ": expected " + expected + ", found " + found) {}
};

/// The certificate is well formed, but does not prove its claim: the first step that fails.
struct Rejected : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Rows of exact numbers.
struct Matrix {
  long rows = 0, columns = 0;
  std::vector<Dyadic> entries;
  const Dyadic& operator()(long i, long j) const {
    return entries[static_cast<std::size_t>(i * columns + j)];
  }
};

/// `text` in quotes, on one line, cut after 40 characters.
std::string quoted(const std::string& text);

/// Errors: Malformed: no JSON, a key twice, too deep, too many values.
nlohmann::json bounded_json(const std::string& text);

/// A JSON value and the words that lead to it. Errors of all members: Malformed.
struct Field {
  std::string place;
  const nlohmann::json& value;
  std::set<const nlohmann::json*>* asked;  // the fields that were asked for

  Field operator[](const std::string& key) const;
  Field operator[](std::size_t i) const;
  std::size_t size() const;         // of an array
  bool has(const char* key) const;  // and not null; it counts as asked for
  std::string place_of(const std::string& key) const { return place.empty() ? key : place + "." + key; }
  [[noreturn]] void expected(const std::string& what) const;
  /// No object in it has a field that nobody asked for; a comment of the whole may be anything.
  void require_all_asked() const;

  const std::string& text() const;
  const std::string& one_of(std::initializer_list<const char*> words) const;
  long integer(long least, long largest) const;
  Dyadic dyadic() const;      // a hexadecimal float or an integer, as text
  Fraction fraction() const;  // or p/q
  std::vector<Dyadic> dyadics(long most) const;
  std::vector<Fraction> fractions(long most) const;
  Matrix matrix() const;  // an array of rows of dyadic numbers, not empty
};

}  // namespace checker
