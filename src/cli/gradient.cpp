// attnbounds gradient: dL/dX of the matrix or tensor loss of an instance, or the gradients of <G, Att(Q, K,
// V)> by Q, K and V, with a guaranteed error of at most E in every entry; --certify measures the true error
// against enclosures.
#include "kernels/gradient.hpp"

#include <filesystem>
#include <variant>

#include "attention/enclosure.hpp"
#include "attention/gradient_enclosure.hpp"
#include "cli/guaranteed.hpp"
#include "kernels/device.hpp"
#include "kernels/gradient_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string instance, epsilon, method = "auto", device = "cpu", arithmetic = "double", output, certificate;
  bool certify = false, causal = false, recalibrate = false;
};

/// <G, Att(Q, K, V)>
struct AttentionLossInput {
  AttentionInput attention;
  Matrix<double> upstream;
};
using Loss = std::variant<MatrixLossInput, TensorLossInput, AttentionLossInput>;

Loss read_instance(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "instance.json";
  const auto json = nlohmann::json::parse(read_file(file), nullptr, false);
  if (!json.is_object() || !json.contains("kind") || !json["kind"].is_string() ||
      !json.contains("matrices") || !json["matrices"].is_object())
    throw InputError(file.string(), "an object with \"kind\" and \"matrices\"", "something else");
  const std::string kind = json["kind"];
  const auto matrix = [&](const char* name) {
    const auto& matrices = json["matrices"];
    if (!matrices.contains(name) || !matrices[name].is_string())
      throw InputError(file.string() + ": matrices." + name, "a file name", "none");
    return read_npy(folder / matrices[name].get<std::string>());
  };
  if (kind == "matrix-gradient") {
    MatrixLossInput in{matrix("A1"), matrix("A2"), matrix("A3"), matrix("X"), matrix("Y"), matrix("E")};
    validate(in);
    return in;
  }
  if (kind == "tensor-gradient") {
    TensorLossInput in{matrix("A1"), matrix("A2"), matrix("A3"), matrix("A4"), matrix("A5"),
                       matrix("X"),  matrix("Y1"), matrix("Y2"), matrix("E")};
    validate(in);
    return in;
  }
  if (kind == "attention-gradient")
    return AttentionLossInput{{matrix("q"), matrix("k"), matrix("v")}, matrix("G")};
  throw InputError(file.string() + ": kind", "matrix-gradient, tensor-gradient or attention-gradient",
                   "'" + kind + "'");
}

GradientShape shape_of_loss(const MatrixLossInput& in) {
  return gradient_shape({in.a1, in.a2, in.a3 * in.y});
}
GradientShape shape_of_loss(const TensorLossInput& in) {
  GradientShape shape = gradient_shape({in.a1, in.a2, in.a4 * in.y1});
  shape.keys *= static_cast<double>(in.a3.rows());
  shape.key_tokens += static_cast<double>(in.a3.rows());
  return shape;
}
GradientShape shape_of_loss(const AttentionLossInput& in) { return gradient_shape(in.attention); }

// The machine's model is worth two seconds of measuring only where the exact method takes longer than that.
CostModel model_for(const Loss& loss, MethodChoice method, ThreadCount threads, const Options& options) {
  if (options.recalibrate) return machine_cost_model(Calibration::anew);
  const GradientShape shape = std::visit([](const auto& in) { return shape_of_loss(in); }, loss);
  const bool matters = method == MethodChoice::automatic &&
                       reference_cost_model().seconds(loss_gradient_exact_work(shape), threads) > 2;
  return matters ? machine_cost_model() : reference_cost_model();
}

template <class Input>
CertifiedError certify(const AttentionResult& result, const Input& loss, const GradientRequest& request) {
  CertifiedError certified;
  Rational width =
      std::min(request.epsilon, result.bound.is_finite() && result.bound.value() > 0 ? result.bound.exact()
                                                                                     : request.epsilon) /
      1024;
  for (int attempt = 0; attempt < 4; ++attempt, width /= 1L << 40) {
    const Matrix<Interval> exact = gradient_enclosure(loss, width, request.threads);
    const WorkingPrecision precision(Bits{256});
    certified.error = largest_error(result.output, exact).interval();
    certified.judge(result.bound, request.epsilon);
    if (certified.decided()) break;
  }
  return certified;
}

// Of the three gradients, the one of the largest error and all bounds.
CertifiedError certify(const AttentionGradientResult& result, const AttentionLossInput& loss,
                       const AttentionGradientRequest& request) {
  CertifiedError certified;
  for (const long bits : {128L, 256L, 1024L, 4096L}) {
    const AttentionGradient<Interval> exact =
        attention_gradient_enclosure(loss.attention, loss.upstream, request.mask, Bits{bits});
    const WorkingPrecision precision(Bits{bits});
    certified.error = 0;
    certified.guarantee = Verdict::verified;
    for (const auto& [ours, truth] :
         {std::pair(&result.q, &exact.q), std::pair(&result.k, &exact.k), std::pair(&result.v, &exact.v)}) {
      const Interval error = largest_error(ours->gradient, *truth).interval();
      certified.error = maximum(certified.error, error);
      if (!ours->bound().is_finite()) continue;
      const Verdict verdict = at_most(error, enclose(ours->bound().exact()));
      if (verdict == Verdict::refuted || certified.guarantee == Verdict::verified)
        certified.guarantee = verdict;
    }
    certified.budget = at_most(certified.error, enclose(request.epsilon));
    if (certified.decided()) break;
  }
  return certified;
}

