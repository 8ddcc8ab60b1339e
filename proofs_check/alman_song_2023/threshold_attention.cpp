// Alman, Song 2023, lower bound, in the form that the program runs (reductions/attention/threshold.hpp):
// orthogonal vectors -> attention with anchors. From the doubles in the matrices: a satisfiable formula has
// an output above 1/2, an unsatisfiable one has all outputs below. Two twins, so two claims: a gap shrunk
// below log n, and anchors dropped.
#include "attention/attention.hpp"
#include "proofs_check/reduction_case.hpp"

namespace attnbounds {
namespace {

ThresholdParameters parameters(const Case& c, const VectorFamilies& ov) {
  const std::vector<long> rows(static_cast<std::size_t>(c.arity), ov.families[0].rows);
  return threshold_for_margin(rows, ov.dimension(), orthogonality_promise(), Rational(3));
}

// B = 3/4 of the least that separates: beta < log n. Where that is 0, there is none.
std::optional<ThresholdParameters> without_gap(const Case& c, const VectorFamilies& ov) {
  const ThresholdParameters p = parameters(c, ov);
  const double least = least_kappa(p.rows, ov.dimension(), orthogonality_promise());
  if (least == 0) return {};
  return threshold_for_kappa(p.rows, ov.dimension(), orthogonality_promise(), to_rational(least * 0.75));
}

/// A formula whose families go into attention.
struct Reduced : Case {};
Json describe(const Reduced& c) {
  const VectorFamilies ov = split_and_list(c.formula, c.arity);
  Json json = describe(static_cast<const Case&>(c));
  json["threshold"] = json_threshold(parameters(c, ov));
  if (const auto p = without_gap(c, ov)) json["threshold without a gap"] = json_threshold(*p);
  return json;
}
std::vector<Reduced> smaller(const Reduced& c) {
  std::vector<Reduced> cases;
  for (Case& s : smaller(static_cast<const Case&>(c))) cases.push_back({std::move(s)});
  return cases;
}

Reduced draw(Draw& d) {
  if (d.index < 6)
    return {{nearest_to_yes(2 * static_cast<long>(d.index)), 2 + static_cast<long>(d.index % 2)}};
  const long arity = d.integer(2, 3);
  return {{drawn_formula(d, arity == 2 ? 6 : 5, 8), arity}};
}

enum class Anchors { kept, dropped };

Interval largest_output(const Case& c, const ThresholdParameters& p, const VectorFamilies& ov,
                        Anchors anchors) {
  const std::vector<SignMatrix> families = sign_matrices(ov);
  Matrix<Interval> outputs;
  const auto over = [&](Matrix<double> m) {
    if (anchors == Anchors::dropped) m.conservativeResize(m.rows() - 1, Eigen::NoChange);
    return matrix_from<Interval>(m);
  };
  if (c.arity == 2) {
    const AttentionInput in = matrix_instance(p, families);
    outputs = attention<Interval>(matrix_from<Interval>(in.q), over(in.k), over(in.v));
  } else {
    const TensorAttentionInput in = tensor_instance(p, families);
    outputs = tensor_attention<Interval>(matrix_from<Interval>(in.q), over(in.k1), over(in.k2), over(in.v1),
                                         over(in.v2));
  }
  return max_abs(outputs);
}

bool satisfiable(const Case& c) { return count_satisfying(c.formula) > 0; }
Interval half() { return enclose(Rational(1, 2)); }

Interval right_output(const Case& c) {
  const VectorFamilies ov = split_and_list(c.formula, c.arity);
  return largest_output(c, parameters(c, ov), ov, Anchors::kept);
}
// What has to be the smaller side and the larger one, given the largest output.
Interval smaller_side(const Case& c, const Interval& output) { return satisfiable(c) ? half() : output; }
Interval larger_side(const Case& c, const Interval& output) { return satisfiable(c) ? output : half(); }

Interval shrunk_output(const Case& c) {
  const VectorFamilies ov = split_and_list(c.formula, c.arity);
  return largest_output(c, without_gap(c, ov).value_or(parameters(c, ov)), ov, Anchors::kept);
}
Interval bare_output(const Case& c) {
  const VectorFamilies ov = split_and_list(c.formula, c.arity);
  return largest_output(c, parameters(c, ov), ov, Anchors::dropped);
}

const Registration gap_needed =
    claim("alman-song-2023/orthogonality-attention", "lower bound, the direct reduction ours",
          Standing::checked)
        .says(
            "satisfiable iff some output of the reduced attention instance is above 1/2, else all are below",
            R"($\varphi$ satisfiable $\Leftrightarrow \max_i \mathrm{Att}_i > \tfrac12$, else $< \tfrac12$)")
        .given(draw)
        .at_most(
            "the largest output is on the formula's side of 1/2",
            [](const Case& c) { return smaller_side(c, right_output(c)); },
            [](const Case& c) { return larger_side(c, right_output(c)); })
        .sizes(60, 300, 2000)
        .twin(
            "B at 3/4 of the least: gap below log n",
            [](const Case& c) { return smaller_side(c, shrunk_output(c)); },
            [](const Case& c) { return larger_side(c, shrunk_output(c)); });

const Registration anchors_needed =
    claim("alman-song-2023/anchor-keys", "lower bound, the anchors", Standing::checked)
        .says(
            "with anchors the outputs of an unsatisfiable formula are below 1/2",
            R"($\varphi$ unsatisfiable, anchors of score 0: $\max_i \mathrm{Att}_i \le \tfrac14 + 10^{-9}$)")
        .given([](Draw& d) {
          return Reduced{{nearest_to_yes(d.integer(0, 8)), d.integer(2, 3)}};
        })
        .where("the formula is unsatisfiable", [](const Case& c) { return !satisfiable(c); })
        .at_most("every output <= 1/4 + 1e-9", right_output,
                 [](const Case&) { return enclose(Rational(Rational(1, 4) + Rational(1, 1000000000))); })
        .sizes(20, 60, 200)
        .twin("anchors dropped", bare_output,
              [](const Case&) { return enclose(Rational(Rational(1, 4) + Rational(1, 1000000000))); });

}  // namespace
}  // namespace attnbounds
