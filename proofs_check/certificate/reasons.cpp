// Why a comparison has no certificate: one line a claim (docs/certificates.md explains the classes). A claim
// that gets a lemma in the checker's catalogue, or whose comparison names a kernel's output, needs no line.
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {
namespace {

constexpr const char* kCombinatorics =
    "combinatorics: the instance is a seed or a family of vectors; kind reduction certifies whole chains";
constexpr const char* kBeyondReach =
    "a half-width above 50000 or below 2^-64, or a degree above 400 that Theorem J does not decide";
constexpr const char* kNetwork = "a network as a whole; kind layers certifies the recursion it is about";
constexpr const char* kPlanted = "a decision on a planted instance, which a seed names";
constexpr const char* kProbability = "a probability is no comparison of two numbers of one instance";
constexpr const char* kOtherOutput =
    "a kernel's output in a form that kinds attention and gradient do not describe";
constexpr const char* kOfThisProgram = "about what this program encloses, draws or builds";
constexpr const char* kNotYet = "could be a lemma of the checker, and is not yet";

struct Line {
  const char *claim, *comparison;  // null: all of it that is not in the catalogue
  const char* reason;
};
constexpr Line kLines[] = {
    {"abboud-rubinstein-williams-2017/hermitian-gap", nullptr, kCombinatorics},
    {"abboud-rubinstein-williams-2017/merlin-arthur-gap", nullptr, kCombinatorics},
    {"abboud-rubinstein-williams-2017/split-and-list", nullptr, kCombinatorics},
    {"alman-song-2023/anchor-keys", nullptr, kPlanted},
    {"alman-song-2023/double-double-reference", nullptr, kOtherOutput},
    {"alman-song-2023/gap-attention", nullptr, kPlanted},
    {"alman-song-2023/key-shift", "enclosures of both attentions meet", kOfThisProgram},
    {"alman-song-2023/orthogonality-attention", nullptr, kPlanted},
    {"alman-song-2023/planted-families", nullptr, kPlanted},
    {"alman-song-2023/softmax-perturbation", "the kernels' perturbation_bound is no smaller", kOfThisProgram},
    {"alman-song-2023/tensor-core-product", nullptr,
     "the model of a machine's sums, which the checker does not have"},
    {"alman-song-2024-gradient/attention-kernel-guarantee", nullptr, kOtherOutput},
    {"alman-song-2024-gradient/closed-form", "the same by X, A1, A2, A3, Y together", kNotYet},
    {"alman-song-2024-gradient/decision-from-gradients", nullptr, kPlanted},
    {"alman-song-2024-tensor/kernel-guarantee", "polynomial, causal", kOtherOutput},
    {"bharadwaj-et-al-2023/draw-cost", nullptr, kCombinatorics},
    {"bharadwaj-et-al-2023/leverage-law", "law = leverage scores / rank", kOfThisProgram},
    {"gupta-et-al-2025/relevance-tree", nullptr, kOtherOutput},
    {"han-et-al-2023-hyperattention/spectral-norm-decides-nothing", nullptr, kPlanted},
    {"hu-et-al-2024-lora/kernel-guarantee", nullptr, kOtherOutput},
    {"impagliazzo-paturi-zane-2001/sparsification", nullptr, kCombinatorics},
    {"liang-et-al-2024-multilayer/backward-error", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/closed-form", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/forward-error", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/full-rank-attention", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/growth-with-depth", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/one-layer-gradient", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/token-backward-error", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/token-forward-error", nullptr, kNetwork},
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
