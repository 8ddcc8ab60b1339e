// Losses of attention, their gradients under exact and approximate weights, and along segments.
#include <tuple>

#include "lemmas.hpp"

namespace checker {
namespace {

/// L = 1/2 |f h - E|^2, f = softmax(A1 X keys^T/d); pairs of keys are keys.
struct Loss {
  Exact a1, x, keys, h, e;
  Fraction key_size;  // max|A2|, or max|A2| max|A3|
  long d() const { return static_cast<long>(a1[0].size()); }
  Exact scores() const { return checker::scores(product(a1, x), keys, a1[0].size()); }
  Rows f(const Rows& at) const { return softmax_rows(product(balls(a1), at), balls(keys), d()); }
  Rows gradient(const Rows& weights) const {
    return loss_gradient(weights, balls(a1), balls(keys), balls(h), balls(e), d());
  }
};
/// A1 A2 A3 X Y E or A1 … A5 X Y1 Y2 E. Without X: X = l I (its entries (a, (a, a))), Y = I, E = 0.
Loss loss_of(const Field& in) {
  const Exact a1 = table(in["A1"]), a2 = table(in["A2"], 0, a1[0].size());
  const std::size_t d = a1[0].size();
  const bool tensor = in.has("A4"), along_identity = !in.has("X");
  const auto values = [&](const char* a, const char* y, std::size_t rows, std::size_t columns) {
    const Exact v = table(in[a], rows, along_identity ? d : 0);
    return along_identity ? v : product(v, table(in[y], v[0].size(), columns));
  };
  Loss loss{a1, {}, a2, {}, {}, largest_size(a2)};
  if (tensor) {
    const Exact a3 = table(in["A3"], 0, d), v1 = values("A4", "Y1", a2.size(), 0),
                v2 = values("A5", "Y2", a3.size(), v1[0].size());
    require(a2.size() * a3.size() * d * d <= kMostPairs * 16, "instance: too many pairs");
    loss.keys = kronecker(a2, a3);
    loss.h = column_products(v1, v2);
    loss.key_size = loss.key_size * largest_size(a3);
  } else {
    loss.h = values("A3", "Y", a2.size(), 0);
  }
  if (along_identity) {
    loss.x = Exact(d, Fractions(loss.keys[0].size()));
    for (std::size_t a = 0; a < d; ++a) loss.x[a][tensor ? a * d + a : a] = number(in["l"]);
    loss.e = Exact(a1.size(), Fractions(loss.h[0].size()));
  } else {
    loss.x = table(in["X"], d, loss.keys[0].size());
    loss.e = table(in["E"], a1.size(), loss.h[0].size());
  }
  return loss;
}

/// Rows of softmax, and the same with the weights times 1 + delta sigma, |sigma| <= 1.
struct Weights {
  Rows exact, near;
};
Weights weights_of(const Exact& scores, const Field& in, const Fraction& delta) {
  const Exact sigma = table(in["sigma"], scores.size(), scores[0].size());
  require(largest_size(sigma) <= Fraction(1), "instance.sigma: above 1 in size");
  Weights f;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const Row w = exponentials(scores[i]);
    Row factor;
    for (const Fraction& s : sigma[i]) factor.emplace_back(Fraction(1) + delta * s);
    f.exact.push_back(shares(w));
    f.near.push_back(shares(times(w, factor)));
  }
  return f;
}

/// The largest quotient of sizes, over the entries whose bound is above 0.
Ball largest_quotient(const Rows& errors, const Rows& bounds) {
  Ball largest;
  for (std::size_t a = 0; a < errors.size(); ++a)
    for (std::size_t b = 0; b < errors[a].size(); ++b)
      if (sure_sign(bounds[a][b]) == 1)
        largest = maximum(largest, absolute_value(errors[a][b]) / bounds[a][b]);
  return largest;
}

}  // namespace

