#include "sweep/measured.hpp"

#include <Eigen/SVD>
#include <cmath>
#include <filesystem>

#include "kernels/guarantee.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "kernels/monomials.hpp"
#include "kernels/polynomial_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "numeric/stopwatch.hpp"
#include "phase/epsilon_rank.hpp"
#include "polynomial/exponential.hpp"
#include "reductions/hard/families.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;

struct Point {
  AttentionKind kind;
  std::string family;
  long n;
  Rational kappa, c, C;
  std::uint64_t seed, repeat;
};

std::string words(const char* record, const Point& p) {
  return std::string(record) + " " + name(p.kind) + " " + p.family + " n=" + std::to_string(p.n) +
         " kappa=" + exact_text(p.kappa) + " c=" + exact_text(p.c) + " C=" + exact_text(p.C) +
         " seed=" + std::to_string(p.seed) + "." + std::to_string(p.repeat);
}

double log_of(long n) { return std::log(static_cast<double>(n)); }
double entry_bound(const Point& p) {
  return nearest(p.kappa) * std::pow(log_of(p.n), 1.0 / static_cast<double>(order(p.kind)));
}
long columns_of(const Point& p) { return dimension({std::to_string(p.n)}, p.c); }
/// n^{-C} in its 20 leading bits, rounded down.
Rational error_of(const Point& p) {
  int exponent = 0;
  const double leading = std::frexp(std::exp(-nearest(p.C) * log_of(p.n)), &exponent);
  return dyadic(Integer(static_cast<long>(leading * 0x1p20)), exponent - 20);
}

SweepJson identity(const char* record, const Point& p, long d, double B) {
  return {{"record", record},
          {"kind", name(p.kind)},
          {"family", p.family},
          {"n", p.n},
          {"log_n", log_of(p.n)},
          {"d", d},
          {"kappa", exact_text(p.kappa)},
          {"kappa_decimal", nearest(p.kappa)},
          {"B", B},
          {"c", exact_text(p.c)},
          {"C", exact_text(p.C)},
          {"seed", p.seed},
          {"repeat", p.repeat}};
}

// ---- Instances.

struct Instance {
  AttentionInput matrix;
  TensorAttentionInput tensor;
  long planted = -1;  // row that must stand out; -1: none
  double decision = 0;
  bool exact_tells = false;
};

/// Entries uniform in [-B, B]; values in [-1, 1].
Instance random_instance(const Point& p, long d, double B) {
  Stream stream(p.seed, words("instance", p), p.repeat);
  Instance instance;
  const auto entries = [&](double bound) { return stream.uniform_matrix(p.n, d, bound); };
  if (p.kind == AttentionKind::matrix) {
    instance.matrix.q = entries(B);
    instance.matrix.k = entries(B);
    instance.matrix.v = entries(1);
  } else {
    for (Matrix<double>* m : {&instance.tensor.q, &instance.tensor.k1, &instance.tensor.k2}) *m = entries(B);
    for (Matrix<double>* m : {&instance.tensor.v1, &instance.tensor.v2}) *m = entries(1);
  }
  return instance;
}

/// The folder that `attnbounds hard` would write, read back.
Instance hard_instance(const Point& p, ThreadCount threads) {
  const TemporaryFolder scratch;
  const fs::path folder = scratch.path / "instance";
  HardRequest request;
  request.family = p.family;
  request.n = p.n;
  request.kappa = p.kappa;
  request.seed = p.seed * 1000 + p.repeat;
  request.arity = order(p.kind);
  request.threads = threads;
  const SweepJson j = make_hard(request, folder);
  const auto matrix = [&](const char* key) {
    return read_npy(folder / j.at("matrices").at(key).get<std::string>());
  };
  Instance instance;
  if (p.kind == AttentionKind::matrix) instance.matrix = {matrix("q"), matrix("k"), matrix("v")};
  else instance.tensor = {matrix("q"), matrix("k"), matrix("k2"), matrix("v"), matrix("v2")};
  instance.planted = j.at("witness").at(0).get<long>();
  instance.decision = nearest(rational_from_text(j.at("decision").get<std::string>(), "decision"));
  instance.exact_tells = j.at("epsilon").get<double>() > 0;
  return instance;
}

// ---- time

