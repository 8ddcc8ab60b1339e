// The whole chain against a SAT solver (CaDiCaL, Debian package cadical): 300 formulas, every answer the
// same, every witness verified.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "catch.hpp"
#include "numeric/files.hpp"
#include "tests/reductions/by_attention.hpp"
#include "tests/reductions/formulas.hpp"

using namespace attnbounds;

namespace {

Solved solve(const Formula& f, const std::string& file) {
  std::ofstream(file) << dimacs_text(f);
  const int raw = std::system(("cadical -q -n '" + file + "' >/dev/null").c_str());
  const int status = WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
  if (status == 10) return Solved::satisfiable;
  if (status == 20) return Solved::unsatisfiable;
  throw std::runtime_error("cadical ended with status " + std::to_string(status));
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
  const auto random = [&](long variables, long arity) {  // about the threshold
    check(random_formula(stream, variables,
                         static_cast<std::uint64_t>(4.27 * static_cast<double>(variables)) + stream.below(7),
                         3),
          arity);
  };
  for (int i = 0; i < 180; ++i) random(6 + i % 15, i % 15 <= 9 && i % 4 == 0 ? 3 : 2);
  for (int i = 0; i < 50; ++i)
    check(parity(stream, 5 + i % 14, 4 + static_cast<int>(stream.below(12))), 2 + i % 2);
  for (int i = 0; i < 60; ++i) {
    const int colours = 2 + i % 2, vertices = 3 + i % 5;
    check(colouring(stream, vertices, colours, vertices + static_cast<int>(stream.below(6))), 2);
  }
  for (const auto& [pigeons, holes] :
       {std::pair(2, 1), {2, 2}, {3, 2}, {3, 3}, {4, 3}, {4, 4}, {5, 3}, {5, 4}, {6, 3}, {6, 4}})
    check(pigeonhole(pigeons, holes), 2);
  for (const long variables : {22, 23, 24, 24}) random(variables, 2);
  for (const long variables : {22, 24}) random(variables, 3);
  CHECK(satisfiable + unsatisfiable >= 300);
  CHECK(satisfiable > 60);
  CHECK(unsatisfiable > 60);
}

TEST_CASE("attention and CaDiCaL give the same answer on 300 formulas of up to 30 variables", "[.long]") {
  if (std::system("command -v cadical >/dev/null 2>&1") != 0) {
    WARN("skipped: cadical is not installed");
    return;
  }
  const TemporaryFolder folder;
  const std::string file = (folder.path / "formula.cnf").string();
  Stream stream(0, "cadical-long");
  int satisfiable = 0, unsatisfiable = 0, of_thirty = 0;
  const auto check = [&](const Formula& f, long arity) {
    INFO(dimacs_text(f) << "arity " << arity);
    const Solved expected = solve(f, file);
    ++(expected == Solved::satisfiable ? satisfiable : unsatisfiable);
    if (f.variables == 30) ++of_thirty;
    CHECK(by_attention(f, arity) == expected);
  };
  for (int i = 0; i < 240; ++i) {
    const long variables = i % 80 == 0 ? 30 : i % 60 == 1 ? 28 : i % 12 == 2 ? 26 : 14 + i % 11;
    check(random_formula(stream, variables,
                         static_cast<std::uint64_t>(4.27 * static_cast<double>(variables)) + stream.below(7),
                         3),
          2 + (i % 5 == 0 && variables <= 26 ? 1 : 0));
  }
  for (int i = 0; i < 40; ++i)
    check(parity(stream, 12 + i % 13, 10 + static_cast<int>(stream.below(10))), 2 + i % 2);
  for (int i = 0; i < 20; ++i)
    check(colouring(stream, 5 + i % 4, 3, 8 + static_cast<int>(stream.below(8))), 2);
  check(pigeonhole(6, 5), 2);
  check(pigeonhole(5, 5), 2);
  CHECK(satisfiable + unsatisfiable >= 300);
  CHECK(satisfiable > 60);
  CHECK(unsatisfiable > 60);
  CHECK(of_thirty >= 4);
}