// Theorem G': |g~ - g|_max <= phi n (d_v/d)|A1||A2||h|(|c| + |h|), weights e^s (1 + delta sigma), |sigma| <=
// 1; entry by entry; and the weaker Theorem G, phi n (d_v/d)|A1||A2||h|(4|h| + 3|E|), and plain bound.
Quantities gradient_error(const Field& in) {
  const Loss loss = loss_of(in);
  const Fraction delta = proper(in["delta"]);
  const Weights f = weights_of(loss.scores(), in, delta);
  const Rows change = loss.gradient(f.near) - loss.gradient(f.exact);
  const Ball phi = perturbation(Ball(delta)), h(largest_size(loss.h)), e(largest_size(loss.e)),
             c = largest_size(product(f.exact, balls(loss.h)) - balls(loss.e));
  const Ball sizes = phi * h *
                     Ball(Fraction(loss.a1.size() * loss.h[0].size()) / Fraction(loss.d()) *
                          largest_size(loss.a1) * loss.key_size);
  return {{"error", largest_size(change)},
          {"theorem G'", sizes * (c + h)},
          {"theorem G", sizes * (Ball(4) * h + Ball(3) * e)},
          {"plain bound", sizes * (Ball(3) * c + (Ball(2) + Ball(3) * phi) * h)},
          {"entry over its bound",
           largest_quotient(change, gradient_entry_bounds(balls(loss.a1), balls(loss.keys), balls(loss.h),
                                                          balls(loss.e), phi, loss.d()))}};
}

namespace {
/// W + s B A, and its parts.
struct Adapter {
  Exact frozen, b, a;
  Fraction scale;
};
struct Adapted {
  Exact x_q, x_k, x_v, y;
  Adapter q, k, v;
};
Adapter adapter_of(const Field& in, std::size_t d) {
  const Exact b = table(in["B"], d);
  return {table(in["frozen"], d, d), b, table(in["A"], b[0].size(), d), positive(in["scale"])};
}
Adapted adapted_of(const Field& in) {
  const Exact x_q = table(in["X_Q"]), x_k = table(in["X_K"], 0, x_q[0].size());
  const std::size_t d = x_q[0].size();
  return {x_q,
          x_k,
          table(in["X_V"], x_k.size(), d),
          table(in["Y"], x_q.size(), d),
          adapter_of(in["Q"], d),
          adapter_of(in["K"], d),
          adapter_of(in["V"], d)};
}
Exact weight_of(const Adapter& w) { return scaled(w.scale, product(w.b, w.a)) + w.frozen; }

/// 1/2 |Att(Q, K, V) - Y|^2.
struct AttentionLoss {
  Rows k, residual;
  AttentionGradient by;
  AttentionLoss(const Rows& q, const Rows& keys, const Rows& v, const Rows& y) : k(keys) {
    const Rows f = softmax_rows(q, k, static_cast<long>(q[0].size()));
    residual = product(f, v) - y;
    by = attention_gradient(f, q, k, v, residual);
  }
  Ball value() const { return inner_product(residual, residual) / 2; }
};
AttentionLoss loss_at(const Adapted& l, const Rows& w_q, const Rows& w_k, const Rows& w_v) {
  return {product(balls(l.x_q), w_q), product(balls(l.x_k), w_k), product(balls(l.x_v), w_v), balls(l.y)};
}
}  // namespace

// What a kernel returned for dL/dB = s dL/dW A^T and dL/dA = s B^T dL/dW of the three adapters: the largest
// error over its bound, of those whose bound is not 0.
Quantities adapter_gradients(const Field& in) {
  const Adapted l = adapted_of(in["loss"]);
  const AttentionGradient at =
      loss_at(l, balls(weight_of(l.q)), balls(weight_of(l.k)), balls(weight_of(l.v))).by;
  Ball largest;
  for (const auto& [name, w, x, by] :
       {std::tuple("Q", &l.q, &l.x_q, &at.q), {"K", &l.k, &l.x_k, &at.k}, {"V", &l.v, &l.x_v, &at.v}}) {
    const Field returned = in["gradients"][name];
    const Rows of_weight = product(transposed(balls(*x)), *by);
    const auto add = [&](const Field& part, const Rows& exact) {
      const Fraction bound = number(part["bound"]);
      const Rows off =
          balls(table(part["value"], exact.size(), exact[0].size())) - scaled(Ball(w->scale), exact);
      require(Fraction(0) <= bound, part.place + ".bound: negative");
      if (Fraction(0) < bound) largest = maximum(largest, largest_size(off) / Ball(bound));
    };
    add(returned["B"], product(of_weight, transposed(balls(w->a))));
    add(returned["A"], product(transposed(balls(w->b)), of_weight));
  }
  return {{"error over its bound", largest}};
}

