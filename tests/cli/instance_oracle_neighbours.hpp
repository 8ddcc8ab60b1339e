// The other half of instance_oracle.hpp: each lemma's hypotheses and all its quantities at once, with the
// producer's definitions (src/) in intervals or over the rationals.
#pragma once

#include <map>

#include "attention/lora.hpp"
#include "attention/poly_attention.hpp"
#include "attention/prefix.hpp"
#include "attention/relevant_keys.hpp"
#include "attention/spectral.hpp"
#include "attention/support_basis.hpp"
#include "attention/transformer.hpp"
#include "cli/instance_oracle_reductions.hpp"
#include "cli/oracle_numbers.hpp"
#include "kernels/monomials.hpp"
#include "phase/limit.hpp"
#include "polynomial/bessel.hpp"
#include "polynomial/certify.hpp"
#include "proofs_check/gradient_case.hpp"
#include "proofs_check/layers_case.hpp"
#include "reductions/gradient/decision.hpp"
#include "sampling/khatri_rao.hpp"
#include "sampling/private_attention.hpp"

namespace attnbounds::oracle {

inline Interval exact(const Rational& x) { return enclose(x); }
inline Rational squares(const Matrix<Rational>& m) {
  Rational sum = 0;
  for (Eigen::Index i = 0; i < m.size(); ++i) sum += m.data()[i] * m.data()[i];
  return sum;
}
inline Matrix<double> doubles(const Json& rows) {
  return matrix(rows).unaryExpr([](const Rational& x) { return nearest(x); });
}

// ---- Polynomials.

inline Evaluated best_error_of(const Json& in, ErrorKind kind) {
  const Rational X = number(in["half_width"]);
  const long g = in["degree"].get<long>();
  if (X <= 0) return {false, {}};
  const Interval E = best_error({g}, X, kind).error;
  const BesselTail I = modified_bessel_tails(X, g + 1, g + 1).front();
  if (kind == ErrorKind::absolute)
    return {true,
            {{"E_g", E},
             {"mean square", sqrt(2 * I.squares)},
             {"(pi/2) I_{g+1}", pi_interval() / 2 * I.value},
             {"2 sum I_k", 2 * I.sum},
             {"2 I_{g+1}", 2 * I.value}}};
  Evaluated e{upper(E) < 1,
              {{"E_g", E},
               {"X - log((1+E)/(1-E))", exact(X) - log((1 + E) / (1 - E))},
               {"g log(3 + 2 sqrt 2)", g * log(3 + 2 * sqrt(Interval(2)))},
               {"(pi/2) e^-X I_{g+1}", pi_interval() / 2 * exp(exact(Rational(-X))) * I.value}}};
  if (X <= g + 1)
    e.quantities["J bound"] = bessel_decay(X, g + 1, g + 1).front().value *
                              sqrt(2 / (1 + bessel_decay(2 * X, 2 * g + 2, 2 * g + 2).front().value));
  return e;
}

inline Evaluated theorem_u(const Json& in) {
  const Rational X = number(in["half_width"]), epsilon = number(in["epsilon"]);
  const long n = in["degree_needed"].get<long>();
  if (X <= 0 || epsilon <= 0 || epsilon >= 1 || n <= X) return {false, {}};
  const Interval l = -log_interval(epsilon);
  const Interval error = n > 400 ? sandwich(X, ErrorKind::relative, {n - 1}, {n - 1}).front()
                                 : best_error({n - 1}, X, ErrorKind::relative).error;
  return {lower(error) > upper(enclose(epsilon)),
          {{"F(n, X)", debye_rate(Interval(n), enclose(X))},
           {"what suffices", rate_that_suffices(Interval(n), X, l)},
           {"l", l}}};
}

inline Evaluated theorem_l(const Json& in) {
  const Rational X = number(in["half_width"]), epsilon = number(in["epsilon"]);
  const long g = in["degree"].get<long>(), needed = in["degree_needed"].get<long>();
  if (X <= 0 || epsilon <= 0 || epsilon >= 1 || g <= X || needed < 0 || needed > g) return {false, {}};
  const Interval l = -log_interval(epsilon), exact_X = enclose(X);
  const LeastDegree least = X <= 40 ? least_degree(X, epsilon, ErrorKind::relative)
                                    : least_degree_window(X, epsilon, ErrorKind::relative);
  return {least.degree.value <= g,
          {{"F(g, X)", debye_rate(Interval(g), exact_X)},
           {"F(g + s + 2, X)", debye_rate(Interval(g + turning_shift(X) + 2), exact_X)},
           {"l", l},
           {"l + log j(X)", l + log(turning_value(X))}}};
}

/// A point of the threshold, its numbers in `degrees`: are these proved by the program's own?
inline PhasePoint point_of(const Json& in, const Rational& kappa) {
  return {in["kind"] == "matrix" ? AttentionKind::matrix : AttentionKind::tensor,
          in.value("problem", "forward") == "forward" ? Problem::forward : Problem::gradient,
          token_count(in["n"], "n"),
          kappa,
          number(in["c"]),
          number(in["C"])};
}
inline bool degrees_hold(const PhaseValue& value, const Json& degrees) {
  return degrees["d"].get<long>() == value.dimension && value.degree.value <= degrees["degree"].get<long>() &&
         degrees["degree_needed"].get<long>() <= value.degree_needed.value;
}
inline Interval forward_exponent(const PhasePoint& p, long d, long g) {
  return 1 + log(enclose(Rational(monomial_rank(d, {g})))) / p.n.log();
}
inline Interval closed_form(const PhasePoint& p, long d, long g) {
  return 1 + entropy_rate(Interval(d) / p.n.log(), Interval(g) / p.n.log());
}
inline Interval closed_form_below(const PhasePoint& p, long d, long g) {
  return closed_form(p, d, g) - log(Interval(d + g + 1)) / p.n.log();
}
inline Interval log_inverse_error(const PhasePoint& p) { return enclose(p.C) * p.n.log(); }
/// Theorem L on the narrower interval: its s is one smaller where X is 8 s^3 exactly.
inline ClosedDegrees closed_at(const PhasePoint& p, const PhaseValue& value) {
  const Interval l = log_inverse_error(p);
  return {closed_degrees(value.low_half_width, l).at_least, closed_degrees(value.half_width, l).at_most};
}

inline Evaluated entries_small(const Json& in) {
  const PhasePoint p = point_of(in, number(in["kappa"]));
  if (p.kappa <= 0 || p.c <= 0 || p.C <= 0) return {false, {}};
  const long d = in["d"].get<long>();
  const Interval M = log_interval(p.C / half_width_ratio(p)), ratio = Interval(d) / p.n.log();
  const auto bound = [&](long constant) {
    const Interval share = constant * enclose(p.C) / M;
    return Interval(1 + share * (1 + log(1 + ratio / share)));
  };
  return {lower(M) >= 2 && degrees_hold(phase_value(p), in),
          {{"exponent", forward_exponent(p, d, in["degree"].get<long>())},
           {"exponent needed", forward_exponent(p, d, in["degree_needed"].get<long>())},
           {"bound", bound(9)},
           {"bound with 1 for 9", bound(1)}}};
}

inline bool holds_ratio(const PhasePoint& p, const Json& ratio) {
  const Enclosure gamma = limit_degree_ratio(half_width_ratio(p), p.C);
  return number(ratio["lower"]) <= to_rational(gamma.upper()) &&
         to_rational(gamma.lower()) <= number(ratio["upper"]) && number(ratio["lower"]) > 0;
}
inline Evaluated kappa_constant(const Json& in) {
  const PhasePoint p = point_of(in, number(in["kappa"]));
  if (p.kappa <= 0 || p.c <= 0 || p.C <= 0) return {false, {}};
  const PhaseValue value = phase_value(p);
  const long d = in["d"].get<long>(), least = in["closed_degrees"]["at_least"].get<long>(),
             most = in["closed_degrees"]["at_most"].get<long>();
  const ClosedDegrees closed = closed_at(p, value);
  const Interval e = exp(-log_inverse_error(p)),
                 gamma = (enclose(half_width_ratio(p)) - log((1 + e) / (1 - e)) / p.n.log()) /
                         log(3 + 2 * sqrt(Interval(2)));
  const auto limit = [&](const char* end) {
    return Interval(1 + entropy_rate(enclose(p.c), enclose(number(in["degree_ratio"][end]))));
  };
  return {degrees_hold(value, in) && least <= closed.at_least.value && closed.at_most.value <= most &&
              holds_ratio(p, in["degree_ratio"]),
          {{"exponent needed", forward_exponent(p, d, in["degree_needed"].get<long>())},
           {"exponent", forward_exponent(p, d, in["degree"].get<long>())},
           {"elementary bound",
            lower(gamma) > 0 ? Interval(1 + gamma * log(1 + Interval(d) / p.n.log() / gamma)) : Interval(1)},
           {"bound from below", closed_form_below(p, d, least)},
           {"bound from above", closed_form(p, d, most)},
           {"limit", hull(limit("lower"), limit("upper"))}}};
}

inline Evaluated star_of_kappa(const Json& in) {
  const auto at = [&](const Json& kappa) { return point_of(in, number(kappa)); };
  const PhasePoint pays = at(in["pays"]), not_so = at(in["does_not_pay"]), low = at(in["low"]),
                   high = at(in["high"]);
  for (const PhasePoint& point : {pays, not_so, low, high})
    if (point.kappa <= 0 || point.c <= 0 || point.C <= 0) return {false, {}};
  const long p = order(pays.kind), d = dimension(pays.n, pays.c),
             least = in["closed_degrees"]["at_least"].get<long>(),
             most = in["closed_degrees"]["at_most"].get<long>();
  const auto degrees = [](const PhasePoint& point) { return closed_at(point, phase_value(point)); };
  const Interval limit = limit_kappa_star(pays.kind, pays.c, pays.C).interval();
  const Rational limits[] = {number(in["limit"]["lower"]), number(in["limit"]["upper"])};
  const bool holds =
      degrees_hold(phase_value(pays), in["at_pays"]) &&
      degrees_hold(phase_value(not_so), in["at_does_not_pay"]) &&
      upper(forward_exponent(pays, d, in["at_pays"]["degree"].get<long>())) < p &&
      lower(forward_exponent(not_so, d, in["at_does_not_pay"]["degree_needed"].get<long>())) >= p &&
      degrees(low).at_most.value <= most && upper(closed_form(low, d, most)) < p &&
      least <= degrees(high).at_least.value && lower(closed_form_below(high, d, least)) >= p &&
      limits[0] <= to_rational(upper(limit)) && to_rational(lower(limit)) <= limits[1] &&
      holds_ratio(at(in["limit"]["lower"]), in["limit"]["ratio_at_lower"]) &&
      holds_ratio(at(in["limit"]["upper"]), in["limit"]["ratio_at_upper"]);
  return {holds,
          {{"low", enclose(low.kappa)},
           {"high", enclose(high.kappa)},
           {"pays", enclose(pays.kappa)},
           {"does not pay", enclose(not_so.kappa)},
           {"limit", hull(enclose(limits[0]), enclose(limits[1]))}}};
}

// ---- Weights.

inline Evaluated poly_forward(const Json& in, bool by_edges) {
  AttentionPolynomial h{in["variables"].get<long>(), {}};
  for (const Json& p : in["products"]) h.products.push_back(p.get<std::vector<long>>());
  PolyAttentionInput<Rational> rational;
  PolyAttentionInput<Interval> input;
  Rational value = 1, entry = 1, score_size = 0, limit = static_cast<long>(h.products.size());
  std::size_t degree = 0;
  for (const Json& m : in["q"]) {
    rational.q.push_back(matrix(m));
    input.q.push_back(intervals(m));
    entry = std::max(entry, max_abs(matrix(m)));
  }
  for (const Json& m : in["v"]) {
    input.v.push_back(intervals(m));
    value *= max_abs(matrix(m));
  }
  for (const auto& p : h.products) degree = std::max(degree, p.size());
  for (std::size_t i = 0; i < degree; ++i) limit *= entry;
  const Polynomial P{numbers(in["coefficients"])};
  Interval delta = 0;
  const auto off = [&](const Rational& s) {
    delta = maximum(delta, absolute_value(enclose(P(s)) * exp(enclose(Rational(-s))) - 1));
  };
  for (Eigen::Index i = 0; i < rational.q[0].rows(); ++i)
    for_each_tuple(rational.q, i, [&](const std::vector<Eigen::Index>& tokens) {
      const Rational s = poly_score(h, rational.q, tokens);
      score_size = std::max(score_size, Rational(abs(s)));
      if (!by_edges) return off(s);
      for (const auto& edge : h.products)
        off(score(rational.q[edge[0]], tokens[edge[0]], rational.q[edge[1]], tokens[edge[1]]));
    });
  const Matrix<Interval> exact_output = poly_attention(h, input);
  const bool tree = !tree_parents(h).empty();
  if (by_edges && !tree) return {false, {}};
  const Matrix<Interval> near = by_edges ? tree_attention(h, input, P) : poly_attention(h, input, P);
  const Interval artanh = log((1 + delta) / (1 - delta)) / 2;
  return {
      upper(delta) < 1,
      {{"error", max_abs(Matrix<Interval>(near - exact_output))},
       {"phi max|V|", sharp_perturbation(delta) * enclose(value)},
       {"all products' bound", 2 * tanh(static_cast<long>(h.products.size()) * artanh / 2) * enclose(value)},
       {"score", enclose(score_size)},
       {"|h| B^k", enclose(limit)}}};
}

struct PowerOfTwo {
  Rational operator()(const Rational& x) const {
    const auto n = static_cast<long>(numerator(x));
    const Rational power(Integer(1) << static_cast<unsigned>(std::labs(n)));
    return n >= 0 ? power : Rational(1 / power);
  }
};
inline Evaluated messages(const Json& in, bool last_left_out) {
  AttentionPolynomial h{in["variables"].get<long>(), {}};
  for (const Json& p : in["products"]) h.products.push_back(p.get<std::vector<long>>());
  AttentionPolynomial tree = h;
  if (last_left_out) tree.products.pop_back();
  if (tree_parents(tree).empty()) return {false, {}};
  PolyAttentionInput<Rational> input;
  for (const Json& m : in["q"]) input.q.push_back(matrix(m));
  for (const Json& m : in["v"]) input.v.push_back(matrix(m));
  const Matrix<Rational> off =
      tree_attention(tree, input, PowerOfTwo{}) - poly_attention(h, input, PowerOfTwo{});
  return {true, {{"difference", enclose(max_abs(off))}}};
}

inline Evaluated support(const Json& in, bool one_at_zero) {
  const Matrix<double> q = doubles(in["q"]), k = doubles(in["k"]);
  const double T = nearest(number(in["threshold"]));
  const Polynomial P{numbers(in["coefficients"])};
  Matrix<Rational> s = scores(without_large_rows(q, T), without_large_rows(k, T));
  s.conservativeResize(s.rows() + 1, s.cols());
  s.row(s.rows() - 1).setConstant(Rational(0));
  const Interval delta = relative_error_on(P, s);
  Matrix<Interval> w = support_basis_weights<Interval>(q, k, T, P);
  for (Eigen::Index i = 0; i < w.rows(); ++i) {
    Interval sum = 0;
    for (Eigen::Index j = 0; j < w.cols(); ++j) sum += w(i, j);
    for (Eigen::Index j = 0; j < w.cols(); ++j) w(i, j) /= sum;
  }
  const Matrix<Interval> v = intervals(in["v"]),
                         off = product(w, v) - attention(intervals(in["q"]), intervals(in["k"]), v);
  return {upper(delta) < 1 && (!one_at_zero || P.coefficients[0] == 1),
          {{"error", max_abs(off)}, {"phi max|V|", sharp_perturbation(delta) * max_abs(v)}}};
}
inline Evaluated support_split(const Json& in) {
  const Matrix<double> q = doubles(in["q"]), k = doubles(in["k"]);
  const double T = nearest(number(in["threshold"]));
  const Polynomial w{numbers(in["coefficients"])};
  const auto defect = [&](const Matrix<double>& small_q, const Matrix<double>& small_k) {
    const Matrix<Rational> all = scores(q, k), small = scores(small_q, small_k);
    Rational most = 0;
    for (Eigen::Index i = 0; i < all.size(); ++i) {
      const Rational s = all.data()[i], t = small.data()[i];
      most = std::max(most, Rational(abs(Rational(w(s) - w(t) - w(Rational(s - t)) + w(Rational(0))))));
    }
    return enclose(most);
  };
  const auto entries = [&](const Matrix<double>& m) {
    return Matrix<double>(m.unaryExpr([&](double x) { return std::abs(x) > T ? 0.0 : x; }));
  };
  return {true,
          {{"by rows", defect(without_large_rows(q, T), without_large_rows(k, T))},
           {"by entries", defect(entries(q), entries(k))}}};
}

inline Evaluated moments_of_relevance(const Json& in) {
  const Matrix<Interval> v = intervals(in["v"]), y = attention(intervals(in["q"]), intervals(in["k"]), v);
  const Rational eps = number(in["eps"]), n(static_cast<long>(v.rows()));
  const auto error = [&](const Json& outputs) {
    Interval most = 0;
    for (Eigen::Index i = 0; i < y.rows(); ++i) {
      const Json& ends = outputs[static_cast<std::size_t>(i)];
      most =
          maximum(most, absolute_value(hull(enclose(number(ends[0])), enclose(number(ends[1]))) - y(i, 0)));
    }
    return most;
  };
  Interval delta = exp(Interval(1));
  for (long t = 2; t <= in["degree"].get<long>() + 1; ++t) delta /= t;
  return {
      eps > 0 && eps < 1,
      {{"error", error(in["outputs"])},
       {"error with an eighth of the cut", error(in["outputs with an eighth of the cut"])},
       {"bound", (enclose(Rational(2 * eps * (n - 1) / (n + eps * (n - 1)))) + sharp_perturbation(delta)) *
                     max_abs(v)}}};
}
inline Evaluated in_pairs_of_doubles(const Json& in) {
  const std::vector<Rational> x = numbers(in["arguments"]), returned = numbers(in["exponentials"]),
                              radius = numbers(in["radii"]);
  const Matrix<Interval> off =
      attention(intervals(in["q"]), intervals(in["k"]), intervals(in["v"])) - intervals(in["outputs"]);
  Evaluated e{true, {{"one", Interval(1)}}};
  Interval &of_exp = e.quantities["error/(u^2 e^x)"] = 0, &of_rows = e.quantities["error/radius"] = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const Interval exact = exp(enclose(x[j]));
    of_exp = maximum(of_exp, enclose(dyadic(1, 106)) * absolute_value(enclose(returned[j]) - exact) / exact);
    e.hypotheses &= x[j] >= -200 && x[j] <= 0;
  }
  for (Eigen::Index i = 0; i < off.rows(); ++i) {
    e.hypotheses &= radius.at(static_cast<std::size_t>(i)) > 0;
    for (Eigen::Index l = 0; e.hypotheses && l < off.cols(); ++l)
      of_rows = maximum(of_rows, absolute_value(off(i, l)) / enclose(radius[static_cast<std::size_t>(i)]));
  }
  return e;
}

