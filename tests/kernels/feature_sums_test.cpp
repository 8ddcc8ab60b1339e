// The hot loops of the polynomial method against plain ones: on small integers every operation is exact, so
// the sums must be equal, whatever the tiles.
#include "kernels/cpu/feature_sums.hpp"

#include <cmath>

#include "catch.hpp"
#include "kernels/monomials.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

template <class T>
std::vector<T> small_integers(Stream& draw, long count, long bound) {
  std::vector<T> x(static_cast<std::size_t>(count));
  for (T& v : x)
    v = static_cast<T>(static_cast<long>(draw.below(static_cast<std::uint64_t>(2 * bound + 1))) - bound);
  return x;
}

struct Sizes {
  long tokens, dimension, degree, columns;
};
const Sizes sizes[] = {{1, 1, 0, 1},   {1, 1, 1, 1},    {9, 1, 12, 3},   {33, 2, 3, 4},    {300, 4, 7, 4},
                       {700, 3, 4, 1}, {257, 5, 3, 5},  {64, 12, 1, 12}, {200, 12, 3, 12}, {100, 2, 5, 13},
                       {90, 3, 2, 26}, {513, 3, 13, 2}, {20, 6, 5, 40}};

template <class T>
void check_sums(const Sizes& s) {
  INFO("tokens " << s.tokens << " d " << s.dimension << " g " << s.degree << " columns " << s.columns
                 << " bytes " << sizeof(T));
  Stream draw(0, "feature sums");
  const MonomialTree tree = monomial_tree(s.dimension, {s.degree});
  const cpu::Features features = features_of(tree);
  // centre 1 and scale 2: what the loops see is 2 (x - 1), in {-2, 0, 2} or {-1, 0, 1} half the time
  const std::vector<T> keys = small_integers<T>(draw, s.tokens * s.dimension, 1),
                       values = small_integers<T>(draw, s.tokens * s.columns, 3),
                       centre(static_cast<std::size_t>(s.dimension), s.degree < 4 ? 1 : 0),
                       scale(static_cast<std::size_t>(s.dimension), s.degree < 4 ? T(0.5) : 1);
  const auto feature = [&](const std::vector<T>& x, long t) {
    std::vector<double> row;
    for (long l = 0; l < s.dimension; ++l)
      row.push_back((static_cast<double>(x[static_cast<std::size_t>(t * s.dimension + l)]) - centre[0]) *
                    scale[0]);
    return monomials(tree, row);
  };
  const long columns = s.columns + 1;
  std::vector<double> expected(static_cast<std::size_t>(tree.rank * columns), 0.0);
  for (long t = 0; t < s.tokens; ++t) {
    const std::vector<double> f = feature(keys, t);
    for (long a = 0; a < tree.rank; ++a)
      for (long c = 0; c < columns; ++c)
        expected[static_cast<std::size_t>(a * columns + c)] +=
            f[static_cast<std::size_t>(a)] *
            (c < s.columns ? 4 * static_cast<double>(values[static_cast<std::size_t>(t * s.columns + c)])
                           : 1);
  }
  const long half = s.tokens / 2;
  cpu::KeySums<T> sums(features, s.columns), later(features, s.columns);
  const cpu::View<T> key_view{keys.data(), s.tokens, s.dimension},
      value_view{values.data(), s.tokens, s.columns};
  sums.add(key_view, value_view, 0, half, {centre.data(), scale.data()}, 4);
  later.add(key_view, value_view, half, s.tokens, {centre.data(), scale.data()}, 4);
  sums.add(later);
  CHECK(sums.sums() == expected);

  const std::vector<T> weights = small_integers<T>(draw, tree.rank * columns, 2);
  const cpu::QuerySums<T> query_side(features, std::vector<double>(weights.begin(), weights.end()), columns);
  const std::vector<double> rows =
      cpu::query_sums(query_side, key_view, half, s.tokens, {centre.data(), scale.data()});
  std::vector<double> plain(static_cast<std::size_t>((s.tokens - half) * columns), 0.0);
  for (long t = half; t < s.tokens; ++t) {
    const std::vector<double> f = feature(keys, t);
    for (long a = 0; a < tree.rank; ++a)
      for (long c = 0; c < columns; ++c)
        plain[static_cast<std::size_t>((t - half) * columns + c)] +=
            f[static_cast<std::size_t>(a)] * weights[static_cast<std::size_t>(a * columns + c)];
  }
  CHECK(rows == plain);
}

}  // namespace

TEST_CASE(
    "sums of monomial features over keys and over monomials are exact on small integers, in any tiling") {
  for (const Sizes& s : sizes) {
    check_sums<double>(s);
    check_sums<float>(s);
  }
}

TEST_CASE("lanes are summed by folding halves, which is one order on every processor") {
  Stream draw(0, "lanes");
  std::vector<double> x(64);
  for (double& v : x) v = draw.uniform(1) * std::exp2(static_cast<double>(draw.below(40)));
  for (long e = 0; e < 8; ++e) {
    const double* y = x.data() + 8 * e;
    CHECK(cpu::folded_sum(y) == ((y[0] + y[4]) + (y[2] + y[6])) + ((y[1] + y[5]) + (y[3] + y[7])));
  }
}

TEST_CASE("compensated sums keep what plain ones lose") {
  double hi = 0x1p60, lo = 0;
  for (int i = 0; i < 1024; ++i) cpu::compensated_add(hi, lo, i % 2 == 0 ? 1.0 : -0.5);
  cpu::compensated_add(hi, lo, -0x1p60);
  CHECK(hi + lo == 256);
}
