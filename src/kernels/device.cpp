#include "kernels/device.hpp"

#include "kernels/cuda/kernels.hpp"
#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {
thread_local Device device_of_this_thread = Device::cpu;
}

Device current_device() { return device_of_this_thread; }

OnDevice::OnDevice(Device device) : before_(device_of_this_thread) { device_of_this_thread = device; }
OnDevice::~OnDevice() { device_of_this_thread = before_; }

Device device_from_text(const std::string& text) {
  if (text == "cpu") return Device::cpu;
  if (text != "cuda") throw InputError("--device", "cpu or cuda", "'" + text + "'");
  if (!cuda::device_present()) throw InputError("--device", "cpu (" + cuda::device_description() + ")", text);
  return Device::cuda;
}

}  // namespace attnbounds
