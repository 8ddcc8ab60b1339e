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
  return {route, {}, p.tokens(), p.columns(), kappa_of(p), std::pow((arity - 1) * ratio, 1 / arity)};
}

std::vector<long> field_sizes(CodeKind code, long columns, long nodes, long arity) {
  if (code == CodeKind::hermitian) return {4, 9, 16, 25, 49, 64, 81, 121, 169, 256};
  std::vector<long> primes;  // a larger field has a larger gap, and a larger dimension
  for (long q = std::max(columns, arity * (nodes - 1)); primes.size() < 4;)
    primes.push_back(q = least_prime_above(q));
  return primes;
}

std::optional<RouteHardness> least(CodeKind code, long vectors, long dimension, long arity) {
  constexpr long most = 1L << 40;  // tokens, and dimension
  std::optional<RouteHardness> best;
  for (long nodes = 1; nodes <= dimension; ++nodes) {
    const long columns = (dimension + nodes - 1) / nodes;
    if (columns > 64) continue;
    for (const long field : field_sizes(code, columns, nodes, arity)) {
      const ProtocolParameters p{arity, dimension, nodes, columns, field, code};
      if (characteristic_of(field) <= columns || p.checks() <= p.degree()) continue;
      if (protocol_bits(p, vectors) >= 1L << 61) continue;
      const long advices = p.advices();
      if (p.new_dimension() > most || advices > most / vectors) continue;
      std::vector<long> rows(static_cast<std::size_t>(arity), vectors);
      rows.back() *= advices;
      RouteHardness here = at(code == CodeKind::hermitian ? "hermitian" : "reed-solomon", rows,
                              p.new_dimension(), {ScoreSign::positive, p.checks(), p.degree()});
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
