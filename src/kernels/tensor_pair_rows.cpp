#include "kernels/tensor_pair_rows.hpp"

#include <algorithm>

namespace attnbounds {

template <class T>
std::vector<double> PairRows<T>::sums(const std::vector<double>& queries,
                                      std::optional<long> first_row) const {
  constexpr long stride = rows_of_a_group;
  const long d1 = first.dimension, d2 = keys.columns, rows = static_cast<long>(queries.size()) / (d1 * d2);
  std::vector<T> x(rows * d2);
  std::vector<double> block(pairs.size() * stride), total(block.size(), 0.0);
  const cpu::ScoreRows<T> of_key({{x.data(), rows, d2}, keys, columns, nullptr, {}, 1}, {}, score_bound);
  typename cpu::ScoreRows<T>::Group group(of_key);
  const long visible = first_row ? std::min(first.visible, *first_row + rows) : first.visible;
  for (long from = 0; from < visible; from += cpu::keys_of_a_block) {
    std::fill(block.begin(), block.end(), 0.0);
    for (long j = from; j < std::min(visible, from + cpu::keys_of_a_block); ++j) {
      const double* key = first.keys + j * d1;
      for (long i = 0; i < rows; ++i)
        for (long v = 0; v < d2; ++v) {
          double sum = 0;
          for (long l = 0; l < d1; ++l) sum += queries[(i * d1 + l) * d2 + v] * key[l];
          x[i * d2 + v] = static_cast<T>(sum);
        }
      const long seeing = first_row ? std::max(0L, j - *first_row) : 0;  // the first row that sees key j
      group.start(0, rows, first_row.value_or(0));
      group.add(0, keys.rows, first_row.has_value());
      const double* inner = group.sums();
      const double* y = first.columns + j * first.width;
      for (size_t p = 0; p < pairs.size(); ++p) {
        const double weight = y[pairs[p].first];
        const double* from_inner = inner + pairs[p].second * group.stride();
        double* to = block.data() + static_cast<long>(p) * stride;
        for (long i = seeing; i < rows; ++i) to[i] += weight * from_inner[i];
      }
    }
    for (size_t e = 0; e < total.size(); ++e) total[e] += block[e];
  }
  return total;
}

template struct PairRows<double>;
template struct PairRows<float>;

}  // namespace attnbounds
