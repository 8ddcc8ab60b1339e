// Gupta, Huang, Saha, Xu, Ye 2025, Lemma 3.2 (number from notes on the paper): attention over the relevant
// keys (src/attention/relevant_keys.hpp) alone is within 3 eps B of attention, |V| <= B, at any temperature.
// Sharp:
//     |O^(r) - O| <= 2 eps (n-1)/(n + eps (n-1)) max|V| < 2 eps max|V|.
// A dropped key weighs less than eps/n of the heaviest, so the dropped ones hold at most the share
// eps (n-1)/(n + eps (n-1)), and the two averages they separate differ by 2 max|V|. Nearly attained: n-1 keys
// just below the threshold, of the opposite value.
// The algorithm: a polynomial on the relevant keys, their scores shifted into an interval of length
// log(1 + eps) + log(n/eps), so that its degree does not depend on B. False twin: the same polynomial on all.
#include "attention/relevant_keys.hpp"

#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  std::vector<Rational> scores, values;
  Rational eps;
  Polynomial polynomial;  // of the score less the shift
};
std::vector<Case> smaller(const Case& c) {
  std::vector<Case> cases;
  for (std::size_t j = 0; c.scores.size() > 2 && j < c.scores.size(); ++j) {
    cases.push_back(c);
    cases.back().scores.erase(cases.back().scores.begin() + static_cast<std::ptrdiff_t>(j));
    cases.back().values.erase(cases.back().values.begin() + static_cast<std::ptrdiff_t>(j));
  }
  return cases;
}

Rational largest_value(const Case& c) {
  Rational most = 0;
  for (const Rational& v : c.values) most = std::max(most, Rational(abs(v)));
  return most;
}
Rational largest_score(const Case& c) { return *std::max_element(c.scores.begin(), c.scores.end()); }
std::vector<std::size_t> all_keys(const Case& c) {
  std::vector<std::size_t> keys(c.scores.size());
  for (std::size_t j = 0; j < keys.size(); ++j) keys[j] = j;
  return keys;
}
Interval interval_length(const Case& c) {
  return log_interval(1 + c.eps) + log_interval(Rational(c.scores.size()) / c.eps);
}
/// The middle of the interval below the largest score, in 64 bits.
Rational shift(const Case& c) {
  const WorkingPrecision guard(Bits{64});
  return largest_score(c) - to_rational(nearest(midpoint(interval_length(c)))) / 2;
}

Json describe(const Case& c) {
  return {{"scores", json_numbers(c.scores)},
          {"values", json_numbers(c.values)},
          {"eps", json_number(c.eps)},
          {"degree", c.polynomial.degree().value},
          {"shift", json_number(shift(c))}};
}

template <class Weight>
Interval average(const Case& c, const std::vector<std::size_t>& keys, const Weight& weight) {
  const Rational s = shift(c);
  Interval numerator = 0, denominator = 0;
  for (const std::size_t j : keys) {
    const Interval w = weight(enclose(Rational(c.scores[j] - s)));
    numerator += w * enclose(c.values[j]);
    denominator += w;
  }
  return numerator / denominator;
}
Interval exact(const Case& c) { return average(c, all_keys(c), Exponential()); }