// Theorem L: every entry of the adapters' gradients, over its bound. Of W_Q and W_K they are L^T p R s/d, of
// W_V (f L)^T (f v - Y) R s: the factors s/d are in the error and in the bound.
Quantities adapter_gradient_error(const Field& in) {
  const Adapted l = adapted_of(in["loss"]);
  const Fraction delta = proper(in["delta"]);
  const Exact q = product(l.x_q, weight_of(l.q)), k = product(l.x_k, weight_of(l.k)),
              v = product(l.x_v, weight_of(l.v));
  const Weights f = weights_of(scores(q, k), in, delta);
  const Rows y = balls(l.y), values = balls(v), c = product(f.exact, values) - y,
             c_near = product(f.near, values) - y,
             change = pulled_back(f.near, c_near, values) - pulled_back(f.exact, c, values);
  const Ball half = perturbation(Ball(delta)) / 2;
  Rows c_sizes;
  for (const Row& row : c) c_sizes.push_back(sizes(row));
  Ball of_scores, of_values;
  const auto score_form = [&](const Exact& left, const Exact& right) {
    const Rows error = product(product(transposed(balls(left)), change), balls(right));
    of_scores =
        maximum(of_scores,
                largest_quotient(error, form_bounds(balls(left), balls(right), c_sizes, values, half / 2)));
  };
  score_form(l.x_q, product(k, transposed(l.q.a)));
  score_form(product(l.x_q, l.q.b), k);
  score_form(product(q, transposed(l.k.a)), l.x_k);
  score_form(q, product(l.x_k, l.k.b));
  const auto value_form = [&](const Exact& left, const Exact& right) {
    const auto form = [&](const Rows& weights, const Rows& residual) {
      return product(transposed(product(weights, balls(left))), product(residual, balls(right)));
    };
    const Rows averaged = product(f.exact, balls(left)), along = product(c_near, balls(right));
    const Fractions of_left = ranges(left), of_right = ranges(product(v, right));
    Rows bounds(of_left.size(), Row(of_right.size()));
    for (std::size_t a = 0; a < of_left.size(); ++a)
      for (std::size_t b = 0; b < of_right.size(); ++b)
        for (std::size_t i = 0; i < along.size(); ++i)
          bounds[a][b] = bounds[a][b] + half * (Ball(of_left[a]) * absolute_value(along[i][b]) +
                                                absolute_value(averaged[i][a]) * Ball(of_right[b]));
    of_values = maximum(of_values, largest_quotient(form(f.near, c_near) - form(f.exact, c), bounds));
  };
  value_form(l.x_v, transposed(l.v.a));
  value_form(product(l.x_v, l.v.b), unit(l.y[0].size()));
  return {{"Q and K", of_scores}, {"V", of_values}};
}

// X_Q = (d/r) [A1, 0], X_K = [A2, 0], X_V = [A3, 0], Y = [E, 0], B_Q = [I; 0], A_Q = [X, 0]: dL/dA_Q =
// [dL/dX, 0].
Quantities embedding(const Field& in) {
  const Exact a1 = table(in["A1"]), a2 = table(in["A2"], 0, a1[0].size()),
              a3 = table(in["A3"], a2.size(), a1[0].size()), x = table(in["X"], a1[0].size(), a1[0].size()),
              e = table(in["E"], a1.size(), a1[0].size());
  const Fractions c = polynomial(in["coefficients"]);
  const long r = static_cast<long>(a1[0].size()), d = in["d"].integer(r, 64);
  const auto wide = [&](Exact m) {
    for (Fractions& row : m) row.resize(static_cast<std::size_t>(d));
    return m;
  };
  const Exact expected = loss_gradient(weighted(scores(product(a1, x), a2), c), a1, a2, a3, e, r);
  const auto difference = [&](const Fraction& factor) {
    const Exact first = scaled(factor, a1);  // X_Q B_Q
    const Exact f = weighted(scores(wide(product(first, x)), wide(a2)), c);
    return largest_size(loss_gradient(f, first, wide(a2), wide(a3), wide(e), d) - wide(expected));
  };
  return {{"difference", difference(Fraction(d) / Fraction(r))},
          {"difference without d/r", difference(Fraction(1))}};
}

namespace {
/// The first and second derivatives of y^2 by l, y the mean of `values` under weights e^{l score}.
std::pair<Ball, Ball> derivatives_of_square(const Row& scores, const Row& values, const Ball& l) {
  Row f;
  for (const Ball& s : scores) f.push_back(exp(l * s));
  f = shares(f);
  const Row p = pulled_back(f, scores), centred = scores - Row(f.size(), dot(f, scores));
  const Ball y = dot(f, values), slope = dot(p, values),
             second = dot(times(p, centred), values - Row(f.size(), y));
  return {Ball(2) * y * slope, Ball(2) * (slope * slope + y * second)};
}
}  // namespace

