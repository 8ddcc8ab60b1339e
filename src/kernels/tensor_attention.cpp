#include "kernels/tensor_attention.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/pair_prefix.hpp"
#include "kernels/cpu/tensor_softmax.hpp"
#include "kernels/cuda/kernels.hpp"
#include "kernels/device_attention.hpp"
#include "kernels/prefix_sums.hpp"
#include "kernels/tensor_moments.hpp"
#include "kernels/tensor_pair_rows.hpp"
#include "numeric/double_double.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/stopwatch.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

// Values times a power of two, so that the largest is in [1/2, 1): then no product of two is tiny or huge.
struct ValueScale {
  int exponent = 0;    // values = scaled 2^exponent
  UpperBound largest;  // of the scaled ones, at most 1
  ScaledColumns columns;
};
ValueScale value_scale(const Matrix<double>& v) {
  ValueScale scale;
  const double largest = max_abs(v);
  if (largest > 0) scale.exponent = std::ilogb(largest) + 1;
  scale.largest = UpperBound::exactly(std::ldexp(largest, -scale.exponent));
  const int half = scale.exponent / 2;  // 2^-exponent may be beyond the doubles; its parts are not
  for (Index c = 0; c < v.cols(); ++c) {
    scale.columns.column.push_back(c);
    scale.columns.factor.push_back(std::ldexp(1.0, -half));
    scale.columns.second.push_back(std::ldexp(1.0, half - scale.exponent));
  }
  return scale;
}

// The parts of the answer that both precisions share.
AttentionResult result_of(const TensorScores& scores, const MonomialTree& tree) {
  AttentionResult result;
  result.method = AttentionMethod::polynomial;
  result.degree = tree.degree;
  result.rank = tree.rank;
  result.half_width = scores.interval.half_width;
  return result;
}

// Bounds in the units of the scaled values, in those of V1 V2.
void unscale(AttentionResult& result, int exponent, UpperBound approximation, UpperBound rounding) {
  const auto in_units = [&](UpperBound x) {
    if (!x.is_finite() || x.value() == 0) return x;
    // ldexp rounds where the result is subnormal, and overflows to infinity
    return UpperBound::exactly(std::ldexp(x.value(), exponent)) + underflow_error();
  };
  result.bound_approximation = in_units(approximation);
  result.bound_rounding = in_units(rounding);
  result.bound = result.bound_approximation + result.bound_rounding;
}

AttentionResult zero_result(AttentionResult result, Index n, Index columns) {
  result.output = Matrix<double>::Zero(n, columns);
  result.bound_approximation = result.bound_rounding = result.bound = UpperBound();
  return result;
}

void require_fits(const TensorScores& scores, const CertifiedPolynomial& polynomial) {
  if (polynomial.kind != ErrorKind::relative || !(scores.interval.half_width <= polynomial.half_width))
    throw std::domain_error("tensor attention: a relative approximation on the whole score interval");
}

// Underflow of one sum N_ic or D_i, at most (docs/kernels_tensor_gradient.md, section 1): eta n_k 4^g Q^g
// 64 (g+1) (r + P_abs(1)).
template <class T>
UpperBound underflow_of(const MonomialTree& tree, const std::vector<double>& coefficients, UpperBound keys,
                        UpperBound query_size) {
  const long g = tree.degree.value;
  return underflow_error<T>() * keys *
         power(UpperBound::exactly(4) * maximum(query_size, UpperBound::exactly(1)), g) *
         UpperBound::exactly(64 * static_cast<double>(g + 1)) *
         (UpperBound::exactly(static_cast<double>(tree.rank)) +
          absolute_polynomial(coefficients, UpperBound::exactly(1)));
}

// The sums of both sides' tokens, as over_chunks asks for.
template <class T>
struct PairSums {
  cpu::KeySums<T> first, second;
  void rest() {
    first.rest();
    second.rest();
  }
  PairSums copy() const { return {first.copy(), second.copy()}; }
  void add(const PairSums& later) {
    first.add(later.first);
    second.add(later.second);
  }
};

