#include "kernels/gradient_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/cpu/tensor_softmax.hpp"
#include "kernels/device_attention.hpp"
#include "kernels/gradient_guarantee.hpp"
#include "kernels/tensor_pair_rows.hpp"
#include "kernels/tensor_scores.hpp"
#include "numeric/stopwatch.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr double u = 0x1p-53;

}  // namespace

GradientInput gradient_input(const MatrixLossInput& in) {
  return {&in.a1, &in.x, &in.e, {{&in.a2, &in.a3, &in.y}}};
}
GradientInput gradient_input(const TensorLossInput& in) {
  return {&in.a1, &in.x, &in.e, {{&in.a2, &in.a4, &in.y1}, {&in.a3, &in.a5, &in.y2}}};
}
UpperBound half_width(const GradientPlan& plan) { return plan.half_width; }
Index variables(const GradientPlan& plan) { return static_cast<Index>(plan.active.size()); }
Estimate bound_per_delta(const GradientPlan& plan) { return Estimate(plan.estimate); }

namespace {

void require_range(double x) {
  if (!(std::fabs(x) < 0x1p300)) throw std::overflow_error("scores or values exceed the range of a double");
}

KeySide side_of(const GradientSide& matrices, bool shift_is_free) {
  KeySide side;
  side.matrices = matrices;
  const Matrix<double>&a = *matrices.keys, &v = *matrices.values, &y = *matrices.factor;
  side.count = a.rows();
  std::vector<double> low(a.cols(), INFINITY), high(a.cols(), -INFINITY), largest(v.cols(), 0.0);
  for (Index j = 0; j < a.rows(); ++j)
    for (Index l = 0; l < a.cols(); ++l) {
      low[l] = a(j, l) < low[l] ? a(j, l) : low[l];
      high[l] = a(j, l) > high[l] ? a(j, l) : high[l];
    }
  for (Index j = 0; j < v.rows(); ++j)
    for (Index k = 0; k < v.cols(); ++k)
      largest[k] = std::fabs(v(j, k)) > largest[k] ? std::fabs(v(j, k)) : largest[k];
  for (Index l = 0; l < a.cols(); ++l) {
    require_range(low[l]);
    require_range(high[l]);
    const double middle = shift_is_free ? low[l] / 2 + high[l] / 2 : 0;
    // fl(x - m) is monotone in x: the ends are those of the extremal entries
    const double least = low[l] - middle, most = high[l] - middle,
                 size = std::fmax(std::fabs(least), std::fabs(most));
    side.shift.push_back(middle);
    side.exponent.push_back(size == 0 ? 0 : std::max(std::ilogb(size) + 1, -300));
    side.least.push_back(std::ldexp(least, -side.exponent.back()));
    side.most.push_back(std::ldexp(most, -side.exponent.back()));
  }
  std::vector<UpperBound> bound(y.cols());
  UpperBound all;
  for (Index l = 0; l < y.cols(); ++l) {
    for (Index k = 0; k < y.rows(); ++k)
      bound[l] = bound[l] + UpperBound::exactly(largest[k]) * UpperBound::exactly(std::fabs(y(k, l)));
    all = maximum(all, bound[l]);
  }
  require_range(all.value());
  side.value_exponent = all.value() == 0 ? 0 : std::max(std::ilogb(all.value()) + 1, -300);
  for (Index l = 0; l < y.cols(); ++l)
    side.value_perturbation.push_back(
        (gamma(y.rows()) * bound[l] * UpperBound::exactly(power_of_two(-side.value_exponent)) +
         UpperBound::exactly(0x1p-700))
            .value());
  return side;
}

}  // namespace

