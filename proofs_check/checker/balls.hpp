// Thin owners of Arb's types, so that the proof reads as its formulas.
//   Dyadic    arf: m 2^e, exact         Fraction  fmpq: p/q, exact
//   Ball      arb: midpoint and radius. A Ball computed from Balls contains every result of the exact
//             operation on members of its arguments; rounding is to `working_bits` binary digits.
#pragma once

#include <arb.h>
#include <arb_hypgeom.h>
#include <arf.h>
#include <flint/fmpq.h>
#include <flint/fmpz.h>

#include <concepts>
#include <stdexcept>
#include <string>
#include <vector>

namespace checker {

template <class Operations>
class Owned {
 public:
  using Struct = typename Operations::Struct;
  Owned() { Operations::init(&value_); }
  Owned(const Owned& other) : Owned() { Operations::set(&value_, &other.value_); }
  Owned(Owned&& other) noexcept : Owned() { Operations::swap(&value_, &other.value_); }
  Owned& operator=(Owned other) noexcept {
    Operations::swap(&value_, &other.value_);
    return *this;
  }
  ~Owned() { Operations::clear(&value_); }
  Struct* get() { return &value_; }
  const Struct* get() const { return &value_; }

 private:
  Struct value_;
};

struct ArfOperations {
  using Struct = arf_struct;
  static void init(arf_struct* x) { arf_init(x); }
  static void clear(arf_struct* x) { arf_clear(x); }
  static void set(arf_struct* x, const arf_struct* y) { arf_set(x, y); }
  static void swap(arf_struct* x, arf_struct* y) { arf_swap(x, y); }
};
struct FmpqOperations {
  using Struct = fmpq;
  static void init(fmpq* x) { fmpq_init(x); }
  static void clear(fmpq* x) { fmpq_clear(x); }
  static void set(fmpq* x, const fmpq* y) { fmpq_set(x, y); }
  static void swap(fmpq* x, fmpq* y) { fmpq_swap(x, y); }
};
struct ArbOperations {
  using Struct = arb_struct;
  static void init(arb_struct* x) { arb_init(x); }
  static void clear(arb_struct* x) { arb_clear(x); }
  static void set(arb_struct* x, const arb_struct* y) { arb_set(x, y); }
  static void swap(arb_struct* x, arb_struct* y) { arb_swap(x, y); }
};

class Dyadic : public Owned<ArfOperations> {
 public:
  Dyadic() = default;
  explicit Dyadic(std::integral auto x) { arf_set_si(get(), static_cast<slong>(x)); }
  friend Dyadic operator+(const Dyadic& a, const Dyadic& b) {  // exact
    Dyadic sum;
    arf_add(sum.get(), a.get(), b.get(), ARF_PREC_EXACT, ARF_RND_DOWN);
    return sum;
  }
  friend Dyadic operator-(const Dyadic& a, const Dyadic& b) {  // exact
    Dyadic difference;
    arf_sub(difference.get(), a.get(), b.get(), ARF_PREC_EXACT, ARF_RND_DOWN);
    return difference;
  }
  friend bool operator<(const Dyadic& a, const Dyadic& b) { return arf_cmp(a.get(), b.get()) < 0; }
};

// Fractions may grow with every operation: the bits of all results are counted.
inline double exact_work = 0;
inline constexpr double kMostExactWork = 1e9;

class Fraction : public Owned<FmpqOperations> {
 public:
  Fraction() = default;
  explicit Fraction(std::integral auto x) { fmpq_set_si(get(), static_cast<slong>(x), 1); }
  explicit Fraction(const Dyadic& x) { arf_get_fmpq(get(), x.get()); }
  friend Fraction operator+(const Fraction& a, const Fraction& b) { return apply(fmpq_add, a, b); }
  friend Fraction operator-(const Fraction& a, const Fraction& b) { return apply(fmpq_sub, a, b); }
  friend Fraction operator*(const Fraction& a, const Fraction& b) { return apply(fmpq_mul, a, b); }
  friend Fraction operator/(const Fraction& a, const Fraction& b) {
    if (fmpq_is_zero(b.get()) != 0) throw std::domain_error("a division by 0");
    return apply(fmpq_div, a, b);
  }
  friend Fraction absolute_value(const Fraction& a) {
    Fraction result;
    fmpq_abs(result.get(), a.get());
    return result;
  }
  friend Fraction maximum(const Fraction& a, const Fraction& b) { return a < b ? b : a; }
  friend Fraction minimum(const Fraction& a, const Fraction& b) { return b < a ? b : a; }
  friend bool operator<(const Fraction& a, const Fraction& b) { return fmpq_cmp(a.get(), b.get()) < 0; }
  friend bool operator<=(const Fraction& a, const Fraction& b) { return !(b < a); }
  friend bool operator==(const Fraction& a, const Fraction& b) { return fmpq_equal(a.get(), b.get()) != 0; }

