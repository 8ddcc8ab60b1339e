#include "reductions/gradient/decision.hpp"

#include <algorithm>
#include <cmath>

#include "attention/attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/interval_sum.hpp"
#include "reductions/gradient/fast_oracle.hpp"

namespace attnbounds {
namespace {

constexpr Bits kBits{96};

/// The matrix loss is the tensor loss with one more key of ones.
GradientInstance with_two_families(GradientInstance in) {
  validate(in);
  if (in.keys.size() == 1) {
    in.keys.push_back(Matrix<double>::Ones(1, in.a1.cols()));
    in.values.push_back(Matrix<double>::Ones(1, 1));
  }
  return in;
}

Interval error_of(long outputs, const Interval& h, long nodes) {
  const Interval rho = h + sqrt(1 + h * h);
  return enclose(Rational(32 * 8, 15)) * outputs / h * exp(-2 * nodes * log(rho)) / (1 - 1 / (rho * rho));
}

Interval strip(const Interval& half_range) { return pi_interval() / (3 * half_range); }

}  // namespace

void validate(const GradientInstance& in) {
  bool fits =
      in.a1.size() > 0 && (in.keys.size() == 1 || in.keys.size() == 2) && in.values.size() == in.keys.size();
  for (std::size_t k = 0; fits && k < in.keys.size(); ++k)
    fits = in.keys[k].cols() == in.a1.cols() && in.keys[k].rows() > 0 &&
           in.values[k].rows() == in.keys[k].rows() && in.values[k].cols() == 1;
  if (!fits) throw InputError("gradient instance", "A1 n x d, keys m x d, values m x 1", "other shapes");
  for (const Matrix<double>& values : in.values)
    for (Eigen::Index j = 0; j < values.rows(); ++j)
      if (values(j, 0) != 0 && values(j, 0) != 1)
        throw InputError("values of a gradient instance", "entries 0 and 1", exact_text(values(j, 0)));
}

Rational gradient_margin(long outputs) {
  long root = static_cast<long>(std::sqrt(static_cast<double>(outputs)));
  while (root * root < outputs) ++root;
  return 4 * root;
}

GradientOracle::GradientOracle(const GradientInstance& instance, ThreadCount threads)
    : instance_(with_two_families(instance)), threads_(threads) {
  const Matrix<double>&a1 = instance_.a1, &first = instance_.keys[0], &second = instance_.keys[1];
  const Eigen::Index n = a1.rows(), d = a1.cols();
  scores_.resize(static_cast<std::size_t>(n));
  std::vector<Interval> ranges(static_cast<std::size_t>(n));
  parallel_for(n, threads, [&](long i) {
    const WorkingPrecision precision(kBits);
    std::vector<Interval>& row = scores_[static_cast<std::size_t>(i)];
    for (Eigen::Index j = 0; j < first.rows(); ++j) {
      std::vector<Interval> query;
      for (Eigen::Index l = 0; l < d; ++l) query.push_back(enclose(a1(i, l)) * enclose(first(j, l)));
      for (Eigen::Index k = 0; k < second.rows(); ++k) {
        IntervalSum sum;
        for (Eigen::Index l = 0; l < d; ++l)
          if (second(k, l) != 0) sum.add_product(query[static_cast<std::size_t>(l)], second(k, l));
        row.push_back(sum.value() / enclose(Rational(d)));
      }
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
  // f = softmax row over the pairs, y = <f, v>, q = y v, p = f (q - <f, q>) = f y (v - y);
  // dL/dX = A1^T p (A2 (x) A3)/d, so entry (l, (l, l)) is sum_i a1_il sum_jk p_ijk a2_jl a3_kl / d.
  const Matrix<double>&a1 = instance_.a1, &first = instance_.keys[0], &second = instance_.keys[1];
  const Eigen::Index n = a1.rows(), d = a1.cols(), m = first.rows(), m2 = second.rows();
  const auto value = [&](Eigen::Index j, Eigen::Index k) {
    return instance_.values[0](j, 0) * instance_.values[1](k, 0);
  };
  std::vector<std::vector<Interval>> of_row(static_cast<std::size_t>(n));
  parallel_for(n, threads_, [&](long i) {
    const WorkingPrecision precision(kBits);
    const Interval at = enclose(lambda);
    std::vector<Interval> weights;
    IntervalSum numerator, denominator;
    for (const Interval& s : scores_[static_cast<std::size_t>(i)]) {
      weights.push_back(exp(at * s));
      denominator.add(weights.back());
      const auto pair = static_cast<Eigen::Index>(weights.size()) - 1;
      if (value(pair / m2, pair % m2) != 0) numerator.add(weights.back());
    }
    const Interval y = numerator.value() / denominator.value();
    std::vector<IntervalSum> sums(static_cast<std::size_t>(d));
    for (Eigen::Index j = 0; j < m; ++j) {
      std::vector<IntervalSum> inner(static_cast<std::size_t>(d));
      for (Eigen::Index k = 0; k < m2; ++k) {
        const Interval p = weights[static_cast<std::size_t>(j * m2 + k)] / denominator.value() * y *
                           (enclose(value(j, k)) - y);
        for (Eigen::Index l = 0; l < d; ++l)
          if (first(j, l) != 0 && second(k, l) != 0)
            inner[static_cast<std::size_t>(l)].add_product(p, second(k, l));
      }
      for (Eigen::Index l = 0; l < d; ++l)
        if (first(j, l) != 0)
          sums[static_cast<std::size_t>(l)].add_product(inner[static_cast<std::size_t>(l)].value(),
                                                        first(j, l));
    }
    for (Eigen::Index l = 0; l < d; ++l)
      of_row[static_cast<std::size_t>(i)].push_back(sums[static_cast<std::size_t>(l)].value() *
                                                    enclose(a1(i, l)) / enclose(Rational(d)));
  });
  const WorkingPrecision precision(kBits);
  std::vector<Interval> result(static_cast<std::size_t>(d), enclose(Rational(0)));
  for (const auto& row : of_row)
    for (std::size_t l = 0; l < result.size(); ++l) result[l] += row[l];
  return result;
}

Interval quadrature_error(long outputs, const Interval& half_range, long nodes) {
  return error_of(outputs, strip(half_range), nodes);
}

QuadraturePlan plan_quadrature(long outputs, const Interval& half_range, const Rational& allowed) {
  const WorkingPrecision precision(kBits);
  if (upper(half_range) == 0) return {2, enclose(Rational(0))};  // all scores equal: f' = 0
  const Interval h = strip(enclose(upper(half_range)));
  const auto suffices = [&](long nodes) {
    return upper(error_of(outputs, h, nodes)) <= lower(enclose(allowed));
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
  return {enough, error_of(outputs, h, enough)};
}

Interval total_square(const GradientInstance& in, const Rational& lambda) {
  const auto over = [](const Matrix<double>& m) { return matrix_from<Interval>(m); };
  const Matrix<Interval> q = over(in.a1) * enclose(lambda);
  const Matrix<Interval> y = in.keys.size() == 1
                                 ? attention<Interval>(q, over(in.keys[0]), over(in.values[0]))
                                 : tensor_attention<Interval>(q, over(in.keys[0]), over(in.keys[1]),
                                                              over(in.values[0]), over(in.values[1]));
  Interval sum = enclose(Rational(0));
  for (Eigen::Index i = 0; i < y.rows(); ++i) sum += y(i, 0) * y(i, 0);
  return sum;
}

GradientDecision total_square_from_gradients(const GradientInstance& instance, const Rational& extra_error,
                                             ThreadCount threads) {
  const FastGradientOracle oracle(instance, threads);
  const WorkingPrecision precision(kBits);
  const long n = instance.a1.rows(), d = instance.a1.cols();
  const Interval half_range = enclose(oracle.half_range().exact());
  GradientDecision result;
  result.plan = plan_quadrature(n, half_range, Rational(1, 16));
  const QuadratureRule rule = gauss_legendre(result.plan.nodes);
  Rational mean = 1;  // of the values: every output at lambda = 0
  for (const Matrix<double>& values : instance.values) {
    Rational ones = 0;
    for (Eigen::Index j = 0; j < values.rows(); ++j) ones += to_rational(values(j, 0));
    mean *= ones / static_cast<long>(values.rows());
  }
  result.at_zero = enclose(Rational(mean * mean * n));
  Interval integral = enclose(Rational(0));
  for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
    const BoundedDiagonal diagonal = oracle.diagonal(rule.nodes[k]);
    if (!diagonal.sum_error.is_finite())
      throw InputError("gradient instance", "scores for which double precision has a bound", "larger ones");
    Interval trace = enclose(Rational(0));
    for (const double entry : diagonal.entries) trace += enclose(entry);
    const Rational off = diagonal.sum_error.exact();
    integral += rule.weights[k] * 2 * (trace + hull(enclose(Rational(-off)), enclose(off)));
    ++result.queries;
  }
  Interval error = result.plan.error + enclose(Rational(2 * d * extra_error));
  if (upper(half_range) > 0) {
    const Interval h = strip(half_range);
    error += enclose(Rational(8 * n)) / (h * h) * enclose(rule.node_error.value());
  }
  result.at_one = result.at_zero + integral + enclose(Real(-upper(error)), upper(error));
  return result;
}

}  // namespace attnbounds
