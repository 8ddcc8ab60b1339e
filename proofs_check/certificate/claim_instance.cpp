// Which comparisons of which claims the checker's table has, and what it takes them to say (the checker has
// its own copy, and accepts no other).
#include "numeric/exact_text.hpp"
#include "polynomial/certificate.hpp"
#include "proofs_check/certificate/certificate.hpp"

namespace attnbounds {
namespace {

struct Entry {
  const char *claim, *comparison, *lemma, *left, *left_scale, *right, *right_scale;
};

// A scale "found" is (1 - 10^-9) times the constant `upper` that the run found, at its lower end.
constexpr Entry kCatalogue[] = {
    {"aggarwal-alman-2022/alternation", "alternation", "alternation", "alternation", "1", "error", "1"},
    {"aggarwal-alman-2022/alternation", "one point dropped from the sums", "alternation",
     "without the last point", "1", "error", "1"},
    {"aggarwal-alman-2022/even-taylor-sections-are-positive", "0 <= T_g(x)", "even-taylor-section", "zero",
     "1", "section", "1"},
    {"aggarwal-alman-2022/even-taylor-sections-are-positive", "without: g is even", "taylor-section", "zero",
     "1", "section", "1"},
    {"aggarwal-alman-2022/explicit-taylor-degree", "tail <= delta e^{-X}", "taylor-tail", "tail", "1",
     "delta e^-X", "1"},
    {"aggarwal-alman-2022/explicit-taylor-degree", "with relative error delta e^{-3X}", "taylor-tail", "tail",
     "1", "delta e^-3X", "1"},
    {"aggarwal-alman-2022/least-degree", "degree <= 2 F", "degree-formula", "degree", "1", "formula", "2"},
    {"aggarwal-alman-2022/least-degree", "1/2 F <= degree", "degree-formula", "formula", "1/2", "degree",
     "1"},
    {"aggarwal-alman-2022/least-degree", "the upper constant pushed 10^-9 below the found one",
     "degree-formula", "degree", "1", "formula", "found"},
    {"alman-song-2023/feature-map", "P(<q,k>/d) = <features of q, features of k>", "feature-map", "defect",
     "1", "zero", "1"},
    {"alman-song-2023/feature-map", "without the multinomials |a|!/a!", "feature-map",
     "defect without multinomials", "1", "zero", "1"},
    {"alman-song-2023/forward-error", "error <= phi(delta) max|V|", "forward-error", "error", "1",
     "phi max|V|", "1"},
    {"alman-song-2023/forward-error", "half the bound", "forward-error", "error", "1", "phi max|V|", "1/2"},
    {"alman-song-2023/softmax-perturbation", "distance <= phi(delta) = 2t", "softmax-perturbation",
     "distance", "1", "phi", "1"},
    {"alman-song-2023/softmax-perturbation", "the usual bound is weaker", "softmax-perturbation", "phi", "1",
     "usual", "1"},
    {"alman-song-2023/softmax-perturbation", "half the bound", "softmax-perturbation", "distance", "1", "phi",
     "1/2"},
    {"alman-song-2024-gradient/covariance-perturbation", "change of the covariance",
     "covariance-perturbation", "change", "1", "bound", "1"},
    {"alman-song-2024-gradient/covariance-perturbation", "change of J(f) q in the 1-norm",
     "covariance-perturbation", "pullback change", "1", "pullback bound", "1"},
    {"alman-song-2024-gradient/covariance-perturbation", "99 hundredths of the bound",
     "covariance-perturbation", "change", "1", "bound", "99/100"},
    {"alman-song-2024-gradient/gradient-error", "error <= Theorem G'", "gradient-error", "error", "1",
     "theorem G'", "1"},
    {"alman-song-2024-gradient/gradient-error", "99 hundredths of Theorem G'", "gradient-error", "error", "1",
     "theorem G'", "99/100"},
    {"alman-song-2024-gradient/norm-along-scale", "slope <= n d B/2", "along-scale", "slope", "1", "n d B",
     "1/2"},
    {"alman-song-2024-gradient/norm-along-scale", "the constant of the printed proof, 8 B n", "along-scale",
     "slope", "1", "B n", "8"},
    {"alman-song-2024-gradient/third-mixed-moment", "moment <= product of ranges/8", "third-moment", "moment",
     "1", "ranges", "1/8"},
    {"alman-song-2024-gradient/third-mixed-moment", "a ninth", "third-moment", "moment", "1", "ranges",
     "1/9"},
    {"alman-song-2024-tensor/forward-error", "error <= phi(delta) max|V1| max|V2|", "forward-error", "error",
     "1", "phi max|V|", "1"},
    {"alman-song-2024-tensor/forward-error", "half the bound", "forward-error", "error", "1", "phi max|V|",
     "1/2"},
    {"liang-shi-song-zhou-2024-tensor-training/gradient-error", "error <= Theorem G' over the pairs",
     "gradient-error", "error", "1", "theorem G'", "1"},
    {"liang-shi-song-zhou-2024-tensor-training/gradient-error", "99 hundredths of the bound",
     "gradient-error", "error", "1", "theorem G'", "99/100"},
    {"alman-song-2024-gradient/curvature-along-scale", "curvature <= (3/8) n d B^2", "along-scale",
     "curvature", "1", "n d B^2", "3/8"},
    {"alman-song-2024-gradient/curvature-along-scale", "without the factor d: (5/8) n B^2", "along-scale",
     "curvature", "1", "n B^2", "5/8"},
    {"gupta-et-al-2025/max-inner-product", "the output is on its side", "largest-product", "misplaced", "1",
     "zero", "1"},
    {"gupta-et-al-2025/max-inner-product", "inverse temperature 2 log 2", "largest-product",
     "misplaced, base 2", "1", "zero", "1"},
    {"gupta-et-al-2025/relevant-keys", "error <= 2 eps (n-1)/(n + eps (n-1)) max|V|", "relevant-keys",
     "error", "1", "share", "1"},
    {"gupta-et-al-2025/relevant-keys", "error <= 3 eps max|V|", "relevant-keys", "error", "1", "eps max|V|",
     "3"},
    {"gupta-et-al-2025/relevant-keys", "nine tenths of the constant", "relevant-keys", "error", "1", "share",
     "9/10"},
    {"han-et-al-2023-hyperattention/parameters", "an entry's square <= alpha/m", "column-norms", "entry^2",
     "1", "alpha/m", "1"},
    {"han-et-al-2023-hyperattention/parameters", "|P|_F^2 <= alpha", "column-norms", "|P|^2", "1", "alpha",
     "1"},
    {"han-et-al-2023-hyperattention/parameters", "n/m <= |P|_F^2", "column-norms", "n/m", "1", "|P|^2", "1"},
    {"han-et-al-2023-hyperattention/parameters", "rows, squared: (m |P_i|^2)^2 <= m alpha", "column-norms",
     "row^2", "1", "m alpha", "1"},
    {"han-et-al-2023-hyperattention/parameters", "m |P_i|^2 <= alpha: rows as flat as columns",
     "column-norms", "row", "1", "alpha", "1"},
    {"heinsen-kozachkov-2026/denominator", "sum min(1, e^s) <= denominator", "odd-taylor-denominator",
     "sum min(1, e^s)", "1", "denominator", "1"},
    {"heinsen-kozachkov-2026/denominator", "without: P is odd", "taylor-denominator", "sum min(1, e^s)", "1",
     "denominator", "1"},
    {"heinsen-kozachkov-2026/forward-error", "error <= phi(delta) max|V|", "taylor-attention", "error", "1",
     "phi max|V|", "1"},
    {"heinsen-kozachkov-2026/forward-error", "half the bound", "taylor-attention", "error", "1", "phi max|V|",
     "1/2"},
    {"hu-et-al-2024-dit/normalisation", "largest output <= largest value", "normalisation", "output", "1",
     "max|V|", "1099511627777/1099511627776"},
    {"hu-et-al-2024-dit/normalisation", "V D^-1 exp(.) with D = diag(exp(.) 1), as printed in (4.4)",
     "normalisation", "output as printed", "1", "max|V|", "1099511627777/1099511627776"},
    {"hu-et-al-2024-lora/score-range", "largest score <= Gamma^2", "score-range", "score", "1", "Gamma^2",
     "1"},
    {"hu-et-al-2024-lora/score-range", "scores not divided by d, as in (3.3) with temperature 1",
     "score-range", "d score", "1", "Gamma^2", "1"},
    {"liang-shi-song-yang-2024-prefix/error", "error <= phi(delta) max|V|", "prefix", "error", "1",
     "phi max|V|", "1"},
    {"liang-shi-song-yang-2024-prefix/error", "error <= 2 delta/(1 - delta) share max|V|", "prefix", "error",
     "1", "share", "1"},
    {"liang-shi-song-yang-2024-prefix/error", "99 hundredths of phi(delta)", "prefix", "error", "1",
     "phi max|V|", "99/100"},
    {"liang-shi-song-zhou-2024-private/relative-error", "error <= 2 eps/(1 - eps) |Att|",
     "kernel-of-values-not-negative", "error", "1", "factor |Att|", "1"},
    {"liang-shi-song-zhou-2024-private/relative-error", "without: V >= 0", "kernel-of-relative-error",
     "error", "1", "factor |Att|", "1"},
    {"liang-shi-song-zhou-2024-private/relative-error-of-any-values", "error <= 2 eps/(1 - eps) Att(|V|)",
     "kernel-of-relative-error", "error", "1", "factor Att|V|", "1"},
    {"liang-shi-song-zhou-2024-private/relative-error-of-any-values", "nine tenths of the constant",
     "kernel-of-relative-error", "error", "1", "factor Att|V|", "9/10"},
};

std::string scale_text(const std::string& scale, const Json& constants) {
  if (scale != "found") return scale;
  const Rational found =
      rational_from_text(constants.at("upper").at("exact_lower").get<std::string>(), "constant");
  return exact_text(Rational(found * (1 - Rational(1, 1000000000))));
}

/// That the instance's degree is the least is proved too.
Json with_degree_proof(Json instance) {
  const auto rational = [&](const char* key) {
    return rational_from_text(instance.at(key).get<std::string>(), key);
  };
  const Rational X = rational("half_width"), epsilon = rational("epsilon");
  const Json proof = least_degree_certificate(least_degree(X, epsilon, ErrorKind::relative), X, epsilon,
                                              ErrorKind::relative);
  for (const char* side : {"upper", "lower"}) instance[side] = proof.at(side);
  return instance;
}

}  // namespace

bool in_catalogue(const std::string& claim, const std::string& comparison) {
  return std::any_of(std::begin(kCatalogue), std::end(kCatalogue),
                     [&](const Entry& e) { return claim == e.claim && comparison == e.comparison; });
}

std::optional<Json> claim_instance_certificate(const std::string& claim, const Json& witness,
                                               const char* relation, const Json& constants) {
  if (!witness.is_object()) return {};
  for (const Entry& e : kCatalogue)
    if (claim == e.claim && witness.at("comparison") == e.comparison)
      return Json{
          {"format", "attnbounds-certificate"},
          {"version", 1},
          {"kind", "claim-instance"},
          {"claim", claim},
          {"comparison", e.comparison},
          {"lemma", e.lemma},
          {"left", {{"quantity", e.left}, {"scale", scale_text(e.left_scale, constants)}}},
          {"relation", relation},
          {"right", {{"quantity", e.right}, {"scale", scale_text(e.right_scale, constants)}}},
          {"instance", e.lemma == std::string("degree-formula") ? with_degree_proof(witness.at("instance"))
                                                                : witness.at("instance")}};
  return {};
}

}  // namespace attnbounds
