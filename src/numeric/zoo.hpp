// The zoo of plausible bugs: each is a switch at the place where it would be made. In every shipped build
// bug() is false at compile time and leaves no trace. The test program `zoo` is built with ATTNBOUNDS_ZOO and
// turns on the one that the environment variable ATTNBOUNDS_BUG names; the tests must catch it (tests/zoo).
#pragma once

namespace attnbounds {

enum class Bug {
  // numeric
  inward_rounding,
  upper_bound_to_nearest,
  product_of_negatives,
  overlap_is_verified,
  reused_seed,
  seed_ignored,
  decimal_truncated,
  decimal_through_double,
  npy_header_off_by_one,
  // polynomial
  right_end_forgotten,
  bracket_unchecked,
  alternation_point_dropped,
  weight_of_absolute_error,
  certificate_degree_above,
  wrong_factorial,
  tail_starts_late,
  rounded_coefficients_uncounted,
  constant_not_one,
  // attention
  missing_dimension,
  missing_dimension_in_tensor,
  missing_normaliser,
  causal_mask_off_by_one,
  transposed_head,
  mean_not_subtracted,
  residual_forgotten,
  gradient_without_dimension,
  pairs_transposed,
  first_key_forgotten,
  gradient_bound_halved,
  // kernels
  wrong_multinomial,
  weights_without_dimension,
  rank_miscounted,
  score_box_halved,
  perturbation_halved,
  one_key_shifted,
  pair_sums_added,
  denominator_unweighted,
  causal_block_unmasked,
  causal_blocks_forgotten,
  approximation_uncounted,
  fused_rounding_uncounted,
  tensor_weights_without_dimension,
  pass_of_the_shift_forgotten,
  first_side_squared,
  floats_counted_as_doubles,
  underflow_of_floats_uncounted,
  prefix_block_lost,
  mean_of_the_row_dropped,
  product_of_means_dropped,
  block_forgotten,
  odd_taylor_degree,
  // reductions
  anchors_miscounted,
  anchor_with_value,
  advice_not_vanishing,
  field_too_small,
  clause_bit_flipped,
  parts_swapped,
  quadrature_weights_doubled,
  third_family_ignored,
  hash_of_wrong_file,
  hash_of_all_but_the_last_byte,
  // claims and certificates
  twin_not_tried,
  hypotheses_unchecked,
  counterexample_passed_over,
  bound_without_rounding,
  rows_chosen_without_the_hash,
  observed_rounded_inwards,
};

#ifdef ATTNBOUNDS_ZOO
inline namespace zoo {
bool bug(Bug b);  // tests/zoo/zoo.cpp
}
#else
constexpr bool bug(Bug) { return false; }
#endif

}  // namespace attnbounds
