// Comparing with a rival: the two run alternately in one process, so that a change in the machine's mood
// meets both; medians; the ratio is the rival's median time over ours.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "numeric/stopwatch.hpp"

namespace attnbounds::bench {

struct Rounds {
  int most = 5;         // ours, the rival, ours
  double seconds = 10;  // no further round is begun after that
};

struct Comparison {
  double ours = 0, rival = 0;  // median seconds
  int rounds = 0;
  double ratio() const { return rival / ours; }
};

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

inline Comparison alternate(const std::function<void()>& ours, const std::function<void()>& rival,
                            Rounds rounds = {}) {
  std::vector<double> our_times, rival_times;
  double spent = 0;
  while (our_times.empty() ||
         (static_cast<int>(rival_times.size()) < rounds.most && spent < rounds.seconds)) {
    our_times.push_back(seconds_of(ours));
    rival_times.push_back(seconds_of(rival));
    our_times.push_back(seconds_of(ours));
    spent += 2 * our_times.back() + rival_times.back();
  }
  return {median(our_times), median(rival_times), static_cast<int>(rival_times.size())};
}

/// The row's time is ours; the counters hold the comparison, the label the rival's name.
inline void report(benchmark::State& state, const Comparison& comparison, const std::string& rival) {
  state.SetIterationTime(comparison.ours);
  state.counters["ratio"] = comparison.ratio();
  state.counters["rival_seconds"] = comparison.rival;
  state.counters["rounds"] = comparison.rounds;
  state.SetLabel("rival: " + rival);
}

/// A row that could not be run says so under its own name.
inline void skip(benchmark::State& state, const std::string& rival, const std::string& reason) {
  state.SkipWithError(("skipped: rival " + rival + " " + reason).c_str());
}

/// Registers a row that is measured once by its own clock (the repetitions are inside, in `alternate`).
template <class Row>
void register_row(const std::string& name, Row row) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [row](benchmark::State& state) {
                                 for (auto _ : state) row(state);
                               })
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace attnbounds::bench
