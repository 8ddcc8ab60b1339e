#include "proofs_check/hyper_attention.hpp"

#include "attention/enclosure.hpp"
#include "numeric/exact_text.hpp"
#include "proofs_check/heads.hpp"
#include "proofs_check/hyper_case.hpp"

namespace attnbounds {
namespace {

constexpr long kTokens = 128, kBlock = 16, kShareSampled = 4;
constexpr int kDigits = 6;

Json ends(const Interval& x) {
  if (!is_finite(x)) return nullptr;
  return {{"lower", decimal_down(lower(x), kDigits)}, {"upper", decimal_up(upper(x), kDigits)}};
}

/// How far the planted row's exact output stands above every other row's, and whether it does in `output`.
struct Planted {
  Interval gap, weight;
  bool found = true;
};
Planted planted_row(const NearThreshold& instance, const Matrix<Interval>& p, const Matrix<Interval>& exact,
                    const Matrix<double>& output) {
  const long planted = *instance.planted_query;
  Interval others = 0;
  Planted result;
  for (Eigen::Index i = 0; i < exact.rows(); ++i)
    if (i != planted) {
      others = maximum(others, exact(i, 0));
      result.found = result.found && output(planted, 0) > output(i, 0);
    }
  result.gap = exact(planted, 0) - others;
  result.weight = p(planted, *instance.planted_key);
  return result;
}

Json line_of(const std::string& name, const char* kind, const NearThreshold& instance, std::uint64_t seed) {
  const WorkingPrecision guard(Bits{64});
  const AttentionInput& in = instance.input;
  HyperAttentionSettings settings;
  settings.block = kBlock;
  settings.samples = in.k.rows() / kShareSampled;
  settings.seed = seed;
  const SortedBlocks blocks = sort_by_hashes(in, settings);
  const Matrix<double> output = hyper_attention(in, settings);

  const Matrix<Interval> weights = weight_enclosure(in), p = normalised_rows(weights);
  const Matrix<Interval> exact =
      attention_enclosure(in, Mask::none, Rational(Integer(1), Integer(1) << 60), ThreadCount{1});
  const Matrix<Interval> error = matrix_from<Interval>(output) - exact;
  const Interval alpha = column_parameter(p);
  const Interval p_norm = operator_norm_of_nonnegative(p).interval(),
                 v_norm = operator_norm(matrix_from<Interval>(in.v)).interval();

  Json j;
  j["input"] = name;
  j["kind"] = kind;
  j["n"] = in.q.rows();
  j["keys"] = in.k.rows();
  j["d"] = in.q.cols();
  j["block"] = settings.block;
  j["samples"] = settings.samples;
  j["seed"] = settings.seed;
  j["alpha"] = ends(alpha);
  j["alpha_over_keys"] = ends(alpha / Interval(static_cast<long>(in.k.rows())));
  j["kappa"] = ends(row_parameter(weights, [](Eigen::Index, Eigen::Index) { return false; }));
  j["kappa_outside_blocks"] =
      ends(row_parameter(weights, [&](Eigen::Index i, Eigen::Index k) { return blocks.heavy(i, k); }));
  j["spectral_error"] = ends(operator_norm(error).interval() / (p_norm * v_norm));
  j["entry_error"] = ends(largest_error(output, exact).interval() / enclose(max_abs(in.v)));
  if (!instance.planted_query) return j;
  const Planted planted = planted_row(instance, p, exact, output);
  j["planted_weight"] = ends(planted.weight);
  if (lower(planted.gap) > 0) {  // else the exact outputs do not tell either
    j["gap"] = ends(planted.gap);
    j["planted_row_stands_out"] = planted.found;
  }
  return j;
}

/// At these kappa the exact outputs of kTokens tokens decide, and not much below (docs/neighbours.md, 3).
struct Family {
  const char* name;
  long d;
  Rational kappa;
};
std::vector<Family> families() {
  return {
      {"planted-orthogonal", 48, 10}, {"light-bulb", 48, 4}, {"planted-gap", 48, 4}, {"random-cnf", 56, 10}};
}

}  // namespace

std::vector<HyperAttentionRow> hyper_attention_rows(const RunSettings& settings,
                                                    const std::filesystem::path& heads) {
  std::vector<HyperAttentionRow> rows;
  const auto add = [&](const std::string& name, const char* kind, auto instance,
                       const std::string& from = "") {
    rows.push_back({"hyper-attention " + (from.empty() ? name : from),
                    [=, seed = settings.seed] { return line_of(name, kind, instance(), seed); }});
  };
  for (const long bound : {1, 4})
    add("uniform, B = " + std::to_string(bound), "uniform", [bound, seed = settings.seed] {
      Stream stream(seed, "hyper-attention uniform", static_cast<std::uint64_t>(bound));
      return NearThreshold{{stream.uniform_matrix(kTokens, 8, static_cast<double>(bound)),
                            stream.uniform_matrix(kTokens, 8, static_cast<double>(bound)),
                            stream.uniform_matrix(kTokens, 8, 1)},
                           {},
                           {}};
    });
  for (const auto& [anchors, words] :
       {std::pair(Anchors::one, ", one anchor"), std::pair(Anchors::spread, ", spread anchors")})
    for (const Family& family : families()) {
      HardRequest request;
      request.family = family.name;
      request.n = kTokens;
      request.d = family.d;
      request.kappa = family.kappa;
      request.seed = settings.seed;
      request.threads = {1};
      add(family.name + std::string(words), "planted",
          [request, anchors = anchors] { return near_threshold(request, anchors); });
    }
  const std::vector<std::filesystem::path> folders = head_folders(heads);
  for (std::size_t i = 0; i < folders.size(); i += settings.level == Level::quick ? 3 : 1)
    add(
        folders[i].filename().string(), "head",
        [folder = folders[i]] {
          return NearThreshold{head_input(folder), {}, {}};
        },
        folders[i].string());
  return rows;
}

}  // namespace attnbounds