// A folder with dQ.npy, dK.npy, dV.npy.
void write_gradients(const std::filesystem::path& folder, const AttentionGradientResult& result) {
  std::filesystem::create_directories(folder);
  write_file_atomically(folder / "dQ.npy", npy_bytes(result.q.gradient));
  write_file_atomically(folder / "dK.npy", npy_bytes(result.k.gradient));
  write_file_atomically(folder / "dV.npy", npy_bytes(result.v.gradient));
}

void require_finite(const UpperBound& bound) {
  if (!bound.is_finite()) throw InputError("--certificate", "a finite bound", "an infinite one");
}

GuaranteedAnswer answer(const AttentionLossInput& loss, const GradientRequest& of, const Options& options) {
  const AttentionGradientRequest request{of.epsilon, of.method, options.causal ? Mask::causal : Mask::none,
                                         of.threads, of.model};
  const AttentionGradientResult result =
      guaranteed_attention_gradient(loss.attention, loss.upstream, request);
  GuaranteedAnswer a = what_is_said_of(result, request.epsilon);
  a.bound = result.bound();
  a.first["kind"] = "attention-gradient";
  const auto add = [&](const char* name, const BoundedGradient& g) {
    a.bound_approximation = maximum(a.bound_approximation, g.bound_approximation);
    a.bound_rounding = maximum(a.bound_rounding, g.bound_rounding);
    a.more[name] = exact_or_infinite(g.bound());
  };
  add("bound_q", result.q);
  add("bound_k", result.k);
  add("bound_v", result.v);
  if (options.certify) a.certified = certify(result, loss, request);
  if (!options.output.empty()) write_gradients(options.output, result);
  if (!options.certificate.empty()) {
    require_finite(a.bound);
    write_gradient_certificate(options.certificate, loss.attention, loss.upstream, request.mask, result);
  }
  return a;
}

template <class Input>
GuaranteedAnswer answer(const Input& loss, const GradientRequest& request, const Options& options) {
  if (options.causal) throw InputError("--causal", "an attention-gradient instance", "a loss by X");
  const AttentionResult result = guaranteed_gradient(loss, request);
  GuaranteedAnswer a = what_is_said_of_output(result, request.epsilon);
  a.first["kind"] = std::is_same_v<Input, MatrixLossInput> ? "matrix-gradient" : "tensor-gradient";
  if (options.certify) a.certified = certify(result, loss, request);
  if (!options.output.empty()) write_file_atomically(options.output, npy_bytes(result.output));
  if (!options.certificate.empty()) {
    require_finite(result.bound);
    write_gradient_certificate(options.certificate, loss, result, request.threads);
  }
  return a;
}

ExitStatus run(const Options& options) {
  GradientRequest request;
  request.epsilon = epsilon_from_text(options.epsilon);
  const Device where = device_from_text(options.device);
  const Arithmetic arithmetic = arithmetic_from_text(options.arithmetic, where);
  const OnDevice device(where, arithmetic);
  request.method = method_from_text(options.method);
  if (options.threads > 0) request.threads = {options.threads};
  const Loss loss = read_instance(options.instance);
  if (arithmetic != Arithmetic::in_double && where != Device::cpu &&
      std::holds_alternative<AttentionLossInput>(loss))
    throw InputError("--arithmetic", "double for an attention-gradient instance on a device",
                     options.arithmetic);
  if (arithmetic != Arithmetic::in_double && where != Device::cpu && request.method == MethodChoice::exact)
    throw InputError("--arithmetic", "double for exact gradients, which have no device kernel",
                     options.arithmetic);
  request.model = model_for(loss, request.method, request.threads, options);
  GuaranteedAnswer a = std::visit([&](const auto& in) { return answer(in, request, options); }, loss);
  if (where != Device::cpu || arithmetic != Arithmetic::in_double) a.more["arithmetic"] = options.arithmetic;
  return report(a, options);
}

}  // namespace

Command add_gradient(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "gradient", "dL/dX of an instance (or dQ, dK, dV) with a guaranteed error of at most E");
  auto options = std::make_shared<Options>();
  command->add_option("instance", options->instance, "folder with instance.json and its npy files")
      ->required();
  command->add_option("--eps", options->epsilon, "E, exact, absolute: 1e-6, 1/1000")->required();
  command->add_option("--method", options->method, "auto, exact or polynomial")
      ->check(CLI::IsMember({"auto", "exact", "polynomial"}))
      ->capture_default_str();
  command->add_option("--device", options->device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  add_arithmetic_option(*command, options->arithmetic);
  command->add_option(
      "--out", options->output,
      "write dL/dX here, npy, float64; attention-gradient: a folder for dQ.npy, dK.npy, dV.npy");
  command->add_flag("--causal", options->causal, "attention-gradient: row i sees keys j <= i");
  command->add_flag("--recalibrate", options->recalibrate,
                    "measure this machine anew for the cost model of --method auto");
  command->add_option("--certificate", options->certificate,
                      "write a certificate for attnbounds-check and the matrices it names into this folder");
  command->add_flag("--certify", options->certify, "enclose the true error, against the exact reference");
  command->footer(
      "Examples:\n"
      "  attnbounds reduce examples/four_variables.cnf --to gradient --out four\n"
      "  attnbounds gradient four --eps 1e-6 --certify\n"
      "  attnbounds gradient examples/attention_gradient --eps 1e-6 --out gradients");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
