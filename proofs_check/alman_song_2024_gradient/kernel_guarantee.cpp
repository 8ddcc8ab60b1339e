// The gradient kernels of the matrix loss keep what they promise: the floating-point dL/dX of the factorised
// polynomial method, in double and in float, and of the fused exact kernel lies within its own proved bound
// (approximation and rounding, docs/kernels_tensor_gradient.md) of an enclosure of the closed form.
#include "proofs_check/kernel_case.hpp"

namespace attnbounds {
namespace {

MatrixLossInput draw(Draw& d) {
  const long n = d.integer(1, 4), m = d.integer(1, 7), width = d.integer(1, 2), columns = d.integer(1, 2);
  MatrixLossInput in{d.matrix(n, width, 1),     d.matrix(m, width, 2),       d.matrix(m, width, 2),
                     d.matrix(width, width, 1), d.matrix(width, columns, 1), d.matrix(n, columns, 4)};
  if (d.integer(0, 2) == 0) in.e.setZero();
  return in;
}

const Registration kernel_guarantee =
    gradient_kernel_claim(claim("alman-song-2024-gradient/kernel-guarantee",
                                "Theorem 1.6's algorithm, in floating point", Standing::checked),
                          draw);
const Registration float_kernel_guarantee =
    float_gradient_claim(claim("alman-song-2024-gradient/float-kernel-guarantee",
                               "Theorem 1.6's algorithm, in float", Standing::checked),
                         draw);

}  // namespace
}  // namespace attnbounds
