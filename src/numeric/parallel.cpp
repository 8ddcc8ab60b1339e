#include "numeric/parallel.hpp"

#include <chrono>
#include <condition_variable>
#include <vector>

namespace attnbounds {
namespace {

/// To be woken takes tens of microseconds, and the next call of a kernel, or the end of the last task, is
/// often nearer.
template <class Condition>
void look_a_moment(const Condition& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
  while (!holds() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
}

class Helpers {
 public:
  /// False if they serve another call.
  bool run(long helpers, const std::function<void()>& work) {
    if (busy_.exchange(true)) return false;
    while (static_cast<long>(threads_.size()) < helpers) threads_.emplace_back([this] { serve(); });
    {
      const std::lock_guard lock(lock_);
      work_ = &work;
      places_ = helpers;
    }
    called_.notify_all();
    work();
    std::unique_lock lock(lock_);
    places_ = 0;  // who has not begun would find nothing to do
    if (inside_ > 0) {
      lock.unlock();
      look_a_moment([this] { return inside_ == 0; });
      lock.lock();
    }
    left_.wait(lock, [this] { return inside_ == 0; });
    busy_ = false;
    return true;
  }
  ~Helpers() {
    {
      const std::lock_guard lock(lock_);
      ended_ = true;
    }
    called_.notify_all();
  }

 private:
  void serve() {
    std::unique_lock lock(lock_);
    for (;;) {
      lock.unlock();
      look_a_moment([this] { return ended_ || places_ > 0; });
      lock.lock();
      called_.wait(lock, [this] { return ended_ || places_ > 0; });
      if (ended_) break;
      --places_;
      ++inside_;
      const std::function<void()>& work = *work_;
      lock.unlock();
      work();
      lock.lock();
      if (--inside_ == 0) left_.notify_one();
    }
    release_thread_caches();
  }
  std::atomic<bool> busy_{false};
  std::mutex lock_;
  std::condition_variable called_, left_;
  const std::function<void()>* work_ = nullptr;
  std::atomic<long> places_{0}, inside_{0};
  std::atomic<bool> ended_{false};
  std::vector<std::jthread> threads_;  // last: joined before the rest is gone
};

}  // namespace

void run_with_helpers(long helpers, const std::function<void()>& work) {
  static Helpers waiting;
  if (waiting.run(helpers, work)) return;
  std::vector<std::jthread> threads;
  for (long h = 0; h < helpers; ++h)
    threads.emplace_back([&] {
      work();
      release_thread_caches();
    });
  work();
}

}  // namespace attnbounds
