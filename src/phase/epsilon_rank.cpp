#include "phase/epsilon_rank.hpp"

#include <Eigen/QR>
#include <Eigen/SVD>
#include <cmath>

#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/monomials.hpp"
#include "kernels/score_interval.hpp"
#include "polynomial/least_degree.hpp"

namespace attnbounds {
namespace {

using Columns = Eigen::MatrixXd;

/// |M|_F, rounded up: a sum of N squares is off by a factor 1 + gamma_{N+1} at most.
template <class Derived>
UpperBound frobenius(const Eigen::MatrixBase<Derived>& m) {
  const double sum = m.squaredNorm();
  if (!(sum >= 0)) return UpperBound::infinite();  // NaN
  const UpperBound inflated = UpperBound::exactly(sum) * (UpperBound::exactly(1) + gamma(2 * (m.size() + 1)));
  return square_root(inflated + UpperBound::exactly(static_cast<double>(m.size())) * underflow_error());
}

/// |X^T X - I|_F
UpperBound orthogonality_defect(const Columns& x) {
  Columns gram = x.transpose() * x;
  gram.diagonal().array() -= 1;  // one more rounding of an entry near 1
  const UpperBound norm = frobenius(x);
  return frobenius(gram) * (UpperBound::exactly(1) + unit_roundoff()) + gamma(x.rows() + 1) * norm * norm +
         unit_roundoff() * UpperBound::exactly(static_cast<double>(x.cols() + 1)) +
         UpperBound::exactly(static_cast<double>(x.size()) * static_cast<double>(x.cols())) *
             underflow_error();
}

struct Factors {
  Columns u, v;       // n x K, m x K
  Eigen::VectorXd s;  // K, descending
};

Columns orthonormal(const Columns& x) {
  Eigen::HouseholderQR<Columns> qr(x);
  return qr.householderQ() * Columns::Identity(x.rows(), x.cols());
}

/// Randomised range with one power step (Halko, Martinsson, Tropp 2011). Proves nothing.
Factors factors_of(const Matrix<double>& p, long K, Stream& stream) {
  const Columns m = p, start = stream.normal_matrix(p.cols(), K);
  Columns range = orthonormal(m * start);
  range = orthonormal(m * orthonormal(m.transpose() * range));
  const Columns projected = m.transpose() * range;  // m x K
  Eigen::HouseholderQR<Columns> qr(projected);
  const Columns triangle = qr.matrixQR().topRows(K).triangularView<Eigen::Upper>();
  Eigen::BDCSVD<Columns> svd(triangle, Eigen::ComputeThinU | Eigen::ComputeThinV);
  const Columns q = qr.householderQ() * Columns::Identity(p.cols(), K);
  return {range * svd.matrixV(), q * svd.matrixU(), svd.singularValues()};
}

/// P - fl(U_k S_k V_k^T) in double, and what a computed entry (i, j) of the product may be off by:
/// gamma_{k+3} |u_i| |s v_j|, here times the largest |s v_j| of all.
struct Residual {
  Matrix<double> difference;
  std::vector<UpperBound> row_error;
};
Residual residual(const Matrix<double>& p, const Factors& f, long k) {
  const Columns scaled = f.v.leftCols(k) * f.s.head(k).asDiagonal();
  Residual r;
  r.difference = p - Matrix<double>(f.u.leftCols(k) * scaled.transpose());
  double longest = 0;
  for (Eigen::Index j = 0; j < scaled.rows(); ++j) longest = std::max(longest, scaled.row(j).squaredNorm());
  const UpperBound inflation = UpperBound::exactly(1) + gamma(2 * k + 4);
  const UpperBound far = square_root(UpperBound::exactly(longest) * inflation) +
                         square_root(UpperBound::exactly(static_cast<double>(k)) * underflow_error());
  for (Eigen::Index i = 0; i < p.rows(); ++i) {
    const UpperBound near = square_root(UpperBound::exactly(f.u.row(i).head(k).squaredNorm()) * inflation);
    r.row_error.push_back(gamma(k + 3) * near * far +
                          UpperBound::exactly(static_cast<double>(4 * k + 8)) * underflow_error());
  }
  return r;
}

enum class Sense { every_v, relative };

/// Whether the rank-k truncation is proved to be within epsilon.
bool within(const AttentionMatrix& a, const Factors& f, long k, Sense sense, const Rational& epsilon) {
  const Residual r = residual(a.entries, f, k);
  const Eigen::Index n = a.entries.rows(), m = a.entries.cols();
  const UpperBound one = UpperBound::exactly(1), rho = a.relative_error;
  for (Eigen::Index i = 0; i < n; ++i) {
    const UpperBound rounding = r.row_error[static_cast<std::size_t>(i)];
    const UpperBound subtraction = one + unit_roundoff() + unit_roundoff();
    if (sense == Sense::every_v) {
      // sum_j |P - R| <= sum_j |P^ - R^| + m rounding + rho sum_j P^, sums with gamma_m.
      const UpperBound sums = one + gamma(2 * (m + 1));
      const UpperBound total =
          UpperBound::exactly(r.difference.row(i).cwiseAbs().sum()) * sums * subtraction +
          UpperBound::exactly(static_cast<double>(m)) * rounding +
          rho * UpperBound::exactly(a.entries.row(i).sum()) * sums;
      if (!(total <= epsilon)) return false;
    } else {
      // |P - R| <= |P^ - R^| + rounding + rho P^, P >= (1 - rho) P^.
      const double kept = std::nextafter(1 - rho.value(), 0.0);
      for (Eigen::Index j = 0; j < m; ++j) {
        const double entry = a.entries(i, j);
        const UpperBound error = UpperBound::exactly(std::fabs(r.difference(i, j))) * subtraction + rounding +
                                 rho * UpperBound::exactly(entry);
        const double allowed = std::nextafter(kept * entry, 0.0);
        if (!(divide_by_at_least(error, allowed).value() <= round_down(epsilon))) return false;
      }
    }
  }
  return true;
}

/// The least k <= K whose truncation is proved to do, by halving (errors nearly decrease in k); none: `most`.
long least_truncation(const AttentionMatrix& a, const Factors& f, Sense sense, const Rational& epsilon,
                      long from, long most) {
  long high = std::min<long>(f.s.size(), most), low = std::max(0L, from - 1);
  if (high <= low || !within(a, f, high, sense, epsilon)) return most;
  while (high - low > 1) {
    const long middle = (low + high) / 2;
    (within(a, f, middle, sense, epsilon) ? high : low) = middle;
  }
  return std::min(high, most);
}

/// C(d+g, g) of the least degree with relative error `delta`, at most `most`.
long features(const UpperBound& half_width, long d, const Rational& delta, long most) {
  if (!half_width.is_finite() || !(half_width.value() < 1000)) return most;
  const Degree g = half_width.value() == 0
                       ? Degree{0}
                       : least_degree_window(half_width.exact(), delta, ErrorKind::relative).degree;
  const Integer rank = monomial_rank(d, g);
  return rank < most ? static_cast<long>(rank) : most;
}

/// Rows of scores to rows of P^: exp(s - max s)/sum. `score_error(i)` bounds what the scores are off by.
template <class ScoreError>
AttentionMatrix softmax_rows(Matrix<double> scores, const UpperBound& half_width,
                             const ScoreError& score_error) {
  const long m = scores.cols();
  UpperBound rho;
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    const double top = scores.row(i).maxCoeff();
    const double spread = top - scores.row(i).minCoeff();
    if (!(spread < 690))  // weights and quotients stay normal numbers
      throw std::domain_error("scores too far apart for the certified exponential");
    scores.row(i).array() -= top;
    cpu::exp_of_nonpositive(&scores(i, 0), m);
    const double sum = scores.row(i).sum();
    scores.row(i) /= sum;
    // A weight is off by a factor in [e^-z (1 - 8u), e^z (1 + 8u)], z = score error + u spread; so is the
    // sum, with gamma_m besides; the quotient rounds once. With w = e^{2z} ((1 + 8u)/(1 - 8u)) (1 +
    // gamma_{m+2})^2 the relative error is at most w - 1.
    const WorkingPrecision precision(Bits{128});
    const UpperBound z = score_error(i) + unit_roundoff() * UpperBound::exactly(2 * spread);
    const Interval e = enclose(cpu::exp_relative_error), g = enclose(gamma(m + 2).value());
    const Interval w = exp(2 * enclose(z.value())) * (1 + e) / (1 - e) * (1 + g) * (1 + g);
    rho = maximum(rho, UpperBound::of(Interval(w - 1)));
  }
  return {std::move(scores), rho, half_width};
}

/// X_i >= sum_l |q_il k1_jl k2_kl|/d for all j, k.
std::vector<UpperBound> row_half_widths(const TensorAttentionInput& input) {
  const Eigen::Index d = input.q.cols();
  const double most = max_abs(input.k1) * max_abs(input.k2) * (1 + 0x1p-50);
  std::vector<UpperBound> half_widths;
  for (Eigen::Index i = 0; i < input.q.rows(); ++i)
    half_widths.push_back(divide_by_at_least(UpperBound::exactly(input.q.row(i).cwiseAbs().sum()) *
                                                 (UpperBound::exactly(1) + gamma(2 * d)) *
                                                 UpperBound::exactly(most),
                                             static_cast<double>(d)));
  return half_widths;
}
UpperBound largest(const std::vector<UpperBound>& bounds) {
  UpperBound most;
  for (const UpperBound& bound : bounds) most = maximum(most, bound);
  return most;
}

}  // namespace

