// The kappa = B/(log n)^{1/p} at which the reductions of this room make attention decide orthogonal vectors,
// from their own accounting (threshold.hpp, protocol.hpp), for n of any size, given by log n, 2^400 too
// (hard/route_hardness.hpp: at n that fit a machine, from the instances' own parameters).
//   direct   vectors of dimension d - 1, gap yes - no = 1, T = n^{p-1} tuples a row:
//                B^p = (log T + 2 log R) d,   so kappa^p ~ (p - 1) c log n: it grows with n;
//   gap      vectors of dimension M through the Reed-Solomon protocol, an instance an advice:
//                B^p = (log T + 2 log R) d/(q - p (l - 1)),   d = q^{1 + (p-1) T'} + q,
//            with q^{(p-1)(l-1)} <= n^a advices, so that n^{p - a} is what stays forbidden.
// Both are hard under SETH only as M/log n grows without bound (for every delta there is such a constant):
// at one constant they say that attention below this error decides that vector problem.
#pragma once

#include <optional>

#include "numeric/scalars.hpp"

namespace attnbounds {

/// R = 3 as in docs/reductions.md: outputs off by less than 1/4 decide. `d` >= 2 columns of the instance.
Interval direct_kappa(long arity, const Interval& log_n, long d);

struct GapHardness {
  long nodes = 0, columns = 0, field = 0;  // l, T', q
  Interval log_kappa, log_dimension;       // of the attention instance
};
/// The parameters of least kappa. nullopt if no protocol has so few advices.
std::optional<GapHardness> gap_kappa(long arity, const Interval& log_n, long dimension,
                                     const Rational& advice_exponent);

}  // namespace attnbounds