// F(l) = |softmax(l A) V|_F^2, A in [0, B], V in {0, 1}: |F'(l)| <= n d B/2 (the printed proof has 8 B n) and
// |F''(l)| <= (3/8) n d B^2.
Quantities along_scale(const Field& in) {
  const Exact a = table(in["A"]), v = table(in["V"], a[0].size());
  const Fraction B = positive(in["B"]), l = number(in["l"]), n(a.size()), d(v[0].size());
  require(a.size() * v.size() * v[0].size() <= kMostPairs, "instance: too many pairs");
  for (const Fractions& row : a)
    for (const Fraction& x : row) require(Fraction(0) <= x && x <= B, "instance.A: an entry outside [0, B]");
  require_zeros_and_ones(v, "instance.V");
  Ball slope, curvature;
  for (const Row& row : balls(a))
    for (const Row& column : balls(transposed(v))) {
      const auto [first, second] = derivatives_of_square(row, column, Ball(l));
      slope = slope + first;
      curvature = curvature + second;
    }
  return {{"slope", absolute_value(slope)},
          {"curvature", absolute_value(curvature)},
          {"n d B", n * d * B},
          {"B n", n * B},
          {"n d B^2", n * d * B * B},
          {"n B^2", n * B * B}};
}

// f(1) - f(0) = int_0^1 f', f as above without bounds on A, against K Gauss-Legendre nodes: off by at most
// (32/15)(8 n/h) rho^{-2K}/(1 - rho^{-2}), rho = h + sqrt(1 + h^2), h = pi/(3 X), X the largest half-range of
// scores.
Quantities quadrature(const Field& in) {
  std::vector<Exact> tokens{table(in["A1"])}, values;
  for (const auto& [name, list] : {std::pair("keys", &tokens), std::pair("values", &values)})
    for (std::size_t k = 0; k < in[name].size(); ++k) list->push_back(table(in[name][k]));
  const PolyAttention h(tokens.size() == 2 ? Table<long>{{0, 1}} : Table<long>{{0, 1, 2}}, tokens, values);
  require(tokens.size() <= 3 && h.columns.size() == 1,
          "instance: one or two families of keys, one column of values");
  for (const Exact& v : values) require_zeros_and_ones(v, "instance.values");
  const long nodes = in["K"].integer(2, 64);
  const Row v = balls(h.columns)[0];
  Fraction half_range;
  Rows all;
  for (std::size_t i = 0; i < tokens[0].size(); ++i) {
    Fractions s;
    for (const auto& tuple : h.tuples) s.push_back(h.scores(i, tuple)[0]);
    half_range = maximum(half_range, range(s) / Fraction(2));
    all.push_back(balls(Exact{s})[0]);
  }
  require(Fraction(0) < half_range, "instance: all scores of each row are the same");
  Ball error;
  for (const Row& s : all) {
    Row w;
    for (const Ball& x : s) w.push_back(exp(x));
    const Ball at_one = mean(w, v), at_zero = mean(Row(v.size(), Ball(1)), v);
    error = error - at_one * at_one + at_zero * at_zero;
  }
  for (long k = 0; k < nodes; ++k) {
    Ball node, weight;  // on [-1, 1]
    arb_hypgeom_legendre_p_ui_root(node.get(), weight.get(), static_cast<ulong>(nodes), static_cast<ulong>(k),
                                   working_bits);
    for (const Row& s : all) error = error + weight / 2 * derivatives_of_square(s, v, (node + 1) / 2).first;
  }
  const Ball strip = Ball::pi() / (Ball(3) * Ball(half_range)),
             rho = strip + square_root(Ball(1) + strip * strip);
  const auto bound = [&](long K) {
    return Ball(Fraction(256) / Fraction(15)) * Ball(all.size()) / strip * exp(Ball(-2 * K) * log(rho)) /
           (Ball(1) - Ball(1) / (rho * rho));
  };
  return {
      {"error", absolute_value(error)}, {"bound", bound(nodes)}, {"bound of 30 K nodes", bound(30 * nodes)}};
}

