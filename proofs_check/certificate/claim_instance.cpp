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
    {"alman-song-2024-gradient/norm-along-scale", "slope <= n d B/2", "norm-along-scale", "slope", "1",
     "n d B/2", "1"},
    {"alman-song-2024-gradient/norm-along-scale", "the constant of the printed proof, 8 B n",
     "norm-along-scale", "slope", "1", "8 B n", "1"},
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
