// Bharadwaj et al. 2023 (arXiv 2301.12584): a binary tree over the rows of U, I x R, each node holding the
// Gram matrix G^v = sum_{i in v} u_i^T u_i of its rows, leaves of at most `leaf` rows. For a symmetric Y >= 0
// it draws row i with probability u_i Y u_i^T / <G, Y>: the mass <G^v, Y> of a child costs R^2, so a draw
// costs R^2 (log2(I/leaf) + leaf). Building costs I R^2 (1 + 1/leaf log(I/leaf)), memory R^2 I/leaf. A draw
// asks a coin for every turn: coin(mass, total) says yes with probability mass/total. The law of a draw is
// thus known exactly over the rationals, by trying both answers (law_of_draws in khatri_rao.hpp).
#pragma once

#include <vector>

#include "numeric/matrix.hpp"

namespace attnbounds {

/// <G, Y> = sum_uv G_uv Y_uv
template <class Scalar>
Scalar inner(const Matrix<Scalar>& g, const Matrix<Scalar>& y) {
  Scalar sum = scalar_from<Scalar>(0);
  for (Eigen::Index u = 0; u < g.size(); ++u) sum += g.data()[u] * y.data()[u];
  return sum;
}

/// u_i Y u_i^T
template <class Scalar>
Scalar quadratic_form(const Matrix<Scalar>& u, Eigen::Index i, const Matrix<Scalar>& y) {
  Scalar sum = scalar_from<Scalar>(0);
  for (Eigen::Index a = 0; a < u.cols(); ++a) {
    Scalar row = scalar_from<Scalar>(0);
    for (Eigen::Index b = 0; b < u.cols(); ++b) row += y(a, b) * u(i, b);
    sum += u(i, a) * row;
  }
  return sum;
}

template <class Scalar>
class GramTree {
 public:
  explicit GramTree(Matrix<Scalar> u, Eigen::Index leaf = 1) : u_(std::move(u)), leaf_(leaf) {
    root_ = build(0, u_.rows());
  }
  const Matrix<Scalar>& rows() const { return u_; }
  const Matrix<Scalar>& gram() const { return nodes_[root_].gram; }

  /// A row with probability u_i Y u_i^T / <G, Y>.
  template <class Coin>
  Eigen::Index draw(const Matrix<Scalar>& y, Coin& coin) const {
    long v = root_;
    Scalar mass = inner(nodes_[v].gram, y);
    while (nodes_[v].left >= 0) {
      const Scalar left = inner(nodes_[nodes_[v].left].gram, y);
      const bool turn_left = coin(left, mass);
      mass = turn_left ? left : mass - left;
      v = turn_left ? nodes_[v].left : nodes_[v].right;
    }
    for (Eigen::Index i = nodes_[v].begin; i + 1 < nodes_[v].end; ++i) {
      const Scalar here = quadratic_form(u_, i, y);
      if (coin(here, mass)) return i;
      mass -= here;
    }
    return nodes_[v].end - 1;
  }

  /// The most nodes a draw looks at, besides the root.
  long depth() const { return depth_of(root_); }

 private:
  struct Node {
    Eigen::Index begin, end;
    long left = -1, right = -1;
    Matrix<Scalar> gram;
  };
  long build(Eigen::Index begin, Eigen::Index end) {
    Node node{begin, end, -1, -1, {}};
    if (end - begin <= leaf_) {
      node.gram = Matrix<Scalar>::Constant(u_.cols(), u_.cols(), scalar_from<Scalar>(0));
      for (Eigen::Index i = begin; i < end; ++i)
        for (Eigen::Index a = 0; a < u_.cols(); ++a)
          for (Eigen::Index b = 0; b < u_.cols(); ++b) node.gram(a, b) += u_(i, a) * u_(i, b);
    } else {
      const Eigen::Index middle = begin + (end - begin) / 2;
      node.left = build(begin, middle);
      node.right = build(middle, end);
      node.gram = nodes_[node.left].gram + nodes_[node.right].gram;
    }
    nodes_.push_back(std::move(node));
    return static_cast<long>(nodes_.size()) - 1;
  }
  long depth_of(long v) const {
    if (nodes_[v].left < 0) return 0;
    return 1 + std::max(depth_of(nodes_[v].left), depth_of(nodes_[v].right));
  }

  Matrix<Scalar> u_;
  Eigen::Index leaf_;
  std::vector<Node> nodes_;
  long root_ = 0;
};

}  // namespace attnbounds
