// The exact references against Arb's arb_mat doing the same on the same threads: enclosures of every entry of
// attention, n = 512, d = 8, entries uniform in [-1, 1]. Arb is run at 128 and 256 bits; ours is asked for
// enclosures as narrow as Arb's widest. The goal: at least half of Arb's speed.
#include <cmath>
#include <stdexcept>

#include "attention/enclosure.hpp"
#include "kernels/double_double_attention.hpp"
#include "numeric/random.hpp"
#include "rivals/arb_attention.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;

AttentionInput uniform_input(long n, long d) {
  Stream stream(0, "reference");
  Matrix<double> q = stream.uniform_matrix(n, d, 1), k = stream.uniform_matrix(n, d, 1);
  return {q, k, stream.uniform_matrix(n, d, 1)};
}

double widest(const Matrix<Interval>& m) {
  double most = 0;
  for (Eigen::Index i = 0; i < m.size(); ++i) most = std::fmax(most, round_up(width(m.data()[i])));
  return most;
}

void check_overlap(const ArbReference& arb, const Matrix<Interval>& ours) {
  for (Eigen::Index i = 0; i < ours.rows(); ++i)
    for (Eigen::Index c = 0; c < ours.cols(); ++c)
      if (!arb.meets(i, c, lower(ours(i, c)), upper(ours(i, c))))
        throw std::runtime_error("enclosures of Arb and ours are disjoint");
}

void reference_row(benchmark::State& state, long n, long d, long bits) {
  const AttentionInput input = uniform_input(n, d);
  const ArbReference arb(input, bits, all_cores());
  const Rational target = 2 * to_rational(arb.largest_radius());
  Matrix<Interval> ours;
  const Comparison comparison = alternate([&] { ours = attention_enclosure(input, Mask::none, target); },
                                          [&] { const ArbReference again(input, bits, all_cores()); });
  check_overlap(arb, ours);
  report(state, comparison, arb_version_text());
  state.counters["width_log2"] = std::log2(widest(ours));
  state.counters["rival_width_log2"] = std::log2(2 * arb.largest_radius());
}

// The double-double reference; the goal is five times Arb at 128 bits.
void double_double_row(benchmark::State& state, long n, long d) {
  const AttentionInput input = uniform_input(n, d);
  const ArbReference arb(input, 128, all_cores());
  std::optional<DoubleDoubleReference> ours;
  const Comparison comparison = alternate([&] { ours = double_double_attention(input); },
                                          [&] { const ArbReference again(input, 128, all_cores()); });
  const WorkingPrecision precision(Bits{160});
  check_overlap(arb, ours->enclosures());
  report(state, comparison, arb_version_text() + ", 128 bits");
  state.counters["width_log2"] = std::log2(2 * ours->largest_radius().value());
  state.counters["rival_width_log2"] = std::log2(2 * arb.largest_radius());
}

[[maybe_unused]] const int registered = [] {
  for (const long bits : {128L, 256L})
    register_row("reference/n=512/d=8/bits=" + std::to_string(bits),
                 [bits](benchmark::State& state) { reference_row(state, 512, 8, bits); });
  register_row("reference/n=512/d=8/double-double",
               [](benchmark::State& state) { double_double_row(state, 512, 8); });
  return 0;
}();

}  // namespace