// Of a term w_a q^a k1^a v1 k2^a v2 on its way into a causal row.
template <class T>
TermRoundings causal_roundings(long g, long rank) {
  const TermRoundings before = moment_roundings<T>(g);
  const long entries = roundings_of_entries<T>,
             of_block = (g + 1) * entries + cpu::prefix_block_roundings<T>(g);
  return 2 * TermRoundings{std::max(before.narrow, of_block), before.wide} +
         TermRoundings{g * entries + cpu::pair_prefix_roundings(g),
                       cpu::pair_prefix_wide_roundings<T>(rank) + weight_roundings(g)};
}

/// In T: the products with features and each row's sums; all sums over earlier blocks in double.
template <class T>
AttentionResult causal(const TensorAttentionInput& input, const TensorScores& scores,
                       const CertifiedPolynomial& polynomial, ThreadCount threads) {
  if (!scores.interval.centre.empty())
    throw std::domain_error("tensor attention: scores without a shift under a mask");
  const Stopwatch stopwatch;
  const Index n = input.q.rows(), d = input.q.cols(), columns = input.v1.cols(), width = columns + 1;
  const long g = polynomial.polynomial.degree().value;
  const std::vector<double> coefficients = coefficients_in_doubles(polynomial.polynomial);
  const auto monomials = monomials_of(d, {g});
  const MonomialTree& tree = monomials->tree;
  const cpu::Features features = features_of(tree);
  const ValueScale v1 = value_scale(input.v1), v2 = value_scale(input.v2);
  AttentionResult result = result_of(scores, tree);
  const UpperBound value = v1.largest * v2.largest;
  if (value.value() == 0) return zero_result(result, n, columns);
  const std::vector<double> weights = rounded_weights(*monomials, coefficients, static_cast<double>(d));
  result.output.resize(n, columns);

  struct Part {
    double least_mean = INFINITY, largest_quotient = 0;
    bool finite = true;
  };
  std::vector<Part> parts(most_chunks);
  const int exponent = v1.exponent + v2.exponent;
  const auto add = [&](PairSums<T>& sums, Index first, Index last) {
    std::vector<T> room[2];
    for (Index from = first; from < last; from += block_of_tokens) {
      const Index to = std::min(last, from + block_of_tokens), count = to - from;
      const auto side = [&](cpu::KeySums<T>& of, const Matrix<double>& k, const ScaledColumns& key_scale,
                            const Matrix<double>& v, const ScaledColumns& of_values) {
        const std::vector<double> keys = scaled_rows(k, key_scale, from, to),
                                  y = scaled_rows(v, of_values, from, to);
        of.add(rows_in(keys, room[0], count, d), rows_in(y, room[1], count, columns), 0, count);
      };
      side(sums.first, input.k1, scores.keys1, input.v1, v1.columns);
      side(sums.second, input.k2, scores.keys2, input.v2, v2.columns);
    }
  };
  over_chunks(
      n, 2 * tree.rank * width * 16, threads,
      [&] {
        return PairSums<T>{cpu::KeySums<T>(features, columns), cpu::KeySums<T>(features, columns)};
      },
      add,
      [&](long chunk, Index first, Index last, PairSums<T>& sums) {
        cpu::PairPrefix<T> prefix(features, weights, width, sums.first.sums(), sums.second.sums());
        Part& part = parts[chunk];
        std::vector<double> row(width);
        std::vector<T> room[5];
        for (Index from = first; from < last; from += block_of_tokens) {
          const Index to = std::min(last, from + block_of_tokens);
          const auto tokens = [&](const Matrix<double>& m, const ScaledColumns& scale, std::vector<T>& into) {
            const std::vector<double> rows = scaled_rows(m, scale, from, to);
            into.assign(rows.begin(), rows.end());
            return into.data();
          };
          const T *q = tokens(input.q, scores.queries, room[0]),
                  *k1 = tokens(input.k1, scores.keys1, room[1]),
                  *k2 = tokens(input.k2, scores.keys2, room[2]), *y1 = tokens(input.v1, v1.columns, room[3]),
                  *y2 = tokens(input.v2, v2.columns, room[4]);
          for (Index t = 0; t < to - from; ++t) {
            prefix.row(q + t * d, k1 + t * d, y1 + t * columns, k2 + t * d, y2 + t * columns, row.data());
            const double denominator = row[columns], seen = static_cast<double>(from + t + 1),
                         mean = denominator / (seen * seen);
            part.finite = part.finite && std::isfinite(denominator);
            part.least_mean = mean < part.least_mean ? mean : part.least_mean;
            for (Index c = 0; c < columns; ++c) {
              const double quotient = row[c] / denominator;
              part.largest_quotient = std::fmax(part.largest_quotient, std::fabs(quotient));
              result.output(from + t, c) = exponent == 0 ? quotient : std::ldexp(quotient, exponent);
              part.finite = part.finite && std::isfinite(result.output(from + t, c));
            }
          }
        }
      });

  // As without a mask, with sums over k pairs in units of k: section 1 of docs/kernels_tensor_gradient.md.
  Part all;
  for (const Part& part : parts) {
    all.finite = all.finite && part.finite;
    all.least_mean = std::fmin(all.least_mean, part.least_mean);
    all.largest_quotient = std::fmax(all.largest_quotient, part.largest_quotient);
  }
  UpperBound rounding = UpperBound::infinite();
  if (all.finite && n <= most_tokens) {
    const UpperBound one = UpperBound::exactly(1);
    const UpperBound sum_error = gamma<T>(causal_roundings<T>(g, tree.rank)) *
                                     absolute_polynomial(coefficients, scores.interval.size) +
                                 underflow_of<T>(tree, coefficients, one, scores.query_norm);
    rounding = divide_by_at_least((sum_error + sum_error) * value * UpperBound::exactly(1 + 0x1p-40),
                                  all.least_mean) +
               scores.perturbation * value + unit_roundoff() * UpperBound::exactly(all.largest_quotient) +
               underflow_error() * UpperBound::exactly(8);
  }
  unscale(result, exponent, perturbation_bound(polynomial.error) * value, rounding);
  result.seconds = stopwatch.seconds();
  return result;
}

