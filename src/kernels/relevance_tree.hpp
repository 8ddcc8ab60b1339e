// Attention at any temperature in low dimension: the relevant keys of Gupta et al. 2025 (arXiv 2505.14840;
// see attention/relevant_keys.hpp), with a tree of moments in the place of simplex range searching. A node is
// a box of keys with centre c and half-widths r, and holds M_a = sum_j (k_j - c)^a (1, v_j), |a| <= g. For a
// query q, from the root, with <q, r> = sum_l |q_l| r_l/d:
//     score(c) + <q, r> < best - t    dropped: all its keys weigh less than e^-t of the heaviest
//     <q, r> <= rho                   e^{score(c)} sum_a w_a q^a M_a: P on [-rho, rho] in the place of exp
//     a leaf                          its keys one by one
//     otherwise                       its two children
// With n keys and t = log(n/eps): |O~ - O| <= (2 eps (n-1)/(n + eps (n-1)) + phi(delta)) max|V| in exact
// arithmetic, delta the relative error of P on [-rho, rho] (docs/neighbours_sampling.md); the degree does not
// depend on the largest score. Geometry is decided in double, with a margin of 2^-20 in t and rho that covers
// its rounding for scores below 2^30; the sums are in any scalar. Cost: n r log n to build; a query visits
// the boxes of its relevant half-space, about t/rho + log n of them for d = 1.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "attention/attention.hpp"
#include "kernels/monomials.hpp"

namespace attnbounds {

template <class Scalar>
class RelevanceTree {
 public:
  RelevanceTree(const Matrix<double>& k, const Matrix<double>& v, const Polynomial& polynomial, double rho,
                Eigen::Index leaf = 8)
      : k_(k.rows(), k.cols()),
        v_(v.rows(), v.cols()),
        features_(monomial_tree(k.cols(), polynomial.degree())),
        rho_(rho),
        leaf_(leaf) {
    std::vector<Eigen::Index> order(k.rows());
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    root_ = build(k, order, 0, k.rows());
    for (Eigen::Index j = 0; j < k.rows(); ++j) {
      k_.row(j) = k.row(order[j]);
      v_.row(j) = v.row(order[j]);
    }
    moments_.assign(nodes_.size() * features_.rank * (1 + v_.cols()), exactly(0));
    for (std::size_t node = 0; node < nodes_.size(); ++node) add_moments(static_cast<long>(node));
    for (const Rational& w : monomial_weights(features_, polynomial))
      weights_.push_back(scalar_from<Scalar>(w));
  }

  struct Answer {
    std::vector<Scalar> output;
    long boxes = 0, keys = 0;  // that were summed
  };
  /// Attention of the query q, d numbers; keys below the largest score by more than t are left out.
  Answer answer(const double* q, double t) const {
    const Query query = query_of(q);
    const double best = best_score(query);
    std::vector<Scalar> row;
    for (Eigen::Index l = 0; l < k_.cols(); ++l) row.push_back(exactly(q[l]));
    std::vector<Scalar> weights = monomials(features_, row);
    for (Eigen::Index a = 0; a < features_.rank; ++a) weights[a] = weights[a] * weights_[a];
    const auto weight_of = [&, shift = exactly(best)](const double* point) {
      Scalar sum = exactly(0);
      for (Eigen::Index l = 0; l < k_.cols(); ++l) sum += row[l] * exactly(point[l]);
      return Exponential()(Scalar(sum / exactly(static_cast<double>(k_.cols())) - shift));
    };
    std::vector<Scalar> sums(1 + v_.cols(), exactly(0));
    Answer result;
    std::vector<long> open{root_};
    while (!open.empty()) {
      const long at = open.back();
      const Node& node = nodes_[at];
      open.pop_back();
      const Bounds bounds = bounds_of(query, at);
      if (bounds.centre + bounds.reach < best - t - kMargin) continue;
      if (bounds.reach <= rho_ - kMargin) {
        ++result.boxes;
        const Scalar factor = weight_of(&centre_[at * k_.cols()]);
        const Scalar* m = &moments_[at * features_.rank * (1 + v_.cols())];
        for (Eigen::Index c = 0; c <= v_.cols(); ++c, m += features_.rank) {
          Scalar sum = exactly(0);
          for (Eigen::Index a = 0; a < features_.rank; ++a) sum += weights[a] * m[a];
          sums[c] += factor * sum;
        }
      } else if (node.left < 0) {
        for (Eigen::Index j = node.begin; j < node.end; ++j) {
          ++result.keys;
          const Scalar w = weight_of(&k_(j, 0));
          sums[0] += w;
          for (Eigen::Index c = 0; c < v_.cols(); ++c) sums[1 + c] += w * exactly(v_(j, c));
        }
      } else {
        open.push_back(node.left);
        open.push_back(node.right);
      }
    }
    for (Eigen::Index c = 0; c < v_.cols(); ++c) result.output.push_back(sums[1 + c] / sums[0]);
    return result;
  }

