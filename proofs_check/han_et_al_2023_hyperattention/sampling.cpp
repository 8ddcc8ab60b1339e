// The sampling step, exactly. s keys are drawn with probabilities p_j = |V_j|^2/|V|_F^2, S^T S the diagonal
// matrix of counts/(s p_j). Then
//     E |P V - P S^T S V|_F^2 = (|P|_F^2 |V|_F^2 - |P V|_F^2)/s,
// so by Markov's inequality |P V - P S^T S V| > epsilon |P| |V| has probability at most
// srank(P) srank(V)/(s epsilon^2), srank(M) = |M|_F^2/|M|^2, and srank(P) <= alpha, srank(V) <= d_v: the
// finite form of the paper's sampling lemma. The probabilities are computed, not simulated: all m^s draws are
// gone through. Twin: uniform columns, the same variance.
#include "attention/gradient.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<Rational> p, v;
  long samples = 1;
  Rational share;  // epsilon^2
};
Json describe(const Case& c) {
  return {{"P", json_matrix(c.p)},
          {"V", json_matrix(c.v)},
          {"samples", c.samples},
          {"epsilon^2", json_number(c.share)}};
}
Case draw(Draw& d) {
  const long n = d.integer(1, 3), m = d.integer(2, 4), columns = d.integer(1, 2);
  Case c{Matrix<Rational>(n, m), Matrix<Rational>(m, columns), d.integer(1, 3),
         Rational(d.integer(1, 16), 16)};
  for (Eigen::Index i = 0; i < n; ++i) {
    Rational sum = 0;
    for (Eigen::Index j = 0; j < m; ++j) sum += c.p(i, j) = Rational(d.integer(1, 16));
    for (Eigen::Index j = 0; j < m; ++j) c.p(i, j) /= sum;
  }
  for (Eigen::Index i = 0; i < c.v.size(); ++i) c.v.data()[i] = Rational(d.integer(1, 8) * d.stream.sign());
  return c;
}
Rational squared(const Matrix<Rational>& m) {
  Rational sum = 0;
  for (Eigen::Index i = 0; i < m.size(); ++i) sum += m.data()[i] * m.data()[i];
  return sum;
}
enum class Columns { by_value_norm, uniform };
struct Distribution {
  Rational mean;     // of the squared error
  Rational failing;  // probability that it exceeds epsilon^2 |P|_F^2 |V|_F^2
};
Distribution distribution(const Case& c, Columns columns) {
  const Eigen::Index m = c.v.rows();
  const Matrix<Rational> exact = c.p * c.v;
  const Rational limit = c.share * squared(c.p) * squared(c.v);
  std::vector<Rational> probability;
  for (Eigen::Index j = 0; j < m; ++j)
    probability.push_back(columns == Columns::uniform ? Rational(1, static_cast<long>(m))
                                                      : Rational(squared(c.v.row(j)) / squared(c.v)));
  Distribution result;
  std::vector<Eigen::Index> drawn(static_cast<std::size_t>(c.samples), 0);
  for (bool more = true; more;) {
    Rational likelihood = 1;
    Matrix<Rational> error = exact;
    for (const Eigen::Index j : drawn) {
      const Rational& p = probability[static_cast<std::size_t>(j)];
      likelihood *= p;
      error -= (c.p.col(j) / Rational(c.samples * p)) * c.v.row(j);
    }
    result.mean += likelihood * squared(error);
    if (squared(error) > limit) result.failing += likelihood;
    more = false;
    for (Eigen::Index& j : drawn) {
      if (++j < m) {
        more = true;
        break;
      }
      j = 0;
    }
  }
  return result;
}
Rational variance(const Case& c) { return (squared(c.p) * squared(c.v) - squared(c.p * c.v)) / c.samples; }
Rational difference(const Case& c, Columns columns) {
  return abs(Rational(distribution(c, columns).mean - variance(c)));
}

const Registration sampling =
    claim("han-et-al-2023-hyperattention/sampling",
          "the sampling step (text not at hand), finite form (ours)", Standing::checked)
        .says(
            "with p_j proportional to |V_j|^2 the mean squared error of s sampled columns is (|P|_F^2 "
            "|V|_F^2 - "
            "|PV|_F^2)/s; epsilon |P|_F |V|_F is exceeded with probability at most 1/(s epsilon^2)",
            R"($\mathbb E\|PV-PS^\top SV\|_F^2=\tfrac1s(\|P\|_F^2\|V\|_F^2-\|PV\|_F^2)$)")
        .given(draw)
        .equal("the mean over all draws, exactly",
               [](const Case& c) { return difference(c, Columns::by_value_norm); })
        .at_most(
            "the probability of failing, exactly, <= 1/(s epsilon^2)",
            [](const Case& c) { return distribution(c, Columns::by_value_norm).failing; },
            [](const Case& c) { return Rational(1 / (c.samples * c.share)); })
        .twin_equal("columns drawn uniformly", [](const Case& c) { return difference(c, Columns::uniform); })
        .sizes(60, 600, 6000);

}  // namespace
}  // namespace attnbounds
