// What d^2 + d parameters cannot do (Theorem P of docs/neighbours.md, ours). Let phi be any feature map into
// r dimensions, and Z, k any trained values with positive denominators. Among any r + 1 queries that real
// keys weigh alike there is a set S such that no (Z, k) answers the prefix that S names well: choose lambda
// with sum_i lambda_i phi(q_i) = 0, not 0, sum lambda_i >= 0, and S = {lambda_i > 0}. If the prefix attends
// on S at least `high`, elsewhere at most `low`, then for all Z, k
//     max_i |T_i - PrefixAttn_i| >= (high - low)/2.
// With r = d: bounded by a constant, as far as 1/2, for prefixes of at most d + 1 keys. Instances: queries at
// the ends of a cross-polytope, a prefix key beta q_j for each j in S, value 1, one real key of value 0; (Z,
// k) fitted. Twin: r linearly independent features at r queries reach everything.
#include <Eigen/Dense>

#include "attention/prefix.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<double> features;  // phi(q_i), queries x r
  std::vector<long> in_s;   // 1 where query i is in S
  Matrix<double> z, k;      // r x 1 each
  long d = 0;               // columns of the queries: d - 1 free ones and a constant one
  long beta = 0;
};
Json describe(const Case& c) {
  return {{"features", json_matrix(c.features)},
          {"S", c.in_s},
          {"Z", json_matrix(c.z)},
          {"k", json_matrix(c.k)},
          {"d", c.d},
          {"beta", c.beta}};
}

/// Query i: +-e_l and a last column 1.
Matrix<Rational> queries(const Case& c) {
  Matrix<Rational> q = Matrix<Rational>::Constant(c.features.rows(), c.d, Rational(0));
  for (Eigen::Index i = 0; i < q.rows(); ++i) {
    q(i, i / 2) = i % 2 == 0 ? 1 : -1;
    q(i, c.d - 1) = 1;
  }
  return q;
}
struct Outputs {
  std::vector<Interval> exact, compressed;
};
Outputs outputs(const Case& c) {
  const Matrix<Rational> q = queries(c);
  std::vector<Eigen::Index> members;
  for (Eigen::Index i = 0; i < q.rows(); ++i)
    if (c.in_s[static_cast<std::size_t>(i)] == 1) members.push_back(i);
  const auto count = static_cast<Eigen::Index>(members.size());
  // Prefix keys beta (d q_j, without the constant); the real key's score is beta/2 for every query.
  Matrix<Rational> k = Matrix<Rational>::Constant(count + 1, c.d, Rational(0)),
                   v = Matrix<Rational>::Constant(count + 1, 1, Rational(1));
  for (Eigen::Index j = 0; j < count; ++j)
    for (Eigen::Index l = 0; l + 1 < c.d; ++l) k(j, l) = c.beta * c.d * q(members[j], l);
  k(count, c.d - 1) = Rational(c.beta * c.d, 2);
  v(count, 0) = 0;
  const auto intervals = [](const Matrix<Rational>& m) {
    return Matrix<Interval>(m.unaryExpr([](const Rational& x) { return enclose(x); }));
  };
  const Matrix<Interval> exact = attention(intervals(q), intervals(k), intervals(v));
  const Matrix<Interval> real_key = intervals(Matrix<Rational>(k.bottomRows(1))),
                         real_value = intervals(Matrix<Rational>(v.bottomRows(1)));
  const Matrix<Interval> compressed = compressed_prefix_attention(
      intervals(q), real_key, real_value, matrix_from<Interval>(c.features),
      CompressedPrefix<Interval>{matrix_from<Interval>(c.z), matrix_from<Interval>(c.k)});
  Outputs result;
  for (Eigen::Index i = 0; i < q.rows(); ++i) {
    result.exact.push_back(exact(i, 0));
    result.compressed.push_back(compressed(i, 0));
  }
  return result;
}
Interval half_gap(const Case& c) {
  const Outputs o = outputs(c);
  Interval high = 1, low = 0;
  for (std::size_t i = 0; i < o.exact.size(); ++i) {
    if (c.in_s[i] == 1) high = minimum(high, o.exact[i]);
    else low = maximum(low, o.exact[i]);
  }
  return (high - low) / 2;
}
Interval error(const Case& c) {
  const Outputs o = outputs(c);
  Interval largest = 0;
  for (std::size_t i = 0; i < o.exact.size(); ++i)
    largest = maximum(largest, absolute_value(o.compressed[i] - o.exact[i]));
  return largest;
}

