#include "reductions/gap_inner_product/finite_field.hpp"

#include <algorithm>

namespace attnbounds {
namespace {

/// Polynomials over F_p as digits in base p, multiplied modulo z^e + `lower`.
long times(long a, long b, long p, long e, long lower) {
  const auto digit = [&](long x, long i) {
    for (; i > 0; --i) x /= p;
    return x % p;
  };
  std::vector<long> product(static_cast<std::size_t>(2 * e), 0);
  for (long i = 0; i < e; ++i)
    for (long j = 0; j < e; ++j) product[static_cast<std::size_t>(i + j)] += digit(a, i) * digit(b, j);
  for (long i = 2 * e - 1; i >= e; --i)  // z^e = -lower
    for (long j = 0; j < e; ++j)
      product[static_cast<std::size_t>(i - e + j)] +=
          product[static_cast<std::size_t>(i)] % p * (p - digit(lower, j));
  long value = 0;
  for (long i = e; i-- > 0;) value = value * p + product[static_cast<std::size_t>(i)] % p;
  return value;
}

}  // namespace

bool is_prime(long q) {
  if (q < 2) return false;
  for (long p = 2; p * p <= q; ++p)
    if (q % p == 0) return false;
  return true;
}

long least_prime_above(long x) {
  do ++x;
  while (!is_prime(x));
  return x;
}

long characteristic_of(long q) {
  if (q < 2) return 0;
  long p = 2;
  while (p * p <= q && q % p != 0) ++p;
  if (q % p != 0) return q;
  while (q % p == 0) q /= p;
  return q == 1 ? p : 0;
}

FiniteField::FiniteField(long q) : q_(q), p_(q < 1L << 31 ? characteristic_of(q) : 0) {
  if (p_ == 0 || (p_ != q && q > 1024))
    throw std::domain_error("a field needs a prime below 2^31, or a prime power up to 1024");
  if (p_ == q) return;
  long e = 0;
  for (long size = 1; size < q; size *= p_) ++e;
  sums_.resize(static_cast<std::size_t>(q * q));
  products_.resize(static_cast<std::size_t>(q * q));
  for (long a = 0; a < q; ++a)
    for (long b = 0; b < q; ++b) {
      long sum = 0;
      for (long weight = 1; weight < q; weight *= p_) sum += (a / weight + b / weight) % p_ * weight;
      sums_[at(a, b)] = sum;
    }
  for (long x = q; x-- > 0;)
    if (sums_[at(x, 1)] == 0) minus_one_ = x;
  // The modulus is irreducible iff the quotient has no divisors of zero.
  for (long lower = 0;; ++lower) {
    bool field = true;
    for (long a = 1; a < q && field; ++a)
      for (long b = 1; b <= a && field; ++b) field = times(a, b, p_, e, lower) != 0;
    if (!field) continue;
    for (long a = 0; a < q; ++a)
      for (long b = 0; b < q; ++b) products_[at(a, b)] = times(a, b, p_, e, lower);
    return;
  }
}

long FiniteField::power(long a, long exponent) const {
  long result = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result = multiply(result, a);
    a = multiply(a, a);
  }
  return result;
}

long FiniteField::inverse(long a) const {
  if (a == 0) throw std::domain_error("0 has no inverse");
  return power(a, q_ - 2);
}

long FiniteField::evaluate(const std::vector<long>& coefficients, long x) const {
  long value = 0;
  for (std::size_t i = coefficients.size(); i-- > 0;) value = add(multiply(value, x), coefficients[i]);
  return value;
}

long FiniteField::lagrange(long s, long nodes, long x) const {
  long value = 1;
  for (long u = 0; u < nodes; ++u)
    if (u != s) value = multiply(value, multiply(subtract(x, u), inverse(subtract(s, u))));
  return value;
}

Echelon reduced(const FiniteField& field, FieldMatrix rows) {
  Echelon echelon;
  const std::size_t columns = rows.empty() ? 0 : rows[0].size();
  std::size_t done = 0;
  for (std::size_t c = 0; c < columns && done < rows.size(); ++c) {
    std::size_t pivot = done;
    while (pivot < rows.size() && rows[pivot][c] == 0) ++pivot;
    if (pivot == rows.size()) continue;
    std::swap(rows[pivot], rows[done]);
    const long scale = field.inverse(rows[done][c]);
    for (long& x : rows[done]) x = field.multiply(x, scale);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i == done || rows[i][c] == 0) continue;
      const long factor = field.negate(rows[i][c]);
      for (std::size_t j = c; j < columns; ++j)
        rows[i][j] = field.add(rows[i][j], field.multiply(factor, rows[done][j]));
    }
    echelon.pivots.push_back(c);
    ++done;
  }
  rows.resize(done);
  echelon.rows = std::move(rows);
  return echelon;
}

FieldMatrix null_space(const FiniteField& field, const FieldMatrix& rows, std::size_t columns) {
  const Echelon echelon = reduced(field, rows);
  FieldMatrix basis;
  for (std::size_t c = 0; c < columns; ++c) {
    if (std::find(echelon.pivots.begin(), echelon.pivots.end(), c) != echelon.pivots.end()) continue;
    std::vector<long> x(columns, 0);
    x[c] = 1;
    for (std::size_t i = 0; i < echelon.pivots.size(); ++i)
      x[echelon.pivots[i]] = field.negate(echelon.rows[i][c]);
    basis.push_back(x);
  }
  return basis;
}

}  // namespace attnbounds
