#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace attnbounds::cpu {

/// Uninitialised memory on a cache line's boundary.
template <class T>
class Buffer {
 public:
  explicit Buffer(long size)
      : data_(static_cast<T*>(::operator new(static_cast<std::size_t>(size) * sizeof(T), alignment))) {}
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  T& operator[](long i) { return data_.get()[i]; }
  const T& operator[](long i) const { return data_.get()[i]; }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Delete {
    void operator()(T* p) const { ::operator delete(p, alignment); }
  };
  std::unique_ptr<T[], Delete> data_;
};

}  // namespace attnbounds::cpu
