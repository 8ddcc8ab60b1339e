// Block programs: kernels written once, run by a GPU and, for tests and claims, by the CPU.
// A program is a function of a block. Its threads do nothing but in `block.each(body)`: body(t) for every
// thread t of the block, then a barrier. What a thread keeps between two of these lives in
// `block.registers<R>()`, what threads share in `block.shared<T>(count)`; loops and branches around `each`
// depend on the block alone, so all threads meet at every barrier.
//   GPU        body is called once a thread, with threadIdx.x; the barrier is __syncthreads().
//   emulator   (emulator.hpp) body is called for all threads in turn, in any order; every access to shared or
//              global memory is checked: bounds, reads of what was never written, and races, which are two
//              threads at one place between two barriers, or two blocks in one launch, one of them writing.
// Indexing and arithmetic are the same source for both: + - * / and fma are IEEE operations on both (nvcc
// -fmad=false, g++ -ffp-contract=off), sums have one order, so a GPU's output has the emulator's bytes.
// Nothing here needs more than the standard library.
#pragma once

#include <cmath>

#if defined(__CUDACC__)
#define ATTNBOUNDS_BOTH __host__ __device__
#define ATTNBOUNDS_UNROLL _Pragma("unroll")
#else
#define ATTNBOUNDS_BOTH
#define ATTNBOUNDS_UNROLL
#endif

namespace attnbounds::cuda {

template <class T>
ATTNBOUNDS_BOTH inline T fused(T a, T b, T c) {  // a b + c, rounded once
#if defined(__CUDA_ARCH__)
  return fma(a, b, c);
#else
  return std::fma(a, b, c);
#endif
}

ATTNBOUNDS_BOTH constexpr long divide_up(long a, long b) { return (a + b - 1) / b; }

/// How many blocks, in three directions.
struct Grid {
  long x = 1, y = 1, z = 1;
};

#if defined(__CUDACC__)

/// Memory as a GPU sees it: plain pointers.
struct DeviceMemory {
  template <class T>
  struct In {
    const T* data = nullptr;
    ATTNBOUNDS_BOTH T operator[](long i) const { return data[i]; }
    ATTNBOUNDS_BOTH bool present() const { return data != nullptr; }
  };
  template <class T>
  struct Out {
    T* data = nullptr;
    ATTNBOUNDS_BOTH T& operator[](long i) const { return data[i]; }
    ATTNBOUNDS_BOTH bool present() const { return data != nullptr; }
  };
  template <class T>
  static In<T> in(const Out<T>& array) {
    return {array.data};
  }
  template <class R>
  struct Registers {
    R value{};
    ATTNBOUNDS_BOTH R& operator()(int) { return value; }
  };

  class Block {
   public:
    ATTNBOUNDS_BOTH explicit Block(char* arena) : arena_(arena) {}
    ATTNBOUNDS_BOTH long x() const {
#if defined(__CUDA_ARCH__)
      return blockIdx.x;
#else
      return 0;
#endif
    }
    ATTNBOUNDS_BOTH long y() const {
#if defined(__CUDA_ARCH__)
      return blockIdx.y;
#else
      return 0;
#endif
    }
    ATTNBOUNDS_BOTH long z() const {
#if defined(__CUDA_ARCH__)
      return blockIdx.z;
#else
      return 0;
#endif
    }
    template <class F>
    ATTNBOUNDS_BOTH void each(const F& body) {
#if defined(__CUDA_ARCH__)
      body(static_cast<int>(threadIdx.x));
      __syncthreads();
#endif
    }
    /// body(w) for every warp of 32 threads, all its lanes together; then a barrier.
    template <class F>
    ATTNBOUNDS_BOTH void each_warp(const F& body) {
#if defined(__CUDA_ARCH__)
      body(static_cast<int>(threadIdx.x / 32));
      __syncthreads();
#endif
    }
    template <class T>
    ATTNBOUNDS_BOTH Out<T> shared(long count) {
      T* place = reinterpret_cast<T*>(arena_);
      arena_ += divide_up(count * static_cast<long>(sizeof(T)), 16) * 16;
      return {place};
    }
    template <class R>
    ATTNBOUNDS_BOTH Registers<R> registers() {
      return {};
    }
    template <class R>  // one a warp, spread over its lanes
    ATTNBOUNDS_BOTH Registers<R> warp_registers() {
      return {};
    }

   private:
    char* arena_;
  };
  static constexpr bool on_device = true;
};

#endif

/// What `shared` takes of a block's shared memory.
template <class T>
constexpr long shared_bytes_of(long count) {
  return divide_up(count * static_cast<long>(sizeof(T)), 16) * 16;
}

}  // namespace attnbounds::cuda
