// attnbounds-cuda, the test and the benchmark of a bare GPU node (docs/cuda.md):
//   test DIR… [--emulated]
//     cases of `attnbounds device-case`: within their bounds, and the same bytes on the GPU and emulated
//     (mixed cases: within their bounds, as how tensor cores round is not documented);
//   bench [--most N]
//     every kernel in every arithmetic: times, bounds, shares of the roofline, slopes in n, ratios to the
//     rivals (fused exact; cuBLAS and exp, where cuBLAS is; PyTorch, where python3 has it), and at the end
//     what was asked beside what was found. Instances are made here (a fixed linear congruence), polynomials
//     are Taylor sections with a proved error.
// Exit status 0: all well; 1: a case failed; 2: bad usage, bad file, no GPU.
#include <algorithm>
#include <cstdio>
#include <functional>

#include "../bounds.hpp"
#include "../device_backend.cuh"
#include "../methods.hpp"
#include "cases.hpp"
#if defined(ATTNBOUNDS_CUBLAS)
#include <cublas_v2.h>
#endif

namespace attnbounds::cuda {
namespace {

int test(const std::vector<std::string>& folders, bool emulated) {
  if (folders.empty()) throw std::runtime_error("test: expected folders, found none");
  int failed = 0;
  for (const std::string& folder : folders) {
    const CaseReport ours = check_case(folder, Where::emulated);
    bool good = ours.worst <= 1 && ours.same_bytes;
    std::printf("%s  %s, %s  emulated: error over bound %.3g, bytes %s", folder.c_str(), ours.kind.c_str(),
                ours.arithmetic.c_str(), ours.worst, ours.same_bytes ? "as made" : "OTHERS");
    if (!emulated) {
      const CaseReport device = check_case(folder, Where::device);
      const bool same =
          std::memcmp(device.output.data(), ours.output.data(), ours.output.size() * sizeof(double)) == 0;
      good = good && device.worst <= 1 && (same || ours.arithmetic == "mixed");
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

/// What the GPU can do, measured here: multiply-adds (of doubles, of floats, of TF32 on tensor cores) and
/// bytes a second.
struct Roofline {
  double fused_double, fused_float, tensor_cores, bytes;
  template <class Products>
  double of_products() const {
    return !Products::rows_divide                   ? tensor_cores / 3  // three products of halves
           : sizeof(typename Products::Number) == 8 ? fused_double
                                                    : fused_float;
  }
};
constexpr long most_resident_blocks = 132 * 16;  // of an H100 or H200, and several waves elsewhere
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
struct TensorCoresOnRegisters {
  static constexpr int threads = 128;
  DeviceMemory::Out<float> out;
  long steps = 0;
  long shared_bytes() const { return 0; }
  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    block.each_warp([&](int w) {
      LeftTile<true> left;
      RightTile<true> right;
      SumTile<float, true> sum[8];
      left.each([](int row, int k, float& entry) { entry = static_cast<float>(row + k); });
      right.each([](int k, int column, float& entry) { entry = static_cast<float>(k + column); });
      for (long s = 0; s < steps; ++s) ATTNBOUNDS_UNROLL
      for (int i = 0; i < 8; ++i) add_product(sum[i], left, right);
      ATTNBOUNDS_UNROLL
      for (int i = 0; i < 8; ++i)
        sum[i].each([&](int row, int column, float& entry) {
          out[((block.x() * 4 + w) * 8 + i) * 128 + row * 8 + column] = entry;
        });
    });
  }
};
struct Triad {
  static constexpr int threads = 256;
  DeviceMemory::In<double> left, right;
  DeviceMemory::Out<double> out;
  long shared_bytes() const { return 0; }
  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    block.each([&](int t) {
      const long i = block.x() * threads + t;
      out[i] = fused(right[i], 3.0, left[i]);
    });
  }
};
template <class T>
double fused_a_second(Device& device) {
  const long steps = 1 << 14;
  const auto out = device.make<T>("out", most_resident_blocks * 256);
  const double ms = milliseconds([&] {
    device.launch(FusedOnRegisters<T>{out, steps}, {most_resident_blocks, 1, 1});
  });
  return static_cast<double>(most_resident_blocks) * 256 * 16 * static_cast<double>(steps) / ms * 1e3;
}
Roofline roofline(Device& device) {
  const long steps = 1 << 12, count = 1L << 26;
  const auto out = device.make<float>("out", most_resident_blocks * 4 * 8 * 128);
  const double on_tensor_cores = milliseconds([&] {
    device.launch(TensorCoresOnRegisters{out, steps}, {most_resident_blocks, 1, 1});
  });
  const auto left = device.make<double>("left", count), right = device.make<double>("right", count),
             sum = device.make<double>("sum", count);
  check(cudaMemset(left.data.get(), 0, static_cast<std::size_t>(count) * 8), "cudaMemset");
  check(cudaMemset(right.data.get(), 0, static_cast<std::size_t>(count) * 8), "cudaMemset");
  const double triad = milliseconds([&] {
    device.launch(Triad{Device::in(left), Device::in(right), sum}, {count / 256, 1, 1});
  });
  return {fused_a_second<double>(device), fused_a_second<float>(device),
          static_cast<double>(most_resident_blocks) * 4 * 8 * 1024 * static_cast<double>(steps) /
              on_tensor_cores * 1e3,
          24 * static_cast<double>(count) / triad * 1e3};
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

void print(const std::string& name, long n, double ms, double bound, const std::string& rest) {
  std::printf("%-34s n=%-8ld %10.4f ms  bound %8.2g  %s\n", name.c_str(), n, ms, bound, rest.c_str());
  std::fflush(stdout);
}
std::string text(const char* format, double x) {
  char line[200];
  std::snprintf(line, sizeof line, format, x);
  return line;
}
template <class Products>
std::string arithmetic_name() {
  return !Products::rows_divide ? "mixed" : sizeof(typename Products::Number) == 8 ? "double" : "float";
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

/// What was asked, with what was found: printed at the end.
class Asked {
 public:
  void at_most(const std::string& what, double found, double most) { add(what, found, most, found <= most); }
  void at_least(const std::string& what, double found, double least) {
    add(what, found, least, found >= least);
  }
  void skipped(const std::string& what, const std::string& why) {
    lines_ += "  skipped  " + what + ": " + why + "\n";
  }
  void print() const { std::printf("asked, beside what was found\n%s", lines_.c_str()); }

 private:
  void add(const std::string& what, double found, double asked, bool met) {
    lines_ += std::string(met ? "  met      " : "  MISSED   ") + what + text(": %.3g", found) +
              text(" (asked %g)\n", asked);
  }
  std::string lines_;
};

template <class T>
double time_exact(Device& device, const Instance<T>& in) {
  ExactAttention<Device, T> method(device, in.job);
  const double ms = milliseconds([&] { method.run(); });
  const double n = static_cast<double>(in.job.q.rows), d = static_cast<double>(in.job.q.columns),
               dv = static_cast<double>(in.job.v.columns);
  const Bound bound =
      exact_bound(method.result(), in.facts, in.values, in.job.q.columns, in.job.k.rows, in.job.mask);
  print("exact/" + arithmetic_name<Plain<T>>() + "/d=" + std::to_string(in.job.q.columns), in.job.q.rows, ms,
        bound.total(),
        text("%.3g G fused multiply-adds a second, exp not counted", n * n * (d + dv) / ms / 1e6));
  return ms;
}

struct PolynomialTime {
  double ms, share;
};
template <class Products>
PolynomialTime time_polynomial(Device& device, const Instance<typename Products::Number>& in, long degree,
                               const Roofline& roof, double exact_ms) {
  using T = typename Products::Number;
  const CertifiedCoefficients p = taylor(in.facts.half_width, degree);
  PolynomialAttention<Device, Products> method(device, in.job, p.coefficients, {});
  const double ms = milliseconds([&] { method.run(); });
  const double n = static_cast<double>(in.job.q.rows), d = static_cast<double>(in.job.q.columns),
               columns = static_cast<double>(in.job.v.columns + 1),
               rank = monomial_count(static_cast<int>(in.job.q.columns), static_cast<int>(degree));
  const double work = n * rank * (columns + 1) + n * rank * columns,
               seconds_of_work = work / roof.of_products<Products>(),
               seconds_of_bytes = n * (2 * d + 2 * columns) * sizeof(T) / roof.bytes,
               least = std::max(seconds_of_work, seconds_of_bytes) * 1e3;
  const Bound bound =
      polynomial_bound(method.result(), p, in.facts, in.values, in.job.q.columns, in.job.k.rows, in.job.mask);
  print("polynomial" + std::string(in.job.mask == Masking::causal ? "-causal" : "") + "/" +
            arithmetic_name<Products>() + "/d=" + std::to_string(in.job.q.columns) +
            "/dv=" + std::to_string(in.job.v.columns),
        in.job.q.rows, ms, bound.total(),
        text("roofline share %.2f ", least / ms) +
            (seconds_of_work > seconds_of_bytes ? "(multiply-adds)" : "(memory)") +
            (exact_ms > 0 ? text(", ratio to fused exact %.0f", exact_ms / ms) : ""));
  return {ms, least / ms};
}

template <class Products>
void bench_attention(Device& device, const Roofline& roof, long most, Asked& asked) {
  using T = typename Products::Number;
  const std::string type = arithmetic_name<Products>();
  for (const long d : {4L, 8L}) {
    const long degree = d == 4 ? 7 : 4;
    std::vector<std::pair<long, double>> times, causal;
    double ratio = 0, share = 0;
    for (long n = 1L << 14; n <= most; n *= 4) {
      const Instance<T> in(n, d, d, Masking::none);
      const double exact = n <= (1L << 18) && Products::rows_divide ? time_exact(device, in) : 0;
      const PolynomialTime time = time_polynomial<Products>(device, in, degree, roof, exact);
      times.emplace_back(n, time.ms);
      share = time.share;
      if (exact > 0) ratio = exact / time.ms;
      const Instance<T> masked(n, d, d, Masking::causal);
      causal.emplace_back(n, time_polynomial<Products>(device, masked, degree, roof, 0).ms);
    }
    const std::string of = "/" + type + "/d=" + std::to_string(d), at_most = " at n=" + std::to_string(most);
    asked.at_least("polynomial" + of + at_most + ", roofline share", share, 0.6);
    if (type == "double" && d == 4)
      asked.at_least("polynomial" + of + ", ratio to fused exact at the last n of both", ratio, 1000);
    asked.at_most("polynomial" + of + "/slope", slope(times), 1.05);
    asked.at_most("polynomial-causal" + of + "/slope", slope(causal), 1.05);
  }
}

/// Tensor attention and gradients of n uniform tokens.
template <class Products>
struct Tokens {
  using T = typename Products::Number;
  long n, d;
  std::vector<std::vector<T>> m;
  std::vector<double> target;
  Tokens(long tokens, long dimension)
      : n(tokens), d(dimension), target(uniform<double>(tokens * dimension, 9)) {
    for (std::uint64_t i = 0; i < 9; ++i) m.push_back(uniform<T>(n * d, i));
  }
  Rowwise<T> rows(std::size_t i) const { return {m[i].data(), n, d}; }
  TensorJob<T> tensor() const {
    const std::vector<T> ones(static_cast<std::size_t>(d), T(1));
    return {rows(0), rows(1), rows(2), rows(3), rows(4), ones, ones, ones, 1, 1, 1, {}};
  }
  GradientJob<T> gradient(int sides) const {
    GradientJob<T> job{rows(0), rows(1), {target.data(), n, d}, {{rows(2), rows(3), rows(2)}}, {}, d};
    if (sides == 2) job.sides.push_back({rows(4), rows(5), rows(4)});
    return job;
  }
};
template <class Products>
void bench_tensors(Device& device, long most, Asked& asked) {
  const std::string type = arithmetic_name<Products>();
  const auto grow = [&](const std::string& name, long d, long last, const auto& time) {
    std::vector<std::pair<long, double>> times;
    for (long n = 1L << 14; n <= std::min(most, last); n *= 4) {
      const Tokens<Products> tokens(n, d);
      times.emplace_back(n, time(tokens));
      print(name + "/" + type + "/d=" + std::to_string(d), n, times.back().second, NAN,
            "(its bound: attnbounds, on the host)");
    }
    if (times.size() > 1) asked.at_most(name + "/" + type + "/slope", slope(times), 1.05);
  };
  const std::vector<double> sixth = taylor(1, 6).coefficients, fifth = taylor(1, 5).coefficients;
  grow("tensor", 4, 1L << 20, [&](const auto& tokens) {
    TensorAttention<Device, Products> method(device, tokens.tensor(), sixth, {});
    const double ms = milliseconds([&] { method.run(); });
    if (tokens.n == 1L << 16) asked.at_most("tensor/" + type + "/d=4 at n=65536, milliseconds", ms, 10);
    return ms;
  });
  for (const int sides : {1, 2})
    grow(sides == 1 ? "gradient" : "tensor-gradient", sides == 1 ? 4 : 3, 1L << 18, [&](const auto& tokens) {
      GradientOfLoss<Device, Products> method(device, tokens.gradient(sides), fifth, {});
      return milliseconds([&] { method.run(); });
    });
}
template <class T>
void bench_exact_tensor(Device& device) {
  const Tokens<Plain<T>> tokens(1024, 4);
  ExactTensorAttention<Device, T> method(device, tokens.tensor(), Masking::none);
  const double ms = milliseconds([&] { method.run(); });
  print("exact-tensor/" + arithmetic_name<Plain<T>>() + "/d=4", 1024, ms, NAN,
        text("n^3: %.3g s at n=65536 by this", ms * 64 * 64 * 64 / 1e3));
}

#if defined(ATTNBOUNDS_CUBLAS)
/// e^s in place.
struct ExpInPlace {
  static constexpr int threads = 256;
  DeviceMemory::Out<double> scores;
  long count = 0;
  long shared_bytes() const { return 0; }
  template <class Block>
  ATTNBOUNDS_BOTH void operator()(Block& block) const {
    block.each([&](int t) {
      const long i = block.x() * threads + t;
      if (i < count) scores[i] = exp(scores[i]);
    });
  }
};
void check_cublas(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(std::string("cuBLAS, ") + call + ": status " + std::to_string(status));
}
/// Attention as two products of cuBLAS with exp between, in blocks of 2048 queries whose scores are stored:
/// no maximum is subtracted and nothing is divided, so it does less than attention does.
double time_cublas(Device& device, long n, long d, long dv) {
  const std::vector<double> q = uniform<double>(n * d, 1), k = uniform<double>(n * d, 2),
                            v = uniform<double>(n * (dv + 1), 3);
  const long block = std::min(n, 2048L);
  const auto on_q = device.upload("q", q), on_k = device.upload("k", k), on_v = device.upload("v", v),
             scores = device.make<double>("scores", block * n),
             out = device.make<double>("out", n * (dv + 1));
  cublasHandle_t handle = nullptr;
  check_cublas(cublasCreate(&handle), "cublasCreate");
  const double scale = 1 / static_cast<double>(d), one = 1, zero = 0;
  const int keys = static_cast<int>(n), width = static_cast<int>(d), columns = static_cast<int>(dv + 1);
  const double ms = milliseconds([&] {
    for (long first = 0; first < n; first += block) {
      const int rows = static_cast<int>(std::min(block, n - first));
      check_cublas(cublasDgemm(handle, CUBLAS_OP_T, CUBLAS_OP_N, keys, rows, width, &scale, on_k.data.get(),
                               width, on_q.data.get() + first * d, width, &zero, scores.data.get(), keys),
                   "cublasDgemm");
      device.launch(ExpInPlace{scores, rows * n}, {divide_up(rows * n, 256), 1, 1});
      check_cublas(
          cublasDgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, columns, rows, keys, &one, on_v.data.get(), columns,
                      scores.data.get(), keys, &zero, out.data.get() + first * (dv + 1), columns),
          "cublasDgemm");
    }
  });
  cublasDestroy(handle);
  print("rival: cuBLAS+exp/double/d=" + std::to_string(d), n, ms, NAN, "");
  return ms;
}
#endif

/// Milliseconds of PyTorch's attention on n tokens of d features in float, or -1 where it is not to be had.
double time_pytorch(long n, long d) {
  const std::string command = std::string("python3 '") + ATTNBOUNDS_DRIVER_FOLDER +
                              "/pytorch_attention.py' " + std::to_string(n) + " " + std::to_string(d) +
                              " 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return -1;
  double ms = -1;
  if (std::fscanf(pipe, "%lf", &ms) != 1) ms = -1;
  return pclose(pipe) == 0 ? ms : -1;
}

void bench_rivals(Device& device, long most, Asked& asked) {
  for (const long d : {4L, 8L, 64L}) {
    const long n = 1L << 14;
    const std::string what = "exact/double/d=" + std::to_string(d) + " over cuBLAS+exp";
#if defined(ATTNBOUNDS_CUBLAS)
    const double rival = time_cublas(device, n, d, d);
    asked.at_most(what, time_exact(device, Instance<double>(n, d, d, Masking::none)) / rival, 2);
#else
    asked.skipped(what, "cuBLAS was not found when this was built");
    static_cast<void>(n);
#endif
  }
  for (long n = 1L << 14; n <= std::min(most, 1L << 17); n *= 2) {
    const double ours = time_exact(device, Instance<float>(n, 64, 64, Masking::none)),
                 rival = time_pytorch(n, 64);
    const std::string what = "exact/float/d=64 at n=" + std::to_string(n) + " over PyTorch";
    if (rival > 0) {
      print("rival: PyTorch/float/d=64", n, rival, NAN, "");
      asked.at_most(what, ours / rival, 1);
    } else {
      asked.skipped(what, "python3 has no PyTorch with CUDA");
    }
  }
}

void bench(long most) {
  Device device;
  const Roofline roof = roofline(device);
  std::printf("%s: %.3g double, %.3g float, %.3g TF32 multiply-adds and %.3g bytes a second, measured\n",
              device_description().c_str(), roof.fused_double, roof.fused_float, roof.tensor_cores,
              roof.bytes);
  Asked asked;
  bench_rivals(device, most, asked);
  bench_attention<Plain<double>>(device, roof, most, asked);
  bench_attention<Plain<float>>(device, roof, most, asked);
  bench_attention<OnTensorCores>(device, roof, most, asked);
  const Instance<float> wide(std::min(most, 1L << 18), 4, 31, Masking::none);  // a whole tile of columns
  time_polynomial<Plain<float>>(device, wide, 7, roof, 0);
  time_polynomial<OnTensorCores>(device, wide, 7, roof, 0);
  bench_tensors<Plain<double>>(device, most, asked);
  bench_tensors<Plain<float>>(device, most, asked);
  bench_tensors<OnTensorCores>(device, most, asked);
  bench_exact_tensor<double>(device);
  bench_exact_tensor<float>(device);
  asked.print();
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
