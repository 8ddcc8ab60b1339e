#include "reductions/orthogonal_vectors/orthogonality.hpp"

#include <algorithm>
#include <atomic>
#include <bit>

#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

using Word = std::uint64_t;
constexpr long kLanes = 8;    // vectors a step; lists are padded to a multiple with all-ones vectors
constexpr long kQueries = 4;  // query rows that share a load
constexpr long kChunk = 512;  // vectors a chunk: with up to 4 words 16 KiB, inside the first cache

/// The family word by word: word w of vector j is words[w][j].
struct ByWord {
  long count = 0, padded = 0;
  std::vector<std::vector<Word>> words;

  explicit ByWord(const BitMatrix& family) : count(family.rows) {
    padded = (count + kLanes - 1) / kLanes * kLanes;
    words.assign(static_cast<std::size_t>(family.words),
                 std::vector<Word>(static_cast<std::size_t>(padded), ~Word{0}));
    for (long w = 0; w < family.words; ++w)
      for (long j = 0; j < count; ++j)
        words[static_cast<std::size_t>(w)][static_cast<std::size_t>(j)] = family.word(j, w);
  }
};

/// A padding vector is all ones: not orthogonal to a query unless the query is 0, so zero queries are
/// counted apart.
bool is_zero(const Word* query, long words) {
  return std::all_of(query, query + words, [](Word w) { return w == 0; });
}

using Lanes = Word __attribute__((vector_size(kLanes * sizeof(Word))));

Lanes load(const Word* p) {
  Lanes v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

/// How many of the vectors [begin, end) are orthogonal to each of kQueries queries of W words.
template <int W>
void count_tile(const Word* queries, const ByWord& family, long begin, long end, long* counts) {
  const Word* base[W];
  for (int w = 0; w < W; ++w) base[w] = family.words[static_cast<std::size_t>(w)].data();
  Lanes zeros[kQueries] = {};
  for (long j = begin; j < end; j += kLanes) {
    Lanes vectors[W];
    for (int w = 0; w < W; ++w) vectors[w] = load(base[w] + j);
    for (int r = 0; r < kQueries; ++r) {
      Lanes meet = queries[r * W] & vectors[0];
      for (int w = 1; w < W; ++w) meet |= queries[r * W + w] & vectors[w];
      zeros[r] -= reinterpret_cast<Lanes>(meet == 0);  // true is -1
    }
  }
  for (int r = 0; r < kQueries; ++r)
    for (int lane = 0; lane < kLanes; ++lane) counts[r] += static_cast<long>(zeros[r][lane]);
}

/// Any number of words: first the AND with all words is gathered, then tested.
void count_tile_long(const Word* queries, long words, const ByWord& family, long begin, long end,
                     long* counts) {
  for (int r = 0; r < kQueries; ++r) {
    Lanes zeros = {};
    for (long j = begin; j < end; j += kLanes) {
      Lanes meet = {};
      for (long w = 0; w < words; ++w)
        meet |= queries[r * words + w] & load(family.words[static_cast<std::size_t>(w)].data() + j);
      zeros -= reinterpret_cast<Lanes>(meet == 0);
    }
    for (int lane = 0; lane < kLanes; ++lane) counts[r] += static_cast<long>(zeros[lane]);
  }
}

void count_rows(const Word* queries, long words, const ByWord& family, long* counts) {
  for (long begin = 0; begin < family.padded; begin += kChunk) {
    const long end = std::min(begin + kChunk, family.padded);
    switch (words) {
      case 1:
        count_tile<1>(queries, family, begin, end, counts);
        break;
      case 2:
        count_tile<2>(queries, family, begin, end, counts);
        break;
      case 3:
        count_tile<3>(queries, family, begin, end, counts);
        break;
      case 4:
        count_tile<4>(queries, family, begin, end, counts);
        break;
      default:
        count_tile_long(queries, words, family, begin, end, counts);
    }
  }
}

/// The queries of the search: the AND of one vector of each family but the last, tuples in lexicographic
/// order.
class Queries {
 public:
  explicit Queries(const VectorFamilies& families) : families_(families) {
    for (std::size_t k = 0; k + 1 < families.families.size(); ++k) count_ *= families.families[k].rows;
  }
  long count() const { return count_; }
  Tuple tuple(long index) const {
    Tuple t(families_.families.size() - 1);
    for (std::size_t k = t.size(); k-- > 0;) {
      t[k] = index % families_.families[k].rows;
      index /= families_.families[k].rows;
    }
    return t;
  }
  void write(long index, Word* words) const {
    const Tuple t = tuple(index);
    for (long w = 0; w < families_.families.front().words; ++w) {
      words[w] = families_.families[0].word(t[0], w);
      for (std::size_t k = 1; k < t.size() && !bug(Bug::third_family_ignored); ++k)
        words[w] &= families_.families[k].word(t[k], w);
    }
  }

 private:
  const VectorFamilies& families_;
  long count_ = 1;
};

/// Calls visit(query index, number of vectors orthogonal to it) for every query of a block.
template <class Visit>
void for_queries(const Queries& queries, long begin, long end, long words, const ByWord& last,
                 const Visit& visit) {
  std::vector<Word> tile(static_cast<std::size_t>(kQueries * words));
  for (long first = begin; first < end; first += kQueries) {
    const long here = std::min<long>(kQueries, end - first);
    for (long r = 0; r < here; ++r) queries.write(first + r, tile.data() + r * words);
    long counts[kQueries] = {};
    if (words > 0) count_rows(tile.data(), words, last, counts);
    for (long r = 0; r < here; ++r)
      visit(first + r, is_zero(tile.data() + r * words, words) ? last.count : counts[r]);
  }
}

constexpr long kBlock = 256;  // queries a task

}  // namespace

long count_orthogonal(const VectorFamilies& families, ThreadCount threads) {
  const ByWord last(families.families.back());
  const Queries queries(families);
  std::atomic<long> total{0};
  parallel_for((queries.count() + (bug(Bug::block_forgotten) ? 0 : kBlock - 1)) / kBlock, threads,
               [&](long block) {
                 long count = 0;
                 for_queries(queries, block * kBlock, std::min(queries.count(), (block + 1) * kBlock),
                             families.families.front().words, last,
                             [&](long, long orthogonal) { count += orthogonal; });
                 total += count;
               });
  return total;
}

std::optional<Tuple> find_orthogonal(const VectorFamilies& families, ThreadCount threads) {
  const ByWord last(families.families.back());
  const Queries queries(families);
  std::atomic<long> first{queries.count()};
  parallel_for((queries.count() + kBlock - 1) / kBlock, threads, [&](long block) {
    if (block * kBlock >= first) return;
    for_queries(queries, block * kBlock, std::min(queries.count(), (block + 1) * kBlock),
                families.families.front().words, last, [&](long query, long orthogonal) {
                  if (orthogonal == 0) return;
                  for (long seen = first; query < seen && !first.compare_exchange_weak(seen, query);) {
                  }
                });
  });
  if (first == queries.count()) return {};
  Tuple tuple = queries.tuple(first);
  tuple.push_back(0);
  while (inner_product(families, tuple) != 0) ++tuple.back();
  return tuple;
}

}  // namespace attnbounds
