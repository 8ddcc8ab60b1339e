#include "kernels/cpu/quotients.hpp"

#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/tokens.hpp"

namespace attnbounds::cpu {

template <class T>
RowCheck quotients(const double* sums, long stride, long columns, long tokens, double visible, double more,
                   T up, T* rows) {
  constexpr long most = 128;
  double inverse[most], poison[most];
  RowCheck check;
  const double* denominator = sums + (columns - 1) * stride;
  for (long t = 0; t < tokens; ++t) {
    inverse[t] = 1.0 / denominator[t];
    poison[t] = denominator[t] * 0 + inverse[t] * 0;  // NaN for 0, infinities and NaN
  }
  if (more == 0) {  // division is monotone: the least mean is the least denominator's
    double least = denominator[0];
    for (long t = 1; t < tokens; ++t) least = denominator[t] < least ? denominator[t] : least;
    check.least_mean = least / visible;
  } else {
    for (long t = 0; t < tokens; ++t) {
      const double mean = denominator[t] / (visible + static_cast<double>(t) * more);
      if (mean < check.least_mean) check.least_mean = mean;
    }
  }
  T stack[most * 16];
  const bool fits = columns <= 16;
  Buffer<T> heap(fits ? 1 : (columns - 1) * most);
  T* out = fits ? stack : heap.data();
  for (long c = 0; c < columns - 1; ++c) {
    const double* numerator = sums + c * stride;
    T* column = out + c * most;
    for (long t = 0; t < tokens; ++t) {
      column[t] = static_cast<T>(numerator[t] * inverse[t]) * up;
      poison[t] += static_cast<double>(column[t]) * 0;
    }
  }
  store_tokens(out, most, columns - 1, tokens, rows);
  double sum[8] = {};  // 0 or NaN: any order is the same
  long t = 0;
  for (; t + 8 <= tokens; t += 8)
    for (long i = 0; i < 8; ++i) sum[i] += poison[t + i];
  for (; t < tokens; ++t) sum[0] += poison[t];
  for (const double x : sum) check.poison += x;
  return check;
}

template RowCheck quotients(const double*, long, long, long, double, double, double, double*);
template RowCheck quotients(const double*, long, long, long, double, double, float, float*);

}  // namespace attnbounds::cpu
