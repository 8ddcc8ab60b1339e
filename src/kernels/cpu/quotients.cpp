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
  for (long t = 0; t < tokens; ++t) {
    const double mean = denominator[t] / (visible + static_cast<double>(t) * more);
    if (mean < check.least_mean) check.least_mean = mean;
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
  for (long t = 0; t < tokens; ++t) check.poison += poison[t];
  return check;
}

template RowCheck quotients(const double*, long, long, long, double, double, double, double*);
template RowCheck quotients(const double*, long, long, long, double, double, float, float*);

}  // namespace attnbounds::cpu
