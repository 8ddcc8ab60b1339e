// Formulas, families of vectors, the Reed-Solomon protocol and the threshold's attention: what kind reduction
// re-derives, and what the lemmas about planted instances evaluate. docs/reductions.md has the definitions.
#pragma once

#include <functional>
#include <optional>

#include "../proof.hpp"

namespace checker {

inline constexpr double kMostSteps = 2e8;  // of combinatorial work

using Vector = std::string;  // of 0, 1 and - for -1
using Family = std::vector<Vector>;

struct Formula {
  long variables = 0;
  Table<long> clauses;
};
Formula formula_from(const std::string& dimacs, const std::string& place);
/// x_v for bit v of `assignment`.
bool satisfies(const Formula& f, unsigned long assignment);

/// Bit c of the vector of an assignment of part k is 0 iff it satisfies clause c.
std::vector<Family> split_and_list(const Formula& f, std::size_t arity);

/// visit(numbers of the vectors, sum_l x_1l … x_pl), all tuples.
void for_all_tuples(const std::vector<Family>& families,
                    const std::function<void(const std::vector<std::size_t>&, long)>& visit);
long orthogonal_tuples(const std::vector<Family>& families);

/// Families in which some tuple's score, sign times its inner product, is at least yes, or all are at most
/// no.
struct Promise {
  std::vector<Family> families;
  long yes = 0, no = -1, sign = -1;
};
/// The protocol over F_q: vectors as l x T tables, rows interpolated at 0 … l-1, evaluated at every rho of
/// F_q. The last family has a vector for every advice and every vector, the advices outside.
Promise protocol(const std::vector<Family>& families, long nodes, long columns, long q);

/// Q = [r x_1, r 1_e], K1 = [sign r x_2, w 1_e], K2 = [r x_3, r 1_e], anchors of score 0 and value 0: a
/// tuple's score is (r^p s + r^{p-1} e w)/d.
struct Threshold {
  std::size_t arity;
  Dyadic r, w;
  long e, d, anchors;
  Threshold(const Field& field, const std::vector<Family>& families);
  Fraction score(long s) const;
  /// weight/(weight + anchors)
  Ball output(const Ball& weight) const { return weight / (weight + Ball(anchors)); }
};

}  // namespace checker
