// Private cross-attention (arXiv 2407.14717), the error of the polynomial kernel. The paper's abstract states
// a relative error 2 eps/(1 - eps) for a kernel that is relatively eps-accurate. Exactly:
//     |Att~ - Att| <= 2 eps/(1 - eps) Att(|V|)     entrywise, whatever the signs of V,
// sharp as one key takes all the weight; it is the relative error of Att itself if V >= 0, and not without:
// two keys of weight 1 and values 1, -1 have Att = 0, while Att~ is not. Exact, over the rationals: the true
// weights are any positive numbers, the kernel's are off by a factor 1 + eta, |eta| <= eps.
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

struct Key {
  Rational weight, eta, value;
};
struct Case {
  Rational eps;
  std::vector<Key> keys;
};
Json describe(const Case& c) {
  Json keys = Json::array();
  for (const Key& k : c.keys)
    keys.push_back(
        {{"weight", json_number(k.weight)}, {"eta", json_number(k.eta)}, {"value", json_number(k.value)}});
  return {{"eps", json_number(c.eps)}, {"keys", keys}};
}
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (std::size_t j = 0; c.keys.size() > 1 && j < c.keys.size(); ++j) {
    cases.push_back(c);
    cases.back().keys.erase(cases.back().keys.begin() + static_cast<std::ptrdiff_t>(j));
  }
  return cases;
}

enum class Values { any, not_negative };
Case draw(Draw& d, Values values) {
  Case c{Rational(d.integer(1, 15), 16), {}};
  if (d.index < 6) {  // sharp: the light key is too heavy, the heavy one, of value 0, too light
    c.keys = {{1, -c.eps, 0}, {Rational(1, 1L << (4 * d.index)), c.eps, 1}};
    return c;
  }
  for (long j = d.integer(2, 6); j > 0; --j) {
    const Rational value = d.dyadic(3, 6);
    c.keys.push_back({Rational(d.integer(1, 64), d.integer(1, 64)), c.eps * d.dyadic(1, 6),
                      values == Values::any ? value : Rational(abs(value))});
  }
  return c;
}

template <class Weight, class Value>
Rational average(const Case& c, Weight weight, Value value) {
  Rational numerator = 0, denominator = 0;
  for (const Key& k : c.keys) {
    numerator += weight(k) * value(k);
    denominator += weight(k);
  }
  return numerator / denominator;
}
Rational true_weight(const Key& k) { return k.weight; }
Rational kernel_weight(const Key& k) { return k.weight * (1 + k.eta); }
Rational signed_value(const Key& k) { return k.value; }
Rational absolute(const Key& k) { return abs(k.value); }

Rational error(const Case& c) {
  return abs(Rational(average(c, kernel_weight, signed_value) - average(c, true_weight, signed_value)));
}
Rational factor(const Case& c) { return 2 * c.eps / (1 - c.eps); }
bool kernel_is_accurate(const Case& c) {
  return std::all_of(c.keys.begin(), c.keys.end(),
                     [&](const Key& k) { return abs(k.eta) <= c.eps && c.eps < 1 && k.weight > 0; });
}
Rational relative_to_output(const Case& c) { return factor(c) * abs(average(c, true_weight, signed_value)); }
Rational relative_to_absolute(const Case& c) { return factor(c) * average(c, true_weight, absolute); }

const Registration literal =
    claim("liang-shi-song-zhou-2024-private/relative-error", "relative error of the kernel, abstract of v3",
          Standing::checked)
        .says(
            "a relatively eps-accurate kernel gives |Att~ - Att| <= 2 eps/(1 - eps) |Att| where V >= 0",
            R"($|\widetilde{\mathrm{Att}} - \mathrm{Att}| \le \frac{2\epsilon}{1-\epsilon}\,|\mathrm{Att}|$, $V \ge 0$)")
        .given([](Draw& d) { return draw(d, Values::not_negative); })
        .where("|eta| <= eps < 1", kernel_is_accurate)
        .where("V >= 0",
               [](const Case& c) {
                 return std::all_of(c.keys.begin(), c.keys.end(), [](const Key& k) { return k.value >= 0; });
               })
        .at_most("error <= 2 eps/(1 - eps) |Att|", error, relative_to_output)
        .twin_without("V >= 0", [](Draw& d) {
          if (d.index > 0) return draw(d, Values::any);
          return Case{Rational(1, 2), {{1, Rational(1, 2), 1}, {1, 0, -1}}};
        });

const Registration corrected =
    claim("liang-shi-song-zhou-2024-private/relative-error-of-any-values",
          "relative error of the kernel, for any V", Standing::checked)
        .says(
            "a relatively eps-accurate kernel gives |Att~ - Att| <= 2 eps/(1 - eps) Att(|V|)",
            R"($|\widetilde{\mathrm{Att}} - \mathrm{Att}| \le \frac{2\epsilon}{1-\epsilon}\,\mathrm{Att}(|V|)$)")
        .given([](Draw& d) { return draw(d, Values::any); })
        .where("|eta| <= eps < 1", kernel_is_accurate)
        .at_most("error <= 2 eps/(1 - eps) Att(|V|)", error, relative_to_absolute)
        .twin("nine tenths of the constant", error,
              [](const Case& c) { return Rational(relative_to_absolute(c) * 9 / 10); });

}  // namespace
}  // namespace attnbounds