/// Seconds of one method, or why there are none; what it proved goes into `line`.
template <class Input>
SweepJson timed(const Input& input, const AttentionRequest& request, double scale, SweepJson& line) {
  const std::string method = request.method == MethodChoice::exact ? "exact" : "polynomial";
  try {
    AttentionResult result;
    const double seconds = seconds_of([&] { result = guaranteed_attention(input, request); });
    line[method] = {{"bound", result.bound.value()}};
    if (request.method == MethodChoice::polynomial) {
      line[method]["degree"] = result.degree.value;
      line[method]["rank"] = result.rank;
    }
    return seconds * scale;
  } catch (const BudgetMissed& missed) {
    line[method] = {{"missed", missed.what()}};
    return nullptr;
  }
}

Matrix<double> top(const Matrix<double>& m, long rows) {
  return m.topRows(std::min<Eigen::Index>(rows, m.rows()));
}

SweepJson time_line(const Point& p, const MeasuredGrid& grid) {
  const long d = columns_of(p);
  const double B = entry_bound(p);
  SweepJson line = identity("time", p, d, B), timing;
  const Instance instance = random_instance(p, d, B);
  const Rational epsilon = error_of(p);
  const long rows = std::min(p.n, grid.most_rows);
  const double scale = static_cast<double>(p.n) / static_cast<double>(rows);
  line["epsilon"] = exact_text(epsilon);
  line["timed_rows"] = rows;
  AttentionRequest request{epsilon, MethodChoice::polynomial, Mask::none, {}, grid.threads};
  if (p.kind == AttentionKind::matrix) {
    const AttentionInput& a = instance.matrix;
    // Features of queries and keys cost the same: rows of both, scaled. Exact: rows of queries, all keys.
    timing["polynomial"] =
        timed(AttentionInput{top(a.q, rows), top(a.k, rows), top(a.v, rows)}, request, scale, line);
    request.method = MethodChoice::exact;
    timing["exact"] = timed(AttentionInput{top(a.q, rows), a.k, a.v}, request, scale, line);
  } else {
    timing["polynomial"] = timed(instance.tensor, request, 1, line);
    request.method = MethodChoice::exact;
    TensorAttentionInput few = instance.tensor;
    const long queries = std::min<long>(p.n, 32);  // n^2 key pairs for each
    few.q = top(few.q, queries);
    timing["exact"] = timed(few, request, static_cast<double>(p.n) / static_cast<double>(queries), line);
  }
  if (!timing["polynomial"].is_null() && !timing["exact"].is_null())
    timing["exact_over_polynomial"] = timing["exact"].get<double>() / timing["polynomial"].get<double>();
  line["timing"] = timing;
  return line;
}

// ---- rank

SweepJson rank_line(const Point& p, const MeasuredGrid& grid) {
  const bool random = p.family == "random";
  const Instance instance =
      random ? random_instance(p, columns_of(p), entry_bound(p)) : hard_instance(p, grid.threads);
  const bool matrix = p.kind == AttentionKind::matrix;
  const long d = matrix ? instance.matrix.q.cols() : instance.tensor.q.cols();
  SweepJson line = identity("rank", p, d, entry_bound(p));
  const Rational epsilon = error_of(p);
  line["epsilon"] = exact_text(epsilon);
  try {
    const AttentionMatrix a = matrix ? attention_matrix(instance.matrix) : attention_matrix(instance.tensor);
    const EpsilonRank rank = epsilon_rank(a, d, epsilon, Stream(p.seed, "epsilon-rank", p.repeat));
    line["half_width"] = a.half_width.value();
    line["factors"] = rank.factors;
    line["every_v"] = {{"at_least", rank.every_v.at_least}, {"at_most", rank.every_v.at_most}};
    line["relative"] = {{"at_least", rank.relative.at_least}, {"at_most", rank.relative.at_most}};
  } catch (const std::domain_error& beyond) {
    line["missed"] = beyond.what();
  }
  return line;
}

// ---- decide

/// The planted row's output above the decision value and all others below.
bool decides(const Matrix<double>& output, const Instance& instance) {
  for (Eigen::Index i = 0; i < output.rows(); ++i)
    if ((output(i, 0) > instance.decision) != (i == instance.planted)) return false;
  return true;
}

Degree largest_degree(long d, long rank) {
  long g = 0;
  while (monomial_rank(d, {g + 1}) <= rank) ++g;
  return {g};
}