std::shared_ptr<const GradientPlan> gradient_plan(const GradientInput& input, ThreadCount) {
  auto result = std::make_shared<GradientPlan>();
  GradientPlan& plan = *result;
  plan.input = input;
  plan.n = input.a1->rows();
  plan.d = input.a1->cols();
  plan.columns = input.e->cols();
  plan.keys = input.x->cols();
  const bool one_side = input.sides.size() == 1;
  const Index d = plan.d;
  for (const GradientSide& side : input.sides) plan.sides.push_back(side_of(side, one_side));
  plan.target_factor = power_of_two(-plan.sides[0].value_exponent);
  if (!one_side) plan.target_second = power_of_two(-plan.sides[1].value_exponent);
  plan.pairs = 1;
  for (const KeySide& side : plan.sides) plan.pairs *= static_cast<double>(side.count);
  double largest = 0;
  for (Index i = 0; i < plan.n; ++i)
    for (Index a = 0; a < d; ++a) {
      const double size = std::fabs((*input.a1)(i, a));
      largest = size > largest ? size : largest;
    }
  require_range(largest);
  plan.query_exponent = largest == 0 ? 0 : std::max(std::ilogb(largest) + 1, -300);
  for (Index e = 0; e < input.e->size(); ++e) require_range(input.e->data()[e]);

  for (Index b = 0; b < plan.keys; ++b)
    if (one_side || (input.x->col(b).array() != 0).any()) plan.active.push_back(b);
  if (plan.active.empty()) plan.active.push_back(0);
  for (KeySide& side : plan.sides) side.variable_of.assign(d, -1);
  for (const Index b : plan.active) {
    const std::vector<Index> column = plan.key_columns(b);
    for (size_t s = 0; s < plan.sides.size(); ++s) {
      plan.sides[s].variable_of[column[s]] = static_cast<Index>(plan.sides[s].column_of.size());
      plan.sides[s].column_of.push_back(column[s]);
    }
    plan.factor.push_back(power_of_two(plan.sides[0].exponent[column[0]]));
    plan.second.push_back(one_side ? 1 : power_of_two(plan.sides[1].exponent[column[1]]));
  }

  // The interval of the scores.
  const Index width = static_cast<Index>(plan.active.size());
  const double dimension = static_cast<double>(d);
  const auto queries = [&](Index first, Index last) { return plan.queries(first, last); };
  const RowSizes sizes = row_sizes(plan.n, width, queries);
  plan.query_norm = square_root(sizes.power_sum[2]);
  const auto largest_weighted = [&](const std::vector<UpperBound>& weight) {
    double most = 0;
    for (Index first = 0; first < plan.n; first += block_of_tokens) {
      const std::vector<double> rows = queries(first, std::min(plan.n, first + block_of_tokens));
      for (size_t i = 0; i < rows.size(); i += static_cast<size_t>(width)) {
        double sum = 0;
        for (Index l = 0; l < width; ++l) sum += std::fabs(rows[i + l]) * weight[l].value();
        if (!(sum <= most)) most = sum;
      }
    }
    return std::isfinite(most) ? above(most) : UpperBound::infinite();
  };
  const auto of_side = [&](const KeySide& side) {
    if (!one_side)
      return row_sizes(side.count, width, [&](Index first, Index last) {
        return side.variables_of(side.scaled_keys(first, last));
      });
    return row_sizes(side.count, width,
                     [&](Index first, Index last) { return side.scaled_keys(first, last); });
  };
  std::vector<UpperBound> box(width);
  if (one_side) {
    const RowSizes keys = of_side(plan.sides[0]);
    for (Index l = 0; l < width; ++l)
      box[l] =
          UpperBound::exactly(std::fmax(std::fabs(plan.sides[0].least[l]), std::fabs(plan.sides[0].most[l])));
    const UpperBound norms = square_root(sizes.power_sum[2]) * square_root(keys.power_sum[2]);
    plan.half_width = plan.size = divide_by_at_least(minimum(largest_weighted(box), norms), dimension);
  } else {
    const TensorScoreInterval interval = tensor_score_interval(
        sizes, of_side(plan.sides[0]), of_side(plan.sides[1]), dimension, largest_weighted);
    plan.half_width = interval.half_width;
    plan.size = interval.size;
    plan.centre = interval.centre;
    for (Index l = 0; l < width; ++l) {
      const KeySide &s = plan.sides[0], &t = plan.sides[1];
      const Index b = plan.active[l];
      const Ends ends = product_ends({s.least[b / d], s.most[b / d]}, {t.least[b % d], t.most[b % d]});
      const double c = plan.centre.empty() ? 0 : plan.centre[l];
      box[l] = UpperBound::exactly(std::fmax(std::fabs(ends.low - c), std::fabs(ends.high - c)) + 0x1p-50);
    }
  }
  if (!plan.half_width.is_finite() || !plan.size.is_finite())
    throw std::overflow_error("scores exceed the range of a double");
  for (const UpperBound& b : box) plan.weight.push_back(b.value() * (1 + 0x1p-30) / dimension);

  // Scores move by the rounding of A1 X, of A2 - shift, and by underflow.
  std::vector<double> row_weight(d, 0.0);
  for (Index a = 0; a < d; ++a)
    for (Index l = 0; l < width; ++l)
      row_weight[a] += std::fabs((*input.x)(a, plan.active[l])) * plan.factor[l] * plan.second[l];
  double moved = 0;
  for (Index i = 0; i < plan.n; ++i) {
    double sum = 0;
    for (Index a = 0; a < d; ++a) sum += std::fabs((*input.a1)(i, a)) * row_weight[a];
    if (!(sum <= moved)) moved = sum;
  }
  if (!std::isfinite(moved)) throw std::overflow_error("scores exceed the range of a double");
  plan.perturbation = divide_by_at_least(gamma(d) * above(moved), dimension) + unit_roundoff() * plan.size +
                      UpperBound::exactly(0x1p-600) * (UpperBound::exactly(1) + sizes.power_sum[1]);

  // What the bound will be per delta, about: some keys, some rows, weights nearly even.
  constexpr Index sampled = 64;
  std::vector<ValueSums> sums;
  for (const KeySide& side : plan.sides) {
    sums.emplace_back(plan.columns, d);
    const Index step = std::max<Index>(1, side.count / sampled);
    sums.back().add(side.scaled_values(0, side.count, step), side.scaled_keys(0, side.count, step));
  }
  const ValueSizes values = value_sizes(plan, sums);
  std::vector<double> by_range(d, 0.0), by_variance(d, 0.0);
  const Index step = std::max<Index>(1, plan.n / sampled);
  double rows = 0;
  for (Index i = 0; i < plan.n; i += step, ++rows) {
    const RowVector target = plan.target(i);
    RowVector even(plan.columns + 1, 1.0);
    for (Index l = 0; l < plan.columns; ++l) {
      even[l] = 1;
      for (const ValueSums& side : sums) even[l] *= side.h[l] / side.count;
    }
    const RowErrors errors = row_step(even.data(), target.data(), values, 0, 0, 1.3, 2).errors;
    for (Index a = 0; a < d; ++a) {
      const double weight = std::fabs((*input.a1)(i, a)) * power_of_two(-plan.query_exponent);
      by_range[a] += weight * errors.by_range;
      by_variance[a] += weight * errors.by_variance;
    }
  }
  for (Index b = 0; b < plan.keys; ++b) {
    const KeyColumnSizes key = key_column_sizes(plan, sums, b);
    for (Index a = 0; a < d; ++a)
      plan.estimate = std::fmax(
          plan.estimate, std::ldexp(std::fmin(key.range / 4 * by_range[a], key.deviation * by_variance[a]) /
                                        rows * static_cast<double>(plan.n) / dimension,
                                    plan.exponent_of(b)));
  }
  return result;
}

