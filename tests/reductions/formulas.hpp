// Formulas for the tests: random ones and structured ones, from a Stream.
#pragma once

#include <string>
#include <vector>

#include "numeric/random.hpp"
#include "reductions/cnf/formula.hpp"

namespace attnbounds {

inline Formula random_formula(Stream& stream, long variables, std::uint64_t clauses, std::uint64_t width) {
  Formula f{variables, {}};
  for (std::uint64_t c = 0; c < clauses; ++c) {
    Clause clause;
    for (std::uint64_t i = 0; i < width; ++i)
      clause.push_back(stream.sign() *
                       static_cast<int>(1 + stream.below(static_cast<std::uint64_t>(variables))));
    f.clauses.push_back(clause);
  }
  return f;
}

/// Clauses of any width, empty ones and tautologies too; 0 to `most` variables.
inline Formula any_formula(Stream& stream, std::uint64_t most) {
  const long variables = static_cast<long>(stream.below(most + 1));
  Formula f{variables, {}};
  for (std::uint64_t c = stream.below(12); c > 0; --c)
    f.clauses.push_back(variables == 0 || stream.below(40) == 0
                            ? Clause{}
                            : random_formula(stream, variables, 1, 1 + stream.below(4)).clauses[0]);
  return f;
}

/// `pigeons` into `holes`; variable p holes + h + 1.
inline Formula pigeonhole(int pigeons, int holes) {
  Formula f{pigeons * holes, {}};
  for (int p = 0; p < pigeons; ++p) {
    Clause some;
    for (int h = 0; h < holes; ++h) some.push_back(p * holes + h + 1);
    f.clauses.push_back(some);
  }
  for (int h = 0; h < holes; ++h)
    for (int p = 0; p < pigeons; ++p)
      for (int other = 0; other < p; ++other)
        f.clauses.push_back({-(p * holes + h + 1), -(other * holes + h + 1)});
  return f;
}

/// x_i + x_{i+1} + x_{i+2} = c_i mod 2 for random right sides.
inline Formula parity(Stream& stream, int variables, int equations) {
  Formula f{variables, {}};
  for (int e = 0; e < equations; ++e) {
    int x[3];
    for (int& v : x) v = 1 + static_cast<int>(stream.below(static_cast<std::uint64_t>(variables)));
    const int right = static_cast<int>(stream.below(2));
    for (int signs = 0; signs < 8; ++signs)  // forbid each assignment of the wrong parity
      if ((__builtin_popcount(static_cast<unsigned>(signs)) & 1) != right)
        f.clauses.push_back({signs & 1 ? -x[0] : x[0], signs & 2 ? -x[1] : x[1], signs & 4 ? -x[2] : x[2]});
  }
  return f;
}

/// Colouring of a random graph with `edges` edges; variable v colours + c + 1.
inline Formula colouring(Stream& stream, int vertices, int colours, int edges) {
  Formula f{vertices * colours, {}};
  for (int v = 0; v < vertices; ++v) {
    Clause some;
    for (int c = 0; c < colours; ++c) some.push_back(v * colours + c + 1);
    f.clauses.push_back(some);
  }
  for (int e = 0; e < edges; ++e) {
    const int u = static_cast<int>(stream.below(static_cast<std::uint64_t>(vertices)));
    const int v = static_cast<int>(stream.below(static_cast<std::uint64_t>(vertices)));
    if (u == v) continue;
    for (int c = 0; c < colours; ++c) f.clauses.push_back({-(u * colours + c + 1), -(v * colours + c + 1)});
  }
  return f;
}

}  // namespace attnbounds
