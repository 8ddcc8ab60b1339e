// The whole chain against a SAT solver (CaDiCaL, Debian package cadical): 300 formulas, every answer the
// same, every witness verified.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "catch.hpp"
#include "reductions/attention/decision.hpp"
#include "reductions/attention/threshold.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"
#include "tests/numeric/temporary_folder.hpp"
#include "tests/reductions/formulas.hpp"

using namespace attnbounds;

namespace {

enum class Solved { satisfiable, unsatisfiable };

Solved solve(const Formula& f, const std::string& file) {
  std::ofstream(file) << dimacs_text(f);
  const int raw = std::system(("cadical -q -n '" + file + "' >/dev/null").c_str());
  const int status = WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
  if (status == 10) return Solved::satisfiable;
  if (status == 20) return Solved::unsatisfiable;
  throw std::runtime_error("cadical ended with status " + std::to_string(status));
}

/// The answer from attention outputs alone, and a witness that was checked.
Solved by_attention(const Formula& f, long arity) {
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

}  // namespace

TEST_CASE("attention and CaDiCaL give the same answer on 300 formulas, and every witness satisfies") {
  if (std::system("command -v cadical >/dev/null 2>&1") != 0) {
    WARN("skipped: cadical is not installed");
    return;
  }
  const TemporaryFolder folder;
  const std::string file = (folder.path / "formula.cnf").string();
  Stream stream(0, "cadical");
  int satisfiable = 0, unsatisfiable = 0;
  const auto check = [&](const Formula& f, long arity) {
    INFO(dimacs_text(f) << "arity " << arity);
    const Solved expected = solve(f, file);
    ++(expected == Solved::satisfiable ? satisfiable : unsatisfiable);
    CHECK(by_attention(f, arity) == expected);
  };
  for (int i = 0; i < 180; ++i) {  // random 3-CNF about the threshold
    const long variables = 6 + i % 13;
    check(random_formula(stream, variables,
                         static_cast<std::uint64_t>(4.27 * static_cast<double>(variables)) + stream.below(7),
                         3),
          variables <= 15 && i % 4 == 0 ? 3 : 2);
  }
  for (int i = 0; i < 50; ++i)
    check(parity(stream, 5 + i % 11, 4 + static_cast<int>(stream.below(10))), 2 + i % 2);
  for (int i = 0; i < 60; ++i) {
    const int colours = 2 + i % 2, vertices = 3 + i % 4;
    check(colouring(stream, vertices, colours, vertices + static_cast<int>(stream.below(6))), 2);
  }
  for (const auto& [pigeons, holes] :
       {std::pair(2, 1), {2, 2}, {3, 2}, {3, 3}, {4, 3}, {4, 4}, {5, 3}, {5, 4}, {6, 3}})
    check(pigeonhole(pigeons, holes), 2);
  check(random_formula(stream, 22, 94, 3), 2);
  CHECK(satisfiable + unsatisfiable >= 300);
  CHECK(satisfiable > 60);
  CHECK(unsatisfiable > 60);
}
