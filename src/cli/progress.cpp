#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnbounds {

Progress::Progress(Mode mode)
    : shown_(mode == Mode::automatic && isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::at(double fraction, const std::string& what) {
  if (!shown_) return;
  const std::lock_guard lock(guard_);
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const int filled = static_cast<int>(20 * std::clamp(fraction, 0.0, 1.0));
  const std::string left =
      fraction > 0.02 ? fmt::format("{:.0f} s left", std::ceil(elapsed * (1 - fraction) / fraction)) : "";
  fmt::print(stderr, "\r\033[K[{:=<{}}{: <{}}] {:3.0f} % {:<11} {:.36}", "", filled, "", 20 - filled,
             100 * fraction, left, what);
  std::fflush(stderr);
}

}  // namespace attnbounds
