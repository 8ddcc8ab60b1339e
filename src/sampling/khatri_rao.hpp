// Bharadwaj et al. 2023 (arXiv 2301.12584): rows of the Khatri-Rao product A = U_1 (/) … (/) U_N, row (i_1 …
// i_N) = u_{1,i_1} o … o u_{N,i_N}, drawn exactly from the distribution of the leverage scores l = a G^+ a^T
// / rank, without forming A. G = A^T A = o_k U_k^T U_k. Given i_1 … i_{k-1}, with h = o_{m<k} u_{m,i_m},
//     P[i_k = i] ~ u_i Y u_i^T,   Y = h h^T o G^+ o (o_{m>k} U_m^T U_m) >= 0 (Schur),
// which GramTree draws: N R^2 log I a row. The paper halves the tree's memory through the eigenvectors of the
// middle factor; a leaf of R rows does that here without them, at R^3 for the last step, and keeps every step
// rational.
#pragma once

#include <cmath>
#include <map>

#include "numeric/random.hpp"
#include "sampling/segment_tree.hpp"

namespace attnbounds {

/// G^- with G G^- G = G for a symmetric G >= 0, and the rank: elimination without pivoting finds a largest
/// set S of independent columns (a pivot is 0 exactly where the column depends on earlier ones); G^- =
/// (G_SS)^-1 on S, 0 elsewhere. Over double a pivot counts as 0 below 2^-40 of the diagonal entry.
template <class Scalar>
struct GeneralisedInverse {
  Matrix<Scalar> inverse;
  long rank = 0;
};
template <class Scalar>
GeneralisedInverse<Scalar> generalised_inverse(const Matrix<Scalar>& g) {
  const Eigen::Index n = g.rows();
  const Scalar zero = scalar_from<Scalar>(0),
               tiny = scalar_from<Scalar>(std::is_same_v<Scalar, Rational> ? Rational(0)
                                                                           : Rational(1, Integer(1) << 40));
  Matrix<Scalar> left = g, right = Matrix<Scalar>::Constant(n, n, zero);
  for (Eigen::Index i = 0; i < n; ++i) right(i, i) = scalar_from<Scalar>(1);
  std::vector<bool> taken(n, false);
  long rank = 0;
  for (Eigen::Index p = 0; p < n; ++p) {
    if (!(left(p, p) > tiny * g(p, p))) continue;
    taken[p] = true;
    ++rank;
    const Scalar pivot = left(p, p);
    for (Eigen::Index c = 0; c < n; ++c) {
      left(p, c) = left(p, c) / pivot;
      right(p, c) = right(p, c) / pivot;
    }
    for (Eigen::Index r = 0; r < n; ++r) {
      const Scalar factor = left(r, p);
      if (r == p || factor == zero) continue;
      for (Eigen::Index c = 0; c < n; ++c) {
        left(r, c) -= factor * left(p, c);
        right(r, c) -= factor * right(p, c);
      }
    }
  }
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      if (!taken[i] || !taken[j]) right(i, j) = zero;
  return {right, rank};
}

using RowIndex = std::vector<Eigen::Index>;  // i_1 … i_N

template <class Scalar>
class KhatriRaoSampler {
 public:
  explicit KhatriRaoSampler(const std::vector<Matrix<Scalar>>& factors, Eigen::Index leaf = 1) {
    const Eigen::Index R = factors.front().cols();
    for (const Matrix<Scalar>& u : factors) trees_.emplace_back(u, leaf);
    after_.assign(factors.size(), Matrix<Scalar>::Constant(R, R, scalar_from<Scalar>(1)));
    for (std::size_t k = factors.size() - 1; k > 0; --k)
      after_[k - 1] = after_[k].cwiseProduct(trees_[k].gram());
    const GeneralisedInverse<Scalar> g =
        generalised_inverse<Scalar>(after_[0].cwiseProduct(trees_[0].gram()));
    inverse_ = g.inverse;
    rank_ = g.rank;
  }
  long rank() const { return rank_; }

  /// A row of A, drawn from the leverage scores.
  template <class Coin>
  RowIndex draw(Coin& coin) const {
    RowIndex index;
    Matrix<Scalar> h = Matrix<Scalar>::Constant(1, inverse_.cols(), scalar_from<Scalar>(1));
    for (std::size_t k = 0; k < trees_.size(); ++k) {
      Matrix<Scalar> y = inverse_.cwiseProduct(after_[k]);
      for (Eigen::Index a = 0; a < y.rows(); ++a)
        for (Eigen::Index b = 0; b < y.cols(); ++b) y(a, b) *= h(0, a) * h(0, b);
      index.push_back(trees_[k].draw(y, coin));
      h = h.cwiseProduct(trees_[k].rows().row(index.back()));
    }
    return index;
  }

  /// a G^+ a^T: the leverage score of a row; their sum is the rank.
  Scalar leverage(const RowIndex& index) const {
    Matrix<Scalar> h = trees_[0].rows().row(index[0]);
    for (std::size_t k = 1; k < trees_.size(); ++k) h = h.cwiseProduct(trees_[k].rows().row(index[k]));
    return quadratic_form(h, 0, inverse_);
  }

 private:
  std::vector<GramTree<Scalar>> trees_;
  std::vector<Matrix<Scalar>> after_;  // o_{m>k} U_m^T U_m
  Matrix<Scalar> inverse_;
  long rank_ = 0;
};

/// The coin of a random draw.
struct RandomCoin {
  Stream& stream;
  bool operator()(double mass, double total) { return (stream.unit() + 1) / 2 * total < mass; }
};

/// The law of draw(coin), exactly: every sequence of answers is tried, with its probability.
template <class Draw>
std::map<RowIndex, Rational> law_of_draws(const Draw& draw) {
  struct ScriptedCoin {
    std::vector<bool> script;
    std::size_t asked = 0;
    Rational probability = 1;
    bool operator()(const Rational& mass, const Rational& total) {
      if (asked == script.size()) script.push_back(true);
      const bool answer = script[asked++];
      const Rational yes = total == 0 ? Rational(0) : Rational(mass / total);
      probability *= answer ? yes : Rational(1 - yes);
      return answer;
    }
  };
  std::map<RowIndex, Rational> law;
  for (std::vector<bool> script;;) {
    ScriptedCoin coin{script};
    const RowIndex index = draw(coin);
    law[index] += coin.probability;
    script = coin.script;
    while (!script.empty() && !script.back()) script.pop_back();
    if (script.empty()) return law;
    script.back() = false;
  }
}

}  // namespace attnbounds