inline Evaluated projected(const Json& in) {
  const Matrix<Rational> q = matrix(in["Q"]), k = matrix(in["K"]), u = matrix(in["normal"]);
  const Rational norm = squares(u), width = static_cast<long>(q.cols());
  if (norm == 0) return {false, {}};
  const auto onto = [&](const Matrix<Rational>& m) {
    return Matrix<Rational>(m - Matrix<Rational>(m * u * u.transpose() / norm));
  };
  const auto over = [](const Matrix<Rational>& m) {
    return Matrix<Interval>(m.unaryExpr([](const Rational& x) { return enclose(x); }));
  };
  const Matrix<Rational> pq = onto(q), pk = onto(k);
  const Rational zeta = max_abs(Matrix<Rational>(q * u)) * max_abs(Matrix<Rational>(k * u)) / norm / width;
  const Matrix<Interval> v = intervals(in["V"]),
                         off = attention(over(pq), over(pk), v) - attention(over(q), over(k), v);
  return {
      true,
      {{"error", max_abs(off)},
       {"bound", softmax_change(2 * enclose(zeta)) * max_abs(v)},
       {"bound of half zeta", softmax_change(enclose(zeta)) * max_abs(v)},
       {"cross terms", enclose(max_abs(Matrix<Rational>(
                           pq * pk.transpose() + (q - pq) * (k - pk).transpose() - q * k.transpose())))}}};
}

