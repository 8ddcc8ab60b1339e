#include "kernels/lora.hpp"

#include "kernels/gradient_kernels.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/kept.hpp"
#include "kernels/polynomial_attention.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr long most_rank = 1L << 20;

UpperBound count(Index n) { return UpperBound::exactly(static_cast<double>(n)); }
UpperBound size_of(const Matrix<double>& m) { return UpperBound::exactly(max_abs(m)); }

/// An exact matrix in doubles and how far they are off, in any entry.
struct Rounded {
  Matrix<double> value;
  UpperBound error;
};
Rounded rounded(const Matrix<Rational>& exact) {
  Rounded r{Matrix<double>(exact.rows(), exact.cols()), {}};
  for (Index i = 0; i < exact.size(); ++i) {
    double& entry = r.value.data()[i];
    entry = nearest(exact.data()[i]);
    if (!std::isfinite(entry)) throw std::overflow_error("an effective weight exceeds the range of a double");
    r.error = maximum(r.error, UpperBound::of(Rational(abs(Rational(exact.data()[i] - to_rational(entry))))));
  }
  return r;
}

/// The largest sum of |entries| of a column, or of a row.
UpperBound column_norm(const Matrix<double>& m) {
  UpperBound largest;
  for (Index l = 0; l < m.cols(); ++l) {
    UpperBound sum;
    for (Index i = 0; i < m.rows(); ++i) sum = sum + UpperBound::exactly(std::fabs(m(i, l)));
    largest = maximum(largest, sum);
  }
  return largest;
}
UpperBound row_norm(const Matrix<double>& m) { return column_norm(m.transpose()); }

/// value +- bound, entry by entry.
Matrix<Interval> within(const Matrix<double>& value, UpperBound bound) {
  const Interval radius = enclose(Real(-bound.value()), Real(bound.value()));
  return matrix_from<Interval>(value).unaryExpr([&](const Interval& x) { return Interval(x + radius); });
}
/// The middle, and the largest distance of an end from it.
BoundedMatrix middle(const Matrix<Interval>& m) {
  BoundedMatrix result{Matrix<double>(m.rows(), m.cols()), {}};
  for (Index i = 0; i < m.size(); ++i) {
    if (!is_finite(m.data()[i])) return {Matrix<double>::Zero(m.rows(), m.cols())};
    const double x = nearest(midpoint(m.data()[i]));
    result.value.data()[i] = x;
    result.bound = maximum(result.bound, UpperBound::of(absolute_value(m.data()[i] - enclose(x))));
  }
  return result;
}
BoundedAdapterGradient bounded(const Adapter<Interval>& w, const Matrix<Interval>& of_weight) {
  const AdapterGradient<Interval> g = adapter_pullback(w, of_weight);
  return {middle(g.b), middle(g.a)};
}

/// X W^ in doubles: at most row_norm(X) (gamma_d |W^| + error of W^) off.
Rounded product_of(const Matrix<double>& x, const Rounded& w) {
  const UpperBound rounding = gamma(x.cols()) * size_of(w.value) + w.error;
  return {x * w.value, row_norm(x) * rounding + count(x.cols()) * underflow_error()};
}

/// U^T (U W - Y) and its bound, U off by at most `error` an entry, W by w.error.
BoundedMatrix residual_moments(const Matrix<double>& u, UpperBound error, const Rounded& w,
                               const Matrix<double>& y) {
  const Index n = u.rows(), d = u.cols();
  const Matrix<double> c = u * w.value - y, moments = u.transpose() * c;
  const UpperBound largest_c = size_of(c);
  const UpperBound of_c = error * (column_norm(w.value) + count(d) * w.error) + row_norm(u) * w.error +
                          gamma(d + 1) * (row_norm(u) * size_of(w.value) + size_of(y)) +
                          count(d + 1) * underflow_error();
  const UpperBound sum_u = column_norm(u);
  return {moments, sum_u * of_c + count(n) * error * (largest_c + of_c) + gamma(n) * sum_u * largest_c +
                       count(n) * underflow_error()};
}

}  // namespace

