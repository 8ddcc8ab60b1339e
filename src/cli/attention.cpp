// attnbounds attention: matrix or tensor attention with a guaranteed error of at most E max|V| in every
// entry, by polynomial features or exactly; --certify measures the true error against enclosures.
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>

#include "attention/enclosure.hpp"
#include "cli/guaranteed.hpp"
#include "kernels/device.hpp"
#include "kernels/double_double_attention.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string q, k, v, k2, v2, epsilon, method = "auto", device = "cpu", arithmetic = "double", output,
                                        enclosures, certificate;
  bool causal = false, certify = false, recalibrate = false;
  std::optional<long> precision;
};

struct Problem {
  AttentionInput matrix;
  std::optional<TensorAttentionInput> tensor;
  Rational largest_value;  // max|V|; max|V1| max|V2| for tensor attention
};

Problem read_problem(const Options& options, Mask mask) {
  if (options.k2.empty() != options.v2.empty())
    throw InputError(options.k2.empty() ? "--k2" : "--v2", "both --k2 and --v2, or neither", "one of them");
  Problem problem;
  problem.matrix = {read_npy(options.q), read_npy(options.k), read_npy(options.v)};
  problem.largest_value = to_rational(max_abs(problem.matrix.v));
  if (options.k2.empty()) {
    problem.matrix.validate(mask);
    return problem;
  }
  const AttentionInput& m = problem.matrix;
  problem.tensor = TensorAttentionInput{m.q, m.k, read_npy(options.k2), m.v, read_npy(options.v2)};
  problem.tensor->validate(mask);
  problem.largest_value *= to_rational(max_abs(problem.tensor->v2));
  return problem;
}

Matrix<Interval> enclosures_of(const Problem& problem, const AttentionRequest& request,
                               const Rational& width) {
  return problem.tensor ? tensor_attention_enclosure(*problem.tensor, request.mask, width, request.threads)
                        : attention_enclosure(problem.matrix, request.mask, width, request.threads);
}

// The true error against the guarantee and the budget: by the double-double reference where its radius leaves
// both decided, else with narrower and narrower enclosures until they are.
CertifiedError certify(const AttentionResult& result, const Problem& problem, const AttentionRequest& request,
                       Matrix<Interval>& exact) {
  const Rational budget = request.epsilon * problem.largest_value;
  Rational narrow = (result.bound.is_finite() ? result.bound.exact() : problem.largest_value) / 1024;
  CertifiedError certified;
  certified.reference = "multiprecision";
  const WorkingPrecision precision(Bits{256});
  const auto decided_by = [&](const Enclosure& error) {
    certified.error = error.interval();
    certified.judge(result.bound, budget);
    return certified.decided();
  };
  if (!problem.tensor && exact.size() == 0)
    if (const auto pairs = double_double_attention(problem.matrix, request.mask, request.threads);
        pairs && pairs->largest_radius() <= narrow && decided_by(largest_error(result.output, *pairs))) {
      certified.reference = "double-double";
      return certified;
    }
  for (int attempt = 0; attempt < 4; ++attempt, narrow /= 1L << 40) {
    if (attempt > 0 || exact.size() == 0) exact = enclosures_of(problem, request, narrow);
    if (decided_by(largest_error(result.output, exact)) || narrow == 0) break;
  }
  return certified;
}

// Decimal digits that the width of an enclosure leaves, and two more; of a point, as many as `bits` hold.
int proved_digits(const Interval& x, Bits bits) {
  const Real size = magnitude(x), wide = width(x);
  if (size == 0 || wide == 0) return static_cast<int>(bits.count * 0.30103) + 2;
  const double digits = nearest(Real(log10(Real(size / wide))));
  return static_cast<int>(std::fmin(std::fmax(digits, 1), 100000)) + 2;
}

std::string enclosures_text(const Matrix<Interval>& exact, Bits bits) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (Eigen::Index i = 0; i < exact.rows(); ++i) {
    nlohmann::ordered_json row = nlohmann::ordered_json::array();
    for (Eigen::Index c = 0; c < exact.cols(); ++c)
      row.push_back(enclosure_json(exact(i, c), proved_digits(exact(i, c), bits)));
    rows.push_back(row);
  }
  return nlohmann::ordered_json{{"entries", rows}}.dump(1) + "\n";
}

// All rows up to this many are enclosed, and this many of the others.
constexpr Eigen::Index kCertifiedRows = 256;

void write_certificate(const Options& options, const Problem& problem, const AttentionResult& result,
                       Mask mask) {
  if (!result.bound.is_finite()) throw InputError("--certificate", "a finite bound", "an infinite one");
  const Eigen::Index rows = std::min(kCertifiedRows, result.output.rows());
  const ThreadCount threads = options.threads > 0 ? ThreadCount{options.threads} : all_cores();
  if (problem.tensor)
    write_attention_certificate(options.certificate, *problem.tensor, result, mask, options.seed, rows,
                                threads);
  else
    write_attention_certificate(options.certificate, problem.matrix, result, mask, options.seed, rows,
                                threads);
}

