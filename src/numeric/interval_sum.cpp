#include "numeric/interval_sum.hpp"

#include "numeric/zoo.hpp"

namespace attnbounds {

void IntervalSum::add_product(const Interval& x, double y) {
  mpfi_srcptr factor = x.backend().data();
  mpfi_ptr product = product_.backend().data(), sum = sum_.backend().data();
  const bool flipped = y < 0 && !bug(Bug::product_of_negatives);
  mpfr_mul_d(&product->left, flipped ? &factor->right : &factor->left, y, MPFR_RNDD);
  mpfr_mul_d(&product->right, flipped ? &factor->left : &factor->right, y, MPFR_RNDU);
  mpfr_add(&sum->left, &sum->left, &product->left, MPFR_RNDD);
  mpfr_add(&sum->right, &sum->right, &product->right, MPFR_RNDU);
}

void IntervalSum::add_product(double x, double y) {
  mpfi_ptr product = product_.backend().data(), sum = sum_.backend().data();
  mpfr_set_d(&product->left, x, MPFR_RNDD);
  mpfr_set_d(&product->right, x, MPFR_RNDU);
  const bool flipped = y < 0 && !bug(Bug::product_of_negatives);
  if (flipped) mpfr_swap(&product->left, &product->right);
  mpfr_mul_d(&product->left, &product->left, y, MPFR_RNDD);
  mpfr_mul_d(&product->right, &product->right, y, MPFR_RNDU);
  mpfr_add(&sum->left, &sum->left, &product->left, MPFR_RNDD);
  mpfr_add(&sum->right, &sum->right, &product->right, MPFR_RNDU);
}

void IntervalSum::clear() { mpfi_set_ui(sum_.backend().data(), 0); }

}  // namespace attnbounds
