#include "numeric/fixed_point.hpp"

#include <gmp.h>
#include <mpfr.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>

namespace attnbounds {
namespace {

static_assert(sizeof(Limb) == sizeof(mp_limb_t) && GMP_NUMB_BITS == 64);
__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using): not before a using

constexpr long first_size = 178;  // i/2^8 <= ln 2
constexpr long second_size = 256;

// floor(x * 2^{64 limbs}) for x in [0, 2^64)
void put_floor(mpfr_srcptr x, long limbs, Limb* digits, long count) {
  mpfr_t scaled;
  mpfr_init2(scaled, mpfr_get_prec(x));
  mpfr_mul_2si(scaled, x, 64 * limbs, MPFR_RNDD);
  mpz_t z;
  mpz_init(z);
  mpfr_get_z(z, scaled, MPFR_RNDD);
  std::fill(digits, digits + count, 0);
  std::copy_n(mpz_limbs_read(z), mpz_size(z), digits);
  mpz_clear(z);
  mpfr_clear(scaled);
}

}  // namespace

// All entries cut, so at most one unit too small.
struct FixedExpTables {
  long limbs, degree;
  std::vector<Limb> first;         // e^{i/2^8}/2
  std::vector<Limb> second;        // e^{j/2^16} - 1
  std::vector<Limb> coefficients;  // 1/t!, t = 2 … degree
  std::vector<Limb> log2;          // ln 2 with N + 1 limbs behind the point

  explicit FixedExpTables(long n) : limbs(n), first(first_size * n), second(second_size * n), log2(n + 1) {
    mpfr_t x;
    mpfr_init2(x, 64 * (n + 1));
    for (long i = 0; i < first_size; ++i) {
      mpfr_set_si_2exp(x, i, -8, MPFR_RNDD);
      mpfr_exp(x, x, MPFR_RNDD);
      mpfr_div_2ui(x, x, 1, MPFR_RNDD);
      put_floor(x, n, first.data() + i * n, n);
    }
    for (long j = 0; j < second_size; ++j) {
      mpfr_set_si_2exp(x, j, -16, MPFR_RNDD);
      mpfr_expm1(x, x, MPFR_RNDD);
      put_floor(x, n, second.data() + j * n, n);
    }
    mpfr_const_log2(x, MPFR_RNDD);
    put_floor(x, n + 1, log2.data(), n + 1);
    // rho^{T+1}/(T+1)! (1 + …) < 0.51 units
    double bits = 16;
    for (degree = 1; bits < static_cast<double>(64 * n + 1); ++degree)
      bits += 16 + std::log2(static_cast<double>(degree + 1)) - 1e-9;
    degree = std::max(degree, 2L);
    coefficients.resize((degree - 1) * n);
    mpfr_set_ui(x, 1, MPFR_RNDD);
    for (long t = 2; t <= degree; ++t) {
      mpfr_div_ui(x, x, static_cast<unsigned long>(t), MPFR_RNDD);
      put_floor(x, n, coefficients.data() + (t - 2) * n, n);
    }
    mpfr_clear(x);
  }
};

namespace {

std::shared_ptr<const FixedExpTables> tables(long limbs) {
  static std::mutex lock;
  static std::map<long, std::shared_ptr<const FixedExpTables>> made;
  const std::lock_guard guard(lock);
  auto& entry = made[limbs];
  if (!entry) entry = std::make_shared<const FixedExpTables>(limbs);
  return entry;
}

}  // namespace

ExactDouble exact_double(double x) {
  if (x == 0) return {};
  int exponent = 0;
  const double fraction = std::frexp(x, &exponent);
  return {static_cast<long>(std::ldexp(fraction, 53)), exponent - 53};
}

ExactProduct product(ExactDouble a, ExactDouble b) {
  const Wide magnitude = static_cast<Wide>(std::labs(a.mantissa)) * static_cast<Wide>(std::labs(b.mantissa));
  return {static_cast<Limb>(magnitude), static_cast<Limb>(magnitude >> 64),
          (a.mantissa < 0) != (b.mantissa < 0) ? -1L : 1L, a.exponent + b.exponent};
}

FixedWeights::FixedWeights(long limbs, long divisor)
    : limbs_(limbs),
      divisor_(divisor),
      twos_(std::countr_zero(static_cast<unsigned long>(divisor))),
      tables_(tables(limbs)),
      work_(8 * limbs + 8) {
  divisor_ >>= twos_;
}

void FixedWeights::clear() {
  scores_.clear();
  count_ = cuts_ = most_cuts_ = 0;
}

void FixedWeights::begin_score() {
  scores_.resize(static_cast<size_t>(++count_ * (limbs_ + 1)), 0);
  cuts_ = 0;
}

