#include "kernels/gradient.hpp"

#include <fmt/format.h>

#include "attention/enclosure.hpp"
#include "attention/gradient_bounds.hpp"
#include "attention/gradient_enclosure.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/gradient_kernels.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/kept.hpp"
#include "kernels/monomials.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/stopwatch.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr Bits working_bits{96};
constexpr long most_interval_rank = 1L << 14;
constexpr double most_sums = 0x1p26;                 // of monomials and columns: 512 MB
constexpr double interval_cost = 400;                // of an operation in intervals, in those of a double
constexpr double most_enclosed_operations = 0x1p35;  // about five minutes of intervals

/// One factor of the keys: the matrix loss has one, the tensor loss two. Scores are sum_x query_x prod_s
/// variables_s(j_s, x)/d.
struct Side {
  Matrix<Interval> variables, keys, h;  // m x D, m x d, m x d_v
};
struct Problem {
  Matrix<Interval> queries;  // n x D
  std::vector<Side> sides;
  Matrix<Interval> a1, e;
  Index d = 0;
  Interval half_width;               // |score| <= half_width on all rows
  Matrix<Interval> bounds_at_phi_1;  // entry bounds of Theorem G' for phi = 1: they are linear in phi
  double keys = 0;                   // as many as the definition sums over
};

Problem problem_of(const MatrixLossInput& input) {
  const MatrixLoss<Interval> in = loss_over<Interval>(input);
  Problem p;
  p.queries = product(in.a1, in.x);
  p.a1 = in.a1;
  p.e = in.e;
  p.d = input.a1.cols();
  p.keys = static_cast<double>(input.a2.rows());
  // Free shift: a row of p sums to 0 and softmax ignores shifts of a row, so A2 may lose its midpoints.
  Matrix<Interval> centred = in.a2;
  std::vector<Interval> widths;
  for (Index l = 0; l < p.d; ++l) {
    const double low = input.a2.col(l).minCoeff(), high = input.a2.col(l).maxCoeff();
    const Interval middle = (enclose(low) + enclose(high)) / 2;
    for (Index j = 0; j < centred.rows(); ++j) centred(j, l) -= middle;
    widths.push_back((enclose(high) - enclose(low)) / 2);
  }
  p.half_width = 0;
  for (Index i = 0; i < p.queries.rows(); ++i) {
    Interval size = 0;
    for (Index l = 0; l < p.d; ++l) size += absolute_value(p.queries(i, l)) * widths[l];
    p.half_width = maximum(p.half_width, size / enclose(Rational(p.d)));
  }
  p.sides = {{centred, centred, product(in.a3, in.y)}};
  p.bounds_at_phi_1 = gradient_entry_bounds(in, Interval(1));
  return p;
}

Problem problem_of(const TensorLossInput& input) {
  const TensorLoss<Interval> in = loss_over<Interval>(input);
  Problem p;
  p.queries = product(in.a1, in.x);
  p.a1 = in.a1;
  p.e = in.e;
  p.d = input.a1.cols();
  p.keys = static_cast<double>(input.a2.rows()) * static_cast<double>(input.a3.rows());
  Matrix<Interval> first(in.a2.rows(), p.d * p.d), second(in.a3.rows(), p.d * p.d);
  for (Index u = 0; u < p.d; ++u)
    for (Index v = 0; v < p.d; ++v) {
      first.col(u * p.d + v) = in.a2.col(u);
      second.col(u * p.d + v) = in.a3.col(v);
    }
  const auto size = [](const Matrix<double>& m, Index l) { return enclose(m.col(l).cwiseAbs().maxCoeff()); };
  p.half_width = 0;
  for (Index i = 0; i < p.queries.rows(); ++i) {
    Interval sum = 0;
    for (Index u = 0; u < p.d; ++u)
      for (Index v = 0; v < p.d; ++v)
        sum += absolute_value(p.queries(i, u * p.d + v)) * size(input.a2, u) * size(input.a3, v);
    p.half_width = maximum(p.half_width, sum / enclose(Rational(p.d)));
  }
  p.sides = {{first, in.a2, product(in.a4, in.y1)}, {second, in.a3, product(in.a5, in.y2)}};
  p.bounds_at_phi_1 = gradient_entry_bounds(in, Interval(1));
  return p;
}