/// All pairs of keys. In T: the products with features; scales, the table of pairs, quotients: in double.
template <class T>
AttentionResult all_pairs(const TensorAttentionInput& input, const TensorScores& scores,
                          const CertifiedPolynomial& polynomial, ThreadCount threads) {
  const Stopwatch stopwatch;
  const Index n = input.q.rows(), m1 = input.k1.rows(), m2 = input.k2.rows(), d = input.q.cols(),
              columns = input.v1.cols(), width = columns + 1;
  const long g = polynomial.polynomial.degree().value;
  const std::vector<double> coefficients = coefficients_in_doubles(polynomial.polynomial);
  const auto monomials = monomials_of(d, {g});
  const MonomialTree& tree = monomials->tree;
  const ValueScale v1 = value_scale(input.v1), v2 = value_scale(input.v2);
  AttentionResult result = result_of(scores, tree);
  const UpperBound value = v1.largest * v2.largest;
  if (value.value() == 0) return zero_result(result, n, columns);

  if (static_cast<double>((n + m1 + m2) * tree.rank * (width + 1)) < 3e6)
    threads = {1};  // done before others begin

  // S_s = Phi(K_s)^T [V_s, 1]; T = diag(w) (S_1 o S_2), shifted
  const auto keys = [](const Matrix<double>& k, const ScaledColumns& key_scale, const Matrix<double>& v,
                       const ScaledColumns& of_values) {
    return Tokens{
        k.rows(), v.cols(), [&](Index first, Index last, Index) {
          return TokenBlock{scaled_rows(k, key_scale, first, last), scaled_rows(v, of_values, first, last)};
        }};
  };
  const auto sums = moments<T>(*monomials,
                               {keys(input.k1, scores.keys1, input.v1, v1.columns),
                                keys(input.k2, scores.keys2, input.v2, v2.columns)},
                               threads);
  std::vector<double> table(tree.rank * width);
  for (size_t e = 0; e < table.size(); ++e)
    table[e] = sums[0][e] * sums[bug(Bug::first_side_squared) ? 0 : 1][e];
  const bool shifted = !scores.interval.centre.empty();
  if (shifted) table = shifted_moments(*monomials, std::move(table), width, scores.interval.centre);
  const std::vector<double> weights = rounded_weights(*monomials, coefficients, static_cast<double>(d));
  for (Index a = 0; a < tree.rank; ++a)
    for (Index c = 0; c < width; ++c) table[a * width + c] *= weights[a];

  // rows
  result.output.resize(n, columns);
  const RowEvaluation<T> evaluation(*monomials, table, width);
  struct Part {
    double least_denominator = INFINITY, largest_quotient = 0;
    bool finite = true;
  };
  const Index rows_of_a_task = block_of_tokens / 4, tasks = (n + rows_of_a_task - 1) / rows_of_a_task;
  std::vector<Part> parts(tasks);
  const int exponent = v1.exponent + v2.exponent;
  parallel_for(tasks, threads, [&](long task) {
    const Index first = task * rows_of_a_task, last = std::min(n, first + rows_of_a_task);
    const std::vector<double> rows = evaluation.rows(scaled_rows(input.q, scores.queries, first, last));
    Part part;
    for (Index i = first; i < last; ++i) {
      const double* row = rows.data() + (i - first) * width;
      const double denominator = row[columns];
      part.finite = part.finite && std::isfinite(denominator);
      part.least_denominator = denominator < part.least_denominator ? denominator : part.least_denominator;
      for (Index c = 0; c < columns; ++c) {
        const double quotient = row[c] / denominator;
        part.finite = part.finite && std::isfinite(quotient);
        part.largest_quotient =
            std::fabs(quotient) > part.largest_quotient ? std::fabs(quotient) : part.largest_quotient;
        result.output(i, c) = exponent == 0 ? quotient : std::ldexp(quotient, exponent);
        part.finite = part.finite && std::isfinite(result.output(i, c));
      }
    }
    parts[task] = part;
  });

  // The bound, section 1 of docs/kernels_tensor_gradient.md.
  Part all;
  for (const Part& part : parts) {
    all.finite = all.finite && part.finite;
    all.least_denominator = std::fmin(all.least_denominator, part.least_denominator);
    all.largest_quotient = std::fmax(all.largest_quotient, part.largest_quotient);
  }
  UpperBound rounding = UpperBound::infinite();
  if (all.finite && std::max(m1, m2) <= most_tokens) {
    const UpperBound pairs =
        UpperBound::exactly(static_cast<double>(m1)) * UpperBound::exactly(static_cast<double>(m2));
    const TermRoundings roundings = 2 * moment_roundings<T>(g) +
                                    TermRoundings{0, 1 + (shifted ? 2 * g : 0) + weight_roundings(g) + 1} +
                                    evaluation_roundings<T>(g, tree.rank);
    const UpperBound sum_error =
        gamma<T>(roundings) * pairs * absolute_polynomial(coefficients, scores.interval.size) +
        underflow_of<T>(tree, coefficients, pairs, scores.query_norm);
    rounding = divide_by_at_least((sum_error + sum_error) * value, all.least_denominator) +
               scores.perturbation * value + unit_roundoff() * UpperBound::exactly(all.largest_quotient) +
               underflow_error() * UpperBound::exactly(8);
  }
  unscale(result, exponent, perturbation_bound(polynomial.error) * value, rounding);
  result.seconds = stopwatch.seconds();
  return result;
}

}  // namespace

