// Ours (Lemma C of docs/gradients.md), the sharp step under the gradient's error bound. f a probability
// vector, f~ proportional to f w, rho = max w/min w. For any q, y:
//     |Cov_f~(q, y) - Cov_f(q, y)| <= (phi/4) range(q) range(y),   phi = 2 (sqrt rho - 1)/(sqrt rho + 1).
// Attained: q, y two independent fair signs, w = rho where they agree, f(agree) = 1/(1 + sqrt rho). rho is a
// square here, rho = r^2, so that everything is rational.
#include "proofs_check/gradient_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  std::vector<Rational> f, w, q, y;  // f is not normalised
  Rational r;
};
Json describe(const Case& c) {
  return {{"f", json_numbers(c.f)},
          {"w", json_numbers(c.w)},
          {"q", json_numbers(c.q)},
          {"y", json_numbers(c.y)},
          {"r", json_number(c.r)}};
}
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (std::size_t j = 0; c.f.size() > 2 && j < c.f.size(); ++j) {
    Case s = c;
    for (auto* list : {&s.f, &s.w, &s.q, &s.y}) list->erase(list->begin() + static_cast<std::ptrdiff_t>(j));
    cases.push_back(s);
  }
  return cases;
}

Rational mean(const std::vector<Rational>& weights, const std::vector<Rational>& x) {
  Rational sum = 0, total = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    sum += weights[j] * x[j];
    total += weights[j];
  }
  return sum / total;
}
std::vector<Rational> times(std::vector<Rational> a, const std::vector<Rational>& b) {
  for (std::size_t j = 0; j < a.size(); ++j) a[j] *= b[j];
  return a;
}
Rational covariance(const std::vector<Rational>& weights, const std::vector<Rational>& x,
                    const std::vector<Rational>& y) {
  return mean(weights, times(x, y)) - mean(weights, x) * mean(weights, y);
}
Rational range(const std::vector<Rational>& x) {
  return *std::max_element(x.begin(), x.end()) - *std::min_element(x.begin(), x.end());
}
Rational change(const Case& c) {
  return abs(Rational(covariance(times(c.f, c.w), c.q, c.y) - covariance(c.f, c.q, c.y)));
}
/// |J(f~) q - J(f) q|_1, J(f) q = f o (q - <f, q>).
Rational pullback_change(const Case& c) {
  const std::vector<Rational> g = times(c.f, c.w), one(c.f.size(), 1);
  Rational f_total = 0, g_total = 0, sum = 0;
  for (std::size_t j = 0; j < c.f.size(); ++j) {
    f_total += c.f[j];
    g_total += g[j];
  }
  const Rational f_mean = mean(c.f, c.q), g_mean = mean(g, c.q);
  for (std::size_t j = 0; j < c.f.size(); ++j)
    sum += abs(Rational(g[j] / g_total * (c.q[j] - g_mean) - c.f[j] / f_total * (c.q[j] - f_mean)));
  return sum;
}
Rational phi(const Case& c) { return 2 * (c.r - 1) / (c.r + 1); }
Rational bound(const Case& c) { return phi(c) / 4 * range(c.q) * range(c.y); }
Rational pullback_bound(const Case& c) { return phi(c) / 2 * range(c.q); }

Case draw(Draw& d) {
  Case c;
  c.r = Rational(d.integer(11, 60), 10);
  if (d.index < 10) {  // the extremal instance
    c.q = {1, 1, -1, -1};
    c.y = {1, -1, 1, -1};
    c.f = {Rational(1), c.r, c.r, Rational(1)};
    c.w = {c.r * c.r, 1, 1, c.r * c.r};
    return c;
  }
  const long m = d.integer(2, 6);
  const bool corners = d.integer(0, 1) == 0;
  for (long j = 0; j < m; ++j) {
    c.f.push_back(d.integer(1, 20));
    c.w.push_back(d.integer(0, 2) == 0   ? 1 + d.integer(0, 10) * (c.r * c.r - 1) / 10
                  : d.integer(0, 1) == 0 ? Rational(1)
                                         : Rational(c.r * c.r));
    c.q.push_back(corners ? Rational(d.integer(0, 1)) : d.dyadic(1, 3));
    c.y.push_back(corners ? Rational(d.integer(0, 1)) : d.dyadic(1, 3));
  }
  return c;
}

