#include "kernels/guaranteed_attention.hpp"

#include <fmt/format.h>

#include "attention/enclosure.hpp"
#include "kernels/device.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/monomials.hpp"
#include "kernels/polynomial_attention.hpp"
#include "kernels/score_range.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/stopwatch.hpp"
#include "polynomial/exponential.hpp"

namespace attnbounds {
namespace {

constexpr long most_rank = 1L << 20;            // memory and patience
constexpr double most_enclosed_terms = 0x1p31;  // n m (d + d_v): about five minutes of intervals

double as_double(const Integer& x) { return nearest(Rational(x)); }

// The least polynomial within delta, or none up to the limit.
std::optional<CertifiedPolynomial> least_polynomial(const Rational& half_width, const Rational& delta,
                                                    Degree limit) {
  try {
    return least_exp_polynomial_in_doubles(half_width, delta, limit);
  } catch (const std::runtime_error&) {  // the exchange did not settle: such degrees approximate nothing
    return std::nullopt;
  }
}

AttentionResult by_enclosures(const AttentionInput& input, const AttentionRequest& request,
                              const Rational& value) {
  return attention_from_enclosures(
      attention_enclosure(input, request.mask, enclosure_width(request, value), request.threads));
}

AttentionResult exactly(const AttentionInput& input, const AttentionRequest& request,
                        const std::optional<ScoreRange<double>>& scores, std::string reason) {
  const Rational value = to_rational(max_abs(input.v)), budget = request.epsilon * value;
  const double terms = static_cast<double>(input.q.rows()) * static_cast<double>(input.k.rows()) *
                       static_cast<double>(input.q.cols() + input.v.cols());
  AttentionResult result;
  if (!request.precision && scores) {
    result = exact_attention(input, *scores, request.mask, request.threads);
    result.reason = reason;
    if (result.bound <= budget || terms > most_enclosed_terms) return result;
    reason += fmt::format("; in {} its proved error is {:.3g}, so intervals were used",
                          name(exact_arithmetic()), result.bound.value());
  }
  result = by_enclosures(input, request, value);
  result.half_width = scores ? scores->half_width : UpperBound::infinite();
  result.reason = reason;
  return result;
}

}  // namespace

Rational enclosure_width(const AttentionRequest& request, const Rational& value) {
  const auto bits = [](long count) {
    return Rational(1) / Rational(Integer(1) << static_cast<unsigned>(count));
  };
  const Rational relative =
      request.precision ? bits(request.precision->count) : std::max(Rational(request.epsilon / 8), bits(64));
  return std::min(relative, Rational(1, 1024)) * value;
}

AttentionResult guaranteed_attention(const AttentionInput& input, const AttentionRequest& request) {
  const Stopwatch stopwatch;
  input.validate(request.mask);
  if (request.epsilon <= 0) throw InputError("epsilon", "a number above 0", request.epsilon.str());
  const auto timed = [&](AttentionResult result) {
    result.seconds = stopwatch.seconds();
    return result;
  };
  std::optional<ScoreRange<double>> scores;
  try {
    scores = score_range(input.q, input.k, request.threads);
  } catch (const std::overflow_error&) {  // scores beyond the range of a double: intervals can do it
  }
  if (request.method == MethodChoice::exact)
    return timed(exactly(input, request, scores, "exact was asked for"));

  const bool must = request.method == MethodChoice::polynomial;
  const auto otherwise = [&](const std::string& why) {
    if (must) throw BudgetMissed("method polynomial: " + why);
    return timed(exactly(input, request, scores, why));
  };
  if (request.precision) return otherwise("a precision was asked for: the reference in intervals");
  if (!scores) return otherwise("scores exceed the range of a double");

  const auto [n, m, d, columns] = std::tuple(input.q.rows(), input.k.rows(), input.q.cols(), input.v.cols());
  const AttentionShape shape{n, m, d, columns, request.mask, request.threads};
  const double exact_seconds = request.model.exact_seconds(shape);
  Degree limit{-1};
  for (Integer rank = 1; rank <= most_rank && limit.value < 400; rank = monomial_rank(d, {limit.value + 1})) {
    if (!must && request.model.polynomial_seconds(shape, as_double(rank)) >= exact_seconds) break;
    ++limit.value;
  }
  if (limit.value < 0) return otherwise("even degree 0 is no cheaper than the exact method");

  // X only grows: a floor keeps the search in ordinary numbers when the scores are nearly equal.
  const UpperBound half_width = maximum(scores->half_width, request.least_half_width);
  const Rational x =
      half_width.value() == 0 ? Rational(0) : std::max(half_width.exact(), Rational(1) / (1L << 40));
  const Rational value = to_rational(max_abs(input.v)), budget = request.epsilon * value;
  const std::string no_room =
      fmt::format("scores reach {:.4g} after shifts, where rounding errors leave no room in the budget",
                  half_width.value());
  // The terms of P sum to at least (1 - delta) e^X where P is at most (1 + delta) e^-X: rounding costs about
  // 2^-53 e^2X relatively, more than any budget from here on. No need to search up to degree 400 for P.
  if (x > 20) return otherwise(no_room);
  const std::string beyond = fmt::format(
      "scores reach {:.4g} after shifts, and no polynomial of degree <= {} ({}) has a proved error within "
      "the budget",
      half_width.value(), limit.value,
      must ? "the last of rank <= 2^20" : "the last that is cheaper than exact");
  Rational share = std::min(request.epsilon, Rational(2));
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto polynomial = least_polynomial(x, largest_perturbation(share), limit);
    if (!polynomial) return otherwise(beyond);
    AttentionResult result = polynomial_attention(input, *scores, *polynomial, request.mask, request.threads);
    if (result.bound <= budget) {
      result.reason =
          must ? "polynomial was asked for"
               : fmt::format("rank {} costs about {:.2g} of the exact method's time (model: {})", result.rank,
                             request.model.polynomial_seconds(shape, static_cast<double>(result.rank)) /
                                 exact_seconds,
                             request.model.origin);
      return timed(result);
    }
    // Leave room for the rounding that was proved, and a little more since the next degree has more.
    if (!result.bound_rounding.is_finite()) break;
    share = request.epsilon - Rational(5, 4) * result.bound_rounding.exact() / value;
    if (share <= 0) break;
    share = std::min(share, Rational(2));
  }
  return otherwise(no_room);
}

}  // namespace attnbounds