 private:
  static constexpr double kMargin = 0x1p-20;
  struct Node {
    Eigen::Index begin, end;
    long left = -1, right = -1;
  };
  struct Query {
    std::vector<double> q, magnitude;  // q/d, |q|/d
  };
  struct Bounds {
    double centre, reach;  // score of the centre; how far the scores of its box are from it, at most
  };

  static Scalar exactly(double x) {
    if constexpr (std::is_same_v<Scalar, double>) return x;
    else return scalar_from<Scalar>(to_rational(x));
  }

  long build(const Matrix<double>& k, std::vector<Eigen::Index>& order, Eigen::Index begin,
             Eigen::Index end) {
    std::vector<double> centre, half_width;
    Eigen::Index widest = 0;
    for (Eigen::Index l = 0; l < k.cols(); ++l) {
      double least = k(order[begin], l), most = least;
      for (Eigen::Index j = begin; j < end; ++j) {
        least = std::fmin(least, k(order[j], l));
        most = std::fmax(most, k(order[j], l));
      }
      centre.push_back(least + (most - least) / 2);
      half_width.push_back(std::fmax(most - centre[l], centre[l] - least));
      if (half_width[l] > half_width[widest]) widest = l;
    }
    Node node{begin, end, -1, -1};
    if (end - begin > leaf_ && half_width[widest] > 0) {
      const Eigen::Index middle = begin + (end - begin) / 2;
      std::nth_element(order.begin() + begin, order.begin() + middle, order.begin() + end,
                       [&](Eigen::Index a, Eigen::Index b) { return k(a, widest) < k(b, widest); });
      node.left = build(k, order, begin, middle);
      node.right = build(k, order, middle, end);
    }
    nodes_.push_back(node);
    centre_.insert(centre_.end(), centre.begin(), centre.end());
    half_width_.insert(half_width_.end(), half_width.begin(), half_width.end());
    return static_cast<long>(nodes_.size()) - 1;
  }

  void add_moments(long at) {
    Scalar* m = &moments_[at * features_.rank * (1 + v_.cols())];
    for (Eigen::Index j = nodes_[at].begin; j < nodes_[at].end; ++j) {
      std::vector<Scalar> x;
      for (Eigen::Index l = 0; l < k_.cols(); ++l)
        x.push_back(exactly(k_(j, l)) - exactly(centre_[at * k_.cols() + l]));
      const std::vector<Scalar> feature = monomials(features_, x);
      for (Eigen::Index c = 0; c <= v_.cols(); ++c)
        for (Eigen::Index a = 0; a < features_.rank; ++a)
          m[c * features_.rank + a] += c == 0 ? feature[a] : feature[a] * exactly(v_(j, c - 1));
    }
  }

  Query query_of(const double* q) const {
    Query query;
    for (Eigen::Index l = 0; l < k_.cols(); ++l) {
      query.q.push_back(q[l] / static_cast<double>(k_.cols()));
      query.magnitude.push_back(std::fabs(query.q.back()));
    }
    return query;
  }
  Bounds bounds_of(const Query& query, long at) const {
    Bounds bounds{0, 0};
    for (Eigen::Index l = 0; l < k_.cols(); ++l) {
      bounds.centre += query.q[l] * centre_[at * k_.cols() + l];
      bounds.reach += query.magnitude[l] * half_width_[at * k_.cols() + l];
    }
    return bounds;
  }
  /// The largest score of a key, by branch and bound.
  double best_score(const Query& query) const {
    double best = -std::numeric_limits<double>::infinity();
    std::vector<std::pair<double, long>> open{{std::numeric_limits<double>::infinity(), root_}};
    while (!open.empty()) {
      const auto [bound, at] = open.back();
      open.pop_back();
      const Node& node = nodes_[at];
      if (bound <= best) continue;
      if (node.left < 0) {
        for (Eigen::Index j = node.begin; j < node.end; ++j) {
          double sum = 0;
          for (Eigen::Index l = 0; l < k_.cols(); ++l) sum += query.q[l] * k_(j, l);
          best = std::fmax(best, sum);
        }
      } else {  // the more promising child last, so that it is opened first
        const Bounds a = bounds_of(query, node.left), b = bounds_of(query, node.right);
        std::pair<double, long> left{a.centre + a.reach, node.left}, right{b.centre + b.reach, node.right};
        if (left.first > right.first) std::swap(left, right);
        open.push_back(left);
        open.push_back(right);
      }
    }
    return best;
  }

  Matrix<double> k_, v_;  // in the tree's order
  MonomialTree features_;
  std::vector<Scalar> weights_, moments_;    // moments_: node by node, column by column, monomial by monomial
  std::vector<double> centre_, half_width_;  // node by node
  double rho_;
  Eigen::Index leaf_;
  std::vector<Node> nodes_;
  long root_ = 0;
};

}  // namespace attnbounds
