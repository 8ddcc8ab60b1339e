// The tree of moments over the relevant keys, in doubles.
#include "kernels/relevance_tree.hpp"

#include "catch.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

Polynomial taylor(long degree) {
  Polynomial p{{1}};
  for (long t = 1; t <= degree; ++t) p.coefficients.push_back(p.coefficients.back() / t);
  return p;
}

}  // namespace

TEST_CASE("the relevance tree stays within its bound of attention, at any size of the scores") {
  Stream stream(0, "relevance-tree");
  const double eps = 1e-3;
  const long n = 500, degree = 6;  // e/7! = 5.4e-4
  for (const long d : {1L, 2L, 3L})
    for (const double B : {1.0, 8.0, 64.0}) {
      const Matrix<double> q = stream.uniform_matrix(20, d, B), k = stream.uniform_matrix(n, d, B),
                           v = stream.uniform_matrix(n, 2, 1);
      const RelevanceTree<double> tree(k, v, taylor(degree), 1);
      const Matrix<double> exact = attention(q, k, v);
      double worst = 0;
      long fewest = n;
      for (Eigen::Index i = 0; i < q.rows(); ++i) {
        const auto answer = tree.answer(&q(i, 0), std::log(n / eps));
        for (Eigen::Index c = 0; c < 2; ++c)
          worst = std::fmax(worst, std::fabs(answer.output[c] - exact(i, c)));
        fewest = std::min(fewest, answer.boxes + answer.keys);
      }
      INFO("d = " << d << ", B = " << B << ", worst " << worst << ", fewest boxes and keys " << fewest);
      CHECK(worst <= 2 * eps + 6e-4);  // both bounds leave far more room than rounding takes
      CHECK(fewest < n);
    }
}

TEST_CASE("a relevance tree that approximates and drops nothing is attention") {
  Stream stream(0, "relevance-tree-exact");
  const Matrix<double> q = stream.uniform_matrix(5, 2, 3), k = stream.uniform_matrix(60, 2, 3),
                       v = stream.uniform_matrix(60, 1, 1);
  const RelevanceTree<double> tree(k, v, taylor(1), 0);
  const Matrix<double> exact = attention(q, k, v);
  for (Eigen::Index i = 0; i < q.rows(); ++i) {
    const auto answer = tree.answer(&q(i, 0), 1e9);
    CHECK(answer.keys == 60);
    CHECK(std::fabs(answer.output[0] - exact(i, 0)) < 1e-13);
  }
}

TEST_CASE("scores that no polynomial in doubles can serve are answered exactly without a search") {
  Stream stream(0, "large-scores");
  const AttentionInput in{stream.uniform_matrix(600, 1, 16), stream.uniform_matrix(600, 1, 16),
                          stream.uniform_matrix(600, 1, 1)};
  AttentionRequest request;
  request.epsilon = Rational(1, 1000000);
  request.method = MethodChoice::polynomial;
  CHECK_THROWS_AS(guaranteed_attention(in, request), BudgetMissed);
  request.method = MethodChoice::automatic;
  CHECK(guaranteed_attention(in, request).method == AttentionMethod::exact);
}
