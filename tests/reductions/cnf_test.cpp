#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "reductions/cnf/formula.hpp"
#include "reductions/orthogonal_vectors/orthogonality.hpp"
#include "reductions/orthogonal_vectors/split_and_list.hpp"
#include "tests/reductions/formulas.hpp"

using namespace attnbounds;

namespace {
std::string error_of(std::string_view text) {
  try {
    formula_from_dimacs(text, "f.cnf");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}
}  // namespace

TEST_CASE("DIMACS in the forms that others write is read") {
  const Formula f = formula_from_dimacs(
      "c made by hand, caf\xc3\xa9\nc\np cnf  3 4 \n1 -2\n0 2 3 0 -1\t-3 0\nc in between\n\n 1 1 -1 "
      "0\n%\n0\n\n",
      "f");
  CHECK(f.variables == 3);
  CHECK(f.clauses == std::vector<Clause>{{1, -2}, {2, 3}, {-1, -3}, {1, 1, -1}});
  CHECK(formula_from_dimacs("p cnf 0 0\n", "f").clauses.empty());
  CHECK(formula_from_dimacs("p cnf 0 1\n0\n", "f").clauses == std::vector<Clause>{{}});
  CHECK(formula_from_dimacs("p cnf 5 1\n5 0", "f").clauses.size() == 1);  // no line end at the end
}

TEST_CASE("malformed DIMACS is refused with its line") {
  const std::pair<std::string, std::string> bad[] = {
      {"", "line 1"},
      {"c only\n", "line 1"},
      {"1 2 0\n", "line 1: expected a header"},
      {"p cnf 2 1\n1 3 0\n", "line 2: expected a literal from -2 to 2"},
      {"p cnf 2 1\n1 -3 0\n", "line 2: expected a literal"},
      {"p cnf 2 1\n1 2\n", "line 2: expected 0 at the end"},
      {"p cnf 2 1\n1 2\n%\n0\n", "line 3"},
      {"p cnf 2 1\n1 0\n2 0\n", "line 3: expected no more than the 1"},
      {"p cnf 2 1\n1 0\n2\n", "line 3: expected no more than the 1"},
      {"p cnf 2 1\n1 0\n0\n", "line 3: expected no more than the 1"},
      {"p cnf 2 2\n1 0\n", "line 2: expected 2 clauses"},
      {"p cnf 2 1\r\n1 0\r\n", "line 1: expected a line ended by LF"},
      {std::string("p cnf 2 1\n1\0 0\n", 15), "line 2: expected text"},
      {"\x7f"
       "ELF\x02\x01",
       "line 1: expected text"},
      {"p cnf 99999999999999999999 1\n1 0\n", "line 1: expected a count"},
      {"p cnf 2 1\n99999999999999999999 0\n", "line 2: expected a literal"},
      {"p cnf 4294967297 1\n1 0\n", "line 1: expected a count"},
      {"p cnf 2 -1\n", "line 1: expected a count"},
      {"p cnf 2\n1 0\n", "line 1: expected a header"},
      {"p cnf 2 1 7\n1 0\n", "line 1: expected a header"},
      {"p wcnf 2 1\n1 0\n", "line 1: expected a header"},
      {"p cnf 2 1\np cnf 2 1\n1 0\n", "line 2: expected one header"},
      {"p cnf 2 1\n+1 0\n", "line 2: expected a literal"},
      {"p cnf 2 1\n01 0\n", "line 2: expected a literal"},
      {"p cnf 2 1\n-0\n", "line 2: expected a literal"},
      {"p cnf 2 1\n1.5 0\n", "line 2: expected a literal"},
      {"p cnf 2 1\nx1 0\n", "line 2: expected a literal"},
      {"p cnf 2 1\n1 0\n%\n1 0\n", "line 4: expected nothing but 0"},
      {"p cnf 2 1\n1 0\n% 0\n", "line 3"},
  };
  for (const auto& [text, expected] : bad) {
    INFO(text);
    CHECK_THAT(error_of(text), Catch::Matchers::Contains(expected));
    CHECK(error_of(text).find('\n') == std::string::npos);
  }
}

TEST_CASE("a formula survives being written and read") {
  Stream stream(0, "write-read");
  for (int i = 0; i < 50; ++i) {
    const Formula f = random_formula(stream, 1 + static_cast<long>(stream.below(9)), stream.below(12), 3);
    const Formula g = formula_from_dimacs(dimacs_text(f), "g");
    CHECK(g.variables == f.variables);
    CHECK(g.clauses == f.clauses);
  }
}

TEST_CASE("orthogonal tuples of split and list count the satisfying assignments") {
  Stream stream(0, "count-identity");
  for (int i = 0; i < 300; ++i) {
    const Formula f = any_formula(stream, 9);
    for (const long arity : {2L, 3L}) {
      const VectorFamilies ov = split_and_list(f, arity);
      const long dummies = arity * part_size(f, arity) - f.variables;
      const long orthogonal = count_orthogonal(ov, ThreadCount{1});
      INFO("formula " << i << ", arity " << arity << "\n" << dimacs_text(f));
      CHECK(orthogonal == count_satisfying(f) << dummies);
      const std::optional<Tuple> tuple = find_orthogonal(ov, ThreadCount{2});
      REQUIRE(tuple.has_value() == (orthogonal > 0));
      if (tuple) CHECK(satisfies(assignment_of(*tuple, f), f));
    }
  }
}

TEST_CASE("packed counts agree with inner products for any number of words") {
  Stream stream(0, "packed");
  for (const long dimension : {0, 1, 63, 64, 65, 128, 130, 200, 256, 257, 700})
    for (const long arity : {2L, 3L}) {
      const long n = 1 + static_cast<long>(stream.below(21));
      VectorFamilies ov;
      for (long k = 0; k < arity; ++k) {
        BitMatrix family(n, dimension);
        for (long row = 0; row < n; ++row)  // few ones, so that some tuples are orthogonal; some rows zero
          for (long ones = static_cast<long>(stream.below(9)); ones > 0 && dimension > 0; --ones)
            family.set(row, static_cast<long>(stream.below(static_cast<std::uint64_t>(dimension))));
        ov.families.push_back(family);
      }
      long expected = 0;
      std::optional<Tuple> first;
      for (long i = 0; i < n; ++i)
        for (long j = 0; j < n; ++j)
          for (long k = 0; k < (arity == 3 ? n : 1); ++k) {
            const Tuple t = arity == 3 ? Tuple{i, j, k} : Tuple{i, j};
            long product = 0;
            for (long c = 0; c < dimension; ++c) {
              bool all = true;
              for (std::size_t f = 0; f < t.size(); ++f) all = all && ov.families[f].at(t[f], c);
              if (all) ++product;
            }
            CHECK(inner_product(ov, t) == product);
            if (product == 0) {
              ++expected;
              if (!first) first = t;
            }
          }
      CHECK(count_orthogonal(ov) == expected);
      CHECK(find_orthogonal(ov) == first);
      const VectorFamilies again = vectors_from_text(vectors_text(ov), "ov");
      CHECK(again.families == ov.families);
    }
}

TEST_CASE("malformed vector files are refused") {
  for (const char* text :
       {"", "p ov 2 1 2\n01\n", "p ov 2 1 2\n01\n02\n", "p ov 2 1 2\n01\n011\n", "p ov 4 1 1\n0\n0\n0\n0\n",
        "p ov 2 99999999999 64\n", "p ov 2 0 2\n", "p ov 2 1 2\n01\n01", "p ov 2 1 2\n01\n01\n\n",
        "p ov 2 1 2 \n01\n01\n", "p cnf 2 1\n1 0\n", "p ov 2 1 -1\n\n\n"})
    CHECK_THROWS_AS(vectors_from_text(text, "ov"), InputError);
}
