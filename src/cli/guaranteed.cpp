#include "cli/guaranteed.hpp"

#include <fmt/format.h>

#include "cli/terminal.hpp"
#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

std::string decimal(const UpperBound& bound) {
  if (!bound.is_finite()) return "infinity";
  const WorkingPrecision precision(Bits{64});
  return decimal_up(Real(bound.value()), 4);
}

nlohmann::ordered_json json_of(const GuaranteedAnswer& a, bool within_budget, std::uint64_t seed) {
  nlohmann::ordered_json object = a.first;
  object.update({{"method", name(a.method)},
                 {"degree", a.degree.value},
                 {"rank", a.rank},
                 {"bound", exact_or_infinite(a.bound)},
                 {"bound_approximation", exact_or_infinite(a.bound_approximation)},
                 {"bound_rounding", exact_or_infinite(a.bound_rounding)},
                 {"bound_decimal", decimal(a.bound)},
                 {"bound_approximation_decimal", decimal(a.bound_approximation)},
                 {"bound_rounding_decimal", decimal(a.bound_rounding)},
                 {"budget", exact_text(a.budget)},
                 {"within_budget", within_budget},
                 {"half_width", exact_or_infinite(a.half_width)},
                 {"reason", a.reason},
                 {"seed", seed},
                 {"seconds", a.seconds}});
  object.update(a.more);
  if (a.certified) {
    object["error"] = enclosure_json(a.certified->error);
    if (a.certified->reference != nullptr) object["reference"] = a.certified->reference;
    object["guarantee_verdict"] = name(a.certified->guarantee);
    object["budget_verdict"] = name(a.certified->budget);
  }
  return object;
}

void print_lines(const GuaranteedAnswer& a, bool within_budget) {
  fmt::print("  method     {}", name(a.method));
  if (a.method == AttentionMethod::polynomial) fmt::print(", degree {}, rank {}", a.degree.value, a.rank);
  fmt::print("\n");
  say("  why        {}\n", a.reason);
  say("  bound      {} = approximation {} + rounding {}\n", decimal(a.bound), decimal(a.bound_approximation),
      decimal(a.bound_rounding));
  fmt::print("  budget     {:.4g}  {}\n", nearest(a.budget), in_colour(within_budget ? "met" : "MISSED"));
  if (a.certified) {
    const CertifiedError& c = *a.certified;
    say("  true error [{}, {}]  guarantee {}, budget {}{}\n", decimal_down(lower(c.error), 4),
        decimal_up(upper(c.error), 4), name(c.guarantee), name(c.budget),
        c.reference == nullptr ? "" : fmt::format("; {} reference", c.reference));
  }
  fmt::print("  seconds    {:.3f}\n", a.seconds);
}

}  // namespace

void CertifiedError::judge(const UpperBound& bound, const Rational& most) {
  guarantee = bound.is_finite() ? at_most(error, enclose(bound.exact())) : Verdict::verified;
  budget = at_most(error, enclose(most));
}

GuaranteedAnswer what_is_said_of_output(const AttentionResult& result, const Rational& budget) {
  GuaranteedAnswer a = what_is_said_of(result, budget);
  a.bound = result.bound;
  a.bound_approximation = result.bound_approximation;
  a.bound_rounding = result.bound_rounding;
  return a;
}

Rational epsilon_from_text(const std::string& text) {
  const Rational epsilon = rational_from_text(text, "--eps");
  if (epsilon <= 0) throw InputError("--eps", "a number above 0", "'" + text + "'");
  return epsilon;
}

MethodChoice method_from_text(const std::string& text) {
  return text == "exact"        ? MethodChoice::exact
         : text == "polynomial" ? MethodChoice::polynomial
                                : MethodChoice::automatic;
}

std::string exact_or_infinite(const UpperBound& bound) {
  return bound.is_finite() ? exact_text(bound.value()) : "infinity";
}

ExitStatus report(const GuaranteedAnswer& answer, const CommonOptions& options) {
  const bool within_budget = answer.bound <= answer.budget;
  if (options.json) print_json(json_of(answer, within_budget, options.seed));
  else print_lines(answer, within_budget);
  const Verdict guarantee = answer.certified ? answer.certified->guarantee : Verdict::verified;
  const Verdict budget =
      answer.certified ? answer.certified->budget : (within_budget ? Verdict::verified : Verdict::refuted);
  if (budget == Verdict::refuted || guarantee == Verdict::refuted) return ExitStatus::refuted;
  if (budget == Verdict::undecided || guarantee == Verdict::undecided) return ExitStatus::undecided;
  return ExitStatus::answered;
}

void add_arithmetic_option(CLI::App& command, std::string& arithmetic) {
  command
      .add_option("--arithmetic", arithmetic,
                  "double, float, or (of --device cuda) mixed, tensor cores; each with its own proved bound")
      ->check(CLI::IsMember({"double", "float", "mixed"}))
      ->capture_default_str();
}

}  // namespace attnbounds
