// Alman, Song 2023 (p = 2) and Alman, Song 2024 (p = 3), lower bound: gap inner product -> attention, in the
// form that the program runs (reductions/attention/threshold.hpp). Families of 0/1 vectors and any promise
// no < yes that they keep; completeness and soundness of the outputs, enclosed from the doubles in the
// matrices. And the hard families with a planted tuple, of reductions/hard.
#include "attention/attention.hpp"
#include "proofs_check/reduction_case.hpp"
#include "reductions/hard/families.hpp"

namespace attnbounds {
namespace {

Matrix<Interval> outputs(const ThresholdParameters& p, const std::vector<SignMatrix>& families) {
  const auto over = [](const Matrix<double>& m) { return matrix_from<Interval>(m); };
  if (p.arity == 2) {
    const AttentionInput in = matrix_instance(p, families);
    return attention<Interval>(over(in.q), over(in.k), over(in.v));
  }
  const TensorAttentionInput in = tensor_instance(p, families);
  return tensor_attention<Interval>(over(in.q), over(in.k1), over(in.k2), over(in.v1), over(in.v2));
}

struct Gap {
  std::vector<SignMatrix> families;
  ScorePromise promise;
  bool yes = false;  // some tuple has the score promise.yes; otherwise all have at most promise.no
};
long largest_score(const std::vector<SignMatrix>& f) {
  long largest = 0;
  for (Eigen::Index i = 0; i < f[0].rows(); ++i)
    for (Eigen::Index j = 0; j < f[1].rows(); ++j)
      for (Eigen::Index k = 0; k < (f.size() == 3 ? f[2].rows() : 1); ++k) {
        long score = 0;
        for (Eigen::Index l = 0; l < f[0].cols(); ++l)
          score += f[0](i, l) * f[1](j, l) * (f.size() == 3 ? f[2](k, l) : 1);
        largest = std::max(largest, score);
      }
  return largest;
}

Gap draw_gap(Draw& d) {
  const auto index = static_cast<long>(d.index);
  const long arity = index < 4 ? 2 + index % 2 : d.integer(2, 3), dimension = d.integer(1, 9);
  Gap g;
  for (long k = 0; k < arity; ++k) {
    SignMatrix m(index < 4 ? 8 : d.integer(1, 5), dimension);
    for (Eigen::Index i = 0; i < m.size(); ++i)  // first, all tuples at the largest score
      m.data()[i] = static_cast<std::int8_t>(index < 4 ? 1 : d.integer(0, 4) > 0);
    g.families.push_back(m);
  }
  const long largest = largest_score(g.families);
  g.yes = index >= 4 && d.integer(0, 1) == 1;
  const long difference = d.integer(1, 4);
  g.promise = g.yes ? ScorePromise{ScoreSign::positive, largest, largest - difference}
                    : ScorePromise{ScoreSign::positive, largest + difference, largest};
  return g;
}

const Rational margin = 3;
std::vector<long> rows_of(const Gap& g) {
  std::vector<long> rows;
  for (const SignMatrix& m : g.families) rows.push_back(m.rows());
  return rows;
}
ThresholdParameters proper(const Gap& g) {
  return threshold_for_margin(rows_of(g), g.families[0].cols(), g.promise, margin);
}
// beta (yes - no) at 9/16 or 27/64 of log T; where that is 0, there is none
std::optional<ThresholdParameters> without_gap(const Gap& g) {
  const double least = least_kappa(rows_of(g), g.families[0].cols(), g.promise);
  if (least == 0) return {};
  return threshold_for_kappa(rows_of(g), g.families[0].cols(), g.promise, to_rational(least * 0.75));
}
ThresholdParameters shrunk(const Gap& g) { return without_gap(g).value_or(proper(g)); }
Json json_without_gap(const Gap& g) {
  const auto p = without_gap(g);
  return p ? json_threshold(*p) : Json();
}
Json describe(const Gap& g) {
  return {{"families", json_families(g.families)},
          {"yes", g.promise.yes},
          {"no", g.promise.no},
          {"instance", g.yes ? "yes" : "no"},
          {"threshold", json_threshold(proper(g))},
          {"threshold without a gap", json_without_gap(g)}};
}
Interval side(const Rational& x) { return enclose(x); }
const Rational slack(1, 1000000000);  // of rounding r and w to doubles

Interval soundness(const Gap& g, const ThresholdParameters& p) {
  return g.yes ? side(0) : max_abs(outputs(p, g.families));
}
const Registration gap_attention =
    claim("alman-song-2023/gap-attention", "lower bound, from gap inner product, p = 2 and 3",
          Standing::checked)
        .says(
            "scores >= yes somewhere: an output >= R/(R+1); all scores <= no: all outputs <= 1/(R+1), R = 3",
            R"($\exists s \ge s_{yes} \Rightarrow \max_i \mathrm{Att}_i \ge \frac{R}{R+1}$; )"
            R"($\forall s \le s_{no} \Rightarrow \max_i \mathrm{Att}_i \le \frac{1}{R+1}$)")
        .given(draw_gap)
        .at_most(
            "completeness: R/(R+1) - 1e-9 <= the largest output",
            [](const Gap& g) { return g.yes ? side(margin / (margin + 1) - slack) : side(0); },
            [](const Gap& g) { return max_abs(outputs(proper(g), g.families)); })
        .at_most(
            "soundness: the largest output <= 1/(R+1) + 1e-9",
            [](const Gap& g) { return soundness(g, proper(g)); },
            [](const Gap&) { return side(1 / (margin + 1) + slack); })
        .sizes(80, 400, 2000)
        .twin(
            "B at 3/4 of the least: gap below log n", [](const Gap& g) { return soundness(g, shrunk(g)); },
            [](const Gap&) { return side(1 / (margin + 1) + slack); });

// ---- Planted families.

struct Planted {
  HardRequest request;
  HardInstance instance;
};
Json describe(const Planted& p) {
  return {{"families", json_families(p.instance.families)},
          {"sign", static_cast<long>(p.instance.parameters.promise.sign)},
          {"planted", *p.instance.planted},
          {"threshold", json_threshold(p.instance.parameters)}};
}
Planted draw_planted(Draw& d) {
  static const char* const families[] = {"planted-orthogonal", "light-bulb", "planted-gap"};
  HardRequest r;
  r.family = families[d.index % 3];
  r.arity = d.integer(2, 3);
  r.n = d.integer(2, r.arity == 2 ? 12 : 5);
  r.threads = {1};
  for (long columns = 32;; columns += 16) {  // until the planted tuple stands out
    r.d = columns;
    r.seed = static_cast<std::uint64_t>(d.integer(0, 1L << 40));
    try {
      HardInstance h = hard_instance(r);
      const ThresholdParameters& p = h.parameters;
      h.parameters = threshold_for_margin(p.rows, p.dimension, p.promise, margin);
      return {r, h};
    } catch (const InputError&) {
      if (columns > 4000) throw;
    }
  }
}
enum class PlantedRow { kept, replaced };
/// The planted row's output, and the largest of the others.
std::pair<Interval, Interval> outputs_of(const Planted& p, PlantedRow row) {
  std::vector<SignMatrix> families = p.instance.families;
  const long planted = p.instance.planted->front();
  if (row == PlantedRow::replaced)
    families[0].row(planted) = SignMatrix(families[0].row(planted == 0 ? 1 : 0));
  const Matrix<Interval> y = outputs(p.instance.parameters, families);
  Interval largest = enclose(Rational(0));
  for (Eigen::Index i = 0; i < y.rows(); ++i)
    if (i != planted) largest = maximum(largest, y(i, 0));
  return {y(planted, 0), largest};
}
Interval half() { return enclose(Rational(1, 2)); }

const Registration planted_families =
    claim("alman-song-2023/planted-families", "hard families of `attnbounds hard`, ours", Standing::checked)
        .says(
            "planted orthogonal tuple, light bulb, planted gap: the planted row's output is above 1/2, all "
            "others below",
            R"(planted row $i$: $\mathrm{Att}_i > \tfrac12 > \max_{j \ne i} \mathrm{Att}_j$)")
        .given(draw_planted)
        .at_most(
            "1/2 <= the planted row's output", [](const Planted&) { return half(); },
            [](const Planted& p) { return outputs_of(p, PlantedRow::kept).first; })
        .at_most(
            "every other output <= 1/2",
            [](const Planted& p) { return outputs_of(p, PlantedRow::kept).second; },
            [](const Planted&) { return half(); })
        .sizes(36, 150, 600)
        .twin(
            "another row in the planted one's place", [](const Planted&) { return half(); },
            [](const Planted& p) { return outputs_of(p, PlantedRow::replaced).first; });

}  // namespace
}  // namespace attnbounds
