// Where the kernels run that this thread calls: the CPU, a GPU, or the emulator of a GPU (kernels/cuda/). A
// scope, not an argument of every function on the way: `decide` and `gradient` reach the kernels through
// many.
//   const OnDevice device(Device::cuda);   … guaranteed_attention(input, request) …
// On a device: fused exact and polynomial matrix attention, polynomial tensor attention, and the products
// with features of the gradients. What has no kernel there runs on the CPU: intervals, double-double, exact
// tensor attention and exact gradients.
#pragma once

#include <string>

namespace attnbounds {

enum class Device { cpu, cuda, emulated };

Device current_device();

class OnDevice {
 public:
  explicit OnDevice(Device device);
  ~OnDevice();
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

 private:
  Device before_;
};

/// "cpu" or "cuda". Errors: InputError, also where no GPU is to be had.
Device device_from_text(const std::string& text);

}  // namespace attnbounds
