// A GPU under the pipelines: arrays in its memory, launches of block programs with __syncthreads for
// barriers. Errors of the runtime are exceptions with the call's name.
#pragma once

#include <cuda_runtime.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "block.hpp"

namespace attnbounds::cuda {

inline void check(cudaError_t status, const char* call) {
  if (status != cudaSuccess)
    throw std::runtime_error(std::string("CUDA, ") + call + ": " + cudaGetErrorString(status));
}

template <class Program>
__global__ void __launch_bounds__(Program::threads, 1) run_program(const __grid_constant__ Program program) {
  extern __shared__ __align__(16) char arena[];
  DeviceMemory::Block block(arena);
  program(block);
}

class Device {
 public:
  using Memory = DeviceMemory;
  template <class T>
  struct Array {
    std::shared_ptr<T> data;
    long count = 0;
    operator Memory::Out<T>() const { return {data.get()}; }
  };

  template <class T>
  Array<T> make(const char*, long count) {
    void* place = nullptr;
    check(cudaMalloc(&place, static_cast<std::size_t>(count > 0 ? count : 1) * sizeof(T)), "cudaMalloc");
    return {std::shared_ptr<T>(static_cast<T*>(place), [](T* p) { cudaFree(p); }), count};
  }
  template <class T>
  Array<T> upload(const char* name, const std::vector<T>& content) {
    const Array<T> array = make<T>(name, static_cast<long>(content.size()));
    if (!content.empty())
      check(cudaMemcpy(array.data.get(), content.data(), content.size() * sizeof(T), cudaMemcpyHostToDevice),
            "cudaMemcpy");
    return array;
  }
  template <class T>
  std::vector<T> download(const Array<T>& array) {
    std::vector<T> content(static_cast<std::size_t>(array.count));
    if (!content.empty())
      check(cudaMemcpy(content.data(), array.data.get(), content.size() * sizeof(T), cudaMemcpyDeviceToHost),
            "cudaMemcpy");
    return content;
  }
  template <class T>
  static Memory::In<T> in(const Array<T>& array) {
    return {array.data.get()};
  }
  template <class Program>
  void launch(const Program& program, Grid grid) {
    const int bytes = static_cast<int>(program.shared_bytes());
    if (bytes > (48 << 10))
      check(cudaFuncSetAttribute(run_program<Program>, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes),
            "cudaFuncSetAttribute (shared memory)");
    const dim3 blocks(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                      static_cast<unsigned>(grid.z));
    run_program<Program><<<blocks, Program::threads, static_cast<std::size_t>(bytes)>>>(program);
    check(cudaGetLastError(), "launch");
  }
};

}  // namespace attnbounds::cuda
