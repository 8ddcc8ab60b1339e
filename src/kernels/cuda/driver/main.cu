// attnbounds-cuda, the test and the benchmark of a bare GPU node (docs/cuda.md):
//   test DIR… [--emulated]
//     cases of `attnbounds device-case`: within their bounds, and the same bytes on the GPU and emulated;
//   bench [--most N]
//     polynomial, exact, mixed, tensor, gradient: times, ratio to fused exact, share of the roofline, slope
//     in n. Instances are made here (a fixed linear congruence), polynomials are Taylor sections with a
//     proved error.
// Exit status 0: all well; 1: a case failed; 2: bad usage, bad file, no GPU.
#include <algorithm>
#include <cstdio>
#include <functional>

#include "../device_backend.cuh"
#include "../gradient.hpp"
#include "../mixed.hpp"
#include "cases.hpp"

namespace attnbounds::cuda {
namespace {

int test(const std::vector<std::string>& folders, bool emulated) {
  if (folders.empty()) throw std::runtime_error("test: expected folders, found none");
  int failed = 0;
  for (const std::string& folder : folders) {
    const CaseReport ours = check_case(folder, Where::emulated);
    bool good = ours.worst <= 1 && ours.same_bytes;
    std::printf("%s  %s  emulated: error over bound %.3g, bytes %s", folder.c_str(), ours.kind.c_str(),
                ours.worst, ours.same_bytes ? "as made" : "OTHERS");
    if (!emulated) {
      const CaseReport device = check_case(folder, Where::device);
      const bool same =
          std::memcmp(device.output.data(), ours.output.data(), ours.output.size() * sizeof(double)) == 0;
      good = good && device.worst <= 1 && same;
      std::printf("; GPU: error over bound %.3g, bytes %s", device.worst, same ? "the emulator's" : "OTHERS");
    }
    std::printf("  %s\n", good ? "passed" : "FAILED");
    failed += good ? 0 : 1;
  }
  std::printf("%d of %d failed\n", failed, static_cast<int>(folders.size()));
  return failed == 0 ? 0 : 1;
}

// ---- the benchmark

/// Uniform in [-1, 1], the same everywhere.
template <class T>
std::vector<T> uniform(long count, std::uint64_t seed) {
  std::vector<T> result(static_cast<std::size_t>(count));
  std::uint64_t state = seed * 0x9E3779B97F4A7C15ULL + 1;
  for (T& x : result) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    x = static_cast<T>(static_cast<double>(state >> 11) * 0x1p-52 - 1);
  }
  return result;
}

/// Median time of a run in milliseconds: one to warm up, then up to 9, or a second's worth.
double milliseconds(const std::function<void()>& run) {
  cudaEvent_t start, stop;
  check(cudaEventCreate(&start), "cudaEventCreate");
  check(cudaEventCreate(&stop), "cudaEventCreate");
  std::vector<double> times;
  double total = 0;
  for (int i = 0; i < 10 && (i < 2 || total < 1000); ++i) {
    check(cudaEventRecord(start), "cudaEventRecord");
    run();
    check(cudaEventRecord(stop), "cudaEventRecord");
    check(cudaEventSynchronize(stop), "cudaEventSynchronize");
    float elapsed = 0;
    check(cudaEventElapsedTime(&elapsed, start, stop), "cudaEventElapsedTime");
    if (i > 0) {
      times.push_back(static_cast<double>(elapsed));
      total += static_cast<double>(elapsed);
    }
  }
  cudaEventDestroy(start);
  cudaEventDestroy(stop);
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

/// What the GPU can do: fused multiply-adds and bytes a second, measured here.
struct Roofline {
  double fused_double, fused_float, bytes;
};
template <class T>
struct FusedOnRegisters {
  static constexpr int threads = 256;
  DeviceMemory::Out<T> out;
  long steps = 0;
  long shared_bytes() const { return 0; }
  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    block.each([&](int t) {
      T x[16];
      ATTNBOUNDS_UNROLL
      for (int i = 0; i < 16; ++i) x[i] = T(t + i);
      for (long s = 0; s < steps; ++s) ATTNBOUNDS_UNROLL
      for (int i = 0; i < 16; ++i) x[i] = fused(x[i], T(0.999), T(0.001));
      T sum = 0;
      ATTNBOUNDS_UNROLL
      for (int i = 0; i < 16; ++i) sum += x[i];
      out[block.x() * threads + t] = sum;
    });
  }
};
template <class T>
double fused_a_second(Device& device) {
  const long blocks = 132 * 16, steps = 1 << 14;
  const auto out = device.make<T>("out", blocks * 256);
  const double ms = milliseconds([&] { device.launch(FusedOnRegisters<T>{out, steps}, {blocks, 1, 1}); });
  return static_cast<double>(blocks) * 256 * 16 * static_cast<double>(steps) / ms * 1e3;
}
Roofline roofline(Device& device) {
  const long bytes = 1L << 30;
  const auto from = device.make<char>("from", bytes), to = device.make<char>("to", bytes);
  const double copy = milliseconds([&] {
    check(cudaMemcpyAsync(to.data.get(), from.data.get(), static_cast<std::size_t>(bytes),
                          cudaMemcpyDeviceToDevice),
          "cudaMemcpyAsync");
  });
  return {fused_a_second<double>(device), fused_a_second<float>(device),
          2 * static_cast<double>(bytes) / copy * 1e3};
}

/// Taylor section of exp on [-X, X]: |P - e^x| <= delta e^x, delta = e^X X^{g+1}/(g+1)! e^X, rounded up. Good
/// enough for times; a certified minimax polynomial has a degree or two less.
CertifiedCoefficients taylor(double half_width, long degree) {
  CertifiedCoefficients p{{1}, half_width, 0};
  Up rest = Up(half_width);  // X^{g+1}/(g+1)!
  for (long t = 1; t <= degree; ++t) {
    p.coefficients.push_back(p.coefficients.back() / static_cast<double>(t));
    rest = rest * Up(half_width) / static_cast<double>(t + 1);
  }
  const Up e = Up(std::exp(half_width)) * Up(1 + 0x1p-40);
  // coefficients are rounded: each term is off by at most 2^-50 of itself
  p.error = (rest * e * e + e * e * Up(0x1p-50)).value();
  return p;
}
template <class T>
struct Instance {
  std::vector<T> q, k, v;
  AttentionJob<T> job;
  ScoreFacts facts;
  ValueFacts values;
  Instance(long n, long d, long dv, Masking mask)
      : q(uniform<T>(n * d, 1)), k(uniform<T>(n * d, 2)), v(uniform<T>(n * dv, 3)) {
    const Rowwise<T> queries{q.data(), n, d}, keys{k.data(), n, d}, rows{v.data(), n, dv};
    const Shifted<T> shift = free_shift(queries, keys);
    const ScaledBy<T> scale = value_scale(rows);
    job = {queries, keys, rows, shift.scaling, scale.down, scale.up, mask};
    facts = shift.facts;
    values = scale.facts;
  }
};

void print(const char* name, long n, double ms, double bound, const std::string& rest) {
  std::printf("%-34s n=%-8ld %10.4f ms  bound %8.2g  %s\n", name, n, ms, bound, rest.c_str());
  std::fflush(stdout);
}
std::string text(const char* format, double x) {
  char line[200];
  std::snprintf(line, sizeof line, format, x);
  return line;
}

template <class T>
double time_exact(Device& device, const char* name, const Instance<T>& in) {
  ExactAttention<Device, T> method(device, in.job);
  const double ms = milliseconds([&] { method.run(); });
  const double n = static_cast<double>(in.job.q.rows), d = static_cast<double>(in.job.q.columns),
               dv = static_cast<double>(in.job.v.columns);
  const Bound bound =
      exact_bound(method.result(), in.facts, in.values, in.job.q.columns, in.job.k.rows, in.job.mask);
  print(name, in.job.q.rows, ms, bound.total(),
        text("%.3g G fused multiply-adds a second, exp not counted", n * n * (d + dv) / ms / 1e6));
  return ms;
}
template <class T>
double time_polynomial(Device& device, const char* name, const Instance<T>& in, long degree,
                       const Roofline& roof, double exact_ms) {
  const CertifiedCoefficients p = taylor(in.facts.half_width, degree);
  PolynomialAttention<Device, T> method(device, in.job, p.coefficients, {});
  const double ms = milliseconds([&] { method.run(); });
  const double n = static_cast<double>(in.job.q.rows), d = static_cast<double>(in.job.q.columns),
               columns = static_cast<double>(in.job.v.columns + 1),
               rank = monomial_count(static_cast<int>(in.job.q.columns), static_cast<int>(degree));
  const double work = n * rank * (columns + 1) + n * rank * columns,
               seconds_of_work = work / (sizeof(T) == 8 ? roof.fused_double : roof.fused_float),
               seconds_of_bytes = n * (2 * d + 2 * columns) * sizeof(T) / roof.bytes,
               least = std::max(seconds_of_work, seconds_of_bytes) * 1e3;
  const Bound bound =
      polynomial_bound(method.result(), p, in.facts, in.values, in.job.q.columns, in.job.k.rows, in.job.mask);
  print(name, in.job.q.rows, ms, bound.total(),
        text("roofline share %.2f ", least / ms) +
            (seconds_of_work > seconds_of_bytes ? "(multiply-adds)" : "(memory)") +
            (exact_ms > 0 ? text(", ratio to fused exact %.0f", exact_ms / ms) : ""));
  return ms;
}

/// Least squares of log time against log n.
double slope(const std::vector<std::pair<long, double>>& times) {
  double x = 0, y = 0, xx = 0, xy = 0;
  const double count = static_cast<double>(times.size());
  for (const auto& [n, ms] : times) {
    const double a = std::log(static_cast<double>(n)), b = std::log(ms);
    x += a, y += b, xx += a * a, xy += a * b;
  }
  return (count * xy - x * y) / (count * xx - x * x);
}

template <class T>
void bench_type(Device& device, const Roofline& roof, long most, const char* type) {
  for (const long d : {4L, 8L}) {
    const long degree = d == 4 ? 7 : 4;
    std::vector<std::pair<long, double>> times, causal;
    for (long n = 1L << 14; n <= most; n *= 4) {
      const Instance<T> in(n, d, d, Masking::none);
      const double exact =
          n <= (1L << 18)
              ? time_exact(device, (std::string("exact/") + type + "/d=" + std::to_string(d)).c_str(), in)
              : 0;
      const double scaled = exact > 0 ? exact : times.empty() ? 0 : -1;
      times.emplace_back(
          n, time_polynomial(device, (std::string("polynomial/") + type + "/d=" + std::to_string(d)).c_str(),
                             in, degree, roof, std::max(scaled, 0.0)));
      const Instance<T> masked(n, d, d, Masking::causal);
      causal.emplace_back(
          n, time_polynomial(device,
                             (std::string("polynomial-causal/") + type + "/d=" + std::to_string(d)).c_str(),
                             masked, degree, roof, 0));
    }
    std::printf("polynomial/%s/d=%ld/slope %.3f   polynomial-causal/%s/d=%ld/slope %.3f\n", type, d,
                slope(times), type, d, slope(causal));
  }
  for (long n = 1L << 14; n <= std::min(most, 1L << 17); n *= 2)
    time_exact(device, (std::string("exact/") + type + "/d=64").c_str(),
               Instance<T>(n, 64, 64, Masking::none));
}

void bench(long most) {
  Device device;
  const Roofline roof = roofline(device);
  std::printf("%s: %.3g double, %.3g float fused multiply-adds and %.3g bytes a second, measured\n",
              device_description().c_str(), roof.fused_double, roof.fused_float, roof.bytes);
  bench_type<double>(device, roof, most, "double");
  bench_type<float>(device, roof, most, "float");
  for (const long dv : {4L, 31L}) {
    const Instance<float> in(std::min(most, 1L << 18), 4, dv, Masking::none);
    const CertifiedCoefficients p = taylor(in.facts.half_width, 7);
    MixedAttention<Device> method(device, in.job, p.coefficients);
    const double ms = milliseconds([&] { method.run(); });
    const Bound bound =
        polynomial_bound(method.result(), p, in.facts, in.values, 4, in.job.k.rows, Masking::none);
    print(("mixed/d=4/dv=" + std::to_string(dv)).c_str(), in.job.q.rows, ms, bound.total(), "");
    time_polynomial(device, ("float/d=4/dv=" + std::to_string(dv)).c_str(), in, 7, roof, 0);
  }
  {
    const long n = std::min(most, 1L << 16), d = 4;
    const std::vector<double> q = uniform<double>(n * d, 1), k1 = uniform<double>(n * d, 2),
                              k2 = uniform<double>(n * d, 4), v1 = uniform<double>(n * d, 3),
                              v2 = uniform<double>(n * d, 5), ones(4, 1.0);
    const auto rows = [&](const std::vector<double>& m) { return Rowwise<double>{m.data(), n, d}; };
    const TensorJob<double> job{rows(q), rows(k1), rows(k2), rows(v1), rows(v2), ones,
                                ones,    ones,     1,        1,        1,        {}};
    TensorAttention<Device, double> method(device, job, taylor(1, 6).coefficients, {});
    print("tensor/double/d=4", n, milliseconds([&] { method.run(); }), NAN,
          "(its bound: attnbounds attention --k2)");
  }
  for (const long sides : {1L, 2L}) {
    const long n = std::min(most, 1L << 16), d = sides == 1 ? 4 : 3;
    std::vector<std::vector<double>> m;
    for (int i = 0; i < 9; ++i) m.push_back(uniform<double>(n * d, static_cast<std::uint64_t>(i)));
    const auto rows = [&](std::size_t i) { return Rowwise<double>{m[i].data(), n, d}; };
    GradientJob job{rows(0), rows(1), rows(2), {{rows(3), rows(4), rows(3)}}, {}, d};
    if (sides == 2) job.sides.push_back({rows(5), rows(6), rows(5)});
    GradientOfLoss<Device> method(device, job, taylor(1, 5).coefficients, {});
    print(sides == 1 ? "gradient/double/d=4" : "tensor-gradient/double/d=3", n,
          milliseconds([&] { method.run(); }), NAN, "(tables pass through the host)");
  }
}

int run(std::vector<std::string> words) {
  const auto take = [&](const char* flag) {
    const auto found = std::find(words.begin(), words.end(), flag);
    if (found == words.end()) return false;
    words.erase(found);
    return true;
  };
  if (words.empty() || (words[0] != "test" && words[0] != "bench"))
    throw std::runtime_error("expected test DIR… [--emulated], or bench [--most N]");
  const std::string command = words[0];
  words.erase(words.begin());
  const bool emulated = command == "test" && take("--emulated");
  if (!emulated && !device_present()) throw std::runtime_error(device_description());
  if (command == "test") return test(words, emulated);
  long most = 1L << 20;
  if (words.size() == 2 && words[0] == "--most") most = std::atol(words[1].c_str());
  else if (!words.empty()) throw std::runtime_error("bench: expected --most N, found " + words[0]);
  if (most < (1L << 14) || most > (1L << 24)) throw std::runtime_error("--most: expected 16384 to 16777216");
  bench(most);
  return 0;
}

}  // namespace
}  // namespace attnbounds::cuda

int main(int count, char** words) {
  try {
    return attnbounds::cuda::run({words + 1, words + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attnbounds-cuda: %s\n", error.what());
    return 2;
  }
}