 private:
  template <class Function>
  static Fraction apply(Function function, const Fraction& a, const Fraction& b) {
    Fraction result;
    function(result.get(), a.get(), b.get());
    exact_work +=
        static_cast<double>(fmpz_bits(fmpq_numref(result.get())) + fmpz_bits(fmpq_denref(result.get())));
    if (exact_work > kMostExactWork) throw std::length_error("exact arithmetic of about a minute at most");
    return result;
  }
};

inline slong working_bits = 128;

class Ball : public Owned<ArbOperations> {
 public:
  Ball() = default;  // zero
  // No double becomes one: exp(1) is not exp(Ball(1)).
  Ball(std::integral auto x) { arb_set_si(get(), static_cast<slong>(x)); }
  explicit Ball(const Dyadic& x) {
    arb_set_arf(get(), x.get());
    arb_set_round(get(), get(), working_bits);
  }
  explicit Ball(const Fraction& x) { arb_set_fmpq(get(), x.get(), working_bits); }

  friend Ball operator+(const Ball& a, const Ball& b) { return apply(arb_add, a, b); }
  friend Ball operator-(const Ball& a, const Ball& b) { return apply(arb_sub, a, b); }
  friend Ball operator*(const Ball& a, const Ball& b) { return apply(arb_mul, a, b); }
  friend Ball operator/(const Ball& a, const Ball& b) { return apply(arb_div, a, b); }
  friend Ball maximum(const Ball& a, const Ball& b) { return apply(arb_max, a, b); }
  friend Ball absolute_value(const Ball& a) {
    Ball result;
    arb_abs(result.get(), a.get());
    return result;
  }
  friend Ball minimum(const Ball& a, const Ball& b) { return apply(arb_min, a, b); }
  friend Ball exp(const Ball& a) { return apply(arb_exp, a); }
  friend Ball log(const Ball& a) { return apply(arb_log, a); }
  friend Ball tanh(const Ball& a) { return apply(arb_tanh, a); }
  friend Ball square_root(const Ball& a) { return apply(arb_sqrt, a); }
  friend Ball hull(const Ball& a, const Ball& b) { return apply(arb_union, a, b); }  // and all between
  friend Ball middle(const Ball& a) {
    return apply([](arb_t m, const arb_t x, slong) { arb_get_mid_arb(m, x); }, a);
  }
  friend Ball radius(const Ball& a) {
    return apply([](arb_t r, const arb_t x, slong) { arb_get_rad_arb(r, x); }, a);
  }
  /// Bessel functions of order k >= 0.
  friend Ball bessel_i(long k, const Ball& x) { return apply(arb_hypgeom_bessel_i, Ball(k), x); }
  friend Ball bessel_j(long k, const Ball& x) { return apply(arb_hypgeom_bessel_j, Ball(k), x); }
  static Ball pi() {
    return apply([](arb_t p, const arb_t, slong bits) { arb_const_pi(p, bits); }, Ball());
  }
  /// Both hold for every member of the two balls; when neither does, the balls overlap.
  friend bool surely_at_most(const Ball& a, const Ball& b) { return arb_le(a.get(), b.get()) != 0; }
  friend bool surely_greater(const Ball& a, const Ball& b) { return arb_gt(a.get(), b.get()) != 0; }
  /// -1 or 1 when every member has that sign; 0 when zero may be a member.
  friend int sure_sign(const Ball& a) { return arb_is_positive(a.get()) - arb_is_negative(a.get()); }

 private:
  template <class Function>
  static Ball apply(Function function, const Ball& a) {
    Ball result;
    function(result.get(), a.get(), working_bits);
    return result;
  }
  template <class Function>
  static Ball apply(Function function, const Ball& a, const Ball& b) {
    Ball result;
    function(result.get(), a.get(), b.get(), working_bits);
    return result;
  }
};

/// sum_k a_k b_k over the shorter of the two.
inline Fraction dot(const std::vector<Fraction>& a, const std::vector<Fraction>& b) {
  Fraction sum;
  for (std::size_t k = 0; k < a.size() && k < b.size(); ++k) sum = sum + a[k] * b[k];
  return sum;
}
inline Ball dot(const std::vector<Ball>& a, const std::vector<Ball>& b) {
  static_assert(sizeof(Ball) == sizeof(arb_struct));  // a vector of Balls is a vector of Arb's
  Ball sum;
  if (!a.empty() && !b.empty())
    arb_dot(sum.get(), nullptr, 0, a[0].get(), 1, b[0].get(), 1,
            static_cast<slong>(a.size() < b.size() ? a.size() : b.size()), working_bits);
  return sum;
}

/// sum_k a_k t^k. A short t (few digits) makes each step cheap.
inline Ball horner(const std::vector<Ball>& a, const Ball& t) {
  Ball value;
  for (auto c = a.rbegin(); c != a.rend(); ++c) value = value * t + *c;
  return value;
}

}  // namespace checker
