#include "attention/gradient.hpp"

#include <algorithm>
#include <stdexcept>

#include "attention/gradient_enclosure.hpp"
#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr Bits most_bits{1 << 14};

std::string text(Index rows, Index columns) { return std::to_string(rows) + " x " + std::to_string(columns); }

// One matrix of an instance against the shape that the others ask for.
void require(const char* name, const Matrix<double>& m, Index rows, Index columns, const char* why) {
  if (m.size() == 0) throw InputError(name, "at least one row and one column", text(m.rows(), m.cols()));
  if (m.rows() != rows || m.cols() != columns)
    throw InputError(name, text(rows, columns) + " (" + why + ")", text(m.rows(), m.cols()));
  for (Index i = 0; i < m.rows(); ++i)
    for (Index j = 0; j < m.cols(); ++j)
      if (!std::isfinite(m(i, j)))
        throw InputError(std::string(name) + "[" + std::to_string(i) + "," + std::to_string(j) + "]",
                         "a finite number", std::isnan(m(i, j)) ? "NaN" : "an infinity");
}

bool all_within(const Matrix<Interval>& m, const Rational& width_allowed) {
  return std::all_of(m.data(), m.data() + m.size(), [&](const Interval& x) {
    return is_finite(x) && to_rational(width(x)) <= width_allowed;
  });
}

// Raises the precision until every entry is narrow enough.
template <class Evaluate>
Matrix<Interval> to_width(const Rational& target_width, const Evaluate& evaluate) {
  if (target_width < 0) throw std::domain_error("the width of an enclosure is not negative");
  for (Bits bits{96}; bits.count <= most_bits.count; bits.count *= 2) {
    Matrix<Interval> g = evaluate(bits);
    const WorkingPrecision precision(bits);
    if (all_within(g, target_width)) return g;
  }
  throw std::runtime_error("enclosure: the width asked for needs too many bits");
}

// p = J(f) (c h^T) for one row of scores, shifted by a number near their maximum.
std::vector<Interval> pulled_back(std::vector<Interval> scores, const Matrix<Interval>& h,
                                  const Matrix<Interval>& e, Index i) {
  Real largest = upper(scores.front());
  for (const Interval& s : scores) largest = std::max(largest, upper(s));
  Interval denominator = 0;
  for (Interval& s : scores) {
    s = exp(Interval(s - enclose(largest)));
    denominator += s;
  }
  for (Interval& f : scores) f /= denominator;
  std::vector<Interval> c(h.cols());
  for (Index l = 0; l < h.cols(); ++l) {
    Interval sum = 0;
    for (Index j = 0; j < h.rows(); ++j) sum += scores[j] * h(j, l);
    c[l] = sum - e(i, l);
  }
  std::vector<Interval> q(scores.size());
  Interval mean = 0;
  for (Index j = 0; j < h.rows(); ++j) {
    Interval sum = 0;
    for (Index l = 0; l < h.cols(); ++l) sum += c[l] * h(j, l);
    q[j] = sum;
    mean += scores[j] * sum;
  }
  for (size_t j = 0; j < q.size(); ++j) q[j] = scores[j] * (q[j] - mean);
  return q;
}

}  // namespace

void validate(const MatrixLossInput& in) {
  const Index n = in.a1.rows(), d = in.a1.cols(), m = in.a2.rows();
  require("A1", in.a1, n, d, "");
  require("A2", in.a2, m, d, "as many columns as A1");
  require("X", in.x, d, d, "d x d, d the columns of A1");
  require("A3", in.a3, m, in.a3.cols(), "as many rows as A2");
  require("Y", in.y, in.a3.cols(), in.y.cols(), "as many rows as A3 has columns");
  require("E", in.e, n, in.y.cols(), "the rows of A1, the columns of Y");
}

