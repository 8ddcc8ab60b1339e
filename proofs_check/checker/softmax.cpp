#include "softmax.hpp"

namespace checker {

Row softmax_row(const Row& q, const Rows& keys, long d, long visible) {
  Row weights(keys.size());
  Ball sum;
  for (std::size_t j = 0; j < static_cast<std::size_t>(visible); ++j) {
    weights[j] = exp(dot(q, keys[j]) / Ball(d));
    sum = sum + weights[j];
  }
  for (Ball& w : weights) w = w / sum;
  return weights;
}

Rows column_products(const Rows& a, const Rows& b) {
  Rows result;
  for (const Row& x : a)
    for (const Row& y : b) {
      result.emplace_back();
      for (std::size_t l = 0; l < x.size(); ++l) result.back().push_back(x[l] * y[l]);
    }
  return result;
}

Rows kronecker(const Rows& a, const Rows& b) {
  Rows result;
  for (const Row& x : a)
    for (const Row& y : b) {
      result.emplace_back();
      for (const Ball& u : x)
        for (const Ball& v : y) result.back().push_back(u * v);
    }
  return result;
}

Row pulled_back(const Row& f, const Row& q) {
  const Ball mean = dot(f, q);
  Row p;
  for (std::size_t j = 0; j < f.size(); ++j) p.push_back(f[j] * (q[j] - mean));
  return p;
}

Rows loss_gradient(const Rows& f, const Rows& a1, const Rows& keys, const Rows& h, const Rows& e, long d) {
  Rows c = product(f, h), p;
  for (std::size_t i = 0; i < c.size(); ++i)
    for (std::size_t l = 0; l < c[i].size(); ++l) c[i][l] = c[i][l] - e[i][l];
  const Rows q = product(c, transposed(h));
  for (std::size_t i = 0; i < f.size(); ++i) p.push_back(pulled_back(f[i], q[i]));
  Rows g = product(product(transposed(a1), p), keys);
  for (Row& row : g)
    for (Ball& x : row) x = x / Ball(d);
  return g;
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
  field.object_of({"half_width", "error", "upper", "coefficients", "centre"});
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
  top["observed"].object_of({"lower", "upper"});
  const Fraction least = top["observed"]["lower"].fraction();
  if (Fraction(0) < least)  // else it says nothing, and of an error of exactly 0 balls could not show it
    require_at_most(Ball(least), error, "observed.lower: against the largest error");
  require_at_most(error, Ball(top["observed"]["upper"].fraction()),
                  "observed.upper: the largest error against it");
  require_at_most(error, Ball(top["bound"].fraction()), "bound: the largest error against it");
  if (!top.has("exceeds")) return "";
  const Ball exceeded(top["exceeds"].fraction());
  require(!surely_at_most(error, exceeded), "exceeds: the largest error does not");
  if (!surely_greater(error, exceeded)) throw Undecided("exceeds");
  return ", above " + decimal(exceeded, Rounding::down);
}

}  // namespace checker
