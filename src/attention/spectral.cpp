#include "attention/spectral.hpp"

#include <Eigen/Eigenvalues>

#include "numeric/interval_sum.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

Matrix<double> middles(const Matrix<Interval>& m) {
  return m.unaryExpr([](const Interval& x) { return nearest(midpoint(x)); });
}
Interval inner(const Matrix<Interval>& a, Index i, const Matrix<Interval>& b, Index j) {  // of columns
  Interval sum = 0;
  for (Index l = 0; l < a.rows(); ++l) sum += a(l, i) * b(l, j);
  return sum;
}

}  // namespace

Enclosure operator_norm(const Matrix<Interval>& e) {
  const Index d = e.cols();
  Matrix<Interval> g(d, d);
  for (Index i = 0; i < d; ++i)
    for (Index j = 0; j <= i; ++j) g(i, j) = g(j, i) = inner(e, i, e, j);
  double scale = max_abs(middles(g));  // Eigen's solver gets entries near 1
  if (!(scale > 0)) scale = 1;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(Eigen::MatrixXd(middles(g) / scale));
  const Matrix<double> vectors = solver.eigenvectors();
  const Matrix<Interval> q = matrix_from<Interval>(vectors);
  Interval rest = 0, largest = 0, unit = 0;
  for (Index i = 0; i < d; ++i) {
    Interval row = 0;
    for (Index j = 0; j < d; ++j) {
      Interval entry = g(i, j);
      for (Index l = 0; l < d; ++l)
        entry -= q(i, l) * enclose(solver.eigenvalues()(l)) * enclose(scale) * q(j, l);
      rest += entry * entry;
      row += absolute_value(inner(q, i, q, j));  // of Q^T Q: its norm is at most its largest row sum
    }
    unit = maximum(unit, row);
    largest = maximum(largest, enclose(solver.eigenvalues()(i)) * enclose(scale));
  }
  Interval quotient = 0;  // the last vector is that of the largest eigenvalue
  for (Index l = 0; l < e.rows(); ++l) {
    Interval image = 0;
    for (Index j = 0; j < d; ++j) image += e(l, j) * q(j, d - 1);
    quotient += image * image;
  }
  quotient /= inner(q, d - 1, q, d - 1);
  const Interval above = sqrt(Interval(largest * unit + sqrt(rest))), below = sqrt(quotient);
  return Enclosure(enclose(lower(below), std::max(upper(above), upper(below))));
}

Matrix<Interval> weight_enclosure(const AttentionInput& in) {
  in.validate();
  const Interval d = static_cast<long>(in.q.cols());
  const double shift = (in.q * in.k.transpose()).maxCoeff() / static_cast<double>(in.q.cols());
  Matrix<Interval> a(in.q.rows(), in.k.rows());
  IntervalSum sum;
  for (Index i = 0; i < a.rows(); ++i)
    for (Index j = 0; j < a.cols(); ++j) {
      sum.clear();
      for (Index l = 0; l < in.q.cols(); ++l) sum.add_product(in.q(i, l), in.k(j, l));
      a(i, j) = exp(Interval(sum.value() / d - enclose(shift)));
    }
  return a;
}

Matrix<Interval> normalised_rows(const Matrix<Interval>& weights) {
  Matrix<Interval> p = weights;
  for (Index i = 0; i < p.rows(); ++i) {
    Interval sum = 0;
    for (Index j = 0; j < p.cols(); ++j) sum += p(i, j);
    for (Index j = 0; j < p.cols(); ++j) p(i, j) /= sum;
  }
  return p;
}

Enclosure operator_norm_of_nonnegative(const Matrix<Interval>& p) {
  const Eigen::MatrixXd m = middles(p);
  Eigen::VectorXd x = Eigen::VectorXd::Ones(m.cols());
  for (int step = 0; step < 200; ++step) {  // any positive x will do: the power method's is near the best
    x = m.transpose() * (m * x);
    x /= x.maxCoeff();
  }
  for (Index j = 0; j < x.size(); ++j) x(j) = std::max(x(j), 0x1p-60);
  std::vector<Interval> image(static_cast<std::size_t>(p.rows()));
  Interval squared_image = 0, squared = 0;
  for (Index i = 0; i < p.rows(); ++i) {
    Interval& y = image[static_cast<std::size_t>(i)];
    for (Index j = 0; j < p.cols(); ++j) y += p(i, j) * enclose(x(j));
    squared_image += y * y;
  }
  Interval largest = 0;
  for (Index j = 0; j < p.cols(); ++j) {
    Interval back = 0;
    for (Index i = 0; i < p.rows(); ++i) back += p(i, j) * image[static_cast<std::size_t>(i)];
    largest = maximum(largest, back / enclose(x(j)));
    squared += enclose(x(j)) * enclose(x(j));
  }
  const Interval above = sqrt(largest), below = sqrt(Interval(squared_image / squared));
  return Enclosure(enclose(lower(below), std::max(upper(above), upper(below))));
}

Interval column_parameter(const Matrix<Interval>& p) {
  Interval largest = 0;
  for (Index j = 0; j < p.cols(); ++j) largest = maximum(largest, inner(p, j, p, j));
  return largest * Interval(static_cast<long>(p.cols()));
}

Interval row_parameter(const Matrix<Interval>& weights, const HeavyEntries& heavy) {
  Interval most = 0, least;
  for (Index i = 0; i < weights.rows(); ++i) {
    Interval sum = 0;
    for (Index j = 0; j < weights.cols(); ++j)
      if (!heavy(i, j)) sum += weights(i, j);
    most = i == 0 ? sum : maximum(most, sum);
    least = i == 0 ? sum : minimum(least, sum);
  }
  return most / least;
}

}  // namespace attnbounds
