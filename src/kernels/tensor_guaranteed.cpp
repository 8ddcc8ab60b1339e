// Tensor attention to a given accuracy: by monomial features in double, by the same in double-double where
// doubles leave no room in the budget, by the fused exact kernel, or from enclosures, whichever is cheapest
// and proved.
#include <fmt/format.h>

#include "attention/enclosure.hpp"
#include "kernels/device.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "kernels/kept.hpp"
#include "kernels/monomials.hpp"
#include "kernels/tensor_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/stopwatch.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr double most_rank = 0x1p20;
constexpr double most_enclosed_terms = 0x1p31;  // n m1 m2 (d + d_v): about five minutes of intervals
constexpr double twofold_cost = 40;             // of an operation in double-double, in those of a double

AttentionResult exactly(const TensorAttentionInput& input, const AttentionRequest& request,
                        const std::optional<TensorScores>& scores, const Rational& value,
                        std::string reason) {
  AttentionResult result;
  if (!request.precision && scores) {
    result = exact_tensor_attention(input, *scores, request.mask, request.threads);
    result.reason = reason;
    const double terms =
        exact_work(input, request.mask).weights * static_cast<double>(input.q.cols() + input.v1.cols());
    if (result.bound <= Rational(request.epsilon * value) || terms > most_enclosed_terms) return result;
    reason += fmt::format("; in {} its proved error is {:.3g}, so intervals were used",
                          name(exact_tensor_arithmetic(*scores)), result.bound.value());
  }
  result = attention_from_enclosures(
      tensor_attention_enclosure(input, request.mask, enclosure_width(request, value), request.threads));
  result.half_width = scores ? scores->interval.half_width : UpperBound::infinite();
  result.reason = reason;
  return result;
}

}  // namespace

AttentionResult guaranteed_attention(const TensorAttentionInput& input, const AttentionRequest& request) {
  const Stopwatch stopwatch;
  input.validate(request.mask);
  if (request.epsilon <= 0) throw InputError("epsilon", "a number above 0", request.epsilon.str());
  const auto timed = [&](AttentionResult result) {
    result.seconds = stopwatch.seconds();
    return result;
  };
  const Rational value = to_rational(max_abs(input.v1)) * to_rational(max_abs(input.v2)),
                 budget = request.epsilon * value;
  std::optional<TensorScores> scores;
  try {
    // Prefix sums of pairs are not shifted: that would cost r g d a row.
    scores = tensor_scores(input, request.mask == Mask::causal ? PairShift::none : PairShift::free);
  } catch (const std::overflow_error&) {  // scores beyond the range of a double: intervals can do it
  }
  if (request.method == MethodChoice::exact)
    return timed(exactly(input, request, scores, value, "exact was asked for"));

  const bool must = request.method == MethodChoice::polynomial;
  const auto otherwise = [&](const std::string& why) {
    if (must) throw BudgetMissed("method polynomial: " + why);
    return timed(exactly(input, request, scores, value, why));
  };
  if (request.precision) return otherwise("a precision was asked for: the reference in intervals");
  if (!scores) return otherwise("scores exceed the range of a double");

  const double exact_seconds = request.model.seconds(exact_work(input, request.mask), request.threads);
  const auto polynomial_seconds = [&](Degree degree) {
    return request.model.seconds(feature_work(input, degree, request.mask), request.threads);
  };
  Degree limit{-1};
  while (limit.value < 400 && rank_about(input.q.cols(), {limit.value + 1}) <= most_rank &&
         (must || polynomial_seconds({limit.value + 1}) < exact_seconds))
    ++limit.value;
  if (limit.value < 0) return otherwise("even degree 0 is no cheaper than the exact method");

  const UpperBound half_width = scores->interval.half_width;
  const std::string beyond = fmt::format(
      "scores reach {:.4g}, and no polynomial of degree <= {} ({}) has a proved error within the budget",
      half_width.value(), limit.value,
      must ? "the last of rank <= 2^20" : "the last that is cheaper than exact");
  Rational share = std::min(request.epsilon, Rational(2));
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto polynomial = kept_exp_polynomial(half_width.exact(), largest_perturbation(share), limit);
    if (!polynomial) return otherwise(beyond);
    AttentionResult result =
        polynomial_tensor_attention(input, *scores, *polynomial, request.threads, request.mask);
    std::string arithmetic;
    if (request.mask == Mask::none && !(result.bound <= budget) && result.bound_approximation <= budget &&
        (must || polynomial_seconds(result.degree) * twofold_cost < exact_seconds)) {
      result = polynomial_tensor_attention_twofold(input, *scores, *polynomial, request.threads);
      arithmetic = ", in double-double";
    }
    if (result.bound <= budget) {
      result.reason = (must ? std::string("polynomial was asked for")
                            : fmt::format("rank {} costs about {:.2g} of the exact method's time (model: {})",
                                          result.rank, polynomial_seconds(result.degree) / exact_seconds,
                                          request.model.origin)) +
                      arithmetic;
      return timed(std::move(result));
    }
    // Leave room for the rounding that was proved, and a little more since the next degree has more.
    if (!result.bound_rounding.is_finite() || value == 0) break;
    share = request.epsilon - Rational(5, 4) * result.bound_rounding.exact() / value;
    if (share <= 0) break;
    share = std::min(share, Rational(2));
  }
  return otherwise(fmt::format("scores reach {:.4g}, where rounding errors leave no room in the budget",
                               half_width.value()));
}

}  // namespace attnbounds
