// The chunks of a causal kernel: rows in at most 64 chunks of whole blocks, whatever the number of threads.
// First every chunk's sums over its own keys; their prefix sums are where the chunks start from; then each
// chunk goes through its blocks by itself. Memory: the sums of 64 chunks.
#pragma once

#include <algorithm>
#include <optional>
#include <type_traits>
#include <vector>

#include "numeric/parallel.hpp"

namespace attnbounds {

constexpr long rows_of_a_block = 128;  // of a causal kernel: a score_rows group, whole tiles of queries

/// Groups of keys that are summed independently: as many as memory allows (bytes of one given), whatever the
/// number of threads.
inline long key_groups(long keys, long keys_of_a_group, long bytes, long most) {
  const long affordable = std::clamp<long>((1L << 28) / std::max<long>(bytes, 1), 4, most);
  return std::clamp<long>(keys / keys_of_a_group, 1, affordable);
}

constexpr long most_chunks = 64;

/// `Sums` can rest(), copy() and add() those of later tokens (cpu::KeySums, or a pair of them), make() makes
/// empty ones of so many bytes; add(sums, first, last) adds tokens; rows(chunk, first, last, sums) does the
/// rows [first, last) from the sums over all tokens before `first`, and may go on adding to them.
template <class Make, class Add, class Rows>
void over_chunks(long n, long bytes, ThreadCount threads, const Make& make, const Add& add,
                 const Rows& rows) {
  using Sums = std::invoke_result_t<Make>;
  const long blocks = (n + rows_of_a_block - 1) / rows_of_a_block;
  const long chunks = std::min(blocks, key_groups(n, 8 * rows_of_a_block, bytes, most_chunks));
  const auto first_row = [&](long chunk) { return std::min(n, chunk * blocks / chunks * rows_of_a_block); };
  std::vector<std::optional<Sums>> before(static_cast<std::size_t>(chunks));
  before[0].emplace(make());
  parallel_for(chunks - 1, threads, [&](long c) {  // the sums of chunk c, where chunk c + 1 starts
    Sums& sums = before[static_cast<std::size_t>(c + 1)].emplace(make());
    add(sums, first_row(c), first_row(c + 1));
    sums.rest();
  });
  for (std::size_t c = 1; c + 1 < before.size(); ++c) {
    Sums sums = before[c]->copy();
    sums.add(*before[c + 1]);
    before[c + 1] = std::move(sums);
  }
  parallel_for(chunks, threads, [&](long c) {
    Sums& sums = *before[static_cast<std::size_t>(c)];
    rows(c, first_row(c), first_row(c + 1), sums);
    sums.rest();
  });
}

}  // namespace attnbounds
