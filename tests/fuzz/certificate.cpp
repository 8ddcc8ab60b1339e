// libFuzzer target of attnbounds-check: any bytes are verified, rejected or malformed, in bounded time and
// memory. Built by clang with -DATTNBOUNDS_FUZZ=ON:
//     build/tests/fuzz_certificate -max_total_time=300 -rss_limit_mb=1024 -timeout=20 tests/fuzz/certificate
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "proofs_check/checker/kinds.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace checker;
  static const std::map<std::string, Proved (*)(const Field&, const Folder&)> kinds = {
      {"polynomial-error", prove_polynomial_error},
      {"best-error", prove_best_error},
      {"least-degree", prove_least_degree},
      {"threshold-point", prove_threshold_point},
      {"threshold-limit", prove_threshold_limit},
      {"attention", prove_attention},
      {"gradient", prove_gradient},
      {"layers", prove_layers},
      {"reduction", prove_reduction},
      {"epsilon-rank", prove_epsilon_rank},
      {"claim-instance", prove_claim_instance}};
  try {
    const nlohmann::json whole = bounded_json(std::string(reinterpret_cast<const char*>(data), size));
    std::set<const nlohmann::json*> asked;
    const Field top{"", whole, &asked};
    exact_work = 0;
    const auto kind = kinds.find(top["kind"].text());
    if (kind != kinds.end()) kind->second(top, Folder{"/nonexistent"});
    top.require_all_asked();
  } catch (const Malformed&) {
  } catch (const Rejected&) {
  } catch (const std::logic_error&) {  // too much exact arithmetic, a division by 0
  }
  return 0;
}