void FixedWeights::add(const ExactProduct& p, ExactDouble factor) {
  const Limb f = static_cast<Limb>(std::labs(factor.mantissa));
  const Wide low = static_cast<Wide>(p.low) * f;
  const Wide high = static_cast<Wide>(p.high) * f + (low >> 64);
  add_shifted(static_cast<Limb>(low), static_cast<Limb>(high), static_cast<Limb>(high >> 64),
              factor.mantissa < 0 ? -p.sign : p.sign, static_cast<long>(p.exponent) + factor.exponent);
}

// score += sign * (high, middle, low) 2^exponent, cut towards 0 to units of 2^-F.
void FixedWeights::add_shifted(Limb low, Limb middle, Limb high, long sign, long exponent) {
  long position = exponent - twos_ + 64 * limbs_;
  if (position < 0) {
    if ((low | middle | high) == 0) return;
    ++cuts_;
    if (position <= -192) return;
    for (; position <= -64; position += 64) low = middle, middle = high, high = 0;
    if (position < 0) {
      const int s = static_cast<int>(-position);
      low = low >> s | middle << (64 - s);
      middle = middle >> s | high << (64 - s);
      high >>= s;
      position = 0;
    }
  }
  const int s = static_cast<int>(position % 64);
  Limb part[4] = {low, middle, high, 0};
  if (s != 0) {
    part[3] = high >> (64 - s);
    part[2] = high << s | middle >> (64 - s);
    part[1] = middle << s | low >> (64 - s);
    part[0] = low << s;
  }
  Limb* sum = scores_.data() + (count_ - 1) * (limbs_ + 1);
  const long from = position / 64, end = limbs_ + 1;
  if (sign > 0) {
    Wide carry = 0;
    for (long i = from; i < end; ++i) {
      if (i - from < 4) carry += part[i - from];
      else if (carry == 0) break;
      carry += sum[i];
      sum[i] = static_cast<Limb>(carry);
      carry >>= 64;
    }
  } else {
    Limb borrow = 0;
    for (long i = from; i < end; ++i) {
      const Limb p = i - from < 4 ? part[i - from] : 0;
      if (i - from >= 4 && borrow == 0) break;
      const Wide difference = static_cast<Wide>(sum[i]) - p - borrow;
      sum[i] = static_cast<Limb>(difference);
      borrow = static_cast<Limb>(difference >> 64) != 0 ? 1 : 0;
    }
  }
}

void FixedWeights::end_score() {
  most_cuts_ = std::max(most_cuts_, cuts_);
  if (divisor_ == 1) return;  // the power of two was taken into the exponents
  Limb* s = scores_.data() + (count_ - 1) * (limbs_ + 1);
  const bool negative = s[limbs_] >> 63 != 0;
  if (negative) mpn_neg(s, s, limbs_ + 1);
  mpn_divrem_1(s, 0, s, limbs_ + 1, static_cast<mp_limb_t>(divisor_));
  if (negative) mpn_neg(s, s, limbs_ + 1);
}

void FixedWeights::exponentiate() {
  const long n = limbs_, stride = n + 1;
  weights_.resize(static_cast<size_t>(count_ * n));
  const auto less = [&](const Limb* a, const Limb* b) {
    if (a[n] != b[n]) return static_cast<long>(a[n]) < static_cast<long>(b[n]);
    return mpn_cmp(a, b, n) < 0;
  };
  const Limb* largest = scores_.data();
  for (long j = 1; j < count_; ++j)
    if (less(largest, scores_.data() + j * stride)) largest = scores_.data() + j * stride;
  Limb* argument = work_.data();
  for (long j = 0; j < count_; ++j) {
    mpn_sub_n(argument, largest, scores_.data() + j * stride, stride);
    exponential(argument, weights_.data() + j * n);
  }
}

