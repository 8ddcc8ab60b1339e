// The switch of the zoo (numeric/zoo.hpp), and claims as tests: `zoo "[claim]"` checks the claim that
// ATTNBOUNDS_ZOO_CLAIM names, as `attnbounds verify --claim` does.
#include "numeric/zoo.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "catch.hpp"
#include "proofs_check/run.hpp"

namespace attnbounds {

namespace {

const std::map<std::string, Bug> kBugs = {
    {"inward_rounding", Bug::inward_rounding},
    {"upper_bound_to_nearest", Bug::upper_bound_to_nearest},
    {"product_of_negatives", Bug::product_of_negatives},
    {"overlap_is_verified", Bug::overlap_is_verified},
    {"reused_seed", Bug::reused_seed},
    {"seed_ignored", Bug::seed_ignored},
    {"decimal_truncated", Bug::decimal_truncated},
    {"decimal_through_double", Bug::decimal_through_double},
    {"npy_header_off_by_one", Bug::npy_header_off_by_one},
    {"right_end_forgotten", Bug::right_end_forgotten},
    {"bracket_unchecked", Bug::bracket_unchecked},
    {"alternation_point_dropped", Bug::alternation_point_dropped},
    {"weight_of_absolute_error", Bug::weight_of_absolute_error},
    {"certificate_degree_above", Bug::certificate_degree_above},
    {"wrong_factorial", Bug::wrong_factorial},
    {"tail_starts_late", Bug::tail_starts_late},
    {"rounded_coefficients_uncounted", Bug::rounded_coefficients_uncounted},
    {"constant_not_one", Bug::constant_not_one},
    {"missing_dimension", Bug::missing_dimension},
    {"missing_dimension_in_tensor", Bug::missing_dimension_in_tensor},
    {"missing_normaliser", Bug::missing_normaliser},
    {"causal_mask_off_by_one", Bug::causal_mask_off_by_one},
    {"transposed_head", Bug::transposed_head},
    {"mean_not_subtracted", Bug::mean_not_subtracted},
    {"residual_forgotten", Bug::residual_forgotten},
    {"gradient_without_dimension", Bug::gradient_without_dimension},
    {"pairs_transposed", Bug::pairs_transposed},
    {"first_key_forgotten", Bug::first_key_forgotten},
    {"gradient_bound_halved", Bug::gradient_bound_halved},
    {"wrong_multinomial", Bug::wrong_multinomial},
    {"weights_without_dimension", Bug::weights_without_dimension},
    {"rank_miscounted", Bug::rank_miscounted},
    {"score_box_halved", Bug::score_box_halved},
    {"perturbation_halved", Bug::perturbation_halved},
    {"one_key_shifted", Bug::one_key_shifted},
    {"pair_sums_added", Bug::pair_sums_added},
    {"denominator_unweighted", Bug::denominator_unweighted},
    {"causal_block_unmasked", Bug::causal_block_unmasked},
    {"causal_blocks_forgotten", Bug::causal_blocks_forgotten},
    {"approximation_uncounted", Bug::approximation_uncounted},
    {"fused_rounding_uncounted", Bug::fused_rounding_uncounted},
    {"tensor_weights_without_dimension", Bug::tensor_weights_without_dimension},
    {"pass_of_the_shift_forgotten", Bug::pass_of_the_shift_forgotten},
    {"first_side_squared", Bug::first_side_squared},
    {"floats_counted_as_doubles", Bug::floats_counted_as_doubles},
    {"underflow_of_floats_uncounted", Bug::underflow_of_floats_uncounted},
    {"prefix_block_lost", Bug::prefix_block_lost},
    {"mean_of_the_row_dropped", Bug::mean_of_the_row_dropped},
    {"product_of_means_dropped", Bug::product_of_means_dropped},
    {"block_forgotten", Bug::block_forgotten},
    {"odd_taylor_degree", Bug::odd_taylor_degree},
    {"anchors_miscounted", Bug::anchors_miscounted},
    {"anchor_with_value", Bug::anchor_with_value},
    {"advice_not_vanishing", Bug::advice_not_vanishing},
    {"field_too_small", Bug::field_too_small},
    {"clause_bit_flipped", Bug::clause_bit_flipped},
    {"parts_swapped", Bug::parts_swapped},
    {"quadrature_weights_doubled", Bug::quadrature_weights_doubled},
    {"third_family_ignored", Bug::third_family_ignored},
    {"hash_of_wrong_file", Bug::hash_of_wrong_file},
    {"hash_of_all_but_the_last_byte", Bug::hash_of_all_but_the_last_byte},
    {"twin_not_tried", Bug::twin_not_tried},
    {"hypotheses_unchecked", Bug::hypotheses_unchecked},
    {"counterexample_passed_over", Bug::counterexample_passed_over},
    {"bound_without_rounding", Bug::bound_without_rounding},
    {"rows_chosen_without_the_hash", Bug::rows_chosen_without_the_hash},
    {"observed_rounded_inwards", Bug::observed_rounded_inwards},
};

Bug chosen() {
  const char* name = std::getenv("ATTNBOUNDS_BUG");
  if (name == nullptr) return static_cast<Bug>(-1);
  const auto found = kBugs.find(name);
  if (found != kBugs.end()) return found->second;
  std::fprintf(stderr, "zoo: no bug is named %s\n", name);
  std::exit(99);
}

}  // namespace

bool zoo::bug(Bug b) {
  static const Bug at_large = chosen();
  return b == at_large;
}

TEST_CASE("the claim that ATTNBOUNDS_ZOO_CLAIM names is verified, and its false twin refuted", "[.][claim]") {
  const char* id = std::getenv("ATTNBOUNDS_ZOO_CLAIM");
  REQUIRE(id != nullptr);
  const ClaimResult result = run_claim(claim_by_id(id), {0, Level::quick, ThreadCount{2}});
  CHECK(result.verdict == Verdict::verified);
  CHECK(result.twin_refuted());
}

}  // namespace attnbounds
