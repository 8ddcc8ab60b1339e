// Ours, for splitting: a row's keys are in groups b; the weights w~ of group b are off by
// at most theta_b < 1, relative to the true w. With the shares that come out,
//     max |Att~ - Att| <= 2 max|V| sum_b theta_b/(1 - theta_b) D~_b/D~.
// Nearly attained: a heavy group of value -1 without error, a light one of value 1. Exact, over the
// rationals.
#include "proofs_check/perturbed_keys.hpp"

namespace attnbounds {
namespace {

struct Case {
  std::vector<PerturbedKey> keys;
  std::vector<Rational> theta;  // of a group
};
Json describe(const Case& c) {
  return {{"keys", json_of(c.keys, "group")}, {"theta", json_numbers(c.theta)}};
}

Case draw(Draw& d) {
  Case c;
  if (d.index < 8) {  // group 0 exact and heavy, group 1 light, too heavy by theta
    const Rational theta(1, 1L << d.integer(4, 10)), light(1, 1L << d.integer(8, 20));
    c.theta = {0, theta};
    c.keys = {{1, 1, -1, 0}, {light, 1 + theta, 1, 1}};
    return c;
  }
  for (long b = d.integer(1, 4); b > 0; --b) c.theta.push_back(Rational(d.integer(0, 9), 10));
  for (long j = d.integer(1, 8); j > 0; --j) {
    const long group = d.integer(0, static_cast<long>(c.theta.size()) - 1);
    c.keys.push_back({Rational(d.integer(1, 64), d.integer(1, 64)), 1 + c.theta[group] * d.dyadic(1, 6),
                      d.dyadic(3, 6), group});
  }
  return c;
}

Rational error(const Case& c) { return output_error(c.keys); }
Rational bound(const Case& c) {
  const auto scale = [&](long b) { return Rational(c.theta[b] / (1 - c.theta[b])); };
  return 2 * largest_value(c.keys) * perturbed_share(c.keys, scale);
}

const Registration group_perturbation =
    claim("alman-song-2023/group-perturbation", "error step with groups of keys, ours", Standing::checked)
        .says(
            "weights of group b off by theta_b < 1 imply |Att~ - Att| <= 2 max|V| sum_b theta_b/(1 - "
            "theta_b) D~_b/D~",
            R"($\|\widetilde{\mathrm{Att}} - \mathrm{Att}\|_\infty \le 2\|V\|_\infty \sum_b \frac{\theta_b}{1-\theta_b}\,\widetilde D_b/\widetilde D$)")
        .given(draw)
        .where("factors within 1 +- theta",
               [](const Case& c) {
                 return std::all_of(c.keys.begin(), c.keys.end(), [&](const PerturbedKey& k) {
                   return abs(Rational(k.factor - 1)) <= c.theta[k.group] && c.theta[k.group] < 1;
                 });
               })
        .at_most("error <= bound", error, bound)
        .twin("half the bound", error, [](const Case& c) { return Rational(bound(c) / 2); });

}  // namespace
}  // namespace attnbounds