LoraGradientResult polynomial_lora_gradient(const LoraLossInput& in, const Rational& delta,
                                            ThreadCount threads) {
  validate(in);
  const WorkingPrecision guard(Bits{128});
  const Index n = in.x_q.rows(), d = in.x_q.cols();
  const LoraLoss<Rational> exact = [&] {  // of the weights alone: d x d
    LoraLoss<Rational> weights;
    const auto over = [](const Adapter<double>& w) {
      return Adapter<Rational>{matrix_from<Rational>(w.frozen), matrix_from<Rational>(w.b),
                               matrix_from<Rational>(w.a), w.scale};
    };
    weights.q = over(in.q);
    weights.k = over(in.k);
    weights.v = over(in.v);
    return weights;
  }();
  const Matrix<Rational> w_q = effective_weight(exact.q), w_k = effective_weight(exact.k),
                         w_v = effective_weight(exact.v);
  const Rounded bilinear = rounded(product<Rational>(w_q, w_k.transpose())), values = rounded(w_v);

  // G = dL/dW of the matrix loss with W^ and W_V^, and what the two roundings move.
  const MatrixLossInput matrix_loss{in.x_q, in.x_k, in.x_v, bilinear.value, values.value, in.y};
  const auto plan = gradient_plan(gradient_input(matrix_loss), threads);
  const Rounded queries = product_of(in.x_q, bilinear);
  const ScoreRange<double> range = score_range(queries.value, in.x_k, threads);
  const UpperBound half_widths = maximum(half_width(*plan), range.half_width);
  if (!half_widths.is_finite()) throw std::overflow_error("the scores exceed the range of a double");
  long limit = -1;
  while (limit < 400 && monomial_rank(d, {limit + 2}) <= most_rank) ++limit;
  const auto polynomial = kept_exp_polynomial(half_widths.exact(), delta, {limit});
  if (!polynomial || !(delta < 1))
    throw BudgetMissed("no polynomial of rank <= 2^20 has weights of the relative error asked for");
  const AttentionResult gradient = polynomial_gradient(*plan, *polynomial, threads);

  const UpperBound key_norm = divide_by_at_least(row_norm(in.x_k), static_cast<double>(d)),
                   score_change = row_norm(in.x_q) * key_norm * bilinear.error;
  const UpperBound largest_h = size_of(in.x_v) * (column_norm(values.value) + count(d) * values.error),
                   value_change = row_norm(in.x_v) * values.error, residual = largest_h + size_of(in.y);
  const UpperBound of_rounding = count(n) * size_of(in.x_q) * size_of(in.x_k) * (largest_h + residual) *
                                 (score_change * largest_h + value_change);
  const Matrix<Interval> g = within(gradient.output, gradient.bound + of_rounding);

  // U = f X_V.
  const AttentionResult u = polynomial_attention(AttentionInput{queries.value, in.x_k, in.x_v}, range,
                                                 *polynomial, Mask::none, threads);
  const UpperBound u_bound = u.bound + key_norm * queries.error * size_of(in.x_v);
  const BoundedMatrix of_values = residual_moments(u.output, u_bound, values, in.y);

  const LoraLoss<Interval> adapters = loss_over<Interval>(
      {in.x_q.topRows(1), in.x_k.topRows(1), in.x_v.topRows(1), in.q, in.k, in.v, in.y.topRows(1)});
  const auto intervals = [](const Matrix<Rational>& m) {
    return Matrix<Interval>(m.unaryExpr([](const Rational& x) { return enclose(x); }));
  };
  LoraGradientResult result;
  result.q = bounded(adapters.q, product(g, intervals(w_k)));
  result.k = bounded(adapters.k, product<Interval>(g.transpose(), intervals(w_q)));
  result.v = bounded(adapters.v, within(of_values.value, of_values.bound));
  result.degree = gradient.degree;
  result.rank = gradient.rank;
  result.half_width = half_widths;
  return result;
}

}  // namespace attnbounds
