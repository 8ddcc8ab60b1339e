// attnbounds device-case: writes a folder that `attnbounds-cuda test` checks on a bare GPU node: the
// instance, the certified polynomial, the emulated kernels' output with its guaranteed bound, and enclosures
// of the exact output.
#include "cli/device_case.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "attention/enclosure.hpp"
#include "attention/gradient_enclosure.hpp"
#include "kernels/cuda/driver/cases.hpp"
#include "kernels/device_attention.hpp"
#include "kernels/device_jobs.hpp"
#include "kernels/gradient_plan.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "numeric/random.hpp"
#include "polynomial/exponential.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string kind = "matrix", output;
  long n = 64, d = 3, degree = 6;
};

class CaseFolder {
 public:
  explicit CaseFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }
  void line(const std::string& name, const std::vector<double>& numbers) {
    text_ += name;
    for (const double x : numbers) text_ += " " + exact_text(x);
    text_ += numbers.empty() ? " none\n" : "\n";
  }
  void word(const std::string& name, const std::string& value) { text_ += name + " " + value + "\n"; }
  void matrix(const std::string& name, const Matrix<double>& m) { write_npy(folder_ / (name + ".npy"), m); }
  void polynomial(const CertifiedPolynomial& p) {
    line("coefficients", coefficients_in_doubles(p.polynomial));
    line("half_width", {round_down(p.half_width)});
    line("error", {p.error.value()});
  }
  /// The output of the emulated kernels, its bound (one, or one a column), enclosures. case.txt comes last.
  void finish(const std::vector<double>& output, Eigen::Index columns, const std::vector<double>& bounds,
              const Matrix<Interval>& exact) {
    matrix("output", Eigen::Map<const Matrix<double>>(
                         output.data(), static_cast<Eigen::Index>(output.size()) / columns, columns));
    line("bound", bounds);
    std::string rows;
    for (Eigen::Index i = 0; i < exact.rows(); ++i) {
      for (Eigen::Index c = 0; c < exact.cols(); ++c)
        rows += fmt::format("{}{} {}", c == 0 ? "" : " ", exact_text(round_down(exact(i, c))),
                            exact_text(round_up(exact(i, c))));
      rows += "\n";
    }
    write_file_atomically(folder_ / "enclosures.txt", rows);
    write_file_atomically(folder_ / "case.txt", text_);
  }

 private:
  std::filesystem::path folder_;
  std::string text_;
};

const Rational narrow = Rational(1) / (Integer(1) << 70);

void attention_case(CaseFolder& folder, Stream& draw, const Options& options) {
  const long n = options.n, d = options.d;
  const auto matrix = [&](long columns) { return draw.uniform_matrix(n, columns, 1); };
  const AttentionInput in{matrix(d), matrix(d), matrix(d)};
  const auto view = [](const Matrix<double>& m) {
    return cuda::Rowwise<double>{m.data(), m.rows(), m.cols()};
  };
  const auto shift = cuda::free_shift(view(in.q), view(in.k));
  const auto values = cuda::value_scale(view(in.v));
  const CertifiedPolynomial polynomial =
      exp_polynomial_in_doubles({options.degree}, to_rational(shift.facts.half_width));
  const Mask mask = options.kind == "causal" ? Mask::causal : Mask::none;
  const cuda::AttentionJob<double> job{view(in.q),
                                       view(in.k),
                                       view(in.v),
                                       shift.scaling,
                                       values.down,
                                       values.up,
                                       mask == Mask::causal ? cuda::Masking::causal : cuda::Masking::none};
  const cuda::CertifiedCoefficients certified{coefficients_in_doubles(polynomial.polynomial),
                                              shift.facts.half_width, polynomial.error.value()};
  const auto result = cuda::polynomial_attention(cuda::Where::emulated, job, certified.coefficients);
  const cuda::Bound bound =
      cuda::polynomial_bound(result, certified, shift.facts, values.facts, d, n, job.mask);
  folder.matrix("q", in.q);
  folder.matrix("k", in.k);
  folder.matrix("v", in.v);
  folder.polynomial(polynomial);
  folder.finish(result.output, d, {bound.total()}, attention_enclosure(in, mask, narrow));
}

void tensor_case(CaseFolder& folder, Stream& draw, const Options& options) {
  const long n = options.n, d = options.d;
  const auto matrix = [&](long columns) { return draw.uniform_matrix(n, columns, 1); };
  const TensorAttentionInput in{matrix(d), matrix(d), matrix(d), matrix(d), matrix(d)};
  const TensorScores scores = tensor_scores(in);
  const CertifiedPolynomial polynomial =
      exp_polynomial_in_doubles({options.degree}, scores.interval.half_width.exact());
  const DeviceTensorAttention device(in, scores);
  const AttentionResult result = polynomial_tensor_attention_on(Device::emulated, in, scores, polynomial);
  folder.matrix("q", in.q);
  folder.matrix("k", in.k1);
  folder.matrix("k2", in.k2);
  folder.matrix("v", in.v1);
  folder.matrix("v2", in.v2);
  folder.polynomial(polynomial);
  folder.line("query_scale", device.job.query_scale);
  folder.line("key1_scale", device.job.key1_scale);
  folder.line("key2_scale", device.job.key2_scale);
  folder.line("down1", {device.job.down1});
  folder.line("down2", {device.job.down2});
  folder.line("up", {device.job.up});
  folder.line("centre", device.job.centre);
  folder.finish({result.output.data(), result.output.data() + result.output.size()}, d,
                {result.bound.value()}, tensor_attention_enclosure(in, Mask::none, narrow));
}

