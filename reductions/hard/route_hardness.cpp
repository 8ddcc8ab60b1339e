#include "reductions/hard/route_hardness.hpp"

#include <algorithm>
#include <cmath>

#include "numeric/exact_text.hpp"
#include "reductions/attention/threshold.hpp"

namespace attnbounds {
namespace {

RouteHardness at(const std::string& route, const std::vector<long>& rows, long dimension,
                 ScorePromise promise) {
  const ThresholdParameters p = threshold_for_margin(rows, dimension, promise, Rational(1000001, 1000000));
  const double arity = static_cast<double>(rows.size());
  const double ratio = static_cast<double>(p.columns()) / static_cast<double>(promise.yes - promise.no);
  return {route, {}, p.tokens(), p.columns(), 0, kappa_of(p), std::pow((arity - 1) * ratio, 1 / arity)};
}

std::vector<long> field_sizes(CodeKind code, long columns, long nodes, long arity) {
  if (code == CodeKind::hermitian) return {4, 9, 16, 25, 49, 64, 81, 121, 169, 256};
  // q^{1+(K-1)T}/(q - D) is least at q = (1 + 1/((K-1) T)) D at most: no prime beyond 2 D + 2 is better.
  std::vector<long> primes = {least_prime_above(std::max(columns, arity * (nodes - 1)))};
  while (primes.back() < 2 * arity * (nodes - 1)) primes.push_back(least_prime_above(primes.back()));
  return primes;
}

std::optional<RouteHardness> least(CodeKind code, long vectors, long dimension, long arity) {
  std::optional<RouteHardness> best;
  for (long nodes = 1; nodes <= dimension; ++nodes) {
    const long columns = (dimension + nodes - 1) / nodes;
    if (columns > 64) continue;
    for (const long field : field_sizes(code, columns, nodes, arity)) {
      const ProtocolParameters p{arity, dimension, nodes, columns, field, code};
      if (characteristic_of(field) <= columns || p.checks() <= p.degree()) continue;
      if (std::pow(static_cast<double>(field), static_cast<double>((arity - 1) * columns)) *
              static_cast<double>(p.checks()) >=
          0x1p40)
        continue;
      RouteHardness here = at(code == CodeKind::hermitian ? "hermitian" : "reed-solomon",
                              std::vector<long>(static_cast<std::size_t>(arity), vectors), p.new_dimension(),
                              {ScoreSign::positive, p.checks(), p.degree()});
      here.log2_advices = static_cast<double>(code_size(code, arity, nodes, field).advice_dimension) *
                          std::log2(static_cast<double>(field));
      here.protocol = p;
      if (!best || here.kappa < best->kappa) best = here;
    }
  }
  return best;
}

}  // namespace

std::vector<RouteHardness> route_hardness(long vectors, long dimension, long arity) {
  if (vectors < 2 || dimension < 1 || arity < 2 || arity > 3)
    throw InputError("routes", "n >= 2 vectors of dimension >= 1, of 2 or 3 families", "others");
  std::vector<RouteHardness> routes = {at("direct",
                                          std::vector<long>(static_cast<std::size_t>(arity), vectors),
                                          dimension, orthogonality_promise())};
  for (const CodeKind code : {CodeKind::reed_solomon, CodeKind::hermitian})
    if (const std::optional<RouteHardness> best = least(code, vectors, dimension, arity))
      routes.push_back(*best);
  return routes;
}

}  // namespace attnbounds