AttentionResult polynomial_tensor_attention(const TensorAttentionInput& input, const TensorScores& scores,
                                            const CertifiedPolynomial& polynomial, ThreadCount threads,
                                            Mask mask) {
  input.validate(mask);
  if (current_device() != Device::cpu) {
    if (mask == Mask::causal)
      throw InputError("--device", "cpu (causal tensor attention by features has no device kernel)", "cuda");
    return polynomial_tensor_attention_on_device(input, scores, polynomial);
  }
  require_fits(scores, polynomial);
  const bool in_float = current_arithmetic() == Arithmetic::in_float;
  if (mask == Mask::causal)
    return in_float ? causal<float>(input, scores, polynomial, threads)
                    : causal<double>(input, scores, polynomial, threads);
  return in_float ? all_pairs<float>(input, scores, polynomial, threads)
                  : all_pairs<double>(input, scores, polynomial, threads);
}

AttentionResult polynomial_tensor_attention_twofold(const TensorAttentionInput& input,
                                                    const TensorScores& scores,
                                                    const CertifiedPolynomial& polynomial,
                                                    ThreadCount threads) {
  input.validate();
  require_fits(scores, polynomial);
  const Stopwatch stopwatch;
  const Index n = input.q.rows(), m1 = input.k1.rows(), m2 = input.k2.rows(), d = input.q.cols(),
              columns = input.v1.cols(), width = columns + 1;
  const long g = polynomial.polynomial.degree().value;
  const auto monomials = monomials_of(d, {g});
  const MonomialTree& tree = monomials->tree;
  const ValueScale v1 = value_scale(input.v1), v2 = value_scale(input.v2);
  AttentionResult result = result_of(scores, tree);
  const UpperBound value = v1.largest * v2.largest;
  if (value.value() == 0) return zero_result(result, n, columns);

  const auto key_sums = [&](const Matrix<double>& k, const ScaledColumns& key_scale, const Matrix<double>& v,
                            const ScaledColumns& of_values) {
    std::vector<DoubleDouble> sums(tree.rank * width);
    for (Index j = 0; j < k.rows(); ++j) {
      const std::vector<double> x = scaled_rows(k, key_scale, j, j + 1),
                                y = scaled_rows(v, of_values, j, j + 1);
      const auto feature = attnbounds::monomials(tree, std::vector<DoubleDouble>(x.begin(), x.end()));
      for (Index a = 0; a < tree.rank; ++a) {
        for (Index c = 0; c < columns; ++c) sums[a * width + c] += feature[a] * DoubleDouble(y[c]);
        sums[a * width + columns] += feature[a];
      }
    }
    return sums;
  };
  std::vector<DoubleDouble> sums[2];
  parallel_for(2, threads, [&](long side) {
    sums[side] = side == 0 ? key_sums(input.k1, scores.keys1, input.v1, v1.columns)
                           : key_sums(input.k2, scores.keys2, input.v2, v2.columns);
  });
  std::vector<DoubleDouble> table(tree.rank * width);
  for (size_t e = 0; e < table.size(); ++e) table[e] = sums[0][e] * sums[1][e];
  const std::vector<double>& centre = scores.interval.centre;
  for (Index l = 0; !centre.empty() && l < d; ++l)
    for (long pass = 1; pass <= g; ++pass)
      for (Index a = tree.rank - 1; a >= 0; --a) {
        const Index child = monomials->up[a * d + l];
        if (child < 0 || monomials->exponent[child * d + l] < pass) continue;
        for (Index c = 0; c < width; ++c)
          table[child * width + c] -= DoubleDouble(centre[l]) * table[a * width + c];
      }
  const std::vector<Rational> weights = monomial_weights(tree, polynomial.polynomial);
  for (Index a = 0; a < tree.rank; ++a)
    for (Index c = 0; c < width; ++c) table[a * width + c] *= scalar_from<DoubleDouble>(weights[a]);

  result.output.resize(n, columns);
  std::vector<double> denominators(n);
  const int exponent = v1.exponent + v2.exponent;
  parallel_for(n, threads, [&](long i) {
    const std::vector<double> x = scaled_rows(input.q, scores.queries, i, i + 1);
    const auto feature = attnbounds::monomials(tree, std::vector<DoubleDouble>(x.begin(), x.end()));
    std::vector<DoubleDouble> row(width);
    for (Index a = 0; a < tree.rank; ++a)
      for (Index c = 0; c < width; ++c) row[c] += feature[a] * table[a * width + c];
    denominators[i] = row[columns].high();
    for (Index c = 0; c < columns; ++c) {
      const DoubleDouble quotient = row[c] / row[columns];
      result.output(i, c) = std::ldexp(quotient.high(), exponent);
    }
  });

  // Operations in double-double are within 5 u^2 each; sums are plain, so a term passes through as many of
  // them as there are terms. The output is rounded to a double: |high - quotient| <= u |quotient|.
  UpperBound rounding = UpperBound::infinite();
  const double least = *std::min_element(denominators.begin(), denominators.end());
  if (result.output.allFinite() && std::isfinite(least)) {
    const UpperBound pairs =
        UpperBound::exactly(static_cast<double>(m1)) * UpperBound::exactly(static_cast<double>(m2));
    const double operations = static_cast<double>(m1 + m2 + tree.rank + 6 * g + 16);
    const UpperBound relative = UpperBound::exactly(operations) * UpperBound::exactly(5.01 * 0x1p-106);
    // An operation of numbers below 2^-450 errs by less than 2^-449, and is multiplied by at most 4^g Q^g
    // w_a.
    const UpperBound query = power(maximum(UpperBound::exactly(1), scores.query_norm), g);
    const UpperBound tiny = UpperBound::exactly(0x1p-400) * pairs * power(UpperBound::exactly(4), g) * query *
                            (UpperBound::exactly(static_cast<double>(tree.rank)) +
                             absolute_polynomial(polynomial.polynomial, UpperBound::exactly(1)));
    const UpperBound sum_error =
        query.value() < 0x1p400  // nothing overflows either
            ? relative * pairs * absolute_polynomial(polynomial.polynomial, scores.interval.size) + tiny
            : UpperBound::infinite();
    rounding = divide_by_at_least((sum_error + sum_error) * value, least * (1 - 0x1p-40)) +
               scores.perturbation * value + UpperBound::exactly(0x1p-52 + 0x1p-90) * value +
               underflow_error() * UpperBound::exactly(8);
  }
  unscale(result, exponent, perturbation_bound(polynomial.error) * value, rounding);
  result.seconds = stopwatch.seconds();
  return result;
}

