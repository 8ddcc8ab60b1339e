// F_q for a small prime q, as integers 0 … q - 1. Exact.
#pragma once

#include <stdexcept>
#include <vector>

namespace attnbounds {

bool is_prime(long q);
long least_prime_above(long x);

class PrimeField {
 public:
  /// Errors: std::domain_error unless q is a prime below 2^31.
  explicit PrimeField(long q) : q_(q) {
    if (q >= 1L << 31 || !is_prime(q)) throw std::domain_error("the field needs a prime below 2^31");
  }
  long size() const { return q_; }
  long add(long a, long b) const { return (a + b) % q_; }
  long subtract(long a, long b) const { return (a - b + q_) % q_; }
  long multiply(long a, long b) const { return a * b % q_; }
  long power(long a, long exponent) const;
  long inverse(long a) const;  // std::domain_error for 0

  /// value of c_0 + c_1 x + …
  long evaluate(const std::vector<long>& coefficients, long x) const;
  /// prod_{u != s} (x - u)/(s - u) over the nodes u = 0 … nodes - 1: the s-th Lagrange polynomial at x.
  long lagrange(long s, long nodes, long x) const;

 private:
  long q_;
};

}  // namespace attnbounds
