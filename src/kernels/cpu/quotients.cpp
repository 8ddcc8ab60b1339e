#include "kernels/cpu/quotients.hpp"

#include <algorithm>

#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/lanes.hpp"
#include "kernels/cpu/tokens.hpp"

namespace attnbounds::cpu {

namespace {

constexpr long most_tokens = 128, columns_on_stack = 16;
using Doubles = Vec<double>;

/// Lanes of numerators times `inverse`, all columns, to out; NaN in the lanes where one is not finite, else
/// 0. row(c): numerators of column c.
template <class T, class Row>
[[gnu::always_inline]] inline Doubles divide(const Row& row, long columns, Doubles inverse, T up, T* out,
                                             long stride) {
  const Doubles zero = Doubles::zero();
  Doubles poison = inverse * zero;
  for (long c = 0; c < columns; ++c, out += stride) {
    Doubles quotient = row(c) * inverse;
    if constexpr (sizeof(T) == sizeof(double)) {
      quotient = quotient * Doubles::all(up);
      quotient.store(out);
    } else {
      double wide[width<double>];
      quotient.store(wide);
      for (long i = 0; i < width<double>; ++i) wide[i] = out[i] = static_cast<T>(wide[i]) * up;
      quotient = Doubles::load(wide);
    }
    poison = fma(quotient, zero, poison);
  }
  return poison;
}

}  // namespace

template <class T>
RowCheck quotients(const double* sums, long stride, long columns, long tokens, double visible, double more,
                   T up, T* rows) {
  constexpr long lane_count = width<double>;
  const long padded = round_up(tokens, lane_count) + lane_count, values = columns - 1;
  alignas(64) T stack[(most_tokens + lane_count) * columns_on_stack];
  const bool fits = columns <= columns_on_stack;
  Buffer<T> heap(fits ? 1 : values * padded);
  T* out = fits ? stack : heap.data();
  RowCheck check;
  Doubles least = Doubles::all(check.least_mean), poison = Doubles::zero();
  for (long first = 0; first < tokens; first += lane_count) {
    const auto lanes_of = [&](const auto& token) {  // the last token stands for those beyond
      double lane[lane_count];
      for (long i = 0; i < lane_count; ++i) lane[i] = token(std::min(first + i, tokens - 1));
      return Doubles::load(lane);
    };
    const auto part = [&](const auto& row) __attribute__((always_inline)) {
      const Doubles denominator = row(values);
      if (more == 0) least = min(denominator, least);  // division is monotone: once, below
      else
        least = min(denominator / lanes_of([&](long t) { return visible + static_cast<double>(t) * more; }),
                    least);
      const Doubles inverse = Doubles::all(1) / denominator;
      poison =
          poison + (denominator * Doubles::zero() + divide(row, values, inverse, up, out + first, padded));
    };
    if (first + lane_count <= tokens) part([&](long c) { return Doubles::load(sums + c * stride + first); });
    else part([&](long c) { return lanes_of([&](long t) { return sums[c * stride + t]; }); });
  }
  store_tokens(out, padded, values, tokens, rows);
  double lane[lane_count];
  least.store(lane);
  check.least_mean = *std::min_element(lane, lane + lane_count) / (more == 0 ? visible : 1);
  poison.store(lane);
  for (const double x : lane) check.poison += x;  // 0 or NaN: any order is the same
  return check;
}

template RowCheck quotients(const double*, long, long, long, double, double, double, double*);
template RowCheck quotients(const double*, long, long, long, double, double, float, float*);

}  // namespace attnbounds::cpu
