// Ours, for splitting: a row's keys are in groups b; the weights w~ of group b are off by
// at most theta_b < 1, relative to the true w. With the shares that come out,
//     max |Att~ - Att| <= 2 max|V| sum_b theta_b/(1 - theta_b) D~_b/D~.
// Nearly attained: a heavy group of value -1 without error, a light one of value 1. Exact, over the
// rationals.
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Key {
  Rational weight, factor, value;  // true weight, perturbed/true, value
  long group = 0;
};
struct Case {
  std::vector<Key> keys;
  std::vector<Rational> theta;  // of a group
};
Json describe(const Case& c) {
  Json keys = Json::array();
  for (const Key& k : c.keys)
    keys.push_back({{"weight", json_number(k.weight)},
                    {"factor", json_number(k.factor)},
                    {"value", json_number(k.value)},
                    {"group", k.group}});
  return {{"keys", keys}, {"theta", json_numbers(c.theta)}};
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

enum class Weights { exact, perturbed };
Rational average(const Case& c, Weights weights) {
  Rational numerator = 0, denominator = 0;
  for (const Key& k : c.keys) {
    const Rational w = weights == Weights::perturbed ? Rational(k.weight * k.factor) : k.weight;
    numerator += w * k.value;
    denominator += w;
  }
  return numerator / denominator;
}
Rational error(const Case& c) {
  return abs(Rational(average(c, Weights::perturbed) - average(c, Weights::exact)));
}
Rational bound(const Case& c) {
  Rational sum = 0, total = 0, largest = 0;
  for (const Key& k : c.keys) {
    const Rational w = k.weight * k.factor;
    sum += c.theta[k.group] / (1 - c.theta[k.group]) * w;
    total += w;
    largest = std::max(largest, Rational(abs(k.value)));
  }
  return 2 * largest * sum / total;
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
                 return std::all_of(c.keys.begin(), c.keys.end(), [&](const Key& k) {
                   return abs(Rational(k.factor - 1)) <= c.theta[k.group] && c.theta[k.group] < 1;
                 });
               })
        .at_most("error <= bound", error, bound)
        .twin("half the bound", error, [](const Case& c) { return Rational(bound(c) / 2); });

}  // namespace
}  // namespace attnbounds