// Weights off by factors 1 + delta eta, |eta| <= 1, c = f h - target: |Cov_f~(c~ h, y) - Cov_f(c h, y)| <=
// r sd(y) ((2 + r) sd(c~ h) + |C|), r = delta/(1 - delta), C the covariance of h, |C| its largest row sum.
Quantities variance_form(const Field& in) {
  const Fractions f = numbers(in["weights"][0]), eta = numbers(in["eta"][0], f.size());
  table(in["weights"], 1), table(in["eta"], 1);
  const Exact h = table(in["h"], f.size()), target = table(in["target"], 1, h[0].size());
  const Fractions y = transposed(table(in["y"], f.size(), 1))[0];
  const Fraction delta = proper(in["delta"]), r = delta / (Fraction(1) - delta);
  require(all_positive(f) && largest_size(eta) <= Fraction(1), "instance: weights > 0 and |eta| <= 1");
  const Fractions near = f + scaled(delta, times(f, eta));
  const auto along = [&](const Fractions& weights) {
    const Exact c = product(Exact{shares(weights)}, h) - target;
    return product(c, transposed(h))[0];
  };
  Fraction norm;
  for (const Fractions& a : transposed(h)) {
    Fraction row;
    for (const Fractions& b : transposed(h)) row = row + absolute_value(covariance(f, a, b));
    norm = maximum(norm, row);
  }
  const auto deviation = [&](const Fractions& x) { return square_root(Ball(covariance(f, x, x))); };
  return {{"change", absolute_value(covariance(near, along(near), y) - covariance(f, along(f), y))},
          {"bound", Ball(r) * deviation(y) * (Ball(Fraction(2) + r) * deviation(along(near)) + Ball(norm))}};
}

void add_mean_value(Quantities& q, const std::string& of, const OfStep& loss, const OfStep& slope) {
  const Ball t = Ball(1) / (1 << 16), slopes = slope(hull(Ball(0) - t, t));
  q.emplace("distance" + of, absolute_value((loss(t) - loss(Ball(0) - t)) / (t * 2) - middle(slopes)));
  q.emplace("half-width" + of, radius(slopes));
}
Rows moved_along(const Exact& m, const Exact& direction, const Ball& t) {
  return balls(m) + scaled(t, balls(direction));
}

namespace {
OfStep loss_along(const Loss& l, const Exact& direction) {
  return [&](const Ball& t) {
    const Rows residual = product(l.f(moved_along(l.x, direction, t)), balls(l.h)) - balls(l.e);
    return inner_product(residual, residual) / 2;
  };
}
/// <dL/dX, `onto`>.
OfStep slope_along(const Loss& l, const Exact& direction, const Exact& onto) {
  return [&](const Ball& t) {
    return inner_product(l.gradient(l.f(moved_along(l.x, direction, t))), balls(onto));
  };
}
}  // namespace

// dL/dX = A1^T p K/d; the twin has it times d. With a decoder R the loss is 1/2 |(f h - Y) R^T|^2, that of h
// R^T and Y R^T; the twin leaves R out of the slopes.
Quantities closed_form(const Field& in) {
  Quantities q;
  if (in.has("R")) {
    const Exact a1 = table(in["A1"]), keys = table(in["A2"], 0, a1[0].size()),
                h = table(in["h"], keys.size()), e = table(in["Y"], a1.size(), h[0].size()),
                w = table(in["W"], a1[0].size(), a1[0].size()),
                to = table(in["direction"], w.size(), w.size()),
                r = transposed(table(in["R"], 0, h[0].size()));
    const Loss loss{a1, w, keys, product(h, r), product(e, r), {}}, plain{a1, w, keys, h, e, {}};
    add_mean_value(q, "", loss_along(loss, to), slope_along(loss, to, to));
    add_mean_value(q, " of the twin", loss_along(loss, to), slope_along(plain, to, to));
    return q;
  }
  const Loss loss = loss_of(in);
  if (in.has("direction of Y")) {  // by X and by A1, A2, A3, Y too
    struct Factor {
      Exact at, to;
      Rows moved(const Ball& t) const { return moved_along(at, to, t); }
    };
    const auto factor = [&](const char* name) {
      const Exact at = table(in[name]);
      return Factor{at, table(in[std::string("direction of ") + name], at.size(), at[0].size())};
    };
    const Factor a1 = factor("A1"), a2 = factor("A2"), a3 = factor("A3"), x = factor("X"), y = factor("Y");
    const auto along = [&](const Factor& a, const Factor& b, const Ball& t) {
      return product(balls(a.to), b.moved(t)) + product(a.moved(t), balls(b.to));
    };
    const auto at = [&](const Ball& t) {
      return AttentionLoss(product(a1.moved(t), x.moved(t)), a2.moved(t), product(a3.moved(t), y.moved(t)),
                           balls(table(in["E"])));
    };
    add_mean_value(
        q, " by all", [&](const Ball& t) { return at(t).value(); },
        [&](const Ball& t) {
          const AttentionGradient by = at(t).by;
          return inner_product(by.q, along(a1, x, t)) + inner_product(by.k, balls(a2.to)) +
                 inner_product(by.v, along(a3, y, t));
        });
  }
  const Exact to = table(in[in.has("A4") ? "direction" : "direction of X"], loss.x.size(), loss.x[0].size());
  const OfStep slope = slope_along(loss, to, to);
  add_mean_value(q, "", loss_along(loss, to), slope);
  add_mean_value(q, " of the twin", loss_along(loss, to),
                 [&](const Ball& t) { return Ball(loss.d()) * slope(t); });
  return q;
}

