// What every proof needs: comparisons that hold for all members of the balls, precision that rises until they
// are decided, decimals rounded outwards.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "reading.hpp"

namespace checker {

/// At this precision neither a step nor its failure is certain.
struct Undecided : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What was proved: a sentence for people, facts for programs.
struct Proved {
  std::string sentence;
  nlohmann::ordered_json facts;
};

/// a <= b for every member. Errors: Rejected if a > b for every member; Undecided. `what` names the step.
void require_at_most(const Ball& a, const Ball& b, const std::string& what);
/// a > b likewise.
void require_above(const Ball& a, const Ball& b, const std::string& what);
/// The exact forms, for rationals.
void require(bool holds, const std::string& what);

/// Runs `attempt` at `bits`, 2 bits, 4 bits … until no step is undecided. `operations`: about how many it
/// takes; the work over all is limited to about a minute. Errors: Rejected.
Proved at_rising_precision(slong bits, double operations, const std::function<Proved()>& attempt);

enum class Rounding { down, up };
std::string decimal(const Ball& x, Rounding rounding);
std::string enclosure_text(const Ball& x);  // [lower, upper]
nlohmann::ordered_json enclosure_json(const Ball& x);

std::string item(const std::string& array, std::size_t i);

// Matrices of exact numbers or balls, row by row.
template <class T>
using Table = std::vector<std::vector<T>>;
using Row = std::vector<Ball>;
using Rows = Table<Ball>;
Rows balls(const Matrix& m);
Rows balls(const Table<Fraction>& m);
Ball one_norm(const Rows& m);
Ball largest_row_sum(const Rows& m);  // of absolute values

template <class T>
Table<T> transposed(const Table<T>& m) {
  Table<T> result(m[0].size(), std::vector<T>(m.size()));
  for (std::size_t i = 0; i < m.size(); ++i)
    for (std::size_t j = 0; j < m[0].size(); ++j) result[j][i] = m[i][j];
  return result;
}
template <class T>
Table<T> product(const Table<T>& a, const Table<T>& b) {
  const Table<T> columns = transposed(b);
  Table<T> result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    for (const std::vector<T>& column : columns) result[i].push_back(dot(a[i], column));
  return result;
}
/// Entry by entry, of vectors and of tables.
template <class T>
std::vector<T> operator-(std::vector<T> a, const std::vector<T>& b) {
  for (std::size_t j = 0; j < a.size(); ++j) a[j] = a[j] - b[j];
  return a;
}
template <class T>
std::vector<T> operator+(std::vector<T> a, const std::vector<T>& b) {
  for (std::size_t j = 0; j < a.size(); ++j) a[j] = a[j] + b[j];
  return a;
}
template <class T>
std::vector<T> times(std::vector<T> a, const std::vector<T>& b) {
  for (std::size_t j = 0; j < a.size(); ++j) a[j] = a[j] * b[j];
  return a;
}
template <class T>
std::vector<T> scaled(const T& factor, std::vector<T> x) {
  for (T& a : x) a = factor * a;
  return x;
}
template <class T>
Table<T> scaled(const T& factor, Table<T> m) {
  for (std::vector<T>& row : m) row = scaled(factor, row);
  return m;
}
template <class T>
Table<T> times(Table<T> a, const Table<T>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = times(a[i], b[i]);
  return a;
}
template <class T>
T inner_product(const Table<T>& a, const Table<T>& b) {
  T sum;
  for (std::size_t i = 0; i < a.size(); ++i) sum = sum + dot(a[i], b[i]);
  return sum;
}
template <class T>
T largest_size(const std::vector<T>& x) {
  T largest;
  for (const T& a : x) largest = maximum(largest, absolute_value(a));
  return largest;
}
template <class T>
T largest_size(const Table<T>& m) {
  T largest;
  for (const std::vector<T>& row : m) largest = maximum(largest, largest_size(row));
  return largest;
}

/// floor(x). Errors: Undecided where two members have different ones.
Ball whole_part(const Ball& x, const std::string& what);

/// phi(delta) = 2 delta/(1 + sqrt(1 - delta^2)), delta < 1 (the softmax lemma of docs/rounding.md).
Ball perturbation(const Ball& delta);

}  // namespace checker
