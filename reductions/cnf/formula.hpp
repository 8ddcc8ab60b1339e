// Formulas in conjunctive normal form, and the DIMACS CNF format, read strictly.
// Accepted: comment lines (first character c) anywhere; one header `p cnf V C`; clauses of nonzero literals
// -V … V, each ended by 0, over any number of lines; the trailer of SATLIB files (a line `%`, then nothing
// but 0 and blanks). Repeated and complementary literals, empty clauses, V = 0 and C = 0 are legal.
// Refused, with the line: anything else, in particular another number of clauses than C, a clause without its
// 0, numbers with a sign + or leading zeros, control characters, and CRLF line ends.
// Cost of reading: linear; memory follows what was read, never what the header promises.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace attnbounds {

using Clause = std::vector<int>;  // literals: v or -v, 1 <= v <= variables

struct Formula {
  long variables = 0;
  std::vector<Clause> clauses;
};

/// A value for every variable; variable v is values[v - 1].
using Assignment = std::vector<bool>;

inline constexpr long kMostVariables = 1L << 30;
inline constexpr long kMostClauses = 1L << 30;

/// Errors: InputError "NAME line L: expected …, found …".
Formula formula_from_dimacs(std::string_view text, const std::string& name);
Formula read_dimacs(const std::filesystem::path& path);
std::string dimacs_text(const Formula& formula);

inline bool is_true(int literal, const Assignment& a) {
  return a[static_cast<std::size_t>(literal > 0 ? literal : -literal) - 1] == (literal > 0);
}
bool satisfies(const Assignment& assignment, const Formula& formula);

/// The number of satisfying assignments by trying all 2^V. Errors: std::length_error for V > 30.
long count_satisfying(const Formula& formula);

/// The assignment as signed literals, in the order of the variables.
std::vector<int> literals_of(const Assignment& assignment);

}  // namespace attnbounds
