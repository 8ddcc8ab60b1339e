// The error of the compressed prefix, explicitly and without m: if every prefix weight has relative error at
// most delta and the real keys' weights are exact, then
//     |T - PrefixAttn| <= phi(delta) max|V|,   phi(delta) = 2 (1 - sqrt(1 - delta^2))/delta,
//     |T - PrefixAttn| <= 2 delta/(1 - delta) pi~ max|V|,   pi~ the prefix's share of the perturbed weights,
// so a prefix that gets little weight costs little accuracy. (The paper: at most 1/poly(m), for entries
// o(sqrt(log m)).) The first is attained in the limit of no real weight.
#include "proofs_check/attention_case.hpp"
#include "proofs_check/perturbed_keys.hpp"

namespace attnbounds {
namespace {

struct Case {
  std::vector<PerturbedKey> keys;  // group 1: the prefix; factors of real keys are 1
  Rational delta;
};
Json describe(const Case& c) {
  return {{"keys", json_of(c.keys, "in the prefix")}, {"delta", json_number(c.delta)}};
}
Case draw(Draw& d) {
  Case c;
  if (d.index < 4) {  // two prefix keys of masses (1 -+ delta)/2 and values +-1; a real key of next to none
    c.delta = Rational(1, 1L << d.integer(1, 6));
    c.keys = {{1 - c.delta, 1 + c.delta, 1, 1},
              {1 + c.delta, 1 - c.delta, -1, 1},
              {Rational(1, 1L << 40), 1, 0, 0}};
    return c;
  }
  c.delta = Rational(d.integer(1, 15), 16);
  for (long j = d.integer(1, 8); j > 0; --j)
    c.keys.push_back(
        {Rational(d.integer(1, 64), d.integer(1, 64)), 1 + c.delta * d.dyadic(1, 6), d.dyadic(3, 6), 1});
  for (long j = d.integer(1, 4); j > 0; --j)
    c.keys.push_back({Rational(d.integer(1, 64), d.integer(1, 64)), 1, d.dyadic(3, 6), 0});
  return c;
}
Interval error(const Case& c) { return enclose(output_error(c.keys)); }
Interval sharp(const Case& c) {
  return sharp_perturbation(enclose(c.delta)) * enclose(largest_value(c.keys));
}

const Registration prefix_error =
    claim("liang-shi-song-yang-2024-prefix/error",
          "the error of NTK-Attention, explicitly (text not at hand; constants ours)", Standing::checked)
        .says(
            "prefix weights of relative error delta change the output by at most phi(delta) max|V| and at "
            "most "
            "2 delta/(1 - delta) times the prefix's share, whatever the prefix's length",
            R"($\|T-\mathrm{PrefixAttn}\|_\infty \le \min(\varphi(\delta), \tfrac{2\delta}{1-\delta}\tilde\pi)\,\|V\|_\infty$)")
        .given(draw)
        .at_most("error <= phi(delta) max|V|", error, sharp)
        .at_most("error <= 2 delta/(1 - delta) share max|V|", error,
                 [](const Case& c) {
                   const Rational share = perturbed_share(c.keys, [](long group) { return Rational(group); });
                   return enclose(Rational(2 * c.delta / (1 - c.delta) * share * largest_value(c.keys)));
                 })
        .twin("99 hundredths of phi(delta)", error, [](const Case& c) { return sharp(c) * 99 / 100; });

}  // namespace
}  // namespace attnbounds
