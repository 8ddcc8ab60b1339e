#include "kernels/cost_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/exact_attention.hpp"
#include "kernels/gradient_kernels.hpp"
#include "kernels/polynomial_attention.hpp"
#include "kernels/tensor_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/random.hpp"
#include "numeric/stopwatch.hpp"
#include "polynomial/exponential.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;
constexpr int format = 2;  // raised when the kernels or the model change

std::array<double, 3> exact_terms(double d, double columns) { return {1, d, columns}; }
std::array<double, 3> polynomial_terms(double d, double rank, double columns) {
  return {d, rank, rank * (columns + 1)};
}
template <std::size_t N>
double value(const std::array<double, N>& coefficients, const std::array<double, N>& terms) {
  double sum = 0;
  for (std::size_t i = 0; i < N; ++i) sum += coefficients[i] * terms[i];
  return sum;
}

// Least squares of relative errors, coefficients not below 0 (those that would be are dropped, one at a
// time).
template <std::size_t N>
std::array<double, N> fitted(const std::vector<std::array<double, N>>& terms,
                             const std::vector<double>& seconds) {
  std::array<double, N> result{};
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < N; ++i) used.push_back(i);
  for (;;) {
    Eigen::MatrixXd a(static_cast<Index>(terms.size()), static_cast<Index>(used.size()));
    for (Index row = 0; row < a.rows(); ++row)
      for (Index c = 0; c < a.cols(); ++c) a(row, c) = terms[row][used[c]] / seconds[row];
    const Eigen::VectorXd x = a.colPivHouseholderQr().solve(Eigen::VectorXd::Ones(a.rows()));
    Index least = 0;
    if (x.minCoeff(&least) >= 0 || used.size() == 1) {
      result = {};
      for (std::size_t c = 0; c < used.size(); ++c) result[used[c]] = std::fmax(x(static_cast<Index>(c)), 0);
      return result;
    }
    used.erase(used.begin() + least);
  }
}

template <class Work>
double median_seconds(const Work& work) {
  std::array<double, 3> times{};
  work();
  for (double& t : times) t = seconds_of(work);
  std::sort(times.begin(), times.end());
  return times[1];
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(std::min(line.size(), line.find(':') + 2));
  return "unknown";
}

double share(ThreadCount threads) { return 1 / std::fmax(1, static_cast<double>(threads.value)); }

double rank_of(double dimension, long degree) { return rank_about(static_cast<Index>(dimension), {degree}); }

}  // namespace

double CostModel::exact_seconds(const AttentionShape& s) const {
  const double scores = static_cast<double>(s.queries) * static_cast<double>(s.keys) *
                        (s.mask == Mask::causal ? causal_exact / 2 : 1.0);
  return scores *
         value(exact, exact_terms(static_cast<double>(s.dimension), static_cast<double>(s.columns))) *
         share(s.threads);
}

double CostModel::polynomial_seconds(const AttentionShape& s, double rank) const {
  const double d = static_cast<double>(s.dimension), columns = static_cast<double>(s.columns);
  double token =
      value(polynomial, polynomial_terms(d, rank, columns)) * static_cast<double>(s.queries + s.keys);
  if (s.mask == Mask::causal)
    token = token * causal_polynomial +
            64 * static_cast<double>(s.queries) * value(exact, exact_terms(d, columns));
  return token * share(s.threads) + preparation[0] + preparation[1] * rank;
}

double CostModel::seconds(const ExactWork& work, ThreadCount threads) const {
  const double factor = work.kind == KernelKind::tensor     ? tensor[0]
                        : work.kind == KernelKind::gradient ? gradient[0]
                                                            : 1;
  return factor * work.weights * value(exact, exact_terms(work.dimension, work.columns)) * share(threads);
}

double CostModel::seconds(const FeatureWork& work, ThreadCount threads) const {
  const double factor = work.kind == KernelKind::tensor     ? tensor[1]
                        : work.kind == KernelKind::gradient ? gradient[1]
                                                            : 1;
  return factor * value(polynomial, {work.dimensions, work.ranks, work.products}) * share(threads) +
         (work.inside.weights > 0 ? seconds(work.inside, threads) : 0) + preparation[0] +
         preparation[1] * work.rank;
}

