// Runs body(i) for i in [0, count) on some threads. Results go into slots named by i, so they do not depend on
// the number of threads. The exception of the smallest i is rethrown.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace attnbounds {

struct Threads {
  unsigned count = std::max(1U, std::thread::hardware_concurrency());
};

template <class Body>
void for_each_index(std::size_t count, Threads threads, const Body& body) {
  std::atomic<std::size_t> next{0};
  std::mutex guard;
  std::exception_ptr failure;
  std::size_t failed_at = count;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        body(i);
      } catch (...) {
        const std::lock_guard lock(guard);
        if (i < failed_at) failed_at = i, failure = std::current_exception();
        next = count;  // indices below i are already taken: each of them still runs to its end
      }
    }
  };
  std::vector<std::thread> pool;
  for (std::size_t t = 1; t < std::min<std::size_t>(threads.count, count); ++t) pool.emplace_back(work);
  work();
  for (std::thread& t : pool) t.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace attnbounds
