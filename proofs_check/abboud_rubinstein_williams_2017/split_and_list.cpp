// Williams 2005, split and list: the orthogonal tuples of the K families of a formula are its satisfying
// assignments, each counted 2^(K ceil(V/K) - V) times.
#include "reductions/orthogonal_vectors/split_and_list.hpp"

#include "proofs_check/reduction_case.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"

namespace attnbounds {
namespace {

Case draw(Draw& d) { return {drawn_formula(d, 9, 12), d.integer(2, 3)}; }

Rational difference(const Case& c, const Formula& listed) {
  const long dummies = c.arity * part_size(c.formula, c.arity) - c.formula.variables;
  const long orthogonal = count_orthogonal(split_and_list(listed, c.arity), ThreadCount{1});
  return abs(Rational(orthogonal) - Rational(count_satisfying(c.formula) << dummies));
}

const Registration split =
    claim("abboud-rubinstein-williams-2017/split-and-list", "split and list (Williams 2005), as a count",
          Standing::checked)
        .says("#orthogonal tuples = 2^(K ceil(V/K) - V) #satisfying assignments, K = 2, 3",
              R"($\#\{\text{orthogonal tuples}\} = 2^{K\lceil V/K\rceil - V}\,\#\mathrm{SAT}(\varphi)$)")
        .given(draw)
        .equal("orthogonal tuples count satisfying assignments",
               [](const Case& c) { return difference(c, c.formula); })
        .twin_equal("the last clause is not listed", [](const Case& c) {
          Formula listed = c.formula;
          if (!listed.clauses.empty()) listed.clauses.pop_back();
          return difference(c, listed);
        });

}  // namespace
}  // namespace attnbounds
