// Both sides of a claim-instance certificate, evaluated anew with the producer's definitions in intervals:
// the judge of altered instances that attnbounds-check accepts. It shares no code with the checker.
#pragma once

#include <numeric>

#include "attention/gradient_bounds.hpp"
#include "attention/relevant_keys.hpp"
#include "cli/instance_oracle_neighbours.hpp"
#include "kernels/monomials.hpp"
#include "numeric/exact_text.hpp"
#include "polynomial/least_degree.hpp"
#include "proofs_check/attention_case.hpp"
#include "proofs_check/claim.hpp"
#include "proofs_check/gradient_case.hpp"

namespace attnbounds::oracle {

/// softmax(S) and softmax of S with the weights times 1 + delta sigma: their gradients' difference, and
/// Theorem G'.
inline std::map<std::string, Interval> gradient_sides(const Json& in) {
  const Matrix<Interval> a1 = intervals(in["A1"]), x = intervals(in["X"]), e = intervals(in["E"]),
                         sigma = intervals(in["sigma"]), a2 = intervals(in["A2"]), a3 = intervals(in["A3"]);
  const bool tensor = in.contains("A4");
  Matrix<Interval> keys = a2, h;
  Interval key_size = max_abs(a2);
  if (tensor) {
    const Matrix<Interval> first = product(intervals(in["A4"]), intervals(in["Y1"])),
                           second = product(intervals(in["A5"]), intervals(in["Y2"]));
    keys.resize(a2.rows() * a3.rows(), a2.cols() * a3.cols());
    h.resize(keys.rows(), first.cols());
    key_size *= max_abs(a3);
    for (Eigen::Index i = 0; i < a2.rows(); ++i)
      for (Eigen::Index j = 0; j < a3.rows(); ++j) {
        for (Eigen::Index u = 0; u < a2.cols(); ++u)
          for (Eigen::Index v = 0; v < a3.cols(); ++v)
            keys(i * a3.rows() + j, u * a3.cols() + v) = a2(i, u) * a3(j, v);
        for (Eigen::Index l = 0; l < h.cols(); ++l) h(i * a3.rows() + j, l) = first(i, l) * second(j, l);
      }
  } else {
    h = product(a3, intervals(in["Y"]));
  }
  const Interval d = enclose(Rational(static_cast<long>(a1.cols())));
  const Matrix<Interval> s = product<Interval>(product(a1, x), keys.transpose());
  const auto weights = [&](bool perturbed) {
    Matrix<Interval> f = s;
    for (Eigen::Index i = 0; i < f.rows(); ++i) {
      Interval total = 0;
      for (Eigen::Index j = 0; j < f.cols(); ++j) {
        f(i, j) = exp(Interval(s(i, j) / d)) *
                  (perturbed ? 1 + enclose(number(in["delta"])) * sigma(i, j) : Interval(1));
        total += f(i, j);
      }
      for (Eigen::Index j = 0; j < f.cols(); ++j) f(i, j) /= total;
    }
    return f;
  };
  const auto gradient = [&](const Matrix<Interval>& f) {
    const Matrix<Interval> q = product<Interval>(product(f, h) - e, h.transpose());
    Matrix<Interval> p = q;
    for (Eigen::Index i = 0; i < p.rows(); ++i) {
      Interval middle = 0;
      for (Eigen::Index j = 0; j < p.cols(); ++j) middle += f(i, j) * q(i, j);
      for (Eigen::Index j = 0; j < p.cols(); ++j) p(i, j) = f(i, j) * (q(i, j) - middle);
    }
    return Matrix<Interval>(product<Interval>(a1.transpose(), product(p, keys)) / d);
  };
  const Matrix<Interval> f = weights(false), residual = product(f, h) - e;
  const GradientSizes sizes{Rational(static_cast<long>(a1.rows())),
                            Rational(static_cast<long>(a1.cols())),
                            Rational(static_cast<long>(h.cols())),
                            max_abs(a1),
                            key_size,
                            max_abs(h),
                            max_abs(residual),
                            max_abs(e)};
  const Interval phi = phi_of(number(in["delta"]));
  const Matrix<Interval> change = gradient(weights(true)) - gradient(f),
                         bounds = tensor ? gradient_entry_bounds(loss_over<Interval>(tensor_loss(in)), phi)
                                         : gradient_entry_bounds(loss_over<Interval>(matrix_loss(in)), phi);
  Interval entry = 0;
  for (Eigen::Index i = 0; i < change.size(); ++i)
    if (lower(bounds.data()[i]) > 0)
      entry = maximum(entry, absolute_value(change.data()[i]) / bounds.data()[i]);
  return {{"error", max_abs(change)},
          {"theorem G'", gradient_bound(sizes, phi)},
          {"theorem G", gradient_bound_theorem_g(sizes, phi)},
          {"plain bound", gradient_bound_plain(sizes, phi)},
          {"entry over its bound", entry},
          {"one", Interval(1)}};
}

inline std::pair<Interval, Interval> attention_sides(const Json& in) {
  const Polynomial p{numbers(in["coefficients"])};
  const bool tensor = in.contains("k1");
  const auto m = [&](const char* name) { return intervals(in[name]); };
  const Matrix<Rational> keys = tensor ? khatri_rao(matrix(in["k1"]), matrix(in["k2"])) : matrix(in["k"]);
  const Matrix<Rational> s = scores<Rational>(matrix(in["q"]), keys);
  const Interval phi = sharp_perturbation(relative_error_on(p, s));
  if (tensor)
    return {
        max_abs(Matrix<Interval>(tensor_attention(m("q"), m("k1"), m("k2"), m("v1"), m("v2"), Mask::none, p) -
                                 tensor_attention(m("q"), m("k1"), m("k2"), m("v1"), m("v2")))),
        phi * max_abs(m("v1")) * max_abs(m("v2"))};
  return {max_abs(Matrix<Interval>(attention(m("q"), m("k"), m("v"), Mask::none, p) -
                                   attention(m("q"), m("k"), m("v")))),
          phi * max_abs(m("v"))};
}

/// The errors of the groups of keys, and a key's group: those of the prefix are group 1.
inline std::vector<Rational> groups_of(const Json& in) {
  return in.contains("delta") ? std::vector<Rational>{0, number(in["delta"])} : numbers(in["theta"]);
}
inline std::size_t group_of(const Json& key) {
  return key.at(key.contains("group") ? "group" : "in the prefix").get<std::size_t>();
}

/// A quantity of the certificate's lemma on its instance.
inline Interval quantity(const std::string& lemma, const std::string& name, const Json& in) {
  const auto n = [&](const char* key) { return number(in.at(key)); };
  if (name == "zero") return 0;
  if (const auto more = kEvaluations.find(lemma); more != kEvaluations.end())
    return more->second(in).quantities.at(name);
  if (lemma == "softmax-perturbation") {
    const std::vector<Rational> w = numbers(in["weights"]);
    std::vector<Rational> eta = numbers(in["eta"]);
    for (Rational& e : eta) e += 1;
    const std::vector<Rational> near = times(w, eta), one(w.size(), 1);
    const Rational delta = n("delta"), t = n("t"), sum = mean(one, w), near_sum = mean(one, near);
    Rational distance = 0;
    for (std::size_t j = 0; j < w.size(); ++j)
      distance += abs(Rational(near[j] / near_sum - w[j] / sum)) / static_cast<long>(w.size());
    return enclose(name == "distance" ? distance
                   : name == "phi"    ? Rational(2 * t)
                                      : Rational(2 * delta / (1 - delta)));
  }
  if (lemma == "alternation") {
    const std::vector<Rational> x = numbers(in["points"]);
    const Polynomial p{numbers(in["coefficients"])};
    if (name == "error") {
      Interval largest = 0;
      for (const Rational& t : x)
        largest = maximum(largest, absolute_value(enclose(p(t)) * exp(enclose(Rational(-t))) - 1));
      return largest;
    }
    const std::size_t count = x.size() - (name == "alternation" ? 0 : 1);
    Interval sum = 0, weight = 0;
    for (std::size_t i = 0; i < count; ++i) {
      Rational product = 1;
      for (std::size_t j = 0; j < count; ++j)
        if (j != i) product *= x[i] - x[j];
      const Interval term = exp(enclose(x[i])) / enclose(product);
      sum += term;
      weight += absolute_value(term);
    }
    return absolute_value(sum) / weight;
  }
  if (lemma == "taylor-section" || lemma == "even-taylor-section" || lemma == "taylor-tail") {
    const Rational x = n(lemma == "taylor-tail" ? "half_width" : "x");
    Rational section = 0, term = 1;
    for (long k = 0; k <= in.at("degree").get<long>(); term = term * x / ++k) section += term;
    if (name == "section") return enclose(section);
    if (name == "tail") return exp(enclose(x)) - enclose(section);
    return enclose(n("delta")) * exp(enclose(Rational(name == "delta e^-X" ? -x : -3 * x)));
  }
  if (lemma == "degree-formula") {
    if (name == "degree")
      return enclose(Rational(least_degree(n("half_width"), n("epsilon"), ErrorKind::relative).degree.value));
    const Interval L = -log_interval(n("epsilon")), X = enclose(n("half_width"));
    return maximum(X, L / maximum(log(L / X), Interval(1)));
  }
  if (lemma == "forward-error" && in.contains("products")) return poly_forward(in, false).quantities.at(name);
  if (lemma == "forward-error")
    return name == "error" ? attention_sides(in).first : attention_sides(in).second;
  if (lemma == "gradient-error") return gradient_sides(in).at(name);
  if (lemma == "along-scale") {
    const Matrix<Rational> a = matrix(in["A"]), v = matrix(in["V"]);
    const long rows = static_cast<long>(a.rows()), columns = static_cast<long>(v.cols());
    const Rational B = n("B");
    if (name == "B n") return enclose(Rational(rows * B));
    if (name == "n d B") return enclose(Rational(B * rows * columns));
    if (name == "n B^2") return enclose(Rational(rows * B * B));
    if (name == "n d B^2") return enclose(Rational(B * B * rows * columns));
    Interval slope = 0, curvature = 0;
    for (Eigen::Index i = 0; i < a.rows(); ++i)
      for (Eigen::Index c = 0; c < v.cols();
           ++c) {  // derivatives of y^2, y = M(V)/M(1), M(x) = sum e^{l A} x
        const auto M = [&](auto x) {
          Interval sum = 0;
          for (Eigen::Index j = 0; j < a.cols(); ++j)
            sum += exp(enclose(Rational(a(i, j) * n("l")))) * enclose(Rational(x(j)));
          return sum;
        };
        const Interval w = M([](auto) { return Rational(1); }), w1 = M([&](auto j) { return a(i, j); }),
                       w2 = M([&](auto j) { return Rational(a(i, j) * a(i, j)); }),
                       u = M([&](auto j) { return v(j, c); }),
                       u1 = M([&](auto j) { return Rational(a(i, j) * v(j, c)); }),
                       u2 = M([&](auto j) { return Rational(a(i, j) * a(i, j) * v(j, c)); });
        const Interval y = u / w, y1 = (u1 - y * w1) / w, y2 = (u2 - y * w2 - 2 * y1 * w1) / w;
        slope += 2 * y * y1;
        curvature += 2 * (y1 * y1 + y * y2);
      }
    if (name == "curvature") return absolute_value(curvature);
    return absolute_value(slope);
  }
  if (lemma == "covariance-perturbation") {
    const std::vector<Rational> f = numbers(in["f"]), g = times(f, numbers(in["w"])), q = numbers(in["q"]),
                                y = numbers(in["y"]), one(f.size(), 1);
    const Rational phi = 2 * (n("r") - 1) / (n("r") + 1), count = static_cast<long>(f.size());
    const auto covariance = [&](const std::vector<Rational>& w) {
      return Rational(mean(w, times(q, y)) - mean(w, q) * mean(w, y));
    };
    if (name == "change") return enclose(abs(Rational(covariance(g) - covariance(f))));
    if (name == "bound") return enclose(Rational(phi * range(q) * range(y) / 4));
    if (name == "pullback bound") return enclose(Rational(phi * range(q) / 2));
    Rational sum = 0;
    for (std::size_t j = 0; j < f.size(); ++j)
      sum += abs(Rational(g[j] / (count * mean(one, g)) * (q[j] - mean(g, q)) -
                          f[j] / (count * mean(one, f)) * (q[j] - mean(f, q))));
    return enclose(sum);
  }
  if (lemma == "third-moment") {
    const std::vector<Rational> f = numbers(in["f"]);
    Rational ranges = 1;
    std::vector<Rational> centred(f.size(), 1);
    for (const char* key : {"a", "b", "c"}) {
      std::vector<Rational> x = numbers(in[key]);
      const Rational middle = mean(f, x);
      ranges *= range(x);
      for (Rational& entry : x) entry -= middle;
      centred = times(centred, x);
    }
    return enclose(name == "ranges" ? ranges : abs(mean(f, centred)));
  }
  if (lemma == "feature-map") {
    const Polynomial p{numbers(in["coefficients"])};
    const std::vector<Rational> q = numbers(in["q"]), k = numbers(in["k"]);
    const MonomialTree tree = monomial_tree(static_cast<Eigen::Index>(q.size()), p.degree());
    const std::vector<Rational> of_q = monomials(tree, q), of_k = monomials(tree, k);
    const long d = static_cast<long>(q.size());
    Rational score = 0, sum = 0;
    for (std::size_t l = 0; l < q.size(); ++l) score += q[l] * k[l] / d;
    for (std::size_t a = 0; a < of_q.size(); ++a) {
      const long degree = tree.degree_of[a];
      Rational weight = p.coefficients[static_cast<std::size_t>(degree)];
      for (long t = 0; t < degree; ++t) weight /= d;
      if (name == "defect") weight *= Rational(tree.multinomial[a]);
      sum += weight * of_q[a] * of_k[a];
    }
    return enclose(abs(Rational(p(score) - sum)));
  }
  const auto column = [&](const char* key) {
    std::vector<Rational> x;
    for (const Json& k : in.at("keys")) x.push_back(number(k.at(key)));
    return x;
  };
  const auto sizes = [](std::vector<Rational> x) {
    for (Rational& a : x) a = abs(a);
    return x;
  };
  const auto largest = [](const std::vector<Rational>& x) { return *std::max_element(x.begin(), x.end()); };
  if (lemma == "kernel-of-relative-error" || lemma == "kernel-of-values-not-negative") {
    const std::vector<Rational> w = column("weight"), v = column("value");
    std::vector<Rational> factor = column("eta");
    for (Rational& f : factor) f += 1;
    const Rational eps = n("eps"), most = 2 * eps / (1 - eps);
    if (name == "factor |Att|") return enclose(Rational(most * abs(mean(w, v))));
    if (name == "factor Att|V|") return enclose(Rational(most * mean(w, sizes(v))));
    return enclose(abs(Rational(mean(times(w, factor), v) - mean(w, v))));
  }
  if (lemma == "perturbed-keys") {
    const std::vector<Rational> w = column("weight"), v = column("value"), moved = times(w, column("factor"));
    const std::vector<Rational> theta = groups_of(in);
    std::vector<Rational> scale;
    for (const Json& k : in.at("keys")) {
      const Rational& t = theta.at(group_of(k));
      scale.push_back(t / (1 - t));
    }
    const Rational most = largest(sizes(v));
    if (name == "phi max|V|") return sharp_perturbation(enclose(largest(theta))) * enclose(most);
    if (name == "share") return enclose(Rational(2 * mean(moved, scale) * most));
    return enclose(abs(Rational(mean(moved, v) - mean(w, v))));
  }
  const auto average = [&](const std::vector<Interval>& w, const std::vector<Rational>& v) {
    Interval numerator = 0, total = 0;
    for (std::size_t j = 0; j < w.size(); ++j) {
      numerator += w[j] * enclose(v[j]);
      total += w[j];
    }
    return Interval(numerator / total);
  };
  if (lemma == "odd-taylor-denominator" || lemma == "taylor-denominator" || lemma == "taylor-attention") {
    Polynomial p{{1}};
    for (long t = 1; t < in.at("terms").get<long>(); ++t) p.coefficients.push_back(p.coefficients.back() / t);
    const std::vector<Rational> scores = numbers(in["scores"]), v = numbers(in["values"]);
    Rational sum = 0, power = 1;
    Interval least = 0;
    std::vector<Interval> near, exact;
    for (const Rational& s : scores) {
      sum += p(s);
      least += minimum(Interval(1), exp(enclose(s)));
      near.push_back(enclose(p(s)));
      exact.push_back(exp(enclose(s)));
    }
    if (name == "denominator") return enclose(sum);
    if (name == "sum min(1, e^s)") return least;
    if (name == "error") return absolute_value(average(near, v) - average(exact, v));
    const Rational X = largest(sizes(scores));
    for (long t = 1; t <= in.at("terms").get<long>(); ++t) power *= X / t;
    return sharp_perturbation(enclose(power) * exp(enclose(X))) * enclose(largest(sizes(v)));
  }
  if (lemma == "relevant-keys") {
    const std::vector<Rational> scores = numbers(in["scores"]), v = numbers(in["values"]);
    const Rational eps = n("eps"), count(scores.size()), most = largest(sizes(v)),
                   share = 2 * eps * (count - 1) / (count + eps * (count - 1)) * most;
    if (name == "share") return enclose(share);
    if (name == "eps max|V|") return enclose(Rational(eps * most));
    if (name == "length") return log_interval(1 + eps) + log_interval(Rational(count / eps));
    Polynomial p{{1}};
    for (long t = 1; t <= in.at("degree").get<long>(); ++t)
      p.coefficients.push_back(p.coefficients.back() / t);
    std::vector<Interval> all, relevant(scores.size(), Interval(0)), near = relevant, near_all;
    for (const Rational& s : scores) {
      all.push_back(exp(enclose(Rational(s - n("shift")))));
      near_all.push_back(enclose(p(Rational(s - n("shift")))));
    }
    Interval delta = 0;
    Rational spread = 0;
    for (const std::size_t j : relevant_keys(scores, eps).keys) {
      relevant[j] = all[j];
      near[j] = near_all[j];
      delta = maximum(delta, absolute_value(near[j] / all[j] - 1));
      spread = std::max(spread, Rational(largest(scores) - scores[j]));
    }
    if (name == "spread") return enclose(spread);
    if (name == "share + phi max|V|") return enclose(share) + sharp_perturbation(delta) * enclose(most);
    const std::vector<Interval>& weights = name == "error"                ? relevant
                                           : name == "polynomial's error" ? near
                                                                          : near_all;
    return absolute_value(average(weights, v) - average(all, v));
  }
  if (lemma == "largest-product") {
    const Rational base = name == "misplaced" ? Rational(3 * in.at("products").size()) : Rational(2);
    const long tau = in.at("tau").get<long>();
    Rational sum = 0, anchor = 1;
    long best = 0;
    for (const Json& product : in.at("products")) {
      Rational power = 1;
      for (long i = 0; i < 2 * product.get<long>(); ++i) power *= base;
      sum += power;
      best = std::max(best, product.get<long>());
    }
    for (long i = 0; i < 2 * tau - 1; ++i) anchor *= base;
    const Rational y = sum / (sum + anchor);
    return enclose(best >= tau ? Rational(Rational(3, 4) - y) : Rational(y - Rational(1, 4)));
  }
  if (lemma == "score-range") {
    const Matrix<Rational> a = matrix(in["C1 W"]), b = matrix(in["C2"]);
    const Rational gamma = std::max(max_abs(a), max_abs(b)), score = max_abs(scores<Rational>(a, b));
    return enclose(name == "Gamma^2" ? Rational(gamma * gamma)
                   : name == "score" ? score
                                     : Rational(score * static_cast<long>(a.cols())));
  }
  if (lemma == "normalisation") {
    const Matrix<Interval> keys = intervals(in["W_K X"]).transpose(),
                           queries = intervals(in["W_Q X"]).transpose(),
                           v = intervals(in["W_OV X"]).transpose();
    if (name == "max|V|") return max_abs(v);
    if (name == "output") return max_abs(attention(queries, keys, v));
    const Matrix<Interval> over_queries = softmax_rows(scores<Interval>(keys, queries));
    return max_abs(Matrix<Interval>(product<Interval>(over_queries.transpose(), v)));
  }
  if (lemma == "column-norms") {
    const Matrix<Rational> p = matrix(in["P"]);
    const Rational columns = static_cast<long>(p.cols()), rows = static_cast<long>(p.rows());
    Rational all = 0, entry = 0, row = 0, column_norm = 0;
    for (Eigen::Index i = 0; i < p.rows(); ++i) {
      Rational sum = 0;
      for (Eigen::Index j = 0; j < p.cols(); ++j) sum += p(i, j) * p(i, j);
      all += sum;
      row = std::max(row, Rational(columns * sum));
    }
    for (Eigen::Index j = 0; j < p.cols(); ++j) {
      Rational sum = 0;
      for (Eigen::Index i = 0; i < p.rows(); ++i) {
        sum += p(i, j) * p(i, j);
        entry = std::max(entry, Rational(p(i, j) * p(i, j)));
      }
      column_norm = std::max(column_norm, sum);
    }
    return enclose(name == "entry^2"   ? entry
                   : name == "alpha/m" ? column_norm
                   : name == "|P|^2"   ? all
                   : name == "alpha"   ? Rational(columns * column_norm)
                   : name == "n/m"     ? Rational(rows / columns)
                   : name == "row"     ? row
                   : name == "row^2"   ? Rational(row * row)
                                       : Rational(columns * columns * column_norm));
  }
  throw std::logic_error("the oracle does not know " + lemma);
}

inline bool hypotheses_hold(const std::string& lemma, const Json& in) {
  const auto n = [&](const char* key) { return number(in.at(key)); };
  const auto all = [](const std::vector<Rational>& x, auto holds) {
    return std::all_of(x.begin(), x.end(), holds);
  };
  const auto entries = [&](const char* key, auto holds) {
    for (const Json& row : in.at(key))
      if (!all(numbers(row), holds)) return false;
    return true;
  };
  const auto positive = [](const Rational& x) { return x > 0; };
  if (const auto more = kEvaluations.find(lemma); more != kEvaluations.end())
    return more->second(in).hypotheses;
  if (lemma == "softmax-perturbation") {
    const Rational t = n("t"), delta = n("delta");
    return t > 0 && t < 1 && delta == 2 * t / (1 + t * t) && all(numbers(in["weights"]), positive) &&
           all(numbers(in["eta"]), [&](const Rational& e) { return abs(e) <= delta; });
  }
  if (lemma == "alternation") {
    const std::vector<Rational> x = numbers(in["points"]);
    return std::is_sorted(x.begin(), x.end(), std::less_equal<>()) &&
           in["coefficients"].size() + 1 <= x.size();
  }
  if (lemma == "even-taylor-section") return in.at("degree").get<long>() % 2 == 0;
  if (lemma == "taylor-tail")
    return in.at("degree") == explicit_taylor_degree(n("half_width"), n("delta")).value;
  if (lemma == "degree-formula")
    return n("epsilon") < n("half_width") / (1 + n("half_width")) &&
           in.at("degree") == least_degree(n("half_width"), n("epsilon"), ErrorKind::relative).degree.value;
  if (lemma == "gradient-error")
    return n("delta") > 0 && n("delta") < 1 &&
           entries("sigma", [](const Rational& x) { return abs(x) <= 1; });
  if (lemma == "along-scale") {
    const Rational B = n("B");
    return entries("A", [&](const Rational& x) { return x >= 0 && x <= B; }) &&
           entries("V", [](const Rational& x) { return x == 0 || x == 1; });
  }
  if (lemma == "covariance-perturbation") {
    const std::vector<Rational> w = numbers(in["w"]);
    return all(numbers(in["f"]), positive) && all(w, positive) &&
           *std::max_element(w.begin(), w.end()) <= n("r") * n("r") * *std::min_element(w.begin(), w.end());
  }
  if (lemma == "third-moment") return all(numbers(in["f"]), positive);
  const auto of_keys = [&](auto holds) {
    return std::all_of(in.at("keys").begin(), in.at("keys").end(), holds);
  };
  if (lemma == "kernel-of-relative-error" || lemma == "kernel-of-values-not-negative")
    return n("eps") < 1 && of_keys([&](const Json& k) {
             return number(k.at("weight")) > 0 && abs(number(k.at("eta"))) <= n("eps") &&
                    (lemma == "kernel-of-relative-error" || number(k.at("value")) >= 0);
           });
  if (lemma == "perturbed-keys")
    return of_keys([&](const Json& k) {
      const std::vector<Rational> theta = groups_of(in);
      return number(k.at("weight")) > 0 && theta.at(group_of(k)) < 1 &&
             abs(Rational(number(k.at("factor")) - 1)) <= theta.at(group_of(k));
    });
  if (lemma == "odd-taylor-denominator") return in.at("terms").get<long>() % 2 == 1;
  if (lemma == "relevant-keys") return n("eps") > 0 && n("eps") < 1;
  if (lemma == "column-norms") {
    for (const Json& row : in.at("P")) {
      const std::vector<Rational> x = numbers(row);
      if (!all(x, [](const Rational& p) { return p >= 0; }) ||
          std::accumulate(x.begin(), x.end(), Rational(0)) != 1)
        return false;
    }
  }
  return true;  // those of the others are in their bounds, or there are none
}

/// A side of the comparison that the certificate makes.
inline Interval side(const Json& c, const char* name) {
  return quantity(c.at("lemma"), c.at(name).at("quantity"), c.at("instance")) *
         enclose(number(c.at(name).at("scale")));
}

/// Does what the certificate says hold, by the producer's intervals?
inline bool confirms(const Json& c) {
  const WorkingPrecision precision(Bits{512});
  if (!hypotheses_hold(c.at("lemma"), c.at("instance"))) return false;
  const Interval left = side(c, "left"), right = side(c, "right");
  if (c.at("relation") == "greater") return lower(left) > upper(right);
  const bool exact = width(left) == 0 && width(right) == 0;
  return upper(left) <= lower(right) ||
         (!exact && lower(left) <= upper(right) && lower(right) <= upper(left));
}

}  // namespace attnbounds::oracle
