// attnbounds device-case: writes a folder that `attnbounds-cuda test` checks on a bare GPU node: the
// instance, the certified polynomial, the emulated kernels' output with its guaranteed bound, and enclosures
// of the exact output.
#include "cli/device_case.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "attention/enclosure.hpp"
#include "attention/gradient_enclosure.hpp"
#include "kernels/device_attention.hpp"
#include "kernels/device_jobs.hpp"
#include "kernels/exact_attention.hpp"
#include "kernels/gradient_plan.hpp"
#include "kernels/polynomial_attention.hpp"
#include "kernels/tensor_attention.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/npy.hpp"
#include "numeric/random.hpp"
#include "polynomial/exponential.hpp"

namespace attnbounds {
namespace {

struct Options : CommonOptions {
  std::string kind = "matrix", arithmetic = "double", output;
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
  template <class T>
  void matrix(const std::string& name, const cuda::Rowwise<T>& m) {
    matrix(name,
           Matrix<double>(Eigen::Map<const Matrix<T>>(m.data, m.rows, m.columns).template cast<double>()));
  }
  template <class T>
  void list(const std::string& name, const std::vector<T>& numbers) {
    line(name, std::vector<double>(numbers.begin(), numbers.end()));
  }
  void polynomial(const CertifiedPolynomial& p) {
    line("coefficients", coefficients_in_doubles(p.polynomial));
    line("half_width", {round_down(p.half_width)});
    line("error", {p.error.value()});
  }
  void finish(const AttentionResult& result, const Matrix<Interval>& exact) {
    finish({result.output.data(), result.output.data() + result.output.size()}, result.output.cols(),
           {result.bound.value()}, exact);
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

Arithmetic arithmetic_of(const Options& options) {
  return arithmetic_from_text(options.arithmetic, Device::emulated);
}
bool is_exact(const Options& options) { return options.kind.rfind("exact", 0) == 0; }

void attention_case(CaseFolder& folder, Stream& draw, const Options& options) {
  const auto matrix = [&] { return draw.uniform_matrix(options.n, options.d, 1); };
  const AttentionInput in{matrix(), matrix(), matrix()};
  const ScoreRange<double> range = score_range(in.q, in.k);
  const ValueScale<double> values = value_scale(in.v);
  const bool causal = options.kind == "causal" || options.kind == "exact-causal";
  const Mask mask = causal ? Mask::causal : Mask::none;
  const auto job = [&](const auto& of) {
    folder.matrix("q", of.q);
    folder.matrix("k", of.k);
    folder.matrix("v", of.v);
    folder.list("centre", of.scaling.centre);
    folder.list("key_scale", of.scaling.key_scale);
    folder.list("query_scale", of.scaling.query_scale);
    folder.line("down", {static_cast<double>(of.down)});
  };
  if (arithmetic_of(options) == Arithmetic::in_double) {
    const auto view = [](const Matrix<double>& m) {
      return cuda::Rowwise<double>{m.data(), m.rows(), m.cols()};
    };
    job(cuda::AttentionJob<double>{view(in.q),
                                   view(in.k),
                                   view(in.v),
                                   {range.centre, range.key_scale, range.query_scale},
                                   values.down,
                                   values.up,
                                   cuda::Masking::none});
  } else {
    job(FloatAttention(in, range, mask).job);
  }
  folder.line("up", {values.up});
  const OnDevice emulated(Device::emulated, arithmetic_of(options));
  const Matrix<Interval> exact = attention_enclosure(in, mask, narrow);
  if (is_exact(options)) return folder.finish(exact_attention(in, range, mask), exact);
  const CertifiedPolynomial polynomial =
      exp_polynomial_in_doubles({options.degree}, range.half_width.exact());
  folder.polynomial(polynomial);
  folder.finish(polynomial_attention(in, range, polynomial, mask), exact);
}

void tensor_case(CaseFolder& folder, Stream& draw, const Options& options) {
  const auto matrix = [&] { return draw.uniform_matrix(options.n, options.d, 1); };
  const TensorAttentionInput in{matrix(), matrix(), matrix(), matrix(), matrix()};
  const TensorScores scores = tensor_scores(in);
  const DeviceTensorAttention in_double(in, scores);
  const auto job = [&](const auto& of) {
    folder.matrix("q", of.q);
    folder.matrix("k", of.k1);
    folder.matrix("k2", of.k2);
    folder.matrix("v", of.v1);
    folder.matrix("v2", of.v2);
    folder.list("query_scale", of.query_scale);
    folder.list("key1_scale", of.key1_scale);
    folder.list("key2_scale", of.key2_scale);
    folder.line("down1", {static_cast<double>(of.down1)});
    folder.line("down2", {static_cast<double>(of.down2)});
    folder.line("centre", of.centre);
  };
  if (arithmetic_of(options) == Arithmetic::in_double) job(in_double.job);
  else job(FloatTensorAttention(in, scores, in_double.first, in_double.second).job);
  folder.line("up", {in_double.job.up});
  const OnDevice emulated(Device::emulated, arithmetic_of(options));
  const Matrix<Interval> exact = tensor_attention_enclosure(in, Mask::none, narrow);
  if (is_exact(options)) return folder.finish(exact_tensor_attention(in, scores), exact);
  const CertifiedPolynomial polynomial =
      exp_polynomial_in_doubles({options.degree}, scores.interval.half_width.exact());
  folder.polynomial(polynomial);
  folder.finish(polynomial_tensor_attention(in, scores, polynomial), exact);
}

template <class Loss>
void gradient_case(CaseFolder& folder, const Loss& loss, const Options& options) {
  const auto plan = gradient_plan(gradient_input(loss));
  const CertifiedPolynomial polynomial =
      exp_polynomial_in_doubles({options.degree}, half_width(*plan).exact());
  const auto job = [&](const auto& of) {
    folder.matrix("x", of.x);
    folder.matrix("a1", of.a1);
    folder.matrix("target", of.target);
    for (std::size_t s = 0; s < of.sides.size(); ++s) {
      const std::string side = std::to_string(s + 1);
      folder.matrix("variables" + side, of.sides[s].variables);
      folder.matrix("values" + side, of.sides[s].values);
      folder.matrix("keys" + side, of.sides[s].keys);
    }
    folder.line("centre", of.centre);
    folder.line("divisor", {static_cast<double>(of.score_divisor)});
  };
  if (arithmetic_of(options) == Arithmetic::in_double) job(DeviceGradient<double>(*plan).job);
  else job(DeviceGradient<float>(*plan).job);
  folder.polynomial(polynomial);
  const OnDevice emulated(Device::emulated, arithmetic_of(options));
  const AttentionResult result = polynomial_gradient(*plan, polynomial);
  // In the units of the scaled matrices: powers of two, a column each.
  Matrix<Interval> exact = gradient_enclosure(loss, narrow);
  std::vector<double> entries(static_cast<std::size_t>(exact.size())), bounds;
  for (Eigen::Index b = 0; b < plan->keys; ++b) {
    const int exponent = plan->exponent_of(b);
    bounds.push_back(std::nextafter(std::ldexp(result.bound.value(), -exponent), INFINITY));
    for (Eigen::Index a = 0; a < exact.rows(); ++a) {
      exact(a, b) = exact(a, b) * enclose(std::ldexp(1.0, -exponent));
      entries[static_cast<std::size_t>(a * plan->keys + b)] = std::ldexp(result.output(a, b), -exponent);
    }
  }
  folder.finish(entries, plan->keys, bounds, exact);
}

ExitStatus run(const Options& options) {
  if (options.n < 1 || options.n > 100000) throw InputError("--n", "1 to 100000", std::to_string(options.n));
  if (options.d < 1 || options.d > 64) throw InputError("--d", "1 to 64", std::to_string(options.d));
  if (options.degree < 0 || options.degree > 40)
    throw InputError("--degree", "0 to 40", std::to_string(options.degree));
  Stream draw(options.seed, "device-case " + options.kind);
  CaseFolder folder(options.output);
  folder.word("kind", options.kind);
  folder.word("arithmetic", options.arithmetic);
  if (is_exact(options) && arithmetic_of(options) == Arithmetic::mixed)
    throw InputError("--arithmetic", "double or float for an exact kind", "mixed");
  const auto matrix = [&](long rows, long columns) { return draw.uniform_matrix(rows, columns, 1); };
  const long n = options.n, d = options.d;
  if (options.kind == "tensor" || options.kind == "exact-tensor") {
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
  if (options.json)
    print_json({{"case", options.output},
                {"kind", options.kind},
                {"arithmetic", options.arithmetic},
                {"seed", options.seed}});
  else
    fmt::print("{}: a {} case in {}, n = {}, d = {}, degree {}\n", options.output, options.kind,
               options.arithmetic, n, d, options.degree);
  return ExitStatus::answered;
}

}  // namespace

Command add_device_case(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("device-case", "an instance with proved answers, for a bare GPU node's test");
  auto options = std::make_shared<Options>();
  command
      ->add_option(
          "--kind", options->kind,
          "matrix, causal, exact, exact-causal, tensor, exact-tensor, matrix-gradient, tensor-gradient")
      ->check(CLI::IsMember({"matrix", "causal", "exact", "exact-causal", "tensor", "exact-tensor",
                             "matrix-gradient", "tensor-gradient"}))
      ->capture_default_str();
  command->add_option("--arithmetic", options->arithmetic, "of the kernels: double, float or mixed")
      ->check(CLI::IsMember({"double", "float", "mixed"}))
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
