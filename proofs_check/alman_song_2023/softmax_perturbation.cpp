// The softmax perturbation lemma, sharp form (ours; the papers' step gives 2 delta/(1 - delta)). Weights
// w_j (1 + eta_j), |eta_j| <= delta, against w_j, both normalised to f~ and f:
//     ||f~ - f||_1 <= phi(delta) = 2 (1 - sqrt(1 - delta^2))/delta,
// attained by two keys, one of mass (1 - t)/2. With delta = 2t/(1 + t^2), phi = 2t: all is rational, and the
// case of equality is decided exactly.
#include "kernels/guarantee.hpp"
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

struct Case {
  Rational t;
  std::vector<Rational> weights;
  std::vector<Rational> eta;
};
Rational delta(const Case& c) { return 2 * c.t / (1 + c.t * c.t); }
Json describe(const Case& c) {
  return {{"t", json_number(c.t)},
          {"delta", json_number(delta(c))},
          {"weights", json_numbers(c.weights)},
          {"eta", json_numbers(c.eta)}};
}
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (std::size_t j = 0; c.weights.size() > 1 && j < c.weights.size(); ++j) {
    Case s = c;
    s.weights.erase(s.weights.begin() + static_cast<std::ptrdiff_t>(j));
    s.eta.erase(s.eta.begin() + static_cast<std::ptrdiff_t>(j));
    cases.push_back(s);
  }
  return cases;
}

Case draw(Draw& d) {
  Case c{Rational(d.integer(1, 99), 100), {}, {}};
  if (d.index < 20)  // the extremal instance
    return {c.t, {(1 - c.t) / 2, (1 + c.t) / 2}, {delta(c), -delta(c)}};
  for (long j = 0, n = d.integer(1, 12); j < n; ++j) {
    c.weights.push_back(Rational(d.integer(1, 1000), 1L << d.integer(0, 20)));
    c.eta.push_back(delta(c) * (d.integer(0, 2) ? Rational(d.stream.sign()) : d.dyadic(1, 10)));
  }
  return c;
}

Rational distance(const Case& c) {  // ||f~ - f||_1
  Rational sum = 0, perturbed = 0, result = 0;
  for (std::size_t j = 0; j < c.weights.size(); ++j) {
    sum += c.weights[j];
    perturbed += c.weights[j] * (1 + c.eta[j]);
  }
  for (std::size_t j = 0; j < c.weights.size(); ++j)
    result += abs(Rational(c.weights[j] * (1 + c.eta[j]) / perturbed - c.weights[j] / sum));
  return result;
}

const Registration softmax_perturbation =
    claim("alman-song-2023/softmax-perturbation", "softmax step of the upper bound, sharp form ours",
          Standing::checked)
        .says(
            "relative errors of at most delta in the weights move the softmax by at most phi(delta) in the "
            "1-norm, "
            "phi(delta) = 2(1 - sqrt(1 - delta^2))/delta <= 2 delta/(1 - delta)",
            R"($\|\tilde f - f\|_1 \le \varphi(\delta) = 2(1-\sqrt{1-\delta^2})/\delta$)")
        .given(draw)
        .where("0 < delta < 1", [](const Case& c) { return c.t > 0 && c.t < 1; })
        .where("|eta_j| <= delta",
               [](const Case& c) {
                 return std::all_of(c.eta.begin(), c.eta.end(),
                                    [&](const Rational& e) { return abs(e) <= delta(c); });
               })
        .where("weights > 0",
               [](const Case& c) {
                 return std::all_of(c.weights.begin(), c.weights.end(),
                                    [](const Rational& w) { return w > 0; });
               })
        .at_most("distance <= phi(delta) = 2t", distance, [](const Case& c) { return Rational(2 * c.t); })
        .at_most(
            "the usual bound is weaker", [](const Case& c) { return Rational(2 * c.t); },
            [](const Case& c) { return Rational(2 * delta(c) / (1 - delta(c))); })
        .at_most(
            "the kernels' perturbation_bound is no smaller", [](const Case& c) { return Rational(2 * c.t); },
            [](const Case& c) { return perturbation_bound(UpperBound::of(delta(c))).exact(); })
        .twin("half the bound", distance, [](const Case& c) { return c.t; });

}  // namespace
}  // namespace attnbounds
