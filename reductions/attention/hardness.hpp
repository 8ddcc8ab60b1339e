// The kappa = B/(log n)^{1/p} at which the reductions of this room make attention decide orthogonal vectors,
// from their own accounting (threshold.hpp, protocol.hpp), for n of any size, given by log n, 2^400 too
// (hard/route_hardness.hpp: at n that fit a machine, from the instances' own parameters).
//   direct   vectors of dimension d - 1, gap yes - no = 1, T = n^{p-1} tuples a row:
//                B^p = (log T + 2 log R) d,   so kappa^p ~ (p - 1) c log n: it grows with n;
//   gap      vectors of dimension M through the protocol with l nodes, T' columns, N points over F_Q and at
//            most D zeros (Reed-Solomon or Hermitian), an instance an advice:
//                B^p = (log T + 2 log R) d/(N - D),   d = N Q^{(p-1) T'} + e,  e <= N bias columns,
//            with Q^a <= n^alpha advices, so that n^{p - alpha} is what stays forbidden;
//   tower    the same with the codes of Garcia and Stichtenoth's tower (1995), whose alphabet is constant:
//            its limit as n grows, a constant. From the theorem; no program makes these instances here.
// All are hard under SETH only as M/log n grows without bound (for every delta there is such a constant):
// at one constant they say that attention below this error decides that vector problem.
#pragma once

#include <optional>

#include "numeric/proved.hpp"
#include "numeric/scalars.hpp"
#include "reductions/gap_inner_product/evaluation_code.hpp"

namespace attnbounds {

/// What must decide: outputs off by less than 1/4 (R = 3), or gradients through the quadrature of
/// reductions/gradient (R = 4 ceil(sqrt n)). docs/reductions.md
enum class DecidedBy { outputs, gradients };

/// `d` >= 2 columns of the instance. Errors: std::domain_error.
Interval direct_kappa(long arity, const Interval& log_n, long d, DecidedBy by = DecidedBy::outputs);

struct GapHardness {
  long nodes = 0, columns = 0, field = 0;              // l, T', Q
  Interval log_kappa, log_dimension, advice_exponent;  // of the attention instance; log_n of Q^a
};
/// The parameters of least kappa among fields that are among the first three to fit each (l, T'). nullopt if
/// no protocol has at most n^alpha advices.
std::optional<GapHardness> gap_kappa(CodeKind code, long arity, const Interval& log_n, long dimension,
                                     const Rational& alpha, DecidedBy by = DecidedBy::outputs);

/// Over F_{q^2}, q prime, the tower has curves of genus g with N >= (q - 1) g points: with l = lambda N
/// nodes, D/N -> p (lambda + 1/(q-1)), a/N -> (p-1)(lambda + 1/(q-1)), T' < q columns. Vectors of dimension c
/// log n.
struct TowerHardness {
  long root = 0, columns = 0;  // q, T'
  double node_share = 0;       // lambda
  Estimate log_kappa{0};
};
/// The least over q up to 1000 and a grid of lambda; nullopt if none of these fits.
std::optional<TowerHardness> tower_limit_kappa(long arity, const Rational& c, const Rational& alpha,
                                               DecidedBy by = DecidedBy::outputs);

}  // namespace attnbounds