inline Evaluated ratio_of_rows(const Json& in) {
  const Matrix<Rational> q = matrix(in["Q"]), k = matrix(in["K"]), c = matrix(in["c"]);
  const auto kappa = [&](const Matrix<Rational>& keys) {
    const Matrix<Rational> s = scores<Rational>(q, keys);
    Interval least = 0, most = 0;
    for (Eigen::Index i = 0; i < s.rows(); ++i) {
      Interval sum = 0;
      for (Eigen::Index j = 0; j < s.cols(); ++j) sum += exp(enclose(s(i, j)));
      least = i == 0 ? sum : minimum(least, sum);
      most = i == 0 ? sum : maximum(most, sum);
    }
    return Interval(most / least);
  };
  const Matrix<Rational> along = scores<Rational>(q, c),
                         moved =
                             k - Matrix<Rational>(Matrix<Rational>::Constant(k.rows(), 1, Rational(1)) * c);
  const Rational spread = range(std::vector<Rational>(along.data(), along.data() + along.size()));
  return {true,
          {{"kappa", kappa(k)},
           {"kappa after the shift", kappa(moved)},
           {"bound", kappa(k) * exp(enclose(spread))}}};
}

inline Evaluated split_of_norms(const Json& in) {
  const Matrix<double> q = doubles(in["Q"]), k = doubles(in["K"]);
  const Matrix<Interval> p = softmax_rows(scores<Interval>(intervals(in["Q"]), intervals(in["K"]))),
                         v = intervals(in["V"]), factor = intervals(in["D/D~"]);
  Matrix<Interval> thinned = Matrix<Interval>::Constant(v.rows(), v.cols(), Interval(0));
  for (const Json& j : in["drawn"])
    for (Eigen::Index l = 0; l < v.cols(); ++l)
      thinned(j.get<long>(), l) += v(j.get<long>(), l) * Interval(static_cast<long>(v.rows())) /
                                   Interval(static_cast<long>(in["drawn"].size()));
  const Matrix<Interval> whole = product(p, v), sampled = product(p, thinned);
  Matrix<Interval> output = sampled;
  Interval off = 0, most = 0, least = factor(0, 0);
  for (Eigen::Index i = 0; i < output.rows(); ++i) {
    for (Eigen::Index l = 0; l < output.cols(); ++l) output(i, l) *= factor(i, 0);
    off = maximum(off, absolute_value(factor(i, 0) - 1));
    most = maximum(most, factor(i, 0));
    least = minimum(least, factor(i, 0));
  }
  const auto norm = [](const Matrix<Interval>& m) { return operator_norm(m).interval(); };
  const Interval estimate = off * operator_norm_of_nonnegative(p).interval() * norm(v);
  return {lower(least) > 0,
          {{"error", norm(whole - output)},
           {"estimate", estimate},
           {"estimate + sampling", estimate + most * norm(whole - sampled)}}};
}

inline std::vector<Rational> dependency(const Matrix<Rational>& features) {  // lambda^T features = 0
  Matrix<Rational> m = features.transpose();
  const Eigen::Index r = m.rows();
  for (Eigen::Index p = 0; p < r; ++p) {
    Eigen::Index pivot = p;
    while (pivot < r && m(pivot, p) == 0) ++pivot;
    if (pivot == r) {  // try another order of the queries
      return {};
    }
    m.row(p).swap(m.row(pivot));
    m.row(p) = (m.row(p) / Rational(m(p, p))).eval();
    for (Eigen::Index i = 0; i < r; ++i)
      if (i != p) m.row(i) = (m.row(i) - Rational(m(i, p)) * m.row(p)).eval();
  }
  std::vector<Rational> lambda;
  for (Eigen::Index p = 0; p < r; ++p) lambda.push_back(-m(p, r));
  lambda.push_back(1);
  return lambda;
}
inline Evaluated features_of_prefix(const Json& in, bool named) {
  const Matrix<Rational> phi = matrix(in["features"]);
  const long n = static_cast<long>(phi.rows()), d = in["d"].get<long>(), beta = in["beta"].get<long>();
  Evaluated e;
  if (named) {
    const std::vector<Rational> lambda =
        phi.rows() == phi.cols() + 1 ? dependency(phi) : std::vector<Rational>{};
    if (lambda.empty()) return {false, {}};
    const Rational total = std::accumulate(lambda.begin(), lambda.end(), Rational(0));
    for (long i = 0; i < n; ++i)
      e.hypotheses &= (total >= 0 ? lambda[i] > 0 : lambda[i] < 0) == (in["S"][i].get<long>() == 1);
  }
  Matrix<Rational> q = Matrix<Rational>::Constant(n, d, Rational(0)),
                   real = Matrix<Rational>::Constant(1, d, Rational(0));
  std::vector<long> members;
  for (long i = 0; i < n; ++i) {
    if (i / 2 + 1 >= d) return {false, {}};
    q(i, i / 2) = i % 2 == 0 ? 1 : -1;
    q(i, d - 1) = 1;
    if (in["S"][i].get<long>() == 1) members.push_back(i);
  }
  real(0, d - 1) = Rational(beta * d, 2);
  Matrix<Rational> prefix = Matrix<Rational>::Constant(static_cast<long>(members.size()), d, Rational(0));
  for (std::size_t j = 0; j < members.size(); ++j)
    prefix(static_cast<long>(j), members[j] / 2) = beta * d * q(members[j], members[j] / 2);
  const auto over = [](const Matrix<Rational>& m) {
    return Matrix<Interval>(m.unaryExpr([](const Rational& x) { return enclose(x); }));
  };
  const Matrix<Interval> ones = Matrix<Interval>::Constant(prefix.rows(), 1, Interval(1)),
                         zero = Matrix<Interval>::Constant(1, 1, Interval(0));
  const Matrix<Interval> whole = attention(over(q), over(stacked(prefix, real)), stacked(ones, zero)),
                         compressed = compressed_prefix_attention(
                             over(q), over(real), zero, over(phi),
                             CompressedPrefix<Interval>{intervals(in["Z"]), intervals(in["k"])});
  const Matrix<Rational> denominators = phi * matrix(in["k"]);
  Interval high = 1, low = 0, error = 0;
  for (long i = 0; i < n; ++i) {
    e.hypotheses &= denominators(i, 0) >= 0;
    if (in["S"][i].get<long>() == 1) high = minimum(high, whole(i, 0));
    else low = maximum(low, whole(i, 0));
    error = maximum(error, absolute_value(compressed(i, 0) - whole(i, 0)));
  }
  e.quantities = {{"half the gap", (high - low) / 2}, {"error", error}};
  return e;
}

