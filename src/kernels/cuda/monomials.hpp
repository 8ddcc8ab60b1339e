// Monomials of degree <= g in d variables as products of two: x^a = front_i(x) back_j(x), front in the first
// half of the variables, back in the second, |i| + |j| <= g. A token's monomials then come from two short
// tables (d = 4, g = 7: 36 + 36 numbers instead of 330), and a monomial is one multiplication of two entries,
// made in a register where it is used. Fronts are ordered by degree, so those that fit a back are a prefix;
// they are taken four at a time: a task is four fronts times one back, and all arrays over monomials are
// arrays over tasks, four places each. Places of degree > g have weight 0.
// Roundings of x^a: |a| - 1 (max(|i|-1, 0) + max(|j|-1, 0) + 1 where both are above degree 0).
#pragma once

#include <cstddef>
#include <map>
#include <stdexcept>
#include <vector>

namespace attnbounds::cuda {

constexpr long fronts_of_a_task = 4;

/// The monomials of degree <= g in some of the variables: each its parent times one variable. Entry 0 is 1.
struct MonomialTable {
  std::vector<int> parent, variable, degree;
  std::vector<std::vector<int>> exponent;
  long size() const { return static_cast<long>(degree.size()); }
};

inline MonomialTable monomial_table(int first_variable, int variables, int degree) {
  MonomialTable table;
  table.parent = {0};
  table.variable = {0};
  table.degree = {0};
  table.exponent = {std::vector<int>(static_cast<std::size_t>(variables), 0)};
  std::size_t level = 0;  // where degree t - 1 starts
  for (int t = 1; t <= degree; ++t) {
    const std::size_t next = table.degree.size();
    for (std::size_t p = level; p < next; ++p) {
      int last = 0;  // the parent's last variable: each monomial is made once
      for (int l = 0; l < variables; ++l)
        if (table.exponent[p][static_cast<std::size_t>(l)] > 0) last = l;
      for (int l = last; l < variables; ++l) {
        std::vector<int> exponent = table.exponent[p];
        ++exponent[static_cast<std::size_t>(l)];
        table.parent.push_back(static_cast<int>(p));
        table.variable.push_back(first_variable + l);
        table.degree.push_back(t);
        table.exponent.push_back(exponent);
      }
    }
    level = next;
  }
  return table;
}

struct SplitMonomials {
  int dimension = 0, degree = 0, front_variables = 0;
  MonomialTable front, back;
  long fronts = 0;  // a multiple of 4: entries beyond the table's are 0
  std::vector<int> task_front, task_back;

