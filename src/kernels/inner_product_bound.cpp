#include "kernels/inner_product_bound.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <queue>

namespace attnbounds {
namespace {

using Index = Eigen::Index;

// Sums of up to 2^10 terms in double have relative errors below 2^-42 of the sum of sizes; quadruple that.
constexpr double upwards = 1 + 0x1p-40;
constexpr double tiny = 0x1p-500;  // more than underflow can lose of squares and products

struct Ball {
  long first = 0, last = 0;  // points, in the tree's order
  Vector<double> centre;
  double norm = 0, radius = 0;  // of the centre, of the ball; rounded up
  std::unique_ptr<Ball> left, right;
};

class BallTree {
 public:
  explicit BallTree(const Matrix<double>& points)
      : points_(points), order_(static_cast<size_t>(points.rows())) {
    std::iota(order_.begin(), order_.end(), 0L);
    root_ = ball(0, points.rows());
  }
  Ball& root() { return *root_; }
  auto point(const Ball& b) const { return points_.row(order_[static_cast<size_t>(b.first)]); }
  static bool splits(const Ball& b) { return b.last - b.first > 1 && b.radius > 0; }
  void split(Ball& b) {
    if (b.left) return;
    Index widest = 0;
    double most = -1;
    for (Index l = 0; l < points_.cols(); ++l) {
      double low = INFINITY, high = -INFINITY;
      for (long i = b.first; i < b.last; ++i) {
        const double x = points_(order_[static_cast<size_t>(i)], l);
        low = std::fmin(low, x);
        high = std::fmax(high, x);
      }
      if (high - low > most) most = high - low, widest = l;
    }
    const long middle = (b.first + b.last) / 2;
    std::nth_element(order_.begin() + b.first, order_.begin() + middle, order_.begin() + b.last,
                     [&](long i, long j) {
                       const double x = points_(i, widest), y = points_(j, widest);
                       return x < y || (x == y && i < j);
                     });
    b.left = ball(b.first, middle);
    b.right = ball(middle, b.last);
  }

 private:
  std::unique_ptr<Ball> ball(long first, long last) const {
    auto b = std::make_unique<Ball>();
    b->first = first;
    b->last = last;
    Vector<double> low = points_.row(order_[static_cast<size_t>(first)]), high = low;
    for (long i = first + 1; i < last; ++i) {
      low = low.cwiseMin(points_.row(order_[static_cast<size_t>(i)]).transpose());
      high = high.cwiseMax(points_.row(order_[static_cast<size_t>(i)]).transpose());
    }
    b->centre = low == high ? low : Vector<double>(low / 2 + high / 2);
    b->norm = std::sqrt(b->centre.squaredNorm()) * upwards + tiny;
    double largest = 0;
    if (low != high)
      for (long i = first; i < last; ++i)
        largest = std::fmax(
            largest, (points_.row(order_[static_cast<size_t>(i)]).transpose() - b->centre).squaredNorm());
    b->radius = low == high ? 0 : std::sqrt(largest) * upwards + tiny;
    return b;
  }
  const Matrix<double>& points_;
  std::vector<long> order_;
  std::unique_ptr<Ball> root_;
};

double bound(const Ball& a, const Ball& b) {
  const double centres = std::fabs(a.centre.dot(b.centre)) + a.norm * b.norm * 0x1p-41;
  return (centres + a.norm * b.radius + b.norm * a.radius + a.radius * b.radius) * upwards + tiny;
}

}  // namespace

UpperBound largest_inner_product(const Matrix<double>& a, const Matrix<double>& b, SearchEffort effort) {
  if (a.rows() == 0 || b.rows() == 0 || a.cols() == 0) return UpperBound();
  if (a.cols() > 1024) return UpperBound::infinite();
  BallTree left(a), right(b);
  struct PairOfBalls {
    double bound;
    Ball *a, *b;
    bool operator<(const PairOfBalls& other) const { return bound < other.bound; }
  };
  std::priority_queue<PairOfBalls> open;
  double attained = 0;
  const auto push = [&](Ball& x, Ball& y) {
    const double most = bound(x, y);
    if (!std::isfinite(most)) return false;
    attained = std::fmax(attained, std::fabs(left.point(x).dot(right.point(y))));
    open.push({most, &x, &y});
    return true;
  };
  if (!push(left.root(), right.root())) return UpperBound::infinite();
  for (long splits = 0; splits < effort.most_splits; ++splits) {
    const PairOfBalls top = open.top();
    if (top.bound <= attained * (1 + effort.slack)) break;
    const bool can_a = BallTree::splits(*top.a), can_b = BallTree::splits(*top.b);
    if (!can_a && !can_b) break;
    open.pop();
    bool finite = true;
    if (can_a && (!can_b || top.a->radius * top.b->norm >= top.b->radius * top.a->norm)) {
      left.split(*top.a);
      finite = push(*top.a->left, *top.b) && push(*top.a->right, *top.b);
    } else {
      right.split(*top.b);
      finite = push(*top.a, *top.b->left) && push(*top.a, *top.b->right);
    }
    if (!finite) return UpperBound::infinite();
  }
  return UpperBound::exactly(open.top().bound);
}

}  // namespace attnbounds
