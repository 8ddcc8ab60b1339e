// exp on [-708, 0], without fused multiply-adds: x = j ln 2 + r by Cody and Waite, |r| <= 0.3466, exp(r) by
// its Taylor section of degree 13. Proof that the result is e^x (1 + theta), |theta| <= 8 u, u = 2^-53:
//   ln 2 = hi + lo + e, hi of 32 bits so that j hi is exact for |j| <= 1022, |lo| < 2^-32, |e| < 2^-85. t = x
//   - j hi and r = t - j lo are below 1/2, so their roundings are at most u/4 each; j lo and e add less than
//   0.01 u. So r is off by at most 0.51 u, a factor of 1 + 0.52 u. Truncation: 0.3466^14/14! / (1 - 0.03) <
//   0.05 u, relative to e^r >= 0.707 less than 0.07 u. Horner: the term r^t/t! passes through at most 2 t + 1
//   roundings and its coefficient has one: sum_t (2t + 2) u |r|^t/t! <= 2 u e^|r| (1 + |r|) <= 3.81 u,
//   relative to e^r >= 0.7071 at most 5.4 u. The sum is 6.0 u, second order terms and all below 8 u; 2^j is
//   exact (j >= -1022).
// Below -708 the result is exp(-708) or so, and the error at most 2^-1020.
#pragma once

namespace attnbounds::cpu {

constexpr double exp_relative_error = 8 * 0x1p-53;
constexpr double exp_absolute_error = 0x1p-1020;

/// e^x for x <= 0 (NaN gives nonsense), as proved above.
double exp_of_nonpositive(double x);
void exp_of_nonpositive(double* x, long count);  // of each, in place

}  // namespace attnbounds::cpu