template <class Loss>
void gradient_case(CaseFolder& folder, const Loss& loss, const Options& options) {
  const auto plan = gradient_plan(gradient_input(loss));
  const CertifiedPolynomial polynomial =
      exp_polynomial_in_doubles({options.degree}, half_width(*plan).exact());
  const DeviceGradient device(*plan);
  const cuda::Gradient gradient =
      cuda::gradient(cuda::Where::emulated, device.job, coefficients_in_doubles(polynomial.polynomial));
  const UpperBound bound = [&] {
    const OnDevice emulated(Device::emulated);
    return polynomial_gradient(*plan, polynomial).bound;
  }();
  const auto matrix = [&](const std::string& name, const cuda::Rowwise<double>& m) {
    folder.matrix(name, Eigen::Map<const Matrix<double>>(m.data, m.rows, m.columns));
  };
  matrix("x", device.job.x);
  matrix("a1", device.job.a1);
  matrix("target", device.job.target);
  for (std::size_t s = 0; s < device.job.sides.size(); ++s) {
    const std::string side = std::to_string(s + 1);
    matrix("variables" + side, device.job.sides[s].variables);
    matrix("values" + side, device.job.sides[s].values);
    matrix("keys" + side, device.job.sides[s].keys);
  }
  folder.polynomial(polynomial);
  folder.line("divisor", {static_cast<double>(device.job.score_divisor)});
  folder.line("centre", device.job.centre);
  // In the units of the scaled matrices: powers of two, a column each.
  Matrix<Interval> exact = gradient_enclosure(loss, narrow);
  std::vector<double> bounds;
  for (Eigen::Index b = 0; b < plan->keys; ++b) {
    const int exponent = plan->exponent_of(b);
    bounds.push_back(std::nextafter(std::ldexp(bound.value(), -exponent), INFINITY));
    for (Eigen::Index a = 0; a < exact.rows(); ++a)
      exact(a, b) = exact(a, b) * enclose(std::ldexp(1.0, -exponent));
  }
  folder.finish(gradient.entries, plan->keys, bounds, exact);
}

ExitStatus run(const Options& options) {
  if (options.n < 1 || options.n > 100000) throw InputError("--n", "1 to 100000", std::to_string(options.n));
  if (options.d < 1 || options.d > 64) throw InputError("--d", "1 to 64", std::to_string(options.d));
  if (options.degree < 0 || options.degree > 40)
    throw InputError("--degree", "0 to 40", std::to_string(options.degree));
  Stream draw(options.seed, "device-case " + options.kind);
  CaseFolder folder(options.output);
  folder.word("kind", options.kind);
  const auto matrix = [&](long rows, long columns) { return draw.uniform_matrix(rows, columns, 1); };
  const long n = options.n, d = options.d;
  if (options.kind == "tensor") {
    tensor_case(folder, draw, options);
  } else if (options.kind == "matrix-gradient") {
    gradient_case(
        folder,
        MatrixLossInput{matrix(n, d), matrix(n, d), matrix(n, d), matrix(d, d), matrix(d, d), matrix(n, d)},
        options);
  } else if (options.kind == "tensor-gradient") {
    Matrix<double> x = Matrix<double>::Zero(d, d * d);
    for (long l = 0; l < d; ++l) x.col(l * d + l) = matrix(d, 1);
    gradient_case(folder,
                  TensorLossInput{matrix(n, d), matrix(n, d), matrix(n, d), matrix(n, d), matrix(n, d), x,
                                  matrix(d, d), matrix(d, d), matrix(n, d)},
                  options);
  } else {
    attention_case(folder, draw, options);
  }
  if (options.json) print_json({{"case", options.output}, {"kind", options.kind}, {"seed", options.seed}});
  else
    fmt::print("{}: a {} case, n = {}, d = {}, degree {}\n", options.output, options.kind, n, d,
               options.degree);
  return ExitStatus::answered;
}

}  // namespace

Command add_device_case(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("device-case", "an instance with proved answers, for a bare GPU node's test");
  auto options = std::make_shared<Options>();
  command->add_option("--kind", options->kind, "matrix, causal, tensor, matrix-gradient or tensor-gradient")
      ->check(CLI::IsMember({"matrix", "causal", "tensor", "matrix-gradient", "tensor-gradient"}))
      ->capture_default_str();
  command->add_option("--n", options->n, "tokens")->capture_default_str();
  command->add_option("--d", options->d, "features and value columns")->capture_default_str();
  command->add_option("--degree", options->degree, "of the polynomial")->capture_default_str();
  command->add_option("--out", options->output, "the folder")->required();
  command->footer(
      "Then, on the node: attnbounds-cuda test DIR…   (docs/cuda.md)\n\n"
      "Examples:\n"
      "  attnbounds device-case --kind causal --n 64 --d 3 --degree 6 --out case");
  add_common_options(*command, *options);
  return {command, [options] { return run(*options); }};
}

}  // namespace attnbounds
