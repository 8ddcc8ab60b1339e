#include "softmax.hpp"

#include <algorithm>

namespace checker {

Row softmax_row(const Row& q, const Rows& keys, long d, long last, long second) {
  Row weights(keys.size());
  Ball sum;
  for (std::size_t j = 0; j < keys.size(); ++j) {
    if (std::max(static_cast<long>(j) / second, static_cast<long>(j) % second) > last) continue;
    weights[j] = exp(dot(q, keys[j]) / Ball(d));
    sum = sum + weights[j];
  }
  for (Ball& w : weights) w = w / sum;
  return weights;
}

Rows softmax_rows(const Rows& q, const Rows& keys, long d, Mask mask) {
  Rows f;
  for (const Row& row : q)
    f.push_back(softmax_row(row, keys, d, mask == Mask::causal ? static_cast<long>(f.size()) : LONG_MAX));
  return f;
}

AttentionGradient attention_gradient(const Rows& f, const Rows& q, const Rows& k, const Rows& v,
                                     const Rows& g) {
  const Rows p = scaled(Ball(1) / Ball(q[0].size()), pulled_back(f, g, v));
  return {p, product(p, k), product(transposed(p), q), product(transposed(f), g)};
}

Ends ends_of(const Row& x) {
  Ends ends{x[0], x[0]};
  for (const Ball& a : x) ends = {minimum(ends.low, a), maximum(ends.high, a)};
  return ends;
}
namespace {
std::vector<Ends> column_ends(const Rows& m) {
  std::vector<Ends> ends;
  for (const Row& column : transposed(m)) ends.push_back(ends_of(column));
  return ends;
}
}  // namespace

Rows form_bounds(const Rows& left, const Rows& right, const Rows& sizes, const Rows& h, const Ball& factor) {
  const std::vector<Ends> of_h = column_ends(h), of_right = column_ends(right);
  Rows bounds(left[0].size(), Row(of_right.size()));
  for (std::size_t i = 0; i < left.size(); ++i) {
    Ball row;
    for (std::size_t l = 0; l < of_h.size(); ++l)
      row = row + (sizes[i][l] + of_h[l].range() / 2) * of_h[l].range();
    for (std::size_t a = 0; a < bounds.size(); ++a)
      for (std::size_t b = 0; b < of_right.size(); ++b)
        bounds[a][b] = bounds[a][b] + factor * absolute_value(left[i][a]) * row * of_right[b].range();
  }
  return bounds;
}
Rows gradient_entry_bounds(const Rows& a1, const Rows& keys, const Rows& h, const Rows& e, const Ball& phi,
                           long d) {
  const std::vector<Ends> ends = column_ends(h);
  Rows sizes = e;
  for (Row& row : sizes)
    for (std::size_t l = 0; l < row.size(); ++l)
      row[l] = maximum(absolute_value(ends[l].low - row[l]), absolute_value(ends[l].high - row[l]));
  return form_bounds(a1, keys, sizes, h, phi / Ball(4 * d));
}

std::optional<KernelPolynomial> kernel_polynomial_from(const Field& top) {
  for (const char* part : {"bound_approximation", "bound_rounding"})
    require(!(top[part].fraction() < Fraction(0)), part + std::string(": expected at least 0"));
  require(top["bound_approximation"].fraction() + top["bound_rounding"].fraction() == top["bound"].fraction(),
          "bound: expected bound_approximation + bound_rounding");
  if (top["method"].one_of({"exact", "polynomial"}) == "exact") {
    if (top.has("polynomial")) top["polynomial"].expected("null for method exact");
    return {};
  }
  const Field field = top["polynomial"];
  KernelPolynomial p{positive_from(field["half_width"]),
                     positive_from(field["error"]),
                     upper_from(field["upper"]),
                     field["coefficients"].dyadics(kLargestDegree + 1),
                     {}};
  half_width_from(field["half_width"]);
  if (field.has("centre")) p.centre = field["centre"].dyadics(kMostEntries);
  check_shape(p.upper, p.upper.degree);
  require(p.coefficients.size() == p.upper.coefficients.size(),
          field.place + ".coefficients: expected as many as upper has");
  if (!(p.error < Fraction(1))) field["error"].expected("a number below 1");
  return p;
}

// |P^ - P| e^{-x} <= e^X sum |c^_k X^k - c_k| on [-X, X].
Ball proved_perturbation(const KernelPolynomial& p, const std::string& place) {
  const Ball X(p.half_width);
  Ball moved, power(1);
  for (std::size_t k = 0; k < p.coefficients.size(); ++k) {
    moved = moved + absolute_value(Ball(p.coefficients[k]) * power - Ball(p.upper.coefficients[k]));
    power = power * X;
  }
  require_at_most(upper_bound(p.upper, ErrorKind::relative, X) + exp(X) * moved, Ball(p.error),
                  place + ".error: the polynomial's proved error against it");
  return perturbation(Ball(p.error));
}

void require_scores_within(const KernelPolynomial& p, const Rows& q, const Rows& keys, long d,
                           const std::string& place) {
  const std::size_t columns = q[0].size();
  require(p.centre.empty() || p.centre.size() == columns,
          place + ".centre: expected a number a column of the keys, or none");
  Row box(columns);
  Ball longest;
  for (const Row& key : keys) {
    Ball squares;
    for (std::size_t l = 0; l < columns; ++l) {
      const Ball x = p.centre.empty() ? key[l] : key[l] - Ball(p.centre[l]);
      box[l] = maximum(box[l], absolute_value(x));
      squares = squares + x * x;
    }
    longest = maximum(longest, squares);
  }
  const Ball limit(p.half_width);
  for (std::size_t i = 0; i < q.size(); ++i) {
    Ball hoelder, squares;
    for (std::size_t l = 0; l < columns; ++l) {
      hoelder = hoelder + absolute_value(q[i][l]) * box[l];
      squares = squares + q[i][l] * q[i][l];
    }
    require_at_most(minimum(hoelder, square_root(squares * longest)) / Ball(d), limit,
                    item(place + ".half_width: the scores of row", i) + " against it");
  }
}

std::string require_observed(const Field& top, const Ball& error) {
  const Field least = top["observed"]["lower"];
  if (Fraction(0) < least.fraction())  // else it says nothing, and of an error of exactly 0 balls could not
    require_at_most(Ball(least.fraction()), error, least.place + ": against the largest error");
  for (const Field& limit : {top["observed"]["upper"], top["bound"]})
    require_at_most(error, Ball(limit.fraction()), limit.place + ": the largest error against it");
  if (!top.has("exceeds")) return "";
  const Ball exceeded(top["exceeds"].fraction());
  require(!surely_at_most(error, exceeded), top.place_of("exceeds") + ": the largest error does not");
  if (!surely_greater(error, exceeded)) throw Undecided("exceeds");
  return ", above " + decimal(exceeded, Rounding::down);
}

}  // namespace checker