/// w_a of a polynomial of the score (sum of D terms)/d.
std::vector<Interval> weights_of(const MonomialTree& tree, const Polynomial& polynomial, Index d) {
  std::vector<Interval> weights;
  std::vector<Rational> scaled = polynomial.coefficients;
  Rational power = 1;
  for (Rational& c : scaled) {
    c /= power;
    power *= d;
  }
  for (Index a = 0; a < tree.rank; ++a)
    weights.push_back(enclose(Rational(scaled[tree.degree_of[a]] * Rational(tree.multinomial[a]))));
  return weights;
}

std::vector<Interval> features(const MonomialTree& tree, const Matrix<Interval>& m, Index row) {
  return monomials(tree, std::vector<Interval>(m.row(row).begin(), m.row(row).end()));
}

/// Sums over the keys for one monomial: 1, h, keys, h (x) keys, in this order.
Index sums_width(Index columns, Index keys) { return 1 + columns + keys + columns * keys; }

/// Row a: the sums of monomial a over one side's keys.
Matrix<Interval> side_sums(const MonomialTree& tree, const Side& side) {
  const Index columns = side.h.cols(), keys = side.keys.cols();
  Matrix<Interval> sums = Matrix<Interval>::Constant(tree.rank, sums_width(columns, keys), Interval(0));
  for (Index j = 0; j < side.keys.rows(); ++j) {
    const std::vector<Interval> feature = features(tree, side.variables, j);
    std::vector<Interval> factors{Interval(1)};
    for (Index l = 0; l < columns; ++l) factors.push_back(side.h(j, l));
    for (Index b = 0; b < keys; ++b) factors.push_back(side.keys(j, b));
    for (Index l = 0; l < columns; ++l)
      for (Index b = 0; b < keys; ++b) factors.push_back(side.h(j, l) * side.keys(j, b));
    for (Index a = 0; a < tree.rank; ++a)
      for (size_t c = 0; c < factors.size(); ++c) sums(a, static_cast<Index>(c)) += feature[a] * factors[c];
  }
  return sums;
}

/// The same sums over pairs: products of the sides' sums; keys become (u, v), h_l stays l.
Matrix<Interval> pair_sums(const Matrix<Interval>& first, const Matrix<Interval>& second, Index columns,
                           Index d) {
  Matrix<Interval> sums(first.rows(), sums_width(columns, d * d));
  for (Index a = 0; a < first.rows(); ++a) {
    for (Index c = 0; c <= columns; ++c)
      sums(a, c) = bug(Bug::pair_sums_added) ? first(a, c) + second(a, c) : first(a, c) * second(a, c);
    for (Index l = -1; l < columns; ++l) {  // l = -1: the keys alone
      const Index from = 1 + columns + (l + 1) * d, to = 1 + columns + (l + 1) * d * d;
      for (Index u = 0; u < d; ++u)
        for (Index v = 0; v < d; ++v) sums(a, to + u * d + v) = first(a, from + u) * second(a, from + v);
    }
  }
  return sums;
}

