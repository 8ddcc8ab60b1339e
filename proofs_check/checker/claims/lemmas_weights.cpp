// Averages under exact and approximate weights.
#include "lemmas.hpp"

namespace checker {
namespace {

Ball phi(const Ball& delta) {
  if (!surely_greater(1, delta)) throw Undecided("instance: delta < 1");
  return perturbation(delta);
}
/// The coefficients of 1 + x + … + x^degree/degree!.
Fractions taylor_polynomial(long degree) {
  Fractions c{Fraction(1)};
  for (long p = 1; p <= degree; ++p) c.push_back(c.back() / Fraction(p));
  return c;
}

}  // namespace

// |f~ - f|_1 <= phi(delta) for weights off by at most delta, delta = 2t/(1 + t^2): phi = 2t.
Quantities softmax_perturbation(const Field& in) {
  const Fraction t = proper(in["t"]), delta = Fraction(2) * t / (Fraction(1) + t * t);
  const Fractions w = numbers(in["weights"]), eta = numbers(in["eta"], w.size());
  require(number(in["delta"]) == delta, "instance.delta: not 2t/(1 + t^2)");
  require(all_positive(w), "instance.weights: not all positive");
  require(largest_size(eta) <= delta, "instance.eta: above delta in size");
  return {{"distance", sum(sizes(shares(w + times(w, eta)) - shares(w)))},
          {"phi", Fraction(2) * t},
          {"usual", Fraction(2) * delta / (Fraction(1) - delta)}};
}

namespace {
enum class Approximated { scores, products };

// P in the place of exp on the scores, or on each product's own: |Att~ - Att| <= phi(delta) prod max|V|, or
// 2 tanh(p artanh(delta)/2) prod max|V| with p products; delta = max |P(s) e^{-s} - 1| over what it is used
// on.
Quantities forward(const Field& in, const PolyAttention& h, Approximated approximated) {
  const Fractions c = numbers(in["coefficients"]);
  Ball delta, error;
  Fraction entry(1), score, limit(1);
  for (std::size_t i = 0; i < h.q[0].size(); ++i) {
    Row near, exact;
    for (const auto& tuple : h.tuples) {
      Fractions parts = h.scores(i, tuple);
      score = maximum(score, absolute_value(sum(parts)));
      if (approximated == Approximated::scores) parts = {sum(parts)};
      near.emplace_back(1);
      exact.push_back(exp(Ball(sum(parts))));
      for (const Fraction& s : parts) {
        const Ball p = value_at(c, Ball(s));
        near.back() = near.back() * p;
        delta = maximum(delta, absolute_value(p / exp(Ball(s)) - 1));
      }
    }
    error = maximum(error, moved(near, exact, balls(h.columns)));
  }
  for (const Exact& tokens : h.q) entry = maximum(entry, largest_size(tokens));
  std::size_t degree = 0;
  for (const auto& factors : h.products) degree = std::max(degree, factors.size());
  for (std::size_t i = 0; i < degree; ++i) limit = limit * entry;
  const Ball artanh = log((Ball(1) + delta) / (Ball(1) - delta)) / 2, value(h.largest_value);
  return {{"error", error},
          {"phi max|V|", phi(delta) * value},
          {"all products' bound", Ball(2) * tanh(Ball(h.products.size()) * artanh / 2) * value},
          {"score", score},
          {"|h| B^k", Fraction(h.products.size()) * limit}};
}
}  // namespace

Quantities forward_error(const Field& in) { return forward(in, attention_of(in), Approximated::scores); }
Quantities tree_forward_error(const Field& in) {
  const PolyAttention h = attention_of(in);
  require_tree(h, h.products);
  return forward(in, h, Approximated::products);
}

namespace {
Fractions column(const Field& keys, const char* name) {
  Fractions x;
  for (std::size_t j = 0; j < keys.size(); ++j) x.push_back(number(keys[j][name]));
  if (x.empty() || x.size() > kMostNumbers) keys.expected("1 to 256 keys");
  return x;
}
}  // namespace

// The weights of group b are off by theta_b < 1: |Att~ - Att| <= 2 max|V| sum_b theta_b/(1 - theta_b)
// D~_b/D~. A prefix of delta, and real keys without error, are two groups.
Quantities perturbed_keys(const Field& in) {
  const Field keys = in["keys"];
  const bool prefix = in.has("delta");
  const Fractions theta = prefix ? Fractions{Fraction(0), proper(in["delta"])} : numbers(in["theta"]);
  const Fractions w = column(keys, "weight"), factor = column(keys, "factor"), v = column(keys, "value");
  require(all_positive(w), "instance.keys: weights are not all positive");
  for (const Fraction& t : theta)
    require(Fraction(0) <= t && t < Fraction(1), "instance.theta: not from 0 to below 1");
  Fractions scale;
  for (std::size_t j = 0; j < w.size(); ++j) {
    const long last = static_cast<long>(theta.size()) - 1;
    const Fraction& t =
        theta[static_cast<std::size_t>(keys[j][prefix ? "in the prefix" : "group"].integer(0, last))];
    require(absolute_value(factor[j] - Fraction(1)) <= t,
            item("instance.keys", j) + ".factor: too far from 1");
    scale.push_back(t / (Fraction(1) - t));
  }
  const Fractions near = times(w, factor);
  return {{"error", moved(near, w, {v})},
          {"phi max|V|", phi(Ball(largest(theta))) * Ball(largest_size(v))},
          {"share", Fraction(2) * mean(near, scale) * largest_size(v)}};
}

// Kernel weights w (1 + eta), |eta| <= eps < 1: |Att~ - Att| <= 2 eps/(1 - eps) Att(|V|), which is Att if V
// >= 0.
Quantities kernel_of_relative_error(const Field& in) {
  const Fraction eps = proper(in["eps"]), factor = Fraction(2) * eps / (Fraction(1) - eps);
  const Fractions w = column(in["keys"], "weight"), eta = column(in["keys"], "eta"),
                  v = column(in["keys"], "value");
  require(all_positive(w) && largest_size(eta) <= eps, "instance: |eta| <= eps < 1 and weights > 0");
  return {{"error", moved(w + times(w, eta), w, {v})},
          {"factor |Att|", factor * absolute_value(mean(w, v))},
          {"factor Att|V|", factor * mean(w, sizes(v))}};
}
Quantities kernel_of_values_not_negative(const Field& in) {
  for (const Fraction& v : column(in["keys"], "value"))
    require(Fraction(0) <= v, "instance.keys: a value is negative");
  return kernel_of_relative_error(in);
}

// T = sum_{p < P} s^p/p!, P = `terms`, in the place of exp; |T(s) e^{-s} - 1| <= X^P e^X/P! for |s| <= X.
Quantities taylor_denominator(const Field& in) {
  const Fractions s = numbers(in["scores"]), c = taylor_polynomial(in["terms"].integer(1, 64) - 1);
  numbers(in["values"], s.size());
  Ball least;
  Fraction denominator;
  for (const Fraction& x : s) {
    least = least + exp(Ball(minimum(x, Fraction(0))));
    denominator = denominator + value_at(c, x);
  }
  return {{"sum min(1, e^s)", least}, {"denominator", denominator}};
}
Quantities odd_taylor_denominator(const Field& in) {
  require(in["terms"].integer(1, 64) % 2 == 1, "instance.terms: not odd");
  return taylor_denominator(in);
}
Quantities taylor_attention(const Field& in) {
  const long terms = in["terms"].integer(1, 64);
  const Fractions s = numbers(in["scores"]), v = numbers(in["values"], s.size()),
                  c = taylor_polynomial(terms - 1);
  const Ball X(largest_size(s));
  Ball delta = exp(X);
  for (long p = 1; p <= terms; ++p) delta = delta * X / Ball(p);
  Row near;
  for (const Fraction& x : s) near.push_back(value_at(c, Ball(x)));
  return {{"error", moved(near, exponentials(s), balls(Exact{v}))},
          {"phi max|V|", phi(delta) * Ball(largest_size(v))}};
}

namespace {
/// 2 eps (n-1)/(n + eps (n-1)): what leaving out n - 1 keys moves that weigh at most eps/n of the heaviest.
Fraction share_left_out(const Fraction& eps, std::size_t keys) {
  const Fraction n(keys), others = eps * (n - Fraction(1));
  return Fraction(2) * others / (n + others);
}
}  // namespace

// Relevant: score >= s log(1 + eps) - log(n/eps), s = floor(largest score/log(1 + eps)). The algorithm takes
// a Taylor polynomial of the relevant scores less `shift`, of relative error delta on them.
Quantities relevant_keys(const Field& in) {
  const Fractions scores = numbers(in["scores"]), v = numbers(in["values"], scores.size()),
                  c = taylor_polynomial(in["degree"].integer(0, 64));
  const Fraction eps = proper(in["eps"]), shift = number(in["shift"]), n(scores.size()),
                 top = largest(scores);
  const Ball step = log(Ball(1) + Ball(eps)), room = log(Ball(n) / Ball(eps));
  const Ball threshold = whole_part(Ball(top) / step, "instance.scores: the largest") * step - room;
  Row all, relevant, near, near_all;
  Ball delta;
  Fraction spread;
  for (const Fraction& s : scores) {
    const Ball p = value_at(c, Ball(s - shift));
    const int side = sure_sign(Ball(s) - threshold);
    if (side == 0) throw Undecided("instance.scores: the side of the threshold");
    all.push_back(exp(Ball(s - shift)));
    near_all.push_back(p);
    relevant.push_back(side > 0 ? all.back() : Ball(0));
    near.push_back(side > 0 ? p : Ball(0));
    if (side < 0) continue;
    delta = maximum(delta, absolute_value(p / all.back() - 1));
    spread = maximum(spread, top - s);
  }
  const Fraction most = largest_size(v), share = share_left_out(eps, v.size()) * most;
  const Rows values = balls(Exact{v});
  return {{"error", moved(relevant, all, values)},
          {"share", share},
          {"eps max|V|", eps * most},
          {"polynomial's error", moved(near, all, values)},
          {"polynomial's error on all keys", moved(near_all, all, values)},
          {"share + phi max|V|", Ball(share) + phi(delta) * Ball(most)},
          {"spread", spread},
          {"length", step + room}};
}

// What the tree of moments returned (enclosures, a row a query): keys of weight below eps/n of the heaviest
// are left out, those in boxes of scores within 1 weighed by a Taylor polynomial, of error e/(g + 1)! there.
Quantities tree_of_moments(const Field& in) {
  const Exact q = table(in["q"]), k = table(in["k"]), v = table(in["v"], k.size(), 1);
  const Fraction eps = proper(in["eps"]);
  in["leaf"].integer(1, 64);  // the tree's
  Ball delta = exp(Ball(1));
  for (long t = in["degree"].integer(1, 64) + 1; t > 1; --t) delta = delta / Ball(t);
  const auto error = [&](const Field& outputs) {
    const Exact ends = table(outputs, q.size(), 2), s = scores(q, k);
    Ball most;
    for (std::size_t i = 0; i < q.size(); ++i)
      most = maximum(most, absolute_value(hull(Ball(ends[i][0]), Ball(ends[i][1])) -
                                          mean(exponentials(s[i]), balls(transposed(v))[0])));
    return most;
  };
  return {{"error", error(in["outputs"])},
          {"error with an eighth of the cut", error(in["outputs with an eighth of the cut"])},
          {"bound", (Ball(share_left_out(eps, k.size())) + phi(delta)) * Ball(largest_size(v))}};
}

// What double-double arithmetic returned, u = 2^-53: e^x on [-200, 0], its error in units of u^2 e^x, and
// attention, its error over the radius of its row.
Quantities double_double(const Field& in) {
  const Fractions x = numbers(in["arguments"]), computed = numbers(in["exponentials"], x.size());
  const Exact q = table(in["q"]), k = table(in["k"]), v = table(in["v"], k.size()),
              outputs = table(in["outputs"], q.size(), v[0].size()), s = scores(q, k);
  const Fractions radius = numbers(in["radii"], q.size());
  require(all_positive(radius), "instance.radii: not all positive");
  Ball of_exponential, of_attention;
  for (std::size_t j = 0; j < x.size(); ++j) {
    require(Fraction(-200) <= x[j] && x[j] <= Fraction(0),
            item("instance.arguments", j) + ": not in [-200, 0]");
    of_exponential = maximum(of_exponential, absolute_value(Ball(computed[j]) / exp(Ball(x[j])) - 1));
  }
  for (std::size_t i = 0; i < q.size(); ++i) {
    Row exact;
    for (const Row& column : balls(transposed(v))) exact.push_back(mean(exponentials(s[i]), column));
    of_attention = maximum(of_attention, largest_size(balls(Exact{outputs[i]})[0] - exact) / Ball(radius[i]));
  }
  return {{"error/(u^2 e^x)", of_exponential * Ball(1L << 53) * Ball(1L << 53)},
          {"error/radius", of_attention}};
}

// Weights P(S_s) + exp(S_L) - 1, scores split by large rows of Q and K; delta of P on S_s and at 0.
Quantities support_basis_of_any_constant(const Field& in) {
  const Exact q = table(in["q"]), k = table(in["k"]), v = table(in["v"], k.size(), 1);
  const Fraction limit = positive(in["threshold"]);
  const Fractions c = numbers(in["coefficients"]);
  const Exact s = scores(q, k), small = scores(without_large_rows(q, limit), without_large_rows(k, limit));
  Ball delta = absolute_value(Ball(c[0]) - 1), error;
  for (std::size_t i = 0; i < s.size(); ++i) {
    Row near;
    for (std::size_t j = 0; j < k.size(); ++j) {
      const Ball p = value_at(c, Ball(small[i][j]));
      const bool large = limit < largest_size(q[i]) || limit < largest_size(k[j]);
      near.push_back(large ? p + exp(Ball(s[i][j])) - 1 : p);
      delta = maximum(delta, absolute_value(p / exp(Ball(small[i][j])) - 1));
    }
    error = maximum(error, moved(near, exponentials(s[i]), balls(transposed(v))));
  }
  return {{"error", error}, {"phi max|V|", phi(delta) * Ball(largest_size(v))}};
}
Quantities support_basis(const Field& in) {
  require(number(in["coefficients"][0]) == Fraction(1), "instance.coefficients: P(0) is not 1");
  return support_basis_of_any_constant(in);
}

// Queries and keys projected along u: scores move by at most zeta = max|q'| max|k'|/d, Att by 2 tanh(zeta/2)
// |V|.
Quantities subspace(const Field& in) {
  const Exact q = table(in["Q"]), k = table(in["K"]), v = table(in["V"], k.size());
  const Fractions u = transposed(table(in["normal"], q[0].size(), 1))[0];
  require(Fraction(0) < dot(u, u), "instance.normal: 0");
  const auto residual = [&](Exact rows) {
    for (Fractions& row : rows) row = scaled(dot(row, u) / dot(u, u), u);
    return rows;
  };
  const Exact s = scores(q, k), of_residuals = scores(residual(q), residual(k)),
              projected = scores(q - residual(q), k - residual(k));
  const auto along = [&](const Exact& rows) { return largest_size(product(rows, transposed(Exact{u}))); };
  const Ball zeta(along(q) * along(k) / (dot(u, u) * Fraction(q[0].size()))), value(largest_size(v));
  Ball error;
  for (std::size_t i = 0; i < s.size(); ++i)
    error = maximum(error, moved(exponentials(projected[i]), exponentials(s[i]), balls(transposed(v))));
  return {{"error", error},
          {"bound", Ball(2) * tanh(zeta / 2) * value},
          {"bound of half zeta", Ball(2) * tanh(zeta / 4) * value},
          {"cross terms", largest_size(projected + of_residuals - s)}};
}

// kappa = max r_i/min r_i, r_i = sum_j e^{<q_i, k_j>/d}; keys less c: at most kappa e^(range of <q_i, c>/d).
Quantities row_ratio(const Field& in) {
  const Exact q = table(in["Q"]), k = table(in["K"]), c = table(in["c"], 1);
  const auto kappa = [&](const Exact& s) {
    Ball least = sum(exponentials(s[0])), most = least;
    for (const Fractions& row : s) {
      least = minimum(least, sum(exponentials(row)));
      most = maximum(most, sum(exponentials(row)));
    }
    return most / least;
  };
  Exact shifted = scores(q, k);
  const Exact along = scores(q, c);
  const Ball before = kappa(shifted);
  for (std::size_t i = 0; i < q.size(); ++i) shifted[i] = shifted[i] - Fractions(k.size(), along[i][0]);
  return {{"kappa", before},
          {"kappa after the shift", kappa(shifted)},
          {"bound", before * exp(Ball(range(transposed(along)[0])))}};
}

/// |M|: with G_0 = M^T M, t_i = tr G_i and G_{i+1} = (G_i/t_i)^2 of eigenvalues at most 1, the largest at
/// least 1/columns^2, log|M|^2 = sum_{i < p} 2^-i log t_i + 2^-p log(the largest eigenvalue of G_p).
Ball spectral_norm(const Rows& m) {
  const Rows other = transposed(m);
  Rows g = m.size() < other.size() ? product(m, other) : product(other, m);
  Ball log_square, share(1);
  for (slong i = 0; i < working_bits / 8; ++i, share = share / 2) {
    Ball trace;
    for (std::size_t l = 0; l < g.size(); ++l) trace = trace + g[l][l];
    if (i == 0 && sure_sign(trace) != 1) return hull(0, one_norm(m));
    log_square = log_square + share * log(trace);
    for (Row& row : g) row = scaled(Ball(1) / trace, row);
    g = product(g, g);
  }
  return exp((log_square + share * hull(Ball(-2) * log(Ball(g.size())), 0)) / 2);
}

// |Att - D~^-1 A S^T S V| <= max|D/D~ - 1| |P| |V| + max(D/D~) |P V - P S^T S V|, spectral norms; a key drawn
// t times of s counts t m/s times.
Quantities spectral_split(const Field& in) {
  const Exact q = table(in["Q"]), k = table(in["K"]), v = table(in["V"], k.size());
  const Fractions factor = transposed(table(in["D/D~"], q.size(), 1))[0];
  require(all_positive(factor), "instance.D/D~: not all positive");
  const std::vector<long> drawn = indices(in["drawn"], static_cast<long>(k.size()));
  Exact thinned(k.size(), Fractions(v[0].size()));
  for (const long j : drawn) {
    const auto row = static_cast<std::size_t>(j);
    thinned[row] = thinned[row] + scaled(Fraction(k.size()) / Fraction(drawn.size()), v[row]);
  }
  Rows p;
  for (const Fractions& row : scores(q, k)) p.push_back(shares(exponentials(row)));
  const Rows exact = product(p, balls(v)), sampled = product(p, balls(thinned));
  Rows output = sampled;
  Fraction off;
  for (std::size_t i = 0; i < p.size(); ++i) {
    output[i] = scaled(Ball(factor[i]), output[i]);
    off = maximum(off, absolute_value(factor[i] - Fraction(1)));
  }
  const Ball estimate = Ball(off) * spectral_norm(p) * spectral_norm(balls(v));
  return {{"error", spectral_norm(exact - output)},
          {"estimate", estimate},
          {"estimate + sampling", estimate + Ball(largest(factor)) * spectral_norm(exact - sampled)}};
}

// Columns are tokens; e_ij = e^{<k_i, q_j>/d} over the sums over the keys i, or (as printed) over the queries
// j.
Quantities normalisation(const Field& in) {
  const Exact k = transposed(table(in["W_K X"])), q = transposed(table(in["W_Q X"], k[0].size(), k.size())),
              v = table(in["W_OV X"], 0, k.size());
  Rows by_key, by_query;
  for (const Fractions& row : scores(k, q)) by_key.push_back(shares(exponentials(row)));
  for (const Fractions& row : scores(q, k)) by_query.push_back(shares(exponentials(row)));
  return {{"output", largest_size(product(balls(v), transposed(by_query)))},
          {"output as printed", largest_size(product(balls(v), by_key))},
          {"max|V|", largest_size(v)}};
}

// Queries +-e_l with a last entry 1, a prefix key of value 1 for each query of S, with score +-beta at the
// queries on its axis, 0 at the others; one real key of value 0 and score beta/2. Compressed: phi(q) Z
// against e^(beta/2) + phi(q) k. At least half the gap is missed if S = {lambda_i > 0}, sum lambda_i phi(q_i)
// = 0.
Quantities prefix_features_of_any_set(const Field& in) {
  const Exact features = table(in["features"]);
  const std::size_t n = features.size(), r = features[0].size();
  const std::vector<long> in_s = indices(in["S"], 2);
  require(in_s.size() == n && static_cast<long>(n) <= 2 * (in["d"].integer(2, 32) - 1),
          "instance: more queries than 2 (d - 1), or another number of them in S");
  const long beta = in["beta"].integer(1, 1000);
  const Exact of_z = product(features, table(in["Z"], r, 1)), of_k = product(features, table(in["k"], r, 1));
  const Ball real = exp(Ball(beta) / 2);
  Ball high(1), low, error;
  for (std::size_t i = 0; i < n; ++i) {
    require(Fraction(0) <= of_k[i][0], "instance.k: a negative denominator");
    Ball prefix;
    for (std::size_t j = 0; j < n; ++j)
      if (in_s[j] == 1) prefix = prefix + (i / 2 != j / 2 ? Ball(1) : exp(Ball(i == j ? beta : -beta)));
    const Ball exact = prefix / (prefix + real);
    error = maximum(error, absolute_value(Ball(of_z[i][0]) / (real + Ball(of_k[i][0])) - exact));
    (in_s[i] == 1 ? high : low) = in_s[i] == 1 ? minimum(high, exact) : maximum(low, exact);
  }
  return {{"half the gap", (high - low) / 2}, {"error", error}};
}
Quantities prefix_features(const Field& in) {
  // [features, I], its columns made orthogonal: r of the features' own, then lambda, orthogonal to them all.
  Exact m = table(in["features"]);
  const std::size_t r = m[0].size();
  require(m.size() == r + 1, "instance.features: not one query more than features");
  require(orthogonal_columns(m).size() == r, "instance.features: of smaller rank than their number");
  const Exact identity = unit(r + 1);
  for (std::size_t i = 0; i <= r; ++i) m[i].insert(m[i].end(), identity[i].begin(), identity[i].end());
  const Fractions lambda = orthogonal_columns(m).back();
  const Fraction sign(sum(lambda) < Fraction(0) ? -1 : 1);
  for (std::size_t i = 0; i <= r; ++i)
    require((Fraction(0) < sign * lambda[i]) == (in["S"][i].integer(0, 1) == 1),
            item("instance.S", i) + ": not where the features' dependency is positive");
  return prefix_features_of_any_set(in);
}

// Lemma C: weights f, and f w with max w/min w <= r^2.
Quantities covariance_perturbation(const Field& in) {
  const Fractions f = numbers(in["f"]), w = numbers(in["w"], f.size()), q = numbers(in["q"], f.size()),
                  y = numbers(in["y"], f.size()), g = times(f, w);
  const Fraction r = positive(in["r"]), phi = Fraction(2) * (r - Fraction(1)) / (r + Fraction(1));
  require(all_positive(f) && all_positive(w), "instance: weights are not positive");
  require(largest(w) <= r * r * (largest(w) - range(w)), "instance.w: their ratio exceeds r^2");
  return {{"change", absolute_value(covariance(g, q, y) - covariance(f, q, y))},
          {"bound", phi / Fraction(4) * range(q) * range(y)},
          {"pullback change", sum(sizes(pulled_back(shares(g), q) - pulled_back(shares(f), q)))},
          {"pullback bound", phi / Fraction(2) * range(q)}};
}

Quantities third_moment(const Field& in) {
  const Fractions f = numbers(in["f"]);
  require(all_positive(f), "instance.f: not all positive");
  Fractions centred(f.size(), Fraction(1));
  Fraction widths(1);
  for (const char* name : {"a", "b", "c"}) {
    const Fractions x = numbers(in[name], f.size());
    widths = widths * range(x);
    centred = times(centred, x - Fractions(f.size(), mean(f, x)));
  }
  return {{"moment", absolute_value(mean(f, centred))}, {"ranges", widths}};
}

// |LN(x~) - LN(x)|_2 <= |x~ - x|_2/sqrt(s s~), LN(x) = (x - mean)/s, s^2 = var + epsilon.
Quantities layer_norm(const Field& in) {
  const Fractions x = numbers(in["x"]), near = numbers(in["x~"], x.size()), ones(x.size(), Fraction(1));
  const Fraction epsilon = positive(in["epsilon"]);
  const auto square = [&](const Fractions& y) { return covariance(ones, y, y) + epsilon; };
  require(!(square(x) == square(near)), "instance: s = s~, where both sides agree");
  const auto normalised = [&](const Fractions& y) {
    return scaled(Ball(1) / square_root(Ball(square(y))),
                  balls(Exact{y - Fractions(y.size(), mean(ones, y))})[0]);
  };
  const Row change = normalised(near) - normalised(x);
  const Ball distance = square_root(Ball(dot(near - x, near - x)));
  return {{"change", square_root(dot(change, change))},
          {"distance", distance},
          {"distance/sqrt(s s~)", distance / square_root(square_root(Ball(square(x) * square(near))))}};
}

}  // namespace checker
