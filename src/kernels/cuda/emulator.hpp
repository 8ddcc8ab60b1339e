// The CPU in a GPU's place (block.hpp): blocks one after the other, in each the threads in turn, with every
// access to memory checked. A mistake is an exception that names the array, the place, the thread and the
// block. It is slow and meant to be: it is for tests, claims and small instances.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "block.hpp"

namespace attnbounds::cuda {

class EmulatorError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// In which order the threads of a block take their turns: results may not depend on it.
enum class ThreadOrder { forward, backward, odd_first };

namespace emulation {

struct Turn {  // who is running
  long launch = 0, block = 0, phase = 0;
  int thread = -1;
};
inline Turn& turn() {
  static thread_local Turn current;
  return current;
}
inline ThreadOrder& thread_order() {
  static thread_local ThreadOrder order = ThreadOrder::forward;
  return order;
}

struct Access {
  long launch = -1, block = -1, phase = -1;
  int thread = -1;  // several: -2
  bool of_another(const Turn& now) const {
    return launch == now.launch && (block != now.block || (phase == now.phase && thread != now.thread));
  }
};

/// An array with a diary: who read and who wrote each element last.
template <class T>
struct Array {
  std::string name;
  std::vector<T> values;
  mutable std::vector<Access> reads, writes;
  bool written_before;  // its elements have values from the start

  Array(std::string array_name, std::vector<T> content, bool written)
      : name(std::move(array_name)),
        values(std::move(content)),
        reads(values.size()),
        writes(values.size()),
        written_before(written) {}

  [[noreturn]] void fail(const char* what, long i) const {
    const Turn& now = turn();
    throw EmulatorError(name + "[" + std::to_string(i) + "] of " + std::to_string(values.size()) + ": " +
                        what + ", thread " + std::to_string(now.thread) + " of block " +
                        std::to_string(now.block));
  }
  void bounds(long i) const {
    if (i < 0 || i >= static_cast<long>(values.size())) fail("out of bounds", i);
  }
  T read(long i) const {
    bounds(i);
    const std::size_t at = static_cast<std::size_t>(i);
    const Turn& now = turn();
    if (!written_before && writes[at].launch < 0) fail("read before it is written", i);
    if (writes[at].of_another(now)) fail("read while another writes", i);
    Access& read = reads[at];
    if (read.launch == now.launch && read.block != now.block) {
      read.block = -2;  // several blocks
    } else {
      const bool several = read.launch == now.launch && read.phase == now.phase && read.thread != now.thread;
      read = {now.launch, now.block, now.phase, several ? -2 : now.thread};
    }
    return values[at];
  }
  void write(long i, T x) {
    bounds(i);
    const std::size_t at = static_cast<std::size_t>(i);
    const Turn& now = turn();
    if (writes[at].of_another(now)) fail("written by two", i);
    if (reads[at].of_another(now)) fail("written while another reads", i);
    writes[at] = {now.launch, now.block, now.phase, now.thread};
    values[at] = x;
  }
};

template <class T>
class Element {
 public:
  Element(Array<T>& array, long i) : array_(array), i_(i) {}
  operator T() const { return array_.read(i_); }
  const Element& operator=(T x) const {
    array_.write(i_, x);
    return *this;
  }
  const Element& operator=(const Element& other) const { return *this = static_cast<T>(other); }
  Element(const Element&) = default;

 private:
  Array<T>& array_;
  long i_;
};

}  // namespace emulation

struct EmulatedMemory {
  template <class T>
  struct In {
    std::shared_ptr<emulation::Array<T>> array;
    T operator[](long i) const { return array->read(i); }
    bool present() const { return array != nullptr; }
  };
  template <class T>
  struct Out {
    std::shared_ptr<emulation::Array<T>> array;
    emulation::Element<T> operator[](long i) const { return {*array, i}; }
    bool present() const { return array != nullptr; }
  };
  template <class T>
  static In<T> in(const Out<T>& array) {
    return {array.array};
  }
  template <class R>
  struct Registers {
    std::vector<R> values;
    R& operator()(int t) { return values[static_cast<std::size_t>(t)]; }
  };

  class Block {
   public:
    Block(Grid index, int threads, long shared_bytes)
        : index_(index), threads_(threads), shared_left_(shared_bytes) {}
    long x() const { return index_.x; }
    long y() const { return index_.y; }
    long z() const { return index_.z; }
    template <class F>
    void each(const F& body) {
      in_turn(threads_, body);
    }
    /// A warp's accesses count as those of its first lane.
    template <class F>
    void each_warp(const F& body) {
      in_turn(threads_ / 32, body);
    }
    template <class T>
    Out<T> shared(long count) {
      shared_left_ -= shared_bytes_of<T>(count);
      if (shared_left_ < 0) throw EmulatorError("more shared memory than the program asked for");
      return {std::make_shared<emulation::Array<T>>("shared array",
                                                    std::vector<T>(static_cast<std::size_t>(count)), false)};
    }
    template <class R>
    Registers<R> registers() {
      return {std::vector<R>(static_cast<std::size_t>(threads_))};
    }
    template <class R>
    Registers<R> warp_registers() {
      return {std::vector<R>(static_cast<std::size_t>(threads_ / 32))};
    }

   private:
    template <class F>
    void in_turn(int count, const F& body) {
      emulation::Turn& turn = emulation::turn();
      ++turn.phase;
      const ThreadOrder order = emulation::thread_order();
      for (int i = 0; i < count; ++i) {
        const int odd = count / 2, t = order == ThreadOrder::forward    ? i
                                       : order == ThreadOrder::backward ? count - 1 - i
                                       : i < odd                        ? 2 * i + 1
                                                                        : 2 * (i - odd);
        turn.thread = t;
        body(t);
      }
      turn.thread = -1;
      ++turn.phase;
    }
    Grid index_;
    int threads_;
    long shared_left_;
  };
  static constexpr bool on_device = false;
};

/// Where pipelines run: arrays, and launches in order (pipeline.hpp).
class Emulator {
 public:
  using Memory = EmulatedMemory;
  template <class T>
  using Array = EmulatedMemory::Out<T>;

  template <class T>
  Array<T> upload(const char* name, const std::vector<T>& content) {
    return {std::make_shared<emulation::Array<T>>(name, content, true)};
  }
  template <class T>
  Array<T> make(const char* name, long count) {
    return {
        std::make_shared<emulation::Array<T>>(name, std::vector<T>(static_cast<std::size_t>(count)), false)};
  }
  template <class T>
  std::vector<T> download(const Array<T>& array) {
    return array.array->values;
  }
  template <class T>
  static Memory::In<T> in(const Array<T>& array) {
    return {array.array};
  }
  template <class Program>
  void launch(const Program& program, Grid grid) {
    emulation::Turn& turn = emulation::turn();
    ++turn.launch;
    turn.block = 0;
    for (long z = 0; z < grid.z; ++z)
      for (long y = 0; y < grid.y; ++y)
        for (long x = 0; x < grid.x; ++x, ++turn.block) {
          EmulatedMemory::Block block({x, y, z}, Program::threads, program.shared_bytes());
          program(block);
        }
  }
};

}  // namespace attnbounds::cuda