/// lambda of the queries' features, exactly; empty if they are independent or there is more than one.
std::vector<Rational> dependency(const Matrix<double>& features) {
  Matrix<Rational> m = matrix_from<Rational>(Matrix<double>(features.transpose()));  // r x queries
  const Eigen::Index rows = m.rows(), columns = m.cols();
  for (Eigen::Index p = 0; p < rows; ++p) {  // reduced row echelon form, pivots in the first r columns
    Eigen::Index pivot = p;
    while (pivot < rows && m(pivot, p) == 0) ++pivot;
    if (pivot == rows) return {};
    m.row(p).swap(m.row(pivot));
    m.row(p) = (m.row(p) / Rational(m(p, p))).eval();
    for (Eigen::Index i = 0; i < rows; ++i)
      if (i != p) m.row(i) = (m.row(i) - Rational(m(i, p)) * m.row(p)).eval();
  }
  std::vector<Rational> lambda(static_cast<std::size_t>(columns), Rational(0));
  lambda.back() = 1;
  for (Eigen::Index p = 0; p < rows; ++p) lambda[static_cast<std::size_t>(p)] = -m(p, columns - 1);
  return lambda;
}
bool names_s(const Case& c) {
  std::vector<Rational> lambda =
      c.features.rows() == c.features.cols() + 1 ? dependency(c.features) : std::vector<Rational>{};
  if (lambda.empty()) return false;
  Rational sum = 0;
  for (const Rational& x : lambda) sum += x;
  for (std::size_t i = 0; i < lambda.size(); ++i)
    if ((sum >= 0 ? lambda[i] > 0 : lambda[i] < 0) != (c.in_s[i] == 1)) return false;
  return true;
}
bool denominators_are_positive(const Case& c) {
  const Matrix<Rational> products = matrix_from<Rational>(c.features) * matrix_from<Rational>(c.k);
  for (Eigen::Index i = 0; i < products.rows(); ++i)
    if (products(i, 0) < 0) return false;
  return true;
}
Case features_and_sizes(Draw& d, long more_queries) {
  Case c;
  c.d = d.integer(3, 5);  // r = d features, 2 (d - 1) >= d + 1 ends
  c.beta = d.integer(2, 40);
  c.features = Matrix<double>(c.d + more_queries, c.d);
  for (Eigen::Index i = 0; i < c.features.size(); ++i)  // phi >= 0, as ELU + 1 is
    c.features.data()[i] = nearest(Rational(d.integer(0, 64), 16));
  c.in_s.assign(static_cast<std::size_t>(c.features.rows()), 0);
  return c;
}
/// Z and k by least squares to the outputs wanted: phi(q)(Z - t k) = t w0 with k = large * ones.
void fit(Draw& d, Case& c) {
  const double w0 = std::exp(static_cast<double>(c.beta) / 2);
  const long kind = d.integer(0, 3);
  c.k = Matrix<double>::Constant(c.d, 1, kind == 0 ? 0 : std::ldexp(w0, static_cast<int>(d.integer(-2, 12))));
  if (kind == 1) {  // the constant 1/2: as good as any, where k is large
    c.z = c.k / 2;
    return;
  }
  Matrix<double> wanted(c.features.rows(), 1);
  const Matrix<double> of_k = c.features * c.k;
  for (Eigen::Index i = 0; i < wanted.rows(); ++i)
    wanted(i, 0) = (c.in_s[static_cast<std::size_t>(i)] == 1 ? 0.999 : 0.001) * (w0 + of_k(i, 0));
  c.z = Eigen::MatrixXd(c.features).colPivHouseholderQr().solve(Eigen::MatrixXd(wanted));
}
Case draw(Draw& d) {
  for (;;) {
    Case c = features_and_sizes(d, 1);
    const std::vector<Rational> lambda = dependency(c.features);
    if (lambda.empty()) continue;
    Rational sum = 0;
    for (const Rational& x : lambda) sum += x;
    for (std::size_t i = 0; i < lambda.size(); ++i) c.in_s[i] = (sum >= 0 ? lambda[i] > 0 : lambda[i] < 0);
    fit(d, c);
    if (denominators_are_positive(c)) return c;
  }
}
/// r queries with features e_1, ..., e_r: Z and k are the prefix's own sums.
Case draw_as_many(Draw& d) {
  Case c = features_and_sizes(d, 0);
  c.features.setIdentity();
  for (long& i : c.in_s) i = d.integer(0, 1);
  c.in_s.front() = 1;
  c.in_s.back() = 0;
  c.k = Matrix<double>::Zero(c.d, 1);
  for (Eigen::Index i = 0; i < c.d; ++i)
    for (Eigen::Index j = 0; j < c.d; ++j)
      if (c.in_s[static_cast<std::size_t>(j)] == 1)
        c.k(i, 0) += std::exp(static_cast<double>(i == j ? c.beta : i / 2 == j / 2 ? -c.beta : 0));
  c.z = c.k;
  return c;
}

const Registration features_needed =
    claim("liang-shi-song-yang-2024-prefix/features-needed",
          "what d^2 + d parameters can represent (Theorem P, ours)", Standing::checked)
        .says(
            "for any r features of r + 1 queries some prefix of at most r + 1 keys is missed by (high - "
            "low)/2 "
            "at one of them, whatever Z and k are",
            R"(for any $\phi:\mathbb R^d\to\mathbb R^r$ and $r+1$ queries some prefix has $\max_i|T_i-\mathrm{PrefixAttn}_i|\ge\tfrac12(\mathrm{high}-\mathrm{low})$ for all $Z, k$)")
        .given(draw)
        .where("S is named by a dependency of the r + 1 features", names_s)
        .where("denominators are positive", denominators_are_positive)
        .at_most("half the gap <= error", half_gap, error)
        .finds("gap", "largest half gap: error that no Z, k of d^2 + d numbers can avoid", Extreme::largest,
               half_gap)
        .twin_without("S is named by a dependency of the r + 1 features", draw_as_many)
        .sizes(100, 1000, 10000);

}  // namespace
}  // namespace attnbounds