// The machine's model is worth two seconds of measuring only where the exact method takes longer than that.
CostModel model_for(const Problem& problem, const AttentionRequest& request, const Options& options) {
  const AttentionInput& input = problem.matrix;
  if (options.recalibrate) return machine_cost_model(Calibration::anew);
  const AttentionShape shape{input.q.rows(), input.k.rows(), input.q.cols(),
                             input.v.cols(), request.mask,   request.threads};
  const CostModel& reference = reference_cost_model();
  const double exact = problem.tensor
                           ? reference.seconds(exact_work(*problem.tensor, request.mask), request.threads)
                           : reference.exact_seconds(shape);
  const bool matters = request.method == MethodChoice::automatic && exact > 2;
  return matters ? machine_cost_model() : reference_cost_model();
}

ExitStatus run(const Options& options) {
  AttentionRequest request;
  request.epsilon = epsilon_from_text(options.epsilon);
  const Device where = device_from_text(options.device);
  const Arithmetic arithmetic = arithmetic_from_text(options.arithmetic, where);
  const OnDevice device(where, arithmetic);
  request.method = method_from_text(options.method);
  if (request.method == MethodChoice::exact && arithmetic == Arithmetic::mixed)
    throw InputError("--arithmetic",
                     "double or float with --method exact, which has no products with features", "mixed");
  if (options.precision && arithmetic != Arithmetic::in_double)
    throw InputError("--arithmetic", "double with --precision, which asks for intervals", options.arithmetic);
  request.mask = options.causal ? Mask::causal : Mask::none;
  if (options.threads > 0) request.threads = {options.threads};
  if (options.precision) {
    if (*options.precision < 2 || *options.precision > 16384)
      throw InputError("--precision", "2 to 16384 bits", std::to_string(*options.precision));
    request.precision = Bits{*options.precision};
  }
  const Problem problem = read_problem(options, request.mask);
  request.model = model_for(problem, request, options);
  const Rational budget = request.epsilon * problem.largest_value;

  const AttentionResult result = problem.tensor ? guaranteed_attention(*problem.tensor, request)
                                                : guaranteed_attention(problem.matrix, request);

  const Bits enclosed_bits = request.precision.value_or(Bits{64});
  Matrix<Interval> exact;
  if (!options.enclosures.empty()) {
    exact =
        enclosures_of(problem, request, problem.largest_value / Rational(Integer(1) << enclosed_bits.count));
  }
  GuaranteedAnswer answer = what_is_said_of_output(result, budget);
  if (options.certify) answer.certified = certify(result, problem, request, exact);

  if (where != Device::cpu || arithmetic != Arithmetic::in_double)
    answer.more["arithmetic"] = options.arithmetic;

  if (!options.output.empty()) write_file_atomically(options.output, npy_bytes(result.output));
  if (!options.certificate.empty()) write_certificate(options, problem, result, request.mask);
  if (!options.enclosures.empty())
    write_file_atomically(options.enclosures, enclosures_text(exact, enclosed_bits));

  return report(answer, options);
}

}  // namespace

Command add_attention(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("attention", "attention with a guaranteed error of at most E max|V|");
  auto options = std::make_shared<Options>();
  command->add_option("--q", options->q, "queries, n x d, npy")->required();
  command->add_option("--k", options->k, "keys, npy")->required();
  command->add_option("--v", options->v, "values, npy")->required();
  command->add_option("--k2", options->k2, "second keys: tensor attention");
  command->add_option("--v2", options->v2, "second values: tensor attention");
  command->add_option("--eps", options->epsilon, "E, exact: 1e-6, 1/1000")->required();
  command->add_option("--method", options->method, "auto, exact or polynomial")
      ->check(CLI::IsMember({"auto", "exact", "polynomial"}))
      ->capture_default_str();
  command->add_flag("--causal", options->causal, "row i sees keys j <= i (tensor: j1 <= i and j2 <= i)");
  command->add_option("--device", options->device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  add_arithmetic_option(*command, options->arithmetic);
  command->add_option("--precision", options->precision, "exact, from enclosures of width 2^-BITS max|V|");
  command->add_option("--out", options->output, "write the output here, npy, float64");
  command->add_option("--enclosures", options->enclosures,
                      "write an enclosure of every exact entry here, JSON");
  command->add_option("--certificate", options->certificate,
                      "write a certificate for attnbounds-check and the matrices it names into this folder");
  command->add_flag("--certify", options->certify, "enclose the true error, against the exact reference");
  command->add_flag(
      "--recalibrate", options->recalibrate,
      "measure this machine anew for the cost model of --method auto (kept in the cache folder)");
  command->footer(
      "Examples:\n"
      "  attnbounds hard --family planted-gap --n 64 --d 16 --kappa 1/2 --out hard\n"
      "  attnbounds attention --q hard/q.npy --k hard/k.npy --v hard/v.npy \\\n"
      "    --eps 1e-6 --certify");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
