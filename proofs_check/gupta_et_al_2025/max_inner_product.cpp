// Gupta, Huang, Saha, Xu, Ye 2025, Theorem 1.4 (number from notes on the paper): attention at low temperature
// finds the largest inner product. Explicit: for 0/1 vectors a, b_1 … b_n and a target tau, keys b_j at
// inverse temperature beta = 2 log(3n) with value 1, and one anchor key of score beta (tau - 1/2) with value
// 0. The output is
//     y = S/(S + (3n)^{2 tau - 1}),  S = sum_j (3n)^{2 <a, b_j>};
//     max <a, b_j> >= tau  =>  y >= 3n/(3n + 1) >= 3/4,      max <a, b_j> < tau  =>  y <= 1/4,
// so any additive error below 1/4 decides (a deterministic 1/4 itself does for n > 1). Exact: e^{beta x} is a
// power of 3n. False twin: inverse temperature 2 log 2, whatever n is.
#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

struct Case {
  std::vector<long> products;  // <a, b_j>
  long tau = 1;
};
Json describe(const Case& c) { return {{"products", c.products}, {"tau", c.tau}}; }
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (std::size_t j = 0; c.products.size() > 1 && j < c.products.size(); ++j) {
    cases.push_back(c);
    cases.back().products.erase(cases.back().products.begin() + static_cast<std::ptrdiff_t>(j));
  }
  return cases;
}

Case draw(Draw& d) {
  Case c;
  const long dimension = d.integer(1, 12), n = d.integer(1, 24);
  std::vector<long> a;
  for (long l = 0; l < dimension; ++l) a.push_back(d.integer(0, 1));
  for (long j = 0; j < n; ++j) {
    long sum = 0;
    for (long l = 0; l < dimension; ++l) sum += a[l] * d.integer(0, 1);
    c.products.push_back(sum);
  }
  c.tau = d.integer(1, dimension);
  if (d.index < 8)  // all miss the target by one: the hardest
    for (long& p : c.products) p = c.tau - 1;
  return c;
}

bool reached(const Case& c) { return *std::max_element(c.products.begin(), c.products.end()) >= c.tau; }
Rational output(const Case& c, long base) {
  const auto power = [&](long n) {
    Rational x = 1;
    for (long i = 0; i < std::abs(n); ++i) x *= base;
    return n >= 0 ? x : Rational(1 / x);
  };
  Rational sum = 0;
  for (const long p : c.products) sum += power(2 * p);
  return sum / (sum + power(2 * c.tau - 1));
}
/// How far the output is on the wrong side of its bound: at most 0.
Rational misplaced(const Case& c, long base) {
  const Rational y = output(c, base);
  return reached(c) ? Rational(Rational(3, 4) - y) : Rational(y - Rational(1, 4));
}
long sharp_base(const Case& c) { return 3 * static_cast<long>(c.products.size()); }

const Registration max_inner_product =
    claim("gupta-et-al-2025/max-inner-product", "Theorem 1.4 (number not looked up), the reduction explicit",
          Standing::checked)
        .says(
            "at inverse temperature 2 log(3n) the output is >= 3/4 if max <a, b_j> >= tau, else <= 1/4",
            R"($\max_j \langle a,b_j\rangle \ge \tau \Rightarrow y \ge \tfrac34$, else $y \le \tfrac14$, $\beta = 2\log 3n$)")
        .given(draw)
        .at_most(
            "the output is on its side", [](const Case& c) { return misplaced(c, sharp_base(c)); },
            [](const Case&) { return Rational(0); })
        .twin(
            "inverse temperature 2 log 2", [](const Case& c) { return misplaced(c, 2); },
            [](const Case&) { return Rational(0); });

}  // namespace
}  // namespace attnbounds
