// libFuzzer target of the DIMACS and vector readers: any bytes give a value or an InputError, and what was
// read survives being written and read again. Built by clang with -DATTNBOUNDS_FUZZ=ON:
//     build/tests/fuzz_dimacs -max_total_time=300 tests/fuzz/dimacs
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "numeric/exact_text.hpp"
#include "reductions/cnf/formula.hpp"
#include "reductions/orthogonal_vectors/family.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const attnbounds::Formula f = attnbounds::formula_from_dimacs(text, "fuzz");
    const attnbounds::Formula g = attnbounds::formula_from_dimacs(attnbounds::dimacs_text(f), "fuzz");
    if (g.variables != f.variables || g.clauses != f.clauses) std::abort();
  } catch (const attnbounds::InputError&) {
  }
  try {
    const attnbounds::VectorFamilies v = attnbounds::vectors_from_text(text, "fuzz");
    if (attnbounds::vectors_from_text(attnbounds::vectors_text(v), "fuzz").families != v.families)
      std::abort();
  } catch (const attnbounds::InputError&) {
  }
  return 0;
}
