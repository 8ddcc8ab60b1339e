// The certificate "least-degree", version 1, as read from its JSON file (docs/certificates.md).
// Reading is bounded in time and memory whatever the file holds: see the limits below.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "balls.hpp"

namespace checker {

inline constexpr std::size_t kLargestFile = 64u << 20;  // bytes
inline constexpr long kLargestDegree = 20000;
inline constexpr std::size_t kMostValues = 200000;  // JSON values in a file
inline constexpr std::size_t kDeepestNesting = 8;
inline constexpr std::size_t kLongestNumber = 20000;  // characters
inline constexpr long kLargestExponent = 1000000;     // of a hexadecimal float
inline constexpr long kLargestHalfWidth = 16000;

/// The file is not a certificate of this format: place, what was expected, what was found.
struct Malformed : std::runtime_error {
  Malformed(const std::string& place, const std::string& expected, const std::string& found)
      : std::runtime_error(place + ": expected " + expected + ", found " + found) {}
};

enum class ErrorKind { relative, absolute };

/// A polynomial in t = x/X and brackets [t_i - radius, t_i + radius] for the critical points of its error.
struct Upper {
  std::string place;
  long degree = 0;
  std::vector<Dyadic> coefficients, critical_points;
  Dyadic radius;
};

/// degree + 2 points whose alternation bounds from below the error of every polynomial of that degree.
struct Lower {
  std::string place;
  long degree = 0;
  std::vector<Dyadic> points;
};

struct Certificate {
  ErrorKind kind = ErrorKind::relative;
  std::string half_width_text, epsilon_text;
  Fraction half_width, epsilon;
  long degree = 0;
  Upper upper;
  std::optional<Upper> upper_below;
  std::optional<Lower> lower, lower_at;
};

/// The certificate in `text`. Errors: Malformed.
Certificate certificate_from_json(const std::string& text);

/// `text` in quotes, on one line, cut after 40 characters.
std::string quoted(const std::string& text);

}  // namespace checker
