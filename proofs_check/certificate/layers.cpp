#include <stdexcept>

#include "proofs_check/certificate/certificate.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {
namespace {

// Raised by 2^-80 of itself, so that the checker's own recursion, which starts each step from these numbers,
// stays below them; rounded up to a double they are what the run reports.
Rational raised(const Interval& x) {
  const Rational exact = to_rational(upper(x)) * (1 + Rational(1, Integer(1) << 80));
  const WorkingPrecision short_number(Bits{128});
  return to_rational(upper(enclose(exact)));
}

}  // namespace

std::string beyond_layers_certificate(const std::vector<Layer<double>>& layers) {
  for (const Layer<double>& layer : layers) {
    if (layer.mlp || layer.attention_norm || layer.mlp_norm)
      return "kind layers speaks of attention layers, without MLP and layer norm";
    for (const Head<double>& head : layer.heads)
      if (head.query_bias.size() != 0 || layer.output_bias.size() != 0)
        return "kind layers speaks of heads without biases";
  }
  return "";
}

Json layers_certificate(const std::vector<Layer<double>>& layers, const Matrix<double>& input,
                        const Matrix<double>& target, const Rational& delta, ConstantsFrom from) {
  if (const std::string why = beyond_layers_certificate(layers); !why.empty())
    throw std::invalid_argument(why);
  const WorkingPrecision precision(
      Bits{192 + 32 * static_cast<long>(layers.size())});  // intervals widen with every layer
  Json list = Json::array();
  for (const Layer<double>& layer : layers) {
    Json heads = Json::array();
    for (const Head<double>& head : layer.heads)
      heads.push_back({{"W", json_matrix(head.w)}, {"W_V", json_matrix(head.w_v)}});
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
    constants.push_back(layer_constants(over[l], traces[l], from));
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
          {"constants", from == ConstantsFrom::states ? "states" : "norms"},
          {"errors", json_numbers(errors)},
          {"backward",
           {{"target", json_matrix(target)},
            {"norms", json_numbers(norms)},
            {"errors", json_numbers(gradient_errors)}}}};
}

}  // namespace attnbounds
