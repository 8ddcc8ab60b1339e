// What a claim about a kernel's own output compares: an input, the output, its guaranteed bound. Certificates
// of kinds attention and gradient say just that (docs/certificates.md).
#pragma once

#include <filesystem>
#include <optional>
#include <variant>

#include "kernels/gradient.hpp"
#include "kernels/gradient_attention.hpp"
#include "kernels/guaranteed_attention.hpp"
#include "numeric/proved.hpp"

namespace attnbounds {

/// <G, Att(Q, K, V)>, by q, k or v.
struct AttentionLossBy {
  AttentionInput attention;
  Matrix<double> upstream;
  const char* by;
};
struct KernelOutput {
  std::variant<AttentionInput, TensorAttentionInput, MatrixLossInput, TensorLossInput, AttentionLossBy> input;
  AttentionResult result;
  Mask mask = Mask::none;  // of attention
};

inline KernelOutput output_by(AttentionLossBy input, Mask mask, const BoundedGradient& of) {
  AttentionResult result;
  result.output = of.gradient;
  result.bound = of.bound();
  return {std::move(input), result, mask};
}

/// Of a case with the input `in` and a result that the member pointer names: its bound, and the output that a
/// certificate is about.
template <auto result>
constexpr auto bound_of = [](const auto& c) { return enclose((c.*result).bound.exact()); };
template <auto result>
constexpr auto output_of = [](const auto& c) {
  return KernelOutput{c.in, c.*result};
};

/// All rows. `exceeds`: the error is above it, as a counterexample says.
std::filesystem::path write_kernel_certificate(const std::filesystem::path& folder,
                                               const KernelOutput& output,
                                               const std::optional<Rational>& exceeds);

}  // namespace attnbounds
