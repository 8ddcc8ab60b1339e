// The emulator is what stands for a GPU in every other test of this room: it must see what a GPU would do
// wrong.
#include "kernels/cuda/emulator.hpp"

#include "catch.hpp"

using namespace attnbounds::cuda;

namespace {

template <class Body>
struct Program {
  static constexpr int threads = 64;
  Body body;
  long shared = 1024;
  long shared_bytes() const { return shared; }
  void operator()(EmulatedMemory::Block& block) const { body(block); }
};
template <class Body>
void launch(const Body& body, Grid grid = {}, long shared = 1024) {
  Emulator().launch(Program<Body>{body, shared}, grid);
}
struct InOrder {
  explicit InOrder(ThreadOrder order) { emulation::thread_order() = order; }
  ~InOrder() { emulation::thread_order() = ThreadOrder::forward; }
};

}  // namespace

TEST_CASE("an index beyond an array is an error that names array, place, thread and block") {
  Emulator emulator;
  const auto out = emulator.make<double>("sums", 64);
  const auto write = [&](long beyond) {
    launch([&](auto& block) { block.each([&](int t) { out[t + beyond] = 1; }); });
  };
  write(0);
  for (const long beyond : {1L, -1L}) CHECK_THROWS_AS(write(beyond), EmulatorError);
  try {
    write(1);
    FAIL("not noticed");
  } catch (const EmulatorError& error) {
    CHECK(std::string(error.what()) == "sums[64] of 64: out of bounds, thread 63 of block 0");
  }
  CHECK_THROWS_AS(launch([&](auto& block) { block.template shared<double>(129); }), EmulatorError);
}

TEST_CASE("memory that nobody wrote is not read") {
  const auto read = [](long written) {
    launch([&](auto& block) {
      const auto x = block.template shared<float>(64);
      block.each([&](int t) {
        if (t < written) x[t] = 1;
      });
      block.each([&](int t) { static_cast<void>(static_cast<float>(x[t])); });
    });
  };
  read(64);
  CHECK_THROWS_AS(read(63), EmulatorError);
}

TEST_CASE("a missing barrier is a race, in every order of the threads") {
  const auto neighbour = [](bool barrier) {
    launch([&](auto& block) {
      const auto x = block.template shared<double>(64);
      auto kept = block.template registers<double>();
      block.each([&](int t) { x[t] = t; });
      if (barrier) {
        block.each([&](int t) { kept(t) = x[(t + 1) % 64]; });
        block.each([&](int t) { x[t] = kept(t); });
      } else {
        block.each([&](int t) { x[t] = static_cast<double>(x[(t + 1) % 64]); });
      }
    });
  };
  for (const ThreadOrder order : {ThreadOrder::forward, ThreadOrder::backward, ThreadOrder::odd_first}) {
    const InOrder in_order(order);
    neighbour(true);
    CHECK_THROWS_AS(neighbour(false), EmulatorError);
  }
}

TEST_CASE("two threads or two blocks that write one place are a race, and two launches are none") {
  Emulator emulator;
  const auto out = emulator.make<double>("out", 64);
  const auto write = [&](long step, long blocks, long offset) {
    launch([&](auto& block) { block.each([&](int t) { out[t / step + offset * block.x()] = 1; }); },
           {blocks, 1, 1});
  };
  write(1, 1, 0);
  write(1, 1, 0);
  CHECK_THROWS_AS(write(2, 1, 0), EmulatorError);
  CHECK_THROWS_AS(write(1, 2, 0), EmulatorError);
  CHECK_THROWS_AS(launch(
                      [&](auto& block) {  // one reads what another block wrote
                        block.each([&](int t) {
                          if (t == 0 && block.x() == 0) out[0] = 1;
                          if (t == 0 && block.x() == 1) static_cast<void>(static_cast<double>(out[0]));
                        });
                      },
                      {2, 1, 1}),
                  EmulatorError);
}
