#include "kernels/double_double_attention.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/double_double_rows.hpp"
#include "kernels/guarantee.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

UpperBound bound(double exact) { return UpperBound::exactly(exact); }
UpperBound count(long n) { return bound(static_cast<double>(n)); }
const UpperBound square_of_u = bound(0x1p-106);

const cpu::PowersOfTwo& powers_of_two() {
  static const cpu::PowersOfTwo table = [] {
    const WorkingPrecision precision(Bits{200});
    cpu::PowersOfTwo powers{};
    for (int i = 0; i < 256; ++i) {
      const Real power = pow(Real(2), approximate(Rational(i, 256)));
      powers.high[i] = nearest(power);
      powers.low[i] = nearest(Real(power - Real(powers.high[i])));
    }
    return powers;
  }();
  return table;
}

bool keeps_its_bits(const Matrix<double>& m) {
  return std::all_of(m.data(), m.data() + m.size(), [](double x) {
    return x == 0 || (std::fabs(x) >= 0x1p-200 && std::fabs(x) <= 0x1p200);
  });
}

long padded(Index keys) {
  return (keys + cpu::keys_of_a_double_double_block - 1) / cpu::keys_of_a_double_double_block *
         cpu::keys_of_a_double_double_block;
}

Matrix<double> padded_transpose(const Matrix<double>& m) {
  Matrix<double> result = Matrix<double>::Zero(m.cols(), padded(m.rows()));
  result.leftCols(m.rows()) = m.transpose();
  return result;
}

cpu::View<double> view(const Matrix<double>& m) { return {m.data(), m.rows(), m.cols()}; }

}  // namespace

UpperBound DoubleDoubleReference::largest_radius() const {
  UpperBound largest;
  for (const UpperBound& r : radius) largest = maximum(largest, r);
  return largest;
}

Matrix<Interval> DoubleDoubleReference::enclosures() const {
  Matrix<Interval> result(centre.rows(), centre.cols());
  for (Index i = 0; i < centre.rows(); ++i) {
    const Real r = radius[i].value();
    const Interval around = enclose(-r, r);
    for (Index c = 0; c < centre.cols(); ++c)
      result(i, c) = enclose(centre(i, c).high()) + enclose(centre(i, c).low()) + around;
  }
  return result;
}

std::optional<DoubleDoubleReference> double_double_attention(const AttentionInput& input, Mask mask,
                                                             ThreadCount threads) {
  input.validate(mask);
  if (!keeps_its_bits(input.q) || !keeps_its_bits(input.k) || !keeps_its_bits(input.v)) return std::nullopt;
  const Index n = input.q.rows(), m = input.k.rows(), d = input.q.cols(), columns = input.v.cols();
  const Matrix<double> keys = padded_transpose(input.k), values = padded_transpose(input.v);
  const cpu::PowersOfTwo& powers = powers_of_two();
  std::vector<UpperBound> longest(d);  // max_j |k_jl|
  for (Index l = 0; l < d; ++l) longest[l] = bound(input.k.col(l).cwiseAbs().maxCoeff());
  const UpperBound largest_value = bound(max_abs(input.v));

  DoubleDoubleReference result{Matrix<DoubleDouble>(n, columns), std::vector<UpperBound>(n)};
  parallel_for(n, threads, [&](long i) {
    const long visible = visible_keys(mask, i, m);
    const cpu::DoubleDoubleRow row =
        cpu::double_double_row(powers, {input.q.data() + i * d, 1, d}, view(keys), view(values), visible);
    const DoubleDouble denominator = DoubleDouble::of_sum(row.sums[columns].high, row.sums[columns].low);
    bool finite = std::isfinite(row.score_size) && isfinite(denominator);
    for (Index c = 0; c < columns; ++c) {
      result.centre(i, c) = DoubleDouble::of_sum(row.sums[c].high, row.sums[c].low) / denominator;
      finite = finite && isfinite(result.centre(i, c));
    }
    if (!finite) {
      result.radius[i] = UpperBound::infinite();
      return;
    }
    UpperBound score_size;  // sum_l |q_il k_jl|/d for all j
    for (Index l = 0; l < d; ++l) score_size = score_size + bound(std::fabs(input.q(i, l))) * longest[l];
    score_size = divide_by_at_least(score_size, static_cast<double>(d));
    // The score, its division by d (3 u^2) and the difference with the shift (2 u^2): absolute errors.
    const UpperBound range =
        minimum(bound(row.score_size) * bound(1 + 0x1p-40), bound(-cpu::double_double_exp_floor));
    const UpperBound score_error =
        (count((d + 6) * d / 2 + 7) * score_size + bound(2) * range) * square_of_u * bound(1 + 0x1p-40);
    // A weight's relative error, and what stands for weights below e^-200.
    const UpperBound weight_error =
        score_error * bound(1 + 0x1p-20) + count(cpu::double_double_exp_error) * square_of_u;
    const UpperBound tiny = divide_by_at_least(count(m) * bound(0x1p-280), denominator.high() / 2);
    if (!(score_error.value() < 0x1p-30)) {
      result.radius[i] = UpperBound::infinite();
      return;
    }
    const long blocks =
        (visible + cpu::keys_of_a_double_double_block - 1) / cpu::keys_of_a_double_double_block;
    const UpperBound sums = (count(65 + 7) + count(blocks) * bound(3.01)) * square_of_u * bound(1 + 0x1p-20);
    result.radius[i] = (perturbation_bound(weight_error) + bound(2) * tiny + bound(2 + 0x1p-20) * sums +
                        bound(16) * square_of_u) *
                       largest_value;
  });
  return result;
}

Enclosure largest_error(const Matrix<double>& approximation, const DoubleDoubleReference& exact) {
  // A difference of pairs has relative error below 4 u^2.
  const WorkingPrecision precision(Bits{128});
  Interval largest = 0;
  for (Index i = 0; i < exact.centre.rows(); ++i) {
    DoubleDouble most = 0.0;
    for (Index c = 0; c < exact.centre.cols(); ++c) {
      const DoubleDouble difference = abs(DoubleDouble(approximation(i, c)) - exact.centre(i, c));
      if (!(difference <= most)) most = difference;
    }
    if (!isfinite(most) || !exact.radius[i].is_finite())
      return Enclosure(hull(Interval(0), enclose(Real(INFINITY))));
    const Interval centre = enclose(most.high()) + enclose(most.low());
    const Real radius = exact.radius[i].value();
    const Interval error =
        centre + (centre * enclose(4 * 0x1p-106) + enclose(radius)) * enclose(Real(-1), Real(1));
    largest = maximum(largest, error);
  }
  return Enclosure(largest);
}

DoubleDouble exp_of_nonpositive(DoubleDouble x) {
  double high[4] = {x.high()}, low[4] = {x.low()};
  cpu::double_double_exp(powers_of_two(), high, low, 4);
  return DoubleDouble::of_sum(high[0], low[0]);
}

Rational exp_of_nonpositive_bound() { return cpu::double_double_exp_error * dyadic(1, -106); }

}  // namespace attnbounds