namespace {

/// What rounding makes of a mean of numbers at most 1, or of a product of four such means.
double room_of_sums(const GradientPlan& plan) {
  double room = 0x1p-40;
  for (const KeySide& side : plan.sides) room += 0x1p-49 * static_cast<double>(side.count);
  return room;
}

}  // namespace

ValueSizes value_sizes(const GradientPlan& plan, const std::vector<ValueSums>& sums) {
  const Index columns = plan.columns;
  ValueSizes values;
  values.sigma.assign(columns * columns, 0.0);
  const double room = room_of_sums(plan) * static_cast<double>(columns);
  for (Index l = 0; l < columns; ++l) {
    Ends ends{sums[0].least[l], sums[0].most[l]};
    double perturbation = plan.sides[0].value_perturbation[l];
    if (sums.size() == 2) {
      ends = product_ends(ends, {sums[1].least[l], sums[1].most[l]});
      perturbation +=
          plan.sides[1].value_perturbation[l] + perturbation * plan.sides[1].value_perturbation[l];
    }
    values.size.push_back((std::fmax(std::fabs(ends.low), std::fabs(ends.high)) + 0x1p-700) * (1 + 0x1p-50));
    values.range.push_back((ends.high - ends.low) * (1 + 0x1p-50) + 2 * perturbation);
    values.perturbation.push_back(perturbation * (1 + 0x1p-50));
    values.squared_ranges += values.range[l] * values.range[l] * slack;
  }
  for (Index l = 0; l < columns; ++l)
    for (Index m = 0; m <= l; ++m) {
      double square = 1, mean = 1;
      for (size_t s = 0; s < sums.size(); ++s) {
        const double count = sums[s].count;
        square *= sums[s].hh[l * columns + m] / count;
        mean *= sums[s].h[l] / count * (sums[s].h[m] / count);
      }
      values.sigma[l * columns + m] = values.sigma[m * columns + l] = square - mean;
    }
  for (Index l = 0; l < columns; ++l) {
    double sum = room;
    for (Index m = 0; m < columns; ++m) sum += std::fabs(values.sigma[l * columns + m]);
    values.largest_eigenvalue = std::fmax(values.largest_eigenvalue, sum * slack);  // Gershgorin
    values.sigma[l * columns + l] = values.sigma[l * columns + l] * slack + room;
  }
  return values;
}