  long tasks() const { return static_cast<long>(task_back.size()); }
  long places() const { return tasks() * fronts_of_a_task; }
  long table_entries() const { return fronts + back.size(); }
  /// |a| of the monomial at a place, or -1 where there is none.
  int degree_at(long place) const {
    const std::size_t task = static_cast<std::size_t>(place / fronts_of_a_task);
    const long i = task_front[task] + place % fronts_of_a_task;
    if (i >= front.size()) return -1;
    const int t =
        front.degree[static_cast<std::size_t>(i)] + back.degree[static_cast<std::size_t>(task_back[task])];
    return t <= degree ? t : -1;
  }
  std::vector<int> exponent_at(long place) const {
    const std::size_t task = static_cast<std::size_t>(place / fronts_of_a_task);
    std::vector<int> exponent =
        front.exponent[static_cast<std::size_t>(task_front[task] + place % fronts_of_a_task)];
    const std::vector<int>& rest = back.exponent[static_cast<std::size_t>(task_back[task])];
    exponent.insert(exponent.end(), rest.begin(), rest.end());
    return exponent;
  }
};

/// C(d+g, g) about.
inline double monomial_count(int dimension, int degree) {
  double count = 1;
  for (int t = 1; t <= degree; ++t) count *= static_cast<double>(dimension + t) / t;
  return count;
}

/// Errors: std::length_error beyond 2^22 monomials.
inline SplitMonomials split_monomials(int dimension, int degree) {
  if (dimension < 1 || degree < 0) throw std::domain_error("monomials: d >= 1 and degree >= 0");
  if (monomial_count(dimension, degree) > 0x1p22) throw std::length_error("monomials: more than 2^22");
  SplitMonomials m;
  m.dimension = dimension;
  m.degree = degree;
  m.front_variables = (dimension + 1) / 2;
  m.front = monomial_table(0, m.front_variables, degree);
  m.back = monomial_table(m.front_variables, dimension - m.front_variables, degree);
  m.fronts = (m.front.size() + fronts_of_a_task - 1) / fronts_of_a_task * fronts_of_a_task;
  for (long f = 0; f < m.front.size(); f += fronts_of_a_task)  // the lowest degree of the four decides
    for (long b = 0; b < m.back.size(); ++b)
      if (m.front.degree[static_cast<std::size_t>(f)] + m.back.degree[static_cast<std::size_t>(b)] <=
          degree) {
        m.task_front.push_back(static_cast<int>(f));
        m.task_back.push_back(static_cast<int>(b));
      }
  return m;
}

/// w_a = c_|a| (|a|!/a!) d^-|a|, each with at most `weight_roundings` roundings: |a| divisions by d, |a|
/// multiplications and as many divisions of the multinomial, and their product.
constexpr long weight_roundings(long degree) { return 3 * degree + 1; }
inline std::vector<double> monomial_weights(const SplitMonomials& m,
                                            const std::vector<double>& coefficients) {
  std::vector<double> scaled = coefficients;
  scaled.resize(static_cast<std::size_t>(m.degree) + 1, 0.0);
  for (std::size_t t = 0; t < scaled.size(); ++t)
    for (std::size_t i = 0; i < t; ++i) scaled[t] /= m.dimension;
  std::vector<double> weights(static_cast<std::size_t>(m.places()), 0.0);
  for (long p = 0; p < m.places(); ++p) {
    const int t = m.degree_at(p);
    if (t < 0) continue;
    double multinomial = 1;
    int factor = 0;
    for (const int e : m.exponent_at(p))
      for (int i = 1; i <= e; ++i) multinomial = multinomial * ++factor / i;  // an integer after each step
    weights[static_cast<std::size_t>(p)] = scaled[static_cast<std::size_t>(t)] * multinomial;
  }
  return weights;
}

/// Where each monomial stands, by its exponents.
inline std::map<std::vector<int>, long> places_of(const SplitMonomials& m) {
  std::map<std::vector<int>, long> places;
  for (long p = 0; p < m.places(); ++p)
    if (m.degree_at(p) >= 0) places.emplace(m.exponent_at(p), p);
  return places;
}

/// The free shift of pairs (kernels/tensor_moments.hpp): moments of p = k1 o k2 become those of p - centre,
/// sum (p - c)^a = sum_b C(a, b) (-c)^(a-b) sum p^b, a coordinate at a time. A term passes through 2g
/// roundings.
inline std::vector<double> shifted_table(const SplitMonomials& m, std::vector<double> table, long columns,
                                         const std::vector<double>& centre) {
  const std::map<std::vector<int>, long> places = places_of(m);
  std::vector<std::vector<const std::vector<int>*>> of_degree(static_cast<std::size_t>(m.degree) + 1);
  for (const auto& [exponent, place] : places)
    of_degree[static_cast<std::size_t>(m.degree_at(place))].push_back(&exponent);
  for (std::size_t l = 0; l < centre.size(); ++l)
    for (int pass = 1; centre[l] != 0 && pass <= m.degree;
         ++pass)  // entry a takes part in the first a_l passes
      for (int t = m.degree - 1; t >= 0;
           --t)  // higher degrees first: the entry below is still of the last pass
        for (const std::vector<int>* below : of_degree[static_cast<std::size_t>(t)]) {
          std::vector<int> exponent = *below;
          if (++exponent[l] < pass) continue;
          const long to = places.at(exponent), from = places.at(*below);
          for (long c = 0; c < columns; ++c)
            table[static_cast<std::size_t>(to * columns + c)] -=
                centre[l] * table[static_cast<std::size_t>(from * columns + c)];
        }
  return table;
}

}  // namespace attnbounds::cuda
