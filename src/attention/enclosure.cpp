#include "attention/enclosure.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <vector>

#include "numeric/fixed_point.hpp"
#include "numeric/interval_sum.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr Bits most_bits{1 << 15};
constexpr long most_limbs = 32;  // of fixed point: beyond 2048 bits intervals take over

// Bits that usually suffice: an entry is at most max|V|, and some 30 bits are lost on the way.
Bits first_precision(double largest_value, const Rational& target_width) {
  if (target_width == 0 || largest_value == 0) return {64};
  const Rational ratio = to_rational(largest_value) / target_width;
  const long log2_ratio =
      static_cast<long>(msb(numerator(ratio))) - static_cast<long>(msb(denominator(ratio)));
  return {std::clamp<long>(log2_ratio + 40, 64, most_bits.count)};
}

// Scores minus a double near the largest of them: exp stays in range whatever the scores are.
void shift_to_maximum(std::vector<Interval>& scores) {
  Real largest = upper(scores.front());
  for (const Interval& s : scores) largest = std::max(largest, upper(s));
  const Interval shift = enclose(largest);
  for (Interval& s : scores) s -= shift;
}

// A row from `row_at`, raising the precision until each entry is narrow enough.
template <class Row>
std::vector<Interval> row_to_width(Index i, Bits first, const Rational& target_width, const Row& row_at) {
  for (Bits bits = first;; bits.count *= 2) {
    if (bits.count > most_bits.count)
      throw std::runtime_error("enclosure: the width asked for needs too many bits");
    const WorkingPrecision precision(bits);
    std::vector<Interval> row = row_at(i);
    if (std::all_of(row.begin(), row.end(),
                    [&](const Interval& x) { return is_finite(x) && to_rational(width(x)) <= target_width; }))
      return row;
  }
}

template <class Row>
Matrix<Interval> rows_to_width(Index rows, Index columns, Bits first, const Rational& target_width,
                               ThreadCount threads, const Row& row_at) {
  if (target_width < 0) throw std::domain_error("the width of an enclosure is not negative");
  Matrix<Interval> result(rows, columns);
  parallel_for(rows, threads, [&](long i) {
    const std::vector<Interval> row = row_to_width(i, first, target_width, row_at);
    for (Index c = 0; c < columns; ++c) result(i, c) = row[c];
  });
  return result;
}

// ---- In fixed point (numeric/fixed_point.hpp), where the scores are below 2^58 in size.

// |scores| < 2^58, so that they fit in front of the point.
bool scores_fit(const std::vector<const Matrix<double>*>& factors) {
  double size = 0;
  for (Index l = 0; l < factors.front()->cols(); ++l) {
    double product = 1;
    for (const Matrix<double>* m : factors) product *= m->col(l).cwiseAbs().maxCoeff();
    size += product;
  }
  return size < 0x1p58;  // false for a NaN, 0 * infinity
}

std::vector<ExactDouble> exact_entries(const Matrix<double>& m) {
  std::vector<ExactDouble> entries;
  for (Index i = 0; i < m.size(); ++i) entries.push_back(exact_double(m.data()[i]));
  return entries;
}

Integer integer_power_of_two(long bits) { return Integer(1) << static_cast<unsigned>(bits); }

// floor(numerator/denominator), exact numbers with `shift` more bits in the numerator, denominator > 0.
Integer quotient(const Integer& numerator, const Integer& denominator, long shift) {
  const Integer shifted = numerator * integer_power_of_two(shift);
  Integer q = shifted / denominator;  // towards 0
  if (shifted < 0) q -= 1;
  return q;
}

// The least number of limbs that may reach the width, given 40 units of relative error.
long first_limbs(double largest_value, const Rational& target_width) {
  const Rational ratio = 128 * to_rational(largest_value) / target_width;
  const long bits = static_cast<long>(msb(numerator(ratio))) - static_cast<long>(msb(denominator(ratio))) + 1;
  return std::max(1L, (bits + 63) / 64);
}

