#include "kernels/tensor_moments.hpp"

#include <cmath>
#include <optional>

#include "kernels/device_attention.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
// As many groups of tokens as memory allows, whatever the number of threads; and one set of few tokens is cut
// in two, for a second thread, where adding the halves' sums costs less.
Index groups_of(Index tokens, Index doubles_of_a_group, size_t sets) {
  const Index affordable =
      std::clamp<Index>((1L << 25) / std::max<Index>(doubles_of_a_group, 1), 4, most_groups);
  const Index least = sets == 1 && tokens >= 256 ? 2 : 1;
  return std::clamp<Index>(tokens / block_of_tokens, least, affordable);
}

}  // namespace

template <class T>
UpperBound gamma(TermRoundings roundings) {
  if (sizeof(T) == 8 || bug(Bug::floats_counted_as_doubles)) return gamma<double>(roundings.total());
  const UpperBound narrow = gamma<T>(roundings.narrow), wide = gamma<double>(roundings.wide);
  return narrow + wide + narrow * wide;
}

std::vector<double> coefficients_in_doubles(const Polynomial& polynomial) {
  std::vector<double> result;
  for (const Rational& c : polynomial.coefficients) {
    result.push_back(nearest(c));
    if (to_rational(result.back()) != c) throw std::domain_error("a polynomial with double coefficients");
  }
  return result;
}

UpperBound absolute_polynomial(const std::vector<double>& coefficients, UpperBound y) {
  UpperBound value;
  for (auto c = coefficients.rbegin(); c != coefficients.rend(); ++c)
    value = value * y + UpperBound::exactly(std::fabs(*c));
  return value;
}

std::vector<double> rounded_weights(const Monomials& monomials, const std::vector<double>& coefficients,
                                    double d) {
  std::vector<double> scaled = coefficients, weights(monomials.tree.rank);
  scaled.resize(monomials.tree.degree.value + 1, 0.0);
  for (size_t t = 0; t < scaled.size(); ++t)
    for (size_t i = 0; i < t && !bug(Bug::tensor_weights_without_dimension); ++i) scaled[t] /= d;
  for (Index a = 0; a < monomials.tree.rank; ++a)
    weights[a] = scaled[monomials.tree.degree_of[a]] * monomials.multinomial[a];
  return weights;
}

template <class T>
std::vector<std::vector<double>> moments(const Monomials& monomials, const std::vector<Tokens>& sets,
                                         ThreadCount threads) {
  if (const Device device = current_device(); device != Device::cpu) {
    std::vector<std::vector<double>> result;
    for (const Tokens& tokens : sets) result.push_back(moments_on(device, monomials, tokens));
    return result;
  }
  struct Group {
    size_t set;
    Index first, last, index;
  };
  std::vector<Group> groups;
  for (size_t s = 0; s < sets.size(); ++s) {
    const Index count =
        groups_of(sets[s].count, monomials.tree.rank * (2 * sets[s].columns + 2), sets.size());
    for (Index g = 0; g < count; ++g)
      groups.push_back({s, g * sets[s].count / count, (g + 1) * sets[s].count / count, g});
  }
  std::vector<std::optional<cpu::KeySums<T>>> parts(groups.size());
  parallel_for(static_cast<long>(groups.size()), threads, [&](long g) {
    const auto [s, first, last, index] = groups[g];
    const Tokens& tokens = sets[s];
    cpu::KeySums<T>& sums = parts[g].emplace(features_of(monomials.tree), tokens.columns);
    std::vector<T> room[2];
    for (Index from = first; from < last; from += block_of_tokens) {
      const Index to = std::min(last, from + block_of_tokens), count = to - from;
      const TokenBlock block = tokens.block(from, to, index);
      sums.add(rows_in(block.variables, room[0], count, monomials.tree.dimension),
               rows_in(block.columns, room[1], count, tokens.columns), 0, count);
    }
  });
  std::vector<std::vector<double>> result;
  for (size_t g = 0; g < groups.size();) {
    cpu::KeySums<T>& sums = *parts[g];
    const size_t set = groups[g].set;
    for (++g; g < groups.size() && groups[g].set == set; ++g) sums.add(*parts[g]);
    result.push_back(sums.sums());
  }
  return result;
}

template <class T>
RowEvaluation<T>::RowEvaluation(const Monomials& monomials, const std::vector<double>& table, Index columns)
    : dimension_(monomials.tree.dimension), sums_(features_of(monomials.tree), table, columns) {
  if (const Device device = current_device(); device != Device::cpu)  // in double
    on_device_ = RowsOn(device, monomials, table, columns);
}
template <class T>
std::vector<double> RowEvaluation<T>::rows(const std::vector<double>& variables) const {
  if (on_device_) return on_device_(variables);
  const Index count = static_cast<Index>(variables.size()) / dimension_;
  std::vector<T> room;
  return cpu::query_sums<T>(sums_, rows_in(variables, room, count, dimension_), 0, count);
}

#define ATTNBOUNDS_MOMENTS(T)                                                                        \
  template std::vector<std::vector<double>> moments<T>(const Monomials&, const std::vector<Tokens>&, \
                                                       ThreadCount);                                 \
  template UpperBound gamma<T>(TermRoundings);                                                       \
  template class RowEvaluation<T>
ATTNBOUNDS_MOMENTS(double);
ATTNBOUNDS_MOMENTS(float);
#undef ATTNBOUNDS_MOMENTS

std::vector<double> shifted_moments(const Monomials& monomials, std::vector<double> table, Index columns,
                                    const std::vector<double>& centre) {
  const Index d = monomials.tree.dimension, rank = monomials.tree.rank;
  const long degree = monomials.tree.degree.value;
  for (Index l = 0; l < d; ++l) {
    if (centre[l] == 0) continue;
    for (long pass = bug(Bug::pass_of_the_shift_forgotten) ? 2 : 1; pass <= degree;
         ++pass)                               // entry a takes part in the first a_l passes
      for (Index a = rank - 1; a >= 0; --a) {  // higher degrees first: a - e_l is still of the last pass
        const Index child = monomials.up[a * d + l];
        if (child < 0 || monomials.exponent[child * d + l] < pass) continue;
        for (Index c = 0; c < columns; ++c) table[child * columns + c] -= centre[l] * table[a * columns + c];
      }
  }
  return table;
}

}  // namespace attnbounds
