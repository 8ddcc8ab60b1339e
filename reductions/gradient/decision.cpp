#include "reductions/gradient/decision.hpp"

#include <algorithm>
#include <cmath>

#include "numeric/exact_text.hpp"
#include "numeric/interval_sum.hpp"

namespace attnbounds {
namespace {

constexpr Bits kBits{96};

void validate(const GradientInstance& in) {
  if (in.a1.cols() != in.a2.cols() || in.a2.rows() != in.a3.rows() || in.a3.cols() != 1 || in.a1.size() == 0)
    throw InputError("gradient instance", "A1 n x d, A2 m x d, A3 m x 1", "other shapes");
  for (Eigen::Index j = 0; j < in.a3.rows(); ++j)
    if (in.a3(j, 0) != 0 && in.a3(j, 0) != 1)
      throw InputError("A3", "entries 0 and 1", exact_text(in.a3(j, 0)));
}

Interval quadrature_error(long outputs, const Interval& h, long nodes) {
  const Interval rho = h + sqrt(1 + h * h);
  return enclose(Rational(32 * 8, 15)) * outputs / h * exp(-2 * nodes * log(rho)) / (1 - 1 / (rho * rho));
}

Interval strip(const Interval& half_range) { return pi_interval() / (3 * half_range); }

}  // namespace

Rational gradient_margin(long outputs) {
  long root = static_cast<long>(std::sqrt(static_cast<double>(outputs)));
  while (root * root < outputs) ++root;
  return 4 * root;
}

GradientOracle::GradientOracle(const GradientInstance& instance, ThreadCount threads)
    : instance_(instance), threads_(threads) {
  validate(instance);
  const Eigen::Index n = instance.a1.rows(), m = instance.a2.rows(), d = instance.a1.cols();
  scores_.resize(static_cast<std::size_t>(n));
  std::vector<Interval> ranges(static_cast<std::size_t>(n));
  parallel_for(n, threads, [&](long i) {
    const WorkingPrecision precision(kBits);
    std::vector<Interval>& row = scores_[static_cast<std::size_t>(i)];
    for (Eigen::Index j = 0; j < m; ++j) {
      IntervalSum sum;
      for (Eigen::Index l = 0; l < d; ++l) sum.add_product(instance.a1(i, l), instance.a2(j, l));
      row.push_back(sum.value() / enclose(Rational(d)));
    }
    Interval largest = row[0], least = row[0];
    for (const Interval& s : row) {
      largest = maximum(largest, s);
      least = minimum(least, s);
    }
    ranges[static_cast<std::size_t>(i)] = (largest - least) / 2;
    const Interval shift = enclose(upper(largest));
    for (Interval& s : row) s -= shift;
  });
  const WorkingPrecision precision(kBits);
  half_range_ = enclose(Rational(0));
  for (const Interval& r : ranges) half_range_ = maximum(half_range_, r);
}

std::vector<Interval> GradientOracle::diagonal(double lambda) const {
  // f = softmax row, y = <f, v>, q_j = y v_j, p_j = f_j (q_j - <f, q>) = f_j y (v_j - y);
  // dL/dX = A1^T p A2/d, so entry (l, l) is sum_i a1_il sum_j p_ij a2_jl / d.
  const Eigen::Index n = instance_.a1.rows(), m = instance_.a2.rows(), d = instance_.a1.cols();
  std::vector<std::vector<Interval>> of_row(static_cast<std::size_t>(n));
  parallel_for(n, threads_, [&](long i) {
    const WorkingPrecision precision(kBits);
    const Interval at = enclose(lambda);
    std::vector<Interval> weights;
    IntervalSum numerator, denominator;
    for (Eigen::Index j = 0; j < m; ++j) {
      weights.push_back(exp(at * scores_[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]));
      denominator.add(weights.back());
      if (instance_.a3(j, 0) != 0) numerator.add(weights.back());
    }
    const Interval y = numerator.value() / denominator.value();
    std::vector<IntervalSum> sums(static_cast<std::size_t>(d));
    for (Eigen::Index j = 0; j < m; ++j) {
      const Interval v = enclose(instance_.a3(j, 0));
      const Interval p = weights[static_cast<std::size_t>(j)] / denominator.value() * y * (v - y);
      for (Eigen::Index l = 0; l < d; ++l)
        if (instance_.a2(j, l) != 0) sums[static_cast<std::size_t>(l)].add_product(p, instance_.a2(j, l));
    }
    for (Eigen::Index l = 0; l < d; ++l)
      of_row[static_cast<std::size_t>(i)].push_back(sums[static_cast<std::size_t>(l)].value() *
                                                    enclose(instance_.a1(i, l)) / enclose(Rational(d)));
  });
  const WorkingPrecision precision(kBits);
  std::vector<Interval> result(static_cast<std::size_t>(d), enclose(Rational(0)));
  for (const auto& row : of_row)
    for (std::size_t l = 0; l < result.size(); ++l) result[l] += row[l];
  return result;
}

QuadraturePlan plan_quadrature(long outputs, const Interval& half_range, const Rational& allowed) {
  const WorkingPrecision precision(kBits);
  if (upper(half_range) == 0) return {2, enclose(Rational(0))};  // all scores equal: f' = 0
  const Interval h = strip(enclose(upper(half_range)));
  const auto suffices = [&](long nodes) {
    return upper(quadrature_error(outputs, h, nodes)) <= lower(enclose(allowed));
  };
  long below = 1, enough = 2;
  while (!suffices(enough)) {
    below = enough;
    enough *= 2;
    if (enough > 8192)
      throw InputError("gradient", "at most 4000 quadrature nodes", "scores of a larger range");
  }
  while (enough - below > 1) {
    const long middle = (below + enough) / 2;
    (suffices(middle) ? enough : below) = middle;
  }
  if (enough > 4000)
    throw InputError("gradient", "at most 4000 quadrature nodes", std::to_string(enough) + " needed");
  return {enough, quadrature_error(outputs, h, enough)};
}

GradientDecision total_square_from_gradients(const GradientInstance& instance, const Rational& extra_error,
                                             ThreadCount threads) {
  const GradientOracle oracle(instance, threads);
  const long n = instance.a1.rows(), m = instance.a2.rows(), d = instance.a1.cols();
  GradientDecision result;
  result.plan = plan_quadrature(n, oracle.half_range(), Rational(1, 16));
  const QuadratureRule rule = gauss_legendre(result.plan.nodes);
  const WorkingPrecision precision(kBits);
  Rational ones = 0;
  for (Eigen::Index j = 0; j < m; ++j) ones += to_rational(instance.a3(j, 0));
  result.at_zero = enclose(Rational(ones * ones * n / m / m));
  Interval integral = enclose(Rational(0));
  for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
    Interval trace = enclose(Rational(0));
    for (const Interval& entry : oracle.diagonal(rule.nodes[k])) trace += entry;
    integral += rule.weights[k] * 2 * trace;
    ++result.queries;
  }
  Interval error = result.plan.error + enclose(Rational(2 * d * extra_error));
  if (upper(oracle.half_range()) > 0) {
    const Interval h = strip(enclose(upper(oracle.half_range())));
    error += enclose(Rational(8 * n)) / (h * h) * enclose(rule.node_error.value());
  }
  result.at_one = result.at_zero + integral + enclose(Real(-upper(error)), upper(error));
  return result;
}

}  // namespace attnbounds
