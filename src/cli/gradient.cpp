// attnbounds gradient: dL/dX of the matrix or tensor loss of an instance, with a guaranteed error of at most
// E in every entry; --certify measures the true error against enclosures.
#include "kernels/gradient.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <variant>

#include "attention/enclosure.hpp"
#include "attention/gradient_enclosure.hpp"
#include "cli/command.hpp"
#include "kernels/device.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string instance, epsilon, method = "auto", device = "cpu", output, certificate;
  bool certify = false;
};

using Loss = std::variant<MatrixLossInput, TensorLossInput>;

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
  throw InputError(file.string() + ": kind", "matrix-gradient or tensor-gradient", "'" + kind + "'");
}

std::string exact_or_infinite(const UpperBound& bound) {
  return bound.is_finite() ? exact_text(bound.value()) : "infinity";
}
std::string decimal(const UpperBound& bound) {
  const WorkingPrecision precision(Bits{64});
  return bound.is_finite() ? decimal_up(Real(bound.value()), 4) : "infinity";
}

struct Certificate {
  Interval error;
  Verdict guarantee = Verdict::undecided, budget = Verdict::undecided;
};
Certificate certify(const AttentionResult& result, const Loss& loss, const GradientRequest& request) {
  Certificate certificate;
  Rational width =
      std::min(request.epsilon, result.bound.is_finite() && result.bound.value() > 0 ? result.bound.exact()
                                                                                     : request.epsilon) /
      1024;
  for (int attempt = 0; attempt < 4; ++attempt, width /= 1L << 40) {
    const Matrix<Interval> exact =
        std::visit([&](const auto& in) { return gradient_enclosure(in, width, request.threads); }, loss);
    const WorkingPrecision precision(Bits{256});
    certificate.error = largest_error(result.output, exact).interval();
    certificate.guarantee = result.bound.is_finite()
                                ? at_most(certificate.error, enclose(result.bound.exact()))
                                : Verdict::verified;
    certificate.budget = at_most(certificate.error, enclose(request.epsilon));
    if (certificate.guarantee != Verdict::undecided && certificate.budget != Verdict::undecided) break;
  }
  return certificate;
}

ExitStatus run(const Options& options) {
  GradientRequest request;
  request.epsilon = rational_from_text(options.epsilon, "--eps");
  if (request.epsilon <= 0) throw InputError("--eps", "a number above 0", "'" + options.epsilon + "'");
  const OnDevice device(device_from_text(options.device));
  request.method = options.method == "exact"        ? MethodChoice::exact
                   : options.method == "polynomial" ? MethodChoice::polynomial
                                                    : MethodChoice::automatic;
  if (options.threads > 0) request.threads = {options.threads};
  const Loss loss = read_instance(options.instance);
  const AttentionResult result =
      std::visit([&](const auto& in) { return guaranteed_gradient(in, request); }, loss);
  std::optional<Certificate> certificate;
  if (options.certify) certificate = certify(result, loss, request);
  if (!options.output.empty()) write_file_atomically(options.output, npy_bytes(result.output));
  if (!options.certificate.empty()) {
    if (!result.bound.is_finite()) throw InputError("--certificate", "a finite bound", "an infinite one");
    std::visit(
        [&](const auto& in) { write_gradient_certificate(options.certificate, in, result, request.threads); },
        loss);
  }

  const bool within_budget = result.bound <= request.epsilon;
  const Verdict budget_met =
      certificate ? certificate->budget : (within_budget ? Verdict::verified : Verdict::refuted);
  if (options.json) {
    nlohmann::ordered_json object = {
        {"kind", std::holds_alternative<MatrixLossInput>(loss) ? "matrix-gradient" : "tensor-gradient"},
        {"method", name(result.method)},
        {"degree", result.degree.value},
        {"rank", result.rank},
        {"bound", exact_or_infinite(result.bound)},
        {"bound_approximation", exact_or_infinite(result.bound_approximation)},
        {"bound_rounding", exact_or_infinite(result.bound_rounding)},
        {"bound_decimal", decimal(result.bound)},
        {"bound_approximation_decimal", decimal(result.bound_approximation)},
        {"bound_rounding_decimal", decimal(result.bound_rounding)},
        {"budget", exact_text(request.epsilon)},
        {"within_budget", within_budget},
        {"half_width", exact_or_infinite(result.half_width)},
        {"reason", result.reason},
        {"seed", options.seed},
        {"seconds", result.seconds}};
    if (certificate) {
      object["error"] = enclosure_json(certificate->error);
      object["guarantee_verdict"] = name(certificate->guarantee);
      object["budget_verdict"] = name(certificate->budget);
    }
    print_json(object);
  } else {
    fmt::print("  method     {}", name(result.method));
    if (result.method == AttentionMethod::polynomial)
      fmt::print(", degree {}, rank {}", result.degree.value, result.rank);
    fmt::print("\n  why        {}\n", result.reason);
    fmt::print("  bound      {}  = approximation {} + rounding {}\n", decimal(result.bound),
               decimal(result.bound_approximation), decimal(result.bound_rounding));
    fmt::print("  budget     {}  {}\n", decimal(UpperBound::of(request.epsilon)),
               within_budget ? "met" : "MISSED");
    if (certificate)
      fmt::print("  true error [{}, {}]  guarantee {}, budget {}\n",
                 decimal_down(lower(certificate->error), 4), decimal_up(upper(certificate->error), 4),
                 name(certificate->guarantee), name(certificate->budget));
    fmt::print("  seconds    {:.3f}\n", result.seconds);
  }
  if (budget_met == Verdict::refuted || (certificate && certificate->guarantee == Verdict::refuted))
    return ExitStatus::refuted;
  if (budget_met == Verdict::undecided || (certificate && certificate->guarantee == Verdict::undecided))
    return ExitStatus::undecided;
  return ExitStatus::answered;
}

}  // namespace

Command add_gradient(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("gradient", "dL/dX of an instance with a guaranteed error of at most E");
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
  command->add_option("--out", options->output, "write dL/dX here, npy, float64");
  command->add_option("--certificate", options->certificate,
                      "write a certificate for attnbounds-check and the matrices it names into this folder");
  command->add_flag("--certify", options->certify, "enclose the true error, against the exact reference");
  command->footer("Example: attnbounds gradient instance/ --eps 1e-6 --certify");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
