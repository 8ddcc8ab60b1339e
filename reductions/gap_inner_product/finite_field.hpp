// Finite fields, exactly, and linear algebra over them. F_p: integers 0 … p - 1. F_{p^e}: element a is the
// polynomial in z whose coefficient of z^i is digit i of a in base p, modulo the irreducible monic polynomial
// z^e + … of degree e whose lower coefficients, read as a number in base p, are the least; by tables.
#pragma once

#include <stdexcept>
#include <vector>

namespace attnbounds {

bool is_prime(long q);
long least_prime_above(long x);
/// The prime p of q = p^e; 0 if q is no prime power.
long characteristic_of(long q);

class FiniteField {
 public:
  /// Errors: std::domain_error unless q is a prime below 2^31 or a prime power up to 1024.
  explicit FiniteField(long q);
  long size() const { return q_; }
  long characteristic() const { return p_; }
  long add(long a, long b) const { return q_ == p_ ? (a + b) % q_ : sums_[at(a, b)]; }
  long negate(long a) const { return q_ == p_ ? (q_ - a) % q_ : multiply(minus_one_, a); }
  long subtract(long a, long b) const { return add(a, negate(b)); }
  long multiply(long a, long b) const { return q_ == p_ ? a * b % q_ : products_[at(a, b)]; }
  long power(long a, long exponent) const;
  long inverse(long a) const;  // std::domain_error for 0

  /// value of c_0 + c_1 x + …
  long evaluate(const std::vector<long>& coefficients, long x) const;
  /// prod_{u != s} (x - u)/(s - u) over the nodes u = 0 … nodes - 1: the s-th Lagrange polynomial at x.
  long lagrange(long s, long nodes, long x) const;

 private:
  std::size_t at(long a, long b) const { return static_cast<std::size_t>(a * q_ + b); }
  long q_, p_, minus_one_ = 0;
  std::vector<long> sums_, products_;  // q x q, for e > 1
};

using FieldMatrix = std::vector<std::vector<long>>;

/// The reduced row echelon form without its zero rows, and the columns of its leading ones.
struct Echelon {
  FieldMatrix rows;
  std::vector<std::size_t> pivots;
};
Echelon reduced(const FiniteField& field, FieldMatrix rows);

/// A basis of {x: rows x = 0}: one vector for each column without a leading one, ascending, with 1 there.
FieldMatrix null_space(const FiniteField& field, const FieldMatrix& rows, std::size_t columns);

}  // namespace attnbounds