AttentionMatrix attention_matrix(const AttentionInput& input) {
  const ShiftedScores shifted = shift_scores(input.q, input.k);
  const double d = static_cast<double>(input.q.cols());
  Matrix<double> scores = shifted.queries * shifted.keys.transpose() / d;
  return softmax_rows(std::move(scores), shifted.half_width, [&](Eigen::Index i) {
    const auto row = static_cast<std::size_t>(i);
    return gamma(input.q.cols() + 1) * shifted.row_half_width[row] + shifted.row_perturbation[row] +
           UpperBound::exactly(d + 2) * underflow_error();
  });
}

AttentionMatrix attention_matrix(const TensorAttentionInput& input) {
  const Eigen::Index m1 = input.k1.rows(), m2 = input.k2.rows(), d = input.q.cols();
  Matrix<double> keys(m1 * m2, d);  // one rounding an entry
  for (Eigen::Index a = 0; a < m1; ++a)
    for (Eigen::Index b = 0; b < m2; ++b)
      keys.row(a * m2 + b) = input.k1.row(a).cwiseProduct(input.k2.row(b));
  const std::vector<UpperBound> half_widths = row_half_widths(input);
  Matrix<double> scores = input.q * keys.transpose() / static_cast<double>(d);
  return softmax_rows(std::move(scores), largest(half_widths), [&](Eigen::Index i) {
    return gamma(d + 2) * half_widths[static_cast<std::size_t>(i)] +
           UpperBound::exactly(static_cast<double>(2 * d + 2) * (1 + max_abs(input.q))) * underflow_error();
  });
}

