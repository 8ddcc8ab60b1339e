#include "kernels/gradient_attention.hpp"

#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/gradient_plan.hpp"
#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr double u = 0x1p-53;

// Largest over rows, or sums over rows, that the bounds need.
struct Part {
  double approximation_q = 0, rounding_q = 0;                      // largest, per |K_b|
  std::vector<double> weight_v, rounding_v, weight_k, rounding_k;  // sums: of columns l of V, b of K
  bool finite = true;
  Part(Index columns, Index d)
      : weight_v(columns, 0.0), rounding_v(columns, 0.0), weight_k(d, 0.0), rounding_k(d, 0.0) {}
  void add(const Part& other) {
    approximation_q = std::fmax(approximation_q, other.approximation_q);
    rounding_q = std::fmax(rounding_q, other.rounding_q);
    finite = finite && other.finite;
    for (size_t l = 0; l < weight_v.size(); ++l) {
      weight_v[l] += other.weight_v[l];
      rounding_v[l] += other.rounding_v[l];
    }
    for (size_t b = 0; b < weight_k.size(); ++b) {
      weight_k[b] += other.weight_k[b];
      rounding_k[b] += other.rounding_k[b];
    }
  }
};

}  // namespace

AttentionGradientResult polynomial_attention_gradient(const AttentionInput& input,
                                                      const Matrix<double>& upstream,
                                                      const Rational& delta_asked, ThreadCount threads) {
  input.validate();
  if (upstream.rows() != input.q.rows() || upstream.cols() != input.v.cols() || !upstream.allFinite())
    throw InputError("upstream", "finite, the rows of q and the columns of v", "another matrix");
  const Index n = input.q.rows(), m = input.k.rows(), d = input.q.cols(), columns = input.v.cols(),
              width = columns + 1;
  const Matrix<double> of_queries = Matrix<double>::Identity(d, d),
                       of_values = Matrix<double>::Identity(columns, columns);
  const auto plan_pointer =
      gradient_plan({&input.q, &of_queries, &upstream, {{&input.k, &input.v, &of_values}}}, threads);
  const GradientPlan& plan = *plan_pointer;
  const KeySide& side = plan.sides[0];
  long limit = -1;
  while (limit < 400 && monomial_rank(d, {limit + 2}) <= (1L << 20)) ++limit;
  const auto polynomial = kept_exp_polynomial(plan.half_width.exact(), delta_asked, {limit});
  if (!polynomial || !(delta_asked < Rational(1, 2)))
    throw BudgetMissed("no polynomial of rank <= 2^20 has weights of the relative error asked for");
  const long g = polynomial->polynomial.degree().value;
  const std::vector<double> coefficients = coefficients_in_doubles(polynomial->polynomial);
  const auto tree = monomials_of(d, {g}), higher = monomials_of(d, {g + 1});
  const Index rank = tree->tree.rank, entries = d + 1;

  // Moments of the keys; w_m M_m[l, b], b = 0 for 1.
  std::vector<ValueSums> group_sums(most_groups, ValueSums(columns, d));
  const std::vector<double> key_moments =
      moments(*higher,
              {{m, columns,
                [&](Index first, Index last, Index group) {
                  TokenBlock block{side.scaled_keys(first, last), side.scaled_values(first, last)};
                  group_sums[group].add(block.columns, block.variables);
                  return block;
                }}},
              threads)
          .front();
  ValueSums sums(columns, d);
  for (const ValueSums& part : group_sums) sums.add(part);
  const ValueSizes values = value_sizes(plan, {sums});
  const std::vector<double> weights = rounded_weights(*tree, coefficients, static_cast<double>(d));
  std::vector<double> table(rank * width * entries);
  for (Index a = 0; a < rank; ++a)
    for (Index l = 0; l < width; ++l)
      for (Index b = 0; b < entries; ++b)
        table[(a * width + l) * entries + b] =
            weights[a] * key_moments[(b == 0 ? a : higher->up[a * d + b - 1]) * width + l];

  // Bounds for every row (docs, section 3).
  const double largest_g = max_abs(upstream);
  const int g_exponent = largest_g == 0 ? 0 : std::ilogb(largest_g) + 1;
  if (std::abs(g_exponent) > 900)
    throw std::overflow_error("the upstream gradient exceeds the range of a double");
  const double g_factor = power_of_two(-g_exponent);
  const UpperBound of_size = absolute_polynomial(coefficients, plan.size);
  const UpperBound underflow =
      UpperBound::exactly(0x1p-600) *
      power(UpperBound::exactly(4) * maximum(UpperBound::exactly(1), plan.query_norm), g + 1) *
      UpperBound::exactly(64 * static_cast<double>(g + 1)) *
      (UpperBound::exactly(static_cast<double>(rank)) +
       absolute_polynomial(coefficients, UpperBound::exactly(1)));
  const long way = moment_roundings(g + 1) + weight_roundings(g) + 1 + evaluation_roundings(g);
  // Of a sum of weights over all keys, and of one weight: relative to sum_j 1 and 1.
  const double one = (gamma(way) * of_size + underflow).value(),
               theta_scale = one * static_cast<double>(m) * slack, one_weight = of_size.value();
  const double delta = polynomial->error.value(), zeta = plan.perturbation.value(),
               moved = (delta + zeta) * slack;
  const double phi = (perturbation_bound(polynomial->error) + plan.perturbation).value();
  const double of_weights = 2 * moved / (1 - moved) * slack;

  AttentionGradientResult result;
  result.degree = {g};
  result.rank = rank;
  result.half_width = plan.half_width;
  for (BoundedGradient* out : {&result.q, &result.k, &result.v}) out->bound_rounding = UpperBound();
  result.q.gradient.resize(n, d);
  result.k.gradient.resize(m, d);
  result.v.gradient.resize(m, columns);

  // Queries: D, N, gamma, dQ; moments of gamma.
  const Evaluation evaluation(*tree, table, width * entries);
  std::vector<Part> parts(most_groups, Part(columns, d));
  const int q_exponent = side.value_exponent + g_exponent;
  const std::vector<double> query_moments =
      moments(
          *higher,
          {{n, width,
            [&](Index first, Index last, Index group) {
              TokenBlock block{plan.queries(first, last), std::vector<double>((last - first) * width)};
              const std::vector<double> rows = evaluation.rows(block.variables);
              Part& part = parts[group];
              for (Index i = 0; i < last - first; ++i) {
                const double *row = rows.data() + i * width * entries, *x = block.variables.data() + i * d;
                double* gamma_row = block.columns.data() + i * width;
                const double denominator = row[columns * entries], theta = theta_scale / denominator;
                part.finite = part.finite && denominator > 0 && std::isfinite(denominator) && theta < 0x1p-10;
                double interval = 0, size = 0, range = 0, mean = 0, gammas = 0;
                for (Index l = 0; l < d; ++l) interval += std::fabs(x[l]) * plan.weight[l];
                for (Index l = 0; l < columns; ++l) {
                  const double c = upstream(first + i, l) * g_factor;
                  gamma_row[l] = c / denominator;
                  mean += c * (row[l * entries] / denominator);
                  size += std::fabs(c) * values.size[l];
                  range += std::fabs(c) * values.range[l];
                  gammas += std::fabs(gamma_row[l]) * values.size[l];
                }
                gamma_row[columns] = -mean / denominator;
                for (Index b = 0; b < d; ++b) {
                  double sum = 0;
                  for (Index l = 0; l < width; ++l) sum += gamma_row[l] * row[l * entries + 1 + b];
                  result.q.gradient(first + i, b) =
                      std::ldexp(sum / static_cast<double>(d), q_exponent + side.exponent[b]);
                }
                const double terms = static_cast<double>(3 * columns + 24) * u;
                part.approximation_q = std::fmax(part.approximation_q, range);
                part.rounding_q = std::fmax(part.rounding_q, size * (7 * theta + terms) + 0x1p-500);
                // The largest of the row's f_ij and f~_ij.
                const double largest = 1 / cpu::exp_of_nonpositive(-std::fmin(
                                               std::fmin(interval, plan.half_width.value()), 700.0));
                const double f =
                    largest * (1 + 0x1p-40) * (1 + delta) * (1 + 4 * zeta) / denominator * (1 + 0x1p-9);
                const double of_gamma = one + one_weight * (5 * theta + terms);
                for (Index l = 0; l < columns; ++l) {
                  part.weight_v[l] += f * std::fabs(upstream(first + i, l) * g_factor);
                  part.rounding_v[l] += std::fabs(gamma_row[l]) * of_gamma + 0x1p-500;
                }
                for (Index b = 0; b < d; ++b) {
                  part.weight_k[b] += f * range * std::fabs(x[b]);
                  part.rounding_k[b] += (2.1 * gammas * of_gamma + 0x1p-500) * std::fabs(x[b]) + 0x1p-500;
                }
              }
              return block;
            }}},
          threads)
          .front();
  Part all(columns, d);
  for (const Part& part : parts) all.add(part);

  // Keys: w_m Gamma_m[l] for dV, w_m Gamma_{m+e_b}[l] for dK.
  const Index key_width = columns + width * d, stride = width + 1;
  std::vector<double> back(rank * key_width);
  for (Index a = 0; a < rank; ++a) {
    for (Index l = 0; l < columns; ++l) back[a * key_width + l] = weights[a] * query_moments[a * stride + l];
    for (Index b = 0; b < d; ++b)
      for (Index l = 0; l < width; ++l)
        back[a * key_width + columns + b * width + l] =
            weights[a] * query_moments[higher->up[a * d + b] * stride + l];
  }
  const Evaluation of_keys(*tree, back, key_width);
  const Index tasks = (m + block_of_tokens - 1) / block_of_tokens;
  parallel_for(tasks, threads, [&](long task) {
    const Index first = task * block_of_tokens, last = std::min(m, first + block_of_tokens);
    const std::vector<double> rows = of_keys.rows(side.scaled_keys(first, last)),
                              v = side.scaled_values(first, last);
    for (Index j = first; j < last; ++j) {
      const double* row = rows.data() + (j - first) * key_width;
      for (Index l = 0; l < columns; ++l) result.v.gradient(j, l) = std::ldexp(row[l], g_exponent);
      for (Index b = 0; b < d; ++b) {
        const double* of_b = row + columns + b * width;
        double sum = of_b[columns];
        for (Index l = 0; l < columns; ++l) sum += v[(j - first) * columns + l] * of_b[l];
        result.k.gradient(j, b) = std::ldexp(sum / static_cast<double>(d), q_exponent - side.exponent[b]);
      }
    }
  });

  const bool proved = all.finite && zeta < 0x1p-12 && moved < 0.5 && n <= most_tokens && m <= most_tokens &&
                      plan.half_width.value() < 300;
  const auto include = [&](BoundedGradient& out, double approximation, double rounding, int exponent) {
    if (!proved || !out.gradient.allFinite()) approximation = rounding = INFINITY;
    out.bound_approximation = maximum(out.bound_approximation, in_units(approximation, exponent));
    out.bound_rounding = maximum(out.bound_rounding, in_units(rounding, exponent));
  };
  const double dimension = static_cast<double>(d);
  for (Index b = 0; b < d; ++b) {
    const KeyColumnSizes key = key_column_sizes(plan, {sums}, b);
    include(result.q, phi / 4 * key.range * all.approximation_q / dimension,
            all.rounding_q * key.size / dimension, q_exponent + side.exponent[b]);
    include(result.k, (of_weights + phi / 2) * all.weight_k[b] / dimension, all.rounding_k[b] / dimension,
            q_exponent - side.exponent[b]);
  }
  for (Index l = 0; l < columns; ++l)
    include(result.v, of_weights * all.weight_v[l], all.rounding_v[l], g_exponent);
  // The output's own roundings: a division by d or a last sum, within (d_v + 4) u of terms that are counted;
  // and that of a subnormal output.
  return result;
}

}  // namespace attnbounds