namespace {

/// What the errors of scores, of weights and of their sums come to, for values of size 1
/// (docs/kernels_tensor_gradient.md, section 1).
template <class T>
UpperBound fused_error(const TensorScores& scores, Index d, TermRoundings sums) {
  const auto number = [](double x) { return UpperBound::exactly(x); };
  const UpperBound size = scores.interval.size, u = unit_roundoff<T>(),
                   lost = underflow_error<T>() * number(static_cast<double>(4 * d + 4));
  if constexpr (sizeof(T) == 8)
    return gamma(2 * d + 3) * size + scores.perturbation + u * size * number(2.1) + lost +
           number(9 * 0x1p-53) + gamma(2 * sums.total()) * number(2);
  // q o k1 in double; rounded, as k2 is, divided by d, and d fused operations: in float. No weight is below
  // e^-40 > 2^-58, so what products of weights and values lose to underflow is less than 2^-80 of the sum.
  return gamma<T>(TermRoundings{d + 3, 2 * d}) * size + scores.perturbation +
         lost * maximum(number(1), scores.query_norm) + u * number(cpu::exp_error_in_roundoffs + 1) +
         gamma<T>(sums + TermRoundings{roundings_of_entries<T>, 0}) * number(2 + 0x1p-9) + number(0x1p-80);
}

/// In T: scores of a key of the first side, weights, and sums over a block of the second; sums over the first
/// side and quotients in double. Larger scores: a row at a time, in double only.
template <class T>
AttentionResult fused(const TensorAttentionInput& input, const TensorScores& scores, Mask mask,
                      ThreadCount threads) {
  const Stopwatch stopwatch;
  const Index n = input.q.rows(), m1 = input.k1.rows(), m2 = input.k2.rows(), d = input.q.cols(),
              columns = input.v1.cols(), width = columns + 1;
  const ValueScale v1 = value_scale(input.v1), v2 = value_scale(input.v2);
  AttentionResult result;
  result.half_width = scores.interval.half_width;
  const UpperBound value = v1.largest * v2.largest;
  if (value.value() == 0) return zero_result(result, n, columns);
  // [V, 1] of both sides; the second side transposed and padded.
  const Index stride = (m2 + cpu::vector_of_keys - 1) / cpu::vector_of_keys * cpu::vector_of_keys;
  const std::vector<double> k1 = scaled_rows(input.k1, scores.keys1, 0, m1),
                            scaled_v1 = scaled_rows(input.v1, v1.columns, 0, m1),
                            k2 = scaled_rows(input.k2, scores.keys2, 0, m2),
                            scaled_v2 = scaled_rows(input.v2, v2.columns, 0, m2);
  std::vector<double> first_columns(m1 * width, 1.0), second_keys(d * stride, 0.0),
      second_columns(width * stride, 0.0);
  for (Index j = 0; j < m1; ++j)
    std::copy_n(scaled_v1.data() + j * columns, columns, first_columns.data() + j * width);
  for (Index j = 0; j < m2; ++j) {
    for (Index l = 0; l < d; ++l) second_keys[l * stride + j] = k2[j * d + l];
    for (Index c = 0; c < columns; ++c) second_columns[c * stride + j] = scaled_v2[j * columns + c];
    second_columns[columns * stride + j] = 1;
  }
  std::vector<cpu::ColumnPair> column_pairs;
  for (Index c = 0; c < width; ++c) column_pairs.push_back({c, c});

  result.output.resize(n, columns);
  const int exponent = v1.exponent + v2.exponent;
  const cpu::FirstSide first_side{k1.data(), first_columns.data(), m1, d, width};
  std::vector<T> room[2];
  const PairRows<T> tiles{first_side, rows_in(k2, room[0], m2, d), rows_in(scaled_v2, room[1], m2, columns),
                          column_pairs, scores.interval.size.value()};
  const bool in_tiles = tiles.fits(), is_causal = mask == Mask::causal;
  const Index rows_of_a_task = in_tiles ? PairRows<T>::rows_of_a_group : 1,
              tasks = (n + rows_of_a_task - 1) / rows_of_a_task;
  std::vector<UpperBound> task_bound(tasks);
  const UpperBound size = scores.interval.size;
  parallel_for(tasks, threads, [&](long task) {
    // Under a mask the last rows have the most work: they come first.
    const Index from = (tasks - 1 - task) * rows_of_a_task, to = std::min(n, from + rows_of_a_task);
    const std::vector<double> q = scaled_rows(input.q, scores.queries, from, to);
    std::vector<double> queries((to - from) * d * d, 0.0);  // of tensor scores: diagonal
    for (Index i = 0; i < to - from; ++i)
      for (Index l = 0; l < d; ++l) queries[(i * d + l) * d + l] = q[i * d + l];
    const Index first = visible_keys(mask, to - 1, m1), second = visible_keys(mask, to - 1, m2);
    std::vector<double> sums;
    if (in_tiles) sums = tiles.sums(queries, is_causal ? std::optional<long>(from) : std::nullopt);
    else
      sums = cpu::pair_sums(
          queries.data(), static_cast<double>(d), {k1.data(), first_columns.data(), first, d, width},
          {second_keys.data(), second_columns.data(), second, d, width, stride}, column_pairs, size.value());
    const Index sums_stride = in_tiles ? PairRows<T>::rows_of_a_group : 1;
    UpperBound largest_quotient;
    double least = INFINITY;
    bool finite = true;
    for (Index i = 0; i < to - from; ++i) {
      const double denominator = sums[columns * sums_stride + i];
      finite = finite && std::isfinite(denominator);
      least = denominator < least ? denominator : least;
      for (Index c = 0; c < columns; ++c) {
        const double quotient = sums[c * sums_stride + i] / denominator;
        result.output(from + i, c) = std::ldexp(quotient, exponent);
        largest_quotient = maximum(largest_quotient, std::isfinite(result.output(from + i, c))
                                                         ? UpperBound::exactly(std::fabs(quotient))
                                                         : UpperBound::infinite());
      }
    }
    if (!finite) {
      task_bound[task] = UpperBound::infinite();
      return;
    }
    const UpperBound pairs =
        UpperBound::exactly(static_cast<double>(first)) * UpperBound::exactly(static_cast<double>(second));
    const TermRoundings roundings =
        in_tiles ? tiles.roundings() : TermRoundings{0, cpu::pair_roundings(first, second)};
    const UpperBound tiny_weights = divide_by_at_least(pairs * UpperBound::exactly(0x1p-900), least);
    task_bound[task] = (fused_error<T>(scores, d, roundings) + tiny_weights) * value +
                       unit_roundoff() * largest_quotient + underflow_error() * UpperBound::exactly(4);
  });
  UpperBound rounding;
  for (const UpperBound& row : task_bound) rounding = maximum(rounding, row);
  unscale(result, exponent, UpperBound(), rounding);
  result.seconds = stopwatch.seconds();
  return result;
}

}  // namespace

Arithmetic exact_tensor_arithmetic(const TensorScores& scores) {
  const bool fits = scores.interval.size.value() <= PairRows<float>::most_score;
  return current_device() != Device::cpu || fits ? exact_arithmetic() : Arithmetic::in_double;
}

AttentionResult exact_tensor_attention(const TensorAttentionInput& input, const TensorScores& scores,
                                       Mask mask, ThreadCount threads) {
  input.validate(mask);
  if (current_device() != Device::cpu && input.q.cols() <= cuda::most_exact_tensor_features)
    return exact_tensor_attention_on_device(input, scores, mask);
  return exact_tensor_arithmetic(scores) == Arithmetic::in_float
             ? fused<float>(input, scores, mask, threads)
             : fused<double>(input, scores, mask, threads);
}

}  // namespace attnbounds