inline Evaluated normalised_layer(const Json& in) {
  const std::vector<Rational> x = numbers(in["x"]), near = numbers(in["x~"]), one(x.size(), 1);
  const Rational epsilon = number(in["epsilon"]);
  const auto square = [&](const std::vector<Rational>& y) {
    return Rational(mean(one, times(y, y)) - mean(one, y) * mean(one, y) + epsilon);
  };
  const auto row = [&](const std::vector<Rational>& y) {
    Matrix<Interval> m(1, static_cast<Eigen::Index>(y.size()));
    for (std::size_t l = 0; l < y.size(); ++l) m(0, static_cast<Eigen::Index>(l)) = enclose(y[l]);
    return normalise_rows(m, enclose(epsilon)).y;
  };
  if (epsilon <= 0) return {false, {}};
  const Matrix<Interval> off = row(near) - row(x);
  Interval change = 0;
  Rational distance = 0;
  for (std::size_t l = 0; l < x.size(); ++l) {
    const Interval y = off(0, static_cast<Eigen::Index>(l));
    change += y * y;
    distance += (near[l] - x[l]) * (near[l] - x[l]);
  }
  return {square(x) != square(near),
          {{"change", sqrt(change)},
           {"distance", sqrt(enclose(distance))},
           {"distance/sqrt(s s~)",
            sqrt(enclose(distance)) / sqrt(sqrt(enclose(Rational(square(x) * square(near)))))}}};
}

// ---- Gradients.

inline MatrixLossInput matrix_loss(const Json& in) {
  return {doubles(in["A1"]), doubles(in["A2"]), doubles(in["A3"]),
          doubles(in["X"]),  doubles(in["Y"]),  doubles(in["E"])};
}
inline TensorLossInput tensor_loss(const Json& in) {
  return {doubles(in["A1"]), doubles(in["A2"]), doubles(in["A3"]), doubles(in["A4"]), doubles(in["A5"]),
          doubles(in["X"]),  doubles(in["Y1"]), doubles(in["Y2"]), doubles(in["E"])};
}
/// distance and half-width of the mean value theorem, at t = 2^-16.
template <class Value, class Slope>
MeanValue on_segment(const Value& value, const Slope& slope) {
  const Interval t = enclose(Rational(1, 1L << 16)), segment = hull(-t, t);
  return mean_value((value(t) - value(-t)) / (2 * t), slope(segment));
}
inline void add(Evaluated& e, const std::string& of, const MeanValue& m) {
  e.quantities["distance" + of] = m.distance;
  e.quantities["half-width" + of] = m.half_width;
}
template <class Input>
Evaluated closed_form_of(const Input& input, const Matrix<double>& direction) {
  const auto at = [&](const Interval& t) {
    auto moved = loss_over<Interval>(input);
    moved.x = along(input.x, direction, t);
    return moved;
  };
  const auto value = [&](const Interval& t) { return loss(at(t)); };
  Evaluated e;
  for (const auto& [of, factor] :
       {std::pair("", 1L), std::pair(" of the twin", static_cast<long>(input.a1.cols()))})
    add(e, of, on_segment(value, [&](const Interval& t) {
          return Interval(factor * inner_product(loss_gradient(at(t)).x, direction));
        }));
  return e;
}
inline Evaluated closed_form_by_all(const Json& in) {
  const MatrixLossInput input = matrix_loss(in);
  Evaluated e = closed_form_of(input, doubles(in["direction of X"]));
  if (!in.contains("direction of Y")) return e;
  const auto to = [&](const char* name) { return doubles(in[std::string("direction of ") + name]); };
  const auto at = [&](const Interval& t) {
    return MatrixLoss<Interval>{along(input.a1, to("A1"), t), along(input.a2, to("A2"), t),
                                along(input.a3, to("A3"), t), along(input.x, to("X"), t),
                                along(input.y, to("Y"), t),   matrix_from<Interval>(input.e)};
  };
  add(e, " by all",
      on_segment([&](const Interval& t) { return loss(at(t)); },
                 [&](const Interval& t) {
                   const MatrixLossGradient<Interval> g = loss_gradient(at(t));
                   return Interval(inner_product(g.x, to("X")) + inner_product(g.a1, to("A1")) +
                                   inner_product(g.a2, to("A2")) + inner_product(g.a3, to("A3")) +
                                   inner_product(g.y, to("Y")));
                 }));
  return e;
}
inline Evaluated decoded_closed_form(const Json& in) {
  const Matrix<double> w = doubles(in["W"]), direction = doubles(in["direction"]);
  const Matrix<Interval> a1 = intervals(in["A1"]), a2 = intervals(in["A2"]), h = intervals(in["h"]),
                         y = intervals(in["Y"]), r = intervals(in["R"]);
  const auto residual = [&](const Interval& t) {
    return Matrix<Interval>(attention(product(a1, along(w, direction, t)), a2, h) - y);
  };
  const auto value = [&](const Interval& t) {
    const Matrix<Interval> decoded = product<Interval>(residual(t), r.transpose());
    return half_squared_distance<Interval>(decoded, decoded - decoded);
  };
  Evaluated e;
  for (const auto& [of, gram] : {std::pair("", true), std::pair(" of the twin", false)})
    add(e, of, on_segment(value, [&](const Interval& t) {
          Matrix<Interval> upstream = residual(t);
          if (gram) upstream = product(upstream, product<Interval>(r.transpose(), r));
          const Matrix<Interval> q = product(a1, along(w, direction, t));
          return inner_product(product<Interval>(a1.transpose(), attention_gradient(q, a2, h, upstream).q),
                               direction);
        }));
  return e;
}
inline Evaluated trace_of(const Json& in) {
  const bool tensor = in.contains("A4");
  const auto d = static_cast<Eigen::Index>(in["A1"].at(0).size());
  const Rational l = number(in["l"]);
  Matrix<double> I = Matrix<double>::Identity(d, d), diagonal = Matrix<double>::Zero(d, tensor ? d * d : d);
  for (Eigen::Index a = 0; a < d; ++a) diagonal(a, tensor ? a * d + a : a) = 1;
  const Matrix<double> all = Matrix<double>::Ones(diagonal.rows(), diagonal.cols()),
                       none = Matrix<double>::Zero(static_cast<Eigen::Index>(in["A1"].size()), d);
  const auto evaluate = [&](const auto& input) {
    const auto at = [&](const Interval& t) {
      auto moved = loss_over<Interval>(input);
      moved.x = along(Matrix<double>(0 * diagonal), diagonal, Interval(enclose(l) + t));
      return moved;
    };
    Evaluated e;
    const auto value = [&](const Interval& t) { return Interval(2 * loss(at(t))); };
    const auto slope = [&](long factor, const Matrix<double>& onto) {
      return on_segment(value, [&](const Interval& t) {
        return Interval(factor * inner_product(loss_gradient(at(t)).x, onto));
      });
    };
    add(e, "", slope(2, diagonal));
    add(e, " without the factor 2", slope(1, diagonal));
    add(e, " of all entries", slope(2, all));
    return e;
  };
  const auto m = [&](const char* name) { return doubles(in[name]); };
  if (tensor)
    return evaluate(TensorLossInput{m("A1"), m("A2"), m("A3"), m("A4"), m("A5"), diagonal, I, I, none});
  return evaluate(MatrixLossInput{m("A1"), m("A2"), m("A3"), diagonal, I, none});
}

inline Evaluated gauss(const Json& in) {
  GradientInstance instance{doubles(in["A1"]), {}, {}};
  for (const Json& m : in["keys"]) instance.keys.push_back(doubles(m));
  for (const Json& m : in["values"]) instance.values.push_back(doubles(m));
  validate(instance);
  const long nodes = in["K"].get<long>();
  const GradientOracle oracle(instance, ThreadCount{1});
  const QuadratureRule rule = gauss_legendre(nodes);
  Interval integral = 0;
  for (std::size_t k = 0; k < rule.nodes.size(); ++k)
    for (const Interval& entry : oracle.diagonal(rule.nodes[k])) integral += 2 * rule.weights[k] * entry;
  // its nodes are rounded to doubles: the claim allows 8 n/h^2 2^-54 for that
  const Interval x = enclose(upper(oracle.half_range())), h = pi_interval() / (3 * x),
                 rounding = enclose(Rational(8 * instance.a1.rows(), 1L << 54)) / (h * h);
  return {upper(oracle.half_range()) > 0,
          {{"error", absolute_value(integral - (total_square(instance, 1) - total_square(instance, 0)))},
           {"bound", quadrature_error(instance.a1.rows(), x, nodes) + rounding},
           {"bound of 30 K nodes", quadrature_error(instance.a1.rows(), x, 30 * nodes) + rounding}}};
}

