// Softmax ignores a shift of all keys: with K' = K - 1 c^T, every score of row i moves by -<q_i, c>/d, so all
// differences of scores within a row, on which alone attention depends, are the same. Exactly, over the
// rationals; and the two attentions' enclosures meet.
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> q, k, v, shift;  // shift: 1 x d
};
Json describe(const Case& c) {
  return {{"q", json_matrix(c.q)},
          {"k", json_matrix(c.k)},
          {"v", json_matrix(c.v)},
          {"shift", json_matrix(c.shift)}};
}
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (Eigen::Index i = 0; c.q.rows() > 1 && i < c.q.rows(); ++i)
    cases.push_back({without_row(c.q, i), c.k, c.v, c.shift});
  for (Eigen::Index j = 0; c.k.rows() > 1 && j < c.k.rows(); ++j)
    cases.push_back({c.q, without_row(c.k, j), without_row(c.v, j), c.shift});
  for (Eigen::Index l = 0; c.q.cols() > 1 && l < c.q.cols(); ++l)
    cases.push_back({without_column(c.q, l), without_column(c.k, l), c.v, without_column(c.shift, l)});
  for (const auto& q : with_a_shorter_entry(c.q)) cases.push_back({q, c.k, c.v, c.shift});
  for (const auto& k : with_a_shorter_entry(c.k)) cases.push_back({c.q, k, c.v, c.shift});
  return cases;
}

Case draw(Draw& d) {
  const long n = d.integer(1, 5), m = d.integer(1, 6), width = d.integer(1, 4);
  return {d.matrix(n, width, 3), d.matrix(m, width, 3), d.matrix(m, d.integer(1, 3), 3),
          d.matrix(1, width, 5)};
}

Matrix<double> shifted(const Case& c) {
  return c.k.rowwise() - Eigen::RowVectorXd(c.shift.row(0));
}  // exact: dyadic
Matrix<double> first_key_shifted(const Case& c) {
  Matrix<double> k = c.k;
  k.row(0) -= c.shift.row(0);
  return k;
}

/// The largest change of a difference of two scores of one row.
Rational change(const Case& c, const Matrix<double>& keys) {
  const Matrix<Rational> before = scores(c.q, c.k), after = scores(c.q, keys);
  Rational largest = 0;
  for (Eigen::Index i = 0; i < before.rows(); ++i)
    for (Eigen::Index j = 0; j < before.cols(); ++j)
      if (Rational moved = abs(Rational(after(i, j) - after(i, 0) - before(i, j) + before(i, 0)));
          moved > largest)
        largest = moved;
  return largest;
}
/// 1 if some entry's two enclosures are disjoint, else 0.
Rational enclosures_part(const Case& c) {
  const WorkingPrecision guard(Bits{128});
  const auto Q = matrix_from<Interval>(c.q), V = matrix_from<Interval>(c.v);
  const Matrix<Interval> before = attention(Q, matrix_from<Interval>(c.k), V);
  const Matrix<Interval> after = attention(Q, matrix_from<Interval>(shifted(c)), V);
  for (Eigen::Index i = 0; i < before.size(); ++i)
    if (!overlap(before.data()[i], after.data()[i])) return 1;
  return 0;
}

const Registration key_shift =
    claim("alman-song-2023/key-shift", "ours, used before the polynomial", Standing::checked)
        .says("Att(Q, K - 1 c^T, V) = Att(Q, K, V) for every c",
              R"($\mathrm{Att}(Q, K - \mathbf 1 c^\top, V) = \mathrm{Att}(Q, K, V)$)")
        .given(draw)
        .equal("differences of scores within a row", [](const Case& c) { return change(c, shifted(c)); })
        .equal("enclosures of both attentions meet", enclosures_part)
        .twin_equal("only the first key is shifted",
                    [](const Case& c) { return change(c, first_key_shifted(c)); });

}  // namespace
}  // namespace attnbounds
