// Where the kernels run that this thread calls: the CPU, a GPU, or the emulator of a GPU (kernels/cuda/), and
// in which arithmetic. A scope, not an argument of every function on the way: `decide` and `gradient` reach
// the kernels through many.
//   const OnDevice device(Device::cuda);   … guaranteed_attention(input, request) …
// On a device: exact and polynomial attention, matrix and tensor, and dL/dX by polynomials. What has no
// kernel there runs on the CPU in double: intervals, double-double, exact gradients.
// On the CPU in float: matrix attention, tensor attention without a mask and all gradients, exact (scores of
// pairs, and of the gradients by Q, K, V, up to 40) and by polynomials; what has no such kernel runs in
// double.
#pragma once

#include <string>

namespace attnbounds {

enum class Device { cpu, cuda, emulated };
/// Products with features in double, in float, or of TF32 halves on tensor cores (mixed, of a device alone;
/// exact attention has no such products and is then in double). Input and output are doubles in all three.
enum class Arithmetic { in_double, in_float, mixed };

Device current_device();
Arithmetic current_arithmetic();
/// Of exact attention in the current one.
inline Arithmetic exact_arithmetic() {
  return current_arithmetic() == Arithmetic::in_float ? Arithmetic::in_float : Arithmetic::in_double;
}

class OnDevice {
 public:
  explicit OnDevice(Device device, Arithmetic arithmetic = Arithmetic::in_double);
  ~OnDevice();
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

 private:
  Device device_before_;
  Arithmetic arithmetic_before_;
};

/// "cpu" or "cuda". Errors: InputError, also where no GPU is to be had.
Device device_from_text(const std::string& text);
/// "double", "float" or "mixed", the last not on the CPU. Errors: InputError.
Arithmetic arithmetic_from_text(const std::string& text, Device device);
const char* name(Arithmetic arithmetic);

}  // namespace attnbounds
