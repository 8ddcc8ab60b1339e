#include "kernels/split_attention.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>

#include "kernels/cpu/feature_sums.hpp"
#include "kernels/cpu/softmax_rows.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/inner_product_bound.hpp"
#include "kernels/monomials.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/random.hpp"
#include "numeric/stopwatch.hpp"
#include "polynomial/exponential.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
using Square = Eigen::MatrixXd;
constexpr Index sample_rows = 48;
constexpr long most_clustered = 2048;

UpperBound exactly(double x) { return UpperBound::exactly(x); }

// V 2^-exponent with the largest entry in [1, 2): no product of values and weights meets under- or overflow.
struct ScaledValues {
  Matrix<double> values;
  int exponent = 0;
  UpperBound largest;  // max |values|, below 2

  UpperBound unscaled(UpperBound bound) const { return bound * exactly(std::ldexp(1.0, exponent)); }
  /// The same for an error of outputs, which are rounded when they are scaled back.
  UpperBound unscaled_output(UpperBound bound) const {
    return largest.value() == 0 ? unscaled(bound) : unscaled(bound) + underflow_error();
  }
};
ScaledValues scale_values(const Matrix<double>& v) {
  const double largest = max_abs(v);
  if (largest == 0) return {v, 0, UpperBound()};
  const int exponent = std::ilogb(largest);
  return {v.unaryExpr([&](double x) { return std::ldexp(x, -exponent); }), exponent,
          exactly(std::ldexp(largest, -exponent))};
}

// ---- Groups. Heuristics: any groups, centres and bases are valid; what they are worth is measured below.

// A sample without replacement's cheap cousin: the same rows for the same shape.
Matrix<double> every(const Matrix<double>& m, Index most) {
  if (m.rows() <= most) return m;
  Stream stream(0, "split attention sample");
  Matrix<double> sample(most, m.cols());
  for (Index i = 0; i < most; ++i)
    sample.row(i) = m.row(static_cast<Index>(stream.below(static_cast<std::uint64_t>(m.rows()))));
  return sample;
}

// An upper bound on e^y without the library's exp.
UpperBound exp_upper(double y) {
  if (!(y < 700)) return UpperBound::infinite();
  const double e = y > 0 ? 1 / cpu::exp_of_nonpositive(-y) : cpu::exp_of_nonpositive(y);
  return exactly(e * (1 + 0x1p-40)) + exactly(0x1p-1000);
}

Square covariance(const Matrix<double>& m) {
  const Eigen::RowVectorXd mean = m.colwise().mean();
  const Matrix<double> centred = m.rowwise() - mean;
  return centred.transpose() * centred / static_cast<double>(m.rows());
}

// Rows of `m` in the metric of the other side: |C^{1/2} x|, C the covariance of what x is multiplied with.
Matrix<double> in_metric(const Matrix<double>& m, const Square& other_covariance) {
  const Eigen::SelfAdjointEigenSolver<Square> e(other_covariance);
  return m * e.eigenvectors() * e.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal();
}

struct Groups {
  std::vector<std::vector<long>> members;
};

// k-means++ seeds, then Lloyd's iteration, on a sample; empty groups are dropped.
Groups cluster(const Matrix<double>& points, long count) {
  const Matrix<double> sample = every(points, most_clustered);
  Matrix<double> centres(count, points.cols());
  const Eigen::RowVectorXd mean = sample.colwise().mean();
  Eigen::VectorXd distance;
  Stream stream(0, "split attention seeds");
  for (long g = 0; g < count; ++g) {  // a row with probability proportional to its squared distance
    Index chosen = static_cast<Index>(stream.below(static_cast<std::uint64_t>(sample.rows())));
    if (g > 0) {
      double left = (stream.unit() + 1) / 2 * distance.sum();
      for (chosen = 0; chosen + 1 < sample.rows() && (left -= distance(chosen)) > 0;) ++chosen;
    }
    centres.row(g) = count == 1 ? mean : Eigen::RowVectorXd(sample.row(chosen));
    const Eigen::VectorXd from_this =
        (sample.rowwise() - Eigen::RowVectorXd(centres.row(g))).rowwise().squaredNorm();
    distance = g == 0 ? from_this : Eigen::VectorXd(distance.cwiseMin(from_this));
  }
  const auto nearest_centre = [&](const Matrix<double>& m, Index i) {
    Index best = 0;
    double least = INFINITY;
    for (long g = 0; g < count; ++g)
      if (const double square = (centres.row(g) - m.row(i)).squaredNorm(); square < least)
        least = square, best = g;
    return best;
  };
  for (int step = 0; step < 15 && count > 1; ++step) {
    Matrix<double> sums = Matrix<double>::Zero(count, points.cols());
    Eigen::VectorXd sizes = Eigen::VectorXd::Zero(count);
    for (Index i = 0; i < sample.rows(); ++i) {
      const Index g = nearest_centre(sample, i);
      sums.row(g) += sample.row(i);
      sizes(g) += 1;
    }
    for (long g = 0; g < count; ++g)
      if (sizes(g) > 0) centres.row(g) = sums.row(g) / sizes(g);
  }
  Groups groups{std::vector<std::vector<long>>(static_cast<size_t>(count))};
  for (Index i = 0; i < points.rows(); ++i)
    groups.members[count == 1 ? 0 : static_cast<size_t>(nearest_centre(points, i))].push_back(i);
  std::erase_if(groups.members, [](const auto& m) { return m.empty(); });
  return groups;
}