// ---- The work of tensor attention and of gradients.

ExactWork exact_work(const TensorAttentionInput& in, Mask mask) {
  const double pairs = static_cast<double>(in.k1.rows()) * static_cast<double>(in.k2.rows());
  return {KernelKind::tensor, static_cast<double>(in.q.rows()) * pairs / (mask == Mask::causal ? 3 : 1),
          static_cast<double>(in.q.cols()), static_cast<double>(in.v1.cols())};
}

// Under a mask a row updates both prefix sums and multiplies them: three passes over r (d_v + 1) numbers.
FeatureWork feature_work(const TensorAttentionInput& in, Degree degree, Mask mask) {
  const double tokens = static_cast<double>(in.q.rows() + in.k1.rows() + in.k2.rows()),
               d = static_cast<double>(in.q.cols()), width = static_cast<double>(in.v1.cols() + 1),
               rank = rank_about(in.q.cols(), degree);
  return {KernelKind::tensor,
          tokens * d,
          tokens * rank,
          tokens * rank * width * (mask == Mask::causal ? 4 : 1),
          {},
          rank};
}

GradientShape gradient_shape(const AttentionInput& in) {
  const auto number = [](Index x) { return static_cast<double>(x); };
  return {number(in.q.rows()), number(in.k.rows()), number(in.k.rows()),
          number(in.q.cols()), number(in.q.cols()), number(in.v.cols())};
}

ExactWork loss_gradient_exact_work(const GradientShape& s) {
  return {KernelKind::gradient, s.queries * s.keys, s.dimension, (1 + s.columns) * (1 + s.dimension) - 1};
}

// Keys: moments of degree g + 1. Queries: sums, then moments of A1 gamma.
FeatureWork loss_gradient_feature_work(const GradientShape& s, Degree degree) {
  const double rank = rank_of(s.variables, degree.value), higher = rank_of(s.variables, degree.value + 1),
               width = s.columns + 1;
  return {KernelKind::gradient,
          (2 * s.queries + s.key_tokens) * s.variables,
          2 * s.queries * rank + s.key_tokens * higher,
          s.queries * rank * width * (s.dimension + 1) + s.key_tokens * higher * width,
          {},
          higher};
}

// The queries' pass and the keys' pass.
ExactWork attention_gradient_exact_work(const GradientShape& s, Mask mask) {
  ExactWork work = loss_gradient_exact_work(s);
  work.weights *= mask == Mask::causal ? 1 : 2;
  return work;
}

FeatureWork attention_gradient_feature_work(const GradientShape& s, Degree degree, Mask mask) {
  const double rank = rank_of(s.variables, degree.value), higher = rank_of(s.variables, degree.value + 1),
               width = s.columns + 1, tokens = s.queries + s.key_tokens, all = width * (s.dimension + 1);
  if (mask == Mask::causal) {
    ExactWork inside = loss_gradient_exact_work(s);
    inside.weights = 2 * 128 * s.queries;
    return {KernelKind::gradient,
            2 * tokens * s.dimension,
            2 * tokens * rank,
            2 * tokens * rank * all,
            inside,
            rank};
  }
  return {KernelKind::gradient,
          2 * tokens * s.dimension,
          tokens * (rank + higher),
          tokens * (higher * width + rank * all),
          {},
          higher};
}

const CostModel& reference_cost_model() {
  static const CostModel model{{1.5e-9, 0.04e-9, 0.04e-9},
                               {2e-9, 0.3e-9, 0.06e-9},
                               {2e-3, 1e-6},
                               1.1,
                               2,
                               {1, 1.5},
                               {1, 1.5},
                               "reference"};
  return model;
}

