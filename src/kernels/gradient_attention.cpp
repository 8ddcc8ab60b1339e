#include "kernels/gradient_attention.hpp"

#include <fmt/format.h>

#include "kernels/cpu/score_rows.hpp"
#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/device.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/gradient_plan.hpp"
#include "kernels/prefix_sums.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/stopwatch.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
using Rows = std::vector<double>;
constexpr double u = 0x1p-53;

// Largest over rows, or sums over rows, that the bounds need.
struct Part {
  double approximation_q = 0, rounding_q = 0, lost_q = 0;          // largest; the first two per |K_b|
  std::vector<double> weight_v, rounding_v, weight_k, rounding_k;  // sums: of columns l of V, b of K
  bool finite = true;
  Part(Index columns, Index d)
      : weight_v(columns, 0.0), rounding_v(columns, 0.0), weight_k(d, 0.0), rounding_k(d, 0.0) {}
  void add(const Part& other) {
    approximation_q = std::fmax(approximation_q, other.approximation_q);
    rounding_q = std::fmax(rounding_q, other.rounding_q);
    lost_q = std::fmax(lost_q, other.lost_q);
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

// How well the weights are known. A computed weight is within `one` of the one it stands for, which is at
// most `one_weight`; a sum of weights over the keys of a row is within theta D. Columns that are not of size
// 1 may lose more of themselves where floats underflow: a sum over a row's keys `lost_sums` D, a row's share
// of a key's sum `lost_share`, besides; in double that is within the bounds' 2^-500.
struct Accuracy {
  double theta, one, one_weight, lost_sums = 0, lost_share = 0;
};
/// How many theta of its share of dQ, dV and dK a row is off by: in float as the proof has it, in double,
/// where it is next to nothing, more than that.
struct ThetaFactors {
  double in_q, in_v, in_k;
};
template <class T>
constexpr ThetaFactors theta_factors = sizeof(T) == 8 ? ThetaFactors{7, 5, 5} : ThetaFactors{6.1, 1.1, 2};

// What all ways share: the scaled tokens, what a row and a key make of their sums, and the bounds.
struct Problem {
  const AttentionInput& input;
  const Matrix<double>& upstream;
  Mask mask;
  ThreadCount threads;
  Matrix<double> of_queries, of_values;  // identities
  std::shared_ptr<const GradientPlan> plan_pointer;
  const GradientPlan& plan;
  const KeySide& side;
  Index n, m, d, columns, width, entries;
  int g_exponent = 0, q_exponent = 0;
  double g_factor = 1;
  ValueSums sums;
  ValueSizes values;
  AttentionGradientResult result;

  Problem(const AttentionInput& in, const Matrix<double>& g, Mask causal, ThreadCount all)
      : input(in),
        upstream(g),
        mask(causal),
        threads(all),
        of_queries(Matrix<double>::Identity(in.q.cols(), in.q.cols())),
        of_values(Matrix<double>::Identity(in.v.cols(), in.v.cols())),
        plan_pointer(gradient_plan({&in.q, &of_queries, &g, {{&in.k, &in.v, &of_values}}}, all)),
        plan(*plan_pointer),
        side(plan.sides[0]),
        n(in.q.rows()),
        m(in.k.rows()),
        d(in.q.cols()),
        columns(in.v.cols()),
        width(columns + 1),
        entries(d + 1),
        sums(columns, d) {
    const double largest = max_abs(upstream);
    g_exponent = largest == 0 ? 0 : std::ilogb(largest) + 1;
    if (std::abs(g_exponent) > 900)
      throw std::overflow_error("the upstream gradient exceeds the range of a double");
    g_factor = power_of_two(-g_exponent);
    q_exponent = side.value_exponent + g_exponent;
  }
  /// Anew: one problem may be solved in several ways.
  void begin() {
    sums = ValueSums(columns, d);
    result = {};
    result.half_width = plan.half_width;
    for (BoundedGradient* out : {&result.q, &result.k, &result.v}) out->bound_rounding = UpperBound();
    result.q.gradient.resize(n, d);
    result.k.gradient.resize(m, d);
    result.v.gradient.resize(m, columns);
  }

  long row_width() const { return width * entries; }      // R_i[l,b] at l entries + b, b = d for 1
  long key_width() const { return columns + width * d; }  // dV's first, then at columns + b width + l
  double keys_of(Index i) const { return static_cast<double>(visible_keys(mask, i, m)); }

  /// [v, 1]_l [k, 1]_b of tokens, all but the last, 1.
  Rows key_columns(const Rows& keys, const Rows& h) const {
    const Index count = static_cast<Index>(keys.size()) / d, kept = row_width() - 1;
    Rows all(count * kept);
    for (Index j = 0; j < count; ++j)
      for (Index e = 0; e < kept; ++e) {
        const Index l = e / entries, b = e % entries;
        all[j * kept + e] = (l < columns ? h[j * columns + l] : 1) * (b < d ? keys[j * d + b] : 1);
      }
    return all;
  }
  /// gamma_l and gamma_l q_b of tokens.
  Rows query_columns(const Rows& x, const Rows& gamma_rows) const {
    const Index count = static_cast<Index>(x.size()) / d;
    Rows all(count * key_width());
    for (Index i = 0; i < count; ++i) {
      double* row = all.data() + i * key_width();
      const double* gamma_row = gamma_rows.data() + i * width;
      for (Index l = 0; l < columns; ++l) row[l] = gamma_row[l];
      for (Index b = 0; b < d; ++b)
        for (Index l = 0; l < width; ++l) row[columns + b * width + l] = gamma_row[l] * x[i * d + b];
    }
    return all;
  }

  /// Row `i` from its sums R_i: writes dQ_i and gamma_i, adds to the bounds. `delta`, `zeta`: of the weights.
  template <class T, class Of>
  void query_row(Index i, const double* x, const double* row, double* gamma_row, double delta, double zeta,
                 const Of& accuracy, Part& part) {
    const double denominator = row[row_width() - 1];
    double interval = 0, size = 0, range = 0, mean = 0, gammas = 0, all_c = 0, all_gammas = 0;
    for (Index l = 0; l < d; ++l) interval += std::fabs(x[l]) * plan.weight[l];
    for (Index l = 0; l < columns; ++l) {
      const double c = upstream(i, l) * g_factor;
      gamma_row[l] = c / denominator;
      mean += c * (row[l * entries + d] / denominator);
      size += std::fabs(c) * values.size[l];
      range += std::fabs(c) * values.range[l];
      gammas += std::fabs(gamma_row[l]) * values.size[l];
      all_c += std::fabs(c);
      all_gammas += std::fabs(gamma_row[l]);
    }
    gamma_row[columns] = -mean / denominator;
    for (Index b = 0; b < d; ++b) {
      double sum = 0;
      for (Index l = 0; l < width; ++l) sum += gamma_row[l] * row[l * entries + b];
      result.q.gradient(i, b) = std::ldexp(sum / static_cast<double>(d), q_exponent + side.exponent[b]);
    }
    // X_i, and e^{X_i}, the largest weight of the row
    interval = std::fmin(interval, plan.half_width.value());
    const double largest = (1 + 0x1p-40) / cpu::exp_of_nonpositive(-std::fmin(interval, 700.0));
    const auto [theta, one, one_weight, lost_sums, lost_share] = accuracy(i, denominator, interval, largest);
    part.finite = part.finite && denominator > 0 && std::isfinite(denominator) && theta < 0x1p-10;
    const double terms = static_cast<double>(3 * columns + 24) * u;
    part.approximation_q = std::fmax(part.approximation_q, range);
    part.rounding_q = std::fmax(part.rounding_q, size * (theta_factors<T>.in_q * theta + terms) + 0x1p-500);
    part.lost_q = std::fmax(part.lost_q, 4 * lost_sums * all_c);
    // The largest of the row's f_ij and f~_ij.
    const double f = largest * (1 + delta) * (1 + 4 * zeta) / denominator * (1 + 0x1p-9);
    const double in_v = one + one_weight * (theta_factors<T>.in_v * theta + terms),
                 in_k = one + one_weight * (theta_factors<T>.in_k * theta + terms);
    for (Index l = 0; l < columns; ++l) {
      part.weight_v[l] += f * std::fabs(upstream(i, l) * g_factor);
      part.rounding_v[l] += std::fabs(gamma_row[l]) * in_v + 0x1p-500 + lost_share;
    }
    const double lost_gamma = 1.1 * one_weight * lost_sums * all_gammas,
                 lost_shares = 1.1 * lost_share *
                               (all_gammas + std::fabs(gamma_row[columns]) + static_cast<double>(width));
    for (Index b = 0; b < d; ++b) {
      part.weight_k[b] += f * range * std::fabs(x[b]);
      part.rounding_k[b] +=
          (2.1 * gammas * in_k + 0x1p-500 + lost_gamma) * std::fabs(x[b]) + 0x1p-500 + lost_shares;
    }
  }

  /// dV_j and dK_j from key j's sums; `v`: its scaled values.
  void key_row(Index j, const double* v, const double* row) {
    for (Index l = 0; l < columns; ++l) result.v.gradient(j, l) = std::ldexp(row[l], g_exponent);
    for (Index b = 0; b < d; ++b) {
      const double* of_b = row + columns + b * width;
      double sum = of_b[columns];
      for (Index l = 0; l < columns; ++l) sum += v[l] * of_b[l];
      result.k.gradient(j, b) = std::ldexp(sum / static_cast<double>(d), q_exponent - side.exponent[b]);
    }
  }

  /// `proved`: the hypotheses of the bounds hold. phi and of_weights are 0 for exact weights.
  AttentionGradientResult finished(const std::vector<Part>& parts, bool proved, double phi,
                                   double of_weights) {
    Part all(columns, d);
    for (const Part& part : parts) all.add(part);
    proved = proved && all.finite && n <= most_tokens && m <= most_tokens;
    const auto include = [&](BoundedGradient& out, double approximation, double rounding, int exponent) {
      if (!proved || !out.gradient.allFinite()) approximation = rounding = INFINITY;
      out.bound_approximation = maximum(out.bound_approximation, in_units(approximation, exponent));
      out.bound_rounding = maximum(out.bound_rounding, in_units(rounding, exponent));
    };
    const double dimension = static_cast<double>(d);
    for (Index b = 0; b < d; ++b) {
      const KeyColumnSizes key = key_column_sizes(plan, {sums}, b);
      include(result.q, phi / 4 * key.range * all.approximation_q / dimension,
              (all.rounding_q * key.size + all.lost_q) / dimension, q_exponent + side.exponent[b]);
      include(result.k, (of_weights + phi / 2) * all.weight_k[b] / dimension, all.rounding_k[b] / dimension,
              q_exponent - side.exponent[b]);
    }
    for (Index l = 0; l < columns; ++l)
      include(result.v, of_weights * all.weight_v[l], all.rounding_v[l], g_exponent);
    // The output's own roundings: a division by d or a last sum, within (d_v + 4) u of terms that are
    // counted; and that of a subnormal output.
    return std::move(result);
  }
};

Rows reversed(const Rows& rows, Index row_width) {
  Rows result(rows.size());
  const Index count = static_cast<Index>(rows.size()) / row_width;
  for (Index i = 0; i < count; ++i)
    std::copy_n(rows.begin() + (count - 1 - i) * row_width, row_width, result.begin() + i * row_width);
  return result;
}

// ---- By polynomial.

struct Weights {
  const Polynomial& polynomial;
  std::vector<double> coefficients, of_monomials;
  std::shared_ptr<const Monomials> tree;
};

/// Causal row sums sum_{j <= i} P(<x_i, k_j>/d) [y_j, 1], n tokens: `queries(first, last)` and
/// `keys(first, last)` give tokens, take(chunk, first, last, x, rows) gets row sums of `columns` + 1 entries.
/// In T: features, scores, their weights, and sums of a tile.
template <class T, class Queries, class Keys, class Take>
void causal_sums(Index n, Index d, Index columns, double half_width, const Weights& w, ThreadCount threads,
                 const Queries& queries, const Keys& keys, const Take& take) {
  const Index width = columns + 1;
  const std::vector<T> coefficients(w.coefficients.begin(), w.coefficients.end());
  const auto weighted = [&](const cpu::KeySums<T>& sums) {
    Rows t = sums.sums();
    for (size_t a = 0; a < w.of_monomials.size(); ++a)
      for (Index c = 0; c < width; ++c) t[a * width + c] *= w.of_monomials[a];
    return t;
  };
  const cpu::Features features = features_of(w.tree->tree);
  over_chunks(
      n, features.rank * width * 16, threads, [&] { return cpu::KeySums<T>(features, columns); },
      [&](cpu::KeySums<T>& sums, long first, long last) {
        std::vector<T> room[2];
        for (long from = first; from < last; from += block_of_tokens) {
          const long to = std::min(last, from + block_of_tokens), count = to - from;
          const TokenBlock block = keys(from, to);
          sums.add(rows_in(block.variables, room[0], count, d),
                   rows_in(block.columns, room[1], count, columns), 0, count);
        }
      },
      [&](long chunk, long from, long end, cpu::KeySums<T>& sums) {
        cpu::QuerySums<T> query_side(features, weighted(sums), width);
        std::vector<T> room[3];
        for (long first = from; first < end; first += rows_of_a_block) {
          const long last = std::min(end, first + rows_of_a_block), count = last - first;
          const Rows x = queries(first, last);
          const TokenBlock block = keys(first, last);
          const cpu::View<T> of_queries = rows_in(x, room[0], count, d),
                             of_keys = rows_in(block.variables, room[1], count, d),
                             of_columns = rows_in(block.columns, room[2], count, columns);
          const cpu::ScoreRows<T> score_rows({of_queries, of_keys, of_columns, nullptr, {}, 1}, coefficients,
                                             half_width);
          typename cpu::ScoreRows<T>::Group inside(score_rows);
          inside.start(0, count);
          inside.add(0, count, true);
          const double* own = inside.sums();
          Rows rows = cpu::query_sums<T>(query_side, of_queries, 0, count);
          for (long i = 0; i < count; ++i)
            for (Index c = 0; c < width; ++c) rows[i * width + c] += own[c * inside.stride() + i];
          take(chunk, first, last, x, rows);
          if (last == end) break;
          sums.add(of_keys, of_columns, 0, count);
          query_side.weigh(weighted(sums));
        }
      });
}

void require_fits(const AttentionInput& input, const Matrix<double>& upstream, Mask mask) {
  input.validate(mask);
  if (upstream.rows() != input.q.rows() || upstream.cols() != input.v.cols() || !upstream.allFinite())
    throw InputError("upstream", "finite, the rows of q and the columns of v", "another matrix");
}

/// In T: products with features and, under a mask, weights of scores. Tables, gamma, the last sums: double.
template <class T>
AttentionGradientResult by_features(Problem& p, const CertifiedPolynomial& polynomial) {
  p.begin();
  const Index n = p.n, m = p.m, d = p.d, columns = p.columns, width = p.width, entries = p.entries;
  const GradientPlan& plan = p.plan;
  const KeySide& side = p.side;
  const long g = polynomial.polynomial.degree().value;
  Weights w{polynomial.polynomial, coefficients_in_doubles(polynomial.polynomial), {}, monomials_of(d, {g})};
  w.of_monomials = rounded_weights(*w.tree, w.coefficients, static_cast<double>(d));
  const Index rank = w.tree->tree.rank;
  const bool causal = p.mask == Mask::causal;
  const auto higher = causal ? nullptr : monomials_of(d, {g + 1});
  p.result.degree = {g};
  p.result.rank = rank;

  // Moments of the keys (none under a mask), and sizes of the values on the way.
  Rows key_moments;
  if (causal) {
    for (Index from = 0; from < m; from += block_of_tokens) {
      const Index to = std::min(m, from + block_of_tokens);
      p.sums.add(side.scaled_values(from, to), side.scaled_keys(from, to));
    }
  } else {
    std::vector<ValueSums> group_sums(most_groups, ValueSums(columns, d));
    key_moments =
        moments<T>(*higher,
                   {{m, columns,
                     [&](Index first, Index last, Index group) {
                       TokenBlock block{side.scaled_keys(first, last), side.scaled_values(first, last)};
                       group_sums[group].add(block.columns, block.variables);
                       return block;
                     }}},
                   p.threads)
            .front();
    for (const ValueSums& part : group_sums) p.sums.add(part);
  }
  p.values = value_sizes(plan, {p.sums});

  // Bounds for every row (docs, section 3).
  const UpperBound of_size = absolute_polynomial(w.coefficients, plan.size);
  const UpperBound underflow =
      (sizeof(T) == 8 ? UpperBound::exactly(0x1p-600) : underflow_error<T>() * UpperBound::exactly(4)) *
      power(UpperBound::exactly(4) * maximum(UpperBound::exactly(1), plan.query_norm), g + 1) *
      UpperBound::exactly(64 * static_cast<double>((g + 1) * (d + 2))) *
      (UpperBound::exactly(static_cast<double>(rank)) +
       absolute_polynomial(w.coefficients, UpperBound::exactly(1)));
  // Under a mask: either by features or by the scores of a block (entries of both tokens in every score), the
  // columns' own product, the last addition.
  const TermRoundings by_features = moment_roundings<T>(g + 1) + evaluation_roundings<T>(g, rank) +
                                    TermRoundings{0, weight_roundings(g) + 1},
                      by_scores{cpu::roundings_of_a_weight<T> + 2 + g * (d + 2 + 2 * roundings_of_entries<T>),
                                0},
                      besides{0, 2};
  const UpperBound of_terms = causal ? maximum(gamma<T>(by_features + besides), gamma<T>(by_scores + besides))
                                     : gamma<T>(by_features);
  const double of_all = (of_terms * of_size + underflow).value(),
               lost = sizeof(T) == 8 || bug(Bug::underflow_of_floats_uncounted) ? 0 : underflow.value();
  const auto accuracy = [&](Index i, double denominator, double interval, double) {
    // In double roundings are a small part of the bound, and those of the largest scores stand for all.
    double one = of_all, one_weight = of_size.value();
    if (sizeof(T) == 4) {
      one_weight = 0;
      for (auto c = w.coefficients.rbegin(); c != w.coefficients.rend(); ++c)
        one_weight = one_weight * interval + std::fabs(*c);
      one_weight *= slack;
      one = (of_terms.value() * one_weight + underflow.value()) * slack;
    }
    return Accuracy{one * p.keys_of(i) * slack / denominator, one, one_weight,
                    lost * p.keys_of(i) * slack / denominator, lost};
  };
  const double delta = polynomial.error.value(), zeta = plan.perturbation.value(),
               moved = (delta + zeta) * slack;
  std::vector<Part> parts(most_chunks, Part(columns, d));
  const auto query_rows = [&](Index first, Index last, const Rows& x, const Rows& rows, double* gamma_rows,
                              Part& part) {
    for (Index i = first; i < last; ++i)
      p.query_row<T>(i, x.data() + (i - first) * d, rows.data() + (i - first) * p.row_width(),
                     gamma_rows + (i - first) * width, delta, zeta, accuracy, part);
  };
  const auto key_rows = [&](Index first, Index last, const Rows& rows, Index stride, const Rows& v) {
    for (Index j = first; j < last; ++j)
      p.key_row(j, v.data() + (j - first) * columns, rows.data() + (j - first) * stride);
  };

  if (causal) {
    Rows gamma_rows(n * width);
    causal_sums<T>(
        n, d, p.row_width() - 1, plan.half_width.value(), w, p.threads,
        [&](Index first, Index last) { return plan.queries(first, last); },
        [&](Index first, Index last) {
          Rows keys = side.scaled_keys(first, last);
          Rows y = p.key_columns(keys, side.scaled_values(first, last));
          return TokenBlock{std::move(keys), std::move(y)};
        },
        [&](long chunk, Index first, Index last, const Rows& x, const Rows& rows) {
          query_rows(first, last, x, rows, gamma_rows.data() + first * width, parts[chunk]);
        });
    // Token t of the keys' pass is token n - 1 - t.
    causal_sums<T>(
        n, d, p.key_width(), plan.half_width.value(), w, p.threads,
        [&](Index first, Index last) { return reversed(side.scaled_keys(n - last, n - first), d); },
        [&](Index first, Index last) {
          Rows x = plan.queries(n - last, n - first);
          const Rows y = p.query_columns(
              x, Rows(gamma_rows.begin() + (n - last) * width, gamma_rows.begin() + (n - first) * width));
          return TokenBlock{reversed(x, d), reversed(y, p.key_width())};
        },
        [&](long, Index first, Index last, const Rows&, const Rows& rows) {
          key_rows(n - last, n - first, reversed(rows, p.key_width() + 1), p.key_width() + 1,
                   side.scaled_values(n - last, n - first));
        });
  } else {
    Rows table(rank * p.row_width());
    for (Index a = 0; a < rank; ++a)
      for (Index l = 0; l < width; ++l)
        for (Index b = 0; b < entries; ++b)
          table[(a * width + l) * entries + b] =
              w.of_monomials[a] * key_moments[(b == d ? a : higher->up[a * d + b]) * width + l];
    const RowEvaluation<T> evaluation(*w.tree, table, p.row_width());
    const Rows query_moments =
        moments<T>(*higher,
                   {{n, width,
                     [&](Index first, Index last, Index group) {
                       TokenBlock block{plan.queries(first, last), Rows((last - first) * width)};
                       query_rows(first, last, block.variables, evaluation.rows(block.variables),
                                  block.columns.data(), parts[group]);
                       return block;
                     }}},
                   p.threads)
            .front();
    // Keys: w_m Gamma_m[l] for dV, w_m Gamma_{m+e_b}[l] for dK.
    const Index key_width = p.key_width(), stride = width + 1;
    Rows back(rank * key_width);
    for (Index a = 0; a < rank; ++a) {
      for (Index l = 0; l < columns; ++l)
        back[a * key_width + l] = w.of_monomials[a] * query_moments[a * stride + l];
      for (Index b = 0; b < d; ++b)
        for (Index l = 0; l < width; ++l)
          back[a * key_width + columns + b * width + l] =
              w.of_monomials[a] * query_moments[higher->up[a * d + b] * stride + l];
    }
    const RowEvaluation<T> of_keys(*w.tree, back, key_width);
    const Index tasks = (m + block_of_tokens - 1) / block_of_tokens;
    parallel_for(tasks, p.threads, [&](long task) {
      const Index first = task * block_of_tokens, last = std::min(m, first + block_of_tokens);
      key_rows(first, last, of_keys.rows(side.scaled_keys(first, last)), key_width,
               side.scaled_values(first, last));
    });
  }
  const double phi = (perturbation_bound(polynomial.error) + plan.perturbation).value();
  return p.finished(parts, zeta < 0x1p-12 && moved < 0.5 && plan.half_width.value() < 300, phi,
                    2 * moved / (1 - moved) * slack);
}

bool are_floats_asked_for() {
  return current_device() == Device::cpu && current_arithmetic() == Arithmetic::in_float;
}
AttentionGradientResult by_polynomial(Problem& p, const CertifiedPolynomial& polynomial) {
  return are_floats_asked_for() ? by_features<float>(p, polynomial) : by_features<double>(p, polynomial);
}

// The least degree within delta and a rank of 2^20.
std::shared_ptr<const CertifiedPolynomial> polynomial_for(const Problem& p, const Rational& delta,
                                                          Degree limit) {
  return delta < Rational(1, 2) ? kept_exp_polynomial(p.plan.half_width.exact(), delta, limit) : nullptr;
}
constexpr long most_rank = 1L << 20;
Degree most_degree(Index d) {
  Degree limit{-1};
  while (limit.value < 400 && monomial_rank(d, {limit.value + 2}) <= most_rank) ++limit.value;
  return limit;
}

// ---- Exactly.

/// Row sums of e^s over the keys that a row sees: take(first, last, rows) in groups of rows.
template <class T, class Take>
void exact_sums(const Rows& queries, const Rows& keys, const Rows& columns_of_keys, Index d, Mask mask,
                double half_width, ThreadCount threads, const Take& take) {
  const long n = static_cast<long>(queries.size()) / d, m = static_cast<long>(keys.size()) / d,
             columns = static_cast<long>(columns_of_keys.size()) / m, width = columns + 1;
  std::vector<T> room[3];
  const cpu::ScoreRows<T> score_rows({rows_in(queries, room[0], n, d),
                                      rows_in(keys, room[1], m, d),
                                      rows_in(columns_of_keys, room[2], m, columns),
                                      nullptr,
                                      {},
                                      1},
                                     {}, half_width);
  constexpr long group = cpu::ScoreRows<T>::rows_of_a_group;
  parallel_for((n + group - 1) / group, threads, [&](long task) {
    const long first = task * group, last = std::min(n, first + group);
    typename cpu::ScoreRows<T>::Group work(score_rows);
    work.start(first, last);
    work.add(0, m, mask == Mask::causal);
    const double* sums = work.sums();
    Rows rows((last - first) * width);
    for (long i = 0; i < last - first; ++i)
      for (long c = 0; c < width; ++c) rows[i * width + c] = sums[c * work.stride() + i];
    take(task, first, last, rows);
  });
}

/// Scores up to which no row maximum is subtracted, as both passes need their weights in the same units.
template <class T>
constexpr double most_fused_score = sizeof(T) == 8 ? 500 : 40;

/// In T: scores, weights, sums over 64 keys. gamma and the last sums: in double.
template <class T>
AttentionGradientResult fused(Problem& p) {
  p.begin();
  const Index n = p.n, m = p.m, d = p.d, width = p.width;
  const bool causal = p.mask == Mask::causal;
  const GradientPlan& plan = p.plan;
  p.result.method = AttentionMethod::exact;
  const Rows keys = p.side.scaled_keys(0, m), h = p.side.scaled_values(0, m), x = plan.queries(0, n);
  p.sums.add(h, keys);
  p.values = value_sizes(plan, {p.sums});
  const TermRoundings of_sums =
      sizeof(T) == 8 ? TermRoundings{cpu::roundings_of_a_weight<T>, 0}
                     : TermRoundings{cpu::keys_of_a_block, std::max(n, m) / cpu::keys_of_a_block + 1};
  const WeightErrors errors = weight_errors<T>(plan, of_sums);
  // A column's own rounding, weighted, and a product that is added: no weight is below e^-40.
  const double lost =
      sizeof(T) == 8 || bug(Bug::underflow_of_floats_uncounted) ? 0 : 2 * underflow_error<T>().value();
  const auto accuracy = [&](Index i, double denominator, double, double largest) {
    const double lost_share = lost * (1 + largest);
    return Accuracy{errors.relative, errors.relative * largest, largest,
                    lost_share * p.keys_of(i) * slack / denominator, lost_share};
  };
  const double half_width = plan.half_width.value();
  std::vector<Part> parts((n + cpu::ScoreRows<T>::rows_of_a_group - 1) / cpu::ScoreRows<T>::rows_of_a_group,
                          Part(p.columns, d));
  Rows gamma_rows(n * width);
  exact_sums<T>(x, keys, p.key_columns(keys, h), d, p.mask, half_width, p.threads,
                [&](long task, Index first, Index last, const Rows& rows) {
                  for (Index i = first; i < last; ++i)
                    p.query_row<T>(i, x.data() + i * d, rows.data() + (i - first) * p.row_width(),
                                   gamma_rows.data() + i * width, 0, plan.perturbation.value(), accuracy,
                                   parts[task]);
                });
  const Rows y = p.query_columns(x, gamma_rows);
  const auto in_order = [&](const Rows& rows, Index of) { return causal ? reversed(rows, of) : rows; };
  exact_sums<T>(in_order(keys, d), in_order(x, d), in_order(y, p.key_width()), d, p.mask, half_width,
                p.threads, [&](long, Index first, Index last, const Rows& rows) {
                  for (Index t = first; t < last; ++t) {
                    const Index j = causal ? n - 1 - t : t;
                    p.key_row(j, h.data() + j * p.columns, rows.data() + (t - first) * (p.key_width() + 1));
                  }
                });
  return p.finished(parts, errors.proved && half_width <= most_fused_score<T>, 0, 0);
}

/// Of the fused kernel: larger scores in double only.
Arithmetic exact_arithmetic_of(const Problem& p) {
  return are_floats_asked_for() && p.plan.half_width.value() <= most_fused_score<float>
             ? Arithmetic::in_float
             : Arithmetic::in_double;
}
AttentionGradientResult exactly(Problem& p) {
  return exact_arithmetic_of(p) == Arithmetic::in_float ? fused<float>(p) : fused<double>(p);
}

BoundedGradient from_enclosures(const Matrix<Interval>& exact) {
  AttentionResult result = attention_from_enclosures(exact);
  return {std::move(result.output), UpperBound(), result.bound_rounding};
}

}  // namespace

AttentionGradientResult polynomial_attention_gradient(const AttentionInput& input,
                                                      const Matrix<double>& upstream, const Rational& delta,
                                                      Mask mask, ThreadCount threads) {
  require_fits(input, upstream, mask);
  const Stopwatch stopwatch;
  Problem p(input, upstream, mask, threads);
  const auto polynomial = polynomial_for(p, delta, most_degree(p.d));
  if (!polynomial)
    throw BudgetMissed("no polynomial of rank <= 2^20 has weights of the relative error asked for");
  AttentionGradientResult result = by_polynomial(p, *polynomial);
  result.seconds = stopwatch.seconds();
  return result;
}

AttentionGradientResult exact_attention_gradient(const AttentionInput& input, const Matrix<double>& upstream,
                                                 Mask mask, ThreadCount threads) {
  require_fits(input, upstream, mask);
  const Stopwatch stopwatch;
  Problem p(input, upstream, mask, threads);
  AttentionGradientResult result = exactly(p);
  result.seconds = stopwatch.seconds();
  return result;
}

AttentionGradient<Interval> attention_gradient_enclosure(const AttentionInput& input,
                                                         const Matrix<double>& upstream, Mask mask,
                                                         Bits bits) {
  require_fits(input, upstream, mask);
  const WorkingPrecision precision(bits);
  return attention_gradient(matrix_from<Interval>(input.q), matrix_from<Interval>(input.k),
                            matrix_from<Interval>(input.v), matrix_from<Interval>(upstream), mask);
}

AttentionGradientResult guaranteed_attention_gradient(const AttentionInput& input,
                                                      const Matrix<double>& upstream,
                                                      const AttentionGradientRequest& request) {
  require_fits(input, upstream, request.mask);
  if (request.epsilon <= 0) throw InputError("epsilon", "a number above 0", request.epsilon.str());
  const Stopwatch stopwatch;
  const auto finished = [&](AttentionGradientResult result, const std::string& reason) {
    result.reason = reason;
    result.seconds = stopwatch.seconds();
    return result;
  };
  const bool must = request.method == MethodChoice::polynomial;
  const GradientShape sizes = gradient_shape(input);
  std::optional<Problem> p;
  try {
    p.emplace(input, upstream, request.mask, request.threads);
  } catch (const std::overflow_error&) {  // beyond the range of a double: intervals can do it
  }
  const auto exact = [&](const std::string& why) {
    if (p) {
      AttentionGradientResult result = exactly(*p);
      constexpr double most_enclosed = 0x1p26;  // pairs times columns: some minutes of intervals
      if (result.bound() <= request.epsilon ||
          sizes.queries * sizes.keys * (sizes.dimension + sizes.columns) > most_enclosed)
        return finished(std::move(result), why);
    }
    AttentionGradientResult result;
    result.method = AttentionMethod::exact;
    result.half_width = p ? p->plan.half_width : UpperBound::infinite();
    for (const long bits : {160L, 512L, 2048L}) {
      const AttentionGradient<Interval> g =
          attention_gradient_enclosure(input, upstream, request.mask, Bits{bits});
      const WorkingPrecision precision(Bits{bits});
      result.q = from_enclosures(g.q);
      result.k = from_enclosures(g.k);
      result.v = from_enclosures(g.v);
      if (result.bound() <= request.epsilon) break;
    }
    return finished(std::move(result),
                    why + fmt::format("; in {} less is proved, so intervals were used",
                                      name(p ? exact_arithmetic_of(*p) : Arithmetic::in_double)));
  };
  if (request.method == MethodChoice::exact) return exact("exact was asked for");
  const auto otherwise = [&](const std::string& why) {
    if (must) throw BudgetMissed("method polynomial: " + why);
    return exact(why);
  };
  if (!p) return otherwise("scores exceed the range of a double");

  const double exact_seconds =
      request.model.seconds(attention_gradient_exact_work(sizes, request.mask), request.threads);
  const auto polynomial_seconds = [&](Degree degree) {
    return request.model.seconds(attention_gradient_feature_work(sizes, degree, request.mask),
                                 request.threads);
  };
  Degree limit = most_degree(p->d);
  while (!must && limit.value >= 0 && polynomial_seconds(limit) >= exact_seconds) --limit.value;
  if (limit.value < 0) return otherwise("even degree 0 is no cheaper than the exact method");
  const auto attempt = [&](const Rational& delta) -> std::optional<AttentionGradientResult> {
    const auto polynomial = polynomial_for(*p, delta, limit);
    if (!polynomial) return std::nullopt;
    return by_polynomial(*p, *polynomial);
  };
  std::string why = fmt::format(
      "scores reach {:.4g} after shifts, and no polynomial of degree <= {} has a proved error within the "
      "budget",
      p->plan.half_width.value(), limit.value);
  // A coarse polynomial tells what the bound is per delta, about; then what the proved bound asks for.
  Rational delta(2, 5);
  for (int tried = 0; tried < 5; ++tried) {
    std::optional<AttentionGradientResult> result = attempt(delta);
    if (!result) break;
    if (result->bound() <= request.epsilon)
      return finished(std::move(*result),
                      must ? "polynomial was asked for"
                           : fmt::format("rank {} costs about {:.2g} of the exact method's time (model: {})",
                                         result->rank, polynomial_seconds(result->degree) / exact_seconds,
                                         request.model.origin));
    UpperBound approximation, rounding;
    for (const BoundedGradient* g : {&result->q, &result->k, &result->v}) {
      approximation = maximum(approximation, g->bound_approximation);
      rounding = maximum(rounding, g->bound_rounding);
    }
    if (approximation.is_finite() && !(rounding <= Rational(request.epsilon * 3 / 4))) {
      why = fmt::format("scores reach {:.4g}, where rounding errors leave no room in the budget",
                        p->plan.half_width.value());
      break;
    }
    delta = approximation.is_finite()
                ? std::min(Rational(delta / 2), Rational(delta * (request.epsilon - rounding.exact()) * 9 /
                                                         10 / approximation.exact()))
                : Rational(delta / 64);
  }
  return otherwise(why);
}

}  // namespace attnbounds
