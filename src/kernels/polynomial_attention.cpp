#include "kernels/polynomial_attention.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "kernels/cpu/feature_sums.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/monomials.hpp"
#include "kernels/scaled_values.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr long tokens_of_a_task = 512;

cpu::View<double> view(const Matrix<double>& m) { return {m.data(), m.rows(), m.cols()}; }

// Groups of keys that are summed independently: as many as memory allows, whatever the number of threads.
long key_groups(long keys, long doubles_of_a_group) {
  const long affordable = std::clamp<long>((1L << 25) / std::max<long>(doubles_of_a_group, 1), 4, 16);
  return std::clamp<long>(keys / tokens_of_a_task, 1, affordable);
}

}  // namespace

AttentionResult polynomial_attention(const AttentionInput& input, const ShiftedScores& scores,
                                     const CertifiedPolynomial& polynomial, ThreadCount threads) {
  input.validate();
  if (polynomial.kind != ErrorKind::relative || !(scores.half_width <= polynomial.half_width))
    throw std::domain_error("polynomial attention: a relative approximation on the whole score interval");
  const auto start = std::chrono::steady_clock::now();
  const Index n = input.q.rows(), m = input.k.rows(), d = input.q.cols(), columns = input.v.cols();
  const MonomialTree tree = monomial_tree(d, polynomial.polynomial.degree());
  const cpu::Features features = features_of(tree);
  const ScaledValues values = scale_values(input.v);
  if (values.largest.value() == 0) {  // V = 0: nothing to compute, nothing to lose
    AttentionResult zero;
    zero.output = Matrix<double>::Zero(n, columns);
    zero.method = AttentionMethod::polynomial;
    zero.degree = tree.degree;
    zero.rank = tree.rank;
    zero.bound = zero.bound_rounding = UpperBound();
    zero.half_width = scores.half_width;
    return zero;
  }

  // S = U2^T [V, 1]
  const long groups = key_groups(m, tree.rank * (2 * columns + 2));
  std::vector<std::optional<cpu::KeySums<double>>> parts(groups);
  parallel_for(groups, threads, [&](long g) {
    parts[g].emplace(features, columns);
    parts[g]->add(view(scores.keys), view(values.values), g * m / groups, (g + 1) * m / groups);
  });
  for (long g = 1; g < groups; ++g) parts[0]->add(*parts[g]);
  const std::vector<double> sums = parts[0]->sums();
  parts.clear();

  // T = diag(w) S
  std::vector<double> weighted(sums.size());
  const std::vector<Rational> weight = monomial_weights(tree, polynomial.polynomial);
  for (Index a = 0; a < tree.rank; ++a) {
    const double w = nearest(weight[a]);
    for (Index c = 0; c <= columns; ++c) weighted[a * (columns + 1) + c] = w * sums[a * (columns + 1) + c];
  }
  const cpu::QuerySums<double> query_side(features, weighted, columns + 1);

  // Rows: output and bound. docs/rounding.md, "polynomial attention".
  AttentionResult result;
  result.output.resize(n, columns);
  const UpperBound token_count = UpperBound::exactly(static_cast<double>(m));
  const UpperBound relative = m <= cpu::most_summands
                                  ? gamma(cpu::roundings_of_a_term<double>(tree.degree.value))
                                  : UpperBound::infinite();
  const UpperBound weights_size = absolute_polynomial(polynomial.polynomial, UpperBound::exactly(1));
  std::vector<UpperBound> row_rounding(n);
  const long tasks = (n + tokens_of_a_task - 1) / tokens_of_a_task;
  parallel_for(tasks, threads, [&](long task) {
    const long first = task * tokens_of_a_task, last = std::min<long>(n, first + tokens_of_a_task);
    const std::vector<double> rows = cpu::query_sums(query_side, view(scores.queries), first, last);
    for (long i = first; i < last; ++i) {
      const double* row = rows.data() + (i - first) * (columns + 1);
      const double denominator = row[columns];
      UpperBound query_size = UpperBound::exactly(1);
      for (Index l = 0; l < d; ++l)
        query_size = maximum(query_size, UpperBound::exactly(std::fabs(scores.queries(i, l))));
      const UpperBound underflow = underflow_error() * UpperBound::exactly(8) * token_count *
                                   UpperBound::exactly(static_cast<double>(tree.degree.value + 1)) *
                                   power(query_size, tree.degree.value) *
                                   (UpperBound::exactly(static_cast<double>(tree.rank)) + weights_size);
      const UpperBound terms =
          relative * token_count * absolute_polynomial(polynomial.polynomial, scores.row_half_width[i]);
      UpperBound rounding = UpperBound::infinite();
      if (std::isfinite(denominator))
        rounding =
            divide_by_at_least(terms * values.largest + underflow + values.largest * (terms + underflow),
                               denominator) +
            scores.row_perturbation[i] * values.largest + underflow_error();
      UpperBound division;
      for (Index c = 0; c < columns; ++c) {
        const double quotient = row[c] / denominator;
        result.output(i, c) = std::ldexp(quotient, values.exponent);
        division = maximum(division, std::isfinite(result.output(i, c))
                                         ? unit_roundoff() * UpperBound::exactly(std::fabs(quotient))
                                         : UpperBound::infinite());
      }
      row_rounding[i] = rounding + division + underflow_error();
    }
  });

  UpperBound rounding;
  for (const UpperBound& row : row_rounding) rounding = maximum(rounding, row);
  result.method = AttentionMethod::polynomial;
  result.degree = tree.degree;
  result.rank = tree.rank;
  result.half_width = scores.half_width;
  result.bound_approximation = values.unscaled(perturbation_bound(polynomial.error) * values.largest);
  result.bound_rounding = values.unscaled_output(rounding);
  result.bound = result.bound_approximation + result.bound_rounding;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace attnbounds
