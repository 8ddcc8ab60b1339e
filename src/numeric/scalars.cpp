// Thin layer over Boost.Multiprecision, MPFR and MPFI: directed rounding and exact conversions, which
// the generic interfaces of those wrappers do not promise.
#include "numeric/scalars.hpp"

#include <Eigen/Core>
#include <cmath>
#include <stdexcept>

#include "numeric/parallel.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

// Boost counts decimal digits; it turns D of them into at least D * log2(10) binary digits.
unsigned decimal_digits(Bits bits) {
  return static_cast<unsigned>(std::ceil(static_cast<double>(bits.count) * 0.30102999566398120)) + 1;
}

mpfi_ptr data(Interval& x) { return x.backend().data(); }
mpfi_srcptr data(const Interval& x) { return x.backend().data(); }
mpfr_ptr data(Real& x) { return x.backend().data(); }
mpfr_srcptr data(const Real& x) { return x.backend().data(); }
mpq_srcptr data(const Rational& x) { return x.backend().data(); }

Real end(mpfr_srcptr x) {
  Real result;
  mpfr_set_prec(data(result), mpfr_get_prec(x));
  mpfr_set(data(result), x, MPFR_RNDN);  // same precision: exact
  return result;
}

}  // namespace

void release_thread_caches() { mpfr_free_cache(); }

WorkingPrecision::WorkingPrecision(Bits bits)
    : real_digits_(Real::thread_default_precision()), interval_digits_(Interval::thread_default_precision()) {
  if (bits.count < 2) throw std::invalid_argument("working precision below 2 bits");
  Real::thread_default_precision(decimal_digits(bits));
  Interval::thread_default_precision(decimal_digits(bits));
}

WorkingPrecision::~WorkingPrecision() {
  Real::thread_default_precision(real_digits_);
  Interval::thread_default_precision(interval_digits_);
}

Rational to_rational(double x) {
  if (!std::isfinite(x)) throw std::domain_error("NaN or infinity is no rational");
  Rational result;
  mpq_set_d(result.backend().data(), x);
  return result;
}

Rational to_rational(const Real& x) {
  if (!mpfr_number_p(data(x))) throw std::domain_error("NaN or infinity is no rational");
  Rational result;
  mpfr_get_q(result.backend().data(), data(x));
  return result;
}

Interval enclose(const Rational& x) {
  Interval result;
  mpfi_set_q(data(result), data(x));
  if (bug(Bug::inward_rounding)) mpfr_set_q(&data(result)->right, data(x), MPFR_RNDD);
  return result;
}

Interval enclose(const Real& x) {
  Interval result;
  mpfi_set_fr(data(result), data(x));
  return result;
}

Interval enclose(double x) {
  Interval result;
  mpfi_set_d(data(result), x);
  return result;
}

Interval enclose(const Real& lower, const Real& upper) {
  Interval result;
  mpfi_interv_fr(data(result), data(lower), data(upper));
  return result;
}

Interval enclose_scaled(const Integer& lower, const Integer& upper, long exponent) {
  Interval result;
  mpfr_set_z_2exp(&data(result)->left, lower.backend().data(), exponent, MPFR_RNDD);
  mpfr_set_z_2exp(&data(result)->right, upper.backend().data(), exponent, MPFR_RNDU);
  return result;
}

Integer scaled_integer(const Real& x, long bits) {
  Real scaled = x;
  mpfr_mul_2si(data(scaled), data(x), bits, MPFR_RNDN);
  Integer result;
  mpfr_get_z(result.backend().data(), data(scaled), MPFR_RNDN);
  return result;
}

Rational dyadic(const Integer& m, long exponent) {
  Rational result(m);
  mpq_ptr q = result.backend().data();
  exponent >= 0 ? mpq_mul_2exp(q, q, static_cast<mp_bitcnt_t>(exponent))
                : mpq_div_2exp(q, q, static_cast<mp_bitcnt_t>(-exponent));
  return result;
}

Integer scaled_floor(const Rational& x, long bits) {
  const Rational scaled = x * dyadic(1, bits);
  Integer result;
  mpz_fdiv_q(result.backend().data(), mpq_numref(data(scaled)), mpq_denref(data(scaled)));
  return result;
}

Real approximate(const Rational& x) {
  Real result;
  mpfr_set_q(data(result), data(x), MPFR_RNDN);
  return result;
}

Real approximate(const Real& x) {
  Real result;
  mpfr_set(data(result), data(x), MPFR_RNDN);
  return result;
}

template <>
double scalar_from<double>(const Rational& x) {
  return nearest(x);
}

Real lower(const Interval& x) { return end(&data(x)->left); }
Real upper(const Interval& x) { return end(&data(x)->right); }

Real midpoint(const Interval& x) {
  Real result;
  mpfi_mid(data(result), data(x));
  return result;
}

Real width(const Interval& x) {
  Real result;
  mpfi_diam_abs(data(result), data(x));
  return result;
}

