// The variance form of Theorem G' (ours, docs/kernels_tensor_gradient.md): weights off by factors 1 + eta,
// |eta| <= delta < 1, values h, targets e; c = f h - e, c~ = f~ h - e. With C the covariance matrix of h
// under f,
//   |Cov_f~(c~ h, y) - Cov_f(c h, y)| <= delta/(1-delta) sd(y) [(2 + delta/(1-delta)) sd(c~ h) + |C|],
// |C| its norm, at most the largest row sum of |C_lm|. Where ranges are far above deviations this is much
// smaller than the form with ranges. The factor 2 is attained in the limit: y = h in {-1, 0, 1}, nearly
// always 0, eta = delta where h is not 0, and e far away.
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> weights, h, y, target, eta;  // 1 x m, m x d_v, m x 1, 1 x d_v, 1 x m
  Rational delta;
};
Json describe(const Case& c) {
  return {{"weights", json_matrix(c.weights)}, {"h", json_matrix(c.h)},     {"y", json_matrix(c.y)},
          {"target", json_matrix(c.target)},   {"eta", json_matrix(c.eta)}, {"delta", json_number(c.delta)}};
}

Case draw(Draw& d) {
  if (d.index == 0) {
    Case c{Matrix<double>(1, 3), Matrix<double>(3, 1), {}, Matrix<double>::Constant(1, 1, 0x1p30),
           Matrix<double>(1, 3), Rational(1, 1024)};
    c.weights << 1, 0x1p12, 1;
    c.h << -1, 0, 1;
    c.y = c.h;
    c.eta << -1, 1, -1;
    return c;
  }
  const long m = d.integer(2, 6), columns = d.integer(1, 3);
  for (;;) {
    Case c{d.matrix(1, m, 1),       d.matrix(m, columns, 2), d.matrix(m, 1, 2),
           d.matrix(1, columns, 4), d.matrix(1, m, 1),       Rational(1, 1L << d.integer(1, 12))};
    c.weights = (c.weights.cwiseAbs().array() + 0x1p-6).matrix();
    const auto varies = [](const Eigen::VectorXd& x) { return x.minCoeff() < x.maxCoeff(); };
    bool all = varies(c.y.col(0)) && varies(c.eta.row(0).transpose());
    for (long l = 0; l < columns; ++l) all = all && varies(c.h.col(l));
    if (all) return c;
  }
}

// Everything is rational but the two square roots.
struct Sums {
  std::vector<Rational> mean;  // of h
  Rational total, mean_y;
  std::vector<Rational> f;
};
Sums sums(const Case& c, const Rational& delta) {
  const Matrix<Rational> w = matrix_from<Rational>(c.weights), h = matrix_from<Rational>(c.h),
                         y = matrix_from<Rational>(c.y), eta = matrix_from<Rational>(c.eta);
  Sums s{std::vector<Rational>(h.cols(), Rational(0)), 0, 0, {}};
  for (Eigen::Index j = 0; j < h.rows(); ++j) {
    s.f.push_back(w(0, j) * (1 + delta * eta(0, j)));
    s.total += s.f.back();
  }
  for (Eigen::Index j = 0; j < h.rows(); ++j) {
    s.f[j] /= s.total;
    s.mean_y += s.f[j] * y(j, 0);
    for (Eigen::Index l = 0; l < h.cols(); ++l) s.mean[l] += s.f[j] * h(j, l);
  }
  return s;
}
std::vector<Rational> residual(const Case& c, const Sums& s) {
  std::vector<Rational> result;
  for (size_t l = 0; l < s.mean.size(); ++l)
    result.push_back(s.mean[l] - to_rational(c.target(0, static_cast<Eigen::Index>(l))));
  return result;
}
Rational combined(const Case& c, const std::vector<Rational>& weights, Eigen::Index j) {
  Rational sum = 0;
  for (size_t l = 0; l < weights.size(); ++l)
    sum += weights[l] * to_rational(c.h(j, static_cast<Eigen::Index>(l)));
  return sum;
}
template <class A, class B>
Rational covariance(const Sums& s, const A& a, const B& b) {
  Rational both = 0, first = 0, second = 0;
  for (size_t j = 0; j < s.f.size(); ++j) {
    const Rational x = a(static_cast<Eigen::Index>(j)), y = b(static_cast<Eigen::Index>(j));
    both += s.f[j] * x * y;
    first += s.f[j] * x;
    second += s.f[j] * y;
  }
  return both - first * second;
}

Interval error(const Case& c) {
  const Sums exact = sums(c, 0), moved = sums(c, c.delta);
  const auto y = [&](Eigen::Index j) { return to_rational(c.y(j, 0)); };
  const auto along = [&](const Sums& s) {
    return [&c, weights = residual(c, s)](Eigen::Index j) { return combined(c, weights, j); };
  };
  return enclose(
      Rational(abs(Rational(covariance(moved, along(moved), y) - covariance(exact, along(exact), y)))));
}
Interval bound(const Case& c) {
  const Sums f = sums(c, 0), moved = sums(c, c.delta);
  const auto y = [&](Eigen::Index j) { return to_rational(c.y(j, 0)); };
  const auto q = [&, weights = residual(c, moved)](Eigen::Index j) { return combined(c, weights, j); };
  Rational norm = 0;
  for (Eigen::Index l = 0; l < c.h.cols(); ++l) {
    Rational row = 0;
    for (Eigen::Index m = 0; m < c.h.cols(); ++m)
      row += abs(covariance(
          f, [&](Eigen::Index j) { return to_rational(c.h(j, l)); },
          [&](Eigen::Index j) { return to_rational(c.h(j, m)); }));
    norm = std::max(norm, row);
  }
  const Rational r = c.delta / (1 - c.delta);
  const auto root = [](const Rational& x) { return sqrt(enclose(x)); };
  return enclose(r) * root(covariance(f, y, y)) *
         (enclose(Rational(2 + r)) * root(covariance(f, q, q)) + enclose(norm));
}

const Registration variance_form =
    claim("alman-song-2024-gradient/variance-form", "error step of Theorem 1.6, in variances (ours)",
          Standing::checked)
        .says(
            "weights off by factors 1 + eta, |eta| <= delta, change a row's covariance by at most "
            "delta/(1-delta) "
            "sd(y) ((2 + delta/(1-delta)) sd(q~) + |C|)",
            R"($|\mathrm{Cov}_{\tilde f}(\tilde q,y)-\mathrm{Cov}_f(q,y)| \le \tfrac{\delta}{1-\delta}\,\sigma_y\,((2+\tfrac{\delta}{1-\delta})\,\sigma_{\tilde q} + \|C\|)$)")
        .given(draw)
        .at_most("change <= bound", error, bound)
        .finds("ratio", "largest change over its bound", Extreme::largest,
               [](const Case& c) { return error(c) / bound(c); })
        .twin("nine tenths of the bound", error, [](const Case& c) { return bound(c) * 9 / 10; });

}  // namespace
}  // namespace attnbounds
