// A case made by `attnbounds device-case`: runs it on the GPU or emulated, and compares with what was proved
// where it was made: every entry within `bound` of its enclosure, and the bytes of the emulator's output.
#pragma once

#include <cmath>
#include <cstring>

#include "../bounds.hpp"
#include "files.hpp"

namespace attnbounds::cuda {

struct CaseReport {
  std::string kind;
  std::vector<double> output;
  double worst = 0;        // largest distance to an enclosure over its bound: at most 1 where all is well
  bool same_bytes = true;  // as the emulator had where the case was made
};

namespace cases {

inline Rowwise<double> view(const FileMatrix& m) { return {m.entries.data(), m.rows, m.columns}; }

inline std::vector<double> run(const std::string& folder, const CaseFile& file, const std::string& kind,
                               Where where) {
  const auto matrix = [&](const std::string& name) { return read_npy(folder + "/" + name + ".npy"); };
  const std::vector<double> coefficients = file.numbers("coefficients");
  const auto list = [&](const char* name) {  // "none" for an empty one
    return file.word(name) == "none" ? std::vector<double>() : file.numbers(name);
  };
  if (kind == "matrix" || kind == "causal") {
    const FileMatrix q = matrix("q"), k = matrix("k"), v = matrix("v");
    const auto shift = free_shift(view(q), view(k));
    const auto values = value_scale(view(v));
    const AttentionJob<double> job{view(q),
                                   view(k),
                                   view(v),
                                   shift.scaling,
                                   values.down,
                                   values.up,
                                   kind == "causal" ? Masking::causal : Masking::none};
    return polynomial_attention(where, job, coefficients).output;
  }
  if (kind == "tensor") {
    const FileMatrix q = matrix("q"), k1 = matrix("k"), k2 = matrix("k2"), v1 = matrix("v"),
                     v2 = matrix("v2");
    const TensorJob<double> job{view(q),
                                view(k1),
                                view(k2),
                                view(v1),
                                view(v2),
                                list("query_scale"),
                                list("key1_scale"),
                                list("key2_scale"),
                                file.number("down1"),
                                file.number("down2"),
                                file.number("up"),
                                list("centre")};
    return tensor_attention(where, job, coefficients).output;
  }
  if (kind != "matrix-gradient" && kind != "tensor-gradient")
    bad_file(folder + "/case.txt, kind", "one that is known");
  const FileMatrix x = matrix("x"), a1 = matrix("a1"), target = matrix("target");
  std::vector<FileMatrix> kept;
  for (const std::string side : {"1", "2"})
    if (side == "1" || kind == "tensor-gradient")
      for (const char* name : {"variables", "values", "keys"}) kept.push_back(matrix(name + side));
  GradientJob job{view(x), view(a1),       view(target),
                  {},      list("centre"), static_cast<long>(file.number("divisor"))};
  for (std::size_t s = 0; s < kept.size(); s += 3)
    job.sides.push_back({view(kept[s]), view(kept[s + 1]), view(kept[s + 2])});
  return gradient(where, job, coefficients).entries;
}

}  // namespace cases

inline CaseReport check_case(const std::string& folder, Where where) {
  const CaseFile file(folder + "/case.txt");
  CaseReport report;
  report.kind = file.word("kind");
  report.output = cases::run(folder, file, report.kind, where);
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