AttentionResult by_polynomial(const Problem& p, const CertifiedPolynomial& polynomial, ThreadCount threads) {
  const Index n = p.queries.rows(), columns = p.e.cols();
  const MonomialTree tree = monomial_tree(p.queries.cols(), polynomial.polynomial.degree());
  const std::vector<Interval> weights = weights_of(tree, polynomial.polynomial, p.d);
  Matrix<Interval> sums = side_sums(tree, p.sides[0]);
  if (p.sides.size() == 2) sums = pair_sums(sums, side_sums(tree, p.sides[1]), columns, p.d);
  const Index keys = p.sides.size() == 2 ? p.d * p.d : p.d;

  Matrix<Interval> rows(n, keys);  // p A2/d, or p (A2 (x) A3)/d
  parallel_for(n, threads, [&](Index i) {
    const WorkingPrecision precision(working_bits);
    std::vector<Interval> query = features(tree, p.queries, i);
    std::vector<Interval> mean(sums.cols(), Interval(0));  // of 1, h, keys, h (x) keys, times the denominator
    for (Index a = 0; a < tree.rank; ++a) {
      query[a] *= weights[a];
      for (Index c = 0; c < sums.cols(); ++c) mean[c] += query[a] * sums(a, c);
    }
    for (Index c = 1; c < sums.cols(); ++c) mean[c] /= mean[0];
    for (Index b = 0; b < keys; ++b) {  // sum_l c_l Cov(h_l, key_b)
      Interval sum = 0;
      for (Index l = 0; l < columns; ++l)
        sum += (mean[1 + l] - p.e(i, l)) *
               (mean[1 + columns + keys + l * keys + b] -
                (bug(Bug::product_of_means_dropped) ? Interval(0) : mean[1 + l] * mean[1 + columns + b]));
      rows(i, b) = sum / enclose(Rational(p.d));
    }
  });
  AttentionResult result = attention_from_enclosures(product<Interval>(p.a1.transpose(), rows));
  result.method = AttentionMethod::polynomial;
  result.degree = tree.degree;
  result.rank = tree.rank;
  const Interval phi = enclose(perturbation_bound(polynomial.error).exact());
  result.bound_approximation = UpperBound::of(Interval(phi * max_abs(p.bounds_at_phi_1)));
  result.bound = result.bound_approximation + result.bound_rounding;
  return result;
}

/// The polynomial method in intervals, if some degree up to the limit meets the budget.
template <class Input>
std::optional<AttentionResult> in_intervals(const Input& input, const GradientRequest& request,
                                            Degree limit) {
  const WorkingPrecision precision(working_bits);
  const Problem p = problem_of(input);
  // Half of the budget to the approximation: phi <= (epsilon/2)/(bound at phi = 1).
  const UpperBound at_phi_1 = UpperBound::of(max_abs(p.bounds_at_phi_1)),
                   half_width = UpperBound::of(p.half_width);
  if (!at_phi_1.is_finite() || !half_width.is_finite()) return std::nullopt;
  const Rational share = at_phi_1.value() == 0
                             ? Rational(2)
                             : std::min(Rational(request.epsilon / 2 / at_phi_1.exact()), Rational(2));
  while (limit.value > 0 && monomial_rank(p.queries.cols(), limit) > most_interval_rank) --limit.value;
  const auto polynomial = kept_exp_polynomial(half_width.exact(), largest_perturbation(share), limit);
  if (!polynomial) return std::nullopt;
  AttentionResult result = by_polynomial(p, *polynomial, request.threads);
  if (!(result.bound <= request.epsilon)) return std::nullopt;
  result.reason = "polynomial features in intervals: doubles prove less";
  return result;
}

template <class Input>
AttentionResult by_enclosures(const Input& input, const GradientRequest& request, std::string reason) {
  AttentionResult result =
      attention_from_enclosures(gradient_enclosure(input, request.epsilon / 1024, request.threads));
  result.reason = std::move(reason);
  return result;
}

GradientShape sizes_of(const GradientInput& in, Eigen::Index variables) {
  GradientShape s;
  s.queries = static_cast<double>(in.a1->rows());
  s.keys = 1;
  for (const GradientSide& side : in.sides) {
    s.keys *= static_cast<double>(side.keys->rows());
    s.key_tokens += static_cast<double>(side.keys->rows());
  }
  s.variables = static_cast<double>(variables);
  s.dimension = static_cast<double>(in.a1->cols());
  s.columns = static_cast<double>(in.e->cols());
  return s;
}

