// A case made by `attnbounds device-case`: runs it on the GPU or emulated, and compares with what was proved
// where it was made: every entry within `bound` of its enclosure, and the bytes of the emulator's output.
#pragma once

#include <cmath>
#include <cstring>
#include <deque>

#include "../kernels.hpp"
#include "files.hpp"

namespace attnbounds::cuda {

struct CaseReport {
  std::string kind, arithmetic;
  std::vector<double> output;
  double worst = 0;        // largest distance to an enclosure over its bound: at most 1 where all is well
  bool same_bytes = true;  // as the emulator had where the case was made
};

namespace cases {

/// The matrices and lists of a case, as numbers of T.
template <class T>
class Input {
 public:
  Input(const std::string& folder, const CaseFile& file) : folder_(folder), file_(file) {}
  Rowwise<T> matrix(const std::string& name) {
    const FileMatrix m = read_npy(folder_ + "/" + name + ".npy");
    return {keep(m.entries, name + ".npy").data(), m.rows, m.columns};
  }
  std::vector<T> list(const std::string& name) {  // "none" for an empty one
    return file_.word(name) == "none" ? std::vector<T>() : keep(file_.numbers(name), "case.txt, " + name);
  }
  T number(const std::string& name) { return list(name).front(); }

 private:
  std::vector<T>& keep(const std::vector<double>& numbers, const std::string& name) {
    std::vector<T>& kept = kept_.emplace_back(numbers.begin(), numbers.end());
    for (std::size_t e = 0; e < numbers.size(); ++e)
      if (static_cast<double>(kept[e]) != numbers[e])
        bad_file(folder_ + "/" + name, "numbers that are floats, as the arithmetic is");
    return kept;
  }
  const std::string& folder_;
  const CaseFile& file_;
  std::deque<std::vector<T>> kept_;  // what is kept stays where it is
};

/// `mixed`: products with features on tensor cores, T = float.
template <class T>
std::vector<double> run(const std::string& folder, const CaseFile& file, const std::string& kind, bool mixed,
                        Where where) {
  Input<T> in(folder, file);
  const auto with_products = [&](const auto& job, const auto& plain, const auto& on_tensor_cores) {
    if constexpr (sizeof(T) == 4) return mixed ? on_tensor_cores(job) : plain(job);
    else return plain(job);
  };
  const auto doubles = [](const std::vector<T>& x) { return std::vector<double>(x.begin(), x.end()); };
  const bool exact = kind.compare(0, 5, "exact") == 0;
  const std::vector<double> coefficients = exact ? std::vector<double>() : file.numbers("coefficients");
  if (kind == "matrix" || kind == "causal" || kind == "exact" || kind == "exact-causal") {
    const bool causal = kind == "causal" || kind == "exact-causal";
    const AttentionJob<T> job{in.matrix("q"),
                              in.matrix("k"),
                              in.matrix("v"),
                              {in.list("centre"), in.list("key_scale"), in.list("query_scale")},
                              in.number("down"),
                              in.number("up"),
                              causal ? Masking::causal : Masking::none};
    if (exact) return doubles(exact_attention(where, job).output);
    return doubles(with_products(
                       job, [&](const auto& of) { return polynomial_attention(where, of, coefficients); },
                       [&](const auto& of) { return mixed_attention(where, of, coefficients); })
                       .output);
  }
  if (kind == "tensor" || kind == "exact-tensor") {
    TensorJob<T> job;
    job.q = in.matrix("q"), job.k1 = in.matrix("k"), job.k2 = in.matrix("k2");
    job.v1 = in.matrix("v"), job.v2 = in.matrix("v2");
    job.query_scale = in.list("query_scale");
    job.key1_scale = in.list("key1_scale"), job.key2_scale = in.list("key2_scale");
    job.down1 = in.number("down1"), job.down2 = in.number("down2"), job.up = in.number("up");
    if (exact) return doubles(exact_tensor_attention(where, job, Masking::none).output);
    job.centre = Input<double>(folder, file).list("centre");
    return doubles(with_products(
                       job, [&](const auto& of) { return tensor_attention(where, of, coefficients); },
                       [&](const auto& of) { return mixed_tensor_attention(where, of, coefficients); })
                       .output);
  }
  if (kind != "matrix-gradient" && kind != "tensor-gradient")
    bad_file(folder + "/case.txt, kind", "one that is known");
  Input<double> wide(folder, file);
  GradientJob<T> job{in.matrix("x"),        in.matrix("a1"),
                     wide.matrix("target"), {},
                     wide.list("centre"),   static_cast<long>(file.number("divisor"))};
  for (const std::string side : {"1", "2"})
    if (side == "1" || kind == "tensor-gradient")
      job.sides.push_back(
          {in.matrix("variables" + side), in.matrix("values" + side), in.matrix("keys" + side)});
  return with_products(
             job, [&](const auto& of) { return gradient(where, of, coefficients); },
             [&](const auto& of) { return mixed_gradient(where, of, coefficients); })
      .entries;
}

inline std::vector<double> run(const std::string& folder, const CaseFile& file, Where where) {
  const std::string kind = file.word("kind"), arithmetic = file.word("arithmetic");
  if (arithmetic == "double") return run<double>(folder, file, kind, false, where);
  if (arithmetic != "float" && arithmetic != "mixed")
    bad_file(folder + "/case.txt, arithmetic", "double, float or mixed");
  return run<float>(folder, file, kind, arithmetic == "mixed", where);
}

}  // namespace cases

inline CaseReport check_case(const std::string& folder, Where where) {
  const CaseFile file(folder + "/case.txt");
  CaseReport report;
  report.kind = file.word("kind");
  report.arithmetic = file.word("arithmetic");
  report.output = cases::run(folder, file, where);
  const std::vector<double>& output = report.output;
  const FileEnclosures exact = read_enclosures(folder + "/enclosures.txt", static_cast<long>(output.size()));
  const std::vector<double> bounds = file.numbers("bound");  // one, or one a column
  for (std::size_t e = 0; e < output.size(); ++e) {
    const double off = std::fmax(std::fmax(exact.lower[e] - output[e], output[e] - exact.upper[e]), 0.0),
                 ratio = off / bounds[e % bounds.size()];
    if (!(ratio <= report.worst)) report.worst = ratio;  // a NaN stays
  }
  const FileMatrix expected = read_npy(folder + "/output.npy");
  report.same_bytes =
      expected.entries.size() == output.size() &&
      std::memcmp(expected.entries.data(), output.data(), output.size() * sizeof(double)) == 0;
  return report;
}

}  // namespace attnbounds::cuda