inline Evaluated in_variances(const Json& in) {
  const std::vector<Rational> w = numbers(in["weights"][0]), eta = numbers(in["eta"][0]);
  const Matrix<Rational> h = matrix(in["h"]), y = matrix(in["y"]), target = matrix(in["target"]);
  const Rational delta = number(in["delta"]), r = delta / (1 - delta);
  Evaluated e;
  std::vector<Rational> near = w;
  for (std::size_t j = 0; j < w.size(); ++j) {
    near[j] *= 1 + delta * eta[j];
    e.hypotheses &= w[j] > 0 && abs(eta[j]) <= 1;
  }
  e.hypotheses &= delta > 0 && delta < 1;
  const auto of_column = [](const Matrix<Rational>& m, Eigen::Index l) {
    const Matrix<Rational> c = m.col(l);
    return std::vector<Rational>(c.data(), c.data() + c.size());
  };
  const auto covariance = [](const std::vector<Rational>& f, const auto& a, const auto& b) {
    return Rational(mean(f, times(a, b)) - mean(f, a) * mean(f, b));
  };
  const auto pulled = [&](const std::vector<Rational>& f) {
    std::vector<Rational> q(f.size(), 0);
    for (Eigen::Index l = 0; l < h.cols(); ++l)
      for (std::size_t j = 0; j < f.size(); ++j)
        q[j] += (mean(f, of_column(h, l)) - target(0, l)) * h(static_cast<Eigen::Index>(j), l);
    return q;
  };
  Rational norm = 0;
  for (Eigen::Index l = 0; l < h.cols(); ++l) {
    Rational row = 0;
    for (Eigen::Index m = 0; m < h.cols(); ++m) row += abs(covariance(w, of_column(h, l), of_column(h, m)));
    norm = std::max(norm, row);
  }
  const std::vector<Rational> of_y = of_column(y, 0), moved = pulled(near);
  const auto root = [](const Rational& x) { return sqrt(enclose(x)); };
  e.quantities = {
      {"change",
       enclose(Rational(abs(Rational(covariance(near, moved, of_y) - covariance(w, pulled(w), of_y)))))},
      {"bound", enclose(r) * root(covariance(w, of_y, of_y)) *
                    (enclose(Rational(2 + r)) * root(covariance(w, moved, moved)) + enclose(norm))}};
  return e;
}

inline Adapter<double> adapter(const Json& in) {
  return {doubles(in["frozen"]), doubles(in["B"]), doubles(in["A"]), number(in["scale"])};
}
inline LoraLossInput lora_loss(const Json& l) {
  return {doubles(l["X_Q"]), doubles(l["X_K"]), doubles(l["X_V"]), adapter(l["Q"]),
          adapter(l["K"]),   adapter(l["V"]),   doubles(l["Y"])};
}
/// The adapters' gradients under both weights, as producer's code has them, and Theorem L's bounds.
inline Evaluated adapters(const Json& in) {
  const LoraLossInput input = lora_loss(in["loss"]);
  const LoraLoss<Interval> loss = loss_over<Interval>(input);
  const Matrix<double> sigma = doubles(in["sigma"]);
  const Rational delta = number(in["delta"]);
  const LoraGradient<Interval> g = lora_gradient(loss),
                               near = lora_gradient(loss, PerturbedWeight{&sigma, delta});
  const HeadMatrices<Interval> head = head_of(loss);
  const Matrix<Interval> s = scores(head.q, head.k), f = softmax_rows(s),
                         moved = softmax_rows(s, Mask::none, PerturbedWeight{&sigma, delta});
  const Matrix<Interval> c = product(f, head.v) - loss.y, c_near = product(moved, head.v) - loss.y;
  const Interval half = phi_of(delta) / 2, d = static_cast<long>(input.x_q.cols());
  const auto largest = [](const Matrix<Interval>& error, const auto& bound) {
    Interval most = 0;
    for (Eigen::Index a = 0; a < error.rows(); ++a)
      for (Eigen::Index b = 0; b < error.cols(); ++b)
        if (const Interval limit = bound(a, b); lower(limit) > 0)
          most = maximum(most, absolute_value(error(a, b)) / limit);
    return most;
  };
  const auto scored = [&](const Matrix<Interval>& error, const Rational& scale, const Matrix<Interval>& left,
                          const Matrix<Interval>& right) {
    return largest(error, [&](Eigen::Index a, Eigen::Index b) {
      Interval sum = 0;
      for (Eigen::Index i = 0; i < left.rows(); ++i)
        for (Eigen::Index k = 0; k < head.v.cols(); ++k) {
          const Interval width = column_range(head.v, k);
          sum += absolute_value(left(i, a)) * (absolute_value(c(i, k)) * width + width * width / 2);
        }
      return Interval(enclose(scale) / d * half / 2 * sum * column_range(right, b));
    });
  };
  const auto valued = [&](const Matrix<Interval>& error, const Matrix<Interval>& left,
                          const Matrix<Interval>& right) {
    const Matrix<Interval> averaged = product(f, left), onto = product(c_near, right),
                           values = product(head.v, right);
    return largest(error, [&](Eigen::Index a, Eigen::Index b) {
      Interval sum = 0;
      for (Eigen::Index i = 0; i < averaged.rows(); ++i)
        sum += column_range(left, a) * absolute_value(onto(i, b)) +
               absolute_value(averaged(i, a)) * column_range(values, b);
      return Interval(enclose(input.v.scale) * half * sum);
    });
  };
  const auto t = [](const Matrix<Interval>& m) { return Matrix<Interval>(m.transpose()); };
  const Matrix<Interval> I =
      matrix_from<Interval>(Matrix<double>::Identity(input.x_q.cols(), input.x_q.cols()));
  const Interval of_scores =
      maximum(maximum(scored(near.q.b - g.q.b, input.q.scale, loss.x_q, product(head.k, t(loss.q.a))),
                      scored(near.q.a - g.q.a, input.q.scale, product(loss.x_q, loss.q.b), head.k)),
              maximum(scored(t(near.k.b - g.k.b), input.k.scale, product(head.q, t(loss.k.a)), loss.x_k),
                      scored(t(near.k.a - g.k.a), input.k.scale, head.q, product(loss.x_k, loss.k.b))));
  const Interval of_values = maximum(valued(near.v.b - g.v.b, loss.x_v, t(loss.v.a)),
                                     valued(near.v.a - g.v.a, product(loss.x_v, loss.v.b), I));
  return {delta > 0 && delta < 1 && max_abs(sigma) <= 1 && input.q.scale > 0 && input.k.scale > 0 &&
              input.v.scale > 0,
          {{"Q and K", of_scores}, {"V", of_values}, {"one", Interval(1)}}};
}

/// The outputs that the instance has, against the closed form.
inline Evaluated adapters_returned(const Json& in) {
  const LoraLossInput input = lora_loss(in["loss"]);
  const LoraGradient<Interval> g = lora_gradient(loss_over<Interval>(input));
  Evaluated e{input.q.scale > 0 && input.k.scale > 0 && input.v.scale > 0, {{"one", Interval(1)}}};
  Interval& largest = e.quantities["error over its bound"] = 0;
  for (const auto& [name, exact] : {std::pair("Q", &g.q), {"K", &g.k}, {"V", &g.v}})
    for (const auto& [part, truth] : {std::pair("B", &exact->b), {"A", &exact->a}}) {
      const Json& returned = in["gradients"][name][part];
      const Rational bound = number(returned["bound"]);
      e.hypotheses &= bound >= 0;
      if (bound > 0)
        largest = maximum(largest,
                          max_abs(Matrix<Interval>(intervals(returned["value"]) - *truth)) / enclose(bound));
    }
  return e;
}

inline Evaluated adapters_closed_form(const Json& in) {
  const LoraLossInput input = lora_loss(in["loss"]), to = lora_loss(in["direction"]);
  const auto at = [&](const Interval& t) {
    LoraLoss<Interval> moved = loss_over<Interval>(input);
    const auto move = [&](Adapter<Interval>& w, const Adapter<double>& base,
                          const Adapter<double>& direction) {
      w.b = along(base.b, direction.b, t);
      w.a = along(base.a, direction.a, t);
    };
    move(moved.q, input.q, to.q);
    move(moved.k, input.k, to.k);
    move(moved.v, input.v, to.v);
    return moved;
  };
  const auto slope = [&](const Interval& t) {
    const LoraGradient<Interval> g = lora_gradient(at(t));
    return Interval(inner_product(g.q.b, to.q.b) + inner_product(g.q.a, to.q.a) +
                    inner_product(g.k.b, to.k.b) + inner_product(g.k.a, to.k.a) +
                    inner_product(g.v.b, to.v.b) + inner_product(g.v.a, to.v.a));
  };
  const auto printed = [&](const Interval& t) {
    const LoraLoss<Interval> l = at(t);
    const HeadMatrices<Interval> head = head_of(l);
    const Matrix<Interval> f = softmax_rows(scores(head.q, head.k)), c = product(f, head.v) - l.y,
                           p = softmax_pullback<Interval>(f, product<Interval>(c, head.v.transpose())) /
                               Interval(static_cast<long>(l.x_q.cols()));
    const Matrix<Interval> as_printed =
        enclose(l.q.scale) * product(product<Interval>(l.x_q.transpose(), product(p, l.q.a)), head.k);
    return Interval(slope(t) + inner_product(Matrix<Interval>(as_printed - lora_gradient(l).q.b), to.q.b));
  };
  const auto value = [&](const Interval& t) { return loss(at(t)); };
  Evaluated e;
  e.hypotheses = input.q.scale > 0 && input.k.scale > 0 && input.v.scale > 0;
  add(e, "", on_segment(value, slope));
  if (input.x_q.rows() == input.x_q.cols() && input.x_k.rows() == input.x_q.cols() &&
      input.q.b.cols() == input.x_q.cols())
    add(e, " as printed", on_segment(value, printed));
  return e;
}

