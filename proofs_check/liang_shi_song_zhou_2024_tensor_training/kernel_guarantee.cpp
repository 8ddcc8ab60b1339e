// The gradient kernels of the tensor loss keep what they promise: the floating-point dL/dX of the factorised
// polynomial method, in double and in float, and of the fused exact kernel lies within its own proved bound
// (approximation and rounding, docs/kernels_tensor_gradient.md) of an enclosure of the closed form.
#include "proofs_check/kernel_case.hpp"

namespace attnbounds {
namespace {

TensorLossInput draw(Draw& d) {
  const long n = d.integer(1, 4), m = d.integer(1, 4), width = d.integer(1, 2), columns = d.integer(1, 2);
  const long m3 = d.integer(1, 4);
  TensorLossInput in{
      d.matrix(n, width, 1),       d.matrix(m, width, 1),       d.matrix(m3, width, 1),
      d.matrix(m, width, 2),       d.matrix(m3, width, 2),      d.matrix(width, width * width, 1),
      d.matrix(width, columns, 1), d.matrix(width, columns, 1), d.matrix(n, columns, 4)};
  if (d.integer(0, 1) == 0)  // X of the lower bounds: the embedding of the identity
    for (long a = 0; a < width; ++a)
      for (long b = 0; b < width * width; ++b)
        if (b != a * width + a) in.x(a, b) = 0;
  if (d.integer(0, 3) == 0) in.a2 = in.a2.cwiseAbs(), in.a3 = in.a3.cwiseAbs();  // the shift of pairs
  if (d.integer(0, 2) == 0) in.e.setZero();
  return in;
}

const Registration kernel_guarantee =
    gradient_kernel_claim(claim("liang-shi-song-zhou-2024-tensor-training/kernel-guarantee",
                                "Theorem 5.2's algorithm, in floating point", Standing::checked),
                          draw);
const Registration float_kernel_guarantee =
    float_gradient_claim(claim("liang-shi-song-zhou-2024-tensor-training/float-kernel-guarantee",
                               "Theorem 5.2's algorithm, in float", Standing::checked),
                         draw);

}  // namespace
}  // namespace attnbounds