// A group's rows less its centre. Each difference is rounded once.
struct Side {
  std::vector<long> members;
  Eigen::RowVectorXd centre;
  Matrix<double> rows;   // members' rows of the input
  Matrix<double> moved;  // rows - centre
  UpperBound longest;    // largest |row of moved|
};

UpperBound norm_bound(const Matrix<double>& m, Index row) {
  UpperBound squares;
  for (Index l = 0; l < m.cols(); ++l)
    squares = squares + exactly(std::fabs(m(row, l))) * exactly(std::fabs(m(row, l)));
  return square_root(squares + exactly(0x1p-1000));
}
UpperBound longest_row(const Matrix<double>& m) {
  UpperBound longest;
  for (Index i = 0; i < m.rows(); ++i) longest = maximum(longest, norm_bound(m, i));
  return longest;
}

std::vector<Side> sides(const Matrix<double>& m, const Groups& groups) {
  std::vector<Side> result;
  for (const std::vector<long>& members : groups.members) {
    Side side{members, {}, Matrix<double>(static_cast<Index>(members.size()), m.cols()), {}, {}};
    for (size_t i = 0; i < members.size(); ++i) side.rows.row(static_cast<Index>(i)) = m.row(members[i]);
    side.centre = side.rows.colwise().mean();
    side.moved = side.rows.rowwise() - side.centre;
    side.longest = longest_row(side.moved);
    result.push_back(std::move(side));
  }
  return result;
}

