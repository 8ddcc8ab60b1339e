#include "reductions/attention/threshold.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

double root(double x, long arity) { return arity == 2 ? std::sqrt(x) : std::cbrt(x); }
double power(double x, long arity) { return arity == 2 ? x * x : x * x * x; }
double up(double x) { return std::nextafter(x, HUGE_VAL); }

ThresholdParameters shape(const std::vector<long>& rows, long dimension, ScorePromise promise) {
  ThresholdParameters p;
  p.arity = static_cast<long>(rows.size());
  p.rows = rows;
  p.dimension = dimension;
  p.promise = promise;
  return p;
}

// `entry_at(d)` and `log_margin_at(entry, d)` for d columns; e is raised until the bias fits below the entry.
// With entries that do not grow with d the bias' score stays below r^p: beyond `most_columns` the largest is
// taken.
template <class Entry, class LogMargin>
ThresholdParameters fitted(ThresholdParameters p, long most_columns, const Entry& entry_at,
                           const LogMargin& log_margin_at) {
  const double log_anchors = std::log(nearest(p.anchors()));
  const long first = p.bias_columns;
  for (;; ++p.bias_columns) {
    const double d = static_cast<double>(p.columns()), e = static_cast<double>(p.bias_columns);
    p.entry = entry_at(d);
    const double target = d * (log_anchors + log_margin_at(p.entry, d)) -
                          power(p.entry, p.arity) * static_cast<double>(p.promise.yes);
    p.bias = target / (power(p.entry, p.arity) / p.entry) / e;
    if (std::fabs(p.bias) <= p.entry) return p;
    if (p.bias_columns > most_columns) {
      p.bias_columns = first;
      p.entry = entry_at(static_cast<double>(p.columns()));
      p.bias = std::copysign(p.entry, p.bias);
      return p;
    }
  }
}

double gap_of(ScorePromise promise) { return static_cast<double>(promise.yes - promise.no); }

double log_tokens(const ThresholdParameters& p) { return std::log(static_cast<double>(p.tokens())); }

Matrix<double> scaled(const SignMatrix& family, double scale, double bias, long bias_columns, long anchors) {
  Matrix<double> m = Matrix<double>::Zero(family.rows() + anchors, family.cols() + bias_columns);
  m.topLeftCorner(family.rows(), family.cols()) = family.cast<double>() * scale;
  m.topRightCorner(family.rows(), bias_columns).setConstant(bias);
  return m;
}

Matrix<double> genuine(Eigen::Index rows) {
  Matrix<double> v = Matrix<double>::Zero(rows + 1, 1);
  v.topRows(rows).setOnes();
  return v;
}

}  // namespace

SignMatrix sign_matrix(const BitMatrix& bits) {
  SignMatrix m(bits.rows, bits.columns);
  for (long i = 0; i < bits.rows; ++i)
    for (long c = 0; c < bits.columns; ++c) m(i, c) = bits.at(i, c) ? 1 : 0;
  return m;
}

Rational ThresholdParameters::tuples() const {
  Rational product = 1;
  for (std::size_t k = 1; k < rows.size(); ++k) product *= rows[k];
  return product;
}
Rational ThresholdParameters::anchors() const {
  return arity == 2 ? Rational(1) : Rational(rows[1]) + rows[2] + 1;
}
long ThresholdParameters::tokens() const {
  long most = rows[0];
  for (std::size_t k = 1; k < rows.size(); ++k) most = std::max(most, rows[k] + 1);
  return most;
}

ThresholdParameters threshold_for_margin(const std::vector<long>& rows, long dimension, ScorePromise promise,
                                         const Rational& margin) {
  if (margin <= 1) throw InputError("margin", "a number above 1", exact_text(margin));
  const ThresholdParameters p = shape(rows, dimension, promise);
  const double log_margin = std::log(nearest(margin));
  const double beta = (std::log(nearest(p.tuples())) + 2 * log_margin) / gap_of(promise);
  return fitted(
      p, std::numeric_limits<long>::max(),
      [&](double d) { return up(up(root(beta * d, p.arity)) * (1 + 0x1p-48)); },
      [&](double, double) { return log_margin; });
}

ThresholdParameters threshold_for_kappa(const std::vector<long>& rows, long dimension, ScorePromise promise,
                                        const Rational& kappa, long columns) {
  if (kappa <= 0) throw InputError("kappa", "a number above 0", exact_text(kappa));
  ThresholdParameters p = shape(rows, dimension, promise);
  p.bias_columns = std::max(1L, columns - dimension);
  if (p.tokens() < 2) throw InputError("kappa", "an instance of more than one token", "log n = 0");
  const double entry = nearest(kappa) * root(log_tokens(p), p.arity),
               log_tuples = std::log(nearest(p.tuples()));
  return fitted(
      p, p.columns() + std::abs(promise.yes) + 8, [&](double) { return entry; },
      [&](double r, double d) { return (power(r, p.arity) * gap_of(promise) / d - log_tuples) / 2; });
}

double least_kappa(const std::vector<long>& rows, long dimension, ScorePromise promise) {
  const ThresholdParameters p = threshold_for_margin(rows, dimension, promise, Rational(1000001, 1000000));
  return kappa_of(p);
}

ThresholdGuarantee guarantee(const ThresholdParameters& p) {
  const Rational r = to_rational(p.entry), w = to_rational(p.bias);
  const Rational r_others = p.arity == 2 ? r : Rational(r * r);
  const auto weight = [&](long score) {
    return exp(enclose(Rational((r_others * r * score + r_others * w * p.bias_columns) / p.columns())));
  };
  const Interval anchors = enclose(p.anchors());
  const Interval one = weight(p.promise.yes), all = enclose(p.tuples()) * weight(p.promise.no);
  return {1 - anchors / (one + anchors), 1 - anchors / (all + anchors)};
}

double kappa_of(const ThresholdParameters& p) {
  return p.tokens() < 2 ? 0 : p.entry / root(log_tokens(p), p.arity);
}

AttentionInput matrix_instance(const ThresholdParameters& p, const std::vector<SignMatrix>& f) {
  const double sign = static_cast<double>(p.promise.sign);
  return {scaled(f[0], p.entry, p.entry, p.bias_columns, 0),
          scaled(f[1], sign * p.entry, p.bias, p.bias_columns, 1), genuine(f[1].rows())};
}

TensorAttentionInput tensor_instance(const ThresholdParameters& p, const std::vector<SignMatrix>& f) {
  const double sign = static_cast<double>(p.promise.sign);
  return {scaled(f[0], p.entry, p.entry, p.bias_columns, 0),
          scaled(f[1], sign * p.entry, p.bias, p.bias_columns, 1),
          scaled(f[2], p.entry, p.entry, p.bias_columns, 1), genuine(f[1].rows()), genuine(f[2].rows())};
}

}  // namespace attnbounds
