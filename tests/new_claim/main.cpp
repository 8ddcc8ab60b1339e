// The claim of docs/new_claim.md, examples/new_claim/mean.cpp, in the catalogue of this program: it must
// hold, its twin must not.
#include <cstdio>

#include "proofs_check/run.hpp"

int main() {
  using namespace attnbounds;
  const ClaimResult result = run_claim(claim_by_id("mine-2026/attention-against-mean"), RunSettings{});
  std::printf("%s on %zu instances, ratio %.6f, twin %s\n", name(result.verdict), result.instances,
              result.ratio.value_or(0), name(result.twin.verdict));
  return result.verdict == Verdict::verified && result.twin_refuted() ? 0 : 1;
}
