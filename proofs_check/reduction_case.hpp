// Formulas as instances of the claims about reductions.
#pragma once

#include "numeric/exact_text.hpp"
#include "proofs_check/claim.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/cnf/formula.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"

namespace attnbounds {

/// What attention's entries are made of: all that a checker needs beside the vectors.
inline Json json_threshold(const ThresholdParameters& p) {
  return {{"entry", exact_text(p.entry)}, {"bias", exact_text(p.bias)}, {"bias_columns", p.bias_columns}};
}
/// Vectors as words of 0, 1 and - for -1.
inline Json json_families(const std::vector<SignMatrix>& families) {
  Json list = Json::array();
  for (const SignMatrix& m : families) {
    Json rows = Json::array();
    for (Eigen::Index i = 0; i < m.rows(); ++i) {
      std::string row;
      for (Eigen::Index l = 0; l < m.cols(); ++l) row += m(i, l) == 0 ? '0' : m(i, l) > 0 ? '1' : '-';
      rows.push_back(row);
    }
    list.push_back(rows);
  }
  return list;
}

namespace {

struct Case {
  Formula formula;
  long arity = 2;
};
[[maybe_unused]] inline Json describe(const Case& c) {
  return {{"dimacs", dimacs_text(c.formula)}, {"arity", c.arity}};
}
[[maybe_unused]] inline std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (std::size_t i = 0; i < c.formula.clauses.size(); ++i) {
    cases.push_back(c);
    cases.back().formula.clauses.erase(cases.back().formula.clauses.begin() + static_cast<long>(i));
  }
  return cases;
}

/// Clauses of 0 to 4 literals, repeated and complementary ones too; some formulas without variables.
[[maybe_unused]] inline Formula drawn_formula(Draw& d, long most_variables, long most_clauses) {
  Formula f{d.integer(0, most_variables), {}};
  for (long c = d.integer(0, most_clauses); c > 0; --c) {
    Clause clause;
    for (long l = f.variables == 0 ? 0 : d.integer(d.integer(0, 30) == 0 ? 0 : 1, 4); l > 0; --l)
      clause.push_back(static_cast<int>(d.integer(1, f.variables)) * d.stream.sign());
    f.clauses.push_back(clause);
  }
  return f;
}

/// One clause that nothing satisfies: all inner products are 1, the no-instance nearest to a yes.
[[maybe_unused]] inline Formula nearest_to_yes(long variables) { return {variables, {{}}}; }

[[maybe_unused]] inline std::vector<SignMatrix> sign_matrices(const VectorFamilies& f) {
  std::vector<SignMatrix> result;
  for (const BitMatrix& family : f.families) result.push_back(sign_matrix(family));
  return result;
}

}  // namespace
}  // namespace attnbounds
