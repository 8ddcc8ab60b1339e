// Alman, Song 2024 (gradient), lower bound repaired: the Gauss-Legendre rule with K nodes, from gradients
// alone, is off by at most (32/15)(8 n/h) rho^{-2K}/(1 - rho^{-2}), rho = h + sqrt(1 + h^2), h = pi/(3 X), X
// the largest half-range of a row's scores: matrix and tensor loss (reductions/gradient/decision.hpp).
#include "proofs_check/gradient_case.hpp"
#include "reductions/gradient/decision.hpp"

namespace attnbounds {
namespace {

struct Case {
  GradientInstance in;
  long nodes = 2;
};
Json describe(const Case& c) {
  Json keys = Json::array(), values = Json::array();
  for (const Matrix<double>& m : c.in.keys) keys.push_back(json_matrix(m));
  for (const Matrix<double>& m : c.in.values) values.push_back(json_matrix(m));
  return {{"A1", json_matrix(c.in.a1)}, {"keys", keys}, {"values", values}, {"K", c.nodes}};
}
bool varies(const Case& c) { return lower(GradientOracle(c.in, ThreadCount{1}).half_range()) > 0; }

Case draw_any(Draw& d) {
  const long families = d.integer(1, 2), width = d.integer(1, 3);
  Case c;
  if (d.index == 0) {  // scores 0 and -48, on two nodes
    c.in = {Matrix<double>::Constant(1, 1, 48), {Matrix<double>(2, 1)}, {Matrix<double>(2, 1)}};
    c.in.keys[0] << 0, -1;
    c.in.values[0] << 1, 0;
    return c;
  }
  c.in.a1 = d.matrix(d.integer(1, 3), width, 3);
  for (long k = 0; k < families; ++k) {
    const long m = d.integer(1, 4);
    c.in.keys.push_back(d.matrix(m, width, 3));
    Matrix<double> values(m, 1);
    for (long j = 0; j < m; ++j) values(j, 0) = static_cast<double>(d.integer(0, 1));
    c.in.values.push_back(values);
  }
  c.nodes = d.integer(2, 6);
  return c;
}
Case draw(Draw& d) {
  for (;;) {
    const Case c = draw_any(d);
    if (varies(c)) return c;
  }
}

/// |Gauss_K - (f(1) - f(0))| with nodes rounded to doubles: up to 8 n/h^2 2^-54 of that is rounding.
Interval error(const Case& c) {
  const GradientOracle oracle(c.in, ThreadCount{1});
  const QuadratureRule rule = gauss_legendre(c.nodes);
  Interval integral = enclose(Rational(0));
  for (std::size_t k = 0; k < rule.nodes.size(); ++k)
    for (const Interval& entry : oracle.diagonal(rule.nodes[k]))
      integral += 2 * enclose(rule.weights[k]) * enclose(entry);
  return absolute_value(integral - (total_square(c.in, 1) - total_square(c.in, 0)));
}
Interval bound(const Case& c, long nodes) {
  const GradientOracle oracle(c.in, ThreadCount{1});
  const Interval x = enclose(upper(oracle.half_range())), h = pi_interval() / (3 * x);
  const long n = c.in.a1.rows();
  return quadrature_error(n, x, nodes) + enclose(Rational(8 * n)) / (h * h) * enclose(Rational(1, 1L << 54));
}

const Registration quadrature =
    claim("alman-song-2024-gradient/quadrature-error", "Theorem E.5, the quadrature, repaired form ours",
          Standing::checked)
        .says(
            "K Gauss-Legendre nodes of 2 tr dL/dX give f(1) - f(0) to (32/15)(8n/h) rho^{-2K}/(1 - rho^{-2})",
            R"($|\mathrm{Gauss}_K - \int_0^1 f'| \le \tfrac{32}{15}\tfrac{8n}{h}\frac{\rho^{-2K}}{1-\rho^{-2}}$)")
        .given(draw)
        .where("scores differ", varies)
        .at_most("error <= bound", error, [](const Case& c) { return bound(c, c.nodes); })
        .sizes(60, 300, 1500)
        .twin("the bound of thirty times as many nodes", error,
              [](const Case& c) { return bound(c, 30 * c.nodes); });

}  // namespace
}  // namespace attnbounds
