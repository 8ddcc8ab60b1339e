// The rival in Arb: D^-1 exp(Q K^T/d) V with arb_mat, as one who knows Arb would write it: arb_mat_mul for
// both products, arb_exp entry by entry, blocks of rows on as many threads as ours.
#pragma once

#include <string>

#include "attention/input.hpp"
#include "numeric/parallel.hpp"

namespace attnbounds::bench {

/// The work that is timed; the handle keeps the balls.
class ArbReference {
 public:
  ArbReference(const AttentionInput& input, long bits, ThreadCount threads);
  ~ArbReference();
  ArbReference(const ArbReference&) = delete;
  ArbReference& operator=(const ArbReference&) = delete;
  double largest_radius() const;
  /// True if the ball of entry (i, c) meets [lower, upper].
  bool meets(long i, long c, const Real& lower, const Real& upper) const;

 private:
  struct Balls;
  Balls* balls_;
};

std::string arb_version_text();

}  // namespace attnbounds::bench
