// How time and memory grow with n: the least-squares slope of log time against log n, and the memory that a
// call takes at its peak beyond its input and its output.
#pragma once

#include <malloc.h>

#include <cmath>
#include <fstream>
#include <string>

#include "kernels/device.hpp"
#include "support.hpp"

namespace attnbounds::bench {

/// A call of ours takes a millisecond, the rival's a second: ours are measured `calls` times before and after
/// each of the rival's.
inline Comparison alternate_short(const std::function<void()>& ours, const std::function<void()>& rival,
                                  Rounds rounds, int calls = 25) {
  std::vector<double> our_times, rival_times;
  double spent = 0;
  while (rival_times.empty() ||
         (static_cast<int>(rival_times.size()) < rounds.most && spent < rounds.seconds)) {
    for (int i = 0; i < calls; ++i) our_times.push_back(seconds_of(ours));
    rival_times.push_back(seconds_of(rival));
    for (int i = 0; i < calls; ++i) our_times.push_back(seconds_of(ours));
    spent += 2 * calls * our_times.back() + rival_times.back();
  }
  return {median(our_times), median(rival_times), static_cast<int>(rival_times.size())};
}

/// What `ours` takes in double over what it takes in the scope's arithmetic; it is left as the latter made
/// it.
inline double ratio_to_double(const std::function<void()>& ours) {
  const auto in_double = [&] {
    const OnDevice scope(Device::cpu);
    ours();
  };
  const double ratio = alternate(ours, in_double, {200, 1}).ratio();
  ours();
  return ratio;
}

/// Memory that is freed stays with the process, for both: page faults would be most of a millisecond.
inline void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 25);  // the most that is accepted
  mallopt(M_TRIM_THRESHOLD, 1 << 28);
}

/// A line of /proc/self/status in bytes; -1 where there is none (not Linux).
inline double status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(field + ":", 0) == 0) return std::stod(line.substr(field.size() + 1)) * 1024;
  return -1;
}

struct GrowthPoint {
  double n = 0, seconds = 0, extra_bytes = 0;
};

/// Median of `runs` after one that does not count; then one run for the peak of memory.
inline GrowthPoint measured(long n, double output_bytes, int runs, const std::function<void()>& work) {
  work();
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) times.push_back(seconds_of(work));
  malloc_trim(0);                                 // what was kept does not hide what is needed
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts from now
  const double before = status_bytes("VmRSS");
  work();
  // The old output is still there when the new one is made, and is counted in `before`.
  return {static_cast<double>(n), median(times), status_bytes("VmHWM") - before - output_bytes};
}

inline double slope(const std::vector<GrowthPoint>& points) {
  double x = 0, y = 0, xx = 0, xy = 0;
  for (const GrowthPoint& p : points) {
    x += std::log(p.n);
    y += std::log(p.seconds);
    xx += std::log(p.n) * std::log(p.n);
    xy += std::log(p.n) * std::log(p.seconds);
  }
  const double count = static_cast<double>(points.size());
  return (count * xy - x * y) / (count * xx - x * x);
}

inline void report_growth(benchmark::State& state, const std::vector<GrowthPoint>& points) {
  state.SetIterationTime(points.back().seconds);
  state.counters["slope"] = slope(points);
  state.counters["seconds_least_n"] = points.front().seconds;
  state.counters["extra_MB_least_n"] = points.front().extra_bytes / 1e6;
  state.counters["extra_MB_most_n"] = points.back().extra_bytes / 1e6;
  state.SetLabel("n = 2^" + std::to_string(std::lround(std::log2(points.front().n))) + " to 2^" +
                 std::to_string(std::lround(std::log2(points.back().n))));
}

}  // namespace attnbounds::bench
