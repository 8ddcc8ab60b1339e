// Impagliazzo, Paturi, Zane 2001, the sparsification lemma as a branching on sunflowers
// (reductions/cnf/sparsify.hpp): a formula is the disjunction of its leaves, assignment by assignment, and no
// leaf has more clauses than its thresholds allow.
#include "proofs_check/reduction_case.hpp"
#include "reductions/cnf/sparsify.hpp"

namespace attnbounds {
namespace {

enum class Branches { both, hearts_only };

/// The leaves that are reached, in order.
void collect(const Sparsification& s, long node, Branches branches, std::vector<long>& leaves) {
  const SparsifierNode& n = s.nodes[static_cast<std::size_t>(node)];
  if (n.leaf >= 0) {
    leaves.push_back(n.leaf);
    return;
  }
  collect(s, n.with_heart, branches, leaves);
  if (branches == Branches::both) collect(s, n.with_petals, branches, leaves);
}
std::vector<long> reached(const Sparsification& s, Branches branches) {
  std::vector<long> leaves;
  collect(s, 0, branches, leaves);
  return leaves;
}

struct Sparsified : Case {};
Json describe(const Sparsified& c) {
  const Sparsification s = sparsify(c.formula, 2);
  Json leaves = Json::array();
  for (const Formula& leaf : s.leaves) leaves.push_back(dimacs_text(leaf));
  return {{"dimacs", dimacs_text(c.formula)},
          {"leaves", leaves},
          {"leaf of hearts", reached(s, Branches::hearts_only).at(0)}};
}
std::vector<Sparsified> smaller(const Sparsified& c) {
  std::vector<Sparsified> cases;
  for (Case& s : smaller(static_cast<const Case&>(c))) cases.push_back({std::move(s)});
  return cases;
}

/// A formula that sunflowers occur in: few variables, clauses of 1 to 3 literals.
Sparsified draw(Draw& d) {
  Formula f{d.integer(1, 9), {}};
  for (long c = d.integer(0, 4 * f.variables); c > 0; --c) {
    Clause clause;
    for (long l = d.integer(0, 9) == 0 ? 1 : d.integer(2, 3); l > 0; --l)
      clause.push_back(static_cast<int>(d.integer(1, f.variables)) * d.stream.sign());
    f.clauses.push_back(clause);
  }
  return {{f, 2}};
}

/// Assignments on which the formula and the disjunction of the leaves differ.
Rational differences(const Case& c, Branches branches) {
  const Sparsification s = sparsify(c.formula, 2);
  const std::vector<long> leaves = reached(s, branches);
  long count = 0;
  for (long x = 0; x < 1L << c.formula.variables; ++x) {
    Assignment a;
    for (long v = 0; v < c.formula.variables; ++v) a.push_back((x >> v & 1) != 0);
    bool any = false;
    for (const long leaf : leaves) any = any || satisfies(a, s.leaves[static_cast<std::size_t>(leaf)]);
    if (any != satisfies(a, c.formula)) ++count;
  }
  return count;
}

Rational most_clauses(const Case& c) {
  std::size_t most = 0;
  for (const Formula& leaf : sparsify(c.formula, 2).leaves) most = std::max(most, leaf.clauses.size());
  return static_cast<long>(most);
}

const Registration sparsification =
    claim("impagliazzo-paturi-zane-2001/sparsification", "sparsification lemma, the branching",
          Standing::checked)
        .says(
            "a k-CNF is the disjunction of its leaves, each of at most 1 + 2V + sum 2V(theta^{i-1}-1)/i "
            "clauses",
            R"($\varphi \equiv \bigvee_j \varphi_j$, $|\varphi_j| \le 1 + 2V + \sum_{i=2}^k 2V(\theta^{i-1}-1)/i$)")
        .given(draw)
        .equal("the leaves' disjunction is the formula",
               [](const Case& c) { return differences(c, Branches::both); })
        .at_most("clauses of a leaf <= the bound", most_clauses,
                 [](const Case& c) { return Rational(sparsify(c.formula, 2).most_clauses); })
        .sizes(150, 1000, 5000)
        .twin_equal("the petals' branch dropped",
                    [](const Case& c) { return differences(c, Branches::hearts_only); });

}  // namespace
}  // namespace attnbounds
