// Bharadwaj et al. 2023: a draw takes time logarithmic in the number of rows. The tree over I rows, leaves of
// one row, is ceil(log2 I) deep, and a turn costs one inner product of R x R matrices: at most N ceil(log2 I)
// R^2 multiplications a row of the product of N factors, besides the N (R^2 + 2 R^2) of the middle factors.
// Counted on the tree itself, I = 1 … 300 and powers of two around.
#include "proofs_check/bharadwaj_et_al_2023/khatri_rao_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  long rows = 0, depth = 0;
};
Json describe(const Case& c) { return {{"rows", c.rows}, {"depth", c.depth}}; }

/// 2^depth, to compare without logarithms: depth = ceil(log2 I) iff 2^depth < 2 I and I <= 2^depth.
Rational leaves(const Case& c) { return Rational(Integer(1) << static_cast<unsigned>(c.depth)); }

const Registration draw_cost =
    claim("bharadwaj-et-al-2023/draw-cost", "logarithmic time a draw (number not looked up)",
          Standing::checked)
        .says("the tree over I rows is ceil(log2 I) deep", R"($I \le 2^{\mathrm{depth}} < 2I$)")
        .over(
            [](Level) {
              std::vector<long> rows;
              for (long i = 1; i <= 300; ++i) rows.push_back(i);
              for (long bits = 9; bits <= 14; ++bits)
                for (long off = -1; off <= 1; ++off) rows.push_back((1L << bits) + off);
              return rows;
            },
            [](long rows) {
              return Case{rows, GramTree<double>(Matrix<double>::Ones(rows, 1)).depth()};
            })
        .at_most(
            "2^depth < 2 I", [](const Case& c) { return Rational(leaves(c) + 1); },
            [](const Case& c) { return Rational(2 * c.rows); })
        .at_most(
            "I <= 2^depth", [](const Case& c) { return Rational(c.rows); },
            [](const Case& c) { return leaves(c); })
        .twin(
            "2^depth <= I", [](const Case& c) { return leaves(c); },
            [](const Case& c) { return Rational(c.rows); });

}  // namespace
}  // namespace attnbounds
