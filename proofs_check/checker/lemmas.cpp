#include "lemmas.hpp"

#include <algorithm>

#include "softmax.hpp"

namespace checker {

Fraction small(const Field& field) {
  const Fraction x = field.fraction();
  if (fmpz_bits(fmpq_numref(x.get())) > kMostBits || fmpz_bits(fmpq_denref(x.get())) > kMostBits)
    field.expected("a number of at most 1024 bits");
  return x;
}

Fraction sum(const std::vector<Fraction>& x) {
  Fraction total;
  for (const Fraction& a : x) total = total + a;
  return total;
}
std::vector<Fraction> times(std::vector<Fraction> a, const std::vector<Fraction>& b) {
  for (std::size_t j = 0; j < a.size(); ++j) a[j] = a[j] * b[j];
  return a;
}
Fraction mean(const std::vector<Fraction>& weights, const std::vector<Fraction>& x) {
  return sum(times(weights, x)) / sum(weights);
}
Ball value_at(const std::vector<Fraction>& coefficients, const Ball& x) {
  Ball value;
  for (auto c = coefficients.rbegin(); c != coefficients.rend(); ++c) value = value * x + Ball(*c);
  return value;
}
Fraction largest(const std::vector<Fraction>& x) { return *std::max_element(x.begin(), x.end()); }
bool all_positive(const std::vector<Fraction>& x) {
  return !x.empty() && std::all_of(x.begin(), x.end(), [](const Fraction& a) { return Fraction(0) < a; });
}
Fraction positive_small(const Field& field) {
  small(field);
  return positive_from(field);
}
std::vector<Fraction> numbers(const Field& field, std::size_t count) {
  std::vector<Fraction> x = field.fractions(kMostNumbers);
  for (std::size_t i = 0; i < x.size(); ++i) small(field[i]);
  if (x.empty() || (count > 0 && x.size() != count)) field.expected("as many numbers as its neighbours have");
  return x;
}

Rows matrix_of(const Field& field) {
  for (std::size_t i = 0; i < field.size(); ++i)
    for (std::size_t j = 0; j < field[i].size(); ++j) small(field[i][j]);
  return balls(field.matrix());
}

Fraction value_at(const std::vector<Fraction>& coefficients, const Fraction& x) {
  Fraction value;
  for (auto c = coefficients.rbegin(); c != coefficients.rend(); ++c) value = value * x + *c;
  return value;
}

namespace {

Fraction range(const std::vector<Fraction>& x) { return largest(x) - *std::min_element(x.begin(), x.end()); }

// |f~ - f|_1 <= phi(delta) for weights off by at most delta, delta = 2t/(1 + t^2): phi = 2t.
Quantities softmax_perturbation(const Field& in) {
  in.object_of({"t", "delta", "weights", "eta"});
  const Fraction t = positive_small(in["t"]), delta = Fraction(2) * t / (Fraction(1) + t * t);
  const std::vector<Fraction> w = numbers(in["weights"]), eta = numbers(in["eta"], w.size());
  require(t < Fraction(1) && small(in["delta"]) == delta, "instance: delta = 2t/(1 + t^2), t < 1");
  require(all_positive(w), "instance.weights: not all positive");
  std::vector<Fraction> near;
  for (std::size_t j = 0; j < w.size(); ++j) {
    require(!(delta < absolute_value(eta[j])), item("instance.eta", j) + ": above delta in size");
    near.push_back(w[j] * (Fraction(1) + eta[j]));
  }
  Fraction distance;
  for (std::size_t j = 0; j < w.size(); ++j)
    distance = distance + absolute_value(near[j] / sum(near) - w[j] / sum(w));
  return {{"distance", distance},
          {"phi", Fraction(2) * t},
          {"usual", Fraction(2) * delta / (Fraction(1) - delta)}};
}

// |sum w_i e^{x_i}| / sum |w_i| e^{x_i} <= max |P(x_i) e^{-x_i} - 1|, deg P <= #points - 2.
Quantities alternation(const Field& in) {
  in.object_of({"points", "coefficients"});
  const std::vector<Fraction> x = numbers(in["points"]), c = numbers(in["coefficients"]);
  require(c.size() + 1 <= x.size(), "instance.coefficients: the degree is too high for the points");
  for (std::size_t i = 1; i < x.size(); ++i)
    require(x[i - 1] < x[i], item("instance.points", i) + ": not increasing");
  const auto quotient = [&](std::size_t count) {
    Ball numerator, denominator;
    for (std::size_t i = 0; i < count; ++i) {
      Fraction product(1);
      for (std::size_t j = 0; j < count; ++j)
        if (j != i) product = product * (x[i] - x[j]);
      const Ball term = exp(Ball(x[i])) / Ball(product);
      numerator = numerator + term;
      denominator = denominator + absolute_value(term);
    }
    return absolute_value(numerator) / denominator;
  };
  Ball error;
  for (const Fraction& point : x)
    error = maximum(error, absolute_value(Ball(value_at(c, point)) / exp(Ball(point)) - 1));
  return {{"alternation", quotient(x.size())},
          {"without the last point", quotient(x.size() - 1)},
          {"error", error}};
}

Fraction taylor(long degree, const Fraction& x) {
  require(static_cast<unsigned long>(degree) *
                  (fmpz_bits(fmpq_numref(x.get())) + fmpz_bits(fmpq_denref(x.get()))) <
              1UL << 18,
          "instance: the section is too long to be summed exactly");
  Fraction value, term(1);
  for (long k = 0; k <= degree; term = term * x / Fraction(++k)) value = value + term;
  return value;
}
Quantities taylor_section(const Field& in) {
  in.object_of({"degree", "x"});
  return {{"zero", Fraction(0)}, {"section", taylor(in["degree"].integer(0, 10000), small(in["x"]))}};
}
Quantities even_taylor_section(const Field& in) {
  require(in["degree"].integer(0, 10000) % 2 == 0, "instance.degree: not even");
  return taylor_section(in);
}

// The tail at X against delta e^{-X}; the order m = degree + 1 is the least with m >= e X and
// m log(m/(e X)) >= X + log(1/delta).
Quantities taylor_tail(const Field& in) {
  in.object_of({"half_width", "delta", "degree"});
  const Fraction X = positive_small(in["half_width"]), delta = positive_small(in["delta"]);
  require(delta < Fraction(1), "instance.delta: not below 1");
  const long order = in["degree"].integer(0, 10000) + 1;
  const Ball needed = Ball(X) - log(Ball(delta)), from = exp(Ball(1)) * Ball(X);
  const auto gained = [&](long m) { return Ball(m) * log(Ball(m) / from); };
  require_at_most(from, Ball(order), "instance.degree: e X against degree + 1");
  require_at_most(needed, gained(order), "instance.degree: too small for Theorem U");
  if (order > 1 && !surely_greater(from, Ball(order - 1)))
    require_at_most(gained(order - 1), needed, "instance.degree: one less would do for Theorem U");
  return {{"tail", exp(Ball(X)) - Ball(taylor(order - 1, X))},
          {"delta e^-X", Ball(delta) / exp(Ball(X))},
          {"delta e^-3X", Ball(delta) / exp(Ball(X) * 3)}};
}

// The least degree, proved by `upper` and `lower`, against F = max{X, L/log(max(L/X, e))}, L = log(1/eps).
Quantities degree_formula(const Field& in) {
  in.object_of({"half_width", "epsilon", "degree", "upper", "lower"});
  const Fraction X = positive_small(in["half_width"]), epsilon = positive_small(in["epsilon"]);
  require(epsilon < X / (Fraction(1) + X), "instance.epsilon: not below X/(1+X)");
  const LeastDegree claimed = least_degree_from(in, ErrorKind::relative);
  require_least(claimed);
  const Ball L = log(Ball(1) / Ball(epsilon));
  return {{"degree", Fraction(claimed.degree)},
          {"formula", maximum(Ball(X), L / maximum(log(L / Ball(X)), 1))}};
}

// max|Att~ - Att| <= phi(delta) max|V| (max|V1| max|V2|), delta = max |P(s) e^{-s} - 1| over the scores.
Quantities forward_error(const Field& in) {
  const bool tensor = in.has("k1");
  if (tensor) in.object_of({"q", "k1", "k2", "v1", "v2", "coefficients"});
  else in.object_of({"q", "k", "v", "coefficients"});
  const auto read = [&](const char* name) { return matrix_of(in[name]); };
  const std::vector<Fraction> c = numbers(in["coefficients"]);
  Rows q = read("q"), k, v;
  Ball value;
  if (tensor) {
    const Rows v1 = read("v1"), v2 = read("v2"), k1 = read("k1"), k2 = read("k2");
    require(k1[0].size() == k2[0].size() && v1[0].size() == v2[0].size() && k1.size() == v1.size() &&
                k2.size() == v2.size() && k1.size() * k2.size() <= 4096,
            "instance: the shapes do not fit");
    k = column_products(k1, k2);
    v = column_products(v1, v2);
    value = largest_size(v1) * largest_size(v2);
  } else {
    k = read("k");
    v = read("v");
    value = largest_size(v);
  }
  require(q[0].size() == k[0].size() && k.size() == v.size() && q.size() * k.size() <= kMostPairs,
          "instance: the shapes do not fit");
  const Rows columns = transposed(v);
  Ball delta, error;
  for (const Row& query : q) {
    Row w, near;
    Ball total, near_total;
    for (const Row& key : k) {
      const Ball s = dot(query, key) / Ball(static_cast<long>(query.size()));
      w.push_back(exp(s));
      near.push_back(value_at(c, s));
      delta = maximum(delta, absolute_value(near.back() / w.back() - 1));
      total = total + w.back();
      near_total = near_total + near.back();
    }
    for (const Row& column : columns)
      error = maximum(error, absolute_value(dot(near, column) / near_total - dot(w, column) / total));
  }
  if (!surely_greater(1, delta)) throw Undecided("instance: delta < 1");
  return {{"error", error}, {"phi max|V|", perturbation(delta) * value}};
}

// Theorem G': |g~ - g|_max <= phi n (d_v/d)|A1||A2||h|(|c| + |h|), weights e^s (1 + delta sigma), |sigma|
// <= 1.
Quantities gradient_error(const Field& in) {
  const bool tensor = in.has("A4");
  if (tensor) in.object_of({"A1", "A2", "A3", "A4", "A5", "X", "Y1", "Y2", "E", "sigma", "delta"});
  else in.object_of({"A1", "A2", "A3", "X", "Y", "E", "sigma", "delta"});
  const auto read = [&](const char* name) { return matrix_of(in[name]); };
  const Rows a1 = read("A1"), a2 = read("A2"), a3 = read("A3"), x = read("X"), e = read("E"),
             sigma = read("sigma");
  const Fraction delta = positive_small(in["delta"]);
  const auto fits = [](const Rows& a, const Rows& b) { return a[0].size() == b.size(); };
  Rows keys = a2, h;
  Ball key_size = largest_size(a2);
  if (tensor) {
    const Rows a4 = read("A4"), a5 = read("A5"), y1 = read("Y1"), y2 = read("Y2");
    require(a2.size() * a3.size() * x[0].size() <= kMostPairs * 16 &&
                a2[0].size() * a3[0].size() == x[0].size() && fits(a4, y1) && fits(a5, y2) &&
                y1[0].size() == y2[0].size() && a4.size() == a2.size() && a5.size() == a3.size() &&
                a3[0].size() == a2[0].size(),
            "instance: the shapes do not fit");
    keys = kronecker(a2, a3);
    key_size = key_size * largest_size(a3);
    h = column_products(product(a4, y1), product(a5, y2));
  } else {
    require(fits(a3, read("Y")) && a3.size() == a2.size(), "instance: the shapes do not fit");
    h = product(a3, read("Y"));
  }
  require(fits(a1, x) && x[0].size() == keys[0].size() && e.size() == a1.size() &&
              e[0].size() == h[0].size() && sigma.size() == a1.size() && sigma[0].size() == keys.size() &&
              a2[0].size() == a1[0].size(),
          "instance: the shapes do not fit");
  require(delta < Fraction(1), "instance.delta: not below 1");
  require(surely_at_most(largest_size(sigma), 1), "instance.sigma: above 1 in size");
  require(a1.size() * keys.size() <= kMostPairs, "instance: too many pairs");
  const long d = static_cast<long>(a1[0].size()), n = static_cast<long>(a1.size());
  Rows f, near;
  for (const Row& q : product(a1, x)) f.push_back(softmax_row(q, keys, d, static_cast<long>(keys.size())));
  for (std::size_t i = 0; i < f.size(); ++i) {
    near.push_back(f[i]);
    Ball total;
    for (std::size_t j = 0; j < f[i].size(); ++j) {
      near[i][j] = f[i][j] * (Ball(1) + Ball(delta) * sigma[i][j]);
      total = total + near[i][j];
    }
    for (Ball& w : near[i]) w = w / total;
  }
  Rows moved = loss_gradient(near, a1, keys, h, e, d);
  const Rows exact = loss_gradient(f, a1, keys, h, e, d);
  for (std::size_t a = 0; a < moved.size(); ++a)
    for (std::size_t b = 0; b < moved[a].size(); ++b) moved[a][b] = moved[a][b] - exact[a][b];
  Rows residual = product(f, h);
  for (std::size_t i = 0; i < residual.size(); ++i)
    for (std::size_t l = 0; l < residual[i].size(); ++l) residual[i][l] = residual[i][l] - e[i][l];
  const Ball size = largest_size(h);
  return {{"error", largest_size(moved)},
          {"theorem G'", perturbation(Ball(delta)) * Ball(n) * Ball(static_cast<long>(h[0].size())) /
                             Ball(d) * largest_size(a1) * key_size * size * (largest_size(residual) + size)}};
}

// F(l) = |softmax(l A) V|_F^2, A in [0, B], V in {0, 1}: |F'(l)| <= n d B/2 (the printed proof has 8 B n) and
// |F''(l)| <= (3/8) n d B^2, F' = 2 sum y_ic E (A - m) V, F'' = 2 sum ((E (A - m) V)^2 + y_ic E (A - m)^2 (V
// - y_ic)), E over the keys of row i, m = E A, y_ic = E V.
Quantities along_scale(const Field& in) {
  in.object_of({"A", "V", "B", "l"});
  const Rows A = matrix_of(in["A"]), columns = transposed(matrix_of(in["V"]));
  const Matrix a = in["A"].matrix(), v = in["V"].matrix();
  const Fraction B = positive_small(in["B"]), l = small(in["l"]);
  require(a.columns == v.rows && static_cast<std::size_t>(a.rows * v.rows * v.columns) <= kMostPairs,
          "instance: the shapes do not fit");
  for (const Dyadic& x : a.entries)
    require(!(x < Dyadic(0)) && !(B < Fraction(x)), "instance.A: an entry outside [0, B]");
  for (const Dyadic& x : v.entries)
    require(Fraction(x) == Fraction(0) || Fraction(x) == Fraction(1),
            "instance.V: an entry is neither 0 nor 1");
  Ball slope, curvature;
  for (const Row& row : A) {
    Row f;
    Ball total;
    for (const Ball& score : row) {
      f.push_back(exp(score * Ball(l)));
      total = total + f.back();
    }
    for (Ball& w : f) w = w / total;
    const Row p = pulled_back(f, row);
    const Ball middle = dot(f, row);
    for (const Row& column : columns) {
      const Ball y = dot(f, column), covariance = dot(p, column);
      Ball third;
      for (std::size_t j = 0; j < row.size(); ++j) third = third + p[j] * (row[j] - middle) * (column[j] - y);
      slope = slope + Ball(2) * y * covariance;
      curvature = curvature + Ball(2) * (covariance * covariance + y * third);
    }
  }
  const Fraction n(a.rows), d(v.columns);
  return {{"slope", absolute_value(slope)},
          {"curvature", absolute_value(curvature)},
          {"n d B", n * d * B},
          {"B n", n * B},
          {"n d B^2", n * d * B * B},
          {"n B^2", n * B * B}};
}

// Lemma C: weights f, and f w with max w/min w <= r^2.
Quantities covariance_perturbation(const Field& in) {
  in.object_of({"f", "w", "q", "y", "r"});
  const std::vector<Fraction> f = numbers(in["f"]), w = numbers(in["w"], f.size()),
                              q = numbers(in["q"], f.size()), y = numbers(in["y"], f.size()), g = times(f, w);
  const Fraction r = positive_small(in["r"]);
  require(all_positive(f) && all_positive(w), "instance: weights are not positive");
  require(!(r * r * *std::min_element(w.begin(), w.end()) < *std::max_element(w.begin(), w.end())),
          "instance.w: their ratio exceeds r^2");
  const auto covariance = [&](const std::vector<Fraction>& weights) {
    return mean(weights, times(q, y)) - mean(weights, q) * mean(weights, y);
  };
  Fraction pullback;
  for (std::size_t j = 0; j < f.size(); ++j)
    pullback =
        pullback + absolute_value(g[j] / sum(g) * (q[j] - mean(g, q)) - f[j] / sum(f) * (q[j] - mean(f, q)));
  const Fraction phi = Fraction(2) * (r - Fraction(1)) / (r + Fraction(1));
  return {{"change", absolute_value(covariance(g) - covariance(f))},
          {"bound", phi / Fraction(4) * range(q) * range(y)},
          {"pullback change", pullback},
          {"pullback bound", phi / Fraction(2) * range(q)}};
}

Quantities third_moment(const Field& in) {
  in.object_of({"f", "a", "b", "c"});
  const std::vector<Fraction> f = numbers(in["f"]);
  require(all_positive(f), "instance.f: not all positive");
  std::vector<Fraction> centred(f.size(), Fraction(1));
  Fraction ranges(1);
  for (const char* name : {"a", "b", "c"}) {
    std::vector<Fraction> x = numbers(in[name], f.size());
    ranges = ranges * range(x);
    const Fraction middle = mean(f, x);
    for (Fraction& entry : x) entry = entry - middle;
    centred = times(centred, x);
  }
  return {{"moment", absolute_value(mean(f, centred))}, {"ranges", ranges}};
}

// P(<q,k>/d) against sum_a w_a q^a k^a, w_a = c_|a| (|a|!/a!) d^-|a|, with or without the multinomials.
Quantities feature_map(const Field& in) {
  in.object_of({"q", "k", "coefficients"});
  const std::vector<Fraction> c = numbers(in["coefficients"]), k = numbers(in["k"]),
                              q = numbers(in["q"], k.size());
  const std::vector<Fraction> x = times(q, k);
  require(x.size() <= 8 && c.size() <= 9, "instance: more than 8 variables or degree above 8");
  const Fraction d(static_cast<long>(x.size()));
  // coefficient[t]: sum over |a| = t of q^a k^a, plain and times t!/a!, a variable at a time
  std::vector<Fraction> plain(c.size()), weighted(c.size());
  plain[0] = weighted[0] = Fraction(1);
  for (const Fraction& variable : x) {
    std::vector<Fraction> next(c.size()), next_weighted(c.size());
    for (std::size_t t = 0; t < c.size(); ++t) {
      Fraction power(1), factorial(1);
      for (std::size_t a = 0; t + a < c.size(); ++a) {
        next[t + a] = next[t + a] + plain[t] * power;
        next_weighted[t + a] = next_weighted[t + a] + weighted[t] * power / factorial;
        power = power * variable;
        factorial = factorial * Fraction(static_cast<long>(a) + 1);
      }
    }
    plain = next;
    weighted = next_weighted;
  }
  Fraction features, wrong, factorial(1), scale(1);
  for (std::size_t t = 0; t < c.size(); ++t) {
    features = features + c[t] * scale * factorial * weighted[t];
    wrong = wrong + c[t] * scale * plain[t];
    scale = scale / d;
    factorial = factorial * Fraction(static_cast<long>(t) + 1);
  }
  const Fraction value = value_at(c, sum(x) / d);
  return {{"zero", Fraction(0)},
          {"defect", absolute_value(value - features)},
          {"defect without multinomials", absolute_value(value - wrong)}};
}

}  // namespace

const std::map<std::string, Lemma> kLemmas = {
    {"softmax-perturbation", softmax_perturbation},
    {"alternation", alternation},
    {"even-taylor-section", even_taylor_section},
    {"taylor-section", taylor_section},
    {"taylor-tail", taylor_tail},
    {"degree-formula", degree_formula},
    {"forward-error", forward_error},
    {"gradient-error", gradient_error},
    {"along-scale", along_scale},
    {"covariance-perturbation", covariance_perturbation},
    {"third-moment", third_moment},
    {"feature-map", feature_map},
};

}  // namespace checker
