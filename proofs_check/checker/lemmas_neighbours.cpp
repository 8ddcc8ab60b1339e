// Lemmas of the neighbouring papers: averages of a few values under exact and approximate weights.
#include <algorithm>

#include "lemmas.hpp"
#include "softmax.hpp"

namespace checker {
namespace {

Fraction absolute_average(const std::vector<Fraction>& weights, std::vector<Fraction> values) {
  for (Fraction& v : values) v = absolute_value(v);
  return mean(weights, values);
}
Fraction largest_size(std::vector<Fraction> x) {
  for (Fraction& a : x) a = absolute_value(a);
  return largest(x);
}
std::vector<Fraction> column(const Field& keys, const char* name) {
  if (keys.size() < 1 || keys.size() > static_cast<std::size_t>(kMostNumbers)) keys.expected("1 to 64 keys");
  std::vector<Fraction> x;
  for (std::size_t j = 0; j < keys.size(); ++j) x.push_back(small(keys[j][name]));
  return x;
}
Ball average(const Row& weights, const std::vector<Fraction>& values) {
  Ball numerator, total;
  for (std::size_t j = 0; j < weights.size(); ++j) {
    numerator = numerator + weights[j] * Ball(values[j]);
    total = total + weights[j];
  }
  return numerator / total;
}

// Kernel weights w (1 + eta), |eta| <= eps < 1: |Att~ - Att| <= 2 eps/(1 - eps) Att(|V|), which is Att if V
// >= 0.
Quantities kernel_of_relative_error(const Field& in) {
  in.object_of({"eps", "keys"});
  for (std::size_t j = 0; j < in["keys"].size(); ++j) in["keys"][j].object_of({"weight", "eta", "value"});
  const Fraction eps = positive_small(in["eps"]);
  const std::vector<Fraction> w = column(in["keys"], "weight"), eta = column(in["keys"], "eta"),
                              v = column(in["keys"], "value");
  require(eps < Fraction(1) && all_positive(w) && !(eps < largest_size(eta)),
          "instance: |eta| <= eps < 1 and weights > 0");
  std::vector<Fraction> near;
  for (std::size_t j = 0; j < w.size(); ++j) near.push_back(w[j] * (Fraction(1) + eta[j]));
  const Fraction factor = Fraction(2) * eps / (Fraction(1) - eps);
  return {{"error", absolute_value(mean(near, v) - mean(w, v))},
          {"factor |Att|", factor * absolute_value(mean(w, v))},
          {"factor Att|V|", factor * absolute_average(w, v)}};
}
Quantities kernel_of_values_not_negative(const Field& in) {
  for (const Fraction& v : column(in["keys"], "value"))
    require(!(v < Fraction(0)), "instance.keys: a value is negative");
  return kernel_of_relative_error(in);
}

// Prefix keys' weights times a factor within delta of 1, the others' as they are.
Quantities prefix(const Field& in) {
  in.object_of({"keys", "delta"});
  const Field keys = in["keys"];
  const Fraction delta = positive_small(in["delta"]);
  const std::vector<Fraction> w = column(keys, "weight"), factor = column(keys, "factor"),
                              v = column(keys, "value");
  require(delta < Fraction(1) && all_positive(w), "instance: 0 < delta < 1 and weights > 0");
  std::vector<Fraction> inside;
  for (std::size_t j = 0; j < w.size(); ++j) {
    keys[j].object_of({"weight", "factor", "value", "in the prefix"});
    inside.emplace_back(keys[j]["in the prefix"].integer(0, 1));
    require(!((inside[j] == Fraction(0) ? Fraction(0) : delta) < absolute_value(factor[j] - Fraction(1))),
            item("instance.keys", j) + ".factor: too far from 1");
  }
  const std::vector<Fraction> near = times(w, factor);
  return {{"error", absolute_value(mean(near, v) - mean(w, v))},
          {"phi max|V|", perturbation(Ball(delta)) * Ball(largest_size(v))},
          {"share", Fraction(2) * delta / (Fraction(1) - delta) * mean(near, inside) * largest_size(v)}};
}

// T = sum_{p < P} s^p/p!, P = `terms`, in the place of exp.
struct TaylorTerms {
  long terms;
  std::vector<Fraction> scores, values, coefficients{Fraction(1)};
};
TaylorTerms taylor_terms(const Field& in) {
  in.object_of({"scores", "values", "terms"});
  TaylorTerms t{in["terms"].integer(1, 64), numbers(in["scores"]), {}};
  t.values = numbers(in["values"], t.scores.size());
  for (long p = 1; p < t.terms; ++p) t.coefficients.push_back(t.coefficients.back() / Fraction(p));
  return t;
}
Quantities taylor_denominator(const Field& in) {
  const TaylorTerms t = taylor_terms(in);
  Ball least;
  Fraction denominator;
  for (const Fraction& s : t.scores) {
    least = least + (s < Fraction(0) ? exp(Ball(s)) : Ball(1));
    denominator = denominator + value_at(t.coefficients, s);
  }
  return {{"sum min(1, e^s)", least}, {"denominator", denominator}};
}
Quantities odd_taylor_denominator(const Field& in) {
  require(in["terms"].integer(1, 64) % 2 == 1, "instance.terms: not odd");
  return taylor_denominator(in);
}
Quantities taylor_attention(const Field& in) {  // delta = X^P e^X/P!
  const TaylorTerms t = taylor_terms(in);
  const Ball X(largest_size(t.scores));
  Ball delta = exp(X);
  for (long p = 1; p <= t.terms; ++p) delta = delta * X / Ball(p);
  if (!surely_greater(1, delta)) throw Undecided("instance: X^P e^X/P! < 1");
  Row near, exact;
  for (const Fraction& s : t.scores) {
    near.emplace_back(value_at(t.coefficients, s));
    exact.push_back(exp(Ball(s)));
  }
  return {{"error", absolute_value(average(near, t.values) - average(exact, t.values))},
          {"phi max|V|", perturbation(delta) * Ball(largest_size(t.values))}};
}

// Relevant: score >= s log(1 + eps) - log(n/eps), s = floor(largest score/log(1 + eps)).
Quantities relevant_keys(const Field& in) {
  in.object_of({"scores", "values", "eps", "degree"});  // the degree belongs to another comparison
  const std::vector<Fraction> scores = numbers(in["scores"]), values = numbers(in["values"], scores.size());
  const Fraction eps = positive_small(in["eps"]), n(scores.size());
  in["degree"].integer(0, 1000);
  require(eps < Fraction(1), "instance.eps: not below 1");
  const Ball step = log(Ball(1) + Ball(eps));
  const Ball threshold = whole_part(Ball(largest(scores)) / step, "instance.scores: the largest") * step -
                         log(Ball(n) / Ball(eps));
  Row all, relevant;
  for (const Fraction& s : scores) {
    const Ball weight = exp(Ball(s) - Ball(largest(scores)));
    all.push_back(weight);
    const int side = sure_sign(Ball(s) - threshold);
    if (side == 0) throw Undecided("instance.scores: the side of the threshold");
    relevant.push_back(side > 0 ? weight : Ball(0));
  }
  const Fraction most = largest_size(values), others = eps * (n - Fraction(1));
  return {{"error", absolute_value(average(relevant, values) - average(all, values))},
          {"share", Fraction(2) * others / (n + others) * most},
          {"eps max|V|", eps * most}};
}

// y = S/(S + b^{2 tau - 1}), S = sum_j b^{2 <a, b_j>}: at least 3/4 if some product reaches tau, else at most
// 1/4. b = 3n, or 2.
Quantities largest_product(const Field& in) {
  in.object_of({"products", "tau"});
  const Field products = in["products"];
  const long tau = in["tau"].integer(1, 64), n = static_cast<long>(products.size());
  if (n < 1 || n > kMostNumbers) products.expected("1 to 64 inner products");
  bool reached = false;
  const auto misplaced = [&](long base) {
    const auto power = [&](long exponent) {
      Fraction x(1);
      for (long i = 0; i < exponent; ++i) x = x * Fraction(base);
      return x;
    };
    Fraction total;
    for (std::size_t j = 0; j < products.size(); ++j) {
      const long product = products[j].integer(0, 64);
      reached = reached || product >= tau;
      total = total + power(2 * product);
    }
    const Fraction y = total / (total + power(2 * tau - 1));
    return reached ? Fraction(3) / Fraction(4) - y : y - Fraction(1) / Fraction(4);
  };
  return {{"zero", Fraction(0)}, {"misplaced", misplaced(3 * n)}, {"misplaced, base 2", misplaced(2)}};
}

Quantities score_range(const Field& in) {
  in.object_of({"C1 W", "C2"});
  const Rows a = matrix_of(in["C1 W"]), b = matrix_of(in["C2"]);
  require(a[0].size() == b[0].size(), "instance: the shapes do not fit");
  const Ball gamma = maximum(checker::largest_size(a), checker::largest_size(b)),
             score = checker::largest_size(product(a, transposed(b)));
  return {{"d score", score}, {"score", score / Ball(a[0].size())}, {"Gamma^2", gamma * gamma}};
}

// Columns are tokens. e_ij = e^{<k_i, q_j>/d} over the sums over the keys i, or (as printed) over the queries
// j.
Quantities normalisation(const Field& in) {
  in.object_of({"W_K X", "W_Q X", "W_OV X"});
  const Rows keys = transposed(matrix_of(in["W_K X"])), queries = transposed(matrix_of(in["W_Q X"])),
             v = matrix_of(in["W_OV X"]);
  require(keys.size() == queries.size() && v[0].size() == keys.size() && keys[0].size() == queries[0].size(),
          "instance: the shapes do not fit");
  const std::size_t tokens = keys.size();
  Rows by_query(tokens, Row(tokens)), by_key = by_query;  // row j: the weights of query j
  for (std::size_t j = 0; j < tokens; ++j)
    by_query[j] = softmax_row(queries[j], keys, static_cast<long>(keys[0].size()), static_cast<long>(tokens));
  for (std::size_t i = 0; i < tokens; ++i) {
    const Row over_queries =
        softmax_row(keys[i], queries, static_cast<long>(keys[0].size()), static_cast<long>(tokens));
    for (std::size_t j = 0; j < tokens; ++j) by_key[j][i] = over_queries[j];
  }
  const auto output = [&](const Rows& weights) {
    return checker::largest_size(product(weights, transposed(v)));
  };
  return {{"output", output(by_query)},
          {"output as printed", output(by_key)},
          {"max|V|", checker::largest_size(v)}};
}

// P with rows that sum to 1, alpha = m max_j |P e_j|^2.
Quantities column_norms(const Field& in) {
  in.object_of({"P"});
  std::vector<std::vector<Fraction>> p;
  for (std::size_t i = 0; i < in["P"].size(); ++i) {
    p.push_back(numbers(in["P"][i], i == 0 ? 0 : p[0].size()));
    require(sum(p[i]) == Fraction(1), item("instance.P", i) + ": does not sum to 1");
  }
  if (p.empty() || p.size() > static_cast<std::size_t>(kMostNumbers)) in["P"].expected("1 to 64 rows");
  std::vector<Fraction> columns(p[0].size()), rows, entries;
  for (const auto& row : p) {
    const std::vector<Fraction> squares = times(row, row);
    rows.push_back(sum(squares));
    for (std::size_t j = 0; j < squares.size(); ++j) {
      require(!(row[j] < Fraction(0)), "instance.P: a negative entry");
      columns[j] = columns[j] + squares[j];
      entries.push_back(squares[j]);
    }
  }
  const Fraction m(columns.size()), n(p.size()), alpha = m * largest(columns), row = m * largest(rows);
  return {{"entry^2", largest(entries)},
          {"alpha/m", largest(columns)},
          {"|P|^2", sum(rows)},
          {"alpha", alpha},
          {"n/m", n / m},
          {"row", row},
          {"row^2", row * row},
          {"m alpha", m * alpha}};
}

}  // namespace

const std::map<std::string, Lemma> kNeighbourLemmas = {
    {"kernel-of-relative-error", kernel_of_relative_error},
    {"kernel-of-values-not-negative", kernel_of_values_not_negative},
    {"prefix", prefix},
    {"taylor-denominator", taylor_denominator},
    {"odd-taylor-denominator", odd_taylor_denominator},
    {"taylor-attention", taylor_attention},
    {"relevant-keys", relevant_keys},
    {"largest-product", largest_product},
    {"score-range", score_range},
    {"normalisation", normalisation},
    {"column-norms", column_norms},
};

}  // namespace checker
