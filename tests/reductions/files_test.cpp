// Formulas that another program wrote (CNFgen): tests/data/formulas, with the command and the answer of each.
#include <fstream>
#include <set>
#include <sstream>

#include "catch.hpp"
#include "reductions/cnf/sparsify.hpp"
#include "tests/reductions/by_attention.hpp"

using namespace attnbounds;

namespace {

struct Entry {
  std::string file, command;
  Solved answer = Solved::unsatisfiable;
  long variables = 0, clauses = 0;
};

const std::string kFolder = ATTNBOUNDS_SOURCE_DIR "/tests/data/formulas/";

std::vector<Entry> entries() {
  std::ifstream list(kFolder + "commands.txt");
  std::vector<Entry> result;
  for (std::string line; std::getline(list, line);) {
    std::istringstream words(line);
    Entry e;
    std::string answer;
    words >> e.file >> answer >> e.variables >> e.clauses;
    std::getline(words >> std::ws, e.command);
    e.answer = answer == "sat" ? Solved::satisfiable : Solved::unsatisfiable;
    result.push_back(e);
  }
  return result;
}

void check(const Entry& e, long arity) {
  INFO(e.file << " (" << e.command << "), arity " << arity);
  CHECK(by_attention(read_dimacs(kFolder + e.file), arity) == e.answer);
}

}  // namespace

TEST_CASE("formulas written by CNFgen are read and answered rightly, every witness verified") {
  const std::vector<Entry> list = entries();
  CHECK(list.size() >= 50);
  long answered = 0;
  for (const Entry& e : list) {
    const Formula f = read_dimacs(kFolder + e.file);
    CHECK(f.variables == e.variables);
    CHECK(static_cast<long>(f.clauses.size()) == e.clauses);
    if (e.variables <= 24) check(e, 2), ++answered;
    if (e.variables <= 18) check(e, 3);
  }
  CHECK(answered >= 45);
}

TEST_CASE("formulas of 25 to 30 variables written by CNFgen are answered rightly", "[.long]") {
  for (const Entry& e : entries()) {
    if (e.variables > 24) check(e, 2);
    if (e.variables > 18 && e.variables <= 27) check(e, 3);
  }
}

TEST_CASE("sparsified formulas are the disjunction of their leaves, within the bound on clauses") {
  long branched = 0;
  for (const Entry& e : entries()) {
    if (e.variables > 12) continue;
    const Formula f = read_dimacs(kFolder + e.file);
    for (const long theta : {3L, 4L}) {
      const Sparsification s = sparsify(f, theta);
      INFO(e.file << ", theta " << theta << ", " << s.leaves.size() << " leaves");
      if (s.leaves.size() > 1) ++branched;
      for (const Formula& leaf : s.leaves) {
        CHECK(static_cast<long>(leaf.clauses.size()) <= s.most_clauses);
        CHECK(leaf.variables == f.variables);
      }
      for (long x = 0; x < 1L << f.variables; ++x) {
        Assignment a;
        for (long v = 0; v < f.variables; ++v) a.push_back((x >> v & 1) != 0);
        bool any = false;
        for (const Formula& leaf : s.leaves) any = any || satisfies(a, leaf);
        REQUIRE(any == satisfies(a, f));
      }
    }
  }
  CHECK(branched > 5);
  CHECK_THROWS(sparsify({3, {{1, 2}}}, 1));
  CHECK(simplified({3, {{1, -1, 2}, {2, 2, 3}, {3, 2, 1}}}).clauses == std::vector<Clause>{{2, 3}});
}