const Registration covariance_perturbation =
    claim("alman-song-2024-gradient/covariance-perturbation", "ours, Lemma C of docs/gradients.md",
          Standing::checked)
        .says(
            "weights off by factors of ratio <= rho change Cov_f(q, y) by at most (phi/4) range(q) range(y) "
            "and "
            "J(f) q by at most (phi/2) range(q) in |.|_1; both attained",
            R"($|\mathrm{Cov}_{\tilde f}(q,y) - \mathrm{Cov}_f(q,y)| \le \tfrac{\varphi}{4}\,\mathrm{range}(q)\,\mathrm{range}(y)$, $\varphi = 2\frac{\sqrt\rho-1}{\sqrt\rho+1}$)")
        .given(draw)
        .at_most("change of the covariance", change, bound)
        .at_most("change of J(f) q in the 1-norm", pullback_change, pullback_bound)
        .finds("covariance ratio", "largest change over the bound", Extreme::largest,
               [](const Case& c) {
                 return bound(c) == 0 ? Interval(0) : enclose(Rational(change(c) / bound(c)));
               })
        .twin("99 hundredths of the bound", change,
              [](const Case& c) { return Rational(bound(c) * 99 / 100); })
        .sizes(2000, 20000, 200000);

// The lemma's infinitesimal form: a third mixed central moment. Attained by three signs whose product is 1.
struct Moment {
  std::vector<Rational> f, a, b, c;
};
Json describe(const Moment& m) {
  return {
      {"f", json_numbers(m.f)}, {"a", json_numbers(m.a)}, {"b", json_numbers(m.b)}, {"c", json_numbers(m.c)}};
}
Rational third_moment(const Moment& m) {
  std::vector<Rational> centred(m.f.size(), 1);
  for (const auto* x : {&m.a, &m.b, &m.c}) {
    const Rational x_mean = mean(m.f, *x);
    for (std::size_t j = 0; j < x->size(); ++j) centred[j] *= (*x)[j] - x_mean;
  }
  return abs(mean(m.f, centred));
}
Rational ranges(const Moment& m) { return range(m.a) * range(m.b) * range(m.c); }
Moment draw_moment(Draw& d) {
  Moment m;
  const long size = d.index == 0 ? 4 : d.integer(2, 6);
  for (long j = 0; j < size; ++j) {
    m.f.push_back(d.index == 0 ? Rational(1) : Rational(d.integer(1, 20)));
    const long a = j / 2 % 2, b = j % 2;
    m.a.push_back(d.index == 0 ? Rational(a) : d.dyadic(1, static_cast<int>(d.index % 3)));
    m.b.push_back(d.index == 0 ? Rational(b) : d.dyadic(1, static_cast<int>(d.index % 3)));
    m.c.push_back(d.index == 0 ? Rational(a ^ b) : d.dyadic(1, static_cast<int>(d.index % 3)));
  }
  return m;
}
const Registration third_central_moment =
    claim("alman-song-2024-gradient/third-mixed-moment", "ours, docs/gradients.md", Standing::checked)
        .says(
            "|E (a - Ea)(b - Eb)(c - Ec)| <= range(a) range(b) range(c)/8, attained by fair signs with abc = "
            "1",
            R"($|E(a-\bar a)(b-\bar b)(c-\bar c)| \le \tfrac18\,\mathrm{range}(a)\,\mathrm{range}(b)\,\mathrm{range}(c)$)")
        .given(draw_moment)
        .at_most("moment <= product of ranges/8", third_moment,
                 [](const Moment& m) { return Rational(ranges(m) / 8); })
        .twin("a ninth", third_moment, [](const Moment& m) { return Rational(ranges(m) / 9); })
        .sizes(2000, 20000, 200000);

}  // namespace
}  // namespace attnbounds