template <class Input>
AttentionResult guaranteed(const Input& input, const GradientRequest& request) {
  const Stopwatch stopwatch;
  validate(input);
  if (request.epsilon <= 0) throw InputError("epsilon", "a number above 0", request.epsilon.str());
  std::shared_ptr<const GradientPlan> plan;
  const GradientInput view = gradient_input(input);
  try {
    plan = gradient_plan(view, request.threads);
  } catch (const std::overflow_error&) {  // beyond the range of a double: intervals can do it
  }
  const auto finished = [&](AttentionResult result) {
    result.half_width = plan ? half_width(*plan) : UpperBound::infinite();
    result.seconds = stopwatch.seconds();
    return result;
  };
  const GradientShape sizes = sizes_of(view, plan ? variables(*plan) : 1);
  const ExactWork exact_work = loss_gradient_exact_work(sizes);
  const double exact_operations = exact_work.weights * (30 + exact_work.dimension + exact_work.columns);
  const auto exactly = [&](const std::string& reason) {
    if (plan) {
      AttentionResult result = exact_gradient(*plan, request.threads);
      result.reason = reason;
      if (result.bound <= request.epsilon || exact_operations > most_enclosed_operations)
        return finished(result);
      return finished(
          by_enclosures(input, request,
                        reason + fmt::format("; in {} its proved error is {:.3g}, so intervals were used",
                                             name(exact_gradient_arithmetic(*plan)), result.bound.value())));
    }
    return finished(by_enclosures(input, request, reason));
  };
  if (request.method == MethodChoice::exact) return exactly("exact was asked for");
  const bool must = request.method == MethodChoice::polynomial;
  const auto otherwise = [&](const std::string& why) {
    if (must) throw BudgetMissed("method polynomial: " + why);
    return exactly(why);
  };
  if (!plan) return otherwise("scores exceed the range of a double");

  const double exact_seconds = request.model.seconds(exact_work, request.threads);
  const auto polynomial_seconds = [&](Degree degree) {
    return request.model.seconds(loss_gradient_feature_work(sizes, degree), request.threads);
  };
  Degree limit{-1};
  const double sums_of_a_monomial = static_cast<double>((1 + input.e.cols()) * (1 + input.x.cols()));
  while (limit.value < 400 &&
         rank_about(variables(*plan), {limit.value + 2}) * sums_of_a_monomial <= most_sums &&
         (must || polynomial_seconds({limit.value + 1}) < exact_seconds))
    ++limit.value;
  if (limit.value < 0) return otherwise("even degree 0 is no cheaper than the exact method");

  // A first guess of the error that the weights may have; then what the proved bound of the attempt asks for.
  const double guess = bound_per_delta(*plan).value;
  Rational delta(2, 5);
  if (guess > 0 && std::isfinite(guess))
    delta = std::min(delta, Rational(request.epsilon * 4 / 5 / to_rational(guess)));
  std::string why = fmt::format(
      "scores reach {:.4g}, and no polynomial of degree <= {} has a proved error within the budget",
      half_width(*plan).value(), limit.value);
  for (int attempt = 0; attempt < 4; ++attempt) {
    const auto polynomial = kept_exp_polynomial(half_width(*plan).exact(), delta, limit);
    if (!polynomial) break;
    AttentionResult result = polynomial_gradient(*plan, *polynomial, request.threads);
    if (result.bound <= request.epsilon) {
      result.reason =
          must ? "polynomial was asked for"
               : fmt::format("rank {} costs about {:.2g} of the exact method's time (model: {})", result.rank,
                             polynomial_seconds(result.degree) / exact_seconds, request.model.origin);
      return finished(result);
    }
    if (!(result.bound_rounding <= Rational(request.epsilon / 2))) {
      why = fmt::format("scores reach {:.4g}, where rounding errors leave no room in the budget",
                        half_width(*plan).value());
      break;
    }
    const Rational room = request.epsilon - result.bound_rounding.exact();
    delta = result.bound_approximation.is_finite()
                ? Rational(polynomial->error.exact() * room / result.bound_approximation.exact())
                : Rational(delta / 1024);
  }
  // The same in intervals: as good as their 96 bits, and some hundred times slower.
  if (must || polynomial_seconds(limit) * interval_cost < exact_seconds)
    if (std::optional<AttentionResult> result = in_intervals(input, request, limit))
      return finished(std::move(*result));
  return otherwise(why);
}

}  // namespace

AttentionResult guaranteed_gradient(const MatrixLossInput& input, const GradientRequest& request) {
  return guaranteed(input, request);
}
AttentionResult guaranteed_gradient(const TensorLossInput& input, const GradientRequest& request) {
  return guaranteed(input, request);
}

}  // namespace attnbounds