// centre 2^exponent, give or take radius 2^exponent; endpoints exact.
Interval ball(const Integer& centre, const Integer& radius, long exponent) {
  const Integer least = centre - radius, most = centre + radius;
  return enclose_scaled(least, most, exponent);
}

struct FixedKeys {
  std::vector<ExactDouble> q, k;
  FixedValues v;
};

// Row i at `limbs`; nothing if its enclosures are wider than asked.
std::optional<std::vector<Interval>> fixed_row(const AttentionInput& input, Mask mask, Index i,
                                               const FixedKeys& keys, long limbs,
                                               const Rational& target_width) {
  const Index d = input.q.cols(), columns = input.v.cols(), visible = visible_keys(mask, i, input.k.rows());
  FixedWeights weights(limbs, d);
  for (Index j = 0; j < visible; ++j) {
    weights.begin_score();
    for (Index l = 0; l < d; ++l) weights.add(product(keys.q[i * d + l], keys.k[j * d + l]));
    weights.end_score();
  }
  weights.exponentiate();
  FixedSum weight_sum(limbs, 0);
  std::vector<FixedSum> sums(columns, FixedSum(limbs, keys.v.limbs()));
  for (Index j = bug(Bug::first_key_forgotten) && i > 1 ? 1 : 0; j < visible; ++j) {
    weight_sum.add(weights.weight(j), limbs);
    for (Index c = 0; c < columns; ++c)
      sums[c].add_product(weights.weight(j), limbs, keys.v.at(j * columns + c), keys.v.limbs());
  }
  const Integer denominator = weight_sum.value();
  const double relative = weights.relative_error(denominator);
  if (!std::isfinite(relative)) return std::nullopt;

  // A quotient with 62 + 64 limbs bits behind the point; |v| < 1 in its units, so E/(D - E) counts twice. One
  // unit more for the quotient's own cut, one for the radius's, and what cut values lose.
  const long shift = 64 * (limbs + 1 - keys.v.limbs());
  const long fraction = keys.v.fraction_bits() + shift, exponent = keys.v.exponent() - fraction;
  const Integer radius = scaled_floor(2 * to_rational(relative), fraction - 64 * limbs) + 2 +
                         (keys.v.exact() ? Integer(0) : integer_power_of_two(shift));
  if (Rational(2 * radius) * dyadic(1, exponent) > target_width) return std::nullopt;
  const WorkingPrecision exact(Bits{fraction + 8});
  std::vector<Interval> row;
  for (const FixedSum& sum : sums)
    row.push_back(
        ball(quotient(sum.value(), denominator, shift) - integer_power_of_two(fraction), radius, exponent));
  return row;
}

// ---- In intervals, whatever the scores are.

std::vector<Interval> quotients(const std::vector<IntervalSum>& numerator, const Interval& denominator) {
  std::vector<Interval> row;
  for (const IntervalSum& sum : numerator) row.push_back(sum.value() / denominator);
  return row;
}

std::vector<Interval> interval_row(const AttentionInput& input, Mask mask, Index i) {
  const Matrix<double>&q = input.q, &k = input.k, &v = input.v;
  const Interval dimension = enclose(Rational(q.cols()));
  std::vector<Interval> scores;
  IntervalSum sum;
  for (Index j = 0; j < visible_keys(mask, i, k.rows()); ++j) {
    sum.clear();
    for (Index l = 0; l < q.cols(); ++l) sum.add_product(q(i, l), k(j, l));
    scores.push_back(sum.value() / dimension);
  }
  shift_to_maximum(scores);

  IntervalSum denominator;
  std::vector<IntervalSum> numerator(v.cols());
  for (size_t j = 0; j < scores.size(); ++j) {
    const Interval weight = exp(scores[j]);
    denominator.add(weight);
    for (Index c = 0; c < v.cols(); ++c) numerator[c].add_product(weight, v(j, c));
  }
  return quotients(numerator, denominator.value());
}

}  // namespace

