// The pieces of the guarantee that both attention kernels share. docs/rounding.md has the proofs.
//   perturbation   |P(x) - e^x| <= delta e^x on all scores  =>  |Att~ - Att| <= phi(delta) |V|,
//                  phi(delta) = 2 (1 - sqrt(1 - delta^2))/delta = 2 delta/(1 + sqrt(1 - delta^2))   (sharp)
//                  scores moved by at most zeta besides: at most phi(delta) + zeta.
//   rounding       a term that passes through m roundings has relative error at most gamma_m = m u/(1 - m u).
#pragma once

#include "numeric/proved.hpp"
#include "polynomial/polynomial.hpp"

namespace attnbounds {

/// u = 2^-53, the unit roundoff, and 2^-1075, the largest rounding error of a subnormal result (rounded up to
/// 2^-1074, the least positive double).
UpperBound unit_roundoff();
UpperBound underflow_error();

/// gamma_m; infinite if m u >= 1.
UpperBound gamma(long roundings);

/// The same for T = double or float (u = 2^-24, 2^-149).
template <class T>
UpperBound unit_roundoff() {
  return UpperBound::exactly(sizeof(T) == 8 ? 0x1p-53 : 0x1p-24);
}
template <class T>
UpperBound underflow_error() {
  return UpperBound::exactly(sizeof(T) == 8 ? 0x1p-1074 : 0x1p-149);
}
template <class T>
UpperBound gamma(long roundings) {
  const double mu = static_cast<double>(roundings) * unit_roundoff<T>().value();
  if (!(mu < 1)) return UpperBound::infinite();
  return divide_by_at_least(UpperBound::exactly(mu), std::nextafter(1 - mu, 0));
}

/// phi(delta); phi <= 2 always holds.
UpperBound perturbation_bound(UpperBound delta);

/// The largest delta with phi(delta) <= epsilon, 4 epsilon/(4 + epsilon^2), for epsilon in (0, 2]; 1 above.
Rational largest_perturbation(const Rational& epsilon);

/// sum_t |c_t| y^t
UpperBound absolute_polynomial(const Polynomial& polynomial, UpperBound y);

/// base^exponent
UpperBound power(UpperBound base, long exponent);

}  // namespace attnbounds
