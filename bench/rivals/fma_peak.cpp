#include "rivals/fma_peak.hpp"

#include "kernels/cpu/lanes.hpp"

using attnbounds::cpu::unrolled;
using Lanes = attnbounds::cpu::Vec<double>;

double fused_multiply_adds(long count) {
  constexpr long chains = 12;  // latency 4 or 5, two a cycle at most
  Lanes sum[chains];
  const Lanes factor = Lanes::all(0.999), term = Lanes::all(1e-9);
  unrolled<chains>([&](long i)
                       __attribute__((always_inline)) { sum[i] = Lanes::all(1 + static_cast<double>(i)); });
  for (long done = 0; done < count; done += chains)
    unrolled<chains>([&](long i) __attribute__((always_inline)) { sum[i] = fma(sum[i], factor, term); });
  for (long i = 1; i < chains; ++i) sum[0] = sum[0] + sum[i];
  double first[8];
  sum[0].store(first);
  return first[0];
}

long doubles_of_a_vector() { return attnbounds::cpu::width<double>; }
