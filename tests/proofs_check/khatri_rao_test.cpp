// The Khatri-Rao sampler beyond the claims' small cases: in doubles, against the exact leverage scores.
#include "sampling/khatri_rao.hpp"

#include "catch.hpp"
#include "proofs_check/sampled.hpp"

using namespace attnbounds;

TEST_CASE("leverage scores sum to the rank, exactly, whatever the rank") {
  Stream stream(0, "leverage-sum");
  for (long deficiency : {0, 1, 2}) {
    Matrix<Rational> u(6, 3), v(5, 3);
    for (auto* m : {&u, &v})
      for (Eigen::Index i = 0; i < m->size(); ++i) m->data()[i] = static_cast<long>(stream.below(7)) - 3;
    for (long c = 3 - deficiency; c < 3; ++c) {
      u.col(c) = u.col(0);
      v.col(c) = v.col(0);
    }
    const KhatriRaoSampler<Rational> sampler({u, v});
    CHECK(sampler.rank() == 3 - deficiency);
    Rational sum = 0;
    for (Eigen::Index i = 0; i < 6; ++i)
      for (Eigen::Index j = 0; j < 5; ++j) sum += sampler.leverage({i, j});
    CHECK(sum == sampler.rank());
  }
}

TEST_CASE("in doubles, the frequency of the likeliest row agrees with its leverage score") {
  Stream stream(0, "leverage-frequency");
  Matrix<double> u = stream.uniform_matrix(200, 4, 1), v = stream.uniform_matrix(300, 4, 1);
  u.row(17) *= 20;
  v.row(211) *= 20;
  for (const Eigen::Index leaf : {1, 4}) {
    const KhatriRaoSampler<double> sampler({u, v}, leaf);
    const RowIndex likeliest{17, 211};
    const double p = sampler.leverage(likeliest) / static_cast<double>(sampler.rank());
    RandomCoin coin{stream};
    long hits = 0;
    const long trials = 4000;
    for (long i = 0; i < trials; ++i) hits += sampler.draw(coin) == likeliest ? 1 : 0;
    const ConfidenceInterval frequency = clopper_pearson(hits, trials, kSamplingConfidence);
    INFO("leaf " << leaf << ", p = " << p << ", hits " << hits);
    CHECK(p > 0.05);
    CHECK(nearest(frequency.lower_limit()) < p);
    CHECK(p < nearest(frequency.upper_limit()));
  }
}
