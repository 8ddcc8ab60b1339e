#include "reductions/cnf/sparsify.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

using Clauses = std::vector<Clause>;

bool before(int a, int b) { return std::abs(a) != std::abs(b) ? std::abs(a) < std::abs(b) : a < b; }
bool shorter(const Clause& a, const Clause& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), before);
}
bool contains(const Clause& clause, const Clause& part) {
  return std::includes(clause.begin(), clause.end(), part.begin(), part.end(), before);
}

Clauses minimal(Clauses clauses) {
  std::sort(clauses.begin(), clauses.end(), shorter);
  Clauses result;
  for (const Clause& clause : clauses)
    if (std::none_of(result.begin(), result.end(), [&](const Clause& c) { return contains(clause, c); }))
      result.push_back(clause);
  return result;
}

Clause without(const Clause& clause, const Clause& part) {
  Clause rest;
  std::set_difference(clause.begin(), clause.end(), part.begin(), part.end(), std::back_inserter(rest),
                      before);
  return rest;
}

std::size_t width(const Clauses& clauses) {
  std::size_t most = 0;
  for (const Clause& c : clauses) most = std::max(most, c.size());
  return most;
}

struct Sunflower {
  Clause heart;
  Clauses petals;
};

std::optional<Sunflower> find_sunflower(const Clauses& clauses, long theta) {
  const std::size_t k = width(clauses);
  long enough = 1;
  for (std::size_t petal = 1; petal < k; ++petal) {
    enough = std::min(enough * theta, 1L << 40);
    for (std::size_t size = petal + 1; size <= k; ++size) {
      std::map<Clause, Clauses, bool (*)(const Clause&, const Clause&)> around(shorter);
      for (const Clause& clause : clauses) {
        if (clause.size() != size) continue;
        for (unsigned subset = 0; subset < 1u << size; ++subset) {
          if (static_cast<std::size_t>(__builtin_popcount(subset)) != size - petal) continue;
          Clause heart;
          for (std::size_t i = 0; i < size; ++i)
            if ((subset >> i & 1) != 0) heart.push_back(clause[i]);
          around[heart].push_back(without(clause, heart));
        }
      }
      for (const auto& [heart, petals] : around)
        if (static_cast<long>(petals.size()) >= enough) return Sunflower{heart, petals};
    }
  }
  return {};
}

struct Grower {
  long theta, variables;
  Sparsification& tree;

  long grow(const Clauses& clauses) const {
    const auto number = static_cast<long>(tree.nodes.size());
    const auto node = [&]() -> SparsifierNode& { return tree.nodes[static_cast<std::size_t>(number)]; };
    tree.nodes.emplace_back();
    const std::optional<Sunflower> flower = find_sunflower(clauses, theta);
    if (!flower) {
      if (static_cast<long>(tree.leaves.size()) == kMostLeaves)
        throw InputError("--sparsify",
                         "a larger threshold: at most " + std::to_string(kMostLeaves) + " leaves",
                         std::to_string(theta));
      node().leaf = static_cast<long>(tree.leaves.size());
      tree.leaves.push_back({variables, clauses});
      return number;
    }
    node().heart = flower->heart;
    node().petals = flower->petals;
    Clauses with = clauses;
    with.push_back(flower->heart);
    const long first = grow(minimal(std::move(with)));
    node().with_heart = first;
    with = clauses;
    with.insert(with.end(), flower->petals.begin(), flower->petals.end());
    const long second = grow(minimal(std::move(with)));
    node().with_petals = second;
    return number;
  }
};

}  // namespace

Formula simplified(const Formula& formula) {
  Clauses clauses;
  for (Clause clause : formula.clauses) {
    std::sort(clause.begin(), clause.end(), before);
    clause.erase(std::unique(clause.begin(), clause.end()), clause.end());
    // x and its negation are neighbours now
    if (std::adjacent_find(clause.begin(), clause.end(), [](int a, int b) { return a == -b; }) ==
        clause.end())
      clauses.push_back(std::move(clause));
  }
  return {formula.variables, minimal(std::move(clauses))};
}

Sparsification sparsify(const Formula& formula, long theta) {
  if (theta < 2 || theta > 1000)
    throw InputError("--sparsify", "a threshold from 2 to 1000", std::to_string(theta));
  const Formula start = simplified(formula);
  const std::size_t k = width(start.clauses);
  if (k > 10) throw InputError("--sparsify", "clauses of at most 10 literals", std::to_string(k));
  Sparsification result;
  result.theta = theta;
  const long V = formula.variables;
  result.most_clauses = 1 + 2 * V;
  long threshold = 1;
  for (std::size_t i = 2; i <= k; ++i) {
    threshold = std::min(threshold * theta, 1L << 30);
    result.most_clauses += 2 * V * (threshold - 1) / static_cast<long>(i);
  }
  Grower{theta, V, result}.grow(start.clauses);
  return result;
}

}  // namespace attnbounds
