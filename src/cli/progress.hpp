// A progress bar with an estimate of the time left, on standard error, on a terminal only.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

namespace attnbounds {

class Progress {
 public:
  enum class Mode { automatic, silent };
  explicit Progress(Mode mode);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// `fraction` of the work is done, `what` is under way. From any thread; draws at most ten times a second.
  void at(double fraction, const std::string& what);

 private:
  void clear();
  bool shown_;
  std::mutex guard_;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace attnbounds
