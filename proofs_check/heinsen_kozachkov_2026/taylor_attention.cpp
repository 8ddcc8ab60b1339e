// Heinsen, Kozachkov 2026 (arXiv 2602.00294): attention with the first P Taylor terms of exp in the place of
// exp, p = 0 … P-1. (The features, C(d+p-1, p) for (q k)^p, are those of src/kernels/monomials.hpp; that no
// fewer do is alman-song-2023/rank.) The paper uses P = 4 and calls the method arbitrarily precise. Two
// finite facts: (i) An odd P is safe: every weight is at least min(1, e^s) > 0, since T_{P-1}(s) >= e^s for s
// <= 0. An even P is
//     not, P = 4 included: T_3(-1) = 1/3 and T_3(-2) = -1/3, so that two keys with the scores -1 and -2 have
//     the denominator 0 exactly; the twin finds it.
// (ii) On scores |s| <= X the relative error is at most delta = X^P e^X/P!, hence
//     max |Att~ - Att| <= phi(delta) max|V|,  delta < 1; nearly attained by P = 1 on scores X and -X, X -> 0.
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  std::vector<Rational> scores, values;
  long terms = 1;
};
Json describe(const Case& c) {
  return {{"scores", json_numbers(c.scores)}, {"values", json_numbers(c.values)}, {"terms", c.terms}};
}
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (std::size_t j = 0; c.scores.size() > 1 && j < c.scores.size(); ++j) {
    cases.push_back(c);
    cases.back().scores.erase(cases.back().scores.begin() + static_cast<std::ptrdiff_t>(j));
    cases.back().values.erase(cases.back().values.begin() + static_cast<std::ptrdiff_t>(j));
  }
  return cases;
}

Polynomial taylor(long terms) {
  Polynomial p{{1}};
  for (long t = 1; t < terms; ++t) p.coefficients.push_back(p.coefficients.back() / t);
  return p;
}
Case draw(Draw& d, long terms, long bound) {
  Case c{{}, {}, terms};
  for (long j = d.integer(1, 6); j > 0; --j) {
    c.scores.push_back(d.dyadic(bound, 8));
    c.values.push_back(d.dyadic(2, 6));
  }
  return c;
}
Case draw_odd(Draw& d) { return draw(d, 2 * d.integer(0, 6) + 1, 16); }
Case draw_even(Draw& d) {
  if (d.index == 0) return {{-1, -2}, {1, 1}, 4};
  return draw(d, 2 * d.integer(1, 6), 16);
}

Rational denominator(const Case& c) {
  const Polynomial p = taylor(c.terms);
  Rational sum = 0;
  for (const Rational& s : c.scores) sum += p(s);
  return sum;
}

Rational largest_score(const Case& c) {
  Rational X = 0;
  for (const Rational& s : c.scores) X = std::max(X, Rational(abs(s)));
  return X;
}
Interval delta(const Case& c) {
  Rational power = 1;
  for (long t = 1; t <= c.terms; ++t) power *= largest_score(c) / t;
  return enclose(power) * exp(enclose(largest_score(c)));
}
bool in_range(const Case& c) {
  const Interval d = delta(c);
  return lower(d) > 0 && upper(d) < 1;
}
Case draw_small(Draw& d) {
  if (d.index < 8) {
    const Rational X(1, 2L << d.index);
    return {{X, -X}, {1, -1}, 1};
  }
  for (;;) {
    Case c = draw(d, d.integer(1, 12), 3);
    bool any = false;
    for (const Rational& v : c.values) any = any || v != 0;
    if (any && in_range(c)) return c;
  }
}
template <class Weight>
Interval average(const Case& c, const Weight& weight) {
  Interval numerator = 0, total = 0;
  for (std::size_t j = 0; j < c.scores.size(); ++j) {
    const Interval w = weight(enclose(c.scores[j]));
    numerator += w * enclose(c.values[j]);
    total += w;
  }
  return numerator / total;
}
Interval error(const Case& c) {
  return absolute_value(average(c, taylor(c.terms)) - average(c, Exponential()));
}
Interval bound(const Case& c) {
  Rational most = 0;
  for (const Rational& v : c.values) most = std::max(most, Rational(abs(v)));
  return sharp_perturbation(delta(c)) * enclose(most);
}

const Registration denominators =
    claim("heinsen-kozachkov-2026/denominator", "Taylor terms, which counts are safe (ours)",
          Standing::checked)
        .says("with an odd number P of Taylor terms the denominator is at least sum min(1, e^s) > 0",
              R"($\sum_j \sum_{p<P} s_j^p/p! \ge \sum_j \min(1, e^{s_j})$, $P$ odd)")
        .given(draw_odd)
        .where("P is odd", [](const Case& c) { return c.terms % 2 == 1; })
        .at_most(
            "sum min(1, e^s) <= denominator",
            [](const Case& c) {
              Interval sum = 0;
              for (const Rational& s : c.scores)  // both sides are exact where there is equality: no s < 0
                sum += s >= 0 ? Interval(1) : exp(enclose(s));
              return sum;
            },
            denominator)
        .twin_without("P is odd", draw_even);

const Registration forward_error =
    claim("heinsen-kozachkov-2026/forward-error", "error of P Taylor terms, finite form ours",
          Standing::checked)
        .says(
            "P Taylor terms on scores within X: |Att~ - Att| <= phi(delta) max|V|, delta = X^P e^X/P! < 1",
            R"($\|\widetilde{\mathrm{Att}} - \mathrm{Att}\|_\infty \le \varphi(\delta)\,\|V\|_\infty$, $\delta = X^P e^X/P!$)")
        .given(draw_small)
        .where("0 < X^P e^X/P! < 1", in_range)
        .at_most("error <= phi(delta) max|V|", error, bound)
        .twin("half the bound", error, [](const Case& c) { return bound(c) / 2; });

}  // namespace
}  // namespace attnbounds
