#include "kernels/score_range.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnbounds {
namespace {

/// task(first, last) on all pieces of [0, count).
template <class Task>
void in_pieces(long count, ThreadCount threads, const Task& task) {
  const long pieces = (count + tokens_of_a_piece - 1) / tokens_of_a_piece;
  parallel_for(pieces, threads,
               [&](long p) { task(p, p * tokens_of_a_piece, std::min(count, (p + 1) * tokens_of_a_piece)); });
}
std::size_t pieces_of(long count) {
  return static_cast<std::size_t>((count + tokens_of_a_piece - 1) / tokens_of_a_piece);
}

}  // namespace

ThreadCount threads_for(double operations, ThreadCount threads) {
  return operations < 2e5 ? ThreadCount{1} : threads;  // below that all is done in some tens of microseconds
}

template <class T>
KeyRange<T> key_range(const Matrix<T>& k, ThreadCount all) {
  using Limits = std::numeric_limits<T>;
  const long m = k.rows(), d = k.cols();
  const ThreadCount threads = threads_for(static_cast<double>(m) * static_cast<double>(d), all);
  const auto scan_about = [&](const T* centre) {
    std::vector<cpu::KeyScan<T>> scans(pieces_of(m));
    in_pieces(m, threads, [&](long p, long first, long last) {
      scans[static_cast<std::size_t>(p)] = cpu::key_scan(view(k), first, last, centre);
    });
    for (std::size_t p = 1; p < scans.size(); ++p) scans[0].include(scans[p]);
    return scans[0];
  };
  const cpu::KeyScan<T> scan = scan_about(nullptr);
  KeyRange<T> range;
  T shift = cpu::square_guard<T>;  // |c|^2
  for (std::size_t l = 0; l < scan.least.size(); ++l) {
    const T least = scan.least[l], most = scan.most[l], centre = least / 2 + most / 2;
    const T largest = std::max(std::fabs(least - centre), std::fabs(most - centre));  // rounding is monotone
    int exponent = largest > 0 ? std::ilogb(largest) + 1 : 0;
    if (exponent >= Limits::max_exponent) throw std::overflow_error("scores exceed the range of a number");
    exponent = std::max(exponent, Limits::min_exponent);  // then keys are smaller than 1/2, which is as good
    range.centre.push_back(centre);
    range.key_scale.push_back(std::ldexp(T(1), -exponent));
    // All keys agree: the coordinate is a shift of the row and is left out.
    range.query_scale.push_back(largest > 0 ? std::ldexp(T(1), exponent) : T(0));
    range.box.push_back(std::ldexp(largest, -exponent));
    shift += centre * centre;
  }
  // |k - c| <= |k| + |c|: a second look pays only where that may lose a thousandth.
  range.longest = shift <= scan.square * T(0x1p-20) ? std::sqrt(scan.square) + std::sqrt(shift)
                                                    : std::sqrt(scan_about(range.centre.data()).square);
  return range;
}

template <class T>
ScoreRange<T> score_range(const KeyRange<T>& range, const cpu::QueryScan<T>& scan) {
  using Scan = cpu::QueryScan<T>;
  const T half_width = Scan::largest(scan.half_widths), sum = Scan::largest(scan.sums);
  if (!std::isfinite(half_width) || !std::isfinite(sum))
    throw std::overflow_error("scores exceed the range of a number");

  // Squares, roots and products have at most 2 d + 7 roundings; they are sums of positive numbers, so the
  // true value is at most the computed one times 1 + gamma, and what underflows besides. If all q' are 0, X
  // is 0.
  const long d = static_cast<long>(range.centre.size());
  const double dimension = static_cast<double>(d);
  const UpperBound eta = underflow_error<T>(), one = UpperBound::exactly(1);
  const UpperBound inflation = one + gamma<T>(2 * d + 8);
  const UpperBound lost =
      sum > 0
          ? eta * (divide_by_at_least(UpperBound::exactly(static_cast<double>(sum)) * inflation, dimension) +
                   one + one)
          : UpperBound();
  ScoreRange<T> scores{range, {}, {}, {}};
  scores.half_width =
      divide_by_at_least(UpperBound::exactly(static_cast<double>(half_width)) * inflation, dimension) + lost +
      lost;
  scores.perturbation = unit_roundoff<T>() * scores.half_width + lost + lost;
  scores.largest_query = maximum(one, UpperBound::exactly(static_cast<double>(Scan::largest(scan.entries))));
  return scores;
}

template <class T>
ScoreRange<T> score_range(const Matrix<T>& q, const Matrix<T>& k, ThreadCount all) {
  const long n = q.rows();
  const KeyRange<T> range = key_range(k, all);
  std::vector<cpu::QueryScan<T>> scans(pieces_of(n));
  in_pieces(n, threads_for(static_cast<double>(q.size()), all), [&](long p, long first, long last) {
    scans[static_cast<std::size_t>(p)] = cpu::query_scan<T>(view(q), first, last, range.queries());
  });
  for (std::size_t p = 1; p < scans.size(); ++p) scans[0].include(scans[p]);
  return score_range(range, scans[0]);
}

template <class T>
ValueScale<T> value_scale(const Matrix<T>& v, ThreadCount all) {
  const ThreadCount threads = threads_for(static_cast<double>(v.size()), all);
  std::vector<T> largest(pieces_of(v.rows()));
  in_pieces(v.rows(), threads, [&](long p, long first, long last) {
    largest[static_cast<std::size_t>(p)] = cpu::largest_entry(view(v), first, last);
  });
  const T most = *std::max_element(largest.begin(), largest.end());
  ValueScale<T> scale;
  scale.largest = UpperBound::exactly(static_cast<double>(most));
  if (most == 0) return scale;
  using Limits = std::numeric_limits<T>;
  const int exponent = std::clamp(std::ilogb(most), Limits::min_exponent, Limits::max_exponent - 2);
  scale.down = std::ldexp(T(1), -exponent);
  scale.up = std::ldexp(T(1), exponent);
  scale.scaled = UpperBound::exactly(static_cast<double>(most * scale.down));
  return scale;
}

#define ATTNBOUNDS_SCORE_RANGE(T)                                                      \
  template KeyRange<T> key_range(const Matrix<T>&, ThreadCount);                       \
  template ScoreRange<T> score_range(const KeyRange<T>&, const cpu::QueryScan<T>&);    \
  template ScoreRange<T> score_range(const Matrix<T>&, const Matrix<T>&, ThreadCount); \
  template ValueScale<T> value_scale(const Matrix<T>&, ThreadCount)
ATTNBOUNDS_SCORE_RANGE(double);
ATTNBOUNDS_SCORE_RANGE(float);
#undef ATTNBOUNDS_SCORE_RANGE

}  // namespace attnbounds
