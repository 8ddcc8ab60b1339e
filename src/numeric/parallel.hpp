// Independent tasks on several threads. The work is cut into tasks by the caller, never by the number of
// threads, so results are the same bytes for any number of them.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace attnbounds {

struct ThreadCount {
  unsigned value = 1;
};
inline ThreadCount all_cores() { return {std::max(1u, std::thread::hardware_concurrency())}; }

/// MPFR keeps constants (pi, log 2) for each thread and does not free them when it ends (scalars.cpp).
void release_thread_caches();

/// Calls `work` on this thread and on up to `helpers` others at once; returns when all calls have. The others
/// wait between calls, so that one costs microseconds, a new thread tens of them. They serve one call at a
/// time: a call from inside `work`, or beside another, starts threads of its own. `work` throws nothing.
void run_with_helpers(long helpers, const std::function<void()>& work);

/// Calls task(0), …, task(count - 1), each once, in any order and on any thread; the working precision is the
/// thread's own (set it inside the task). Rethrows one exception of a task after all threads have stopped.
template <class Task>
void parallel_for(long count, ThreadCount threads, const Task& task) {
  const long workers = std::min<long>(count, std::max(1u, threads.value));
  if (workers <= 1) {
    for (long i = 0; i < count; ++i) task(i);
    return;
  }
  std::atomic<long> next{0};
  std::exception_ptr failure;
  std::mutex failure_lock;
  run_with_helpers(workers - 1, [&] {
    try {
      for (long i; (i = next.fetch_add(1)) < count;) task(i);
    } catch (...) {
      const std::lock_guard lock(failure_lock);
      failure = std::current_exception();
      next = count;
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace attnbounds