/// The relative error of P on the relevant scores.
Interval delta(const Case& c) {
  const Rational s = shift(c);
  const std::vector<std::size_t> keys = relevant_keys(c.scores, c.eps).keys;
  Matrix<Rational> relevant(1, static_cast<Eigen::Index>(keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i)
    relevant(0, static_cast<Eigen::Index>(i)) = c.scores[keys[i]] - s;
  return relative_error_on(c.polynomial, relevant);
}
bool in_range(const Case& c) {
  const Interval d = delta(c);
  return lower(d) > 0 && upper(d) < 1;
}

/// n-1 keys just below the threshold of relevance.
Case just_below(long n, long bits, long steps) {
  const WorkingPrecision guard(Bits{64});
  const Rational eps(1, 1L << bits);
  const Rational top = to_rational(upper(Interval(log_interval(1 + eps) * static_cast<int>(steps))));
  Case c{{top}, {1}, eps, {}};
  const Interval threshold = log_interval(1 + eps) * static_cast<int>(steps) - log_interval(n / eps);
  for (long j = 1; j < n; ++j) {
    c.scores.push_back(to_rational(lower(threshold)) - Rational(1, 1L << 40));
    c.values.push_back(-1);
  }
  return c;
}

Case draw(Draw& d) {
  for (;;) {
    Case c;
    if (d.index < 8) c = just_below(1L << (d.index + 1), d.integer(1, 6), d.integer(1, 40));
    else {
      c.eps = Rational(1, d.integer(2, 64));
      const long temperature = 1L << d.integer(0, 12);  // scores up to 4096, most keys then far apart
      for (long j = d.integer(2, 8); j > 0; --j) {
        c.scores.push_back(d.integer(0, 2) == 0 && !c.scores.empty()
                               ? Rational(c.scores.front() + d.dyadic(3, 8))
                               : d.dyadic(temperature, 8));
        c.values.push_back(d.dyadic(2, 6));
      }
    }
    c.polynomial.coefficients = {1};
    for (long t = 1, degree = d.integer(8, 24); t <= degree; ++t)
      c.polynomial.coefficients.push_back(c.polynomial.coefficients.back() / t);
    if (largest_value(c) > 0 && in_range(c)) return c;
  }
}

Rational dropped_share(const Case& c) {
  const Rational n(c.scores.size());
  return c.eps * (n - 1) / (n + c.eps * (n - 1));
}
Rational sharp(const Case& c) { return 2 * dropped_share(c) * largest_value(c); }
Interval truncation_error(const Case& c) {
  return absolute_value(average(c, relevant_keys(c.scores, c.eps).keys, Exponential()) - exact(c));
}
Interval algorithm_error(const Case& c, const std::vector<std::size_t>& keys) {
  return absolute_value(average(c, keys, c.polynomial) - exact(c));
}
Interval algorithm_bound(const Case& c) {
  return enclose(sharp(c)) + sharp_perturbation(delta(c)) * enclose(largest_value(c));
}

const Registration truncation =
    claim("gupta-et-al-2025/relevant-keys", "Lemma 3.2 (number not looked up), sharp form ours",
          Standing::checked)
        .says(
            "attention over the relevant keys is within 2 eps (n-1)/(n + eps (n-1)) max|V|, so within 3 eps "
            "B",
            R"($|O^{(r)} - O| \le 2\epsilon\,\frac{n-1}{n+\epsilon(n-1)}\,\|V\|_\infty \le 3\epsilon B$)")
        .given(draw)
        .where("0 < eps < 1", [](const Case& c) { return c.eps > 0 && c.eps < 1; })
        .at_most("error <= 2 eps (n-1)/(n + eps (n-1)) max|V|", truncation_error, sharp)
        .at_most("error <= 3 eps max|V|", truncation_error,
                 [](const Case& c) { return Rational(3 * c.eps * largest_value(c)); })
        .twin("nine tenths of the constant", truncation_error,
              [](const Case& c) { return Rational(sharp(c) * 9 / 10); });

const Registration algorithm =
    claim("gupta-et-al-2025/any-temperature", "the algorithm's error, finite form ours", Standing::checked)
        .says(
            "a polynomial on the relevant keys, in an interval of length log(1 + eps) + log(n/eps): error <= "
            "(2 eps (n-1)/(n + eps (n-1)) + phi(delta)) max|V|, whatever B",
            R"($|\hat O - O| \le \bigl(2\epsilon\,\tfrac{n-1}{n+\epsilon(n-1)} + \varphi(\delta)\bigr)\|V\|_\infty$)")
        .given(draw)
        .where("0 < delta < 1 on the relevant scores", in_range)
        .at_most(
            "error <= (2 eps (n-1)/(n + eps (n-1)) + phi(delta)) max|V|",
            [](const Case& c) { return algorithm_error(c, relevant_keys(c.scores, c.eps).keys); },
            algorithm_bound)
        .at_most(
            "relevant scores within log(1 + eps) + log(n/eps)",
            [](const Case& c) {
              Rational least = largest_score(c);
              for (const std::size_t j : relevant_keys(c.scores, c.eps).keys)
                least = std::min(least, c.scores[j]);
              return enclose(Rational(largest_score(c) - least));
            },
            interval_length)
        .twin(
            "the polynomial on all keys", [](const Case& c) { return algorithm_error(c, all_keys(c)); },
            algorithm_bound);

}  // namespace
}  // namespace attnbounds
