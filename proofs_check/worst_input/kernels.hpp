// Attention programs of this process, by name, for the table of worst inputs: the project's own kernels with
// their guarantees, and what people write.
#pragma once

#include "proofs_check/worst_input/program.hpp"

namespace attnbounds {

/// A named kernel and what it is.
struct KernelDescription {
  std::string name, meaning;
};
const std::vector<KernelDescription>& named_kernels();

/// Errors: InputError for another name, or a kind that the kernel does not have.
Program named_kernel(const std::string& name, ProgramKind kind);

}  // namespace attnbounds
