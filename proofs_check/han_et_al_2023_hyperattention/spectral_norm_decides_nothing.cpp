// A spectral guarantee |E| <= epsilon |P| |V| and the threshold's question. On a planted near-threshold
// instance (N genuine keys of value 1, anchors of value 0; proofs_check/hyper_case.hpp) the answer stands in
// one entry: an output that agrees with attention but says "no" in the planted row has |E| = gap, while |P|
// >= 1 and |V| = sqrt(N). So it has relative spectral error at most gap/sqrt(N): a spectral guarantee decides
// nothing unless epsilon < gap/(|P| |V|), about 1/sqrt(N). It contradicts no lower bound for entrywise error.
// Twin: 1/N would be enough for the wrong answer too.
#include "proofs_check/hyper_case.hpp"
#include "proofs_check/reduction_case.hpp"

namespace attnbounds {
namespace {

struct Planted {
  HardRequest request;
  NearThreshold instance;
};
Json describe(const Planted& c) {
  const HardInstance hard = hard_instance(c.request);
  const AttentionInput& in = c.instance.input;
  return {{"families", json_families(hard.families)},
          {"threshold", json_threshold(hard.parameters)},
          {"anchors' bias", exact_text(-in.k(in.k.rows() - 1, in.k.cols() - 1))},
          {"planted query", *c.instance.planted_query}};
}
struct Norms {
  Interval gap, p, v, genuine;
};
Norms norms(const Planted& c) {
  const AttentionInput& in = c.instance.input;
  const Matrix<Interval> p = normalised_rows(weight_enclosure(in)), v = matrix_from<Interval>(in.v);
  Interval yes = 0, no = 0;
  long genuine = 0;
  for (Eigen::Index j = 0; j < in.v.rows(); ++j) genuine += in.v(j, 0) != 0;
  for (Eigen::Index i = 0; i < p.rows(); ++i) {
    Interval output = 0;
    for (Eigen::Index j = 0; j < p.cols(); ++j) output += p(i, j) * v(j, 0);
    if (i == c.instance.planted_query) yes = output;
    else no = maximum(no, output);
  }
  return {yes - no, operator_norm_of_nonnegative(p).interval(), operator_norm(v).interval(), genuine};
}
Interval wrong_answer(const Planted& c) {
  const Norms n = norms(c);
  return n.gap / (n.p * n.v);
}
std::vector<HardRequest> grid(Level level) {
  std::vector<HardRequest> requests;
  for (const long n : {16, 32, 64})
    for (const std::uint64_t seed : {0, 1}) {
      if (level == Level::quick && seed > 0) continue;
      for (const long kappa : {8, 10, 12}) {
        HardRequest r;
        r.family = "planted-orthogonal";
        r.n = n;
        r.d = 48;
        r.kappa = kappa;
        r.seed = seed;
        r.threads = {1};
        requests.push_back(r);
      }
    }
  return requests;
}

const Registration spectral_norm_decides_nothing =
    claim("han-et-al-2023-hyperattention/spectral-norm-decides-nothing",
          "the spectral guarantee against the threshold (text not at hand; ours)", Standing::checked)
        .says(
            "on a planted instance the wrong answer has relative spectral error at most 1/sqrt(N), N genuine "
            "keys",
            R"($\mathrm{gap}/(\|P\|\|V\|)\le 1/\sqrt N$ for the output that says no in the planted row)")
        .over(grid,
              [](const HardRequest& r) {
                return Planted{r, near_threshold(r, Anchors::spread)};
              })
        .at_most("gap/(|P| |V|) <= 1/sqrt(N)", wrong_answer,
                 [](const Planted& c) { return 1 / sqrt(norms(c).genuine); })
        .twin("gap/(|P| |V|) <= 1/N", wrong_answer, [](const Planted& c) { return 1 / norms(c).genuine; });

}  // namespace
}  // namespace attnbounds