// T_q, T_k with T_q^T T_k = I up to rounding, in which both covariances are diagonal and equal, largest
// first.
struct DualBases {
  Square to_query, to_key;
};
DualBases balanced(const Side& a, const Side& b) {
  const auto root = [](const Side& s) {  // C = L L^T, kept regular
    Square c = covariance(every(s.moved, most_clustered));
    const Index d = c.rows();
    c += Square::Identity(d, d) * (c.trace() / static_cast<double>(d) * 1e-5 + 1e-200);
    return Square(c.llt().matrixL());
  };
  const Square la = root(a), lb = root(b);
  const Eigen::JacobiSVD<Square> svd(la.transpose() * lb, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const Eigen::VectorXd scale = svd.singularValues().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  return {scale.asDiagonal() * svd.matrixV().transpose() * lb.transpose(),
          scale.asDiagonal() * svd.matrixU().transpose() * la.transpose()};
}

// ---- The plan of a pair of groups.

struct Pair {
  bool left_out = false;
  DualBases bases;
  long leading = 0, linear = 0;  // coordinates in the polynomial, and those that enter once
  const CertifiedPolynomial *polynomial = nullptr, *linear_polynomial = nullptr;
  UpperBound half_width, linear_half_width;  // X of the leading, Y of the linear coordinates
  UpperBound moved;                          // what is left moves scores by at most this, rounding included
  UpperBound delta;                          // relative error of the weight's polynomial
  double rank = 0;
};

double rank_of(long dimension, long degree) {
  double rank = 1;
  for (long t = 1; t <= degree; ++t) rank *= static_cast<double>(dimension + t) / static_cast<double>(t);
  return std::round(rank);
}

// About the best relative error of degree g: for the plan only.
double about_best_error(long degree, double x) {
  double error = 2;
  for (long t = 1; t <= degree + 1; ++t) error *= x / 2 / static_cast<double>(t);
  return error * (1 + x * x / (4 * static_cast<double>(degree + 2)));
}
long about_degree(double error, double x, long most) {
  for (long g = 0; g <= most; ++g)
    if (about_best_error(g, x) <= error) return g;
  return most + 1;
}

/// The least polynomials met so far: X rounded up, delta down, so that few are needed.
class Polynomials {
 public:
  const CertifiedPolynomial* least(double half_width, double delta, long most_degree) {
    if (!(half_width >= 0) || !(delta > 1e-15)) return nullptr;
    const double x =
        half_width == 0 ? 0 : std::exp2(std::ceil(std::log2(std::fmax(half_width, 1e-9)) * 16) / 16);
    const double e = std::exp2(std::floor(std::log2(std::fmin(delta, 0.9)) * 4) / 4);
    const std::lock_guard guard(lock_);
    const auto [place, fresh] = known_.try_emplace({x, e, most_degree});
    if (fresh) {
      try {
        place->second = least_exp_polynomial_in_doubles(to_rational(std::fmax(x, half_width)), to_rational(e),
                                                        {most_degree});
      } catch (const std::runtime_error&) {  // the exchange did not settle
      }
    }
    return place->second ? &*place->second : nullptr;
  }

 private:
  std::mutex lock_;
  std::map<std::tuple<double, double, long>, std::optional<CertifiedPolynomial>> known_;
};

struct Choice {
  long leading = 0, linear = 0;
  double delta = 0, linear_delta = 0, rank = INFINITY;
};

// Which coordinates to treat how, from a sample of the pair: an estimate, proved or corrected afterwards.
Choice estimated_choice(const Matrix<double>& queries, const Matrix<double>& keys, double theta,
                        double dimension, long most_degree) {
  const Matrix<double> a = every(queries, sample_rows), b = every(keys, sample_rows);
  const Index d = a.cols();
  std::vector<double> lead(d + 1, 0.0),
      rest(d + 1, 0.0);  // largest |score| of coordinates < p, and of those >= p
  Matrix<double> left = a * b.transpose() / dimension, upto = Matrix<double>::Zero(a.rows(), b.rows());
  for (Index p = 0; p <= d; ++p) {
    lead[p] = max_abs(upto) * 1.1;
    rest[p] = p == d ? 0 : max_abs(left) * 1.15;
    if (p == d) break;
    const Matrix<double> one = a.col(p) * b.col(p).transpose() / dimension;
    upto += one;
    left -= one;
  }
  Choice best;
  for (Index p = 0; p <= d; ++p) {
    const auto consider = [&](long linear, double delta, double linear_delta, double rank) {
      rank += static_cast<double>(d) / 4;  // the change of basis
      if (rank < best.rank) best = {p, linear, delta, linear_delta, rank};
    };
    if (rest[p] < theta * 0.7) {
      const double delta = theta - rest[p];
      const long g = about_degree(delta, lead[p], most_degree);
      if (g <= most_degree) consider(0, delta, 0, rank_of(p, g));
    }
    const double square = rest[p] * rest[p] / 2 * std::exp(rest[p]) * 1.3;
    if (p < d && rest[p] < 0.5 && square < theta * 0.7) {
      const double room = (theta - square) * std::exp(-rest[p]);
      for (long h = 0; h <= most_degree; ++h) {
        const double second = std::fmax(about_best_error(h, lead[p]), 0.02 * room);
        if (second * rest[p] > 0.5 * room) continue;
        const long g = about_degree(room - second * rest[p], lead[p], most_degree);
        if (g > most_degree) continue;
        for (Index t = 1; t <= d - p; ++t)
          if (t == d - p || rest[p + t] < 0.02 * theta) {
            consider(t, (room - second * rest[p]) * 0.97, second * 1.05,
                     rank_of(p, g) + static_cast<double>(t) * rank_of(p, h));
            break;
          }
        break;
      }
    }
  }
  return best;
}

// T x for every row x, in a fixed order: planning and evaluating must see the same numbers.
Matrix<double> transformed(const Matrix<double>& moved, const Square& to) {
  const Index d = moved.cols();
  const Matrix<double> columns = to.transpose();  // row l: what coordinate l contributes
  Matrix<double> result = Matrix<double>::Zero(moved.rows(), d);
  for (Index i = 0; i < moved.rows(); ++i)
    for (Index l = 0; l < d; ++l) {
      const double x = moved(i, l);
      for (Index c = 0; c < d; ++c) result(i, c) += x * columns(l, c);
    }
  return result;
}

UpperBound frobenius(const Square& m) {
  UpperBound squares;
  for (Index i = 0; i < m.size(); ++i)
    squares = squares + exactly(std::fabs(m.data()[i])) * exactly(std::fabs(m.data()[i]));
  return square_root(squares);
}

// How far <T_q (q - q_a), T_k (k - k_b)>/d, as computed, is from <q - q_a, k - k_b>/d: docs/splitting.md.
UpperBound change_of_basis_error(const Side& a, const Side& b, const DualBases& bases) {
  const Index d = a.rows.cols();
  const Matrix<double> tq = bases.to_query, tk = bases.to_key;
  UpperBound stretch;  // sum_l |row l of T_q| |row l of T_k|
  for (Index l = 0; l < d; ++l) stretch = stretch + norm_bound(tq, l) * norm_bound(tk, l);
  const UpperBound g = gamma(2 * d + 8);
  const UpperBound defect = frobenius(Square::Identity(d, d) - bases.to_query.transpose() * bases.to_key) +
                            g * (stretch + exactly(1));
  return divide_by_at_least(
             (defect + (g + g + g * g) * stretch + exactly(3) * unit_roundoff()) * a.longest * b.longest,
             static_cast<double>(d)) +
         exactly(0x1p-500);
}

struct Planned {
  Pair pair;
  bool possible = true;
};

Planned plan_pair(const Side& a, const Side& b, double theta, long most_rank, Polynomials& polynomials) {
  Planned planned;
  Pair& pair = planned.pair;
  const Index d = a.rows.cols();
  const double dimension = static_cast<double>(d);
  pair.bases = balanced(a, b);
  const Matrix<double> queries = transformed(a.moved, pair.bases.to_query),
                       keys = transformed(b.moved, pair.bases.to_key);
  const UpperBound rounding = change_of_basis_error(a, b, pair.bases);
  constexpr long most_degree = 24;
  double aim = theta;
  for (int attempt = 0; attempt < 4; ++attempt, aim *= 0.8) {
    const Choice choice = estimated_choice(queries, keys, aim, dimension, most_degree);
    if (!(choice.rank <= static_cast<double>(most_rank))) break;
    const Index p = choice.leading, t = choice.linear;
    const auto bound_of = [&](Index from, Index count) {
      if (count == 0) return UpperBound();
      return divide_by_at_least(
          largest_inner_product(queries.middleCols(from, count), keys.middleCols(from, count)), dimension);
    };
    pair.leading = p;
    pair.linear = t;
    pair.half_width = bound_of(0, p);
    pair.linear_half_width = bound_of(p, t);
    pair.moved = bound_of(p + t, d - p - t) + rounding;
    const double y = pair.linear_half_width.value();
    // theta = (1 + delta) e^moved - 1,  delta = (delta_1 + Y delta_2 + Y^2/2 e^Y) e^Y
    const double delta = (theta - pair.moved.value() * 1.1) / (1 + pair.moved.value() * 1.1);
    double first = delta;
    if (t > 0) {
      first = delta * std::exp(-y) - y * y / 2 * std::exp(y) - y * choice.linear_delta;
      pair.linear_polynomial = polynomials.least(pair.half_width.value(), choice.linear_delta, most_degree);
      if (!pair.linear_polynomial) continue;
    }
    if (!(first > 0)) continue;
    pair.polynomial = polynomials.least(pair.half_width.value(), first, most_degree);
    if (!pair.polynomial) continue;
    UpperBound total = pair.polynomial->error;
    if (t > 0) {
      const UpperBound Y = pair.linear_half_width, growth = exp_upper(y);
      total = (total + Y * pair.linear_polynomial->error + Y * Y * exactly(0.5) * growth) * growth;
    }
    pair.delta = total;
    if (!(total.value() < 1)) continue;
    pair.rank =
        rank_of(p, pair.polynomial->polynomial.degree().value) +
        (t > 0 ? static_cast<double>(t) * rank_of(p, pair.linear_polynomial->polynomial.degree().value) : 0);
    if (pair.rank <= static_cast<double>(most_rank)) return planned;
  }
  planned.possible = false;
  return planned;
}

// ---- Factors of queries and keys.

// e^{<q_i, k_b>/d + most_j <q_a, k_j - k_b>/d}, as exponents; and the keys' e^{…} at most 1.
struct Factors {
  Eigen::VectorXd query_exponent;  // <q_i, k_b>/d + M
  Eigen::VectorXd key_factor;      // e^{<q_a, k_j - k_b>/d - M}
  UpperBound moved;                // rounding, as a shift of scores
  double largest_exponent = 0;     // of a query
};

Factors factors_of(const Side& a, const Side& b) {
  const Index d = a.rows.cols();
  const double dimension = static_cast<double>(d);
  Factors f;
  Eigen::VectorXd key_exponent(b.rows.rows());
  double largest = -INFINITY, least = INFINITY;
  for (Index j = 0; j < b.rows.rows(); ++j) {
    double sum = 0;
    for (Index l = 0; l < d; ++l) sum += a.centre(l) * b.moved(j, l);
    key_exponent(j) = sum / dimension;
    largest = std::fmax(largest, key_exponent(j));
    least = std::fmin(least, key_exponent(j));
  }
  f.key_factor = key_exponent.array() - largest;
  cpu::exp_of_nonpositive(f.key_factor.data(), f.key_factor.size());
  f.query_exponent.resize(a.rows.rows());
  for (Index i = 0; i < a.rows.rows(); ++i) {
    double sum = 0;
    for (Index l = 0; l < d; ++l) sum += a.rows(i, l) * b.centre(l);
    f.query_exponent(i) = sum / dimension + largest;
    f.largest_exponent = std::fmax(f.largest_exponent, std::fabs(f.query_exponent(i)));
  }
  // gamma_{d+3} of |q| |k_b| and |q_a| |k - k_b| (with the difference's rounding), u of the additions, 9 u of
  // each exp.
  const Matrix<double> centre_a = a.centre, centre_b = b.centre;
  const UpperBound sizes = divide_by_at_least(
      longest_row(a.rows) * norm_bound(centre_b, 0) + norm_bound(centre_a, 0) * b.longest, dimension);
  f.moved = gamma(d + 4) * sizes +
            unit_roundoff() * (exactly(std::fmin(largest - least, 800)) + exactly(f.largest_exponent)) +
            exactly(20) * unit_roundoff() + exactly(0x1p-500);
  return f;
}

cpu::View<double> view(const Matrix<double>& m) { return {m.data(), m.rows(), m.cols()}; }

// Leading coordinates scaled by powers of two, keys at most 1; a pair without any has one of zeros.
struct Scaled {
  Matrix<double> queries, keys;
};
Scaled scaled_coordinates(const Matrix<double>& queries, const Matrix<double>& keys) {
  const Index p = std::max<Index>(1, queries.cols());
  Scaled s{Matrix<double>::Zero(queries.rows(), p), Matrix<double>::Zero(keys.rows(), p)};
  for (Index l = 0; l < queries.cols(); ++l) {
    const double largest = keys.col(l).cwiseAbs().maxCoeff();
    const int exponent = largest > 0 ? std::ilogb(largest) + 1 : 0;
    for (Index j = 0; j < keys.rows(); ++j) s.keys(j, l) = std::ldexp(keys(j, l), -exponent);
    for (Index i = 0; i < queries.rows(); ++i) s.queries(i, l) = std::ldexp(queries(i, l), exponent);
  }
  return s;
}

constexpr Index block_rows = 1024;

// sum_j P(x_ij) values_jc for blocks of rows; x = <queries, keys>/dimension, values made in blocks of keys.
template <class Values>
class PolynomialSums {
 public:
  PolynomialSums(const Scaled& tokens, Index columns, Index dimension, const Polynomial& polynomial,
                 const Values& values)
      : tokens_(tokens),
        columns_(columns),
        tree_(monomial_tree(tokens.keys.cols(), polynomial.degree())),
        features_(features_of(tree_)),
        query_side_(features_, weighted(dimension, polynomial, values), columns) {}

  std::vector<double> rows(Index first, Index last) const {
    return cpu::query_sums(query_side_, view(tokens_.queries), first, last);
  }

  /// Error of a row sum if |values| <= size and sum_l |q_l k_l|/dimension <= score_size.
  UpperBound error(UpperBound size, UpperBound score_size, const Polynomial& polynomial) const {
    const Index m = tokens_.keys.rows();
    const double query_size = std::fmax(1, tokens_.queries.cwiseAbs().maxCoeff());
    if (m > cpu::most_summands || !(query_size < 0x1p400)) return UpperBound::infinite();
    const UpperBound count = exactly(static_cast<double>(m)),
                     degree = exactly(static_cast<double>(tree_.degree.value + 1));
    const UpperBound underflow =
        underflow_error() * exactly(16) * count * degree * power(exactly(query_size), tree_.degree.value) *
        (exactly(static_cast<double>(tree_.rank)) + absolute_polynomial(polynomial, exactly(1)));
    // three more roundings: the values' factors
    const UpperBound terms = gamma(cpu::roundings_of_a_term<double>(tree_.degree.value) + 3) * count *
                             absolute_polynomial(polynomial, score_size);
    return (terms + underflow) * maximum(size, exactly(1));
  }

 private:
  std::vector<double> weighted(Index dimension, const Polynomial& polynomial, const Values& values) const {
    cpu::KeySums<double> sums(features_, columns_);
    for (Index from = 0; from < tokens_.keys.rows(); from += block_rows) {
      const Index count = std::min(block_rows, tokens_.keys.rows() - from);
      const Matrix<double> keys = tokens_.keys.middleRows(from, count), block = values(from, count);
      sums.add(view(keys), view(block), 0, count);
    }
    const std::vector<double> plain = sums.sums();  // its last column, of ones, is not used
    const std::vector<Rational> weight = monomial_weights(tree_, polynomial);
    std::vector<Rational> rescale{1};  // the tree divides scores by its own dimension
    for (long t = 1; t <= tree_.degree.value; ++t)
      rescale.push_back(rescale.back() *
                        Rational(static_cast<long>(tree_.dimension), static_cast<long>(dimension)));
    std::vector<double> result(static_cast<size_t>(tree_.rank * columns_));
    for (Index a = 0; a < tree_.rank; ++a) {
      const double w = nearest(Rational(weight[a] * rescale[tree_.degree_of[a]]));
      for (Index c = 0; c < columns_; ++c) result[a * columns_ + c] = w * plain[a * (columns_ + 1) + c];
    }
    return result;
  }

  const Scaled& tokens_;
  Index columns_;
  MonomialTree tree_;
  cpu::Features features_;
  cpu::QuerySums<double> query_side_;
};

// The sums of a pair: rows x (d_v + 1), the last column the denominator; in units of the query's factor.
struct PairSums {
  std::vector<double> sums;
  UpperBound error;  // of each
};

PairSums pair_sums(const Side& a, const Side& b, const Pair& pair, const Factors& factors,
                   const Matrix<double>& values) {
  const Index d = a.rows.cols(), p = pair.leading, t = pair.linear, columns = values.cols() + 1,
              n = a.rows.rows();
  const double dimension = static_cast<double>(d);
  const Matrix<double> queries = transformed(a.moved, pair.bases.to_query),
                       keys = transformed(b.moved, pair.bases.to_key);
  const Scaled tokens = scaled_coordinates(queries.leftCols(p), keys.leftCols(p));
  const UpperBound value_size = exactly(2.5),
                   score_size = divide_by_at_least(
                       longest_row(queries.leftCols(p)) * longest_row(keys.leftCols(p)), dimension);
  const auto weighted = [&](Index from, Index count) {  // f_j [v_j, 1]
    Matrix<double> block(count, columns);
    for (Index j = 0; j < count; ++j) {
      const double f = factors.key_factor(from + j);
      for (Index c = 0; c + 1 < columns; ++c) block(j, c) = f * values(b.members[from + j], c);
      block(j, columns - 1) = f;
    }
    return block;
  };
  const PolynomialSums first(tokens, columns, d, pair.polynomial->polynomial, weighted);
  PairSums result{std::vector<double>(static_cast<size_t>(n * columns)),
                  first.error(value_size, score_size, pair.polynomial->polynomial)};
  for (Index from = 0; from < n; from += block_rows) {
    const std::vector<double> rows = first.rows(from, std::min(n, from + block_rows));
    std::copy(rows.begin(), rows.end(), result.sums.begin() + from * columns);
  }
  if (t == 0) return result;

  // sum_l (a_l/d) sum_j f_j b_l P_2(x) [v_j, 1]
  const double largest_key = keys.middleCols(p, t).cwiseAbs().maxCoeff();
  if (!(largest_key > 0x1p-300 && largest_key < 0x1p300)) {
    result.error = UpperBound::infinite();
    return result;
  }
  const int scale = std::ilogb(largest_key) + 1;
  const auto products = [&](Index from, Index count) {
    const Matrix<double> block = weighted(from, count);
    Matrix<double> wide(count, t * columns);
    for (Index j = 0; j < count; ++j)
      for (Index l = 0; l < t; ++l)
        wide.block(j, l * columns, 1, columns) = std::ldexp(keys(from + j, p + l), -scale) * block.row(j);
    return wide;
  };
  const Polynomial& second_polynomial = pair.linear_polynomial->polynomial;
  const PolynomialSums second(tokens, t * columns, d, second_polynomial, products);
  double largest_query = 0;
  for (Index from = 0; from < n; from += block_rows) {
    const Index last = std::min(n, from + block_rows);
    const std::vector<double> rows = second.rows(from, last);
    for (Index i = from; i < last; ++i) {
      double size = 0;
      for (Index l = 0; l < t; ++l) {
        const double factor = std::ldexp(queries(i, p + l), scale) / dimension;
        size += std::fabs(factor);
        for (Index c = 0; c < columns; ++c)
          result.sums[i * columns + c] += factor * rows[((i - from) * t + l) * columns + c];
      }
      largest_query = std::fmax(largest_query, size);
    }
  }
  // The factor rounds, each of the t products, each addition: gamma_{t+4} of all sizes, generously.
  const UpperBound query_size = exactly(largest_query * (1 + 0x1p-40)),
                   count = exactly(static_cast<double>(b.rows.rows()));
  const UpperBound sizes = count * value_size *
                           (absolute_polynomial(pair.polynomial->polynomial, pair.half_width) +
                            query_size * absolute_polynomial(second_polynomial, pair.half_width));
  const UpperBound errors =
      result.error + query_size * second.error(value_size, score_size, second_polynomial);
  result.error = errors * exactly(1 + 0x1p-20) + gamma(2 * t + 6) * sizes;
  return result;
}

// ---- The whole.

struct Plan {
  std::unique_ptr<Polynomials> polynomials = std::make_unique<Polynomials>();  // the pairs point into it
  std::vector<Side> queries, keys;
  std::vector<Planned> pairs;  // query group by query group
  bool possible = true;
};

// Estimated largest share of key group b in the denominators of query group a's rows.
std::vector<double> estimated_shares(const std::vector<Side>& queries, const std::vector<Side>& keys) {
  std::vector<double> shares;
  for (const Side& a : queries) {
    const Matrix<double> rows = every(a.rows, sample_rows);
    std::vector<Eigen::VectorXd> sums;
    Eigen::VectorXd most = Eigen::VectorXd::Constant(rows.rows(), -INFINITY);
    std::vector<Matrix<double>> scores;
    for (const Side& b : keys) {
      scores.push_back(rows * every(b.rows, 4 * sample_rows).transpose() / static_cast<double>(rows.cols()));
      most = most.cwiseMax(scores.back().rowwise().maxCoeff());
    }
    Eigen::VectorXd total = Eigen::VectorXd::Zero(rows.rows());
    for (size_t b = 0; b < keys.size(); ++b) {
      const Eigen::VectorXd mean = (scores[b].colwise() - most).array().exp().matrix().rowwise().mean();
      sums.push_back(mean * static_cast<double>(keys[b].rows.rows()));
      total += sums.back();
    }
    for (const Eigen::VectorXd& s : sums) shares.push_back(s.cwiseQuotient(total).maxCoeff());
  }
  return shares;
}

Plan plan(const AttentionInput& input, const SplitRequest& request) {
  Plan result;
  const Matrix<double>&q = input.q, &k = input.k;
  const Square over_keys = covariance(every(k, most_clustered)),
               over_queries = covariance(every(q, most_clustered));
  result.queries = sides(q, cluster(in_metric(q, over_keys), request.query_groups));
  result.keys = sides(k, cluster(in_metric(k, over_queries), request.key_groups));
  const std::vector<double> shares = estimated_shares(result.queries, result.keys);
  const double epsilon = std::fmin(nearest(request.epsilon), 0.5);
  const auto groups = static_cast<double>(result.keys.size());
  result.pairs.resize(shares.size());
  parallel_for(static_cast<long>(shares.size()), request.threads, [&](long index) {
    // sum_b share theta <= 0.45 epsilon; a single group has the sharper bound phi(delta) + Z.
    const double theta =
        groups == 1 ? 0.9 * epsilon
                    : 0.45 * epsilon * request.room * std::fmax(0.5, 0.5 / (groups * shares[index] * 1.2));
    Planned& planned = result.pairs[index];
    planned.pair.left_out = groups > 1 && theta > 4;
    if (!planned.pair.left_out)
      planned = plan_pair(result.queries[index / result.keys.size()], result.keys[index % result.keys.size()],
                          std::fmin(theta, 0.5), request.most_rank, *result.polynomials);
  });
  for (const Planned& p : result.pairs) result.possible = result.possible && p.possible;
  return result;
}

SplitAttention description(const Plan& plan, const AttentionInput& input) {
  SplitAttention s;
  s.query_groups = static_cast<long>(plan.queries.size());
  s.key_groups = static_cast<long>(plan.keys.size());
  double tokens = 0, width = 0, weight = 0;
  const double scores = static_cast<double>(input.q.rows()) * static_cast<double>(input.k.rows());
  for (size_t a = 0; a < plan.queries.size(); ++a)
    for (size_t b = 0; b < plan.keys.size(); ++b) {
      const Pair& pair = plan.pairs[a * plan.keys.size() + b].pair;
      const auto size = static_cast<double>(plan.queries[a].rows.rows() + plan.keys[b].rows.rows());
      tokens += size;
      ++s.pairs;
      if (pair.left_out) {
        ++s.left_out;
        continue;
      }
      if (!plan.pairs[a * plan.keys.size() + b].possible) {
        s.dense_scores += static_cast<double>(plan.queries[a].rows.rows()) *
                          static_cast<double>(plan.keys[b].rows.rows()) / scores;
        continue;
      }
      s.mean_rank += size * pair.rank;
      width += size * pair.half_width.value();
      weight += size;
      s.operations += size * pair.rank * (2 * static_cast<double>(input.v.cols()) + 3);
      if (pair.polynomial) s.result.degree = std::max(s.result.degree, pair.polynomial->polynomial.degree());
      s.result.rank = std::max(s.result.rank, static_cast<long>(pair.rank));
    }
  s.mean_rank /= tokens;
  s.mean_half_width = weight > 0 ? width / weight : 0;
  s.result.method = AttentionMethod::polynomial;
  return s;
}

// Covariances and their factors must stay in the range of doubles.
bool moderate(const AttentionInput& input) { return max_abs(input.q) < 1e60 && max_abs(input.k) < 1e60; }

}  // namespace

