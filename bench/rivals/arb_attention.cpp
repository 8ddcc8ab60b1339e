#include "arb_attention.hpp"

#include <arb.h>
#include <arb_mat.h>

#include <algorithm>

namespace attnbounds::bench {

struct ArbReference::Balls {
  arb_mat_t output;
};

std::string arb_version_text() { return std::string("Arb ") + arb_version; }

ArbReference::ArbReference(const AttentionInput& input, long bits, ThreadCount threads) : balls_(new Balls) {
  const long n = input.q.rows(), m = input.k.rows(), d = input.q.cols(), columns = input.v.cols();
  arb_mat_t keys, values;
  arb_mat_init(keys, d, m);
  arb_mat_init(values, m, columns + 1);
  arb_mat_init(balls_->output, n, columns);
  for (long j = 0; j < m; ++j) {
    for (long l = 0; l < d; ++l) arb_set_d(arb_mat_entry(keys, l, j), input.k(j, l));
    for (long c = 0; c < columns; ++c) arb_set_d(arb_mat_entry(values, j, c), input.v(j, c));
    arb_one(arb_mat_entry(values, j, columns));
  }
  const long blocks = std::max(1L, std::min<long>(threads.value, n));
  parallel_for(blocks, threads, [&](long block) {
    const long first = block * n / blocks, rows = (block + 1) * n / blocks - first;
    arb_mat_t queries, weights, sums;
    arb_mat_init(queries, rows, d);
    arb_mat_init(weights, rows, m);
    arb_mat_init(sums, rows, columns + 1);
    for (long i = 0; i < rows; ++i)
      for (long l = 0; l < d; ++l) arb_set_d(arb_mat_entry(queries, i, l), input.q(first + i, l));
    arb_mat_mul(weights, queries, keys, bits);
    arb_mat_scalar_div_si(weights, weights, d, bits);
    for (long i = 0; i < rows; ++i)
      for (long j = 0; j < m; ++j) arb_exp(arb_mat_entry(weights, i, j), arb_mat_entry(weights, i, j), bits);
    arb_mat_mul(sums, weights, values, bits);
    for (long i = 0; i < rows; ++i)
      for (long c = 0; c < columns; ++c)
        arb_div(arb_mat_entry(balls_->output, first + i, c), arb_mat_entry(sums, i, c),
                arb_mat_entry(sums, i, columns), bits);
    arb_mat_clear(queries);
    arb_mat_clear(weights);
    arb_mat_clear(sums);
    if (blocks > 1) flint_cleanup();
  });
  arb_mat_clear(keys);
  arb_mat_clear(values);
}

ArbReference::~ArbReference() {
  arb_mat_clear(balls_->output);
  delete balls_;
}

double ArbReference::largest_radius() const {
  double largest = 0;
  for (long i = 0; i < arb_mat_nrows(balls_->output); ++i)
    for (long c = 0; c < arb_mat_ncols(balls_->output); ++c)
      largest = std::max(largest, mag_get_d(arb_radref(arb_mat_entry(balls_->output, i, c))));
  return largest;
}

bool ArbReference::meets(long i, long c, const Real& lower, const Real& upper) const {
  arb_t ours;
  arb_init(ours);
  arf_t low, high;
  arf_init(low);
  arf_init(high);
  arf_set_mpfr(low, lower.backend().data());
  arf_set_mpfr(high, upper.backend().data());
  arb_set_interval_arf(ours, low, high, 4096);
  const bool meet = arb_overlaps(arb_mat_entry(balls_->output, i, c), ours) != 0;
  arf_clear(low);
  arf_clear(high);
  arb_clear(ours);
  return meet;
}

}  // namespace attnbounds::bench