inline Evaluated embedded(const Json& in) {
  const Matrix<Rational> a1 = matrix(in["A1"]), a2 = matrix(in["A2"]), a3 = matrix(in["A3"]),
                         x = matrix(in["X"]), e = matrix(in["E"]);
  const Eigen::Index n = a1.rows(), m = a2.rows(), r = a1.cols(), d = in["d"].get<long>();
  const Polynomial weight{numbers(in["coefficients"])};
  const auto padded = [](const Matrix<Rational>& part, Eigen::Index rows, Eigen::Index columns) {
    Matrix<Rational> wide = Matrix<Rational>::Constant(rows, columns, Rational(0));
    wide.topLeftCorner(part.rows(), part.cols()) = part;
    return wide;
  };
  const Matrix<Rational> I = Matrix<Rational>::Identity(d, d), zero = 0 * I;
  const MatrixLoss<Rational> small{a1, a2, a3, x, Matrix<Rational>::Identity(r, r), e};
  const Matrix<Rational> expected = padded(loss_gradient(small, weight).x, r, d);
  const auto difference = [&](const Rational& factor) {
    const Adapter<Rational> fixed{I, zero.leftCols(1), zero.topRows(1), 1};
    const LoraLoss<Rational> lora{factor * padded(a1, n, d),
                                  padded(a2, m, d),
                                  padded(a3, m, d),
                                  {zero, I.leftCols(r), padded(x, r, d), 1},
                                  fixed,
                                  fixed,
                                  padded(e, n, d)};
    return enclose(max_abs(Matrix<Rational>(lora_gradient(lora, weight).q.a - expected)));
  };
  return {true,
          {{"difference", difference(Rational(static_cast<long>(d), static_cast<long>(r)))},
           {"difference without d/r", difference(1)}}};
}

// ---- Networks.

inline LayersCase layers_case(const Json& in) {
  LayersCase c;
  c.delta = number(in["delta"]);
  c.input = doubles(in["T0"]);
  c.target = doubles(in["E"]);
  for (const Json& l : in["layers"]) {
    Layer<double> layer;
    layer.mask = l["mask"] == "causal" ? Mask::causal : Mask::none;
    layer.residual = l["residual"] == "added" ? Residual::added : Residual::none;
    c.sigma.emplace_back();
    for (const Json& h : l["heads"]) {
      layer.heads.push_back({doubles(h["W"]), doubles(h["W_V"]), {}});
      c.sigma.back().push_back(doubles(h["sigma"]));
    }
    c.layers.push_back(layer);
  }
  return c;
}
inline Evaluated errors_of_network(const Json& in) {
  const LayersCase c = layers_case(in);
  const Passes p = run_passes(c, ConstantsFrom::states);
  const std::size_t last = p.layers.size() - 1;
  Evaluated e{c.delta > 0 && c.delta < 1, {{"one", Interval(1)}}};
  for (const auto& layer : c.sigma)
    for (const Matrix<double>& sigma : layer) e.hypotheses &= max_abs(sigma) <= 1;
  const BackwardGap fixed = backward_gap(c, States::exact, ConstantsFrom::states),
                    norms = backward_gap(c, States::approximate, ConstantsFrom::norms),
                    states = backward_gap(c, States::approximate, ConstantsFrom::states);
  Interval growth = state_error(p, 0) * enclose(Rational(1 - Rational(1, 1L << 40)));
  for (std::size_t l = 0; l < last; ++l) growth *= enclose(Rational(3, 2));
  e.quantities.insert({{"state, norms", forward_ratio(c, ConstantsFrom::norms)},
                       {"state, states", forward_ratio(c, ConstantsFrom::states)},
                       {"last state, states", state_error(p, last) / p.errors.back().output},
                       {"by the state, fixed", fixed.input},
                       {"by the weights, fixed", fixed.weights},
                       {"by the state, norms", norms.input},
                       {"by the state, states", states.input},
                       {"by the weights, states", states.weights},
                       {"first error", state_error(p, 0)},
                       {"last error", state_error(p, last)},
                       {"(3/2)^(m-1) e_1 (1 - 2^-40)", growth}});
  return e;
}
inline Evaluated one_layer(const Json& in) {
  const Layer<double> layer = [&] {
    Layer<double> l;
    l.residual = Residual::none;
    l.heads.push_back({doubles(in["W"]), doubles(in["W_V"]), {}});
    return l;
  }();
  const std::vector<Layer<Interval>> layers = layers_over<Interval>({layer});
  const Matrix<double> t0 = doubles(in["T0"]), direction = doubles(in["direction"]);
  const Matrix<Interval> target = intervals(in["E"]), w = intervals(in["W"]), w_v = intervals(in["W_V"]);
  const auto passed = [&](const Interval& t) { return forward(layers, along(t0, direction, t)); };
  const auto value = [&](const Interval& t) { return squared_loss(passed(t).back().output, target).value; };
  Evaluated e;
  add(e, "", on_segment(value, [&](const Interval& t) {
        const auto traces = passed(t);
        const auto loss = squared_loss(traces.back().output, target);
        return inner_product(backward(layers, traces, loss.gradient)[0].input, direction);
      }));
  add(e, " as printed", on_segment(value, [&](const Interval& t) {
        const Matrix<Interval> m = along(t0, direction, t), h = product(m, w_v),
                               f = softmax_rows(scores<Interval>(product(m, w), m)),
                               g = product(f, h) - target, q = product<Interval>(g, h.transpose()),
                               attended = product(f, h);
        Matrix<Interval> by_queries = q, by_keys = q;
        for (Eigen::Index i = 0; i < q.rows(); ++i)
          for (Eigen::Index j = 0; j < q.cols(); ++j) {
            Interval k_i = 0, k_j = 0;
            for (Eigen::Index l = 0; l < g.cols(); ++l)
              k_i += g(i, l) * attended(i, l), k_j += g(j, l) * attended(j, l);
            by_queries(i, j) = f(i, j) * (q(i, j) - k_i);
            by_keys(i, j) = f(i, j) * (q(j, i) - k_j);
          }
        const Matrix<Interval> printed =
            (product(by_queries, product(m, w)) + product(by_keys, product<Interval>(m, w.transpose()))) /
                Interval(static_cast<long>(m.cols())) +
            product(f, product<Interval>(g, w_v.transpose()));
        return inner_product(printed, direction);
      }));
  return e;
}

// ---- Over the rationals.

inline Matrix<Rational> features(const Matrix<Rational>& rows, const MonomialTree& tree) {
  Matrix<Rational> u(rows.rows(), tree.rank);
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    const std::vector<Rational> all =
        monomials(tree, std::vector<Rational>(rows.row(i).begin(), rows.row(i).end()));
    for (Eigen::Index a = 0; a < tree.rank; ++a) u(i, a) = all[static_cast<std::size_t>(a)];
  }
  return u;
}
inline Rational off(const Matrix<Rational>& a, const Matrix<Rational>& b) {
  return max_abs(Matrix<Rational>(a - b));
}

inline Evaluated rank_of_values(const Json& in) {
  const Matrix<Rational> x = matrix(in["x"]), y = matrix(in["y"]);
  Polynomial p;
  long claimed = 0;
  const long d = static_cast<long>(x.cols());
  for (const Json& c : in["coefficients"]) {
    const long k = static_cast<long>(p.coefficients.size());
    p.coefficients.emplace_back(c.get<long>());
    if (c.get<long>() != 0) claimed += k == 0 ? 1 : static_cast<long>(monomial_rank(d - 1, {k}));
  }
  Matrix<Rational> m = (x * y.transpose()).unaryExpr([&](const Rational& s) { return p(s); });
  long rank = 0;
  for (Eigen::Index column = 0; column < m.cols(); ++column) {
    Eigen::Index pivot = rank;
    while (pivot < m.rows() && m(pivot, column) == 0) ++pivot;
    if (pivot == m.rows()) continue;
    m.row(pivot).swap(m.row(rank));
    for (Eigen::Index i = rank + 1; i < m.rows(); ++i)
      m.row(i) = (m.row(i) - Rational(m(i, column) / m(rank, column)) * m.row(rank)).eval();
    ++rank;
  }
  return {x.rows() > claimed,
          {{"rank", Interval(rank)},
           {"claimed", Interval(claimed)},
           {"C(d+g, g)", enclose(Rational(monomial_rank(d, p.degree())))},
           {"claimed less one", Interval(claimed - 1)}}};
}

