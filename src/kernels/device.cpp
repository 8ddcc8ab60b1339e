#include "kernels/device.hpp"

#include "kernels/cuda/kernels.hpp"
#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {
thread_local Device device_of_this_thread = Device::cpu;
thread_local Arithmetic arithmetic_of_this_thread = Arithmetic::in_double;
}  // namespace

Device current_device() { return device_of_this_thread; }
Arithmetic current_arithmetic() { return arithmetic_of_this_thread; }

OnDevice::OnDevice(Device device, Arithmetic arithmetic)
    : device_before_(device_of_this_thread), arithmetic_before_(arithmetic_of_this_thread) {
  device_of_this_thread = device;
  arithmetic_of_this_thread = arithmetic;
}
OnDevice::~OnDevice() {
  device_of_this_thread = device_before_;
  arithmetic_of_this_thread = arithmetic_before_;
}

Device device_from_text(const std::string& text) {
  if (text == "cpu") return Device::cpu;
  if (text != "cuda") throw InputError("--device", "cpu or cuda", "'" + text + "'");
  if (!cuda::device_present()) throw InputError("--device", "cpu (" + cuda::device_description() + ")", text);
  return Device::cuda;
}

Arithmetic arithmetic_from_text(const std::string& text, Device device) {
  for (const Arithmetic arithmetic : {Arithmetic::in_double, Arithmetic::in_float, Arithmetic::mixed})
    if (text == name(arithmetic)) {
      if (device == Device::cpu && arithmetic == Arithmetic::mixed)
        throw InputError("--arithmetic", "double or float on the CPU (mixed goes with --device cuda)", text);
      return arithmetic;
    }
  throw InputError("--arithmetic", "double, float or mixed", "'" + text + "'");
}
const char* name(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::in_double  ? "double"
         : arithmetic == Arithmetic::in_float ? "float"
                                              : "mixed";
}

}  // namespace attnbounds