CostModel measured_cost_model() {
  CostModel model;
  model.origin = "measured on this machine";
  Stream stream(0, "cost model");
  const auto input = [&](Index n, Index d, Index columns) {
    Matrix<double> q = stream.uniform_matrix(n, d, 1), k = stream.uniform_matrix(n, d, 1);
    return AttentionInput{q, k, stream.uniform_matrix(n, columns, 1)};
  };
  const ThreadCount one{1};

  std::vector<std::array<double, 3>> terms;
  std::vector<double> seconds;
  for (const auto& [d, columns] :
       {std::pair<Index, Index>{2, 2}, {4, 4}, {8, 8}, {16, 16}, {32, 32}, {8, 32}, {32, 8}, {64, 64}}) {
    const Index n = 1536;
    const AttentionInput in = input(n, d, columns);
    const double t = median_seconds([&] { exact_attention<double>(in.q, in.k, in.v, Mask::none, one); });
    terms.push_back(exact_terms(static_cast<double>(d), static_cast<double>(columns)));
    seconds.push_back(t / static_cast<double>(n * n));
  }
  model.exact = fitted(terms, seconds);

  terms.clear();
  seconds.clear();
  std::vector<std::array<double, 2>> preparation_terms;
  std::vector<double> preparation_seconds;
  double full = 0, causal = 0, causal_tokens = 0;
  for (const auto& [d, g, columns] : {std::tuple<Index, long, Index>{2, 8, 2},
                                      {4, 4, 4},
                                      {4, 10, 4},
                                      {8, 3, 8},
                                      {8, 5, 8},
                                      {12, 3, 12},
                                      {16, 2, 16},
                                      {32, 2, 32},
                                      {8, 4, 32},
                                      {64, 1, 64}}) {
    const Index n = 2048;
    const AttentionInput in = input(n, d, columns);
    const ScoreRange<double> range = score_range(in.q, in.k, one);
    std::optional<PolynomialPlan> plan;
    const double once =
        seconds_of([&] { plan.emplace(d, exp_polynomial_in_doubles({g}, range.half_width.exact())); });
    const double t = median_seconds(
        [&] { polynomial_attention<double>(in.q, in.k, in.v, range, *plan, Mask::none, one); });
    const auto rank = static_cast<double>(plan->tree.rank);
    terms.push_back(polynomial_terms(static_cast<double>(d), rank, static_cast<double>(columns)));
    seconds.push_back(t / static_cast<double>(2 * n));
    preparation_terms.push_back({1, rank});
    preparation_seconds.push_back(once);
    if (d == 8 && g == 3) {
      full = t;
      causal = median_seconds(
          [&] { polynomial_attention<double>(in.q, in.k, in.v, range, *plan, Mask::causal, one); });
      causal_tokens = static_cast<double>(n);
      const double exact =
          median_seconds([&] { exact_attention<double>(in.q, in.k, in.v, Mask::causal, one); });
      const double scores = static_cast<double>(n) * static_cast<double>(n) / 2;
      model.causal_exact = std::fmax(exact / (scores * value(model.exact, exact_terms(8, 8))), 0.5);
    }
  }
  model.polynomial = fitted(terms, seconds);
  model.preparation = fitted(preparation_terms, preparation_seconds);
  model.causal_polynomial =
      std::fmax((causal - 64 * causal_tokens * value(model.exact, exact_terms(8, 8))) / full, 1);

  // Factors of tensor attention and of gradients: medians of measured over counted.
  std::array<std::vector<double>, 2> of_tensor, of_gradient;
  const auto compare = [&](std::array<std::vector<double>, 2>& factors, const ExactWork& exact_of,
                           const FeatureWork& feature_of, double exact_time, double polynomial_time) {
    FeatureWork running = feature_of;
    running.rank = 0;  // what is prepared is kept
    factors[0].push_back(exact_time / model.seconds(exact_of, one));
    factors[1].push_back(polynomial_time / (model.seconds(running, one) - model.preparation[0]));
  };
  for (const auto& [n, d, g] : {std::tuple<Index, Index, long>{128, 4, 5}, {96, 8, 3}, {160, 2, 8}}) {
    const AttentionInput a = input(n, d, d), b = input(n, d, d);
    const TensorAttentionInput in{a.q, a.k, b.k, a.v, b.v};
    const TensorScores tensor = tensor_scores(in);
    const CertifiedPolynomial polynomial = exp_polynomial_in_doubles({g}, tensor.interval.half_width.exact());
    compare(of_tensor, exact_work(in, Mask::none), feature_work(in, {g}, Mask::none),
            median_seconds([&] { exact_tensor_attention(in, tensor, Mask::none, one); }),
            median_seconds([&] { polynomial_tensor_attention(in, tensor, polynomial, one); }));
  }
  for (const auto& [n, d, g] : {std::tuple<Index, Index, long>{1024, 4, 5}, {1024, 2, 8}, {512, 8, 3}}) {
    const AttentionInput a = input(n, d, d);
    const Matrix<double> identity = Matrix<double>::Identity(d, d);
    const MatrixLossInput in{a.q, a.k, a.v, identity, identity, Matrix<double>::Zero(n, d)};
    const auto plan = gradient_plan(gradient_input(in), one);
    const CertifiedPolynomial polynomial = exp_polynomial_in_doubles({g}, half_width(*plan).exact());
    const GradientShape sizes = gradient_shape(a);
    compare(of_gradient, loss_gradient_exact_work(sizes), loss_gradient_feature_work(sizes, {g}),
            median_seconds([&] { exact_gradient(*plan, one); }), median_seconds([&] {
              polynomial_gradient(*gradient_plan(gradient_input(in), one), polynomial, one);
            }));
  }
  const auto median = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  for (std::size_t i = 0; i < 2; ++i) {
    model.tensor[i] = median(of_tensor[i]);
    model.gradient[i] = median(of_gradient[i]);
  }
  return model;
}