KeyColumnSizes key_column_sizes(const GradientPlan& plan, const std::vector<ValueSums>& sums, Index b) {
  const std::vector<Index> column = plan.key_columns(b);
  Ends ends{plan.sides[0].least[column[0]], plan.sides[0].most[column[0]]};
  double square = 1, mean = 1;
  for (size_t s = 0; s < sums.size(); ++s) {
    if (s == 1) ends = product_ends(ends, {plan.sides[1].least[column[1]], plan.sides[1].most[column[1]]});
    const double count = sums[s].count;
    square *= sums[s].yy[column[s]] / count;
    mean *= sums[s].y[column[s]] / count;
  }
  const double room = room_of_sums(plan);
  return {std::fmax(std::fabs(ends.low), std::fabs(ends.high)) * (1 + 0x1p-50) + 0x1p-700,
          (ends.high - ends.low) * (1 + 0x1p-50) + 0x1p-700,
          std::sqrt(std::fmax(0, square * slack - mean * mean) + room) * slack};
}

namespace {

/// A group's sums, made by its first block: few tokens have one group only.
template <class Sums, class... Shape>
Sums& of_group(std::optional<Sums>& sums, Shape... shape) {
  if (!sums) sums.emplace(shape...);
  return *sums;
}

bool is_small(double operations) { return operations < 4e5; }  // one thread is done before others have begun

/// In T: the products with features; c, gamma, tables and the contraction: in double.
template <class T>
AttentionResult by_features(const GradientPlan& plan, const CertifiedPolynomial& polynomial,
                            ThreadCount threads) {
  const Stopwatch stopwatch;
  const Index n = plan.n, d = plan.d, columns = plan.columns, D = static_cast<Index>(plan.active.size());
  const long g = polynomial.polynomial.degree().value;
  const std::vector<double> coefficients = coefficients_in_doubles(polynomial.polynomial);
  const auto tree = monomials_of(D, {g});
  const Index rank = tree->tree.rank, width = columns + 1, entries = plan.keys + 1;

  // Moments of the keys, and sizes of the values on the way.
  const bool higher = std::all_of(plan.sides.begin(), plan.sides.end(), [&](const KeySide& side) {
    return D == d &&
           std::all_of(side.variable_of.begin(), side.variable_of.end(), [](Index l) { return l >= 0; });
  });
  const auto key_tree = higher ? monomials_of(D, {g + 1}) : tree;
  const Index key_columns = higher ? columns : columns + d + columns * d;
  double work = static_cast<double>(n) * static_cast<double>(rank * (width * (d + 1) + 2));
  for (const KeySide& side : plan.sides)
    work += static_cast<double>(side.count) * static_cast<double>(key_tree->tree.rank * (key_columns + 2));
  if (is_small(work)) threads = {1};
  std::vector<std::vector<std::optional<ValueSums>>> group_sums(
      plan.sides.size(), std::vector<std::optional<ValueSums>>(most_groups));
  std::vector<Tokens> sets;
  for (size_t s = 0; s < plan.sides.size(); ++s)
    sets.push_back({plan.sides[s].count, key_columns, [&, s](Index first, Index last, Index group) {
                      const KeySide& side = plan.sides[s];
                      const std::vector<double> keys = side.scaled_keys(first, last),
                                                values = side.scaled_values(first, last);
                      of_group(group_sums[s][group], columns, d).add(values, keys);
                      if (higher) return TokenBlock{side.variables_of(keys), values};
                      std::vector<double> all((last - first) * key_columns);
                      for (Index j = 0; j < last - first; ++j) {
                        double* row = all.data() + j * key_columns;
                        for (Index l = 0; l < columns; ++l) row[l] = values[j * columns + l];
                        for (Index b = 0; b < d; ++b) row[columns + b] = keys[j * d + b];
                        for (Index l = 0; l < columns; ++l)
                          for (Index b = 0; b < d; ++b)
                            row[columns + d + l * d + b] = values[j * columns + l] * keys[j * d + b];
                      }
                      return TokenBlock{side.variables_of(keys), std::move(all)};
                    }});
  std::vector<std::vector<double>> sums = moments<T>(*key_tree, sets, threads);
  std::vector<KeyMoments> side_moments;
  std::vector<ValueSums> side_sums;
  for (size_t s = 0; s < plan.sides.size(); ++s) {
    side_moments.push_back(
        {key_tree, higher, columns, d, key_columns + 1, std::move(sums[s]), &plan.sides[s]});
    ValueSums total(columns, d);
    for (const auto& part : group_sums[s])
      if (part) total.add(*part);
    side_sums.push_back(std::move(total));
  }

  // M_m[l, b] over all keys, b = -1 (for 1) first; then w_m M_m.
  std::vector<double> table(rank * width * entries);
  for (Index m = 0; m < rank; ++m)
    for (Index l = 0; l < width; ++l) {
      double* row = table.data() + (m * width + l) * entries;
      if (plan.sides.size() == 1) {
        for (Index b = -1; b < plan.keys; ++b) row[b + 1] = side_moments[0](m, l, b);
        continue;
      }
      row[0] = side_moments[0](m, l, -1) * side_moments[1](m, l, -1);
      for (Index s = 0; s < d; ++s) {
        const double first = side_moments[0](m, l, s);
        for (Index t = 0; t < d; ++t) row[1 + s * d + t] = first * side_moments[1](m, l, t);
      }
    }
  const bool shifted = !plan.centre.empty();
  if (shifted) table = shifted_moments(*tree, std::move(table), width * entries, plan.centre);
  const std::vector<double> weights = rounded_weights(*tree, coefficients, static_cast<double>(d));
  std::vector<double> forward(rank * width);
  for (Index m = 0; m < rank; ++m)
    for (Index l = 0; l < width; ++l) {
      double* row = table.data() + (m * width + l) * entries;
      for (Index b = 0; b < entries; ++b) row[b] *= weights[m];
      forward[m * width + l] = row[0];
    }

  // docs/kernels_tensor_gradient.md, section 2.
  const long side_count = static_cast<long>(plan.sides.size());
  const TermRoundings key_roundings =
      side_count * (moment_roundings<T>(g + 1) + TermRoundings{0, 1}) +
      TermRoundings{0, side_count - 1 + (shifted ? 2 * g : 0) + weight_roundings(g) + 1};
  const GradientGuarantee guarantee(
      plan, polynomial, std::move(side_sums),
      {gamma<T>(key_roundings + evaluation_roundings<T>(g, rank)),
       gamma<T>(key_roundings + moment_roundings<T>(g) + TermRoundings{0, 1 + 2 + 2 + 2}),
       sizeof(T) == 8 ? UpperBound::exactly(0x1p-600) : underflow_error<T>() * UpperBound::exactly(4)});

  // Queries: sums, c, gamma, and the moments of A1 gamma.
  const RowEvaluation<T> evaluation(*tree, forward, width);
  std::vector<std::optional<ErrorSums>> group_errors(most_groups);
  const double query_factor = guarantee.query_factor();
  const Tokens queries{
      n, width * d, [&](Index first, Index last, Index group) {
        TokenBlock block{plan.queries(first, last), std::vector<double>((last - first) * width * d)};
        const std::vector<double> rows = evaluation.rows(block.variables),
                                  gammas = guarantee.rows(first, block.variables, rows.data(),
                                                          of_group(group_errors[group], d));
        for (Index i = 0; i < last - first; ++i)
          for (Index l = 0; l < width; ++l)
            for (Index a = 0; a < d; ++a)
              block.columns[(i * width + l) * d + a] =
                  (*plan.input.a1)(first + i, a) * query_factor * gammas[i * width + l];
        return block;
      }};
  const std::vector<double> of_queries = moments<T>(*tree, {queries}, threads).front();
  ErrorSums errors(d);
  for (const auto& part : group_errors)
    if (part) errors.add(*part);

  // Each term is added by itself: no more than the 2 roundings that are counted. All entries side by side, as
  // one entry's sum waits for itself.
  std::vector<double> gradient(d * plan.keys, 0.0), low(gradient);
  for (Index m = 0; m < rank; ++m)
    for (Index l = 0; l < width; ++l)
      for (Index a = 0; a < d; ++a) {
        const double of_query = of_queries[m * (width * d + 1) + l * d + a];
        const double* of_keys = table.data() + (m * width + l) * entries + 1;
        for (Index b = 0; b < plan.keys; ++b)
          cpu::compensated_add(gradient[a * plan.keys + b], low[a * plan.keys + b], of_query * of_keys[b]);
      }
  for (size_t e = 0; e < gradient.size(); ++e) gradient[e] = (gradient[e] + low[e]) / static_cast<double>(d);
  AttentionResult result = guarantee.result(gradient, errors);
  result.seconds = stopwatch.seconds();
  return result;
}

}  // namespace

