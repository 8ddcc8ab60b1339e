// The two sources of error, in the spectral norm |.| (largest singular value): for positive D~ and any S,
//     |Att - D~^-1 A S^T S V| <= max_i |D_i/D~_i - 1| |P| |V| + max_i (D_i/D~_i) |P V - P S^T S V|,
// P = D^-1 A. The paper bounds the first term by epsilon/2 |P| |V| (its estimate of D) and the second by
// sampling. All norms are enclosed (attention/spectral.hpp). Twin: the first term alone.
#include "attention/gradient.hpp"
#include "attention/spectral.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k, v, factor;  // factor: D_i/D~_i, n x 1
  std::vector<long> drawn;         // keys, each with weight m/s
};
Json describe(const Case& c) {
  return {{"Q", json_matrix(c.q)},
          {"K", json_matrix(c.k)},
          {"V", json_matrix(c.v)},
          {"D/D~", json_matrix(c.factor)},
          {"drawn", c.drawn}};
}
Case draw(Draw& d) {
  for (;;) {
    const long n = d.integer(1, 4), m = d.integer(1, 4), width = d.integer(1, 3), columns = d.integer(1, 2);
    Case c{d.matrix(n, width, 1), d.matrix(m, width, 1), d.matrix(m, columns, 2), d.matrix(n, 1, 1), {}};
    c.factor = (1 + c.factor.array() / 2).matrix();
    for (long t = d.integer(1, 4); t > 0; --t) c.drawn.push_back(d.integer(0, m - 1));
    if (max_abs(c.v) > 0 && c.factor.maxCoeff() != 1) return c;
  }
}
struct Sides {
  Interval left, estimate, sampled;
};
Sides sides(const Case& c) {
  const Matrix<Interval> p = normalised_rows(weight_enclosure({c.q, c.k, c.v})),
                         v = matrix_from<Interval>(c.v), factor = matrix_from<Interval>(c.factor);
  Matrix<Interval> thinned = Matrix<Interval>::Constant(v.rows(), v.cols(), Interval(0));
  for (const long j : c.drawn)
    for (Eigen::Index l = 0; l < v.cols(); ++l)
      thinned(j, l) +=
          v(j, l) * Interval(static_cast<long>(v.rows())) / Interval(static_cast<long>(c.drawn.size()));
  const Matrix<Interval> exact = product(p, v), sampled = product(p, thinned);
  Matrix<Interval> output = sampled;
  Interval off = 0, largest = 0;
  for (Eigen::Index i = 0; i < output.rows(); ++i) {
    for (Eigen::Index l = 0; l < output.cols(); ++l) output(i, l) *= factor(i, 0);
    off = maximum(off, absolute_value(factor(i, 0) - 1));
    largest = maximum(largest, factor(i, 0));
  }
  const auto norm = [](const Matrix<Interval>& m) { return operator_norm(m).interval(); };
  return {norm(exact - output), off * operator_norm_of_nonnegative(p).interval() * norm(v),
          largest * norm(exact - sampled)};
}
/// 2^-30 of room: with one row the two sides may agree.
Interval right(const Case& c) {
  const Sides s = sides(c);
  return (s.estimate + s.sampled) * (1 + enclose(Rational(1, 1L << 30)));
}

const Registration spectral_split =
    claim("han-et-al-2023-hyperattention/spectral-split",
          "the split of the spectral guarantee into normalisation and sampling (text not at hand)",
          Standing::checked)
        .says(
            "|Att - D~^-1 A S^T S V| <= max|D/D~ - 1| |P| |V| + max(D/D~) |P V - P S^T S V| in the spectral "
            "norm",
            R"($\|\mathrm{Att}-\tilde D^{-1}AS^\top SV\| \le \max_i|\tfrac{D_i}{\tilde D_i}-1|\,\|P\|\|V\| + \max_i\tfrac{D_i}{\tilde D_i}\,\|PV-PS^\top SV\|$)")
        .given(draw)
        .at_most(
            "error <= estimate of D + sampling", [](const Case& c) { return sides(c).left; }, right)
        .twin(
            "the estimate of D alone", [](const Case& c) { return sides(c).left; },
            [](const Case& c) { return sides(c).estimate; })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