namespace {

struct Decomposition {
  Factors factors;
  long every_v_at_least = 1, relative_at_least = 1;
};

/// Factors of P^ and what they prove from below.
Decomposition decomposed(const AttentionMatrix& a, const Rational& epsilon, Stream& stream) {
  const Matrix<double>& p = a.entries;
  const long n = p.rows(), m = p.cols(), full = std::min(n, m);
  const UpperBound norm = frobenius(p);
  const double norm_down = std::sqrt(p.squaredNorm()) * (1 - 0x1p-20);
  const double goal = nearest(epsilon) * std::min(norm_down, std::sqrt(static_cast<double>(n))) / 8;
  Factors f;
  for (long K = std::min(full, 64L);; K = std::min(full, 2 * K)) {
    f = factors_of(p, K, stream);
    const double rest = p.squaredNorm() - f.s.squaredNorm();
    if (K == full || std::sqrt(std::max(0.0, rest)) < goal) break;
  }
  const long K = f.s.size();

  // From below: everything that lowers the tail, in lower and upper bounds.
  const UpperBound one = UpperBound::exactly(1);
  const UpperBound defect = maximum(orthogonality_defect(f.u), orthogonality_defect(f.v));
  const Residual r = residual(p, f, K);
  UpperBound rounding;
  for (const UpperBound& row : r.row_error) rounding = maximum(rounding, row);
  const UpperBound lost =
      frobenius(r.difference) * (one + unit_roundoff() + unit_roundoff()) +
      rounding * square_root(UpperBound::exactly(static_cast<double>(n) * static_cast<double>(m))) +
      a.relative_error * norm;
  const double kept = defect.value() < 1 ? std::nextafter(1 - defect.value(), 0.0) : 0;  // sqrt((1-d)(1-d))
  const WorkingPrecision precision(Bits{128});
  const Interval needed_by_every_v = enclose(epsilon) * sqrt(Interval(n)),
                 needed_by_relative =
                     enclose(epsilon) * (1 + enclose(a.relative_error.value())) * enclose(norm.value());
  const auto at_least = [&](const Interval& allowed) {
    Interval squares = 0;
    for (long k = K; k-- > 0;) {  // tail_k holds S_{k+1}, …, S_K (counted from 1)
      squares += enclose(f.s(k)) * enclose(f.s(k));
      const Interval tail = enclose(kept) * sqrt(squares) - enclose(lost.value());
      if (lower(tail) > upper(allowed)) return k + 1;  // rank k is not enough
    }
    return 1L;  // P is not within eps < 1 of 0
  };
  const long every_v = at_least(needed_by_every_v), relative = at_least(needed_by_relative);
  return {std::move(f), every_v, relative};
}

/// From below by rows of P, from above by the features for all of it.
EpsilonRank probed(const AttentionMatrix& rows, const UpperBound& half_width, long dimension, long full,
                   const Rational& epsilon, Stream& stream) {
  const Decomposition below = decomposed(rows, epsilon, stream);
  return {{below.every_v_at_least, features(half_width, dimension, largest_perturbation(epsilon), full)},
          {below.relative_at_least, features(half_width, dimension, epsilon, full)},
          static_cast<long>(below.factors.s.size())};
}

/// The numbers of `count` rows in ascending order, all of them if there are fewer.
std::vector<Eigen::Index> drawn_rows(Eigen::Index rows, long count, Stream& stream) {
  const std::vector<std::size_t> order = stream.permutation(static_cast<std::size_t>(rows));
  std::vector<Eigen::Index> drawn(order.begin(), order.begin() + std::min<long>(rows, count));
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

}  // namespace

EpsilonRank epsilon_rank(const AttentionMatrix& a, long polynomial_dimension, const Rational& epsilon,
                         Stream stream) {
  const long full = std::min(a.entries.rows(), a.entries.cols());
  const Decomposition below = decomposed(a, epsilon, stream);
  const Factors& f = below.factors;
  EpsilonRank rank;
  rank.factors = f.s.size();
  rank.every_v.at_least = below.every_v_at_least;
  rank.relative.at_least = below.relative_at_least;
  rank.every_v.at_most =
      least_truncation(a, f, Sense::every_v, epsilon, rank.every_v.at_least,
                       features(a.half_width, polynomial_dimension, largest_perturbation(epsilon), full));
  rank.relative.at_most = least_truncation(a, f, Sense::relative, epsilon, rank.relative.at_least,
                                           features(a.half_width, polynomial_dimension, epsilon, full));
  return rank;
}

EpsilonRank probed_epsilon_rank(const AttentionInput& input, const Rational& epsilon, long rows,
                                Stream stream) {
  AttentionInput probe = input;
  probe.q = Matrix<double>(input.q(drawn_rows(input.q.rows(), rows, stream), Eigen::all));
  return probed(attention_matrix(probe), shift_scores(input.q, input.k).half_width, input.q.cols(),
                std::min(input.q.rows(), input.k.rows()), epsilon, stream);
}

EpsilonRank probed_epsilon_rank(const TensorAttentionInput& input, const Rational& epsilon, long rows,
                                Stream stream) {
  TensorAttentionInput probe = input;
  probe.q = Matrix<double>(input.q(drawn_rows(input.q.rows(), rows, stream), Eigen::all));
  return probed(attention_matrix(probe), largest(row_half_widths(input)), input.q.cols(),
                std::min(input.q.rows(), input.k1.rows() * input.k2.rows()), epsilon, stream);
}

}  // namespace attnbounds
