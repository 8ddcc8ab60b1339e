#include "kernels/kept.hpp"

#include <cmath>
#include <map>
#include <mutex>

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

}  // namespace

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
  // Rounding costs at least about 2^-106 e^2X relatively, in double-double: beyond 40 nothing is proved of
  // any polynomial, and to find the least one takes up to degree 400.
  if (!(d > 0) || !(x <= 40)) return nullptr;
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

}  // namespace attnbounds
