#include <stdexcept>

#include "attention/propagation.hpp"
#include "proofs_check/certificate/certificate.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

// Rounded up by 2^-30 of itself, so that the checker's own recursion, which starts each step from these
// numbers, stays below them.
Rational raised(const Interval& x) { return to_rational(round_up(x)) * (1 + Rational(1, 1L << 30)); }

}  // namespace

Json layers_certificate(const std::vector<Layer<double>>& layers, const Matrix<double>& input,
                        const Matrix<double>& target, const Rational& delta) {
  const WorkingPrecision precision(Bits{192});
  Json list = Json::array();
  for (const Layer<double>& layer : layers) {
    if (layer.mlp || layer.attention_norm || layer.mlp_norm)
      throw std::invalid_argument("a layers certificate speaks of attention layers alone");
    Json heads = Json::array();
    for (const Head<double>& head : layer.heads) {
      if (head.query_bias.size() != 0)
        throw std::invalid_argument("a layers certificate speaks of heads without biases");
      heads.push_back({{"W", json_matrix(head.w)}, {"W_V", json_matrix(head.w_v)}});
    }
    list.push_back({{"residual", layer.residual == Residual::added ? "added" : "none"},
                    {"mask", layer.mask == Mask::causal ? "causal" : "none"},
                    {"heads", heads}});
  }
  const std::vector<Layer<Interval>> over = layers_over<Interval>(layers);
  const std::vector<LayerTrace<Interval>> traces = forward(over, matrix_from<Interval>(input));
  std::vector<LayerConstants<Interval>> constants;
  std::vector<ForwardErrors<Interval>> steps;
  std::vector<Rational> errors, norms(layers.size() + 1), gradient_errors(layers.size() + 1);
  Rational e = 0;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    constants.push_back(layer_constants(over[l], traces[l], ConstantsFrom::states));
    steps.push_back(forward_errors(constants[l], enclose(e), enclose(delta)));
    e = raised(steps[l].output);
    errors.push_back(e);
  }
  const Matrix<Interval> residual = traces.back().output - matrix_from<Interval>(target);
  norms.back() = raised(one_norm(residual));
  gradient_errors.back() = raised(enclose(Rational(static_cast<long>(input.size()) * e)));
  for (std::size_t l = layers.size(); l-- > 0;) {
    const BackwardErrors<Interval> step =
        backward_errors(constants[l], steps[l], {enclose(norms[l + 1]), enclose(gradient_errors[l + 1])});
    norms[l] = raised(step.input.norm);
    gradient_errors[l] = raised(step.input.error);
  }
  return {{"format", "attnbounds-certificate"},
          {"version", 1},
          {"kind", "layers"},
          {"input", json_matrix(input)},
          {"layers", list},
          {"delta", json_number(delta)},
          {"constants", "states"},
          {"errors", json_numbers(errors)},
          {"backward",
           {{"target", json_matrix(target)},
            {"norms", json_numbers(norms)},
            {"errors", json_numbers(gradient_errors)}}}};
}

}  // namespace attnbounds
