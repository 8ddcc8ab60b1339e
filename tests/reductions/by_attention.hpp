// A formula's answer by the direct route, from attention outputs alone; every row that says yes must have a
// witness that satisfies the formula.
#pragma once

#include "catch.hpp"
#include "reductions/attention/decision.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"

namespace attnbounds {

enum class Solved { satisfiable, unsatisfiable };

/// The answer from attention outputs alone, and a witness that was checked.
inline Solved by_attention(const Formula& f, long arity) {
  const VectorFamilies ov = split_and_list(f, arity);
  std::vector<SignMatrix> families;
  for (const BitMatrix& family : ov.families) families.push_back(sign_matrix(family));
  const ThresholdParameters p =
      threshold_for_margin(std::vector<long>(static_cast<std::size_t>(arity), ov.families[0].rows),
                           ov.dimension(), orthogonality_promise(), 3);
  const SidedOutputs outputs = arity == 2 ? sides_of(matrix_instance(p, families), Rational(1, 2))
                                          : sides_of(tensor_instance(p, families), Rational(1, 2));
  bool any = false;
  for (std::size_t row = 0; row < outputs.sides.size(); ++row) {
    if (outputs.sides[row] != Side::above) continue;
    any = true;
    // Every row that says yes has its witness.
    VectorFamilies of_row = ov;
    BitMatrix one(1, ov.dimension());
    for (long c = 0; c < ov.dimension(); ++c)
      if (ov.families[0].at(static_cast<long>(row), c)) one.set(0, c);
    of_row.families[0] = one;
    std::optional<Tuple> tuple = find_orthogonal(of_row);
    REQUIRE(tuple);
    tuple->front() = static_cast<long>(row);
    REQUIRE(satisfies(assignment_of(*tuple, f), f));
  }
  return any ? Solved::satisfiable : Solved::unsatisfiable;
}

}  // namespace attnbounds
