// Why a comparison has no certificate: one line a claim (docs/certificates.md explains the classes). A claim
// that gets a lemma in the checker's catalogue, or whose comparison names a kernel's output, needs no line.
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {
namespace {

constexpr const char* kCombinatorics =
    "combinatorics: the instance is a seed or a family of vectors; kind reduction certifies whole chains";
constexpr const char* kSpecialFunctions =
    "Bessel functions, or closed forms of X and epsilon, that the checker does not have; the degrees they "
    "are "
    "about have certificates of their own";
constexpr const char* kSegment =
    "both sides are intervals of a derivative along a segment; the checker has balls, no intervals of inputs";
constexpr const char* kModular =
    "ranks and features over the rationals: linear algebra modulo a prime, which the checker does not have";
constexpr const char* kNetwork = "a network as a whole; kind layers certifies the recursion it is about";
constexpr const char* kPlanted = "a decision on a planted instance, which a seed names";
constexpr const char* kProbability = "a probability is no comparison of two numbers of one instance";
constexpr const char* kOtherOutput =
    "a kernel's output in a form that kinds attention and gradient do not describe";
constexpr const char* kNotYet = "could be a lemma of the checker, and is not yet";

struct Line {
  const char *claim, *comparison;  // null: all that are not in the catalogue
  const char* reason;
};
constexpr Line kLines[] = {
    {"abboud-rubinstein-williams-2017/field-exceeds-columns", nullptr, kCombinatorics},
    {"abboud-rubinstein-williams-2017/hermitian-gap", nullptr, kCombinatorics},
    {"abboud-rubinstein-williams-2017/merlin-arthur-gap", nullptr, kCombinatorics},
    {"abboud-rubinstein-williams-2017/split-and-list", nullptr, kCombinatorics},
    {"aggarwal-alman-2022/chebyshev-sandwich", nullptr, kSpecialFunctions},
    {"aggarwal-alman-2022/relative-lower-bounds", nullptr, kSpecialFunctions},
    {"aggarwal-alman-2022/relative-sandwich", nullptr, kSpecialFunctions},
    {"aliakbarpour-et-al-2025/decomposition", nullptr, kNotYet},
    {"aliakbarpour-et-al-2025/forward-error", nullptr, kNotYet},
    {"alman-song-2023/anchor-keys", nullptr, kPlanted},
    {"alman-song-2023/double-double-reference", nullptr, kOtherOutput},
    {"alman-song-2023/feature-map", "as many features as C(d+g, g)", kNotYet},
    {"alman-song-2023/gap-attention", nullptr, kPlanted},
    {"alman-song-2023/group-perturbation", nullptr, kNotYet},
    {"alman-song-2023/key-shift", nullptr, kNotYet},
    {"alman-song-2023/orthogonality-attention", nullptr, kPlanted},
    {"alman-song-2023/planted-families", nullptr, kPlanted},
    {"alman-song-2023/rank", nullptr, kModular},
    {"alman-song-2023/softmax-perturbation", "the kernels' perturbation_bound is no smaller",
     "about a function of this program"},
    {"alman-song-2023/tensor-core-product", nullptr,
     "the model of a machine's sums, which the checker does not have"},
    {"alman-song-2024-gradient/attention-kernel-guarantee", nullptr, kOtherOutput},
    {"alman-song-2024-gradient/closed-form", nullptr, kSegment},
    {"alman-song-2024-gradient/decision-from-gradients", nullptr, kPlanted},
    {"alman-song-2024-gradient/gradient-error", nullptr, kNotYet},
    {"alman-song-2024-gradient/quadrature-error", nullptr, kNotYet},
    {"alman-song-2024-gradient/rank", nullptr, kModular},
    {"alman-song-2024-gradient/trace-identity", nullptr, kSegment},
    {"alman-song-2024-gradient/variance-form", nullptr, kNotYet},
    {"alman-song-2024-tensor/kernel-guarantee", "polynomial, causal", kOtherOutput},
    {"bharadwaj-et-al-2023/constant-column", nullptr, kCombinatorics},
    {"bharadwaj-et-al-2023/draw-cost", nullptr, kCombinatorics},
    {"bharadwaj-et-al-2023/leverage-law", nullptr, kCombinatorics},
    {"bharadwaj-et-al-2023/sum-of-weights", nullptr, kCombinatorics},
    {"bharadwaj-et-al-2023/whitened-gram", nullptr, kCombinatorics},
    {"chakrabarti-pitassi-alman-2026/forward-error", nullptr, kNotYet},
    {"chakrabarti-pitassi-alman-2026/tree-attention", nullptr, kNotYet},
    {"chakrabarti-pitassi-alman-2026/tree-forward-error", nullptr, kNotYet},
    {"gupta-et-al-2025/any-temperature", nullptr, kNotYet},
    {"gupta-et-al-2025/relevance-tree", nullptr, kOtherOutput},
    {"han-et-al-2023-hyperattention/row-ratio", nullptr, kNotYet},
    {"han-et-al-2023-hyperattention/sampling", nullptr, kProbability},
    {"han-et-al-2023-hyperattention/spectral-norm-decides-nothing", nullptr, kPlanted},
    {"han-et-al-2023-hyperattention/spectral-split", nullptr, kNotYet},
    {"hu-et-al-2024-dit/decoder", nullptr, kNotYet},
    {"hu-et-al-2024-dit/gradient", nullptr, kSegment},
    {"hu-et-al-2024-dit/subspace", nullptr, kNotYet},
    {"hu-et-al-2024-lora/chained-error", nullptr, kNotYet},
    {"hu-et-al-2024-lora/closed-form", nullptr, kSegment},
    {"hu-et-al-2024-lora/embedding", nullptr, kModular},
    {"hu-et-al-2024-lora/kernel-guarantee", nullptr, kOtherOutput},
    {"impagliazzo-paturi-zane-2001/sparsification", nullptr, kCombinatorics},
    {"liang-et-al-2024-multilayer/backward-error", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/closed-form", nullptr, kSegment},
    {"liang-et-al-2024-multilayer/forward-error", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/full-rank-attention", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/growth-with-depth", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/layer-norm", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/one-layer-gradient", nullptr, kSegment},
    {"liang-et-al-2024-multilayer/token-backward-error", nullptr, kNetwork},
    {"liang-et-al-2024-multilayer/token-forward-error", nullptr, kNetwork},
    {"liang-shi-song-yang-2024-prefix/features-needed", nullptr, kModular},
    {"liang-shi-song-yang-2024-prefix/representation", nullptr, kModular},
    {"liang-shi-song-zhou-2024-private/answer", nullptr, kProbability},
    {"liang-shi-song-zhou-2024-private/noise-of-a-sum", nullptr, kProbability},
    {"liang-shi-song-zhou-2024-private/sensitivity", nullptr, kNotYet},
    {"liang-shi-song-zhou-2024-private/tree-cover", nullptr, kCombinatorics},
    {"liang-shi-song-zhou-2024-tensor-training/closed-form", nullptr, kSegment},
    {"liang-shi-song-zhou-2024-tensor-training/factored-sums", nullptr, kNotYet},
    {"liang-shi-song-zhou-2024-tensor-training/gradient-error", nullptr, kNotYet},
    {"liang-shi-song-zhou-2024-tensor-training/trace-identity", nullptr, kSegment},
    {"threshold-2026/degree-from-above", nullptr, kSpecialFunctions},
    {"threshold-2026/degree-from-below", nullptr, kSpecialFunctions},
    {"threshold-2026/exponent-bounded-away", nullptr, kSpecialFunctions},
    {"threshold-2026/exponent-tends-to-one", nullptr, kSpecialFunctions},
    {"threshold-2026/kappa-star", nullptr, kSpecialFunctions},
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