inline Evaluated ranks_of_gradient(const Json& in) {
  const Matrix<Rational> x = matrix(in["A1"]) * matrix(in["X"]), k = matrix(in["A2"]),
                         h = matrix(in["A3"]) * matrix(in["Y"]);
  const Polynomial w{numbers(in["coefficients"])};
  const Matrix<Rational> f = softmax_rows(scores<Rational>(x, k), Mask::none, w), c = f * h - matrix(in["E"]),
                         q = c * h.transpose(), p = softmax_pullback(f, q), fq = f.cwiseProduct(q);
  const MonomialTree tree = monomial_tree(x.cols(), w.degree());
  const Matrix<Rational> u2 = features(k, tree);
  Matrix<Rational> u1(x.rows(), tree.rank);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const auto feature = query_features(tree, w, std::vector<Rational>(x.row(i).begin(), x.row(i).end()));
    for (Eigen::Index a = 0; a < tree.rank; ++a) u1(i, a) = feature[static_cast<std::size_t>(a)];
    u1.row(i) = (u1.row(i) / Rational((u1.row(i) * u2.transpose()).sum())).eval();
  }
  const Matrix<Rational> product_form = (u1 * u2.transpose()).cwiseProduct(c * h.transpose());
  const Matrix<Rational> sums = Matrix<Rational>((u1 * (u2.transpose() * h)).cwiseProduct(c).rowwise().sum());
  Evaluated e{
      true,
      {{"f", enclose(off(f, u1 * u2.transpose()))},
       {"f o q", enclose(off(fq, product_form))},
       {"p", enclose(off(p, fq - Matrix<Rational>(sums.col(0).asDiagonal() * u1) * u2.transpose()))}}};
  if (f.rows() == f.cols())
    e.quantities["p as printed"] =
        enclose(off(p, fq - u1 * Matrix<Rational>(sums.col(0).asDiagonal() * u2).transpose()));
  return e;
}

inline Evaluated moments_changed(const Json& in) {
  const Matrix<Rational> k = matrix(in["k"]), v = matrix(in["v"]), other_k = matrix(in["k'"]),
                         other_v = matrix(in["v'"]);
  const long R = in["R"].get<long>(), R_w = in["R_w"].get<long>();
  const MonomialTree tree = monomial_tree(k.cols(), {in["degree"].get<long>()});
  const Matrix<Rational> change = attention_moments(tree, k, v) - attention_moments(tree, other_k, other_v);
  Rational sum = 0;
  long replaced = 0;
  for (Eigen::Index i = 0; i < change.size(); ++i) sum += abs(Rational(change.data()[i]));
  for (Eigen::Index j = 0; j < k.rows(); ++j)
    replaced += k.row(j) != other_k.row(j) || v.row(j) != other_v.row(j);
  return {replaced <= 1 && max_abs(k) <= R && max_abs(other_k) <= R && max_abs(v) <= R_w &&
              max_abs(other_v) <= R_w,
          {{"change", enclose(sum)}, {"Delta", enclose(moment_sensitivity(tree, v.cols(), R, R_w))}}};
}

inline Evaluated sums_over_pairs(const Json& in) {
  const Matrix<Rational> k1 = matrix(in["K1"]), k2 = matrix(in["K2"]), v1 = matrix(in["V1"]),
                         v2 = matrix(in["V2"]);
  const MonomialTree tree = monomial_tree(k1.cols(), {in["degree"].get<long>()});
  const Matrix<Rational> pairs = features(khatri_rao(k1, k2), tree).transpose() * khatri_rao(v1, v2),
                         first = features(k1, tree).transpose() * v1,
                         second = features(k2, tree).transpose() * v2;
  return {true,
          {{"product", enclose(off(pairs, first.cwiseProduct(second)))},
           {"sum", enclose(off(pairs, first + second))}}};
}

inline Evaluated compressed(const Json& in) {
  const Matrix<Rational> q = matrix(in["Q"]), k = matrix(in["K"]), v = matrix(in["V"]),
                         k_p = matrix(in["K_P"]), v_p = matrix(in["V_P"]);
  const Polynomial of_keys{numbers(in["coefficients"])}, of_prefix{numbers(in["prefix coefficients"])};
  const auto weight = [&](const Rational& s, Eigen::Index, Eigen::Index j) {
    return j < k_p.rows() ? of_prefix(s) : of_keys(s);
  };
  const Matrix<Rational> whole =
      softmax_rows(scores<Rational>(q, stacked(k_p, k)), Mask::none, weight) * stacked(v_p, v);
  const auto difference = [&](long degree) {
    Polynomial cut = of_prefix;
    cut.coefficients.resize(static_cast<std::size_t>(degree) + 1);
    const MonomialTree tree = monomial_tree(q.cols(), {degree});
    Matrix<Rational> of_queries(q.rows(), tree.rank);
    for (Eigen::Index i = 0; i < q.rows(); ++i) {
      const auto feature = query_features(tree, cut, std::vector<Rational>(q.row(i).begin(), q.row(i).end()));
      for (Eigen::Index a = 0; a < tree.rank; ++a) of_queries(i, a) = feature[static_cast<std::size_t>(a)];
    }
    return enclose(off(compressed_prefix_attention(q, k, v, of_queries,
                                                   compressed_prefix(features(k_p, tree), v_p), of_keys),
                       whole));
  };
  return {true,
          {{"difference", difference(of_prefix.degree().value)}, {"difference at degree 1", difference(1)}}};
}

inline Evaluated shifted_keys(const Json& in) {
  const Matrix<Rational> q = matrix(in["q"]), k = matrix(in["k"]), c = matrix(in["shift"]);
  const auto change = [&](Eigen::Index count) {
    Matrix<Rational> keys = k;
    for (Eigen::Index j = 0; j < count; ++j) keys.row(j) -= c.row(0);
    const Matrix<Rational> before = scores<Rational>(q, k), after = scores<Rational>(q, keys);
    Rational most = 0;
    for (Eigen::Index i = 0; i < before.rows(); ++i)
      for (Eigen::Index j = 0; j < before.cols(); ++j)
        most =
            std::max(most, Rational(abs(Rational(after(i, j) - after(i, 0) - before(i, j) + before(i, 0)))));
    return enclose(most);
  };
  return {true, {{"change", change(k.rows())}, {"change by the first key", change(1)}}};
}

inline Evaluated decoded(const Json& in) {
  const Matrix<Rational> w = matrix(in["W_A"]), e = matrix(Json::array({in["e"]})).transpose(), y = w * e;
  const Rational epsilon = number(in["epsilon"]), d0 = static_cast<long>(e.rows()), most = max_abs(y);
  return {epsilon > 0 && max_abs(e) <= epsilon &&
              w.transpose() * w == Matrix<Rational>(Matrix<Rational>::Identity(e.rows(), e.rows())),
          {{"change of |e|^2", enclose(Rational(abs(Rational(squares(y) - squares(e)))))},
           {"|W e|^2", enclose(Rational(most * most))},
           {"d0 epsilon^2", enclose(Rational(d0 * epsilon * epsilon))},
           {"epsilon^2", enclose(Rational(epsilon * epsilon))}}};
}

inline Evaluated columns_drawn(const Json& in) {
  const Matrix<Rational> p = matrix(in["P"]), v = matrix(in["V"]);
  const long samples = in["samples"].get<long>(), m = static_cast<long>(v.rows());
  const Rational share = number(in["epsilon^2"]), all = squares(p) * squares(v);
  const auto distribution = [&](const std::vector<Rational>& probability) {
    Rational mean = 0, failing = 0;
    long draws = 1;
    for (long t = 0; t < samples; ++t) draws *= m;
    for (long draw = 0; draw < draws; ++draw) {
      Rational likelihood = 1;
      Matrix<Rational> error = p * v;
      for (long t = 0, rest = draw; t < samples; ++t, rest /= m) {
        const Rational& chance = probability[static_cast<std::size_t>(rest % m)];
        likelihood *= chance;
        if (chance != 0) error -= (p.col(rest % m) / Rational(samples * chance)) * v.row(rest % m);
      }
      mean += likelihood * squares(error);
      if (squares(error) > share * all) failing += likelihood;
    }
    return std::pair(mean, failing);
  };
  std::vector<Rational> by_norm, uniform(static_cast<std::size_t>(m), Rational(1, m));
  for (long j = 0; j < m; ++j) by_norm.push_back(squares(v.row(j)) / squares(v));
  const Rational variance = (all - squares(p * v)) / samples;
  const auto [mean, failing] = distribution(by_norm);
  return {share > 0,
          {{"mean less the formula", enclose(Rational(abs(Rational(mean - variance))))},
           {"failing", enclose(failing)},
           {"1/(s epsilon^2)", enclose(Rational(1 / (samples * share)))},
           {"mean less the formula, uniform columns",
            enclose(Rational(abs(Rational(distribution(uniform).first - variance))))}}};
}