std::optional<std::filesystem::path> cost_model_file() {
  const auto from = [](const char* variable) -> std::optional<std::filesystem::path> {
    const char* text = std::getenv(variable);
    if (text == nullptr || *text == '\0') return std::nullopt;
    return std::filesystem::path(text);
  };
  if (auto cache = from("XDG_CACHE_HOME"); cache && cache->is_absolute())
    return *cache / "attnbounds" / "cost-model.json";
  if (auto home = from("HOME")) return *home / ".cache" / "attnbounds" / "cost-model.json";
  return std::nullopt;
}

std::string cost_model_text(const CostModel& model) {
  const nlohmann::ordered_json j = {{"format", format},
                                    {"processor", processor()},
                                    {"exact", model.exact},
                                    {"polynomial", model.polynomial},
                                    {"preparation", model.preparation},
                                    {"causal_exact", model.causal_exact},
                                    {"causal_polynomial", model.causal_polynomial},
                                    {"tensor", model.tensor},
                                    {"gradient", model.gradient}};
  return j.dump(1) + "\n";
}

std::optional<CostModel> cost_model_from_text(const std::string& text) {
  const nlohmann::json j = nlohmann::json::parse(text, nullptr, false);
  if (!j.is_object() || j.value("format", 0) != format || j.value("processor", "") != processor())
    return std::nullopt;
  try {
    CostModel model;
    j.at("exact").get_to(model.exact);
    j.at("polynomial").get_to(model.polynomial);
    j.at("preparation").get_to(model.preparation);
    j.at("causal_exact").get_to(model.causal_exact);
    j.at("causal_polynomial").get_to(model.causal_polynomial);
    j.at("tensor").get_to(model.tensor);
    j.at("gradient").get_to(model.gradient);
    model.origin = "measured on this machine";
    for (const double x : model.exact)
      if (!(x >= 0 && x < 1)) return std::nullopt;
    for (const double x : model.polynomial)
      if (!(x >= 0 && x < 1)) return std::nullopt;
    for (const double x : {model.tensor[0], model.tensor[1], model.gradient[0], model.gradient[1]})
      if (!(x > 0 && x < 1e6)) return std::nullopt;
    return model;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

CostModel machine_cost_model(Calibration calibration) {
  const auto file = cost_model_file();
  if (file && calibration == Calibration::cached && std::filesystem::exists(*file)) {
    try {
      if (auto model = cost_model_from_text(read_file(*file))) return *model;
    } catch (const std::runtime_error&) {  // unreadable: as if it were not there
    }
  }
  const CostModel model = measured_cost_model();
  if (file) {
    try {
      std::filesystem::create_directories(file->parent_path());
      write_file_atomically(*file, cost_model_text(model));
    } catch (const std::runtime_error&) {  // a cache that cannot be written is no error
    }
  }
  return model;
}

}  // namespace attnbounds
