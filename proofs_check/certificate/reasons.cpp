// Why a comparison has no certificate: one line a claim (docs/certificates.md explains the classes). A claim
// that gets a lemma in the checker's catalogue, or whose comparison names a kernel's output, needs no line.
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {
namespace {

constexpr const char* kHermitian = "the checker has no Hermitian codes; those of Reed and Solomon it has";
constexpr const char* kBeyondReach =
    "a half-width above 50000 or below 2^-64, or a degree above 400 that Theorem J does not decide";
constexpr const char* kNetwork = "a network with MLP and layer norm, where the checker has attention layers";
constexpr const char* kByTokens = "the recursion token by token, which the checker does not have";
constexpr const char* kProbability = "a probability is no comparison of two numbers of one instance";
constexpr const char* kOfThisProgram = "about what this program encloses, draws or builds";

struct Line {
  const char *claim, *comparison;  // null: all of it that is not in the catalogue
  const char* reason;
};
constexpr Line kLines[] = {
    {"abboud-rubinstein-williams-2017/hermitian-gap", nullptr, kHermitian},
    {"alman-song-2023/key-shift", "enclosures of both attentions meet", kOfThisProgram},
    {"alman-song-2023/softmax-perturbation", "the kernels' perturbation_bound is no smaller", kOfThisProgram},
    {"liang-et-al-2024-multilayer/backward-error", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/closed-form", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/forward-error", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/full-rank-attention", nullptr, kByTokens},
    {"liang-et-al-2024-multilayer/token-backward-error", nullptr, kByTokens},
    {"liang-et-al-2024-multilayer/token-forward-error", nullptr, kByTokens},
    {"liang-shi-song-zhou-2024-private/answer", nullptr, kProbability},
    {"liang-shi-song-zhou-2024-private/noise-of-a-sum", nullptr, kProbability},
    {"liang-shi-song-zhou-2024-private/tree-cover", nullptr, kOfThisProgram},
    {"threshold-2026/degree-from-above", nullptr, kBeyondReach},
    {"threshold-2026/degree-from-below", nullptr, kBeyondReach},
    {"threshold-2026/exponent-bounded-away", nullptr, kBeyondReach},
    {"threshold-2026/exponent-tends-to-one", nullptr, kBeyondReach},
    {"threshold-2026/kappa-star", nullptr, kBeyondReach},
};

}  // namespace

std::string why_no_certificate(const std::string& claim, const std::string& comparison) {
  for (const Line& line : kLines)
    if (claim == line.claim && (!line.comparison || comparison == line.comparison)) return line.reason;
  return "";
}

std::vector<std::string> claims_without_certificates() {
  std::vector<std::string> claims;
  for (const Line& line : kLines) claims.push_back(line.claim);
  return claims;
}

}  // namespace attnbounds
