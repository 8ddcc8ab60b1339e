// Where each route gives hardness: the least kappa, B = kappa (log n)^{1/p}, at which the attention instances
// that it makes of K-OV with n vectors of dimension m separate yes from no. Below it no route here says
// anything; above it an attention algorithm of n^{p - delta} time (p = K) would refute SETH for the sizes the
// route is used at. `limit` is the part that stays as n grows with everything else fixed:
//     kappa -> ((p - 1) d/(yes - no))^{1/p},
// as B^p = (log T + O(1)) d/(yes - no) with T = n^{p-1} tuples. The gap routes in the theorem's form, one
// instance an advice: n = vectors + 1 tokens each, and as many instances as there are advices.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reductions/gap_inner_product/protocol.hpp"

namespace attnbounds {

struct RouteHardness {
  std::string route;                           // direct, reed-solomon, hermitian
  std::optional<ProtocolParameters> protocol;  // of the least kappa
  long tokens = 0, columns = 0;                // n, d of the attention instance
  double log2_advices = 0;                     // of the number of instances
  double kappa = 0, limit = 0;                 // rounded up; an estimate
};

/// Routes of dimension below 2^40. Errors: InputError unless vectors >= 2, dimension >= 1, arity 2 or 3.
std::vector<RouteHardness> route_hardness(long vectors, long dimension, long arity);

}  // namespace attnbounds
