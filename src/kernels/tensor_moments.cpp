#include "kernels/tensor_moments.hpp"

#include <cmath>
#include <map>
#include <mutex>
#include <optional>

#include "polynomial/exponential.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr size_t most_kept = 64;

std::shared_ptr<const Monomials> built(Index dimension, Degree degree) {
  auto result = std::make_shared<Monomials>();
  result->tree = monomial_tree(dimension, degree);
  const MonomialTree& tree = result->tree;
  for (const Integer& m : tree.multinomial) result->multinomial.push_back(nearest(Rational(m)));
  result->exponent.assign(tree.rank * dimension, 0);
  result->up.assign(tree.rank * dimension, -1);
  std::map<std::vector<long>, long> index{{std::vector<long>(dimension, 0), 0}};
  for (const MonomialRun& run : tree.runs)
    for (long i = 0; i < run.count; ++i) {
      const long child = run.child + i, parent = run.parent + i;
      for (Index l = 0; l < dimension; ++l)
        result->exponent[child * dimension + l] =
            result->exponent[parent * dimension + l] + (l == run.variable ? 1 : 0);
      const auto start = result->exponent.begin() + child * dimension;
      index.emplace(std::vector<long>(start, start + dimension), child);
    }
  for (const auto& [exponent, child] : index)
    for (Index l = 0; l < dimension; ++l)
      if (exponent[l] > 0) {
        std::vector<long> below = exponent;
        --below[l];
        result->up[index.at(below) * dimension + l] = child;
      }
  return result;
}

// Room for a chunk of sums: as many groups of tokens as memory allows, whatever the number of threads.
Index groups_of(Index tokens, Index doubles_of_a_group) {
  const Index affordable =
      std::clamp<Index>((1L << 25) / std::max<Index>(doubles_of_a_group, 1), 4, most_groups);
  return std::clamp<Index>(tokens / block_of_tokens, 1, affordable);
}

}  // namespace

double rank_about(Index dimension, Degree degree) {
  double rank = 1;
  for (long t = 1; t <= degree.value; ++t)
    rank *= static_cast<double>(dimension + t) / static_cast<double>(t);
  return rank;
}

std::shared_ptr<const Monomials> monomials_of(Index dimension, Degree degree) {
  static std::mutex lock;
  static std::map<std::pair<Index, long>, std::shared_ptr<const Monomials>> kept;
  const std::pair key(dimension, degree.value);
  {
    const std::lock_guard guard(lock);
    if (const auto found = kept.find(key); found != kept.end()) return found->second;
  }
  auto result = built(dimension, degree);
  if (result->tree.rank > (1 << 16)) return result;  // too large to keep
  const std::lock_guard guard(lock);
  if (kept.size() >= most_kept) kept.clear();
  return kept[key] = result;
}

std::shared_ptr<const CertifiedPolynomial> kept_exp_polynomial(const Rational& half_width,
                                                               const Rational& delta, Degree limit) {
  // X up to a multiple of 2^-7 of its power of two, delta down likewise: at most 1 % away.
  const auto coarse = [](double x, bool up) {
    if (x == 0 || !std::isfinite(x)) return x;
    const double unit = std::ldexp(1.0, std::ilogb(x) - 7);
    return up ? std::ceil(x / unit) * unit : std::floor(x / unit) * unit;
  };
  if (delta <= 0) return nullptr;
  const double x = coarse(round_up(half_width), true), d = coarse(round_down(delta), false);
  if (!(d > 0) || !std::isfinite(x)) return nullptr;
  static std::mutex lock;
  static std::map<std::tuple<double, double, long>, std::shared_ptr<const CertifiedPolynomial>> kept;
  const std::tuple key(x, d, limit.value);
  {
    const std::lock_guard guard(lock);
    if (const auto found = kept.find(key); found != kept.end()) return found->second;
  }
  std::shared_ptr<const CertifiedPolynomial> result;
  try {
    // X only grows: a floor keeps the search in ordinary numbers when the scores are nearly equal.
    const Rational interval = x == 0 ? Rational(0) : std::max(to_rational(x), Rational(1) / (1L << 40));
    if (auto found = least_exp_polynomial_in_doubles(interval, to_rational(d), limit))
      result = std::make_shared<const CertifiedPolynomial>(std::move(*found));
  } catch (const std::runtime_error&) {  // the exchange did not settle: such degrees approximate nothing
  }
  const std::lock_guard guard(lock);
  if (kept.size() >= most_kept) kept.clear();
  return kept[key] = result;
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
    for (size_t i = 0; i < t; ++i) scaled[t] /= d;
  for (Index a = 0; a < monomials.tree.rank; ++a)
    weights[a] = scaled[monomials.tree.degree_of[a]] * monomials.multinomial[a];
  return weights;
}

std::vector<std::vector<double>> moments(const Monomials& monomials, const std::vector<Tokens>& sets,
                                         ThreadCount threads) {
  struct Group {
    size_t set;
    Index first, last, index;
  };
  std::vector<Group> groups;
  for (size_t s = 0; s < sets.size(); ++s) {
    const Index count = groups_of(sets[s].count, monomials.tree.rank * (2 * sets[s].columns + 2));
    for (Index g = 0; g < count; ++g)
      groups.push_back({s, g * sets[s].count / count, (g + 1) * sets[s].count / count, g});
  }
  std::vector<std::optional<cpu::KeySums<double>>> parts(groups.size());
  parallel_for(static_cast<long>(groups.size()), threads, [&](long g) {
    const auto [s, first, last, index] = groups[g];
    const Tokens& tokens = sets[s];
    cpu::KeySums<double>& sums = parts[g].emplace(features_of(monomials.tree), tokens.columns);
    for (Index from = first; from < last; from += block_of_tokens) {
      const Index to = std::min(last, from + block_of_tokens), count = to - from;
      const TokenBlock block = tokens.block(from, to, index);
      sums.add({block.variables.data(), count, monomials.tree.dimension},
               {block.columns.data(), count, tokens.columns}, 0, count);
    }
  });
  std::vector<std::vector<double>> result;
  for (size_t g = 0; g < groups.size();) {
    cpu::KeySums<double>& sums = *parts[g];
    const size_t set = groups[g].set;
    for (++g; g < groups.size() && groups[g].set == set; ++g) sums.add(*parts[g]);
    result.push_back(sums.sums());
  }
  return result;
}

std::vector<double> Evaluation::rows(const std::vector<double>& variables) const {
  const Index count = static_cast<Index>(variables.size()) / dimension_;
  return cpu::query_sums<double>(sums_, {variables.data(), count, dimension_}, 0, count);
}

std::vector<double> shifted_moments(const Monomials& monomials, std::vector<double> table, Index columns,
                                    const std::vector<double>& centre) {
  const Index d = monomials.tree.dimension, rank = monomials.tree.rank;
  const long degree = monomials.tree.degree.value;
  for (Index l = 0; l < d; ++l) {
    if (centre[l] == 0) continue;
    for (long pass = 1; pass <= degree; ++pass)  // entry a takes part in the first a_l passes
      for (Index a = rank - 1; a >= 0; --a) {    // higher degrees first: a - e_l is still of the last pass
        const Index child = monomials.up[a * d + l];
        if (child < 0 || monomials.exponent[child * d + l] < pass) continue;
        for (Index c = 0; c < columns; ++c) table[child * columns + c] -= centre[l] * table[a * columns + c];
      }
  }
  return table;
}

}  // namespace attnbounds