Real magnitude(const Interval& x) {
  Real result;
  mpfi_mag(data(result), data(x));
  return result;
}

Real mignitude(const Interval& x) {
  Real result;
  mpfi_mig(data(result), data(x));
  return result;
}

bool contains(const Interval& x, const Rational& point) { return mpfi_is_inside_q(data(point), data(x)) > 0; }
bool contains_zero(const Interval& x) { return mpfi_has_zero(data(x)) > 0; }
bool is_finite(const Interval& x) { return mpfi_bounded_p(data(x)) != 0; }

bool overlap(const Interval& x, const Interval& y) {
  return mpfr_lessequal_p(&data(x)->left, &data(y)->right) &&
         mpfr_lessequal_p(&data(y)->left, &data(x)->right);
}

Interval hull(const Interval& x, const Interval& y) {
  Interval result;
  mpfi_union(data(result), data(x), data(y));
  return result;
}

Interval intersection(const Interval& x, const Interval& y) {
  if (!overlap(x, y)) throw std::domain_error("intersection of disjoint intervals");
  Interval result;
  mpfi_intersect(data(result), data(x), data(y));
  return result;
}

Interval absolute_value(const Interval& x) {
  Interval result;
  mpfi_abs(data(result), data(x));
  return result;
}

Interval maximum(const Interval& x, const Interval& y) {
  Interval result;
  mpfr_max(&data(result)->left, &data(x)->left, &data(y)->left, MPFR_RNDD);
  mpfr_max(&data(result)->right, &data(x)->right, &data(y)->right, MPFR_RNDU);
  return result;
}

Interval minimum(const Interval& x, const Interval& y) { return -maximum(-x, -y); }

Sign sign(const Interval& x) {
  if (mpfr_sgn(&data(x)->left) > 0) return Sign::positive;
  if (mpfr_sgn(&data(x)->right) < 0) return Sign::negative;
  if (mpfi_is_zero(data(x)) > 0) return Sign::zero;
  return Sign::unknown;
}

double round_down(const Real& x) { return mpfr_get_d(data(x), MPFR_RNDD); }
double round_up(const Real& x) { return mpfr_get_d(data(x), MPFR_RNDU); }
double nearest(const Real& x) { return mpfr_get_d(data(x), MPFR_RNDN); }

namespace {

double rounded(const Rational& x, mpfr_rnd_t direction) {
  // Rounded once, straight to the 53 bits and exponents of a double, subnormals included.
  mpfr_t value;
  mpfr_init2(value, 53);
  const mpfr_exp_t least = mpfr_get_emin(), largest = mpfr_get_emax();
  mpfr_set_emin(-1073);
  mpfr_set_emax(1024);
  const int inexact = mpfr_set_q(value, data(x), direction);
  mpfr_subnormalize(value, inexact, direction);
  const double result = mpfr_get_d(value, direction);
  mpfr_set_emin(least);
  mpfr_set_emax(largest);
  mpfr_clear(value);
  return result;
}

}  // namespace

double round_down(const Rational& x) { return rounded(x, MPFR_RNDD); }
double round_up(const Rational& x) {
  return rounded(x, bug(Bug::upper_bound_to_nearest) ? MPFR_RNDN : MPFR_RNDU);
}
double nearest(const Rational& x) { return rounded(x, MPFR_RNDN); }

Interval pi_interval() {
  Interval result;
  mpfi_const_pi(data(result));
  return result;
}

Interval log_interval(const Rational& x) {
  if (x <= 0) throw std::domain_error("log of a number that is not positive");
  return log(enclose(x));
}

Interval bessel_j_increasing(long order, const Interval& x) {
  if (mpfr_sgn(&data(x)->left) < 0 || mpfr_cmp_si(&data(x)->right, order) > 0)
    throw std::domain_error("J_order increases on [0, order] only");
  Interval result;
  mpfr_jn(&data(result)->left, order, &data(x)->left, MPFR_RNDD);
  mpfr_jn(&data(result)->right, order, &data(x)->right, MPFR_RNDU);
  return result;
}

template <>
Interval error_function<Interval>(const Interval& x) {
  Interval result;  // erf increases, and MPFR rounds it correctly
  mpfr_erf(&data(result)->left, &data(x)->left, MPFR_RNDD);
  mpfr_erf(&data(result)->right, &data(x)->right, MPFR_RNDU);
  return result;
}

template <>
Real error_function<Real>(const Real& x) {
  Real result;
  mpfr_erf(result.backend().data(), x.backend().data(), MPFR_RNDN);
  return result;
}

std::vector<std::pair<std::string, std::string>> library_versions() {
  const auto three = [](int a, int b, int c) {
    return std::to_string(a) + "." + std::to_string(b) + "." + std::to_string(c);
  };
  return {{"gmp", gmp_version},
          {"mpfr", mpfr_get_version()},
          {"mpfi", mpfi_get_version()},
          {"boost", three(BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
          {"eigen", three(EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)}};
}

}  // namespace attnbounds
