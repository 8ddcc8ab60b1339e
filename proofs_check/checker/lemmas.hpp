// The lemmas of claim-instance certificates: each reads an instance, checks its hypotheses and returns its
// quantities by their names: exactly where they are rational, else in balls at the current precision. Errors:
// Malformed, Rejected, Undecided.
#pragma once

#include <map>
#include <optional>

#include "least_degree.hpp"

namespace checker {

// Exact arithmetic grows with its numbers: an instance is small, or refused.
inline constexpr long kMostNumbers = 64;
inline constexpr std::size_t kMostPairs = 1 << 14;  // of queries and keys
inline constexpr double kMostValuesOfAnInstance = 4096;
inline constexpr unsigned long kMostBits = 1024;  // of a numerator or denominator

struct Number {
  Ball ball;
  std::optional<Fraction> exact;
  Number(const Ball& b) : ball(b) {}
  Number(const Fraction& f) : ball(f), exact(f) {}
};
using Quantities = std::map<std::string, Number>;
using Lemma = Quantities (*)(const Field& instance);

extern const std::map<std::string, Lemma> kLemmas;           // lemmas.cpp
extern const std::map<std::string, Lemma> kNeighbourLemmas;  // lemmas_neighbours.cpp

// Reading and exact arithmetic, shared.
Fraction small(const Field& field);
Fraction positive_small(const Field& field);
std::vector<Fraction> numbers(const Field& field,
                              std::size_t count = 0);  // not empty; `count` of them, if given
Rows matrix_of(const Field& field);
Fraction sum(const std::vector<Fraction>& x);
std::vector<Fraction> times(std::vector<Fraction> a, const std::vector<Fraction>& b);
Fraction mean(const std::vector<Fraction>& weights, const std::vector<Fraction>& x);
Fraction largest(const std::vector<Fraction>& x);
bool all_positive(const std::vector<Fraction>& x);
Fraction value_at(const std::vector<Fraction>& coefficients, const Fraction& x);
Ball value_at(const std::vector<Fraction>& coefficients, const Ball& x);

}  // namespace checker
