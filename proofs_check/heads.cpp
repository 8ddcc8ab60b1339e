#include "proofs_check/heads.hpp"

#include "attention/enclosure.hpp"
#include "kernels/guarantee.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "kernels/monomials.hpp"
#include "kernels/score_interval.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "numeric/stopwatch.hpp"
#include "polynomial/certificate.hpp"
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {
namespace {

constexpr int kDigits = 6;

Json enclosure_of(const Interval& x) {
  return {{"lower", decimal_down(lower(x), kDigits)}, {"upper", decimal_up(upper(x), kDigits)}};
}

/// The fewest features for weights of relative error delta; with its proof, if `certificate` names a file.
Json degree_and_rank(const Rational& half_width, const Rational& delta, Eigen::Index dimension,
                     const std::optional<std::filesystem::path>& certificate) {
  const LeastDegree least = least_degree(half_width, delta, ErrorKind::relative);
  const Integer rank = monomial_rank(dimension, least.degree);
  if (certificate)
    write_file_atomically(
        *certificate, least_degree_certificate(least, half_width, delta, ErrorKind::relative).dump(1) + "\n");
  return {{"degree", least.degree.value},
          {"rank", rank.str()},
          {"rank_decimal", decimal_up(Real(rank), kDigits)}};
}

constexpr const char *kAttention = "certificate.json", *kLeast = "least_degree.json",
                     *kLeastForBound = "least_degree_for_bound.json";

Json instance_of(const std::filesystem::path& folder) {
  const Json instance = Json::parse(read_file(folder / "instance.json"), nullptr, false);
  if (!instance.is_object() || !instance.contains("matrices"))
    throw InputError((folder / "instance.json").string(), "a JSON object with \"matrices\"",
                     "something else");
  return instance;
}

}  // namespace

std::vector<std::filesystem::path> head_folders(const std::filesystem::path& data) {
  std::vector<std::filesystem::path> folders;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(data, error))
    if (std::filesystem::exists(entry.path() / "instance.json")) folders.push_back(entry.path());
  if (folders.empty()) throw InputError(data.string(), "folders with an instance.json", "none");
  std::sort(folders.begin(), folders.end());
  return folders;
}

AttentionInput head_input(const std::filesystem::path& folder) {
  const Json names = instance_of(folder).at("matrices");
  const auto matrix = [&](const char* key) {
    if (!names.contains(key) || !names.at(key).is_string())
      throw InputError((folder / "instance.json").string(), std::string("matrices.") + key + ", a file name",
                       "none");
    return read_npy(folder / names.at(key).get<std::string>());
  };
  AttentionInput input{matrix("q"), matrix("k"), matrix("v")};
  input.validate();
  return input;
}

std::vector<std::filesystem::path> head_certificates(const std::filesystem::path& certificates,
                                                     const std::string& head) {
  std::vector<std::filesystem::path> files;
  for (const char* file : {kAttention, kLeast, kLeastForBound})
    if (std::filesystem::exists(certificates / head / file)) files.push_back(certificates / head / file);
  return files;
}

Json measure_head(const std::filesystem::path& folder, const Rational& epsilon, const RunSettings& settings,
                  const std::optional<std::filesystem::path>& certificates) {
  const Stopwatch stopwatch;
  const Json instance = instance_of(folder);
  const AttentionInput input = head_input(folder);

  const WorkingPrecision guard(Bits{96});
  const auto n = input.q.rows();
  const double B = std::max({max_abs(input.q), max_abs(input.k), max_abs(input.v)});
  const Interval actual = actual_half_width(input.q, input.k, Mask::none, settings.threads).interval();
  const UpperBound bound_on_scores = shift_scores(input.q, input.k).half_width;
  const Rational delta = largest_perturbation(epsilon);
  const AttentionResult result =
      guaranteed_attention(input, {epsilon, MethodChoice::automatic, Mask::none, {}, settings.threads});
  const Matrix<Interval> exact =
      attention_enclosure(input, Mask::none, Rational(Integer(1), Integer(1) << 80), settings.threads);
  const Enclosure enclosed = largest_error(result.output, exact);
  const Interval& error = enclosed.interval();
  std::optional<std::filesystem::path> proofs;
  if (certificates) {
    proofs = *certificates / folder.filename();
    for (const std::filesystem::path& earlier : head_certificates(*certificates, folder.filename().string()))
      std::filesystem::remove(earlier);
    std::filesystem::create_directories(*proofs);
    if (result.bound.is_finite()) write_attention_certificate(*proofs, input, result, Mask::none, enclosed);
  }
  const auto proof = [&](const char* file) { return proofs ? std::optional(*proofs / file) : std::nullopt; };
  const Rational budget = epsilon * to_rational(max_abs(input.v));

  Json j;
  j["head"] = folder.filename().string();
  for (const char* key : {"layer", "source"})
    if (instance.contains(key)) j[key] = instance.at(key);
  if (instance.contains("head")) j["index"] = instance.at("head");
  j["n"] = n;
  j["d"] = input.q.cols();
  j["epsilon"] = exact_text(epsilon);
  j["epsilon_decimal"] = nearest(epsilon);
  j["B"] = B;
  j["B_exact"] = exact_text(B);
  j["B_over_sqrt_log_n"] = enclosure_of(enclose(B) / sqrt(log_interval(Rational(static_cast<long>(n)))));
  j["half_width"] = enclosure_of(actual);
  j["half_width_bound"] = bound_on_scores.value();
  j["least"] = degree_and_rank(to_rational(round_up(actual)), delta, input.q.cols(), proof(kLeast));
  j["least_for_bound"] =
      degree_and_rank(bound_on_scores.exact(), delta, input.q.cols(), proof(kLeastForBound));
  j["method"] = name(result.method);
  j["reason"] = result.reason;
  if (result.method == AttentionMethod::polynomial) {
    j["degree"] = result.degree.value;
    j["rank"] = result.rank;
  }
  j["budget"] = nearest(budget);
  j["bound"] = result.bound.value();
  j["bound_exact"] = exact_text(result.bound.value());
  j["error"] = enclosure_of(error);
  const bool kept =
      result.bound.is_finite() && to_rational(upper(error)) <= result.bound.exact() && result.bound <= budget;
  const bool broken = result.bound.is_finite() && to_rational(lower(error)) > result.bound.exact();
  j["verdict"] = name(kept ? Verdict::verified : broken ? Verdict::refuted : Verdict::undecided);
  j["seconds"] = stopwatch.seconds();
  return j;
}

}  // namespace attnbounds
