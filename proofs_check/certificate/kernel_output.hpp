// What a claim about a kernel's own output compares: an input, the output, its guaranteed bound. Certificates
// of kinds attention and gradient say just that (docs/certificates.md).
#pragma once

#include <filesystem>
#include <optional>
#include <variant>

#include "kernels/gradient.hpp"
#include "kernels/guaranteed_attention.hpp"

namespace attnbounds {

struct KernelOutput {
  std::variant<AttentionInput, TensorAttentionInput, MatrixLossInput, TensorLossInput> input;
  AttentionResult result;
  Mask mask = Mask::none;  // of AttentionInput
};

/// All rows. `exceeds`: the error is above it, as a counterexample says.
std::filesystem::path write_kernel_certificate(const std::filesystem::path& folder,
                                               const KernelOutput& output,
                                               const std::optional<Rational>& exceeds);

}  // namespace attnbounds