// F(l) = |Att|_F^2 = 2 L(l I): F' = 2 sum_a (dL/dX)_{a,a} or (dL/dX)_{a,(a,a)}. Twins: without the factor 2;
// or all entries in the place of these.
Quantities trace_identity(const Field& in) {
  Quantities q;
  const Loss loss = loss_of(in);
  const bool tensor = in.has("A4");
  Exact diagonal(loss.x.size(), Fractions(loss.x[0].size()));
  for (std::size_t a = 0; a < diagonal.size(); ++a)
    diagonal[a][tensor ? a * diagonal.size() + a : a] = Fraction(1);
  const Exact all(diagonal.size(), Fractions(diagonal[0].size(), Fraction(1)));
  const OfStep slope = slope_along(loss, diagonal, diagonal);
  const auto twice = [](const OfStep& of) { return [&](const Ball& t) { return Ball(2) * of(t); }; };
  const OfStep L = loss_along(loss, diagonal);
  add_mean_value(q, "", twice(L), twice(slope));
  add_mean_value(q, " without the factor 2", twice(L), slope);
  add_mean_value(q, " of all entries", twice(L), twice(slope_along(loss, diagonal, all)));
  return q;
}

// L by all six factors of W = W* + s B A along (B', A'): sum <dL/dW, s (B' A + B A')>, dL/dW_Q = X_Q^T p K/d,
// dL/dW_K = X_K^T p^T Q/d, dL/dW_V = (f X_V)^T (f V - Y). The sketch of Theorem 3.1 prints X_Q^T p A_Q K for
// X_Q^T p K A_Q^T in dL/dB_Q, which has a meaning where n = m = d = r.
Quantities adapter_closed_form(const Field& in) {
  const Adapted l = adapted_of(in["loss"]), to = adapted_of(in["direction"]);
  const std::size_t d = l.x_q[0].size();
  struct Moving {
    Rows a, w, slope;
  };
  const auto moving = [](const Adapter& w, const Adapter& along, const Ball& t) {
    require(along.b[0].size() == w.b[0].size(), "instance.direction: another rank");
    const Rows b = moved_along(w.b, along.b, t), a = moved_along(w.a, along.a, t);
    const Ball scale(w.scale);
    return Moving{a, scaled(scale, product(b, a)) + balls(w.frozen),
                  scaled(scale, product(balls(along.b), a) + product(b, balls(along.a)))};
  };
  struct State {
    Moving q, k, v;
    AttentionLoss loss;
  };
  const auto at = [&](const Ball& t) {
    const Moving q = moving(l.q, to.q, t), k = moving(l.k, to.k, t), v = moving(l.v, to.v, t);
    return State{q, k, v, loss_at(l, q.w, k.w, v.w)};
  };
  const OfStep loss = [&](const Ball& t) { return at(t).loss.value(); };
  const auto slope_of = [&](const State& s) {
    return inner_product(s.loss.by.q, product(balls(l.x_q), s.q.slope)) +
           inner_product(s.loss.by.k, product(balls(l.x_k), s.k.slope)) +
           inner_product(s.loss.by.v, product(balls(l.x_v), s.v.slope));
  };
  Quantities q;
  add_mean_value(q, "", loss, [&](const Ball& t) { return slope_of(at(t)); });
  if (l.x_q.size() == d && l.x_k.size() == d && l.q.b[0].size() == d)
    add_mean_value(q, " as printed", loss, [&](const Ball& t) {
      const State s = at(t);
      const Rows right = product(s.loss.by.q, transposed(s.q.a)),
                 printed = product(product(s.loss.by.p, s.q.a), s.loss.k);
      return slope_of(s) + Ball(l.q.scale) * inner_product(product(transposed(balls(l.x_q)), printed - right),
                                                           balls(to.q.b));
    });
  return q;
}

}  // namespace checker