/// l of the rows of a, and their rank.
inline std::pair<std::vector<Rational>, Rational> leverage_of(const Matrix<Rational>& a) {
  const Matrix<Rational> g = a.transpose() * a;
  const auto [inverse, rank] = generalised_inverse<Rational>(g);
  std::vector<Rational> l;
  for (Eigen::Index j = 0; j < a.rows(); ++j) l.push_back(quadratic_form(a, j, inverse));
  return {l, Rational(static_cast<long>(rank))};
}
inline Evaluated leverage_scores(const Json& in, bool constant, bool weights_given) {
  Matrix<Rational> a =
      Matrix<Rational>::Constant(1, static_cast<Eigen::Index>(in["factors"][0][0].size()), Rational(1));
  std::vector<Rational> law{1};
  Evaluated e;
  for (const Json& factor : in["factors"]) {
    const Matrix<Rational> u = matrix(factor);
    a = khatri_rao(a, u);
    const auto [l, rank] = leverage_of(u);
    std::vector<Rational> longer;
    for (const Rational& p : law)
      for (const Rational& x : l) longer.push_back(rank == 0 ? Rational(0) : Rational(p * x / rank));
    law = longer;
    for (Eigen::Index j = 0; constant && j < u.rows(); ++j) e.hypotheses &= u(j, u.cols() - 1) == 1;
  }
  const auto [l, R] = leverage_of(a);
  const Rational N(l.size());
  if (R == 0) return {false, {}};
  Rational whitened = -R, uniform = -R, off_law = 0, least = 1;
  for (std::size_t j = 0; j < l.size(); ++j) {
    whitened += l[j] * R;
    uniform += l[j] * l[j] * N;
    least = std::min(least, l[j]);
    off_law = std::max(off_law, Rational(abs(Rational(law[j] - l[j] / R))));
  }
  e.quantities = {{"whitened less R (R - 1)", enclose(Rational(whitened - R * (R - 1)))},
                  {"whitened, uniform rows", enclose(uniform)},
                  {"R (R - 1)", enclose(Rational(R * (R - 1)))},
                  {"product of laws less l/R", enclose(off_law)},
                  {"1/N", enclose(Rational(1 / N))},
                  {"least leverage score", enclose(least)}};
  if (in.contains("law")) {
    const std::vector<Rational> drawn = numbers(in["law"]);
    Rational off_drawn = 0;
    for (std::size_t j = 0; j < l.size(); ++j)
      off_drawn = std::max(off_drawn, Rational(abs(Rational(drawn.at(j) - l[j] / R))));
    e.quantities["law less l/R"] = enclose(off_drawn);
  }
  if (!in.contains("x")) return e;
  const std::vector<Rational> x = numbers(in["x"]);
  Rational moment = 0, norm = 0;
  for (std::size_t j = 0; j < l.size(); ++j) {
    Rational w = weights_given ? x[j] : Rational(0);
    for (Eigen::Index r = 0; !weights_given && r < a.cols(); ++r)
      w += a(static_cast<Eigen::Index>(j), r) * x[static_cast<std::size_t>(r)];
    norm += w * w;
    if (l[j] != 0) moment += w * w * R / l[j];
  }
  e.quantities["E (w/p)^2"] = enclose(moment);
  e.quantities["N |w|^2"] = enclose(Rational(N * norm));
  e.quantities["R N |w|^2"] = enclose(Rational(R * N * norm));
  return e;
}

inline Evaluated sums_in_a_field(const Json& in, bool above) {
  const long T = in["T"].get<long>(), q = in["q"].get<long>();
  long vanish = 0;
  bool prime = q > 1;
  for (long p = 2; p < q; ++p) prime &= q % p != 0;
  for (long sum = 1; sum <= T; ++sum) vanish += sum % q == 0;
  return {prime && (!above || q > T), {{"sums that vanish", Interval(vanish)}}};
}

inline Evaluated accumulated(const Json& in) {
  Rational off = number(in["sum"]) - number(in["c"]), sizes = abs(number(in["c"]));
  for (const Json& pair : in["products"]) {
    const Rational product = number(pair[0]) * number(pair[1]);
    off -= product;
    sizes += abs(product);
  }
  return {true, {{"error", enclose(Rational(abs(off)))}, {"|c| + sum |a b|", enclose(sizes)}}};
}

/// From the leaves up: a node is taken where its sibling is outside.
inline Evaluated cover(const Json& in) {
  const long h = in["height"].get<long>(), n = 1L << h;
  long most = 0;
  for (long first = 0; first < n; ++first)
    for (long last = first + 1; last <= n; ++last) {
      long nodes = 0;
      for (long begin = first, end = last; begin < end; begin /= 2, end /= 2) {
        if (begin % 2 == 1) ++nodes, ++begin;
        if (begin < end && end % 2 == 1) ++nodes, --end;
      }
      most = std::max(most, nodes);
    }
  return {h >= 2 && in["nodes"].get<long>() == most,
          {{"nodes", Interval(most)},
           {"2 (h - 1)", Interval(2 * (h - 1))},
           {"2 (h - 1) - 1", Interval(2 * h - 3)}}};
}

inline const std::map<std::string, Evaluation> kEvaluations = {
    {"best-absolute-error", [](const Json& in) { return best_error_of(in, ErrorKind::absolute); }},
    {"best-relative-error", [](const Json& in) { return best_error_of(in, ErrorKind::relative); }},
    {"tree-forward-error", [](const Json& in) { return poly_forward(in, true); }},
    {"tree-attention", [](const Json& in) { return messages(in, false); }},
    {"triangle-by-its-tree", [](const Json& in) { return messages(in, true); }},
    {"support-basis", [](const Json& in) { return support(in, true); }},
    {"support-basis-of-any-constant", [](const Json& in) { return support(in, false); }},
    {"support-decomposition", support_split},
    {"subspace", projected},
    {"row-ratio", ratio_of_rows},
    {"spectral-split", split_of_norms},
    {"prefix-features", [](const Json& in) { return features_of_prefix(in, true); }},
    {"prefix-features-of-any-set", [](const Json& in) { return features_of_prefix(in, false); }},
    {"layer-norm", normalised_layer},
    {"closed-form",
     [](const Json& in) {
       if (in.contains("R")) return decoded_closed_form(in);
       if (in.contains("A4")) return closed_form_of(tensor_loss(in), doubles(in["direction"]));
       return closed_form_by_all(in);
     }},
    {"trace-identity", trace_of},
    {"quadrature", gauss},
    {"variance-form", in_variances},
    {"adapter-gradient-error", adapters},
    {"embedding", embedded},
    {"rank-of-polynomial", rank_of_values},
    {"gradient-rank", ranks_of_gradient},
    {"sensitivity", moments_changed},
    {"factored-sums", sums_over_pairs},
    {"prefix-representation", compressed},
    {"key-shift", shifted_keys},
    {"decoder", decoded},
    {"column-sampling", columns_drawn},
    {"leverage", [](const Json& in) { return leverage_scores(in, false, false); }},
    {"leverage-with-a-constant", [](const Json& in) { return leverage_scores(in, true, true); }},
    {"leverage-of-any-columns", [](const Json& in) { return leverage_scores(in, false, true); }},
    {"degree-from-above", theorem_u},
    {"one-layer-gradient", one_layer},
    {"network-errors", errors_of_network},
    {"tree-of-moments", moments_of_relevance},
    {"double-double", in_pairs_of_doubles},
    {"adapter-gradients", adapters_returned},
    {"threshold-of-gap", gap_of_threshold},
    {"threshold-of-formula", [](const Json& in) { return formula_by_threshold(in, false); }},
    {"threshold-of-unsatisfiable-formula", [](const Json& in) { return formula_by_threshold(in, true); }},
    {"planted-tuple", planted_outputs},
    {"wrong-answer", wrong_answer},
    {"decision-from-gradients", recovered},
    {"split-and-list", counted},
    {"merlin-arthur", small_world},
    {"sparsification", disjunction},
    {"tree-depth", halved},
    {"degree-from-below", theorem_l},
    {"small-entries", entries_small},
    {"constant-kappa", kappa_constant},
    {"kappa-star", star_of_kappa},
    {"adapter-closed-form", adapters_closed_form},
    {"tree-cover", cover},
    {"sum-of-products", accumulated},
    {"node-sums", [](const Json& in) { return sums_in_a_field(in, true); }},
    {"node-sums-of-any-field", [](const Json& in) { return sums_in_a_field(in, false); }},
};

}  // namespace attnbounds::oracle
