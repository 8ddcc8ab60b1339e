// Alman, Song 2024 (gradient), lower bound repaired: f(1) = |Att|_F^2 recovered from gradients alone, by
// Gauss-Legendre with the proved number of nodes, decides the formula even when every gradient entry is off
// by 1/(16 d) (reductions/gradient/decision.hpp).
#include "proofs_check/reduction_case.hpp"
#include "reductions/gradient/decision.hpp"

namespace attnbounds {
namespace {

ThresholdParameters parameters(const VectorFamilies& ov) {
  const long n = ov.families[0].rows;
  const std::vector<long> rows(ov.families.size(), n);
  return threshold_for_margin(rows, ov.dimension(), orthogonality_promise(), gradient_margin(n));
}
GradientInstance instance(const Case& c) {
  const VectorFamilies ov = split_and_list(c.formula, c.arity);
  const ThresholdParameters p = parameters(ov);
  if (c.arity == 2) {
    const AttentionInput in = matrix_instance(p, sign_matrices(ov));
    return {in.q, {in.k}, {in.v}};
  }
  const TensorAttentionInput in = tensor_instance(p, sign_matrices(ov));
  return {in.q, {in.k1, in.k2}, {in.v1, in.v2}};
}

bool satisfiable(const Case& c) { return count_satisfying(c.formula) > 0; }
Interval third() { return enclose(gradient_decision_value()); }
Interval square(const Case& c) {
  const GradientInstance in = instance(c);
  return enclose(total_square_from_gradients(in, Rational(1, 16 * in.a1.cols()), ThreadCount{1}).at_one);
}
// f' = tr dL/dX instead of 2 tr dL/dX: half of the way from f(0) to f(1).
Interval half_way(const Case& c) {
  const GradientDecision d = total_square_from_gradients(instance(c), 0, ThreadCount{1});
  return enclose(d.at_zero) + (enclose(d.at_one) - enclose(d.at_zero)) / 2;
}

/// A formula whose families go into a loss, of which gradients are asked for.
struct Asked : Case {};
Json describe(const Asked& c) {
  const WorkingPrecision precision(Bits{128});
  Json json = describe(static_cast<const Case&>(c));
  json["threshold"] = json_threshold(parameters(split_and_list(c.formula, c.arity)));
  for (const auto& [name, recovered] : {std::pair("recovered", square(c)), {"half way", half_way(c)}})
    json[name] = {exact_text(to_rational(lower(recovered))), exact_text(to_rational(upper(recovered)))};
  return json;
}
std::vector<Asked> smaller(const Asked& c) {
  std::vector<Asked> cases;
  for (Case& s : smaller(static_cast<const Case&>(c))) cases.push_back({std::move(s)});
  return cases;
}
Asked draw(Draw& d) {
  if (d.index < 2) return {{nearest_to_yes(4), 2 + static_cast<long>(d.index)}};
  return {{drawn_formula(d, 4, 6), d.integer(2, 3)}};
}

const Registration decision =
    claim("alman-song-2024-gradient/decision-from-gradients", "gradient lower bound, repaired form ours",
          Standing::checked)
        .says("gradients off by 1/(16 d) at K nodes put |Att|^2 on the formula's side of 1/3",
              R"(gradients off by $1/(16d)$ decide $\varphi$: $\|\mathrm{Att}\|_F^2 \gtrless \tfrac13$)")
        .given(draw)
        .at_most(
            "the recovered |Att|^2 is on the formula's side of 1/3",
            [](const Case& c) { return satisfiable(c) ? third() : square(c); },
            [](const Case& c) { return satisfiable(c) ? square(c) : third(); })
        .sizes(8, 30, 150)
        .twin(
            "the factor 2 of the trace identity dropped",
            [](const Case& c) { return satisfiable(c) ? third() : half_way(c); },
            [](const Case& c) { return satisfiable(c) ? half_way(c) : third(); });

}  // namespace
}  // namespace attnbounds
