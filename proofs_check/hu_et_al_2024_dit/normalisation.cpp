// Which sums D holds. Tokens are columns here (X is d x L): Att = V D^-1 exp(X^T W_K^T W_Q X), the
// exponential's rows are keys, its columns queries. Softmax over keys divides each column by its sum; then
// every output column is an average of V's columns and |Att| <= |V|. Equation (4.4) has V D^-1 exp(.) with D
// = diag(exp(.) 1), the sums over queries: another map, whose outputs reach L |V|, and no special case of
// attention (Problem 2 and Propositions 4.1, 4.2 take it as one). The literal form is the twin. (The D of
// (4.2) has shapes that do not fit.)
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> keys, queries, v;  // columns are tokens: W_K X, W_Q X, W_OV X
};
Json describe(const Case& c) {
  return {{"W_K X", json_matrix(c.keys)}, {"W_Q X", json_matrix(c.queries)}, {"W_OV X", json_matrix(c.v)}};
}
Case draw(Draw& d) {
  const long tokens = d.integer(1, 4), width = d.integer(1, 3);
  for (;;)
    if (const Case c{d.matrix(width, tokens, 2), d.matrix(width, tokens, 2), d.matrix(width, tokens, 2)};
        max_abs(c.v) > 0)
      return c;
}

enum class Sums { over_keys, over_queries };
Matrix<Interval> output(const Case& c, Sums sums) {
  const Eigen::Index tokens = c.v.cols();
  Matrix<Interval> e(tokens, tokens);  // key i, query j
  for (Eigen::Index i = 0; i < tokens; ++i)
    for (Eigen::Index j = 0; j < tokens; ++j) {
      Rational s = 0;
      for (Eigen::Index l = 0; l < c.keys.rows(); ++l)
        s += to_rational(c.keys(l, i)) * to_rational(c.queries(l, j));
      e(i, j) = exp(enclose(Rational(s / static_cast<long>(c.keys.rows()))));
    }
  Matrix<Interval> result = Matrix<Interval>::Constant(c.v.rows(), tokens, Interval(0));
  for (Eigen::Index i = 0; i < tokens; ++i)
    for (Eigen::Index j = 0; j < tokens; ++j) {
      Interval sum = 0;
      for (Eigen::Index t = 0; t < tokens; ++t) sum += sums == Sums::over_keys ? e(t, j) : e(i, t);
      for (Eigen::Index l = 0; l < c.v.rows(); ++l) result(l, j) += enclose(c.v(l, i)) * e(i, j) / sum;
    }
  return result;
}
/// 2^-40 of room: all-equal values attain the bound, which intervals cannot decide.
Interval largest_value(const Case& c) { return enclose(max_abs(c.v)) * (1 + enclose(Rational(1, 1L << 40))); }

const Registration normalisation =
    claim("hu-et-al-2024-dit/normalisation", "(4.4), (4.5) and Problem 2, with D corrected",
          Standing::checked)
        .says(
            "with D the sums over keys each output column is an average of V's columns: |Att| <= |V|",
            R"($\|V\,\exp(K^\top Q/d)\,\mathrm{diag}(\mathbf 1^\top\exp(K^\top Q/d))^{-1}\|_\infty \le \|V\|_\infty$)")
        .given(draw)
        .at_most(
            "largest output <= largest value",
            [](const Case& c) { return max_abs(output(c, Sums::over_keys)); }, largest_value)
        .twin(
            "V D^-1 exp(.) with D = diag(exp(.) 1), as printed in (4.4)",
            [](const Case& c) { return max_abs(output(c, Sums::over_queries)); }, largest_value)
        .sizes(100, 1000, 10000);

}  // namespace
}  // namespace attnbounds