std::optional<SplitAttention> plan_split_attention(const AttentionInput& input, const SplitRequest& request) {
  input.validate();
  if (!moderate(input)) return std::nullopt;
  return description(plan(input, request), input);
}

std::optional<SplitAttention> split_attention(const AttentionInput& input, const SplitRequest& request) {
  input.validate();
  if (request.epsilon <= 0) throw InputError("epsilon", "a number above 0", request.epsilon.str());
  if (request.query_groups < 1 || request.key_groups < 1) throw InputError("groups", "at least 1", "fewer");
  if (!moderate(input)) return std::nullopt;
  const Stopwatch stopwatch;
  const Plan made = plan(input, request);
  if (!made.possible) return std::nullopt;
  const Index columns = input.v.cols();
  const ScaledValues values = scale_values(input.v);
  SplitAttention split = description(made, input);
  split.result.output = Matrix<double>::Zero(input.q.rows(), columns);
  UpperBound worst_rounding, worst_approximation;

  for (size_t a = 0; a < made.queries.size(); ++a) {
    const Side& queries = made.queries[a];
    const Index rows = queries.rows.rows(), groups = static_cast<Index>(made.keys.size());
    std::vector<Factors> factors(groups);
    std::vector<PairSums> sums(groups);
    std::vector<UpperBound> theta(groups), left_out_mass(groups);
    parallel_for(groups, request.threads, [&](long b) {
      const Side& keys = made.keys[b];
      const Pair& pair = made.pairs[a * groups + b].pair;
      factors[b] = factors_of(queries, keys);
      if (pair.left_out) {  // sum_j f_j e^x <= m_b e^{max |x| + rounding}
        const UpperBound most =
            divide_by_at_least(largest_inner_product(queries.moved, keys.moved) +
                                   exactly(4) * unit_roundoff() * queries.longest * keys.longest,
                               static_cast<double>(input.q.cols())) +
            factors[b].moved;
        left_out_mass[b] = exactly(static_cast<double>(keys.rows.rows())) * exp_upper(most.value());
        return;
      }
      sums[b] = pair_sums(queries, keys, pair, factors[b], values.values);
    });
    double largest_exponent = 0;
    for (const Factors& f : factors) largest_exponent = std::fmax(largest_exponent, f.largest_exponent);
    UpperBound largest_delta, largest_move;
    for (Index b = 0; b < groups; ++b) {
      const Pair& pair = made.pairs[a * groups + b].pair;
      if (pair.left_out) {
        largest_delta = exactly(1);
        continue;
      }
      const UpperBound z = pair.moved + factors[b].moved + unit_roundoff() * exactly(2 * largest_exponent);
      // (1 + delta) e^z - 1 <= delta + (1 + delta) z e^z
      theta[b] = pair.delta + (exactly(1) + pair.delta) * z * exp_upper(z.value());
      largest_delta = maximum(largest_delta, pair.delta);
      largest_move = maximum(largest_move, z);
    }
    const UpperBound uniform = perturbation_bound(largest_delta) + largest_move;
    for (Index i = 0; i < rows; ++i) {
      double shift = -INFINITY;
      for (Index b = 0; b < groups; ++b)
        if (!made.pairs[a * groups + b].pair.left_out) shift = std::fmax(shift, factors[b].query_exponent(i));
      Eigen::VectorXd total = Eigen::VectorXd::Zero(columns + 1);
      UpperBound error, weighted_theta;
      for (Index b = 0; b < groups; ++b) {
        const double exponent = factors[b].query_exponent(i) - shift;
        const Pair& pair = made.pairs[a * groups + b].pair;
        if (pair.left_out) {  // theta = 1 of a mass that is bounded, not computed
          weighted_theta = weighted_theta + exp_upper(exponent) * left_out_mass[b];
          continue;
        }
        const double factor = cpu::exp_of_nonpositive(exponent);
        for (Index c = 0; c <= columns; ++c) total(c) += factor * sums[b].sums[i * (columns + 1) + c];
        error = error + exactly(factor) * sums[b].error;
        // w <= w~/(1 - theta), D~_ib at most what was computed and its error
        const UpperBound mass =
            exactly(std::fmax(0, factor * sums[b].sums[i * (columns + 1) + columns])) * exactly(1 + 0x1p-40) +
            exactly(factor) * sums[b].error;
        weighted_theta =
            weighted_theta + divide_by_at_least(theta[b] * mass, std::nextafter(1 - theta[b].value(), 0));
      }
      const double denominator = total(columns);
      UpperBound rounding = UpperBound::infinite(), approximation = uniform;
      if (std::isfinite(denominator) && denominator > 0) {
        // factors of queries and of keys below e^-708 are replaced by e^-708 or so
        rounding = divide_by_at_least((error + error + exactly(static_cast<double>(groups) * 0x1p-900)) *
                                          exactly(1 + 0x1p-30),
                                      denominator) +
                   gamma(2 * groups + 8) * exactly(4);
        const double least = denominator * (1 - 0x1p-30) - error.value();
        approximation = minimum(uniform, exactly(2) * divide_by_at_least(weighted_theta, least));
      }
      const long row = queries.members[static_cast<size_t>(i)];
      for (Index c = 0; c < columns; ++c) {
        const double quotient = total(c) / denominator;
        split.result.output(row, c) = std::ldexp(quotient, values.exponent);
        if (!std::isfinite(split.result.output(row, c))) rounding = UpperBound::infinite();
      }
      worst_rounding = maximum(worst_rounding, rounding);
      worst_approximation = maximum(worst_approximation, approximation);
    }
  }
  split.result.bound_approximation = values.unscaled(worst_approximation * values.largest);
  split.result.bound_rounding = values.unscaled_output(worst_rounding * exactly(2));
  split.result.bound = split.result.bound_approximation + split.result.bound_rounding;
  split.result.seconds = stopwatch.seconds();
  return split;
}

}  // namespace attnbounds