// argument = A >= 0, N limbs behind the point and one before it.
void FixedWeights::exponential(const Limb* argument, Limb* weight) {
  const long n = limbs_;
  const FixedExpTables& t = *tables_;
  if (argument[n] >= static_cast<Limb>(64 * n)) {  // e^-A < 2^-F
    std::fill(weight, weight + n, 0);
    return;
  }
  Limb *r = work_.data() + n + 1, *scratch = r + n + 1, *sum = scratch + 2 * n + 2;
  // k = floor(A/ln 2) + 1, first from a double, which may be off by one.
  const double a = static_cast<double>(argument[n]) + static_cast<double>(argument[n - 1]) * 0x1p-64;
  Limb k = static_cast<Limb>(a * 1.4426950408889634) + 1;
  for (;;) {  // r = k ln 2 - A, cut
    scratch[n + 1] = mpn_mul_1(scratch, t.log2.data(), n + 1, k);
    mpn_sub_n(r, scratch + 1, argument, n + 1);
    if (r[n] >> 63 != 0) ++k;
    else if (r[n] != 0 || mpn_cmp(r, t.log2.data() + 1, n) > 0) --k;
    else break;
  }
  const Limb i = r[n - 1] >> 56, j = r[n - 1] >> 48 & 255;
  r[n - 1] &= (Limb{1} << 48) - 1;  // rho

  // p = e^rho - 1 = rho + rho (rho/2! + rho^2/3! + …)
  const Limb* coefficient = t.coefficients.data() + (t.degree - 2) * n;
  std::copy_n(coefficient, n, sum);
  for (long degree = t.degree - 1; degree >= 2; --degree) {
    coefficient -= n;
    mpn_mul_n(scratch, sum, r, n);
    mpn_add_n(sum, coefficient, scratch + n, n);
  }
  mpn_mul_n(scratch, sum, r, n);  // rho (1/2! + rho/3! + …)
  std::copy_n(scratch + n, n, sum);
  mpn_mul_n(scratch, sum, r, n);
  mpn_add_n(sum, r, scratch + n, n);

  const Limb *first = t.first.data() + i * n, *second = t.second.data() + j * n;
  mpn_mul_n(scratch, first, second, n);
  mpn_add_n(r, first, scratch + n, n);
  mpn_mul_n(scratch, r, sum, n);
  mpn_add_n(r, r, scratch + n, n);  // e^r/2 < 1

  const Limb shift = k - 1, whole = shift / 64, bits = shift % 64;
  std::fill(weight, weight + n, 0);
  if (static_cast<long>(whole) >= n) return;
  const long left = n - static_cast<long>(whole);
  if (bits == 0) std::copy_n(r + whole, left, weight);
  else mpn_rshift(weight, r + whole, left, static_cast<unsigned>(bits));
}

FixedValues::FixedValues(const double* values, long count, long most_limbs) {
  double largest = 0;
  for (long i = 0; i < count; ++i) largest = std::fmax(largest, std::fabs(values[i]));
  if (largest > 0) exponent_ = std::ilogb(largest) + 1;
  for (long i = 0; i < count; ++i)
    if (values[i] != 0) {
      const ExactDouble x = exact_double(values[i]);
      const int least = x.exponent + std::countr_zero(static_cast<unsigned long>(std::labs(x.mantissa)));
      const long behind = exponent_ - least - 62;  // bits behind the first limb
      if (behind > 0) limbs_ = std::max(limbs_, 1 + (behind + 63) / 64);
    }
  exact_ = limbs_ <= most_limbs;
  limbs_ = std::min(limbs_, most_limbs);
  digits_.assign(static_cast<size_t>(count * limbs_), 0);
  for (long i = 0; i < count; ++i) {
    const Rational scaled = to_rational(values[i]) * dyadic(1, fraction_bits() - exponent_);
    Integer u = scaled_floor(scaled, 0) + (Integer(1) << static_cast<unsigned>(fraction_bits()));
    const mpz_srcptr z = u.backend().data();
    std::copy_n(mpz_limbs_read(z), mpz_size(z), digits_.data() + i * limbs_);
  }
}

Integer FixedValues::scaled(long index) const {
  Integer u;
  mpz_import(u.backend().data(), static_cast<size_t>(limbs_), -1, sizeof(Limb), 0, 0, at(index));
  return u - (Integer(1) << static_cast<unsigned>(fraction_bits()));
}

void FixedSum::add_product(const Limb* weight, long weight_limbs, const Limb* value, long value_limbs) {
  const long size = static_cast<long>(digits_.size());
  for (long l = 0; l < value_limbs; ++l) {
    const Limb carry = mpn_addmul_1(digits_.data() + l, weight, weight_limbs, value[l]);
    mpn_add_1(digits_.data() + l + weight_limbs, digits_.data() + l + weight_limbs, size - l - weight_limbs,
              carry);
  }
}

void FixedSum::add(const Limb* weight, long weight_limbs) {
  mpn_add(digits_.data(), digits_.data(), static_cast<long>(digits_.size()), weight, weight_limbs);
}

Integer FixedSum::value() const {
  Integer result;
  mpz_import(result.backend().data(), digits_.size(), -1, sizeof(Limb), 0, 0, digits_.data());
  return result;
}

double FixedWeights::relative_error(const Integer& weight_sum) const {
  // D from below (the largest score's own weight is 1 but for some units); E/D <= 2^-21.
  const double sum = round_down(Rational(weight_sum) * dyadic(1, -64 * limbs_));
  if (!(sum >= 0.5) || count_ > (1L << 40)) return std::numeric_limits<double>::infinity();
  const double cuts =
      static_cast<double>(most_cuts_) / static_cast<double>(divisor_) + (divisor_ > 1 ? 1 : 0);
  if (!(cuts < 0x1p20)) return std::numeric_limits<double>::infinity();
  return (15 + 2 * cuts + 2 * static_cast<double>(count_) / sum) * (1 + 0x1p-18);
}

}  // namespace attnbounds
