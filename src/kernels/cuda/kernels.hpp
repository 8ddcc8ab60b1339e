// What the CUDA kernels take and give back, for the rest of the program and for the driver on a bare GPU
// node: plain arrays, no library. `Where` says who computes: the GPU, or the CPU in its place (emulator.hpp),
// which runs the same programs with the same bytes.
#pragma once

#include <string>
#include <vector>

#include "monomials.hpp"

namespace attnbounds::cuda {

enum class Where { device, emulated };
enum class Masking { none, causal };

/// Row-major, rows are tokens; it must outlive what reads it.
template <class T>
struct Rowwise {
  const T* data = nullptr;
  long rows = 0, columns = 0;
};

/// k' = (k - centre) key_scale, q' = q query_scale: the free shift (kernels/score_range.hpp).
template <class T>
struct Scaling {
  std::vector<T> centre, key_scale, query_scale;
};

template <class T>
struct AttentionJob {
  Rowwise<T> q, k, v;
  Scaling<T> scaling;
  T down = 1,
    up = 1;  // powers of two: values are multiplied by the first as they are loaded, outputs by the second
  Masking mask = Masking::none;
};

/// Sides of tensor attention: keys and values, each with its own scales; no shift but by `centre` of pairs.
template <class T>
struct TensorJob {
  Rowwise<T> q, k1, k2, v1, v2;
  std::vector<T> query_scale, key1_scale, key2_scale;
  T down1 = 1, down2 = 1, up = 1;
  std::vector<double> centre;  // of the products k1 o k2; empty: none
};

/// dL/dX with everything scaled by the caller (kernels/gradient_plan.hpp): variables x of the queries and of
/// each side's keys, values h = A3 Y, keys y = A2, A1 and the target E.
template <class T>
struct GradientJob {
  struct Side {
    Rowwise<T> variables, values, keys;
  };
  Rowwise<T> x, a1;
  Rowwise<double> target;
  std::vector<Side> sides;     // one, or two for the tensor loss
  std::vector<double> centre;  // of the products of two sides' variables; empty: none
  long score_divisor = 1;      // d: scores are <x, k>/d, and so is dL/dX
};

template <class T>
constexpr double least_positive = sizeof(T) == 8 ? 0x1p-1074 : 0x1p-149;

/// Roundings that a term passes through at most, in T and (sums) in double.
struct TermRoundings {
  long narrow = 0, wide = 0;
  constexpr long total() const { return narrow + wide; }
};
constexpr TermRoundings operator+(TermRoundings a, TermRoundings b) {
  return {a.narrow + b.narrow, a.wide + b.wide};
}
constexpr TermRoundings operator*(long times, TermRoundings a) { return {times * a.narrow, times * a.wide}; }

template <class T>
struct Attended {
  std::vector<T> output;
  std::vector<double> denominators;  // of row i, in units of the weights
  TermRoundings roundings;
  double lost = least_positive<T>;  // by an operation that underflows, at most
};

/// Choices that change the order of sums, so bytes, but no guarantee.
struct Tuning {
  long rows_for_two_a_thread = 1L << 16;  // from so many rows on a thread has two
  long most_groups = 1024;                // of tokens in a sum
  long rows_of_a_block = 256;             // of queries, at most: a power of two
};

/// Errors: std::runtime_error (device out of memory, no device), std::length_error (too many monomials).
template <class T>
Attended<T> exact_attention(Where where, const AttentionJob<T>& job);
/// `coefficients` of P, degree g.
template <class T>
Attended<T> polynomial_attention(Where where, const AttentionJob<T>& job,
                                 const std::vector<double>& coefficients, const Tuning& tuning = {});
template <class T>
Attended<T> tensor_attention(Where where, const TensorJob<T>& job, const std::vector<double>& coefficients,
                             const Tuning& tuning = {});
/// Fused, over all pairs (exact_tensor.hpp); under a mask row i sees the pairs j1, j2 <= i. `centre` is not
/// used. Errors: std::length_error beyond `most_exact_tensor_features` features.
template <class T>
Attended<T> exact_tensor_attention(Where where, const TensorJob<T>& job, Masking mask);
constexpr long most_exact_tensor_features = 32;

struct Gradient {
  std::vector<double> entries;  // a * keys + b, scaled; keys = d, or d^2 for two sides
  std::vector<double> sums;     // of row i: N_i and D_i
  /// Of a term of these sums, and of the gradient's terms on the way of gamma; from the job's numbers on.
  TermRoundings of_sums, of_entries;
  double lost = 0;  // as in Attended
};
template <class T>
Gradient gradient(Where where, const GradientJob<T>& job, const std::vector<double>& coefficients,
                  const Tuning& tuning = {});

/// The same with both products with features on tensor cores (mixed.hpp).
Attended<float> mixed_attention(Where where, const AttentionJob<float>& job,
                                const std::vector<double>& coefficients);
Attended<float> mixed_tensor_attention(Where where, const TensorJob<float>& job,
                                       const std::vector<double>& coefficients);
Gradient mixed_gradient(Where where, const GradientJob<float>& job, const std::vector<double>& coefficients);

/// The two products alone, in double: sum_j x_j^a [y_j, 1]_c at [place * (columns of y + 1) + c] …
struct Sums {
  std::vector<double> values;
  TermRoundings roundings;
};
Sums moments(Where where, const SplitMonomials& monomials, Rowwise<double> x, Rowwise<double> y,
             const Tuning& tuning = {});
/// … and rows sum_a x_i^a T_ac at [i * columns + c]; T has `places` rows.
Sums evaluate(Where where, const SplitMonomials& monomials, Rowwise<double> x,
              const std::vector<double>& table, long columns, const Tuning& tuning = {});

/// Is there a GPU that these kernels run on? Never with a build without CUDA.
bool device_present();
/// One line: the GPU's name, or why there is none.
std::string device_description();

}  // namespace attnbounds::cuda