void validate(const TensorLossInput& in) {
  const Index n = in.a1.rows(), d = in.a1.cols(), m2 = in.a2.rows(), m3 = in.a3.rows();
  require("A1", in.a1, n, d, "");
  require("A2", in.a2, m2, d, "as many columns as A1");
  require("A3", in.a3, m3, d, "as many columns as A1");
  require("X", in.x, d, d * d, "d x d^2, d the columns of A1");
  require("A4", in.a4, m2, in.a4.cols(), "as many rows as A2");
  require("A5", in.a5, m3, in.a5.cols(), "as many rows as A3");
  require("Y1", in.y1, in.a4.cols(), in.y1.cols(), "as many rows as A4 has columns");
  require("Y2", in.y2, in.a5.cols(), in.y1.cols(), "as many rows as A5 has columns, as many columns as Y1");
  require("E", in.e, n, in.y1.cols(), "the rows of A1, the columns of Y1");
}

Matrix<Interval> gradient_enclosure(const MatrixLossInput& input, const Rational& target_width,
                                    ThreadCount threads) {
  validate(input);
  const Index n = input.a1.rows(), d = input.a1.cols(), m = input.a2.rows();
  return to_width(target_width, [&](Bits bits) {
    const WorkingPrecision precision(bits);
    const MatrixLoss<Interval> in = loss_over<Interval>(input);
    const Matrix<Interval> q = product(in.a1, in.x), h = product(in.a3, in.y);
    Matrix<Interval> dq(n, d);
    parallel_for(n, threads, [&](Index i) {
      const WorkingPrecision of_thread(bits);
      std::vector<Interval> scores;
      for (Index j = 0; j < m; ++j) scores.push_back(score(q, i, in.a2, j));
      const std::vector<Interval> p = pulled_back(std::move(scores), h, in.e, i);
      for (Index l = 0; l < d; ++l) {
        Interval sum = 0;
        for (Index j = 0; j < m; ++j) sum += p[j] * in.a2(j, l);
        dq(i, l) = sum / enclose(Rational(d));
      }
    });
    return product<Interval>(in.a1.transpose(), dq);
  });
}

Matrix<Interval> gradient_enclosure(const TensorLossInput& input, const Rational& target_width,
                                    ThreadCount threads) {
  validate(input);
  const Index n = input.a1.rows(), d = input.a1.cols(), m2 = input.a2.rows(), m3 = input.a3.rows();
  return to_width(target_width, [&](Bits bits) {
    const WorkingPrecision precision(bits);
    const TensorLoss<Interval> in = loss_over<Interval>(input);
    const Matrix<Interval> q = product(in.a1, in.x);
    const Matrix<Interval> h = khatri_rao(product(in.a4, in.y1), product(in.a5, in.y2));
    Matrix<Interval> dq(n, d * d);
    parallel_for(n, threads, [&](Index i) {
      const WorkingPrecision of_thread(bits);
      // scores of the row as an m2 x m3 matrix, A2 (row of A1 X as a d x d matrix) A3^T / d
      Matrix<Interval> row(d, d);
      for (Index u = 0; u < d; ++u)
        for (Index v = 0; v < d; ++v) row(u, v) = q(i, u * d + v) / enclose(Rational(d));
      const Matrix<Interval> s = product<Interval>(product(in.a2, row), in.a3.transpose());
      const std::vector<Interval> p =
          pulled_back(std::vector<Interval>(s.data(), s.data() + s.size()), h, in.e, i);
      const Matrix<Interval> pairs = Eigen::Map<const Matrix<Interval>>(p.data(), m2, m3);
      const Matrix<Interval> block = product<Interval>(in.a2.transpose(), product(pairs, in.a3));
      for (Index u = 0; u < d; ++u)
        for (Index v = 0; v < d; ++v) dq(i, u * d + v) = block(u, v) / enclose(Rational(d));
    });
    return product<Interval>(in.a1.transpose(), dq);
  });
}

}  // namespace attnbounds
