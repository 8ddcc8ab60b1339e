#include "sweep/measured.hpp"

#include <Eigen/SVD>
#include <algorithm>
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
#include "reductions/attention/threshold.hpp"
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

/// The largest n whose whole attention matrix is decomposed. Tensor: its columns are pairs.
long rank_most(AttentionKind kind, const MeasuredGrid& grid) {
  return kind == AttentionKind::matrix ? grid.rank_n : std::min(grid.rank_n, 64L);
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

HardRequest hard_request(const Point& p, ThreadCount threads) {
  HardRequest request;
  request.family = p.family;
  request.n = p.n;
  request.kappa = p.kappa;
  request.seed = p.seed * 1000 + p.repeat;
  request.arity = order(p.kind);
  request.threads = threads;
  return request;
}

/// The folder that `attnbounds hard` would write, read back.
Instance decided_instance(const Point& p, ThreadCount threads) {
  const TemporaryFolder scratch;
  const fs::path folder = scratch.path / "instance";
  const SweepJson j = make_hard(hard_request(p, threads), folder);
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

/// Of any family; of a hard one the same matrices, without what its exact outputs say. Errors: InputError
/// where the family has no instance of this size.
Instance instance_of(const Point& p, ThreadCount threads) {
  if (p.family == "random") return random_instance(p, columns_of(p), entry_bound(p));
  const HardInstance hard = hard_instance(hard_request(p, threads));
  Instance instance;
  if (p.kind == AttentionKind::matrix) instance.matrix = matrix_instance(hard.parameters, hard.families);
  else instance.tensor = tensor_instance(hard.parameters, hard.families);
  return instance;
}

// ---- time

/// The median of a few runs, fewer of long ones.
template <class Work>
double median_seconds(const Work& work) {
  std::vector<double> seconds;
  for (double spent = 0; seconds.size() < 5 && spent < 0.3; spent += seconds.back())
    seconds.push_back(seconds_of(work));
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

/// Of fused exact attention on the first `rows` queries, all keys for each, scaled to all queries.
template <class Input>
double exact_seconds(Input input, AttentionRequest request, long rows, SweepJson& line) {
  const double scale = static_cast<double>(input.q.rows()) / static_cast<double>(rows);
  request.method = MethodChoice::exact;
  input.q = Matrix<double>(input.q.topRows(rows));
  AttentionResult result;
  const double seconds = median_seconds([&] { result = guaranteed_attention(input, request); });
  line["exact"] = {{"bound", result.bound.value()}};
  return seconds * scale;
}

SweepJson proved(const AttentionResult& result) {
  return {{"bound", result.bound.value()}, {"degree", result.degree.value}, {"rank", result.rank}};
}

/// Of polynomial attention with its guarantee, on the first `rows` tokens. The polynomial is the one that all
/// tokens need: finding it is paid for once, and only the kernel, whose features of queries and keys cost the
/// same, is scaled.
double polynomial_seconds(const AttentionInput& input, AttentionRequest request, long rows, SweepJson& line) {
  const double scale = static_cast<double>(input.q.rows()) / static_cast<double>(rows);
  const auto top = [rows](const Matrix<double>& m) {
    return Matrix<double>(m.topRows(std::min<Eigen::Index>(rows, m.rows())));
  };
  const AttentionInput few{top(input.q), top(input.k), top(input.v)};
  const auto half_width = [&](const AttentionInput& a) {
    return score_range(a.q, a.k, request.threads).half_width;
  };
  request.least_half_width = maximum(half_width(input), half_width(few));  // each has a shift of its own
  AttentionResult result;
  const double once = seconds_of([&] { result = guaranteed_attention(few, request); });
  line["polynomial"] = proved(result);
  const CertifiedPolynomial polynomial =
      exp_polynomial_in_doubles(result.degree, request.least_half_width.exact());
  const double kernel = median_seconds([&] {
    const ScoreRange<double> range = score_range(few.q, few.k, request.threads);
    polynomial_attention(few, range, polynomial, Mask::none, request.threads);
  });
  return std::max(0.0, once - kernel) + scale * kernel;
}

double polynomial_seconds(const TensorAttentionInput& input, const AttentionRequest& request, long,
                          SweepJson& line) {
  AttentionResult result;
  const double seconds = median_seconds([&] { result = guaranteed_attention(input, request); });
  line["polynomial"] = proved(result);
  return seconds;
}

template <class Input>
void add_times(const Input& input, const AttentionRequest& request, long polynomial_rows, long exact_rows,
               SweepJson& line) {
  SweepJson timing = {{"polynomial", nullptr}};
  try {
    timing["polynomial"] = polynomial_seconds(input, request, polynomial_rows, line);
  } catch (const BudgetMissed& missed) {
    line["polynomial"] = {{"missed", missed.what()}};
  }
  timing["exact"] = exact_seconds(input, request, exact_rows, line);
  if (!timing["polynomial"].is_null())
    timing["exact_over_polynomial"] = timing["exact"].get<double>() / timing["polynomial"].get<double>();
  line["timing"] = timing;
}

SweepJson time_line(const Point& p, const MeasuredGrid& grid) {
  SweepJson line = identity("time", p, columns_of(p), entry_bound(p));
  Instance instance;
  try {
    instance = instance_of(p, grid.threads);
  } catch (const InputError& none) {
    line["missed"] = none.what();
    return line;
  }
  const bool matrix = p.kind == AttentionKind::matrix;
  const Rational epsilon = error_of(p);
  const AttentionRequest request{epsilon, MethodChoice::polynomial, Mask::none, {}, grid.threads};
  const long tokens = matrix ? instance.matrix.q.rows() : instance.tensor.q.rows(),
             rows = std::min(tokens, grid.most_rows);
  line["d"] = matrix ? instance.matrix.q.cols() : instance.tensor.q.cols();
  line["epsilon"] = exact_text(epsilon);
  line["timed_rows"] = rows;
  if (matrix) add_times(instance.matrix, request, rows, rows, line);
  else add_times(instance.tensor, request, tokens, std::min(rows, 32L), line);  // n^2 key pairs a query
  return line;
}

// ---- rank

SweepJson rank_line(const Point& p, const MeasuredGrid& grid) {
  const bool matrix = p.kind == AttentionKind::matrix;
  SweepJson line = identity("rank", p, columns_of(p), entry_bound(p));
  const Rational epsilon = error_of(p);
  line["epsilon"] = exact_text(epsilon);
  try {
    const Instance instance = instance_of(p, grid.threads);
    const long d = matrix ? instance.matrix.q.cols() : instance.tensor.q.cols();
    line["d"] = d;
    const Stream stream(p.seed, "epsilon-rank", p.repeat);
    EpsilonRank rank;
    if (p.n > rank_most(p.kind, grid)) {
      const auto probed = [&](const auto& input) {
        line["probe_rows"] = std::min<long>(grid.probe_rows, input.q.rows());
        return probed_epsilon_rank(input, epsilon, grid.probe_rows, stream);
      };
      rank = matrix ? probed(instance.matrix) : probed(instance.tensor);
    } else {
      const AttentionMatrix a =
          matrix ? attention_matrix(instance.matrix) : attention_matrix(instance.tensor);
      line["half_width"] = a.half_width.value();
      rank = epsilon_rank(a, d, epsilon, stream);
    }
    line["factors"] = rank.factors;
    line["every_v"] = {{"at_least", rank.every_v.at_least}, {"at_most", rank.every_v.at_most}};
    line["relative"] = {{"at_least", rank.relative.at_least}, {"at_most", rank.relative.at_most}};
  } catch (const std::domain_error& beyond) {
    line["missed"] = beyond.what();
  } catch (const InputError& none) {  // no instance of this family at this size
    line["missed"] = none.what();
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
    instance = decided_instance(p, grid.threads);
  } catch (const InputError& none) {
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
    if (std::find(grid.records.begin(), grid.records.end(), record) == grid.records.end()) return;
    std::string task = words(record, p);
    if (line == time_line) task += " rows=" + std::to_string(grid.most_rows);
    if (line == rank_line && p.n > rank_most(p.kind, grid))
      task += " probe=" + std::to_string(grid.probe_rows);
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
          const bool matrix = kind == AttentionKind::matrix, hard = family != "random";
          const double size = static_cast<double>(n),
                       d = hard ? kHardColumns * log_of(n) : static_cast<double>(columns_of(p)),
                       keys = matrix ? size : size * size,
                       rows = matrix ? std::min(size, static_cast<double>(grid.most_rows)) : 32,
                       draw = hard ? 5e-10 * size * keys * d : 0;  // all tuples, a few times
          add("time", p, rows * keys * (4 * d + 30) / 1e9 + 1 + draw, time_line);
          const double probe = static_cast<double>(grid.probe_rows);
          add("rank", p,
              draw + (n <= rank_most(kind, grid) ? 2e-7 * size * size * std::sqrt(size)
                                                 : 1e-9 * probe * probe * keys),
              rank_line);
          if (hard && n <= (matrix ? grid.decide_n : std::min(grid.decide_n, 64L)))
            for (long repeat = 0; repeat < grid.repeats; ++repeat) {
              Point again = p;
              again.repeat = static_cast<std::uint64_t>(repeat);
              add("decide", again, 2e-8 * size * size * size + 0.1, decide_line);
            }
        }
  return tasks;
}

}  // namespace attnbounds