SweepJson decide_line(const Point& p, const MeasuredGrid& grid) {
  const bool matrix = p.kind == AttentionKind::matrix;
  SweepJson line = identity("decide", p, 0, entry_bound(p));
  Instance instance;
  try {
    instance = hard_instance(p, grid.threads);
  } catch (const InputError& none) {  // no instance of this family at this size
    line["missed"] = none.what();
    return line;
  }
  line["d"] = matrix ? instance.matrix.q.cols() : instance.tensor.q.cols();
  line["exact"] = instance.exact_tells;
  line["ranks"] = SweepJson::array();
  std::optional<Eigen::BDCSVD<Eigen::MatrixXd>> svd;
  Matrix<double> values;
  try {
    const AttentionMatrix a = matrix ? attention_matrix(instance.matrix) : attention_matrix(instance.tensor);
    svd.emplace(Eigen::MatrixXd(a.entries), Eigen::ComputeThinU | Eigen::ComputeThinV);
    values = instance.matrix.v;
    if (!matrix) {
      const Eigen::Index m2 = instance.tensor.v2.rows();
      values.resize(instance.tensor.v1.rows() * m2, 1);
      for (Eigen::Index j = 0; j < values.rows(); ++j)
        values(j, 0) = instance.tensor.v1(j / m2, 0) * instance.tensor.v2(j % m2, 0);
    }
  } catch (const std::domain_error&) {  // scores too far apart
  }
  for (const long rank : grid.ranks) {
    SweepJson entry = {{"rank", rank}, {"svd", nullptr}, {"polynomial", nullptr}};
    if (svd) {
      const Eigen::Index k = std::min<Eigen::Index>(rank, svd->singularValues().size());
      const Eigen::MatrixXd inner = svd->matrixV().leftCols(k).transpose() * values;
      entry["svd"] = decides(
          Matrix<double>(svd->matrixU().leftCols(k) * (svd->singularValues().head(k).asDiagonal() * inner)),
          instance);
    }
    if (matrix) {
      const Degree g = largest_degree(instance.matrix.q.cols(), rank);
      entry["degree"] = g.value;
      entry["polynomial"] = false;
      try {
        const ScoreRange<double> scores = score_range(instance.matrix.q, instance.matrix.k, grid.threads);
        const CertifiedPolynomial polynomial = exp_polynomial_in_doubles(g, scores.half_width.exact());
        entry["polynomial"] = decides(
            polynomial_attention(instance.matrix, scores, polynomial, Mask::none, grid.threads).output,
            instance);
      } catch (const std::exception&) {  // no polynomial of that degree has relative error below 1
      }
    }
    line["ranks"].push_back(entry);
  }
  return line;
}

}  // namespace

std::vector<SweepTask> measured_tasks(const MeasuredGrid& grid) {
  std::vector<SweepTask> tasks;
  const auto add = [&](const char* record, const Point& p, double seconds,
                       SweepJson (*line)(const Point&, const MeasuredGrid&)) {
    std::string task = words(record, p);
    if (line == time_line) task += " rows=" + std::to_string(grid.most_rows);
    if (line == decide_line)
      for (const long rank : grid.ranks)
        task += (rank == grid.ranks.front() ? " ranks=" : ",") + std::to_string(rank);
    tasks.push_back({task, Estimate(seconds), [p, grid, line] { return line(p, grid); }});
  };
  for (const AttentionKind kind : grid.kinds)
    for (const long n : grid.n)
      for (const Rational& kappa : grid.kappa)
        for (const std::string& family : grid.families) {
          const Point p{kind, family, n, kappa, grid.c, grid.C, grid.seed, 0};
          const bool matrix = kind == AttentionKind::matrix;
          const double size = static_cast<double>(n), d = static_cast<double>(columns_of(p));
          const long rank_most = matrix ? grid.rank_n : std::min(grid.rank_n, 64L),
                     decide_most = matrix ? grid.decide_n : std::min(grid.decide_n, 64L);
          if (family == "random")
            add("time", p,
                matrix ? std::min(size, static_cast<double>(grid.most_rows)) * size * (4 * d + 30) / 1e9 + 1
                       : 32 * size * size * (6 * d + 30) / 1e9 + 1,
                time_line);
          if (n <= rank_most) add("rank", p, 2e-7 * size * size * std::sqrt(size), rank_line);
          if (family != "random" && n <= decide_most)
            for (long repeat = 0; repeat < grid.repeats; ++repeat) {
              Point again = p;
              again.repeat = static_cast<std::uint64_t>(repeat);
              add("decide", again, 2e-8 * size * size * size + 0.1, decide_line);
            }
        }
  return tasks;
}

}  // namespace attnbounds
