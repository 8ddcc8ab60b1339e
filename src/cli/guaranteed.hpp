// What `attention` and `gradient` say of a result with a guarantee: one JSON object, or lines for a person,
// and the exit status.
#pragma once

#include <optional>

#include "cli/command.hpp"
#include "kernels/guaranteed_attention.hpp"

namespace attnbounds {

/// The true error, enclosed, against the guarantee and the budget.
struct CertifiedError {
  Interval error;
  const char* reference = nullptr;  // which one enclosed it, where there is a choice
  Verdict guarantee = Verdict::undecided, budget = Verdict::undecided;
  /// Of one output. An infinite bound holds.
  void judge(const UpperBound& bound, const Rational& most);
  bool decided() const { return guarantee != Verdict::undecided && budget != Verdict::undecided; }
};

struct GuaranteedAnswer {
  AttentionMethod method = AttentionMethod::exact;
  Degree degree;
  long rank = 0;
  UpperBound bound, bound_approximation, bound_rounding, half_width;
  Rational budget;
  std::string reason;
  double seconds = 0;
  std::optional<CertifiedError> certified;
  nlohmann::ordered_json first =
                             nlohmann::ordered_json::object(),  // members before and after the common ones
      more = nlohmann::ordered_json::object();
};

/// What every result says of its method; the bounds of an output come with it.
template <class Result>
GuaranteedAnswer what_is_said_of(const Result& result, const Rational& budget) {
  GuaranteedAnswer a;
  a.method = result.method;
  a.degree = result.degree;
  a.rank = result.rank;
  a.half_width = result.half_width;
  a.budget = budget;
  a.reason = result.reason;
  a.seconds = result.seconds;
  return a;
}
GuaranteedAnswer what_is_said_of_output(const AttentionResult& result, const Rational& budget);

/// --eps, above 0, and --method. Errors: InputError.
Rational epsilon_from_text(const std::string& text);
MethodChoice method_from_text(const std::string& text);

/// --arithmetic: double, float, mixed.
void add_arithmetic_option(CLI::App& command, std::string& arithmetic);

/// The double or "infinity", exactly.
std::string exact_or_infinite(const UpperBound& bound);

/// Prints; refuted if the guarantee or the budget is missed.
ExitStatus report(const GuaranteedAnswer& answer, const CommonOptions& options);

}  // namespace attnbounds
