// libFuzzer target of attnbounds-check: any bytes are verified, rejected or malformed, in bounded time and
// memory. Built by clang with -DATTNBOUNDS_FUZZ=ON:
//     build/tests/fuzz_certificate -max_total_time=300 -rss_limit_mb=1024 -timeout=20 tests/fuzz/certificate
#include <cstdint>
#include <map>
#include <string>

#include "proofs_check/checker/kinds.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace checker;
  static const std::map<std::string, Proved (*)(const Field&, const Folder&)> kinds = {
      {"polynomial-error", prove_polynomial_error},
      {"best-error", prove_best_error},
      {"least-degree", prove_least_degree},
      {"attention", prove_attention},
      {"gradient", prove_gradient},
      {"layers", prove_layers},
      {"reduction", prove_reduction},
      {"epsilon-rank", prove_epsilon_rank},
      {"claim-instance", prove_claim_instance}};
  try {
    const nlohmann::json whole = bounded_json(std::string(reinterpret_cast<const char*>(data), size));
    const Field top{"", whole};
    const auto kind = kinds.find(top["kind"].text());
    if (kind != kinds.end()) kind->second(top, Folder{"/nonexistent"});
  } catch (const Malformed&) {
  } catch (const Rejected&) {
  }
  return 0;
}