AttentionResult polynomial_gradient(const GradientPlan& plan, const CertifiedPolynomial& polynomial,
                                    ThreadCount threads) {
  if (polynomial.kind != ErrorKind::relative || !(plan.half_width <= polynomial.half_width))
    throw std::domain_error("polynomial gradient: a relative approximation on the whole score interval");
  if (current_device() != Device::cpu) return polynomial_gradient_on_device(plan, polynomial);
  return current_arithmetic() == Arithmetic::in_float ? by_features<float>(plan, polynomial, threads)
                                                      : by_features<double>(plan, polynomial, threads);
}

namespace {

/// Relative errors of a row's sums of weights, where `proved`, and what each weight may be off by besides
/// (docs/kernels_tensor_gradient.md, section 2).
struct WeightErrors {
  double relative, lost;
  bool proved;
};
/// A weight is off by a factor within e^(+-score_error), a sum of weights by gamma_p besides, p roundings a
/// term and one more of the column's product.
template <class T>
WeightErrors weight_errors(const GradientPlan& plan, TermRoundings sums) {
  const Index d = plan.d;
  const auto number = [](double x) { return UpperBound::exactly(x); };
  if constexpr (sizeof(T) == 8) {
    const UpperBound score_error = gamma(2 * d + 3) * plan.size + plan.perturbation +
                                   unit_roundoff() * plan.size * number(2.1) + number(9 * u) +
                                   number(0x1p-1000);
    return {(score_error * number(1.01) + gamma(2 * sums.total() + 4)).value(), 0x1p-700,
            score_error.value() < 0x1p-8};
  }
  // x_i of a key of the first side in double; rounded, as the key of the second is, divided by d, and d fused
  // operations: in float. The columns' products are rounded to float, too. Of the largest weight, which is
  // about 1 or all are above e^-40, others and their products lose less than 2^-90.
  const UpperBound score_error = gamma<T>(TermRoundings{d + 3, 2 * d}) * plan.size + plan.perturbation +
                                 underflow_error<T>() * number(static_cast<double>((4 * d + 4) * d)) *
                                     maximum(number(1), plan.query_norm) +
                                 unit_roundoff<T>() * number(cpu::exp_error_in_roundoffs + 1);
  const UpperBound of_sums = gamma<T>(sums + TermRoundings{roundings_of_entries<T>, 1});
  return {((score_error + of_sums) * number(1.01)).value(), 0x1p-90, score_error.value() < 0x1p-8};
}

/// In T: scores, weights and sums over a block of keys; larger scores of pairs: in double only.
template <class T>
AttentionResult fused(const GradientPlan& plan, ThreadCount threads) {
  const Stopwatch stopwatch;
  const Index n = plan.n, d = plan.d, columns = plan.columns, width = columns + 1,
              D = static_cast<Index>(plan.active.size());
  const bool one_side = plan.sides.size() == 1;
  // The last side is the second of the pairs; for one side, the first is a single key of one variable.
  const KeySide& inner = plan.sides.back();
  const Index per_side = width * (d + 1);  // [h, 1] (x) [y, 1], the column of ones last
  const auto column_of = [&](Index l, Index b) { return l * (d + 1) + (b < 0 ? d : b); };  // b = -1: 1
  std::vector<ValueSums> side_sums;
  std::vector<double> second_keys, second_columns, first_keys, first_columns;
  for (const KeySide& side : plan.sides) {
    const std::vector<double> keys = side.scaled_keys(0, side.count), h = side.scaled_values(0, side.count);
    side_sums.emplace_back(columns, d).add(h, keys);
    const bool is_inner = &side == &inner;
    const Index kept = is_inner ? per_side - 1 : per_side;  // ones are appended to the inner side
    std::vector<double> all(side.count * kept);
    for (Index j = 0; j < side.count; ++j)
      for (Index l = 0; l < width; ++l)
        for (Index b = -1; b < d; ++b)
          if (column_of(l, b) < kept)
            all[j * kept + column_of(l, b)] =
                (l < columns ? h[j * columns + l] : 1) * (b < 0 ? 1 : keys[j * d + b]);
    (is_inner ? second_keys : first_keys) = keys;
    (is_inner ? second_columns : first_columns) = std::move(all);
  }
  if (one_side) first_keys = first_columns = {1};
  const ValueSizes values = value_sizes(plan, side_sums);
  std::vector<cpu::ColumnPair> column_pairs;
  for (Index l = 0; l < width; ++l) {
    if (one_side)
      for (Index b = -1; b < d; ++b) column_pairs.push_back({0, column_of(l, b)});
    else {
      column_pairs.push_back({column_of(l, -1), column_of(l, -1)});
      for (Index s = 0; s < d; ++s)
        for (Index t = 0; t < d; ++t) column_pairs.push_back({column_of(l, s), column_of(l, t)});
    }
  }
  const Index entries = plan.keys + 1;
  std::vector<T> room[2];
  const PairRows<T> rows{{first_keys.data(), first_columns.data(), one_side ? 1 : plan.sides[0].count,
                          one_side ? 1 : d, one_side ? 1 : per_side},
                         rows_in(second_keys, room[0], inner.count, d),
                         rows_in(second_columns, room[1], inner.count, per_side - 1),
                         column_pairs,
                         plan.size.value()};
  // Large scores of pairs: a row at a time, below its largest score.
  const bool tiles = rows.fits();
  const Index stride = (inner.count + cpu::vector_of_keys - 1) / cpu::vector_of_keys * cpu::vector_of_keys;
  std::vector<double> keys_across, columns_across;
  if (!tiles) {
    keys_across.assign(d * stride, 0.0);
    columns_across.assign(per_side * stride, 0.0);
    for (Index j = 0; j < inner.count; ++j) {
      for (Index b = 0; b < d; ++b) keys_across[b * stride + j] = second_keys[j * d + b];
      for (Index c = 0; c < per_side; ++c)
        columns_across[c * stride + j] = c < per_side - 1 ? second_columns[j * (per_side - 1) + c] : 1;
    }
  }

  const auto [relative, lost, proved] =
      weight_errors<T>(plan, tiles ? rows.roundings()
                                   : TermRoundings{0, cpu::pair_roundings(rows.first.visible, inner.count)});
  constexpr Index rows_of_a_task = PairRows<T>::rows_of_a_group;
  const Index tasks = (n + rows_of_a_task - 1) / rows_of_a_task;
  struct Part {
    std::vector<double> gradient;
    ErrorSums errors;
  };
  std::vector<Part> parts(tasks);
  const double query_factor = power_of_two(-plan.query_exponent);
  parallel_for(tasks, threads, [&, relative = relative, lost = lost](long task) {
    Part& part = parts[task];
    part.gradient.assign(d * plan.keys, 0.0);
    part.errors = ErrorSums(d);
    const Index from = task * rows_of_a_task, to = std::min(n, from + rows_of_a_task),
                size = rows.first.dimension * d;
    const std::vector<double> x = plan.queries(from, to);
    std::vector<double> queries((to - from) * size, 0.0), of_row(column_pairs.size()), sums(width), a1(d);
    for (Index i = 0; i < to - from; ++i)
      for (Index l = 0; l < D; ++l) queries[i * size + plan.active[l]] = x[i * D + l];
    const std::vector<double> of_rows = tiles ? rows.sums(queries) : std::vector<double>();
    for (Index i = from; i < to; ++i) {
      if (tiles)
        for (size_t p = 0; p < of_row.size(); ++p)
          of_row[p] = of_rows[static_cast<Index>(p) * PairRows<T>::rows_of_a_group + i - from];
      else
        of_row = cpu::pair_sums(queries.data() + (i - from) * size, static_cast<double>(d), rows.first,
                                {keys_across.data(), columns_across.data(), inner.count, d, per_side, stride},
                                column_pairs, plan.size.value());
      for (Index l = 0; l < width; ++l) sums[l] = of_row[l * entries];
      const RowVector target = plan.target(i);
      const double scale = relative * sums[columns] * (1 + 0x1p-20) + plan.pairs * lost;
      const RowStep row = row_step(sums.data(), target.data(), values, scale, scale, plan.pairs, 2);
      for (Index a = 0; a < d; ++a) a1[a] = (*plan.input.a1)(i, a) * query_factor;
      part.errors.add(row, a1.data(), values);
      for (Index b = 0; b < plan.keys; ++b) {
        double entry = 0;
        for (Index l = 0; l < width; ++l) entry += row.gamma[l] * of_row[l * entries + 1 + b];
        for (Index a = 0; a < d; ++a) part.gradient[a * plan.keys + b] += a1[a] * entry;
      }
    }
  });

  AttentionResult result;
  result.half_width = plan.half_width;
  result.output.resize(d, plan.keys);
  result.bound_rounding = UpperBound();
  ErrorSums errors(d);
  for (const Part& part : parts) errors.add(part.errors);
  const double of_sums = (gamma(rows_of_a_task + width + 8) * UpperBound::exactly(2.1)).value();
  for (Index b = 0; b < plan.keys; ++b) {
    const KeyColumnSizes key = key_column_sizes(plan, side_sums, b);
    const int exponent = plan.exponent_of(b);
    for (Index a = 0; a < d; ++a) {
      double high = 0, low = 0;
      for (const Part& part : parts) cpu::compensated_add(high, low, part.gradient[a * plan.keys + b]);
      const double entry = (high + low) / static_cast<double>(d);
      result.output(a, b) = std::ldexp(entry, exponent);
      const double rounding =
          (errors.rounding[a] + of_sums * errors.size[a]) * key.size / static_cast<double>(d) +
          2 * u * std::fabs(entry) + 0x1p-900;
      result.bound_rounding =
          maximum(result.bound_rounding,
                  errors.finite && proved ? in_units(rounding, exponent) : UpperBound::infinite());
    }
  }
  if (!result.output.allFinite()) result.bound_rounding = UpperBound::infinite();
  result.bound = result.bound_approximation + result.bound_rounding;
  result.seconds = stopwatch.seconds();
  return result;
}

}  // namespace

Arithmetic exact_gradient_arithmetic(const GradientPlan& plan) {
  const double most = plan.sides.size() == 1 ? cpu::most_score<float> : PairRows<float>::most_score;
  return current_device() == Device::cpu && plan.size.value() <= most ? exact_arithmetic()
                                                                      : Arithmetic::in_double;
}
AttentionResult exact_gradient(const GradientPlan& plan, ThreadCount threads) {
  return exact_gradient_arithmetic(plan) == Arithmetic::in_float ? fused<float>(plan, threads)
                                                                 : fused<double>(plan, threads);
}

}  // namespace attnbounds
