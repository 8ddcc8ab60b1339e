#include "reductions/orthogonal_vectors/split_and_list.hpp"

#include <algorithm>
#include <cstdlib>

#include "numeric/exact_text.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {

VectorFamilies split_and_list(const Formula& formula, long arity) {
  const long s = part_size(formula, arity), clauses = static_cast<long>(formula.clauses.size());
  if (s > 30 || clauses > kMostBits || std::max(64L, clauses) > (kMostBits >> s) / arity)
    throw InputError(
        "formula",
        "2^(variables/" + std::to_string(arity) + ") vectors of one bit a clause that fit in 1 GiB",
        std::to_string(formula.variables) + " variables and " + std::to_string(clauses) + " clauses");
  const long n = 1L << s;
  VectorFamilies result;
  for (long k = 0; k < arity; ++k) {
    BitMatrix family(n, clauses);
    for (long c = 0; c < clauses; ++c) {
      // The part's assignments that falsify its share of the clause: they agree with `against` on `mask`.
      long mask = 0, against = 0;
      bool always_satisfied = false;
      for (const int literal : formula.clauses[static_cast<std::size_t>(c)]) {
        const long bit = std::abs(literal) - 1 - k * s;
        if (bit < 0 || bit >= s) continue;
        const long needed = literal > 0 ? 0 : 1L << bit;
        if ((mask >> bit & 1) != 0 && (against & 1L << bit) != needed) always_satisfied = true;
        mask |= 1L << bit;
        against |= needed;
      }
      if (always_satisfied) continue;
      for (long x = 0; x < n; ++x)
        if (((x & mask) == against) != bug(Bug::clause_bit_flipped)) family.set(x, c);
    }
    result.families.push_back(std::move(family));
  }
  return result;
}

Assignment assignment_of(const Tuple& tuple, const Formula& formula) {
  const long s = part_size(formula, static_cast<long>(tuple.size()));
  Assignment assignment(static_cast<std::size_t>(formula.variables));
  for (long v = 0; v < formula.variables; ++v)
    assignment[static_cast<std::size_t>(v)] =
        (tuple[static_cast<std::size_t>(bug(Bug::parts_swapped) ? static_cast<long>(tuple.size()) - 1 - v / s
                                                                : v / s)] >>
             (v % s) &
         1) != 0;
  return assignment;
}

}  // namespace attnbounds
