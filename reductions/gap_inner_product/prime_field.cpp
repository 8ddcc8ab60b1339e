#include "reductions/gap_inner_product/prime_field.hpp"

namespace attnbounds {

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

long PrimeField::power(long a, long exponent) const {
  long result = 1 % q_;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result = multiply(result, a);
    a = multiply(a, a);
  }
  return result;
}

long PrimeField::inverse(long a) const {
  if (a % q_ == 0) throw std::domain_error("0 has no inverse");
  return power(a, q_ - 2);  // Fermat
}

long PrimeField::evaluate(const std::vector<long>& coefficients, long x) const {
  long value = 0;
  for (std::size_t i = coefficients.size(); i-- > 0;) value = add(multiply(value, x), coefficients[i]);
  return value;
}

long PrimeField::lagrange(long s, long nodes, long x) const {
  long value = 1;
  for (long u = 0; u < nodes; ++u)
    if (u != s) value = multiply(value, multiply(subtract(x, u), inverse(subtract(s, u))));
  return value;
}

}  // namespace attnbounds
