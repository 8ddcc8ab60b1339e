// Private cross-attention (arXiv 2407.14717): the paper's DPTree is a binary tree over the n = 2^h tokens,
// each node holding the noisy sum of its tokens (Dwork, Naor, Pitassi, Rothblum 2010; Chan, Shi, Song 2011).
// Two facts fix its noise, for h >= 2:
//     every interval of tokens is a disjoint union of at most 2 (h - 1) nodes, or is the root, and 2 (h - 1)
//     are needed for one; every token lies in exactly h + 1 nodes (the factor of the sensitivity).
// Decided for every interval, h = 2 … 9.
#include "proofs_check/claim.hpp"

namespace attnbounds {
namespace {

/// How many nodes the interval [begin, end) is covered by, from the leaves up: a node is taken where its
/// sibling is outside.
long nodes_of(long begin, long end) {
  long nodes = 0;
  for (; begin < end; begin /= 2, end /= 2) {
    if (begin % 2 == 1) ++nodes, ++begin;
    if (begin < end && end % 2 == 1) ++nodes, --end;
  }
  return nodes;
}

struct Case {
  long height = 0, most = 0, least_memberships = 0, most_memberships = 0;
};
Json describe(const Case& c) { return {{"height", c.height}, {"nodes", c.most}}; }

Case of_height(long height) {
  const long n = 1L << height;
  Case c{height, 0, n, 0};
  for (long begin = 0; begin < n; ++begin)
    for (long end = begin + 1; end <= n; ++end) c.most = std::max(c.most, nodes_of(begin, end));
  for (long token = 0; token < n; ++token) {
    long memberships = 0;
    for (long level = 0; level <= height; ++level)
      for (long node = 0; node < n >> level; ++node)
        if (node << level <= token && token < (node + 1) << level) ++memberships;
    c.least_memberships = std::min(c.least_memberships, memberships);
    c.most_memberships = std::max(c.most_memberships, memberships);
  }
  return c;
}

const Registration tree_cover =
    claim("liang-shi-song-zhou-2024-private/tree-cover", "the binary tree of the data structure",
          Standing::checked)
        .says(
            "an interval of 2^h tokens takes at most 2 (h - 1) nodes, h >= 2; a token lies in h + 1",
            R"($[a,b) \subseteq [2^h]$ is a union of at most $2(h-1)$ nodes, each token in $h+1$ of them, $h \ge 2$)")
        .over(
            [](Level level) {
              std::vector<long> heights;
              for (long h = 2; h <= (level == Level::quick ? 9 : 11); ++h) heights.push_back(h);
              return heights;
            },
            of_height)
        .where("h >= 2", [](const Case& c) { return c.height >= 2; })
        .at_most(
            "nodes <= 2 (h - 1)", [](const Case& c) { return Rational(c.most); },
            [](const Case& c) { return Rational(2 * (c.height - 1)); })
        .at_most(
            "memberships <= h + 1", [](const Case& c) { return Rational(c.most_memberships); },
            [](const Case& c) { return Rational(c.height + 1); })
        .at_most(
            "h + 1 <= memberships", [](const Case& c) { return Rational(c.height + 1); },
            [](const Case& c) { return Rational(c.least_memberships); })
        .twin(
            "one node fewer", [](const Case& c) { return Rational(c.most); },
            [](const Case& c) { return Rational(2 * (c.height - 1) - 1); });

}  // namespace
}  // namespace attnbounds
