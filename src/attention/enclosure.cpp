#include "attention/enclosure.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "numeric/interval_sum.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr Bits most_bits{1 << 15};

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

// Evaluates rows with `row_at`, a row at a time, raising the precision until each entry is narrow enough.
template <class Row>
Matrix<Interval> rows_to_width(Index rows, Index columns, Bits first, const Rational& target_width,
                               ThreadCount threads, const Row& row_at) {
  if (target_width < 0) throw std::domain_error("the width of an enclosure is not negative");
  Matrix<Interval> result(rows, columns);
  parallel_for(rows, threads, [&](long i) {
    for (Bits bits = first;; bits.count *= 2) {
      if (bits.count > most_bits.count)
        throw std::runtime_error("enclosure: the width asked for needs too many bits");
      const WorkingPrecision precision(bits);
      const std::vector<Interval> row = row_at(i);
      const bool narrow = std::all_of(row.begin(), row.end(), [&](const Interval& x) {
        return is_finite(x) && to_rational(width(x)) <= target_width;
      });
      if (!narrow) continue;
      for (Index c = 0; c < columns; ++c) result(i, c) = row[c];
      return;
    }
  });
  return result;
}

std::vector<Interval> quotients(const std::vector<IntervalSum>& numerator, const Interval& denominator) {
  std::vector<Interval> row;
  for (const IntervalSum& sum : numerator) row.push_back(sum.value() / denominator);
  return row;
}

}  // namespace

Matrix<Interval> attention_enclosure(const AttentionInput& input, Mask mask, const Rational& target_width,
                                     ThreadCount threads) {
  input.validate(mask);
  const Matrix<double>&q = input.q, &k = input.k, &v = input.v;
  const Index d = q.cols();
  return rows_to_width(q.rows(), v.cols(), first_precision(max_abs(v), target_width), target_width, threads,
                       [&](Index i) {
                         const Interval dimension = enclose(Rational(d));
                         std::vector<Interval> scores;
                         IntervalSum sum;
                         for (Index j = bug(Bug::last_key_forgotten) && i > 1 ? 1 : 0;
                              j < visible_keys(mask, i, k.rows()); ++j) {
                           sum.clear();
                           for (Index l = 0; l < d; ++l) sum.add_product(q(i, l), k(j, l));
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
                       });
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
