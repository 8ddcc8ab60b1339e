// Softmax in fixed point: the weights e^{s_j - max s} of one row and their sums, as integers in units of
// 2^-F, F = 64 N, from scores that are sums of products of doubles. Proved, and the fast way to enclosures at
// any precision: one exponential a score, exact sums, one quotient an output (docs/rounding.md, section 6).
//   score    every product exact, cut to 2^-F; then / d, cut: |S_j - s_j| <= c units, c counted
//   weight   A = max S - S_j >= 0, k = floor(A/ln 2) + 1, r = k ln 2 - A in [0, ln 2], e^-A = 2^{1-k}
//   (e^r/2),
//            e^r/2 = (e^{i/2^8}/2) e^{j/2^16} e^rho from two tables and Taylor's section, rho < 2^-16;
//            |W_j - w_j| <= (c + 7) 2^{1-k} + 1 <= 2 (c + 7) w_j + 1 units, w_j = e^{s_j - max S}
//   sums     exact. So sum_j |W_j - w_j| <= E = ((2c + 15) D + 2m) units, D = sum_j W_j 2^-F, and every
//            average sum W v / sum W is within 2 max|v| E/(D - E) of the true one.
// Cost of a weight: about F/20 products of N limbs.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "numeric/scalars.hpp"

namespace attnbounds {

using Limb = unsigned long;  // GMP's

/// mantissa * 2^exponent, exactly; |mantissa| < 2^53.
struct ExactDouble {
  long mantissa = 0;
  int exponent = 0;
};
ExactDouble exact_double(double x);

/// +-(high 2^64 + low) 2^exponent, exactly: the product of two doubles.
struct ExactProduct {
  Limb low = 0, high = 0;
  long sign = 1;
  int exponent = 0;
};
ExactProduct product(ExactDouble a, ExactDouble b);

struct FixedExpTables;

/// One row's scores, then their weights. Every score must be below 2^60 in size.
class FixedWeights {
 public:
  /// Scores are divided by `divisor` >= 1.
  FixedWeights(long limbs, long divisor);

  void clear();
  void begin_score();
  void add(const ExactProduct& p) { add_shifted(p.low, p.high, 0, p.sign, p.exponent); }
  void add(const ExactProduct& product, ExactDouble factor);
  void end_score();
  /// Turns the scores into weights.
  void exponentiate();

  long limbs() const { return limbs_; }
  long count() const { return count_; }
  /// W_j, N limbs, least first.
  const Limb* weight(long j) const { return weights_.data() + j * limbs_; }
  /// E/(D - E) of the header in units of 2^-F, rounded up; infinite beyond m = 2^40.
  double relative_error(const Integer& weight_sum) const;

 private:
  void add_shifted(Limb low, Limb middle, Limb high, long sign, long exponent);
  void exponential(const Limb* argument, Limb* weight);

  long limbs_, divisor_, twos_;
  long count_ = 0, cuts_ = 0, most_cuts_ = 0;  // products that lost bits: of this score, and at most
  std::shared_ptr<const FixedExpTables> tables_;
  std::vector<Limb> scores_;   // N + 1 limbs each, two's complement
  std::vector<Limb> weights_;  // N limbs each
  std::vector<Limb> work_;
};

/// Doubles as L-limb fixed-point numbers: u = v 2^-exponent 2^62 + 2^62 in [0, 2^63), 64 (L - 1) more bits
/// behind; L is the least for which all of them are exact, but at most `most_limbs`, where they are cut.
class FixedValues {
 public:
  FixedValues(const double* values, long count, long most_limbs);
  long limbs() const { return limbs_; }
  int exponent() const { return exponent_; }  // all |v| < 2^exponent
  bool exact() const { return exact_; }       // else each is cut by less than 2^{exponent - fraction_bits}
  const Limb* at(long index) const { return digits_.data() + index * limbs_; }
  long fraction_bits() const { return 62 + 64 * (limbs_ - 1); }
  /// v 2^{fraction_bits - exponent}, cut to an integer.
  Integer scaled(long index) const;

 private:
  long limbs_ = 1;
  int exponent_ = 0;
  bool exact_ = true;
  std::vector<Limb> digits_;
};

/// sum_j W_j u_j, exactly.
class FixedSum {
 public:
  FixedSum(long weight_limbs, long value_limbs) : digits_(weight_limbs + value_limbs + 1, 0) {}
  void add_product(const Limb* weight, long weight_limbs, const Limb* value, long value_limbs);
  void add(const Limb* weight, long weight_limbs);
  void clear() { digits_.assign(digits_.size(), 0); }
  Integer value() const;

 private:
  std::vector<Limb> digits_;
};

}  // namespace attnbounds
