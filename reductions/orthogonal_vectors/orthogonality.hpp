// Exhaustive search for orthogonal tuples, on packed bits: the arbiter that instances are verified with.
// The last family is stored word by word (word w of all vectors in a row of memory), so that one instruction
// handles several vectors; a tile of query rows shares each load. Per pair and word: one AND, one OR;
// per pair one test for zero. No population count. Cost n^K words operations.
#pragma once

#include <optional>

#include "numeric/parallel.hpp"
#include "reductions/orthogonal_vectors/family.hpp"

namespace attnbounds {

/// How many tuples are orthogonal.
long count_orthogonal(const VectorFamilies& families, ThreadCount threads = all_cores());

/// The first orthogonal tuple in lexicographic order, if any. The same for any number of threads.
std::optional<Tuple> find_orthogonal(const VectorFamilies& families, ThreadCount threads = all_cores());

}  // namespace attnbounds
