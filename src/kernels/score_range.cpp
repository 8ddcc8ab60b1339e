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
  return operations < 5e5 ? ThreadCount{1} : threads;  // a thread costs about 50 microseconds to start
}

template <class T>
ScoreRange<T> score_range(const Matrix<T>& q, const Matrix<T>& k, ThreadCount all) {
  using Limits = std::numeric_limits<T>;
  const long n = q.rows(), m = k.rows(), d = q.cols();
  const ThreadCount threads = threads_for(static_cast<double>(n + m) * static_cast<double>(d), all);
  ScoreRange<T> range;

  std::vector<cpu::ColumnRange<T>> columns(pieces_of(m));
  in_pieces(m, threads, [&](long p, long first, long last) {
    columns[static_cast<std::size_t>(p)] = cpu::column_range(view(k), first, last);
  });
  for (std::size_t p = 1; p < columns.size(); ++p) columns[0].include(columns[p]);
  for (long l = 0; l < d; ++l) {
    const T least = columns[0].least[static_cast<std::size_t>(l)],
            most = columns[0].most[static_cast<std::size_t>(l)];
    const T centre = least / 2 + most / 2;
    const T largest = std::max(std::fabs(least - centre), std::fabs(most - centre));  // rounding is monotone
    int exponent = largest > 0 ? std::ilogb(largest) + 1 : 0;
    if (exponent >= Limits::max_exponent) throw std::overflow_error("scores exceed the range of a number");
    exponent = std::max(exponent, Limits::min_exponent);  // then keys are smaller than 1/2, which is as good
    range.centre.push_back(centre);
    range.key_scale.push_back(std::ldexp(T(1), -exponent));
    // All keys agree: the coordinate is a shift of the row and is left out.
    range.query_scale.push_back(largest > 0 ? std::ldexp(T(1), exponent) : T(0));
    range.box.push_back(std::ldexp(largest, -exponent));
  }

  std::vector<T> squares(pieces_of(m));
  in_pieces(m, threads, [&](long p, long first, long last) {
    squares[static_cast<std::size_t>(p)] =
        cpu::largest_square<T>(view(k), first, last, {range.centre.data(), nullptr});
  });
  const T longest = std::sqrt(*std::max_element(squares.begin(), squares.end()));
  std::vector<cpu::QueryScan<T>> scans(pieces_of(n));
  in_pieces(n, threads, [&](long p, long first, long last) {
    scans[static_cast<std::size_t>(p)] =
        cpu::query_scan<T>(view(q), first, last, range.query_scale.data(), range.box.data(), longest);
  });
  cpu::QueryScan<T> scan;
  for (const cpu::QueryScan<T>& s : scans) {
    scan.half_width = std::max(scan.half_width, s.half_width);
    scan.sum = std::max(scan.sum, s.sum);
    scan.largest = std::max(scan.largest, s.largest);
  }
  if (!std::isfinite(scan.half_width) || !std::isfinite(scan.sum))
    throw std::overflow_error("scores exceed the range of a number");

  // Squares, roots and products have at most 2 d + 6 roundings; they are sums of positive numbers, so the
  // true value is at most the computed one times 1 + gamma, and what underflows besides. If all q' are 0, X
  // is 0.
  const double dimension = static_cast<double>(d);
  const UpperBound eta = underflow_error<T>(), one = UpperBound::exactly(1);
  const UpperBound inflation = one + gamma<T>(2 * d + 8);
  const UpperBound lost =
      scan.sum > 0 ? eta * (divide_by_at_least(UpperBound::exactly(static_cast<double>(scan.sum)) * inflation,
                                               dimension) +
                            one + one)
                   : UpperBound();
  range.half_width =
      divide_by_at_least(UpperBound::exactly(static_cast<double>(scan.half_width)) * inflation, dimension) +
      lost + lost;
  range.perturbation = unit_roundoff<T>() * range.half_width + lost + lost;
  range.largest_query = maximum(one, UpperBound::exactly(static_cast<double>(scan.largest)));
  return range;
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

template ScoreRange<double> score_range(const Matrix<double>&, const Matrix<double>&, ThreadCount);
template ScoreRange<float> score_range(const Matrix<float>&, const Matrix<float>&, ThreadCount);
template ValueScale<double> value_scale(const Matrix<double>&, ThreadCount);
template ValueScale<float> value_scale(const Matrix<float>&, ThreadCount);

}  // namespace attnbounds
