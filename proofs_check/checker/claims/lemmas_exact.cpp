// Identities, ranks and sums over the rationals.
#include <flint/fmpz_mat.h>

#include "lemmas.hpp"

namespace checker {
namespace {

Fraction power(const Fraction& x, long exponent) {
  Fraction result(1);
  for (long i = 0; i < exponent; ++i) result = result * x;
  return result;
}
Fraction binomial(long n, long k) {
  Fraction result(1);
  for (long i = 1; i <= k; ++i) result = result * Fraction(n - k + i) / Fraction(i);
  return result;
}

/// The exponents a of `variables` variables with |a| <= degree.
Table<long> exponents(std::size_t variables, std::size_t degree) {
  require(variables <= 8 && degree <= 8, "instance: more than 8 variables or degree above 8");
  Table<long> all{{}};
  for (std::size_t l = 0; l < variables; ++l) {
    Table<long> longer;
    for (const auto& a : all)
      for (long e = 0; sum(a) + e <= static_cast<long>(degree); ++e) {
        longer.push_back(a);
        longer.back().push_back(e);
      }
    all = longer;
  }
  return all;
}
/// x^a for every row x and every exponent a.
Exact monomials(const Exact& rows, const Table<long>& exponents) {
  require(rows.size() * exponents.size() <= kMostPairs, "instance: too many features");
  Exact result(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (const auto& a : exponents) {
      Fraction x(1);
      for (std::size_t l = 0; l < a.size(); ++l) x = x * power(rows[i][l], a[l]);
      result[i].push_back(x);
    }
  return result;
}
enum class Multinomials { counted, left_out };
/// w_a = c_|a| (|a|!/a!) d^-|a|: P(<q,k>/d) = sum_a w_a q^a k^a.
Fractions monomial_weights(const Table<long>& exponents, const Fractions& c, Multinomials multinomials) {
  Fractions weights;
  for (const auto& a : exponents) {
    Fraction w = c[static_cast<std::size_t>(sum(a))] / power(Fraction(a.size()), sum(a));
    long degree = 0;
    if (multinomials == Multinomials::counted)
      for (const long e : a) w = w * binomial(degree += e, e);
    weights.push_back(w);
  }
  return weights;
}
/// Row by row: a_i (x) b_i.
Exact row_kronecker(const Exact& a, const Exact& b) {
  Exact result;
  for (std::size_t i = 0; i < a.size(); ++i) result.push_back(kronecker(Exact{a[i]}, Exact{b[i]})[0]);
  return result;
}

}  // namespace

Quantities feature_map(const Field& in) {
  const Fractions c = polynomial(in["coefficients"]), k = numbers(in["k"]), q = numbers(in["q"], k.size());
  const Table<long> all = exponents(q.size(), c.size() - 1);
  const Exact features = monomials({q, k}, all);
  const Fraction value = value_at(c, dot(q, k) / Fraction(q.size()));
  const auto defect = [&](Multinomials m) {
    return absolute_value(value - dot(times(monomial_weights(all, c, m), features[0]), features[1]));
  };
  const long d = static_cast<long>(q.size()), g = static_cast<long>(c.size()) - 1;
  return {{"defect", defect(Multinomials::counted)},
          {"defect without multinomials", defect(Multinomials::left_out)},
          {"features less C(d+g, g)", absolute_value(Fraction(all.size()) - binomial(d + g, g))}};
}

// rank P(X Y^T) = sum over c_k != 0 of C(d+k-1, k) <= C(d+g, g), integers in X and Y, more rows than that.
Quantities rank_of_polynomial(const Field& in) {
  const Exact x = table(in["x"]), y = table(in["y"], x.size(), x[0].size());
  for (const Exact& m : {x, y})
    for (const Fractions& row : m)
      for (const Fraction& a : row)
        require(fmpz_is_one(fmpq_denref(a.get())) && absolute_value(a) <= Fraction(1 << 16),
                "instance: an entry is no integer up to 65536 in size");
  const long d = static_cast<long>(x[0].size()), terms = static_cast<long>(in["coefficients"].size());
  require(1 <= terms && terms <= 9, "instance.coefficients: of no polynomial of degree at most 8");
  Fractions c;
  Fraction claimed;
  for (long k = 0; k < terms; ++k) {
    c.emplace_back(in["coefficients"][static_cast<std::size_t>(k)].integer(-1000, 1000));
    if (!(c.back() == Fraction(0))) claimed = claimed + binomial(d + k - 1, k);
  }
  require(claimed < Fraction(x.size()), "instance.x: not more rows than the rank");
  const auto n = static_cast<slong>(x.size());
  fmpz_mat_t values;
  fmpz_mat_init(values, n, n);
  for (slong i = 0; i < n; ++i)
    for (slong j = 0; j < n; ++j)
      fmpz_set(fmpz_mat_entry(values, i, j),
               fmpq_numref(
                   value_at(c, dot(x[static_cast<std::size_t>(i)], y[static_cast<std::size_t>(j)])).get()));
  const Fraction rank(fmpz_mat_rank(values));
  fmpz_mat_clear(values);
  // One instance of that rank shows that generic ones have it; one of less rank shows nothing.
  require(claimed <= rank, "instance: X and Y are not generic");
  return {{"rank", rank},
          {"claimed", claimed},
          {"C(d+g, g)", binomial(d + terms - 1, d)},
          {"claimed less one", claimed - Fraction(1)}};
}

// Weights P: f = U1 U2^T, f o q = (U1 (x) c)(U2 (x) h)^T row by row, p = f o q - (diag(sums) U1) U2^T, sums =
// <U1 (U2^T h), c>; Lemma D.5 prints U1 (diag(sums) U2)^T.
Quantities gradient_rank(const Field& in) {
  const Exact a1 = table(in["A1"]), a2 = table(in["A2"], 0, a1[0].size()), a3 = table(in["A3"], a2.size()),
              x = product(a1, table(in["X"], a1[0].size(), a1[0].size())),
              h = product(a3, table(in["Y"], a3[0].size())), e = table(in["E"], a1.size(), h[0].size());
  const Fractions c = polynomial(in["coefficients"]);
  const Exact f = weighted(scores(x, a2), c), residual = product(f, h) - e,
              q = product(residual, transposed(h)), p = pulled_back(f, residual, h);
  const Table<long> all = exponents(a2[0].size(), c.size() - 1);
  const Fractions weights = monomial_weights(all, c, Multinomials::counted);
  Exact u1 = monomials(x, all);
  const Exact u2 = monomials(a2, all);
  for (Fractions& row : u1) {
    row = times(row, weights);
    row = scaled(Fraction(1) / sum(product(Exact{row}, transposed(u2))[0]), row);
  }
  const Exact averaged = product(u1, product(transposed(u2), h)), fq = times(f, q);
  Exact scaled_rows = u1, scaled_columns = u2;
  for (std::size_t i = 0; i < u1.size(); ++i) {
    const Fraction row_sum = dot(averaged[i], residual[i]);
    scaled_rows[i] = scaled(row_sum, u1[i]);
    if (i < u2.size()) scaled_columns[i] = scaled(row_sum, u2[i]);
  }
  const auto off = [](const Exact& a, const Exact& left, const Exact& right) {
    return largest_size(a - product(left, transposed(right)));
  };
  Quantities result{{"f", off(f, u1, u2)},
                    {"f o q", off(fq, row_kronecker(u1, residual), row_kronecker(u2, h))},
                    {"p", off(fq - p, scaled_rows, u2)}};
  if (u1.size() == u2.size()) result.emplace("p as printed", off(fq - p, u1, scaled_columns));
  return result;
}

// One pair replaced, entries of K within R and of V within R_w: the moments sum_j k_j^a (1, v_j), |a| <= g,
// change by at most 2 sum_{a != 0} R^|a| + 2 d_v R_w sum_a R^|a| in all.
Quantities sensitivity(const Field& in) {
  const Exact k = table(in["k"]), v = table(in["v"], k.size()),
              other_k = table(in["k'"], k.size(), k[0].size()),
              other_v = table(in["v'"], k.size(), v[0].size());
  const Fraction R(in["R"].integer(1, 1 << 20)), R_w(in["R_w"].integer(1, 1 << 20));
  require(maximum(largest_size(k), largest_size(other_k)) <= R, "instance.R: an entry of K is above it");
  require(maximum(largest_size(v), largest_size(other_v)) <= R_w, "instance.R_w: an entry of V is above it");
  long replaced = 0;
  for (std::size_t j = 0; j < k.size(); ++j) replaced += k[j] == other_k[j] && v[j] == other_v[j] ? 0 : 1;
  require(replaced <= 1, "instance: more than one pair is replaced");
  const Table<long> all = exponents(k[0].size(), static_cast<std::size_t>(in["degree"].integer(0, 8)));
  const auto moments = [&](const Exact& keys, const Exact& values) {
    return product(transposed(monomials(keys, all)), with_ones(values));
  };
  Fraction change, powers;
  for (const Fractions& row : moments(k, v) - moments(other_k, other_v)) change = change + sum(sizes(row));
  for (const auto& a : all) powers = powers + power(R, sum(a));
  return {
      {"change", change},
      {"Delta", Fraction(2) * (powers - Fraction(1)) + Fraction(2) * Fraction(v[0].size()) * R_w * powers}};
}

// (U2 (/) U3)^T (V1 (/) V2) = (U2^T V1) o (U3^T V2), monomials of degree <= g.
Quantities factored_sums(const Field& in) {
  const Exact k1 = table(in["K1"]), k2 = table(in["K2"], 0, k1[0].size()), v1 = table(in["V1"], k1.size()),
              v2 = table(in["V2"], k2.size(), v1[0].size());
  const Table<long> all = exponents(k1[0].size(), static_cast<std::size_t>(in["degree"].integer(0, 8)));
  const auto sums = [&](const Exact& k, const Exact& v) { return product(transposed(monomials(k, all)), v); };
  const Exact pairs = sums(column_products(k1, k2), column_products(v1, v2)), first = sums(k1, v1),
              second = sums(k2, v2);
  return {{"product", largest_size(pairs - times(first, second))},
          {"sum", largest_size(pairs - (first + second))}};
}

// (A V + phi(Q) Z)/(A 1 + phi(Q) k), Z = phi'(K_P)^T V_P, k = phi'(K_P)^T 1, is attention with weights P on
// the prefix; A by another polynomial in the place of exp. Or features of degree 0 and 1 alone.
Quantities prefix_representation(const Field& in) {
  const Exact q = table(in["Q"]), k = table(in["K"], 0, q[0].size()), v = table(in["V"], k.size()),
              k_prefix = table(in["K_P"], 0, q[0].size()),
              v_prefix = table(in["V_P"], k_prefix.size(), v[0].size());
  const Fractions of_prefix = polynomial(in["prefix coefficients"]), of_keys = polynomial(in["coefficients"]);
  const Exact real = product(values_of(of_keys, scores(q, k)), with_ones(v)),
              prefix = product(values_of(of_prefix, scores(q, k_prefix)), with_ones(v_prefix));
  const auto difference = [&](std::size_t degree) {
    const Table<long> all = exponents(q[0].size(), degree);
    const Exact Z =
        product(transposed(monomials(k_prefix, all)), with_ones(v_prefix));  // its last column is k
    Exact features = monomials(q, all);
    for (Fractions& row : features) row = times(row, monomial_weights(all, of_prefix, Multinomials::counted));
    const Exact compressed = real + product(features, Z), exact = real + prefix;
    Fraction most;
    for (std::size_t i = 0; i < q.size(); ++i) {
      require(Fraction(0) < compressed[i].back() && Fraction(0) < exact[i].back(),
              "instance: a denominator is not positive");
      most = maximum(most, largest_size(scaled(Fraction(1) / compressed[i].back(), compressed[i]) -
                                        scaled(Fraction(1) / exact[i].back(), exact[i])));
    }
    return most;
  };
  return {{"difference", difference(of_prefix.size() - 1)}, {"difference at degree 1", difference(1)}};
}

namespace {
Fraction power_of_two(const Fraction& exponent) {
  require(fmpz_is_one(fmpq_denref(exponent.get())) && absolute_value(exponent) <= Fraction(256),
          "instance: a score is no integer up to 256 in size");
  const long n = fmpz_get_si(fmpq_numref(exponent.get()));
  return n < 0 ? Fraction(1) / power(Fraction(2), -n) : power(Fraction(2), n);
}
/// What hangs below every token of variable a: 1 and the values (of a > 0), times the messages from all edges
/// but the one to `parent`.
Exact below(const PolyAttention& h, const Table<long>& edges, long a, long parent) {
  const auto at = static_cast<std::size_t>(a);
  Exact state(h.q[at].size(), Fractions(1 + h.columns.size(), Fraction(1)));
  for (std::size_t i = 0; a > 0 && i < state.size(); ++i)
    for (std::size_t c = 0; c < h.columns.size(); ++c) state[i][1 + c] = h.v[at - 1][i][c];
  for (const auto& edge : edges) {
    if (edge[0] != a && edge[1] != a) continue;
    const long b = edge[0] == a ? edge[1] : edge[0];
    if (b == parent) continue;
    Exact weights = scores(h.q[at], h.q[static_cast<std::size_t>(b)]);
    for (Fractions& row : weights)
      for (Fraction& s : row) s = power_of_two(s);
    state = times(state, product(weights, below(h, edges, b, a)));
  }
  return state;
}
/// |messages over `edges` - the definition of h|, with the weight 2^x in the place of e^x.
Fraction difference_of_messages(const PolyAttention& h, const Table<long>& edges) {
  const Exact state = below(h, edges, 0, -1);
  Fraction most;
  for (std::size_t i = 0; i < state.size(); ++i) {
    Fractions weights;
    for (const auto& tuple : h.tuples) weights.push_back(power_of_two(sum(h.scores(i, tuple))));
    for (std::size_t c = 0; c < h.columns.size(); ++c)
      most = maximum(most, absolute_value(state[i][1 + c] / state[i][0] - mean(weights, h.columns[c])));
  }
  return most;
}
}  // namespace

Quantities tree_attention(const Field& in) {
  const PolyAttention h = attention_of(in);
  require_tree(h, h.products);
  return {{"difference", difference_of_messages(h, h.products)}};
}
Quantities triangle_by_its_tree(const Field& in) {  // the last product is not in the tree
  const PolyAttention h = attention_of(in);
  Table<long> tree = h.products;
  tree.pop_back();
  require_tree(h, tree);
  return {{"difference", difference_of_messages(h, tree)}};
}

// w(S) = w(S_s) + w(S_L) - w(0) for scores split by large rows; or by large entries.
Quantities support_decomposition(const Field& in) {
  const Exact q = table(in["q"]), k = table(in["k"]);
  table(in["v"], k.size());
  const Fraction limit = positive(in["threshold"]);
  const Fractions w = polynomial(in["coefficients"]);
  const auto small_entries = [&](Exact m) {
    for (Fractions& row : m)
      for (Fraction& x : row)
        if (limit < absolute_value(x)) x = Fraction(0);
    return m;
  };
  const Exact s = scores(q, k);
  const auto defect = [&](const Exact& small) {
    Fraction most;
    for (std::size_t i = 0; i < s.size(); ++i)
      for (std::size_t j = 0; j < s[i].size(); ++j)
        most = maximum(most, absolute_value(value_at(w, s[i][j]) - value_at(w, small[i][j]) -
                                            value_at(w, s[i][j] - small[i][j]) + w[0]));
    return most;
  };
  return {{"by rows", defect(scores(without_large_rows(q, limit), without_large_rows(k, limit)))},
          {"by entries", defect(scores(small_entries(q), small_entries(k)))}};
}

// Keys less c: no difference of two scores of a row changes; if only the first key is shifted, some do.
Quantities key_shift(const Field& in) {
  const Exact q = table(in["q"]), k = table(in["k"]), c = table(in["shift"], 1, k[0].size());
  table(in["v"], k.size());
  Exact all = k, first = k;
  for (Fractions& row : all) row = row - c[0];
  first[0] = all[0];
  const Exact before = scores(q, k);
  const auto change = [&](const Exact& keys) {
    Fraction most;
    for (const Fractions& moved : scores(q, keys) - before)
      most = maximum(most, largest_size(moved - Fractions(moved.size(), moved[0])));
    return most;
  };
  return {{"change", change(all)}, {"change by the first key", change(first)}};
}

Quantities score_range(const Field& in) {
  const Exact a = table(in["C1 W"]), b = table(in["C2"]);
  const Fraction gamma = maximum(largest_size(a), largest_size(b)), score = largest_size(scores(a, b));
  return {{"d score", score * Fraction(a[0].size())}, {"score", score}, {"Gamma^2", gamma * gamma}};
}

// W of orthonormal columns: |W e|_2 = |e|_2, |W e|^2 <= d0 epsilon^2 for |e| <= epsilon.
Quantities decoder(const Field& in) {
  const Exact w = table(in["W_A"]);
  const Fractions e = numbers(in["e"], w[0].size()),
                  decoded = transposed(product(w, transposed(Exact{e})))[0];
  const Fraction epsilon = positive(in["epsilon"]), largest = largest_size(decoded);
  require(product(transposed(w), w) == unit(e.size()), "instance.W_A: its columns are not orthonormal");
  require(largest_size(e) <= epsilon, "instance.e: an entry above epsilon");
  return {{"change of |e|^2", absolute_value(dot(decoded, decoded) - dot(e, e))},
          {"|W e|^2", largest * largest},
          {"d0 epsilon^2", Fraction(e.size()) * epsilon * epsilon},
          {"epsilon^2", epsilon * epsilon}};
}

// P with rows that sum to 1, alpha = m max_j |P e_j|^2.
Quantities column_norms(const Field& in) {
  const Exact p = table(in["P"]);
  Fractions columns, rows;
  for (const Fractions& row : p) {
    require(sum(row) == Fraction(1) && sizes(row) == row,
            "instance.P: a row is negative or does not sum to 1");
    rows.push_back(dot(row, row));
  }
  for (const Fractions& column : transposed(p)) columns.push_back(dot(column, column));
  const Fraction m(columns.size()), alpha = m * largest(columns), row = m * largest(rows),
                                    entry = largest_size(p);
  return {{"entry^2", entry * entry}, {"alpha/m", largest(columns)},   {"|P|^2", sum(rows)},
          {"alpha", alpha},           {"n/m", Fraction(p.size()) / m}, {"row", row},
          {"row^2", row * row},       {"m alpha", m * alpha}};
}

// s columns drawn with p_j = |V_j|^2/|V|^2, all m^s draws gone through: the mean of |P V - P S^T S V|^2 is
// (|P|^2 |V|^2 - |P V|^2)/s; it exceeds epsilon^2 |P|^2 |V|^2 with probability at most 1/(s epsilon^2).
Quantities column_sampling(const Field& in) {
  const Exact p = table(in["P"]), v = table(in["V"], p[0].size());
  const long samples = in["samples"].integer(1, 6);
  const Fraction share = positive(in["epsilon^2"]), s(samples), m(v.size()),
                 all = inner_product(p, p) * inner_product(v, v);
  require(power(m, samples) <= Fraction(4096), "instance: more than 4096 draws");
  const auto distribution = [&](const Fractions& probability) {
    std::vector<std::pair<Fraction, Exact>> draws{{Fraction(1), product(p, v)}};  // likelihood, error
    for (long t = 0; t < samples; ++t) {
      std::vector<std::pair<Fraction, Exact>> longer;
      for (const auto& [likelihood, error] : draws)
        for (std::size_t j = 0; j < v.size(); ++j) {
          if (probability[j] == Fraction(0)) continue;
          Exact next = error;
          for (std::size_t i = 0; i < p.size(); ++i)
            next[i] = next[i] - scaled(p[i][j] / (s * probability[j]), v[j]);
          longer.emplace_back(likelihood * probability[j], next);
        }
      draws = longer;
    }
    Fraction mean, failing;
    for (const auto& [likelihood, error] : draws) {
      mean = mean + likelihood * inner_product(error, error);
      if (share * all < inner_product(error, error)) failing = failing + likelihood;
    }
    return std::pair(mean, failing);
  };
  Fractions by_norm;
  for (const Fractions& row : v) by_norm.push_back(dot(row, row));
  require(Fraction(0) < sum(by_norm), "instance.V: 0");
  const auto [mean, failing] = distribution(shares(by_norm));
  const Fraction variance = (all - inner_product(product(p, v), product(p, v))) / s,
                 uniform = distribution(Fractions(v.size(), Fraction(1) / m)).first;
  return {{"mean less the formula", absolute_value(mean - variance)},
          {"failing", failing},
          {"1/(s epsilon^2)", Fraction(1) / (s * share)},
          {"mean less the formula, uniform columns", absolute_value(uniform - variance)}};
}

namespace {
struct KhatriRao {
  Exact rows;
  Fractions leverage;  // l_j = sum over an orthogonal basis u of the columns' span of u_j^2/|u|^2
  Fraction rank;
};
KhatriRao with_leverage(const Exact& rows) {
  const Exact basis = orthogonal_columns(rows);
  require(!basis.empty(), "instance: the product of the factors is 0");
  KhatriRao a{rows, Fractions(rows.size()), Fraction(basis.size())};
  for (const Fractions& u : basis) a.leverage = a.leverage + scaled(Fraction(1) / dot(u, u), times(u, u));
  return a;
}
std::vector<Exact> factors_of(const Field& in) {
  std::vector<Exact> factors;
  in["leaf"].integer(1, 64);  // the sampler's
  for (std::size_t k = 0; k < in["factors"].size(); ++k)
    factors.push_back(table(in["factors"][k], 0, k == 0 ? 0 : factors[0][0].size()));
  if (factors.empty() || factors.size() > 4) in["factors"].expected("1 to 4 factors");
  return factors;
}
KhatriRao product_of(const std::vector<Exact>& factors) {
  Exact rows{Fractions(factors[0][0].size(), Fraction(1))};
  for (const Exact& factor : factors) {
    rows = column_products(rows, factor);
    require(rows.size() <= kMostNumbers, "instance.factors: more than 256 rows of the product");
  }
  return with_leverage(rows);
}
/// E (w/p)^2, p = l/R: rows of leverage 0 are not drawn.
Fraction second_moment(const KhatriRao& a, const Fractions& w) {
  Fraction total;
  for (std::size_t j = 0; j < w.size(); ++j)
    if (Fraction(0) < a.leverage[j]) total = total + w[j] * w[j] * a.rank / a.leverage[j];
  return total;
}
}  // namespace

// A = U_1 (/) … (/) U_K of N rows and rank R, leverage scores l: sum l^2/p - R = R (R - 1) for p = l/R;
// E (w/p)^2 <= R N |w|^2 for w = A x. The product of the factors' own laws is not the law l/R.
Quantities leverage(const Field& in) {
  const std::vector<Exact> factors = factors_of(in);
  const KhatriRao a = product_of(factors);
  const Fraction N(a.rows.size()), R = a.rank;
  Fraction whitened, uniform;
  Exact law{{Fraction(1)}};
  for (const Exact& factor : factors) {
    const KhatriRao own = with_leverage(factor);
    law = column_products(law, transposed(Exact{scaled(Fraction(1) / own.rank, own.leverage)}));
  }
  for (const Fraction& l : a.leverage) {
    if (Fraction(0) < l) whitened = whitened + l * l / (l / R);
    uniform = uniform + l * l * N;
  }
  Quantities q{
      {"whitened less R (R - 1)", whitened - R - R * (R - Fraction(1))},
      {"whitened, uniform rows", uniform - R},
      {"R (R - 1)", R * (R - Fraction(1))},
      {"product of laws less l/R", largest_size(transposed(law)[0] - scaled(Fraction(1) / R, a.leverage))}};
  if (in.has("law"))  // of the sampler's draws
    q.emplace("law less l/R",
              largest_size(numbers(in["law"], a.rows.size()) - scaled(Fraction(1) / R, a.leverage)));
  if (in.has("x")) {
    const Fractions w = transposed(product(a.rows, transposed(Exact{numbers(in["x"], a.rows[0].size())})))[0];
    q.emplace("E (w/p)^2", second_moment(a, w));
    q.emplace("N |w|^2", N * dot(w, w));
    q.emplace("R N |w|^2", R * N * dot(w, w));
  }
  return q;
}

// With a constant column every l_j >= 1/N, and E (w/p)^2 <= R N |w|^2 for every w (`x`).
Quantities leverage_of_any_columns(const Field& in) {
  const KhatriRao a = product_of(factors_of(in));
  const Fractions w = numbers(in["x"], a.rows.size());
  const Fraction N(a.rows.size()),
      least = Fraction(1) - largest(Fractions(w.size(), Fraction(1)) - a.leverage);
  return {{"1/N", Fraction(1) / N},
          {"least leverage score", least},
          {"E (w/p)^2", second_moment(a, w)},
          {"R N |w|^2", a.rank * N * dot(w, w)}};
}
Quantities leverage_with_a_constant(const Field& in) {
  for (const Exact& factor : factors_of(in))
    for (const Fractions& row : factor)
      require(row.back() == Fraction(1), "instance.factors: the last column is not constant");
  return leverage_of_any_columns(in);
}

// y = S/(S + b^{2 tau - 1}), S = sum_j b^{2 <a, b_j>}: at least 3/4 if some product reaches tau, else at most
// 1/4. b = 3n, or 2.
Quantities largest_product(const Field& in) {
  const std::vector<long> products = indices(in["products"], 65);
  const long tau = in["tau"].integer(1, 64);
  const bool reached = *std::max_element(products.begin(), products.end()) >= tau;
  const auto misplaced = [&](const Fraction& base) {
    Fraction total;
    for (const long product : products) total = total + power(base, 2 * product);
    const Fraction y = total / (total + power(base, 2 * tau - 1));
    return reached ? Fraction(3) / Fraction(4) - y : y - Fraction(1) / Fraction(4);
  };
  return {{"misplaced", misplaced(Fraction(3 * products.size()))},
          {"misplaced, base 2", misplaced(Fraction(2))}};
}

// Sums 1 … T of bits that are 0 in F_q, q prime: none if q > T.
Quantities node_sums_of_any_field(const Field& in) {
  const long T = in["T"].integer(1, 1000000), q = in["q"].integer(2, 1000000);
  in["K"].integer(2, 8);  // families: they do not matter
  for (long p = 2; p * p <= q; ++p) require(q % p != 0, "instance.q: not prime");
  return {{"sums that vanish", Fraction(T / q)}};
}
Quantities node_sums(const Field& in) {
  require(in["T"].integer(1, 1000000) < in["q"].integer(2, 1000000), "instance.q: not above T");
  return node_sums_of_any_field(in);
}

// What an accumulator returned for c + sum a_k b_k.
Quantities sum_of_products(const Field& in) {
  const Fraction c = number(in["c"]), sum = number(in["sum"]);
  const Exact factors = transposed(table(in["products"], 0, 2));
  return {{"error", absolute_value(sum - c - dot(factors[0], factors[1]))},
          {"|c| + sum |a b|", absolute_value(c) + dot(sizes(factors[0]), sizes(factors[1]))}};
}

namespace {
/// Of how many nodes of a binary tree over 2^height tokens the part of [begin, end) below the node is the
/// union.
long nodes_below(long node, long height, long begin, long end) {
  const long first = node << height, last = (node + 1) << height;
  if (end <= first || last <= begin) return 0;
  if (begin <= first && last <= end) return 1;
  return nodes_below(2 * node, height - 1, begin, end) + nodes_below(2 * node + 1, height - 1, begin, end);
}
}  // namespace

// Every interval of 2^h tokens is the union of at most 2 (h - 1) nodes, h >= 2: all intervals gone through.
Quantities tree_cover(const Field& in) {
  const long height = in["height"].integer(2, 11), n = 1L << height;
  long most = 0;
  for (long begin = 0; begin < n; ++begin)
    for (long end = begin + 1; end <= n; ++end) most = std::max(most, nodes_below(0, height, begin, end));
  require(in["nodes"].integer(0, n) == most, "instance.nodes: not the most");
  return {{"nodes", Fraction(most)},
          {"2 (h - 1)", Fraction(2 * (height - 1))},
          {"2 (h - 1) - 1", Fraction(2 * (height - 1) - 1)}};
}

}  // namespace checker