Matrix<Interval> attention_enclosure_in_intervals(const AttentionInput& input, Mask mask,
                                                  const Rational& target_width, ThreadCount threads) {
  input.validate(mask);
  return rows_to_width(input.q.rows(), input.v.cols(), first_precision(max_abs(input.v), target_width),
                       target_width, threads, [&](Index i) { return interval_row(input, mask, i); });
}

Matrix<Interval> attention_enclosure(const AttentionInput& input, Mask mask, const Rational& target_width,
                                     ThreadCount threads) {
  input.validate(mask);
  const double largest = max_abs(input.v);
  if (target_width <= 0 || largest == 0 || !scores_fit({&input.q, &input.k}))
    return attention_enclosure_in_intervals(input, mask, target_width, threads);
  const long least = first_limbs(largest, target_width);
  const FixedKeys keys{exact_entries(input.q), exact_entries(input.k),
                       FixedValues(input.v.data(), input.v.size(), least + 1)};
  const auto in_intervals = [&](Index i) { return interval_row(input, mask, i); };
  Matrix<Interval> result(input.q.rows(), input.v.cols());
  parallel_for(input.q.rows(), threads, [&](long i) {
    std::optional<std::vector<Interval>> row;
    for (long limbs = least; limbs <= std::min(least + 2, most_limbs) && !row; ++limbs)
      row = fixed_row(input, mask, i, keys, limbs, target_width);
    if (!row) row = row_to_width(i, first_precision(largest, target_width), target_width, in_intervals);
    for (Index c = 0; c < result.cols(); ++c) result(i, c) = (*row)[c];
  });
  return result;
}

Matrix<Interval> tensor_attention_enclosure(const TensorAttentionInput& input, Mask mask,
                                            const Rational& target_width, ThreadCount threads) {
  input.validate(mask);
  const Matrix<double>&q = input.q, &k1 = input.k1, &k2 = input.k2, &v1 = input.v1, &v2 = input.v2;
  const Index d = q.cols();
  const double largest_value = std::min(max_abs(v1) * max_abs(v2), 1e308);
  return rows_to_width(
      q.rows(), v1.cols(), first_precision(largest_value, target_width), target_width, threads, [&](Index i) {
        const Index n1 = visible_keys(mask, i, k1.rows()), n2 = visible_keys(mask, i, k2.rows());
        const Interval dimension = enclose(Rational(d));
        std::vector<Interval> scores;
        std::vector<IntervalSum> query_key(d);
        IntervalSum sum;
        for (Index j1 = 0; j1 < n1; ++j1) {
          for (Index l = 0; l < d; ++l) {
            query_key[l].clear();
            query_key[l].add_product(q(i, l), k1(j1, l));
          }
          for (Index j2 = 0; j2 < n2; ++j2) {
            sum.clear();
            for (Index l = 0; l < d; ++l) sum.add_product(query_key[l].value(), k2(j2, l));
            scores.push_back(sum.value() / dimension);
          }
        }
        shift_to_maximum(scores);

        // sum_{j1} v1_{j1,c} (sum_{j2} weight v2_{j2,c})
        IntervalSum denominator;
        std::vector<IntervalSum> numerator(v1.cols()), inner(v1.cols());
        for (Index j1 = 0; j1 < n1; ++j1) {
          for (IntervalSum& s : inner) s.clear();
          for (Index j2 = 0; j2 < n2; ++j2) {
            const Interval weight = exp(scores[j1 * n2 + j2]);
            denominator.add(weight);
            for (Index c = 0; c < v1.cols(); ++c) inner[c].add_product(weight, v2(j2, c));
          }
          for (Index c = 0; c < v1.cols(); ++c) numerator[c].add_product(inner[c].value(), v1(j1, c));
        }
        return quotients(numerator, denominator.value());
      });
}

Enclosure largest_error(const Matrix<double>& approximation, const Matrix<Interval>& exact) {
  Interval largest = 0;
  for (Index i = 0; i < exact.size(); ++i)
    largest = maximum(largest, absolute_value(enclose(approximation.data()[i]) - exact.data()[i]));
  return Enclosure(largest);
}

}  // namespace attnbounds
